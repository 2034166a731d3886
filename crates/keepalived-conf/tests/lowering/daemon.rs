//! Settings of the whole daemon.

use super::*;

#[test]
fn the_table_of_nftables_has_keepalived_s_defaults() {
    let nftables = |text: &str| load_str(&format!("global_defs {{\n{text}\n}}")).config.global.nftables;
    let default = nftables("");
    assert_eq!((default.table.as_str(), default.priority, default.counters), ("keepalived", -1, false));
    let own = nftables("nftables mine\nnftables_priority -200\nnftables_counters\nnftables_ifindex");
    assert_eq!((own.table.as_str(), own.priority, own.counters), ("mine", -200, true));
    assert_eq!(nftables("nftables").table, "keepalived");
    let loaded = load_str("global_defs {\nvrrp_iptables MY_IN\nvrrp_ipsets a\n}");
    assert!(has(&loaded, "nftables-instead") && has(&loaded, "deprecated") && !has(&loaded, "not-acted-on"));
}

#[test]
fn instance_and_namespace_imply_the_pid_directory() {
    let loaded = load_str("instance a\nnet_namespace b\ninstance c\n");
    let global = &loaded.config.global;
    assert_eq!((global.instance.as_deref(), global.net_namespace.as_deref()), (Some("a"), Some("b")));
    assert!(global.use_pid_dir && has(&loaded, "repeated"));
}

#[test]
fn delays_of_announcements_end_where_32_bits_of_microseconds_do() {
    let delay = |text: &str| only(&instance(&format!("garp_master_delay {text}"))).garp.delay.as_secs();
    assert_eq!((delay("4294"), delay("4295"), delay("65535")), (4294, 5, 5));
}

#[test]
fn processes_have_names_of_their_own_if_the_file_says_so() {
    let names = |text: &str| {
        let daemon = load_str(&format!("global_defs {{\n{text}\n}}\n")).config.global.daemon;
        [daemon.process_name, daemon.vrrp_process_name, daemon.checker_process_name, daemon.bfd_process_name]
            .map(Option::unwrap_or_default)
    };
    assert_eq!(names(""), ["", "", "", ""]);
    assert_eq!(names("process_names"), ["", "keepalived_vrrp", "keepalived_lvs", "keepalived_bfd"]);
    assert_eq!(
        names("vrrp_process_name v\nbfd_process_name b\nprocess_names"),
        ["", "v", "keepalived_lvs", "b"]
    );
    assert_eq!(names("process_name a-name-of-20-octets"), ["a-name-of-20-oc", "", "", ""]);
}

#[test]
fn the_interval_of_announcements_elsewhere_is_a_day_at_most() {
    for wrong in ["garp_extra_if", "garp_extra_if all", "garp_extra_if 86401", "garp_extra_if 5x"] {
        assert_eq!(exit_code(&instance(wrong).diagnostics), 5, "{wrong}");
        assert_eq!(instance(wrong).config.instances[0].garp.elsewhere, None, "{wrong}");
    }
    let old = instance("vmac_garp_intvl all 86400");
    let elsewhere = old.config.instances[0].garp.elsewhere.unwrap();
    assert_eq!((elsewhere.interval.as_secs(), elsewhere.all), (86_400, true));
    assert!(has(&old, "deprecated") && !has(&old, "not-acted-on"));
}

#[test]
fn the_sync_daemon_of_an_instance_follows_it_and_the_first_one_counts() {
    let instance = |name: &str, vrid: u8, interface: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nlvs_sync_daemon_interface \
             {interface}\nvirtual_ipaddress {{\n192.0.2.{vrid}\n}}\n}}\n"
        )
    };
    let loaded = load_str(&format!("{}{}", instance("A", 7, "eth1"), instance("B", 8, "eth2")));
    let daemon = loaded.config.global.lvs.sync_daemon.as_ref().unwrap();
    assert_eq!((daemon.interface.as_str(), daemon.instance.as_deref(), daemon.id), ("eth1", Some("A"), 7));
    assert!(has(&loaded, "deprecated") && has(&loaded, "repeated"));
}
