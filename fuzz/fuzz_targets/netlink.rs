//! Any octets as datagrams of the kernel: no panic, and the table of interfaces stays consistent.
//!
//! Input: datagrams, each after its length (u16, little endian).

#![no_main]

use libfuzzer_sys::fuzz_target;
use vrrp_linux::interfaces::Interfaces;

fuzz_target!(|data: &[u8]| {
    let mut interfaces = Interfaces::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_le_bytes(*length)).min(after.len());
        let (datagram, after) = after.split_at(length);
        rest = after;
        let mut changes = Vec::new();
        interfaces.apply(datagram, &mut changes);
        // A message has a header of 16 octets, and changes a few things or takes one interface away.
        assert!(changes.len() <= 8 * datagram.len() + interfaces.iter().count());
        check(&interfaces);
    }
});

fn check(interfaces: &Interfaces) {
    for interface in interfaces.iter() {
        assert_eq!(interfaces.by_index(interface.index), Some(interface));
        assert_eq!(interfaces.by_name(&interface.name), Some(interface), "names are unique");
        let _ = (interface.primary_ipv4(|_| false), interface.primary_ipv6(|_| false));
        for address in &interface.addresses {
            assert!(interfaces.owner_of(address.network.ip()).is_some());
        }
    }
}
