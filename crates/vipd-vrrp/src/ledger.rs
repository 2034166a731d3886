//! The parent's memory for a successor where the kernel cannot tell the owner: every address, before it is put on its
//! interface, by its full identity; and every route and rule, for their mark is that of all VRRP daemons.

use std::fmt::Write as _;

use vrrp_linux::address::{AddressChange, AddressSpec, STATIC_MARK};
use vrrp_linux::commands::Command;
use vrrp_linux::holdings::Former;
use vrrp_linux::route::RouteChange;
use vrrp_linux::rule::RuleChange;

use crate::ipc::{FromVrrp, FromWorker, Memory};

/// A message to the parent.
type Message = FromWorker<FromVrrp>;

/// What to tell the parent before commands are carried out, and once they are. `marks_tell`: the kernel tells the owner
/// of addresses, of those that carry a virtual mark.
pub(super) fn entries(commands: &[Command], marks_tell: bool) -> (Vec<Message>, Vec<Message>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for command in commands {
        let (key, is_removal) = match command {
            Command::Address(change) => {
                if marks_tell && change.address().protocol != STATIC_MARK {
                    continue;
                }
                (key(change.address()), matches!(change, AddressChange::Remove(_)))
            }
            Command::Route(RouteChange::Add(route)) => (octets(ROUTE, &route.removal()), false),
            Command::Route(RouteChange::Remove(route)) => (octets(ROUTE, &route.removal()), true),
            Command::Route(RouteChange::RemoveFormer(removal)) => (octets(ROUTE, removal), true),
            Command::Rule(RuleChange::Add(rule)) => (octets(RULE, &rule.removal()), false),
            Command::Rule(RuleChange::Remove(rule)) => (octets(RULE, &rule.removal()), true),
            Command::Rule(RuleChange::RemoveFormer(removal)) => (octets(RULE, removal), true),
            _ => continue,
        };
        if is_removal {
            after.push(FromWorker::Remember { key, value: None });
        } else {
            // An entry that is renewed is removed first.
            after.retain(|entry| !matches!(entry, FromWorker::Remember { key: other, .. } if *other == key));
            before.push(FromWorker::Remember { key, value: Some(Vec::new()) });
        }
    }
    (before, after)
}

/// Routes and rules that a predecessor put into the kernel, or was about to.
pub(super) fn former_routing(memory: &Memory) -> Former {
    let of =
        |prefix: &str| memory.iter().filter_map(|(key, _)| from_octets(key.strip_prefix(prefix)?)).collect();
    Former { routes: of(ROUTE), rules: of(RULE) }
}

/// A removal as a key: the request to the kernel has everything that sets a route or rule apart.
fn octets(prefix: &str, octets: &[u8]) -> String {
    let mut key = prefix.to_owned();
    for octet in octets {
        // Writing to a string cannot fail.
        let _ = write!(key, "{octet:02x}");
    }
    key
}

fn from_octets(digits: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    let octet = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    if rest.is_empty() { pairs.iter().map(octet).collect() } else { None }
}

/// What to tell the parent once addresses that other daemons left have been removed.
pub(super) fn cleaned() -> Message {
    FromWorker::Remember { key: CLEANED.to_owned(), value: Some(Vec::new()) }
}

/// Whether a predecessor removed what other daemons left. Addresses that are there now were added since, by somebody
/// who knows why.
pub(super) fn is_cleaned(memory: &Memory) -> bool {
    memory.value(CLEANED).is_some()
}

/// Addresses that a predecessor put on interfaces, or was about to.
pub(super) fn former(memory: &Memory) -> Vec<AddressSpec> {
    memory.iter().filter_map(|(key, _)| address(key)).collect()
}

fn key(address: &AddressSpec) -> String {
    match address.peer {
        Some(peer) => format!("{PREFIX}{} {} {peer}", address.index, address.network),
        None => format!("{PREFIX}{} {}", address.index, address.network),
    }
}

fn address(key: &str) -> Option<AddressSpec> {
    let mut words = key.strip_prefix(PREFIX)?.split(' ');
    let (index, network) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let peer = match words.next() {
        Some(peer) => Some(peer.parse().ok()?),
        None => None,
    };
    words.next().is_none().then(|| AddressSpec { peer, ..AddressSpec::new(index, network) })
}

const PREFIX: &str = "address ";
const ROUTE: &str = "route ";
const RULE: &str = "rule ";
const CLEANED: &str = "leftovers removed";

#[cfg(test)]
mod tests {
    use super::*;

    fn note(memory: &mut Memory, entries: Vec<Message>) {
        for entry in entries {
            let FromWorker::Remember { key, value } = entry else { panic!("{entry:?}") };
            memory.note(key, value).unwrap();
        }
    }

    #[test]
    fn a_successor_hears_of_every_address_by_its_identity() {
        let mut tunnel = AddressSpec::new(7, "10.0.0.1/32".parse().unwrap());
        tunnel.peer = Some("10.0.0.2".parse().unwrap());
        let addresses = [
            AddressSpec::new(3, "192.0.2.1/24".parse().unwrap()),
            AddressSpec::new(3, "2001:db8::1/128".parse().unwrap()),
            tunnel,
        ];
        let mut memory = Memory::default();
        let (before, after) = entries(&addresses.clone().map(AddressChange::Set).map(Command::from), false);
        note(&mut memory, before);
        let mut known = former(&memory);
        known.sort_by_key(|address| (address.index, address.network));
        assert_eq!(known, addresses);
        assert!(after.is_empty());
    }

    #[test]
    fn an_address_is_forgotten_once_it_is_removed_and_not_if_it_is_only_renewed() {
        let address = AddressSpec::new(3, "192.0.2.1/24".parse().unwrap());
        let (set, remove) = (AddressChange::Set(address.clone()), AddressChange::Remove(address.clone()));
        let mut memory = Memory::default();
        let (before, after) = entries(&[remove.clone().into(), set.into()], false);
        note(&mut memory, before);
        note(&mut memory, after);
        assert_eq!(former(&memory), [address]);
        let (before, after) = entries(&[remove.into()], false);
        assert!(before.is_empty());
        note(&mut memory, after);
        assert_eq!(former(&memory), []);
    }

    #[test]
    fn a_successor_hears_that_leftovers_were_removed() {
        let mut memory = Memory::default();
        assert!(!is_cleaned(&memory));
        note(&mut memory, vec![cleaned()]);
        assert!(is_cleaned(&memory));
        assert_eq!(former(&memory), []);
    }

    #[test]
    fn a_key_that_is_no_address_is_ignored() {
        let mut memory = Memory::default();
        for key in
            ["", "address", "address x 192.0.2.1/24", "address 3 192.0.2.300/24", "address 3", "state VI_1"]
        {
            memory.note(key.to_owned(), Some(Vec::new())).unwrap();
        }
        memory.note("address 3 192.0.2.1/24 10.0.0.1 more".to_owned(), Some(Vec::new())).unwrap();
        assert_eq!(former(&memory), []);
    }
}
