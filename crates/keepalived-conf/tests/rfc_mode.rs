//! `rfc9568` and `rfc3768`: what they stand for.

use std::fmt::Write as _;
use std::time::Duration;

use keepalived_conf::model::virtual_link::VirtualLinkKind;
use keepalived_conf::model::{Auth, RfcMode, VrrpInstance};
use keepalived_conf::{Loaded, load_str};

const V4: &str = "192.0.2.10/24";
const V6: &str = "fe80::10/64";

fn load(global: &str, lines: &str, address: &str) -> Loaded {
    load_str(&format!(
        "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\n{lines}\n\
         virtual_ipaddress {{\n{address}\n}}\n}}\n"
    ))
}

fn only(loaded: &Loaded) -> &VrrpInstance {
    assert_eq!(loaded.config.instances.len(), 1, "{:?}", loaded.diagnostics);
    &loaded.config.instances[0]
}

/// Everything that the mode decides, in one line.
fn shown(instance: &VrrpInstance) -> String {
    let mut line = instance.rfc.map_or("-", RfcMode::keyword).to_owned();
    let _ = write!(line, " v{}", instance.version);
    let own = instance.virtual_links.as_ref().and_then(|links| links.own.as_ref());
    if let Some(VirtualLinkKind::Macvlan { mac }) = own.map(|own| own.kind) {
        let _ = write!(line, " {:02x}:{:02x}", mac[4], mac[5]);
    }
    let garp = &instance.garp;
    let _ = write!(
        line,
        " garp {}/{}/{}/{}",
        garp.repeat,
        garp.delay.as_secs(),
        garp.refresh.as_secs(),
        garp.lower_priority_repeat
    );
    let switches = [
        ("accept", instance.accept),
        ("lower_prio_no_advert", instance.lower_priority_no_advert),
        ("higher_prio_send_advert", instance.higher_priority_send_advert != Some(false)),
        ("owner_ignore_adverts", instance.owner_ignores_adverts),
        ("v3_checksum_as_v2", instance.v3_checksum_as_v2),
        ("skip_check_adv_addr", instance.skip_check_adv_addr),
        ("strict", instance.strict),
    ];
    for (name, _) in switches.into_iter().filter(|(_, is_on)| *is_on) {
        let _ = write!(line, " {name}");
    }
    line
}

#[test]
fn each_mode_stands_for_what_its_rfc_says() {
    let rows = [
        ("", "", V4, "- v2 garp 5/5/0/5 accept higher_prio_send_advert"),
        ("", "rfc9568", V4, "rfc9568 v3 01:07 garp 1/0/0/0 v3_checksum_as_v2"),
        ("", "rfc9568", V6, "rfc9568 v3 02:07 garp 1/0/0/0"),
        ("", "rfc3768", V4, "rfc3768 v2 01:07 garp 1/0/0/0 lower_prio_no_advert owner_ignore_adverts"),
        ("rfc9568", "", V4, "rfc9568 v3 01:07 garp 1/0/0/0 v3_checksum_as_v2"),
        ("rfc9568", "rfc9568 off", V4, "- v2 garp 5/5/0/5 accept higher_prio_send_advert"),
        // Global keywords of keepalived do not change the mode.
        (
            "rfc9568\nvrrp_version 2\nvrrp_strict\nvrrp_garp_master_repeat 9\nvrrp_lower_prio_no_advert",
            "",
            V4,
            "rfc9568 v3 01:07 garp 1/0/0/0 v3_checksum_as_v2",
        ),
        // The owner accepts packets for its own addresses.
        ("", "rfc9568\npriority 255", V4, "rfc9568 v3 01:07 garp 1/0/0/0 accept v3_checksum_as_v2"),
        // An administrator may set Accept_Mode, and knows the peers.
        (
            "",
            "rfc9568\naccept\nv3_checksum_as_v2 off\ngarp_master_repeat 3",
            V4,
            "rfc9568 v3 01:07 garp 3/0/0/0 accept",
        ),
        ("", "rfc9568\nunicast_peer {\n192.0.2.2\n}", V4, "rfc9568 v3 garp 1/0/0/0 v3_checksum_as_v2"),
    ];
    for (global, lines, address, expected) in rows {
        let loaded = load(global, lines, address);
        assert_eq!(shown(only(&loaded)), expected, "{global:?} {lines:?}: {:?}", loaded.diagnostics);
        assert_eq!(only(&loaded).down_adverts, 3);
        assert_eq!(only(&loaded).advert_interval, Duration::from_secs(1));
    }
}

#[test]
fn keywords_unknown_to_the_rfc_are_reported() {
    let told = |lines: &str, address: &str| {
        let loaded = load("", lines, address);
        let texts = loaded.diagnostics.iter().map(|finding| finding.message.clone());
        texts.collect::<Vec<_>>().join("; ")
    };
    assert_eq!(told("rfc9568", V4), "");
    assert_eq!(told("rfc3768", V4), "");
    assert!(told("rfc9568\nversion 2", V4).contains("`version 2` is ignored: `rfc9568` is version 3"));
    assert!(told("rfc9568\nstrict_mode", V4).contains("`strict_mode` is ignored"));
    assert!(
        told("rfc9568\npreempt_delay 5\ndown_timer_adverts 5", V4)
            .contains("the RFC of `rfc9568` does not know `down_timer_adverts`, `preempt_delay`")
    );
    assert!(told("rfc3768", V6).contains("RFC 3768 knows IPv4 only"));
    assert!(told("rfc3768\nrfc9568", V4).contains("`rfc3768` is replaced by `rfc9568`"));
    let auth = "authentication {\nauth_type PASS\nauth_pass secret\n}";
    assert!(told(&format!("rfc3768\n{auth}"), V4).contains("RFC 3768 has removed it"));
    assert_eq!(only(&load("", &format!("rfc3768\n{auth}"), V4)).auth, Auth::None);
}

#[test]
fn the_first_ipv6_address_is_link_local() {
    let loaded = load("", "rfc9568", "2001:db8::10/64");
    assert!(loaded.diagnostics.has_code("strict-link-local"), "{:?}", loaded.diagnostics);
    assert!(loaded.usable.is_err());
    assert!(load("", "rfc9568", "fe80::10/64\n2001:db8::10/64").usable.is_ok());
}
