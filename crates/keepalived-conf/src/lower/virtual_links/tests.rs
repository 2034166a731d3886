use super::*;
use crate::model::Config;

fn read(text: &str) -> (Config, Vec<&'static str>) {
    let loaded = crate::load_str(text);
    (loaded.config, loaded.diagnostics.iter().map(|finding| finding.code).collect())
}

/// An instance with these lines, on eth0 with VRID 51.
fn instance(name: &str, lines: &str, addresses: &str) -> String {
    format!(
        "vrrp_instance {name} {{\n interface eth0\n virtual_router_id 51\n priority 100\n{lines}\n \
         virtual_ipaddress {{\n{addresses}\n }}\n}}\n"
    )
}

fn own(config: &Config, index: usize) -> VirtualLink {
    config.instances[index].virtual_links.as_ref().unwrap().own.clone().unwrap()
}

fn devices(config: &Config, index: usize) -> Vec<Option<&str>> {
    let instance = &config.instances[index];
    instance
        .addresses
        .iter()
        .chain(&instance.excluded_addresses)
        .map(|vip| vip.interface.as_deref())
        .collect()
}

#[test]
fn a_vmac_has_the_name_and_the_mac_address_of_its_virtual_router() {
    let text = instance("A", "use_vmac", "192.0.2.1/24") + &instance("B", "use_vmac", "2001:db8::1");
    let (config, found) = read(&text);
    let (v4, v6) = (own(&config, 0), own(&config, 1));
    assert_eq!((v4.name.as_str(), v4.base.as_str()), ("vrrp.51", "eth0"));
    assert_eq!(v4.kind, VirtualLinkKind::Macvlan { mac: [0, 0, 0x5e, 0, 1, 51] });
    assert_eq!(v6.name, "vrrp6.51");
    assert_eq!(v6.kind, VirtualLinkKind::Macvlan { mac: [0, 0, 0x5e, 0, 2, 51] });
    assert_eq!(devices(&config, 0), [Some("vrrp.51")]);
    assert_eq!(found, [""; 0]);
}

#[test]
fn names_mac_addresses_and_groups_can_be_chosen() {
    let chosen = |words: &str| own(&read(&instance("A", &format!("use_vmac {words}"), "192.0.2.1")).0, 0);
    assert_eq!(chosen("vm0").name, "vm0");
    assert_eq!(chosen("name vm0 group 7").group, Some(7));
    let mac = |words: &str| chosen(words).kind;
    let whole = VirtualLinkKind::Macvlan { mac: [2, 0, 0, 0, 0xa, 9] };
    assert_eq!(mac("vm0 02:00:00:00:0a:09"), whole);
    assert_eq!(mac("02:00:00:00:0a:09 netlink_notify_msg"), whole);
    assert_eq!(
        mac("02:00:00:00:0a"),
        VirtualLinkKind::Macvlan { mac: [2, 0, 0, 0, 0xa, 51] },
        "the VRID is last"
    );
}

#[test]
fn a_bad_mac_address_or_name_is_reported_and_the_default_used() {
    for (words, code) in [
        ("01:00:5e:00:00:01", "bad-value"),
        ("02:00:00:01", "bad-value"),
        ("averyverylongvmacname", "bad-interface-name"),
        ("vm0 vm1", "unknown-option"),
        ("group x", "bad-value"),
        ("group", "bad-value"),
    ] {
        let (config, found) = read(&instance("A", &format!("use_vmac {words}"), "192.0.2.1"));
        assert_eq!(found, [code], "{words}");
        assert_eq!(own(&config, 0).kind, VirtualLinkKind::Macvlan { mac: [0, 0, 0x5e, 0, 1, 51] }, "{words}");
    }
}

#[test]
fn no_two_interfaces_get_one_name() {
    let text = instance("A", "use_vmac", "192.0.2.1")
        + &instance("B", "use_vmac", "192.0.2.2").replace("eth0", "eth1")
        + &instance("C", "use_vmac vrrp.51", "192.0.2.3").replace("eth0", "eth2")
        + &instance("D", "use_vmac eth1", "192.0.2.4").replace("eth0", "eth3");
    let (config, found) = read(&text);
    let names: Vec<_> = (0..4).map(|index| own(&config, index).name).collect();
    assert_eq!(names, ["vrrp1.51", "vrrp2.51", "vrrp.51", "vrrp3.51"]);
    assert_eq!(found, ["vmac-name"]);
}

#[test]
fn default_names_begin_with_the_prefix_of_the_file() {
    let text = format!(
        "global_defs {{\n vmac_prefix vm\n vmac_addr_prefix va\n}}\n{}",
        instance("A", "use_vmac", "192.0.2.1\n192.0.2.2 dev eth1 use_vmac")
    );
    let (config, _) = read(&text);
    assert_eq!(own(&config, 0).name, "vm.51");
    assert_eq!(devices(&config, 0), [Some("vm.51"), Some("va.51")]);
}

#[test]
fn addresses_on_other_interfaces_get_a_vmac_there_if_that_is_asked_for() {
    let addresses = "192.0.2.1\n192.0.2.2 dev eth1\n192.0.2.3 dev eth1 use_vmac\n192.0.2.4 dev eth2 use_vmac";
    let (config, _) = read(&instance("A", "use_vmac", addresses));
    assert_eq!(devices(&config, 0), [Some("vrrp.51"), Some("eth1"), Some("vrrp1.51"), Some("vrrp2.51")]);
    let (config, _) = read(&instance("A", "use_vmac\nuse_vmac_addr", addresses));
    assert_eq!(devices(&config, 0), [Some("vrrp.51"), Some("vrrp1.51"), Some("vrrp1.51"), Some("vrrp2.51")]);
    let links = config.instances[0].virtual_links.as_ref().unwrap();
    let bases: Vec<_> =
        links.of_addresses.iter().map(|link| (link.name.as_str(), link.base.as_str())).collect();
    assert_eq!(bases, [("vrrp1.51", "eth1"), ("vrrp2.51", "eth2")]);
}

#[test]
fn an_excluded_address_of_the_other_family_gets_the_mac_address_of_its_family_if_that_is_asked_for() {
    let text = |lines: &str| {
        instance("A", &format!("{lines}\n virtual_ipaddress_excluded {{\n 2001:db8::1\n }}"), "192.0.2.1")
    };
    let (config, _) = read(&text("use_vmac"));
    assert_eq!(devices(&config, 0), [Some("vrrp.51"); 2]);
    let (config, _) = read(&text("use_vmac\nuse_vmac_addr"));
    assert_eq!(devices(&config, 0), [Some("vrrp.51"), Some("vrrp6.51")]);
    let links = config.instances[0].virtual_links.as_ref().unwrap();
    assert_eq!(links.of_addresses[0].kind, VirtualLinkKind::Macvlan { mac: [0, 0, 0x5e, 0, 2, 51] });
}

#[test]
fn adverts_leave_by_the_base_interface_if_that_is_asked_for_or_with_unicast_peers() {
    let on_base = |lines: &str| {
        let (config, found) = read(&instance("A", lines, "192.0.2.1"));
        (config.instances[0].virtual_links.as_ref().map(|links| links.transmit_on_base), found)
    };
    assert_eq!(on_base("use_vmac"), (Some(false), vec![]));
    assert_eq!(on_base("use_vmac\nvmac_xmit_base"), (Some(true), vec![]));
    assert_eq!(on_base("vmac_xmit_base"), (None, vec!["no-vmac"]));
    let unicast = "use_vmac\nunicast_src_ip 192.0.2.11\nunicast_peer {\n192.0.2.12\n}";
    assert_eq!(on_base(unicast), (Some(true), vec!["unicast-vmac"]));
    assert_eq!(
        on_base("use_vmac\nvmac_xmit_base\nstrict_mode on\naccept"),
        (Some(false), vec!["strict-vmac"])
    );
}

#[test]
fn an_ipvlan_has_an_address_where_adverts_come_from() {
    let (config, found) = read(&instance("A", "use_ipvlan ipv0 192.0.2.9/24 private", "192.0.2.1"));
    let kind = VirtualLinkKind::Ipvlan { mode: IpvlanMode::Private, address: "192.0.2.9/24".parse().ok() };
    assert_eq!((own(&config, 0).name.as_str(), own(&config, 0).kind), ("ipv0", kind));
    assert_eq!(config.instances[0].source, "192.0.2.9".parse().ok());
    assert_eq!(found, [""; 0]);
    let (_, found) = read(&instance("A", "use_ipvlan", "192.0.2.1"));
    assert_eq!(found, ["no-source"]);
}

#[test]
fn instances_without_such_interfaces_carry_nothing_of_them() {
    let (config, _) = read(&instance("A", "", "192.0.2.1\n192.0.2.2 dev eth1"));
    assert_eq!(config.instances[0].virtual_links, None);
    assert_eq!(devices(&config, 0), [None, Some("eth1")]);
}

#[test]
fn one_mac_address_is_on_an_interface_once() {
    let text = instance("A", "use_vmac", "192.0.2.1")
        + &instance("B", "use_vmac", "192.0.2.2\n192.0.2.3 dev eth0 use_vmac")
            .replace("interface eth0", "interface eth1");
    let (config, found) = read(&text);
    assert_eq!(devices(&config, 1), [Some("vrrp1.51"), Some("vrrp.51")], "that of the first instance");
    assert_eq!(config.instances[1].virtual_links.as_ref().unwrap().of_addresses, []);
    assert_eq!(found, [""; 0]);
    let text = instance("A", "use_vmac", "192.0.2.1")
        + &instance("B", "use_vmac\nmcast_dst_ip 224.0.0.99", "192.0.2.2");
    assert_eq!(read(&text).1, ["vmac-mac"]);
}
