//! The bytes of the requests.

use super::*;
use crate::netlink::serialize;

fn spec(index: u32, network: &str) -> AddressSpec {
    AddressSpec::new(index, network.parse().unwrap())
}

fn request(change: &AddressChange) -> Vec<u8> {
    let (message, flags) = change.request();
    let mut bytes = Vec::new();
    serialize(message, flags | 0x0005, 1, &mut bytes);
    bytes
}

/// The message that strace shows of `ip addr add 192.0.2.1/24 brd + dev eth0 label eth0:vip scope link` (iproute2 6.1),
/// with the attributes in another order and IFA_PROTO behind them.
#[cfg(target_endian = "little")]
#[test]
fn an_ipv4_address_is_added_with_label_broadcast_and_scope() {
    let address = AddressSpec {
        label: Some("eth0:vip".into()),
        broadcast: Some("192.0.2.255".parse().unwrap()),
        scope: Scope::LINK,
        ..spec(3, "192.0.2.1/24")
    };
    #[rustfmt::skip]
    let expected = [
        72, 0, 0, 0,  20, 0,  0x05, 0x06,  1, 0, 0, 0,  0, 0, 0, 0,
        2, 24, 0, 253,  3, 0, 0, 0,
        8, 0, 2, 0,  192, 0, 2, 1,
        8, 0, 1, 0,  192, 0, 2, 1,
        8, 0, 4, 0,  192, 0, 2, 255,
        13, 0, 3, 0,  b'e', b't', b'h', b'0', b':', b'v', b'i', b'p', 0, 0, 0, 0,
        5, 0, 11, 0,  112, 0, 0, 0,
    ];
    assert_eq!(request(&AddressChange::Add(address)), expected);
}

/// The message that strace shows of `ip addr add 2001:db8::1/128 dev eth0 nodad preferred_lft 0` (iproute2 6.1), with
/// IFA_PROTO behind it.
#[cfg(target_endian = "little")]
#[test]
fn an_ipv6_address_is_added_without_detection_and_without_being_a_source() {
    #[rustfmt::skip]
    let expected = [
        92, 0, 0, 0,  20, 0,  0x05, 0x06,  1, 0, 0, 0,  0, 0, 0, 0,
        10, 128, 0x02, 0,  3, 0, 0, 0,
        20, 0, 2, 0,  0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        20, 0, 1, 0,  0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
        20, 0, 6, 0,  0, 0, 0, 0,  255, 255, 255, 255,  0, 0, 0, 0,  0, 0, 0, 0,
        5, 0, 11, 0,  112, 0, 0, 0,
    ];
    assert_eq!(request(&AddressChange::Add(spec(3, "2001:db8::1/128"))), expected);
}

#[cfg(target_endian = "little")]
#[test]
fn a_removal_names_the_address_and_nothing_else() {
    let address = AddressSpec {
        label: Some("eth0:vip".into()),
        peer: Some("192.0.2.9".parse().unwrap()),
        ..spec(3, "192.0.2.1/32")
    };
    #[rustfmt::skip]
    let expected = [
        40, 0, 0, 0,  21, 0,  0x05, 0x00,  1, 0, 0, 0,  0, 0, 0, 0,
        2, 32, 0, 0,  3, 0, 0, 0,
        8, 0, 2, 0,  192, 0, 2, 1,
        8, 0, 1, 0,  192, 0, 2, 9,
    ];
    assert_eq!(request(&AddressChange::Remove(address)), expected);
}

#[cfg(target_endian = "little")]
#[test]
fn flags_beyond_the_first_eight_go_into_an_attribute() {
    let mut address = spec(3, "2001:db8::1/64");
    address.flags |= AddressFlags::NOPREFIXROUTE | AddressFlags::MCAUTOJOIN;
    let bytes = request(&AddressChange::Add(address));
    let attribute = [8, 0, 8, 0, 0x02, 0x06, 0, 0];
    assert!(bytes.windows(8).any(|window| window == attribute), "{bytes:02x?}");
}

#[cfg(target_endian = "little")]
#[test]
fn an_existing_address_is_changed_by_set_and_not_by_add() {
    let flags = |change: AddressChange| change.request().1;
    assert_eq!(flags(AddressChange::Add(spec(3, "192.0.2.1/32"))), NLM_F_CREATE | NLM_F_EXCL);
    assert_eq!(flags(AddressChange::Set(spec(3, "192.0.2.1/32"))), NLM_F_CREATE | NLM_F_REPLACE);
}

#[test]
fn the_marks_of_daemons_are_virtual_and_those_of_the_kernel_are_not() {
    assert_eq!(marks().collect::<Vec<_>>(), [112, 113, 114, 115, 116, 117, 118, 119]);
    assert!(marks().chain([SHARED_MARK, KEEPALIVED]).all(is_virtual_mark));
    assert!(![0, 1, 2, 3, 17, 19, 111, 121].into_iter().any(is_virtual_mark));
}
