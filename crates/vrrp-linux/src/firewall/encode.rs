//! The octets of a transaction.
//!
//! ```text
//! netlink header 16 | family u8, version u8, subsystem u16 (big endian) | attributes
//! ```
//!
//! All messages of a transaction stand between a begin and an end. Numbers within attributes are big endian.

use std::net::IpAddr;

use super::{Blocked, Family, Settings, Step, Transaction};

/// Appends the octets of a transaction to `bytes`, its messages numbered from `sequence` on. Gives the number of the
/// last message, the one that the kernel acknowledges.
pub(super) fn transaction(
    transaction: &Transaction,
    settings: &Settings,
    mark: u8,
    sequence: u32,
    bytes: &mut Vec<u8>,
) -> u32 {
    let Transaction { family, table, step } = transaction;
    let mut batch = Batch { family: *family, table, sequence, bytes, last: 0 };
    batch.frame(BATCH_BEGIN);
    match step {
        Step::Make { replace, entries } => {
            if *replace {
                // Removed in the same transaction: it may be gone by then.
                batch.new_table(mark, CREATE);
                batch.delete_table();
            }
            batch.new_table(mark, CREATE | EXCLUSIVE);
            batch.rules(settings);
            let entries: Vec<_> = entries.iter().copied().collect();
            batch.elements(NEW_ELEMENTS, &entries);
        }
        Step::Add(entries) => batch.elements(NEW_ELEMENTS, entries),
        Step::Remove(entries) => batch.elements(DELETE_ELEMENTS, entries),
        Step::Delete => batch.delete_table(),
    }
    let acknowledged = batch.sequence.wrapping_sub(1);
    batch.acknowledge();
    batch.frame(BATCH_END);
    acknowledged
}

struct Batch<'a> {
    family: Family,
    table: &'a str,
    /// Of the next message.
    sequence: u32,
    bytes: &'a mut Vec<u8>,
    /// Where the last message begins.
    last: usize,
}

impl Batch<'_> {
    /// The begin or the end of a transaction.
    fn frame(&mut self, kind: u16) {
        self.open(kind, 0, 0, SUBSYSTEM);
        self.close();
    }

    fn open(&mut self, kind: u16, flags: u16, family: u8, resource: u16) {
        self.last = self.bytes.len();
        self.bytes.extend([0; 4]);
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend((flags | REQUEST).to_ne_bytes());
        self.bytes.extend(self.sequence.to_ne_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
        self.sequence = self.sequence.wrapping_add(1);
    }

    fn close(&mut self) {
        let length = u32::try_from(self.bytes.len() - self.last).unwrap_or(u32::MAX);
        if let Some(place) = self.bytes.get_mut(self.last..self.last + 4) {
            place.copy_from_slice(&length.to_ne_bytes());
        }
    }

    /// The last message is to be acknowledged.
    fn acknowledge(&mut self) {
        if let Some(flags) = self.bytes.get_mut(self.last + 6) {
            *flags |= ACKNOWLEDGE.to_ne_bytes()[0] | ACKNOWLEDGE.to_ne_bytes()[1];
        }
    }

    fn message(&mut self, kind: u16, flags: u16, attributes: &[u8]) {
        let family = match self.family {
            Family::Ipv4 => NFPROTO_IPV4,
            Family::Ipv6 => NFPROTO_IPV6,
        };
        self.open(SUBSYSTEM << 8 | kind, flags, family, 0);
        self.bytes.extend(attributes);
        self.close();
    }

    fn new_table(&mut self, mark: u8, flags: u16) {
        let attributes = [text(TABLE_NAME, self.table), attribute(TABLE_USERDATA, &comment(mark))].concat();
        self.message(NEW_TABLE, flags, &attributes);
    }

    fn delete_table(&mut self) {
        self.message(DELETE_TABLE, 0, &text(TABLE_NAME, self.table));
    }

    /// Sets, chains and rules of an empty table.
    fn rules(&mut self, settings: &Settings) {
        for (number, set) in (1..).zip(sets(self.family)) {
            self.new_set(set, number);
        }
        for (chain, hook, direction) in
            [("in", LOCAL_IN, Side::Destination), ("out", LOCAL_OUT, Side::Source)]
        {
            self.new_chain(chain, hook, settings.priority);
            if self.family == Family::Ipv6 {
                self.new_rule(chain, &[neighbour_discovery(), verdict(ACCEPT, settings.counters)].concat());
            }
            for set in sets(self.family) {
                let matched = lookup(self.family, direction, set);
                self.new_rule(chain, &[matched, verdict(DROP, settings.counters)].concat());
            }
        }
    }

    fn new_set(&mut self, set: &Set, number: u32) {
        let attributes = [
            text(SET_TABLE, self.table),
            text(SET_NAME, set.name),
            number_attribute(SET_KEY_TYPE, set.key_type),
            number_attribute(SET_KEY_LEN, set.key_len),
            number_attribute(SET_ID, number),
        ];
        self.message(NEW_SET, CREATE, &attributes.concat());
    }

    fn new_chain(&mut self, chain: &str, hook: u32, priority: i32) {
        let hook = [number_attribute(HOOK_NUMBER, hook), attribute(HOOK_PRIORITY, &priority.to_be_bytes())];
        let attributes = [
            text(CHAIN_TABLE, self.table),
            text(CHAIN_NAME, chain),
            nested(CHAIN_HOOK, &hook.concat()),
            number_attribute(CHAIN_POLICY, ACCEPT),
            text(CHAIN_TYPE, "filter"),
        ];
        self.message(NEW_CHAIN, CREATE, &attributes.concat());
    }

    fn new_rule(&mut self, chain: &str, expressions: &[u8]) {
        let attributes =
            [text(RULE_TABLE, self.table), text(RULE_CHAIN, chain), nested(RULE_EXPRESSIONS, expressions)];
        self.message(NEW_RULE, CREATE | APPEND, &attributes.concat());
    }

    fn elements(&mut self, kind: u16, entries: &[Blocked]) {
        for set in sets(self.family) {
            let of_set: Vec<_> = entries.iter().filter(|entry| Set::of(entry).name == set.name).collect();
            for some in of_set.chunks(ELEMENTS_PER_MESSAGE) {
                let elements: Vec<u8> = some.iter().flat_map(|entry| element(entry)).collect();
                let attributes = [
                    text(ELEMENTS_TABLE, self.table),
                    text(ELEMENTS_SET, set.name),
                    nested(ELEMENTS_LIST, &elements),
                ];
                self.message(kind, CREATE, &attributes.concat());
            }
        }
    }
}

/// A set of addresses.
struct Set {
    name: &'static str,
    /// The type that `nft` shows for the keys; the kernel does not look at it.
    key_type: u32,
    key_len: u32,
}

impl Set {
    fn of(entry: &Blocked) -> &'static Self {
        match (entry.address, entry.index) {
            (IpAddr::V4(_), _) => &IPV4,
            (IpAddr::V6(_), 0) => &IPV6,
            (IpAddr::V6(_), _) => &LINK_LOCAL,
        }
    }
}

const IPV4: Set = Set { name: "vips", key_type: TYPE_IPV4, key_len: 4 };
const IPV6: Set = Set { name: "vips", key_type: TYPE_IPV6, key_len: 16 };
/// Link-local addresses, each with the index of its interface.
const LINK_LOCAL: Set =
    Set { name: "vips_link_local", key_type: TYPE_IPV6 << 6 | TYPE_INTERFACE, key_len: 20 };

fn sets(family: Family) -> &'static [&'static Set] {
    match family {
        Family::Ipv4 => &[&IPV4],
        Family::Ipv6 => &[&LINK_LOCAL, &IPV6],
    }
}

fn element(entry: &Blocked) -> Vec<u8> {
    let mut key = match entry.address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    if entry.index != 0 {
        // As the register holds it that it is compared with.
        key.extend(entry.index.to_ne_bytes());
    }
    nested(LIST_ELEMENT, &nested(ELEMENT_KEY, &attribute(DATA_VALUE, &key)))
}

/// Which address of a packet.
#[derive(Clone, Copy)]
enum Side {
    Source,
    Destination,
}

/// The packet's address, with its interface for link-local ones, is in the set.
fn lookup(family: Family, side: Side, set: &Set) -> Vec<u8> {
    let (offset, length) = match (family, side) {
        (Family::Ipv4, Side::Source) => (12, 4),
        (Family::Ipv4, Side::Destination) => (16, 4),
        (Family::Ipv6, Side::Source) => (8, 16),
        (Family::Ipv6, Side::Destination) => (24, 16),
    };
    let mut expressions = payload(NETWORK_HEADER, offset, length);
    if set.key_len > length {
        let key = match side {
            Side::Source => META_OUTGOING_INTERFACE,
            Side::Destination => META_INCOMING_INTERFACE,
        };
        expressions.extend(meta(key, REGISTER_2));
    }
    let data = [text(LOOKUP_SET, set.name), number_attribute(LOOKUP_REGISTER, REGISTER_1)].concat();
    expressions.extend(expression("lookup", &data));
    expressions
}

/// The packet is a neighbour solicitation or advertisement (types 135 and 136 of ICMPv6).
fn neighbour_discovery() -> Vec<u8> {
    [
        meta(META_PROTOCOL, REGISTER_1),
        compare(EQUAL, ICMPV6),
        payload(TRANSPORT_HEADER, 0, 1),
        compare(AT_LEAST, NEIGHBOUR_SOLICITATION),
        compare(AT_MOST, NEIGHBOUR_ADVERTISEMENT),
    ]
    .concat()
}

fn payload(base: u32, offset: u32, length: u32) -> Vec<u8> {
    let data = [
        number_attribute(PAYLOAD_REGISTER, REGISTER_1),
        number_attribute(PAYLOAD_BASE, base),
        number_attribute(PAYLOAD_OFFSET, offset),
        number_attribute(PAYLOAD_LEN, length),
    ];
    expression("payload", &data.concat())
}

fn meta(key: u32, register: u32) -> Vec<u8> {
    let data = [number_attribute(META_REGISTER, register), number_attribute(META_KEY, key)];
    expression("meta", &data.concat())
}

fn compare(operator: u32, octet: u8) -> Vec<u8> {
    let data = [
        number_attribute(COMPARE_REGISTER, REGISTER_1),
        number_attribute(COMPARE_OPERATOR, operator),
        nested(COMPARE_DATA, &attribute(DATA_VALUE, &[octet])),
    ];
    expression("cmp", &data.concat())
}

fn verdict(code: u32, counts: bool) -> Vec<u8> {
    let verdict = nested(DATA_VERDICT, &number_attribute(VERDICT_CODE, code));
    let data =
        [number_attribute(IMMEDIATE_REGISTER, VERDICT_REGISTER), nested(IMMEDIATE_DATA, &verdict)].concat();
    let counter = if counts { expression("counter", &[]) } else { Vec::new() };
    [counter, expression("immediate", &data)].concat()
}

fn expression(name: &str, data: &[u8]) -> Vec<u8> {
    nested(LIST_ELEMENT, &[text(EXPRESSION_NAME, name), nested(EXPRESSION_DATA, data)].concat())
}

fn number_attribute(kind: u16, value: u32) -> Vec<u8> {
    attribute(kind, &value.to_be_bytes())
}

fn text(kind: u16, value: &str) -> Vec<u8> {
    attribute(kind, &[value.as_bytes(), &[0]].concat())
}

fn nested(kind: u16, value: &[u8]) -> Vec<u8> {
    attribute(kind | NESTED, value)
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(4 + value.len()).expect("lists are cut into messages, names are short");
    let mut bytes = Vec::with_capacity(usize::from(length).next_multiple_of(4));
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// An element takes 40 octets at most, and a list of them 65,535.
const ELEMENTS_PER_MESSAGE: usize = 512;

/// `NFNL_SUBSYS_NFTABLES`
pub(super) const SUBSYSTEM: u16 = 10;
/// `NFNL_MSG_BATCH_*`
const BATCH_BEGIN: u16 = 16;
const BATCH_END: u16 = 17;
/// `NLM_F_*`
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
const EXCLUSIVE: u16 = 0x200;
const CREATE: u16 = 0x400;
const APPEND: u16 = 0x800;
/// `NLA_F_NESTED`
const NESTED: u16 = 0x8000;
/// `NFPROTO_*`
pub(super) const NFPROTO_IPV4: u8 = 2;
pub(super) const NFPROTO_IPV6: u8 = 10;
/// `NFT_MSG_*`
pub(super) const NEW_TABLE: u16 = 0;
pub(super) const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const NEW_RULE: u16 = 6;
const NEW_SET: u16 = 9;
const NEW_ELEMENTS: u16 = 12;
const DELETE_ELEMENTS: u16 = 14;
/// `NFTA_TABLE_*`
pub(super) const TABLE_NAME: u16 = 1;
pub(super) const TABLE_USERDATA: u16 = 6;
/// `NFTA_SET_*`
const SET_TABLE: u16 = 1;
const SET_NAME: u16 = 2;
const SET_KEY_TYPE: u16 = 4;
const SET_KEY_LEN: u16 = 5;
const SET_ID: u16 = 10;
/// `NFTA_CHAIN_*`
const CHAIN_TABLE: u16 = 1;
const CHAIN_NAME: u16 = 3;
const CHAIN_HOOK: u16 = 4;
const CHAIN_POLICY: u16 = 5;
const CHAIN_TYPE: u16 = 7;
/// `NFTA_HOOK_*`, `NF_INET_*`
const HOOK_NUMBER: u16 = 1;
const HOOK_PRIORITY: u16 = 2;
const LOCAL_IN: u32 = 1;
const LOCAL_OUT: u32 = 3;
/// `NFTA_RULE_*`
const RULE_TABLE: u16 = 1;
const RULE_CHAIN: u16 = 2;
const RULE_EXPRESSIONS: u16 = 4;
/// `NFTA_SET_ELEM_LIST_*`, `NFTA_SET_ELEM_KEY`, `NFTA_LIST_ELEM`
const ELEMENTS_TABLE: u16 = 1;
const ELEMENTS_SET: u16 = 2;
const ELEMENTS_LIST: u16 = 3;
const ELEMENT_KEY: u16 = 1;
const LIST_ELEMENT: u16 = 1;
/// `NFTA_DATA_*`, `NFTA_VERDICT_CODE`
const DATA_VALUE: u16 = 1;
const DATA_VERDICT: u16 = 2;
const VERDICT_CODE: u16 = 1;
/// `NFTA_EXPR_*`
const EXPRESSION_NAME: u16 = 1;
const EXPRESSION_DATA: u16 = 2;
/// `NFTA_PAYLOAD_*`, `NFT_PAYLOAD_*`
const PAYLOAD_REGISTER: u16 = 1;
const PAYLOAD_BASE: u16 = 2;
const PAYLOAD_OFFSET: u16 = 3;
const PAYLOAD_LEN: u16 = 4;
const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;
/// `NFTA_META_*`, `NFT_META_*`
const META_REGISTER: u16 = 1;
const META_KEY: u16 = 2;
const META_INCOMING_INTERFACE: u32 = 4;
const META_OUTGOING_INTERFACE: u32 = 5;
const META_PROTOCOL: u32 = 16;
/// `NFTA_CMP_*`, `NFT_CMP_*`
const COMPARE_REGISTER: u16 = 1;
const COMPARE_OPERATOR: u16 = 2;
const COMPARE_DATA: u16 = 3;
const EQUAL: u32 = 0;
const AT_MOST: u32 = 3;
const AT_LEAST: u32 = 5;
/// `NFTA_LOOKUP_*`
const LOOKUP_SET: u16 = 1;
const LOOKUP_REGISTER: u16 = 2;
/// `NFTA_IMMEDIATE_*`
const IMMEDIATE_REGISTER: u16 = 1;
const IMMEDIATE_DATA: u16 = 2;
/// `NFT_REG_*`: registers of 16 octets.
const VERDICT_REGISTER: u32 = 0;
const REGISTER_1: u32 = 1;
const REGISTER_2: u32 = 2;
/// `NF_DROP`, `NF_ACCEPT`
const DROP: u32 = 0;
const ACCEPT: u32 = 1;
/// Protocol and types.
const ICMPV6: u8 = 58;
const NEIGHBOUR_SOLICITATION: u8 = 135;
const NEIGHBOUR_ADVERTISEMENT: u8 = 136;
/// Types of keys in the numbering of `nft`.
const TYPE_IPV4: u32 = 7;
const TYPE_IPV6: u32 = 8;
const TYPE_INTERFACE: u32 = 20;
/// The comment of a table of ours, as the kernel stores it.
fn comment(mark: u8) -> Vec<u8> {
    let text = format!("{COMMENT_PREFIX}{mark}\0");
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    [&[COMMENT, length], text.as_bytes()].concat()
}

/// The beginning of the comment, before the mark.
pub(super) const COMMENT_PREFIX: &str = "vrrp-linux mark ";
/// `NFTNL_UDATA_TABLE_COMMENT`
pub(super) const COMMENT: u8 = 0;
