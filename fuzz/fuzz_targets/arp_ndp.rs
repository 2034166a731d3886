//! Gratuitous ARP and unsolicited neighbour advertisements: any octets as a frame, and any announcement written.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vrrp_proto::{GratuitousArp, UnsolicitedNa};

fuzz_target!(|frame: &[u8]| {
    if let Some(arp) = GratuitousArp::parse(frame) {
        // Only padding may follow.
        assert!(frame.starts_with(&arp.emit()));
    }
    if let Some(na) = UnsolicitedNa::parse(frame) {
        assert_eq!(UnsolicitedNa::parse(&na.emit()), Some(na));
    }
    // Nobody guesses the checksum of a neighbour advertisement.
    if let Some((mac, rest)) = frame.split_first_chunk::<6>()
        && let Some((address, rest)) = rest.split_first_chunk::<16>()
    {
        let na = UnsolicitedNa { mac: *mac, address: (*address).into(), router: rest.is_empty() };
        assert_eq!(UnsolicitedNa::parse(&na.emit()), Some(na));
    }
});
