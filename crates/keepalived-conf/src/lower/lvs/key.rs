//! Identity of a virtual server: address and port, a firewall mark, or a group.

use std::net::SocketAddr;

use crate::line::{Word, Words};

use super::super::report::Report;
use super::super::{arguments, value};

/// The key of a virtual server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// Port 0 is any.
    Address(SocketAddr),
    /// Never 0.
    Fwmark(u32),
    /// A `virtual_server_group`, which may stand below.
    Group(String),
}

/// Reads the words behind `virtual_server`; `None` after a finding. There is at least one.
pub(super) fn key(words: Words<'_>, report: &mut Report<'_>) -> Option<Key> {
    let (first, rest) = words.split_first()?;
    match first.text {
        "fwmark" => {
            let mark = value_of(first, rest, "a number", report)?;
            mark_of(mark, report).map(Key::Fwmark)
        }
        "group" => Some(Key::Group(value_of(first, rest, "the name of a group", report)?.text.to_string())),
        _ => address_and_port(first, rest.first(), "the virtual server is ignored", report).map(Key::Address),
    }
}

fn value_of<'w>(
    keyword: Word<'_>,
    rest: Words<'w>,
    wanted: &str,
    report: &mut Report<'_>,
) -> Option<Word<'w>> {
    let word = rest.first();
    if word.is_none() {
        let message = format!("`{}` lacks {wanted}; the virtual server is ignored", keyword.text);
        report.error("missing-argument", keyword.span, message);
    }
    word
}

/// A firewall mark; 0 is the mark of a packet that has none.
pub(super) fn mark_of(word: Word<'_>, report: &mut Report<'_>) -> Option<u32> {
    let mark = value::integer(word.text, 1, u32::MAX.into()).ok().and_then(|mark| u32::try_from(mark).ok());
    if mark.is_none() {
        let message = format!("a firewall mark is a number of at least 1, not `{}`", word.text);
        report.error("bad-value", word.span, message);
    }
    mark
}

/// `ADDRESS [PORT]`; port 0 where none is written. `otherwise` tells what holds if it is not one.
pub(super) fn address_and_port(
    address: Word<'_>,
    port: Option<Word<'_>>,
    otherwise: &str,
    report: &mut Report<'_>,
) -> Option<SocketAddr> {
    let Some(ip) = arguments::host(address, report) else {
        let message = format!("`{}` is not an IP address; {otherwise}", address.text);
        report.error("bad-address", address.span, message);
        return None;
    };
    let port = match port {
        Some(word) => port_of(word, otherwise, report)?,
        None => 0,
    };
    Some(SocketAddr::new(ip, port))
}

/// A port; an explicit 0 means the same as none.
pub(super) fn port_of(word: Word<'_>, otherwise: &str, report: &mut Report<'_>) -> Option<u16> {
    let port = value::integer(word.text, 0, 65_535).ok().and_then(|port| u16::try_from(port).ok());
    if port.is_none() {
        let message = format!("a port is a number from 1 to 65535, not `{}`; {otherwise}", word.text);
        report.error("bad-value", word.span, message);
    }
    port
}
