//! The words of a route or a rule: nothing acts on them yet, but a line that keepalived refuses is reported.

use crate::diagnostic::Diagnostic;
use crate::keywords::{self, Arguments, Context, LINE};
use crate::line::{Statement, Word};
use crate::similar::did_you_mean;

use super::report::Report;
use super::value;

/// Checks the options of a line and those of their arguments that are numbers and addresses; a line that is wrong gets
/// one finding.
pub(super) fn check(context: Context, line: Statement<'_>, report: &mut Report<'_>) {
    let routes = matches!(context, Context::VirtualRoutes | Context::StaticRoutes);
    let mut destination = !routes;
    let mut words = line.words();
    while let Some((word, rest)) = words.split_first() {
        words = rest;
        let option = keywords::find(context, word.text).filter(|option| option.name != LINE);
        let Some(option) = option else {
            if !destination && is_destination(word.text) {
                destination = true;
            } else if destination || !ROUTE_TYPES.contains(&word.text) {
                report.push(unknown(context, word));
                return;
            }
            continue;
        };
        // What follows these has a grammar of its own.
        if matches!(option.name, "nexthop" | "or" | "encap") {
            return;
        }
        destination |= option.name == "to";
        if option.arguments == Arguments::None {
            continue;
        }
        if let Arguments::Form(grammar) = option.arguments {
            while grammar.starts_with('[') && words.first().is_some_and(|word| is_modifier(word.text)) {
                words = words.split_first().map_or(words, |(_, rest)| rest);
            }
        }
        let Some((argument, rest)) = words.split_first() else {
            let message = format!("`{}` needs an argument; the line is ignored", option.name);
            report.error("missing-argument", word.span, message);
            return;
        };
        words = rest;
        if !fits(option.name, option.arguments, argument.text) {
            let message = format!("`{}` does not take `{}`; the line is ignored", option.name, argument.text);
            report.error("bad-value", argument.span, message);
            return;
        }
    }
}

fn unknown(context: Context, word: Word<'_>) -> Diagnostic {
    let mut finding = Diagnostic::error(
        "unknown-option",
        format!("unknown option `{}` in {context}; the line is ignored", word.text),
    )
    .at(word.span);
    let options = keywords::within(context).map(|option| option.name).filter(|name| *name != LINE);
    finding.help = did_you_mean(word.text, options).map(|near| format!("did you mean `{near}`?"));
    finding
}

/// What may stand before a destination.
const ROUTE_TYPES: &[&str] = &[
    "unicast",
    "local",
    "broadcast",
    "anycast",
    "multicast",
    "throw",
    "unreachable",
    "prohibit",
    "blackhole",
    "nat",
];

fn is_destination(word: &str) -> bool {
    matches!(word, "default" | "any" | "all") || value::prefix(word).is_ok()
}

/// A word between an option and its argument.
fn is_modifier(word: &str) -> bool {
    matches!(word, "lock" | "inet" | "inet6" | "to") || ROUTE_TYPES.contains(&word)
}

/// Whether an argument is one. Names of tables, protocols and the like are the machine's own, so any will do.
fn fits(name: &str, arguments: Arguments, word: &str) -> bool {
    match (name, arguments) {
        ("from" | "to", _) => is_destination(word),
        ("src" | "via" | "gw", _) => value::host(word).is_some(),
        (_, Arguments::Integer { min, max, .. }) => value::integer(word, min, max).is_ok(),
        (_, Arguments::Interface) => value::is_interface_name(word),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use crate::{exit_code, load_str};

    fn code(block: &str, line: &str) -> u8 {
        exit_code(&load_str(&format!("{block} {{\n{line}\n}}\n")).diagnostics)
    }

    #[test]
    fn routes_as_they_are_written_pass() {
        for route in [
            "10.1.0.0/16 via 10.0.0.254 dev eth0",
            "default via 10.0.0.254 dev eth0 metric 100 onlink",
            "0.0.0.0/0 via 10.0.0.1 dev eth0 no_track protocol static",
            "src 10.0.0.1 to 10.2.0.0/16 via 10.0.0.254 dev eth0 scope link table 10",
            "blackhole 10.3.0.0/16 no_track",
            "unreachable default no_track metric 4294967295",
            "10.4.0.0/16 dev eth0 mtu lock 1400 advmss 1360 table vpn",
            "10.5.0.0/16 no_track nexthop via 10.0.0.1 dev eth0 weight 1 nexthop via 10.0.0.2 dev eth1 weight 2",
            "2001:db8:1::/48 via inet6 fe80::1 dev eth0",
        ] {
            assert_eq!(code("static_routes", route), 0, "{route}");
        }
    }

    #[test]
    fn rules_as_they_are_written_pass() {
        for rule in [
            "from 10.0.0.0/24 table 10 preference 100",
            "to 10.1.0.0/16 lookup 20 priority 100",
            "not from 10.0.0.0/24 iif eth0 fwmark 0x10/0xff lookup main preference 5",
            "from all lookup vpn order 7",
            "inet6 from 2001:db8::/32 blackhole preference 9",
            "from 10.0.0.1 to 10.0.0.2 goto 200 preference 10",
        ] {
            assert_eq!(code("static_rules", rule), 0, "{rule}");
        }
    }

    #[test]
    fn lines_that_keepalived_refuses_are_reported() {
        for route in [
            "10.1.0.0/16 dev eth0 metrik 5",
            "10.1.0.0/16 dev eth0 via gateway",
            "10.1.0./16 dev eth0",
            "10.1.0.0/16 dev eth0 metric many",
            "10.1.0.0/16 dev",
        ] {
            assert_eq!(code("static_routes", route), 5, "{route}");
        }
        for rule in ["from 10.0.0./24 table 10 preference 100", "from 10.0.0.0/24 tabel 10 preference 100"] {
            assert_eq!(code("static_rules", rule), 5, "{rule}");
        }
    }
}
