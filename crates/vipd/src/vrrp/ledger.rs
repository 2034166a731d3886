//! What the parent remembers for a successor where the kernel cannot tell whose an address is: every address, before it
//! is put on its interface, by its full identity.

use vrrp_linux::address::{AddressChange, AddressSpec};

use crate::ipc::{FromWorker, Memory};

/// What to tell the parent before changes are made.
pub(super) fn entries(changes: &[AddressChange]) -> impl Iterator<Item = FromWorker> {
    let set = changes.iter().filter(|change| !matches!(change, AddressChange::Remove(_)));
    set.map(|change| FromWorker::Remember { key: key(change.address()), value: Some(Vec::new()) })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn remembered(changes: &[AddressChange]) -> Memory {
        let mut memory = Memory::default();
        for entry in entries(changes) {
            let FromWorker::Remember { key, value } = entry else { panic!("{entry:?}") };
            memory.note(key, value).unwrap();
        }
        memory
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
        let memory = remembered(&addresses.clone().map(AddressChange::Set));
        let mut former = former(&memory);
        former.sort_by_key(|address| (address.index, address.network));
        assert_eq!(former, addresses);
    }

    #[test]
    fn a_removal_is_nothing_to_remember() {
        let address = AddressSpec::new(3, "192.0.2.1/24".parse().unwrap());
        assert!(remembered(&[AddressChange::Remove(address)]).is_empty());
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
