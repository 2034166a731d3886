//! Blocks, braces, words, and the status of a test.

use super::*;

#[test]
fn an_unknown_block_is_left_out_as_a_whole() {
    let loaded = load_str(
        "global_defs {\nzzz {\nabc 1\n}\nrouter_id here\n}\nvrrp_instanse B {\ninterface eth0\nunicast_peer {\n}\n}\n",
    );
    assert_eq!(loaded.config.global.router_id.as_deref(), Some("here"));
    let messages: Vec<_> = loaded.diagnostics.iter().map(|finding| finding.message.as_str()).collect();
    assert_eq!(messages.len(), 2, "{messages:?}");
    let help: Vec<_> = loaded.diagnostics.iter().filter_map(|finding| finding.help.as_deref()).collect();
    assert_eq!(help, ["did you mean `vrrp_instance`?"]);
}

#[test]
fn a_stray_opening_brace_takes_only_its_own_closing_one_along() {
    let loaded = instance("interface eth1 {\npriority 150\n}\nstate BACKUP");
    assert_eq!((only(&loaded).interface.as_deref(), only(&loaded).priority), (Some("eth1"), 150));
    assert!(has(&loaded, "unexpected-brace"));
    assert_eq!(loaded.diagnostics.len(), 1);
}

#[test]
fn missing_braces_are_found() {
    let text = "vrrp_instance A\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress\n192.0.2.1\n}\n}\n";
    let loaded = load_str(text);
    assert_eq!(only(&loaded).addresses.len(), 1);
    assert_eq!(loaded.diagnostics.iter().filter(|finding| finding.code == "missing-brace").count(), 2);
    let loaded =
        load_str("vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n192.0.2.1\n");
    assert_eq!(only(&loaded).addresses.len(), 1);
    let finding = loaded.diagnostics.iter().find(|finding| finding.code == "missing-end").unwrap();
    assert!(finding.message.contains('2'), "{}", finding.message);
    assert!(has(&load_str("}\n"), "extra-brace"));
}

#[test]
fn a_second_instance_of_the_same_name_is_left_out() {
    let block =
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n";
    let loaded = load_str(&format!("{block}{}", block.replace('7', "8")));
    assert_eq!(only(&loaded).vrid, 7);
    let finding = loaded.diagnostics.iter().next().unwrap();
    assert_eq!((finding.code, finding.related.len()), ("duplicate-instance", 1));
}

#[test]
fn two_keywords_on_one_line_are_pointed_out() {
    let loaded = instance("priority 150 advert_int 2");
    let finding = loaded.diagnostics.iter().find(|finding| finding.code == "extra-argument").unwrap();
    assert!(finding.help.as_deref().unwrap().contains("line of its own"));
    assert_eq!(only(&loaded).advert_interval, Duration::from_secs(1));
}

#[test]
fn an_unknown_word_is_explained_where_possible() {
    let help = |line: &str| {
        let loaded = instance(line);
        loaded.diagnostics.iter().next().unwrap().help.clone()
    };
    assert_eq!(help("prioritty 3").as_deref(), Some("did you mean `priority`?"));
    assert_eq!(help("router_id x").as_deref(), Some("`router_id` belongs in `global_defs`"));
    assert_eq!(help("net_namespace x").as_deref(), Some("`net_namespace` belongs outside of every block"));
    assert_eq!(help("qqqqqqqqqqqqqqq").as_deref(), None);
}

#[test]
fn a_keyword_without_effect_is_reported_once() {
    let snmp = "global_defs {\nenable_snmp_vrrp\n}\n";
    let loaded = load_str(&format!("{snmp}{snmp}"));
    let notes: Vec<_> = loaded.diagnostics.iter().filter(|finding| finding.code == "refused").collect();
    assert_eq!(notes.len(), 1);
    assert!(notes[0].message.starts_with("`enable_snmp_vrrp` is not done here: there is no SNMP agent yet"));
    assert_eq!((notes[0].severity, notes[0].class), (Severity::Warning, Class::None));
}

#[test]
fn a_number_with_something_behind_it_counts_where_a_running_keepalived_takes_it() {
    let loaded = instance("garp_master_delay 3x\ndown_timer_adverts 4y");
    assert_eq!((only(&loaded).garp.delay, only(&loaded).down_adverts), (Duration::from_secs(3), 4));
    assert_eq!(exit_code(&loaded.diagnostics), 5);
}

#[test]
fn a_file_that_does_not_exist_neither_passes_a_test_nor_starts() {
    let files = MemoryFiles::new();
    let loaded = keepalived_conf::load("nowhere.conf".as_ref(), &Options::new(&files));
    assert!(!loaded.found);
    assert_eq!((exit_code(&loaded.diagnostics), loaded.usable), (6, Err(Unusable::NoFile)));
    assert_eq!(Unusable::NoFile.exit_status(), 6);
}

#[test]
fn the_gravest_class_decides_the_exit_status() {
    let of = |text: &str| exit_code(&load_str(text).diagnostics);
    assert_eq!(of("zzz\n"), 5);
    let instance =
        "zzz\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n";
    assert_eq!(of(&format!("{instance}vrrp_script s {{\nscript /bin/true\n}}\n")), 6);
    assert_eq!(of(&format!("{instance}vrrp_script s {{\nscript /bin/true\ninterval\n}}\n")), 2);
}

#[test]
fn an_unsupported_keyword_says_why_and_leaves_the_status_alone() {
    for (line, code) in [("random_seed 7", "no-effect"), ("disable_local_igmp", "refused")] {
        let loaded = load_str(&format!("global_defs {{\n{line}\n}}\n"));
        assert!(has(&loaded, code), "{line}: {:?}", loaded.diagnostics);
        assert_eq!(exit_code(&loaded.diagnostics), 0);
    }
}

#[test]
fn values_get_a_hint_as_words_do() {
    let help = |text: &str| {
        let loaded = load_str(text);
        let finding = loaded.diagnostics.iter().find(|finding| finding.code == "bad-value").cloned();
        finding.and_then(|finding| finding.help).unwrap_or_default()
    };
    let instance = |line: &str| help(&format!("vrrp_instance V {{\n{line}\n}}\n"));
    assert_eq!(instance("advert_int 100ms"), "it counts seconds: write `0.1`");
    assert_eq!(help("global_defs {\nlvs_flush enabled\nlvs_share_checks enabled\n}\n"), "did you mean `on`?");
}

#[test]
fn an_unsupported_keyword_that_decides_who_is_master_is_an_error() {
    let severity = |lines: &str| {
        let loaded = instance(lines);
        let finding = loaded.diagnostics.iter().find(|finding| finding.code == "refused").unwrap();
        (finding.severity, finding.class)
    };
    assert_eq!(severity("vrf blue"), (Severity::Warning, Class::General), "the interface says it");
    let unicast = load_str(
        "vrrp_instance A {\nvrf blue\nvirtual_router_id 1\nunicast_src_ip 192.0.2.1\nunicast_peer \
         {\n192.0.2.2\n}\nvirtual_ipaddress {\n192.0.2.9\n}\n}\n",
    );
    let finding = unicast.diagnostics.iter().find(|finding| finding.code == "refused").unwrap();
    assert_eq!((finding.severity, finding.class), (Severity::Error, Class::None));
    assert_eq!(exit_code(&unicast.diagnostics), 0, "{:?}", unicast.diagnostics);
}
