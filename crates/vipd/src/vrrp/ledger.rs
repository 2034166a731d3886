//! What the parent remembers for a successor where the kernel cannot tell whose an address is: every address, before it
//! is put on its interface, by its full identity.

use vrrp_linux::address::{AddressChange, AddressSpec};

use crate::ipc::{FromWorker, Memory};

/// What to tell the parent before changes are made, and once they are.
pub(super) fn entries(changes: &[AddressChange]) -> (Vec<FromWorker>, Vec<FromWorker>) {
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for change in changes {
        let key = key(change.address());
        match change {
            AddressChange::Remove(_) => after.push(FromWorker::Remember { key, value: None }),
            AddressChange::Add(_) | AddressChange::Set(_) => {
                // What is renewed is removed first.
                after.retain(
                    |entry| !matches!(entry, FromWorker::Remember { key: other, .. } if *other == key),
                );
                before.push(FromWorker::Remember { key, value: Some(Vec::new()) });
            }
        }
    }
    (before, after)
}

/// What to tell the parent once addresses that other daemons left have been removed.
pub(super) fn cleaned() -> FromWorker {
    FromWorker::Remember { key: CLEANED.to_owned(), value: Some(Vec::new()) }
}

/// Whether a predecessor removed what other daemons left. What is there now was put there since, by somebody who knows
/// why.
pub(super) fn is_cleaned(memory: &Memory) -> bool {
    memory.value(CLEANED).is_some()
}

/// What a predecessor put on interfaces, or was about to.
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
const CLEANED: &str = "leftovers removed";

#[cfg(test)]
mod tests {
    use super::*;

    fn note(memory: &mut Memory, entries: Vec<FromWorker>) {
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
        let (before, after) = entries(&addresses.clone().map(AddressChange::Set));
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
        let (before, after) = entries(&[remove.clone(), set]);
        note(&mut memory, before);
        note(&mut memory, after);
        assert_eq!(former(&memory), [address]);
        let (before, after) = entries(&[remove]);
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
    fn what_is_no_address_is_passed_over() {
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
