//! Forwarding methods, by which packets reach a real server: `lb_kind`, `lvs_method`, `sorry_server_lvs_method`.

use crate::diagnostic::Diagnostic;
use crate::line::{Word, Words};
use crate::model::lvs::{Forwarding, TunnelChecksum, TunnelKind};
use crate::source::Span;

use super::super::arguments;
use super::super::reader::Entry;
use super::super::report::Report;
use super::key::port_of;

/// `NAT|DR|TUN [type ipip|gue port N|gre] [nocsum|csum|remcsum]`; `None` after a finding.
pub(super) fn forwarding(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Forwarding> {
    let Some((method, options)) = entry.arguments().split_first() else {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    };
    let plain = match method.text {
        "TUN" => return Some(tunnel(method.span, options, report)),
        "NAT" => Forwarding::Nat,
        "DR" => Forwarding::DirectRoute,
        other => {
            let mut finding = Diagnostic::error(
                "bad-value",
                format!("`{}` takes NAT, DR or TUN, not `{other}`; it is ignored", entry.keyword.name),
            )
            .at(method.span);
            let upper = other.to_ascii_uppercase();
            if matches!(upper.as_str(), "NAT" | "DR" | "TUN") {
                finding.help = Some(format!("write `{upper}`: only capital letters count"));
            }
            report.push(finding);
            return None;
        }
    };
    if unknown_options(method, options, report) == 0 {
        arguments::extra_words(entry, 1, report);
    }
    Some(plain)
}

/// Complains of words that are no options, and counts them. Those of tunnels are ignored in silence elsewhere.
fn unknown_options(method: Word<'_>, options: Words<'_>, report: &mut Report<'_>) -> usize {
    let mut unknown = 0;
    let mut words = options.iter();
    while let Some(word) = words.next() {
        match word.text {
            "type" | "port" => _ = words.next(),
            "nocsum" | "csum" | "remcsum" => {}
            other => {
                unknown += 1;
                let message = format!("`{}` takes no option `{other}`; it is ignored", method.text);
                report.error("unknown-option", word.span, message);
            }
        }
    }
    unknown
}

/// The options of `TUN`. An impossible combination becomes a plain IP-in-IP tunnel.
fn tunnel(at: Span, options: Words<'_>, report: &mut Report<'_>) -> Forwarding {
    let (mut kind, mut port, mut checksum) = ("ipip", None, TunnelChecksum::None);
    let mut words = options.iter();
    while let Some(word) = words.next() {
        match word.text {
            "type" => match words.next() {
                Some(name) => kind = name.text,
                None => missing(word, report),
            },
            "port" => match words.next() {
                Some(number) => port = port_of(number, "it is ignored", report).filter(|port| *port > 0),
                None => missing(word, report),
            },
            "nocsum" => checksum = TunnelChecksum::None,
            "csum" => checksum = TunnelChecksum::Checksum,
            "remcsum" => checksum = TunnelChecksum::Remote,
            other => {
                let message = format!("unknown option `{other}` of a tunnel; it is ignored");
                report.error("unknown-option", word.span, message);
            }
        }
    }
    let refuse = |message: &str, report: &mut Report<'_>| {
        report.error("tunnel", at, format!("{message}; a plain ipip tunnel is used"));
        Forwarding::Tunnel { kind: TunnelKind::Ipip, checksum: TunnelChecksum::None }
    };
    let kind = match (kind, port) {
        ("ipip", _) if checksum != TunnelChecksum::None => {
            return refuse("ipip tunnels have no checksum", report);
        }
        ("gre", _) if checksum == TunnelChecksum::Remote => {
            return refuse("gre tunnels have no remote checksum", report);
        }
        ("gue", None) => return refuse("gue tunnels need a `port`", report),
        ("gue", Some(port)) => TunnelKind::Gue(port),
        ("ipip" | "gre", Some(_)) => return refuse("only gue tunnels have a `port`", report),
        ("ipip", None) => TunnelKind::Ipip,
        ("gre", None) => TunnelKind::Gre,
        (other, _) => {
            return refuse(&format!("a tunnel is of type ipip, gue or gre, not `{other}`"), report);
        }
    };
    Forwarding::Tunnel { kind, checksum }
}

fn missing(word: Word<'_>, report: &mut Report<'_>) {
    report.error("missing-argument", word.span, format!("`{}` has no value", word.text));
}

/// Whether the port of the real server is that of the virtual server, because packets are passed on as they are.
pub(super) fn keeps_port(forwarding: Forwarding) -> bool {
    matches!(forwarding, Forwarding::DirectRoute | Forwarding::Tunnel { .. })
}
