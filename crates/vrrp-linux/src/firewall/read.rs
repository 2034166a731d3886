//! Tables and events, as the kernel describes them.

use netlink_frame::Frame;
use netlink_packet_core::NlasIterator;

use super::Family;
use super::encode::{
    COMMENT, COMMENT_PREFIX, DELETE_TABLE, NEW_TABLE, NFPROTO_IPV4, NFPROTO_IPV6, SUBSYSTEM, TABLE_NAME,
    TABLE_USERDATA,
};

/// A table that the kernel has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundTable {
    /// `None` for families that are none of ours (`inet`, `bridge`, ...).
    pub family: Option<Family>,
    /// Its name.
    pub name: String,
    /// The mark in its comment, if it is one of ours.
    pub mark: Option<u8>,
}

/// Reads one table of a dump.
pub(super) fn table(frame: &Frame<'_>) -> Option<FoundTable> {
    if frame.kind != SUBSYSTEM << 8 | NEW_TABLE {
        return None;
    }
    let mut found = FoundTable { family: family(frame.payload), name: name(frame.payload)?, mark: None };
    found.mark = value(frame.payload, TABLE_USERDATA).and_then(|userdata| mark(&userdata));
    Some(found)
}

/// Whether an event may mean that one of these tables is not as it was made: something of it is gone, or the table
/// itself was changed. The socket with the number `port` is our own: its changes are none of others.
pub fn is_about<'a>(
    frame: &Frame<'_>,
    port: u32,
    tables: impl IntoIterator<Item = (Family, &'a str)>,
) -> bool {
    if frame.port == port || frame.kind >> 8 != SUBSYSTEM {
        return false;
    }
    let matters = [NEW_TABLE, DELETE_TABLE, DELETE_CHAIN, DELETE_RULE, DELETE_SET, DELETE_ELEMENTS];
    if !matters.contains(&(frame.kind & 0xff)) {
        return false;
    }
    let (Some(family), Some(name)) = (family(frame.payload), name(frame.payload)) else { return false };
    tables.into_iter().any(|own| own == (family, &*name))
}

fn family(payload: &[u8]) -> Option<Family> {
    match *payload.first()? {
        NFPROTO_IPV4 => Some(Family::Ipv4),
        NFPROTO_IPV6 => Some(Family::Ipv6),
        _ => None,
    }
}

/// The name of the table that a message is about: the first attribute, whatever the message.
fn name(payload: &[u8]) -> Option<String> {
    let mut name = value(payload, TABLE_NAME)?;
    name.pop_if(|last| *last == 0);
    String::from_utf8(name).ok()
}

fn value(payload: &[u8], kind: u16) -> Option<Vec<u8>> {
    let attributes = NlasIterator::new(payload.get(HEADER_LEN..)?);
    let mut found = attributes.map_while(Result::ok).filter(|attribute| attribute.kind() == kind);
    Some(found.next()?.value().to_vec())
}

/// The mark in a table's comment.
fn mark(userdata: &[u8]) -> Option<u8> {
    let mut rest = userdata;
    loop {
        let (head, after) = rest.split_first_chunk::<2>()?;
        let [kind, length] = *head;
        let text = after.get(..usize::from(length))?;
        if kind == COMMENT {
            let text = std::str::from_utf8(text).ok()?;
            return text.trim_end_matches('\0').strip_prefix(COMMENT_PREFIX)?.parse().ok();
        }
        rest = after.get(usize::from(length)..)?;
    }
}

/// `struct nfgenmsg`
const HEADER_LEN: usize = 4;
/// `NFT_MSG_*`
const DELETE_CHAIN: u16 = 5;
const DELETE_RULE: u16 = 8;
const DELETE_SET: u16 = 11;
const DELETE_ELEMENTS: u16 = 14;
