//! Kernel settings from the words after a virtual address.

use vrrp_linux::address::{AddressFlags, AddressSpec, Scope};

use super::*;

/// The addresses of an instance of this priority whose `virtual_ipaddress` block has these lines.
fn vips(priority: u8, lines: &str) -> Vec<Vip> {
    let text = format!(
        "vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n priority {priority}\n advert_int 1\n \
         virtual_ipaddress {{\n{lines}\n}}\n}}"
    );
    let mut plan = Plan::new(Generation::default(), keepalived_conf::load_str(&text).config);
    plan.routers.swap_remove(0).addresses
}

fn spec(line: &str) -> AddressSpec {
    vips(100, line).swap_remove(0).spec
}

#[test]
fn duplicate_address_detection_is_off_unless_asked_for() {
    assert!(spec("2001:db8::1/64").flags.contains(AddressFlags::NODAD));
    assert!(!spec("2001:db8::1/64 -nodad").flags.contains(AddressFlags::NODAD));
    assert_eq!(spec("192.0.2.1/24").flags, AddressFlags::empty());
}

#[test]
fn each_word_reaches_the_kernel() {
    let v4 = spec("192.0.2.1/24 brd 192.0.2.255 scope link label eth0:vip");
    assert_eq!(v4.network, "192.0.2.1/24".parse().unwrap());
    assert_eq!(v4.broadcast, Some("192.0.2.255".parse().unwrap()));
    assert_eq!((v4.scope, v4.label.as_deref()), (Scope::LINK, Some("eth0:vip")));
    assert_eq!(spec("192.0.2.1/24 noprefixroute").flags, AddressFlags::NOPREFIXROUTE);
    assert_eq!(spec("2001:db8::1/64 home").flags, AddressFlags::NODAD | AddressFlags::HOMEADDRESS);
    assert_eq!(spec("2001:db8::1/64 mngtmpaddr").flags, AddressFlags::NODAD | AddressFlags::MANAGETEMPADDR);
    assert!(vips(100, "192.0.2.1/24 no_track")[0].untracked);
    assert!(!vips(100, "192.0.2.1/24")[0].untracked);
}

#[test]
fn only_the_address_owner_uses_an_address_of_its_interface() {
    assert!(vips(255, "192.0.2.1/24")[0].native);
    assert!(!vips(254, "192.0.2.1/24")[0].native);
}
