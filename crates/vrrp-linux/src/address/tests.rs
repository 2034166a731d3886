//! Plans, and the bytes of the requests.

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

#[test]
fn nothing_changes_what_is_as_wanted() {
    let both = [spec(2, "192.0.2.1/24"), spec(2, "2001:db8::1/128")];
    assert_eq!(diff(&both, &both), []);
}

#[test]
fn the_kernels_own_flags_and_lifetimes_are_no_difference() {
    let wanted = spec(2, "2001:db8::1/64");
    let mut current = wanted.clone();
    current.flags |= AddressFlags::PERMANENT | AddressFlags::TENTATIVE;
    current.preferred_lifetime = Some(0);
    current.protocol = 0;
    assert_eq!(diff(&[current], &[wanted]), []);
}

#[test]
fn a_wrong_label_scope_or_broadcast_address_means_removal_and_addition() {
    let current = AddressSpec { label: Some("eth0".into()), ..spec(2, "192.0.2.1/24") };
    let labelled = AddressSpec { label: Some("eth0:vip".into()), ..current.clone() };
    let scoped = AddressSpec { scope: Scope::LINK, ..current.clone() };
    let broadcast = AddressSpec { broadcast: Some("192.0.2.255".parse().unwrap()), ..current.clone() };
    for wanted in [labelled, scoped, broadcast] {
        let changes = diff(std::slice::from_ref(&current), std::slice::from_ref(&wanted));
        assert_eq!(changes, [AddressChange::Remove(current.clone()), AddressChange::Add(wanted)]);
    }
}

#[test]
fn the_same_address_on_another_link_or_with_another_prefix_is_another_address() {
    let current = spec(2, "192.0.2.1/24");
    for wanted in [spec(3, "192.0.2.1/24"), spec(2, "192.0.2.1/32")] {
        assert_eq!(diff(std::slice::from_ref(&current), std::slice::from_ref(&wanted)).len(), 2);
    }
}

#[test]
fn an_address_wanted_twice_is_added_once_and_kept_once() {
    let address = spec(2, "192.0.2.1/24");
    let twice = [address.clone(), address.clone()];
    assert_eq!(diff(&[], &twice), [AddressChange::Add(address.clone())]);
    assert_eq!(diff(std::slice::from_ref(&address), &twice), []);
    assert_eq!(diff(&twice, &[]).len(), 2);
}

#[test]
fn removals_come_before_additions_and_keep_their_order() {
    let old = [spec(2, "192.0.2.9/32"), spec(2, "192.0.2.3/32")];
    let new = [spec(2, "192.0.2.8/32"), spec(2, "192.0.2.1/32")];
    let [old_1, old_2] = old.clone();
    let [new_1, new_2] = new.clone();
    let expected = [
        AddressChange::Remove(old_1),
        AddressChange::Remove(old_2),
        AddressChange::Add(new_1),
        AddressChange::Add(new_2),
    ];
    assert_eq!(diff(&old, &new), expected);
}

#[test]
fn applying_a_plan_leaves_exactly_what_was_wanted() {
    let all: Vec<_> = (0..8).map(|n| spec(2, &format!("192.0.2.{n}/32"))).collect();
    let chosen = |mask: usize| -> Vec<_> {
        all.iter().enumerate().filter(|(n, _)| mask >> n & 1 == 1).map(|(_, a)| a.clone()).collect()
    };
    for (have, want) in (0..256).flat_map(|have| (0..256).map(move |want| (have, want))) {
        let (mut current, wanted) = (chosen(have), chosen(want));
        for change in diff(&current.clone(), &wanted) {
            match change {
                AddressChange::Add(address) => current.push(address),
                AddressChange::Remove(address) => current.retain(|known| *known != address),
            }
        }
        current.sort_by_key(|address| address.network);
        assert_eq!(current, wanted);
    }
}

/// What strace shows of `ip addr add 192.0.2.1/24 brd + dev eth0 label eth0:vip scope link` (iproute2 6.1), with the
/// attributes in another order and IFA_PROTO behind them.
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
        5, 0, 11, 0,  18, 0, 0, 0,
    ];
    assert_eq!(request(&AddressChange::Add(address)), expected);
}

/// What strace shows of `ip addr add 2001:db8::1/128 dev eth0 nodad preferred_lft 0` (iproute2 6.1), with IFA_PROTO
/// behind it.
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
        5, 0, 11, 0,  18, 0, 0, 0,
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
