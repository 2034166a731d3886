//! Meanings of keywords: defaults, substitutes, rules between keywords.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use keepalived_conf::model::trackers::Tracked;
use keepalived_conf::model::{
    Auth, Command, HmacMode, InitialState, OnShortage, Preempt, Run, User, VrrpInstance,
};
use keepalived_conf::{
    Class, InstanceProblem, Loaded, MemoryFiles, Options, Severity, Unusable, exit_code, load_str,
};

/// An IPv4 instance with these lines.
fn instance(lines: &str) -> Loaded {
    load_str(&format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\n{lines}\nvirtual_ipaddress {{\n192.0.2.10/24\n}}\n}}\n"
    ))
}

fn only(loaded: &Loaded) -> &VrrpInstance {
    assert_eq!(loaded.config.instances.len(), 1, "{:?}", loaded.diagnostics);
    &loaded.config.instances[0]
}

fn has(loaded: &Loaded, code: &str) -> bool {
    loaded.diagnostics.has_code(code)
}

#[test]
fn an_instance_has_keepaliveds_defaults() {
    let loaded = instance("");
    let a = only(&loaded);
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    assert_eq!((a.version, a.priority, a.state, a.preempt), (2, 100, InitialState::Backup, Preempt::AtOnce));
    assert_eq!((a.advert_interval, a.down_adverts), (Duration::from_secs(1), 3));
    assert_eq!((a.garp.delay, a.garp.repeat), (Duration::from_secs(5), 5));
    assert_eq!((a.garp.refresh, a.garp.refresh_repeat), (Duration::ZERO, 1));
    assert_eq!(a.multicast_group, Some("224.0.0.18".parse().unwrap()));
    assert!(a.accept && !a.strict && !a.ipv6);
}

#[test]
fn global_defaults_hold_wherever_global_defs_stands() {
    let text = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n\
                global_defs {\nvrrp_version 3\nvrrp_garp_master_repeat 2\nvrrp_mcast_group4 224.0.0.77\n}\n";
    let loaded = load_str(text);
    let a = only(&loaded);
    assert_eq!((a.version, a.garp.repeat, a.garp.lower_priority_repeat), (3, 2, 2));
    assert_eq!(a.multicast_group, Some("224.0.0.77".parse().unwrap()));
}

#[test]
fn the_delay_after_a_lower_advert_follows_the_global_delay_only() {
    let a = instance("garp_master_delay 1\ngarp_master_repeat 2");
    assert_eq!(only(&a).garp.delay, Duration::from_secs(1));
    assert_eq!(only(&a).garp.lower_priority_delay, Duration::from_secs(5));
    assert_eq!(only(&a).garp.lower_priority_repeat, 5);
}

#[test]
fn vrrp_min_garp_changes_only_what_is_not_set() {
    let loaded = load_str(
        "global_defs {\nvrrp_min_garp\nvrrp_garp_master_delay 3\n}\n\
         vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
    );
    let garp = only(&loaded).garp;
    assert_eq!((garp.delay, garp.repeat, garp.refresh_repeat), (Duration::from_secs(3), 1, 1));
}

#[test]
fn a_priority_out_of_range_becomes_100_even_for_a_wanted_master() {
    for value in ["0", "256", "150x", "high"] {
        let loaded = instance(&format!("state MASTER\npriority {value}"));
        assert_eq!(only(&loaded).priority, 100, "{value}");
        assert_eq!(exit_code(&loaded.diagnostics), 5);
    }
}

#[test]
fn state_master_without_priority_is_the_owner() {
    let loaded = instance("state MASTER");
    assert_eq!((only(&loaded).priority, only(&loaded).state), (255, InitialState::Master));
    assert!(has(&loaded, "owner-by-state"));
    assert_eq!(exit_code(&loaded.diagnostics), 0);
}

#[test]
fn priority_255_wants_to_be_master_unless_told_otherwise() {
    assert_eq!(only(&instance("priority 255")).state, InitialState::Master);
    assert_eq!(only(&instance("priority 255\nstate BACKUP")).state, InitialState::Backup);
    assert_eq!(only(&instance("priority 255\nstate BACKUP\nstrict_mode")).state, InitialState::Master);
}

#[test]
fn version_2_never_advertises_faster_than_once_a_second() {
    let loaded = instance("advert_int 0.4");
    assert_eq!(only(&loaded).advert_interval, Duration::from_secs(1));
    let finding = loaded.diagnostics.iter().next().unwrap();
    assert_eq!((finding.severity, finding.code), (Severity::Error, "advert-interval"));
    assert!(finding.message.contains("0.4 s"), "{}", finding.message);
    assert_eq!(only(&instance("version 3\nadvert_int 0.4")).advert_interval, Duration::from_millis(400));
}

#[test]
fn an_interval_is_rounded_to_the_unit_of_the_version() {
    assert_eq!(only(&instance("advert_int 1.5")).advert_interval, Duration::from_secs(2));
    assert_eq!(only(&instance("version 3\nadvert_int 0.015")).advert_interval, Duration::from_millis(20));
    assert_eq!(only(&instance("version 3\nadvert_int 200")).advert_interval, Duration::from_millis(40_950));
    assert_eq!(only(&instance("advert_int 300")).advert_interval, Duration::from_secs(1));
}

#[test]
fn passwords_are_eight_octets() {
    let auth = |pass| instance(&format!("authentication {{\nauth_type PASS\nauth_pass {pass}\n}}"));
    assert_eq!(only(&auth("abc")).auth, Auth::Password(*b"abc\0\0\0\0\0"));
    let long = auth("123456789");
    assert_eq!(only(&long).auth, Auth::Password(*b"12345678"));
    assert!(has(&long, "password-length"));
    assert!(!format!("{:?}", long.config).contains("123"), "a dump shows no secret");
}

#[test]
fn authentication_is_ignored_where_it_does_not_exist() {
    for lines in ["version 3", "strict_mode\naccept"] {
        let loaded = instance(&format!("{lines}\nauthentication {{\nauth_type PASS\nauth_pass x\n}}"));
        assert_eq!(only(&loaded).auth, Auth::None, "{lines}");
        assert!(has(&loaded, "auth-ignored"));
    }
    assert_eq!(only(&instance("authentication {\nauth_pass x\n}")).auth, Auth::None);
    assert_eq!(
        only(&instance("authentication {\nauth_type AH\nauth_pass x\n}")).auth,
        Auth::Ah(*b"x\0\0\0\0\0\0\0")
    );
}

#[test]
fn preemption_follows_keepaliveds_refusals() {
    let preempt = |lines| only(&instance(lines)).preempt;
    assert_eq!(preempt("nopreempt"), Preempt::Never);
    assert_eq!(preempt("nopreempt\npreempt"), Preempt::AtOnce);
    assert_eq!(preempt("preempt_delay 2.5"), Preempt::After(Duration::from_millis(2500)));
    assert_eq!(preempt("nopreempt\npreempt_delay 5"), Preempt::Never);
    assert_eq!(preempt("state MASTER\npriority 100\nnopreempt"), Preempt::AtOnce);
    assert_eq!(preempt("state MASTER\npriority 100\npreempt_delay 5"), Preempt::AtOnce);
    assert_eq!(preempt("priority 255\nnopreempt"), Preempt::AtOnce);
    assert_eq!(preempt("strict_mode\npreempt_delay 5"), Preempt::AtOnce);
    assert_eq!(preempt("preempt_delay 1001"), Preempt::AtOnce);
}

#[test]
fn strict_mode_changes_what_it_should() {
    let loaded =
        instance("strict_mode\ndown_timer_adverts 9\ngarp_lower_prio_repeat 4\nhigher_prio_send_advert");
    let a = only(&loaded);
    assert_eq!((a.down_adverts, a.garp.lower_priority_repeat, a.accept), (3, 0, false));
    assert!(a.lower_priority_no_advert && a.higher_priority_send_advert == Some(false));
    assert!(has(&loaded, "strict-without-accept"));
    let loaded = instance("strict_mode\naccept");
    assert!(only(&loaded).accept && !has(&loaded, "strict-without-accept"));
    let owner = instance("strict_mode\npriority 255");
    assert!(
        only(&owner).accept && only(&owner).owner_ignores_adverts && !has(&owner, "strict-without-accept")
    );
}

#[test]
fn packets_are_accepted_unless_the_file_or_strict_mode_says_otherwise() {
    let accept = |text: &str| only(&instance(text)).accept;
    assert!(accept(""));
    assert!(!accept("no_accept"));
    assert!(!accept("accept\nno_accept"));
    assert!(accept("no_accept\naccept"));
    assert!(accept("priority 255\nno_accept"), "an owner accepts whatever the file says");
    assert!(!accept("strict_mode\nno_accept"));
    assert!(!has(&instance("strict_mode\nno_accept"), "strict-without-accept"), "it is meant");
}

#[test]
fn a_garp_group_gives_its_interfaces_a_gap() {
    let text = "garp_group {\ngarp_interval 0.1\ninterface eth0\n}\n\
                garp_group {\ngna_interval 2\ninterfaces {\neth1\neth2\neth0\n}\n}\ngarp_group {\ngarp_interval 1\n}\n\
                garp_group {\ninterface eth3\n}\n";
    let loaded = load_str(text);
    let groups: Vec<_> = loaded
        .config
        .global
        .garp_groups
        .iter()
        .map(|group| (group.garp_interval, group.gna_interval, group.interfaces.join(" ")))
        .collect();
    let (tenth, two) = (Duration::from_millis(100), Duration::from_secs(2));
    let expected =
        [(tenth, Duration::ZERO, "eth0".to_owned()), (Duration::ZERO, two, "eth1 eth2".to_owned())];
    assert_eq!(groups, expected);
    assert!(has(&loaded, "repeated") && has(&loaded, "incomplete") && !has(&loaded, "not-acted-on"));
}

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
fn an_instance_that_cannot_work_makes_the_configuration_unusable() {
    let problem = |text: &str| match load_str(text).usable {
        Err(Unusable::Instance { name, problem }) => {
            assert_eq!(name, "A");
            Some(problem)
        }
        Ok(()) => None,
        Err(other) => panic!("{other}"),
    };
    let vip = "virtual_ipaddress {\n192.0.2.1\n}";
    assert_eq!(
        problem(&format!("vrrp_instance A {{\ninterface eth0\n{vip}\n}}")),
        Some(InstanceProblem::NoVirtualRouterId)
    );
    assert_eq!(
        problem(&format!("vrrp_instance A {{\nvirtual_router_id 7\n{vip}\n}}")),
        Some(InstanceProblem::NoInterface)
    );
    let head = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\n";
    assert_eq!(problem(&format!("{head}version 3\n}}")), Some(InstanceProblem::NoAddress));
    assert_eq!(problem(&format!("{head}strict_mode\n}}")), Some(InstanceProblem::NoAddress));
    assert_eq!(problem(&format!("{head}version 3\nno_virtual_ipaddress\n}}")), None);
    assert_eq!(problem(&format!("{head}}}")), None);
    assert_eq!(problem(&format!("{head}strict_mode\n{vip}\nunicast_peer {{\n192.0.2.2\n}}\n}}")), None);
    assert_eq!(
        problem(&format!("{head}strict_mode\nvirtual_ipaddress {{\n2001:db8::1\n}}\n}}")),
        Some(InstanceProblem::StrictLinkLocal)
    );
}

#[test]
fn unicast_with_a_source_needs_no_interface() {
    let loaded = load_str(
        "vrrp_instance A {\nvirtual_router_id 7\nunicast_src_ip 192.0.2.1\nunicast_peer {\n\
         192.0.2.2\n192.0.2.3 min_ttl 254\n}\nvirtual_ipaddress {\n192.0.2.9\n}\n}\n",
    );
    let a = only(&loaded);
    assert_eq!((a.interface.as_deref(), a.multicast_group), (None, None));
    assert_eq!(a.unicast_peers[0].ttl, None);
    assert_eq!(a.unicast_peers[1].ttl, Some((254, 255)));
    assert_eq!(loaded.usable, Ok(()));
}

#[test]
fn the_first_address_decides_the_family() {
    let loaded = load_str(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\nfe80::7\n192.0.2.1\n}\n\
         virtual_ipaddress_excluded {\n192.0.2.2\n}\n}\n",
    );
    let a = only(&loaded);
    assert!(a.ipv6 && a.version == 3 && has(&loaded, "family"));
    assert_eq!((a.addresses.len(), a.excluded_addresses.len()), (1, 1));
    assert_eq!(a.multicast_group, Some("ff02::12".parse().unwrap()));
}

#[test]
fn address_options_are_resolved() {
    let loaded = load_str(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n\
         192.0.2.10/24 brd + dev eth1 label eth1:0 scope link no_track\n\
         192.0.2.11/24 broadcast -\n192.0.2.12/31 brd +\n192.0.2.13 peer 198.51.100.1/32\n}\n}\n",
    );
    let addresses = &only(&loaded).addresses;
    let first = &addresses[0];
    assert_eq!(first.broadcast, Some("192.0.2.255".parse().unwrap()));
    assert_eq!(
        (first.interface.as_deref(), first.label.as_deref(), first.scope),
        (Some("eth1"), Some("eth1:0"), 253)
    );
    assert!(first.no_track && !first.duplicate_detection);
    assert_eq!(addresses[1].broadcast, Some("192.0.2.0".parse().unwrap()));
    assert_eq!(addresses[2].broadcast, None);
    assert_eq!(addresses[3].peer, Some("198.51.100.1/32".parse().unwrap()));
    assert_eq!(exit_code(&loaded.diagnostics), 5);
}

#[test]
fn an_ipv6_host_address_is_deprecated_at_once() {
    let loaded = load_str(
        "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n\
         fe80::7\n2001:db8::7/64\n2001:db8::8 preferred_lft forever\n2001:db8::9 -nodad preferred_lft 60\n}\n}\n",
    );
    let lifetimes: Vec<_> =
        only(&loaded).addresses.iter().map(|address| address.preferred_lifetime).collect();
    assert_eq!(lifetimes, [Some(0), None, None, Some(60)]);
    assert!(only(&loaded).addresses[3].duplicate_detection);
}

#[test]
fn tracks_of_the_own_interface_are_left_out_with_a_warning() {
    let loaded = instance("track_interface {\neth0\neth1 weight -20 reverse\n}");
    assert!(has(&loaded, "own-interface"));
    let tracked = &only(&loaded).track_interfaces;
    assert_eq!(tracked.len(), 1);
    assert_eq!((tracked[0].interface.as_str(), tracked[0].weight, tracked[0].reverse), ("eth1", -20, true));
}

const SCRIPTS: &str = "vrrp_script near {\nscript /bin/true\nweight -5 reverse\nuser nobody\n}\n";

#[test]
fn a_track_line_overrides_the_weight_of_its_script() {
    let loaded = load_str(&format!(
        "{SCRIPTS}vrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\ntrack_script {{\nnear\n}}\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n\
         vrrp_instance B {{\ninterface eth0\nvirtual_router_id 8\ntrack_script {{\nnear weight 254 noreverse\n}}\nvirtual_ipaddress {{\n192.0.2.2\n}}\n}}\n"
    ));
    let [a, b] = loaded.config.instances.as_slice() else { panic!("two instances") };
    assert_eq!((a.track_scripts[0].weight, a.track_scripts[0].reverse), (-5, true));
    assert_eq!((b.track_scripts[0].weight, b.track_scripts[0].reverse), (253, false));
}

#[test]
fn a_script_below_its_track_line_is_told_apart_from_a_misspelt_one() {
    let track = |name| format!("vrrp_instance A {{\ntrack_script {{\n{name}\n}}\n}}\n");
    let help = |text: &str| {
        let loaded = load_str(text);
        let finding = loaded.diagnostics.iter().find(|finding| finding.code == "unknown-script").unwrap();
        finding.help.clone().unwrap_or_default()
    };
    assert!(help(&format!("{}{SCRIPTS}", track("near"))).contains("defined below"));
    assert!(help(&format!("{SCRIPTS}{}", track("naer"))).contains("did you mean `near`"));
}

#[test]
fn script_times_and_counts_have_their_substitutes() {
    let loaded = load_str(
        "vrrp_script s {\nscript /bin/true\ninterval 0\ntimeout 2.5\nrise 0\nfall 3\nweight 300\n}\n",
    );
    let script = &loaded.config.scripts[0];
    assert_eq!((script.interval, script.timeout), (Duration::from_secs(1), Duration::from_millis(2500)));
    assert_eq!((script.rise, script.fall, script.weight, script.reverse), (1, 3, 253, false));
    let loaded = load_str("vrrp_script s {\nscript /bin/true\ninterval 7\n}\n");
    assert_eq!(loaded.config.scripts[0].timeout, Duration::from_secs(7));
}

#[test]
fn a_check_that_cannot_be_run_keeps_its_result_unless_the_file_says_otherwise() {
    for (line, expected) in [
        ("", OnShortage::Keep),
        ("on_shortage keep", OnShortage::Keep),
        ("on_shortage fail", OnShortage::Fail),
        ("on_shortage fail\non_shortage maybe", OnShortage::Fail),
    ] {
        let loaded = load_str(&format!("vrrp_script s {{\nscript /bin/true\n{line}\n}}\n"));
        assert_eq!(loaded.config.scripts[0].on_shortage, expected, "{line}");
        assert_eq!(has(&loaded, "bad-value"), line.ends_with("maybe"), "{line}");
    }
}

#[test]
fn the_last_script_user_counts_for_the_whole_file() {
    let before = "vrrp_script a {\nscript /bin/true\n}\nglobal_defs {\nscript_user root\n}\n";
    let after = "vrrp_script b {\nscript /bin/true\n}\nvrrp_script c {\nuser root\nscript /bin/true\n}\n";
    let loaded = load_str(&format!("{before}{after}global_defs {{\nscript_user nobody :nogroup\n}}\n"));
    let users: Vec<_> = loaded.config.scripts.iter().map(|script| script.command.user.clone()).collect();
    let nobody = Some(User { user: "nobody".into(), group: Some("nogroup".into()) });
    assert_eq!(users, [nobody.clone(), nobody, Some(User { user: "root".into(), group: None })]);
    assert!(loaded.diagnostics.has_code("script-user-again"));
}

#[test]
fn script_user_below_counts_for_every_kind_of_command() {
    let text = "global_defs {\nvrrp_notify_fifo /run/f\nvrrp_notify_fifo_script /bin/f\nstartup_script /bin/s\n}\n\
        vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nnotify /bin/a\nnotify_master /bin/b\n\
        notify_backup /bin/c\nnotify_fault /bin/d\nnotify_stop /bin/e\nnotify_deleted /bin/f\n\
        notify_master_rx_lower_pri /bin/g\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n\
        virtual_server 192.0.2.1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nquorum_up /bin/h\nquorum_down /bin/i\n\
        real_server 192.0.2.2 80 {\nnotify_up /bin/j\nnotify_down /bin/k\nMISC_CHECK {\nmisc_path /bin/l\n}\n}\n}\n\
        global_defs {\nscript_user nobody\nenable_script_security\n}\n";
    let loaded = load_str(text);
    let config = format!("{:?} {:?}", loaded.config, loaded.idle_commands);
    // Thirteen that run, the FIFO's, the startup script, and `script_user` itself.
    assert_eq!(config.matches("user: \"nobody\"").count(), 7 + 4 + 1 + 1 + 1 + 1, "{config}");
    assert!(!config.contains(" user: None"), "{config}");
    assert!(loaded.config.global.script_security);
}

#[test]
fn a_notify_line_has_command_user_and_group() {
    let loaded =
        instance("notify_master \"/etc/keepalived/notify.sh master\" nobody nogroup\nnotify_deleted");
    let notify = &only(&loaded).notify;
    let master = notify.master.as_ref().unwrap();
    assert_eq!(master.text, "/etc/keepalived/notify.sh master");
    assert_eq!(master.run, Run::Exec(vec!["/etc/keepalived/notify.sh".into(), "master".into()]));
    assert_eq!(master.user, Some(User { user: "nobody".into(), group: Some("nogroup".into()) }));
    assert_eq!(notify.deleted, Some(None));
}

#[test]
fn arguments_outside_of_quotes_are_pointed_out() {
    for lines in ["notify_master /etc/keepalived/notify.sh master", "notify /bin/x a b c"] {
        assert!(has(&instance(lines), "unquoted-command"), "{lines}");
    }
    assert!(!has(&instance("notify_master /bin/x nobody nogroup"), "unquoted-command"));
    assert!(has(&load_str("vrrp_script s {\nscript /bin/x arg\n}\n"), "unquoted-command"));
}

#[test]
fn shell_text_is_run_by_a_shell_and_the_file_form_by_nothing() {
    let run = |script: &str| {
        let loaded = load_str(&format!("vrrp_script s {{\nscript {script}\n}}\n"));
        (loaded.config.scripts[0].command.run.clone(), loaded)
    };
    let (shell, loaded) = run("\"[[ -f /run/down ]] && exit 1 || exit 0\"");
    assert_eq!(shell, Run::Shell { bash: true });
    assert_eq!(loaded.config.scripts[0].command.text, "[[ -f /run/down ]] && exit 1 || exit 0");
    let note = loaded.diagnostics.iter().find(|finding| finding.code == "shell-text").unwrap();
    assert_eq!((note.severity, note.class), (Severity::Note, Class::None));
    let (file, loaded) = run("\"</run/up\"");
    assert_eq!(file, Run::FileReadable("/run/up".into()));
    assert!(!has(&loaded, "script-security"));
    assert!(has(&run("\"killall -0 haproxy\"").1, "process-check"));
}

#[test]
fn scripts_without_script_security_are_warned_about_once() {
    let loaded = instance("notify /bin/true\nnotify_master /bin/true");
    let warnings: Vec<_> =
        loaded.diagnostics.iter().filter(|finding| finding.class == Class::Security).collect();
    assert_eq!(warnings.len(), 1);
    let help = warnings[0].help.as_deref().unwrap();
    assert!(help.contains("enable_script_security") && help.contains("script_user"), "{help}");
    assert_eq!(exit_code(&loaded.diagnostics), 6);
    let secure = load_str("global_defs {\nenable_script_security\n}\nvrrp_script s {\nscript /bin/true\n}\n");
    assert_eq!(exit_code(&secure.diagnostics), 0);
}

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
fn one_vrid_is_one_router_per_interface_and_family() {
    let block = |name: &str, interface: &str, address: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface {interface}\nvirtual_router_id 7\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let several =
        block("A", "eth0", "192.0.2.1") + &block("B", "eth1", "192.0.2.2") + &block("C", "eth0", "fe80::1");
    assert!(load_str(&several).diagnostics.is_empty());
    let loaded = load_str(&(several + &block("D", "eth0", "192.0.2.4")));
    assert!(has(&loaded, "duplicate-router"));
    assert_eq!(loaded.config.instances.len(), 4, "it stays in the model: it is in FAULT");
}

#[test]
fn unicast_instances_of_one_vrid_are_routers_of_their_own_if_peers_or_sources_differ() {
    let block = |name: &str, source: &str, peers: &str, address: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id 7\nunicast_src_ip {source}\nunicast_peer {{\n{peers}\n}}\nvirtual_ipaddress {{\n{address}\n}}\n}}\n"
        )
    };
    let several = block("A", "10.0.0.1", "10.0.0.2\n10.0.0.3", "192.0.2.1")
        + &block("B", "10.0.0.1", "10.0.0.2", "192.0.2.2")
        + &block("C", "10.0.0.9", "10.0.0.2", "192.0.2.3");
    assert!(!has(&load_str(&several), "duplicate-router"));
    let again = several + &block("D", "10.0.0.1", "10.0.0.3\n10.0.0.2", "192.0.2.4");
    assert!(has(&load_str(&again), "duplicate-router"), "in whatever order the peers are written");
}

#[test]
fn an_address_that_two_instances_hold_is_pointed_out() {
    let block = |name: &str, vrid: u8| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        )
    };
    let loaded = load_str(&(block("A", 1) + &block("B", 2)));
    assert!(has(&loaded, "shared-address"));
    assert_eq!((loaded.config.instances.len(), exit_code(&loaded.diagnostics)), (2, 0));
}

#[test]
fn surplus_addresses_are_held_without_being_advertised() {
    let mut lines = String::new();
    for last in 0..=255 {
        let _ = writeln!(lines, "198.51.100.{last}");
    }
    let loaded = load_str(&format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {{\n{lines}}}\n}}\n"
    ));
    assert_eq!((only(&loaded).addresses.len(), only(&loaded).excluded_addresses.len()), (255, 1));
    assert!(has(&loaded, "too-many-addresses"));
}

#[test]
fn more_ipv6_addresses_than_a_packet_takes_are_held_and_reported_as_left_out() {
    let with = |count: u32| {
        let lines = (1..=count).map(|n| format!("fe80::{n:x}")).collect::<Vec<_>>().join("\n");
        load_str(&format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {{\n{lines}\n}}\n}}\n"
        ))
    };
    assert!(!has(&with(89), "too-many-addresses"));
    let loaded = with(90);
    assert!(has(&loaded, "too-many-addresses"));
    assert_eq!((only(&loaded).addresses.len(), only(&loaded).excluded_addresses.len()), (89, 1));
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
fn instance_and_namespace_imply_the_pid_directory() {
    let loaded = load_str("instance a\nnet_namespace b\ninstance c\n");
    let global = &loaded.config.global;
    assert_eq!((global.instance.as_deref(), global.net_namespace.as_deref()), (Some("a"), Some("b")));
    assert!(global.use_pid_dir && has(&loaded, "repeated"));
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
fn state_master_is_refused_where_it_contradicts_the_rest() {
    let auth = "authentication {\nauth_type AH\nauth_pass x\n}";
    let ah = instance(&format!("state MASTER\npriority 100\nnopreempt\n{auth}"));
    assert_eq!((only(&ah).state, only(&ah).preempt), (InitialState::Backup, Preempt::Never));
    let strict = instance("strict_mode\naccept\nstate MASTER\npriority 100");
    assert_eq!(only(&strict).state, InitialState::Backup);
    assert!(has(&ah, "state-refused") && has(&strict, "state-refused"));
}

#[test]
fn members_of_a_group_may_be_defined_after_it() {
    let group = "vrrp_sync_group G {\ngroup {\nA\nB\n}\n}\n";
    let a = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 7\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n";
    let loaded = load_str(&format!("{group}{a}"));
    let missing: Vec<_> =
        loaded.diagnostics.iter().filter(|finding| finding.code == "unknown-instance").collect();
    assert_eq!(missing.len(), 1);
    assert!(missing[0].message.contains("vrrp_instance B"), "{}", missing[0].message);
    assert!(has(&load_str(&format!("{group}{group}")), "duplicate-group"));
    assert!(has(&load_str("vrrp_sync_group G {\n}\n"), "empty-group"));
}

#[test]
fn text_behind_the_address_of_a_peer_is_dropped() {
    let loaded = instance("unicast_src_ip 192.0.2.2/24\nunicast_peer {\n192.0.2.3/24\n192.0.2.4\n}");
    assert_eq!(exit_code(&loaded.diagnostics), 0);
    assert!(has(&loaded, "prefix-ignored"));
    let instance = only(&loaded);
    assert_eq!(instance.source, Some("192.0.2.2".parse().unwrap()));
    let peers: Vec<_> = instance.unicast_peers.iter().map(|peer| peer.address.to_string()).collect();
    assert_eq!(peers, ["192.0.2.3", "192.0.2.4"]);
}

const TWO: &str = "vrrp_script s {\nscript /bin/true\nweight 20\n}\nvrrp_script c {\nscript /bin/true\n}\n\
    vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\ntrack_interface {\neth8 weight 5\neth9\n}\n\
    track_script {\ns\nc\n}\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n\
    vrrp_instance B {\ninterface eth0\nvirtual_router_id 2\nvirtual_ipaddress {\n192.0.2.2\n}\n}\n";

/// Weights of A's trackers by name, in a group with these lines.
fn tracks_of_member(lines: &str) -> (Vec<(String, i16)>, Loaded) {
    let loaded = load_str(&format!("{TWO}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n{lines}\n}}\n"));
    let a = &loaded.config.instances[0];
    let interfaces = a.track_interfaces.iter().map(|tracked| (tracked.interface.clone(), tracked.weight));
    let name = |script: usize| loaded.config.scripts[script].name.clone();
    let scripts = a.track_scripts.iter().map(|tracked| (name(tracked.script), tracked.weight));
    (interfaces.chain(scripts).collect(), loaded)
}

#[test]
fn members_of_a_group_follow_no_weight_unless_the_group_says_so() {
    let of = |list: &[(&str, i16)]| -> Vec<_> {
        list.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect()
    };
    let (tracks, loaded) = tracks_of_member("");
    assert_eq!(tracks, of(&[("eth8", 0), ("eth9", 0), ("c", 0)]));
    assert!(has(&loaded, "group-weight"));
    let finding = loaded.diagnostics.iter().find(|finding| finding.code == "group-weight").unwrap();
    assert_eq!(finding.class, Class::General, "keepalived complains too");
    for allows in ["sync_group_tracking_weight", "global_tracking"] {
        let (tracks, loaded) = tracks_of_member(allows);
        assert_eq!(tracks, of(&[("eth8", 5), ("eth9", 0), ("s", 20), ("c", 0)]));
        assert!(!has(&loaded, "group-weight"));
        assert!(loaded.config.sync_groups[0].tracking_weight);
    }
}

#[test]
fn tracks_of_a_group_are_dropped_from_its_members() {
    let (tracks, loaded) =
        tracks_of_member("track_interface {\neth8 weight 30\n}\ntrack_script {\ns\nc weight 7\n}");
    assert_eq!(tracks, [("eth9".to_owned(), 0)]);
    assert!(has(&loaded, "tracked-twice") && !has(&loaded, "group-weight"));
    let group = &loaded.config.sync_groups[0];
    assert_eq!(group.track_interfaces[0].weight, 30);
    assert_eq!(group.track_scripts.iter().map(|tracked| tracked.weight).collect::<Vec<_>>(), [20, 7]);
}

/// A sync group of two with these lines; these are what A tracks.
fn with_other_trackers(of_group: &str, of_member: &str) -> Loaded {
    let instance = |name: &str, vrid: u8, lines: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\n{lines}\nvirtual_ipaddress \
             {{\n192.0.2.{vrid}\n}}\n}}\n"
        )
    };
    let trackers = "track_file F {\nfile /run/f\n}\ntrack_file Z {\nfile /run/z\nweight 3\n}\n\
                    vrrp_track_process P {\nprocess p\nweight 10\n}\nbfd_instance N {\nneighbor_ip 192.0.2.2\n\
                    weight 7\n}\n";
    let (a, b) = (instance("A", 1, of_member), instance("B", 2, ""));
    load_str(&format!("{trackers}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n{of_group}\n}}\n{a}{b}"))
}

const OTHER_TRACKERS: &str =
    "track_file {\nF\nZ\n}\ntrack_process {\nP weight -20\n}\ntrack_bfd {\nN weight 5 reverse\n}";

#[test]
fn files_processes_and_bfd_sessions_of_a_group_stand_for_those_of_its_members() {
    let loaded = with_other_trackers(OTHER_TRACKERS, "track_file {\nF weight 5\n}\ntrack_process {\nP\n}");
    let group = &loaded.config.sync_groups[0];
    let weights =
        |list: &[Tracked]| list.iter().map(|track| (track.weight, track.reverse)).collect::<Vec<_>>();
    assert_eq!(weights(&group.track_files), [(1, false), (3, false)]);
    assert_eq!(weights(&group.track_processes), [(-20, false)]);
    assert_eq!(weights(&group.track_bfd), [(5, true)]);
    let member = &loaded.config.instances[0];
    assert!(member.track_files.is_empty() && member.track_processes.is_empty());
    assert!(has(&loaded, "tracked-twice") && !has(&loaded, "not-acted-on"));
    assert!(has(&with_other_trackers("track_file {\nnone\n}", ""), "unknown-tracker"));
}

#[test]
fn members_follow_weights_of_processes_but_not_of_files_and_bfd_sessions() {
    let loaded = with_other_trackers("", OTHER_TRACKERS);
    let member = &loaded.config.instances[0];
    // A file without a weight of its own is a FAULT unless it says 0.
    assert_eq!(member.track_files.iter().map(|track| track.weight).collect::<Vec<_>>(), [0]);
    assert_eq!(member.track_processes[0].weight, -20);
    assert!(member.track_bfd.is_empty() && has(&loaded, "group-weight"));
    let loaded = with_other_trackers("sync_group_tracking_weight", OTHER_TRACKERS);
    let member = &loaded.config.instances[0];
    assert_eq!((member.track_files.len(), member.track_bfd.len()), (2, 1));
    assert!(!has(&loaded, "group-weight"));
}

#[test]
fn a_group_has_scripts_of_its_own_and_mail_as_instances_have() {
    let lines = "notify_master \"/bin/true x\" nobody\nnotify /bin/n\nnotify_stop /bin/s\nsmtp_alert\n\
                 notify_priority_changes true";
    let (_, loaded) = tracks_of_member(lines);
    let group = &loaded.config.sync_groups[0];
    assert_eq!(group.members, [0, 1]);
    let text = |command: &Option<Box<Command>>| command.as_ref().map(|command| command.text.clone());
    let notify = &group.notify;
    let texts = [&notify.master, &notify.any, &notify.stop, &notify.backup].map(text);
    assert_eq!(
        texts,
        [Some("/bin/true x"), Some("/bin/n"), Some("/bin/s"), None].map(|text| text.map(str::to_owned))
    );
    assert!(
        group.smtp_alert && loaded.config.instances.iter().all(|instance| instance.notify_priority_changes)
    );
    let global = load_str(&format!(
        "global_defs {{\nscript_user joe\nsmtp_alert_vrrp\n}}\n{TWO}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\nnotify /bin/n\n}}\n"
    ));
    let group = &global.config.sync_groups[0];
    assert!(group.smtp_alert);
    assert_eq!(group.notify.any.as_ref().unwrap().user.as_ref().unwrap().user, "joe");
}

#[test]
fn members_of_a_sync_group_are_counted() {
    let two = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n\
               vrrp_instance B {\ninterface eth0\nvirtual_router_id 2\nvirtual_ipaddress {\n192.0.2.2\n}\n}\n";
    for (members, code) in [
        ("A\nB", None),
        ("A", Some("lonely-group")),
        ("A\nA\nB", Some("member-twice")),
        ("", Some("empty-group")),
    ] {
        let loaded = load_str(&format!("{two}vrrp_sync_group G {{\ngroup {{\n{members}\n}}\n}}\n"));
        let warnings = loaded.diagnostics.iter().filter(|finding| finding.class != Class::None);
        assert_eq!(warnings.map(|finding| finding.code).next(), code, "{members}");
    }
}

#[test]
fn words_behind_a_check_are_no_user() {
    let loaded = load_str(
        "vrrp_script a {\nscript /usr/bin/killall -0 haproxy\n}\nvirtual_server 192.0.2.1 80 {\n\
         real_server 192.0.2.2 80 {\nMISC_CHECK {\nmisc_path /bin/check one two\n}\n}\n}\n",
    );
    let commands = [&loaded.config.scripts[0].command, &loaded.config.checks[0]];
    for (command, text) in commands.iter().zip(["/usr/bin/killall", "/bin/check"]) {
        assert_eq!((command.text.as_str(), &command.user), (text, &None));
    }
    let unquoted = loaded.diagnostics.iter().filter(|finding| finding.code == "unquoted-command");
    assert_eq!(unquoted.count(), 2);
}

#[test]
fn an_address_listed_twice_is_advertised_twice_as_keepalived_does() {
    let loaded = load_str(
        "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1/24\n192.0.2.1/24\n192.0.2.1\n}\n\
         virtual_ipaddress_excluded {\n192.0.2.1/24\n}\n}\n",
    );
    let listed: Vec<_> = only(&loaded).addresses.iter().map(|address| address.network.to_string()).collect();
    assert_eq!(listed, ["192.0.2.1/24", "192.0.2.1/24", "192.0.2.1/32"]);
    assert_eq!(only(&loaded).excluded_addresses.len(), 1);
    assert!(has(&loaded, "duplicate-address"));
    assert_eq!(exit_code(&loaded.diagnostics), 0);
}

#[test]
fn an_unknown_option_costs_itself_and_not_the_tracker() {
    let loaded = load_str(
        "vrrp_script c {\nscript /bin/true\n}\nvrrp_instance V {\ninterface eth0\nvirtual_router_id 1\n\
         track_interface {\neth1 weight -30 noreverse\neth2 foo\n}\ntrack_script {\nc foo weight 3 bar\n}\n\
         virtual_ipaddress {\n192.0.2.1\n}\n}\n",
    );
    let instance = only(&loaded);
    let interfaces: Vec<_> =
        instance.track_interfaces.iter().map(|tracked| (&*tracked.interface, tracked.weight)).collect();
    assert_eq!(interfaces, [("eth1", -30), ("eth2", 0)]);
    assert_eq!(instance.track_scripts[0].weight, 3);
    assert_eq!(loaded.diagnostics.iter().filter(|finding| finding.code == "unknown-option").count(), 4);
}

#[test]
fn an_empty_command_runs_nothing_and_stops_nothing() {
    let loaded = instance("notify_master \"\"\nnotify_stop ''\nnotify \" \"\nnotify_deleted \"\"");
    let notify = &only(&loaded).notify;
    assert_eq!(
        (&notify.master, &notify.stop, &notify.any, &notify.deleted),
        (&None, &None, &None, &Some(None))
    );
    assert_eq!((exit_code(&loaded.diagnostics), loaded.usable), (0, Ok(())));
    assert_eq!(loaded.diagnostics.iter().filter(|finding| finding.code == "empty-command").count(), 4);
}

#[test]
fn weights_mean_nothing_to_an_address_owner() {
    let trackers = "track_interface {\neth1\neth2 weight 5\n}\ntrack_script {\nc\nd weight 9\n}";
    let scripts = "vrrp_script c {\nscript /bin/true\n}\nvrrp_script d {\nscript /bin/true\n}\n";
    let of = |priority: u8| {
        let loaded = load_str(&format!(
            "{scripts}vrrp_instance V {{\ninterface eth0\nvirtual_router_id 1\npriority {priority}\n{trackers}\n\
             virtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        ));
        let instance = only(&loaded);
        (instance.track_interfaces.len(), instance.track_scripts.len(), has(&loaded, "owner-weight"))
    };
    assert_eq!((of(254), of(255)), ((2, 2, false), (1, 1, true)));
}

#[test]
fn the_keys_of_auth_hmac_are_numbered_and_one_of_them_signs() {
    let text = "auth_hmac {\nkey 1 0123456789012345678901234567890123456789\n\
                key 7 hex:000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f\n active_key 7\n";
    let loaded = instance(&format!("{text}}}"));
    assert!(loaded.diagnostics.is_empty(), "{:?}", loaded.diagnostics);
    let Auth::Hmac(hmac) = &only(&loaded).auth else { panic!("{:?}", only(&loaded).auth) };
    assert_eq!((hmac.active, hmac.mode, hmac.window), (7, HmacMode::Enforce, Some(Duration::from_secs(5))));
    assert_eq!(hmac.active_key().unwrap().secret, [0..16, 0..16].into_iter().flatten().collect::<Vec<u8>>());
    assert_eq!(hmac.key(1).unwrap().secret.len(), 40);
    assert!(!format!("{:?}", loaded.config).contains("01234"), "a dump shows no secret");

    let of = |lines: &str| match &only(&instance(&format!("{lines}\n{text}\n}}"))).auth {
        Auth::Hmac(hmac) => hmac.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(of("advert_int 4").window, Some(Duration::from_secs(12)));
    let of = |lines: &str| match &only(&instance(&format!("{text}\n{lines}\n}}"))).auth {
        Auth::Hmac(hmac) => hmac.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(of("anti_replay monotonic\ntime_window 9").window, None);
    assert_eq!(of("time_window 9").window, Some(Duration::from_secs(9)));
    assert_eq!(of("mode permissive").mode, HmacMode::Permissive);
    assert_eq!(of("mode receive-only").mode, HmacMode::ReceiveOnly);
}

#[test]
fn an_instance_whose_auth_hmac_cannot_be_used_is_an_error_and_takes_no_part() {
    let key = "key 1 0123456789012345678901234567890123456789";
    for lines in
        [key, &format!("{key}\nactive_key 2"), "key 1 short\nactive_key 1", "key 0 x\nactive_key 1", "key 1"]
    {
        let loaded = instance(&format!("auth_hmac {{\n{lines}\n}}"));
        assert_eq!((&only(&loaded).auth, has(&loaded, "auth-hmac")), (&Auth::UnusableHmac, true), "{lines}");
        assert_eq!((exit_code(&loaded.diagnostics), loaded.usable), (5, Ok(())));
    }
    let strict = format!("strict_mode\naccept\nauth_hmac {{\n{key}\nactive_key 1\nmode permissive\n}}");
    let loaded = instance(&strict);
    let Auth::Hmac(hmac) = &only(&loaded).auth else { panic!("{:?}", only(&loaded).auth) };
    assert_eq!((hmac.mode, has(&loaded, "auth-hmac")), (HmacMode::Enforce, true));
}

#[test]
fn a_key_may_stand_in_a_file_of_its_own() {
    let load = |content: &str| {
        let text = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 1\nauth_hmac {\nkey 1 file:/run/key\nactive_key 1\n}\n\
                    virtual_ipaddress {\n192.0.2.1\n}\n}\n";
        let files = MemoryFiles::from([("a.conf", text), ("/run/key", content)]);
        keepalived_conf::load(Path::new("a.conf"), &Options::new(&files))
    };
    let loaded = load("0123456789abcdef0123456789abcdef\r\n");
    let Auth::Hmac(hmac) = &only(&loaded).auth else { panic!("{:?}", only(&loaded).auth) };
    assert_eq!(hmac.keys[0].secret, b"0123456789abcdef0123456789abcdef");
    let empty = load("\n");
    assert_eq!((&only(&empty).auth, has(&empty, "auth-hmac")), (&Auth::UnusableHmac, true));
}

#[test]
fn the_loopback_interface_is_refused() {
    let loaded = load_str(
        "vrrp_instance V {\ninterface lo\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n",
    );
    assert!(has(&loaded, "loopback"));
    assert_eq!(loaded.usable.map_err(|why| why.exit_status()), Err(2));
}

#[test]
fn delays_of_announcements_end_where_32_bits_of_microseconds_do() {
    let delay = |text: &str| only(&instance(&format!("garp_master_delay {text}"))).garp.delay.as_secs();
    assert_eq!((delay("4294"), delay("4295"), delay("65535")), (4294, 5, 5));
}

#[test]
fn the_number_before_what_does_not_belong_in_a_prefix_length_counts() {
    let of = |length: &str| {
        let text = format!(
            "vrrp_instance V {{\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {{\n192.0.2.1/{length}\n}}\n}}\n"
        );
        let loaded = load_str(&text);
        assert!(has(&loaded, "bad-prefix-length"), "{length}");
        only(&loaded).addresses[0].network.prefix()
    };
    assert_eq!((of("24x"), of("24/24"), of("33"), of("x"), of("")), (24, 24, 32, 32, 32));
}

#[test]
fn a_router_that_is_its_own_peer_is_pointed_out() {
    let of = |source: &str| {
        let loaded = instance(&format!("unicast_src_ip {source}\nunicast_peer {{\n192.0.2.2\n192.0.2.3\n}}"));
        (has(&loaded, "own-peer"), exit_code(&loaded.diagnostics))
    };
    assert_eq!((of("192.0.2.2"), of("192.0.2.9")), ((true, 0), (false, 0)));
}

#[test]
fn scripts_of_start_and_end_have_their_limits_in_any_order() {
    let loaded = load_str(
        "global_defs {\nshutdown_script_timeout 3\nstartup_script \"/bin/a b\" nobody\nstartup_script /bin/c\n\
         shutdown_script /bin/d\nstartup_script_timeout 2000\n}\n",
    );
    let daemon = &loaded.config.global.daemon;
    let startup = daemon.startup_script.as_ref().unwrap();
    assert_eq!((startup.command.text.as_str(), startup.limit.as_secs()), ("/bin/a b", 10));
    assert_eq!(startup.command.user.as_ref().unwrap().user, "nobody");
    let shutdown = daemon.shutdown_script.as_ref().unwrap();
    assert_eq!((shutdown.command.text.as_str(), shutdown.limit.as_secs()), ("/bin/d", 3));
    assert!(has(&loaded, "repeated") && has(&loaded, "bad-value"));
}

#[test]
fn an_instance_tells_priorities_if_it_or_else_the_file_says_so() {
    for (global, own, expected) in
        [("off", "", false), ("on", "", true), ("on", "off", false), ("off", "on", true)]
    {
        let own = if own.is_empty() { String::new() } else { format!("notify_priority_changes {own}\n") };
        let text = format!(
            "global_defs {{\nvrrp_notify_priority_changes {global}\n}}\nvrrp_instance A {{\ninterface eth0\n\
             virtual_router_id 1\n{own}virtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        );
        assert_eq!(only(&load_str(&text)).notify_priority_changes, expected, "{global} {own}");
    }
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
fn the_checksum_of_old_keepaliveds_is_asked_for_refused_or_left_to_what_is_heard() {
    let asked = |lines: &str| {
        let loaded = instance(&format!("version 3\nunicast_peer {{\n192.0.2.2\n}}\n{lines}"));
        (loaded.config.instances[0].old_unicast_checksum, exit_code(&loaded.diagnostics))
    };
    assert_eq!(asked(""), (None, 0));
    assert_eq!(asked("old_unicast_checksum"), (Some(true), 0));
    assert_eq!(asked("old_unicast_checksum never"), (Some(false), 0));
    assert_eq!(asked("old_unicast_checksum sometimes").0, None);
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

#[test]
fn a_master_that_was_stalled_becomes_backup_only_with_nopreempt() {
    let rival = |lines: &str| only(&instance(lines)).backup_after_stall;
    assert_eq!(rival("nopreempt\ntimer_expired_backup"), Some(254));
    assert_eq!(rival("timer_expired_backup 150\nnopreempt"), Some(150));
    assert_eq!(rival("nopreempt\nthread_timer_expired 150"), Some(150));
    assert_eq!(rival("nopreempt"), None);
    for lines in ["timer_expired_backup", "timer_expired_backup\nnopreempt\nstate MASTER"] {
        let loaded = instance(lines);
        assert_eq!(only(&loaded).backup_after_stall, None);
        assert!(has(&loaded, "nopreempt"), "{:?}", loaded.diagnostics);
    }
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

#[test]
fn a_delay_of_an_interface_longer_than_the_wait_of_peers_is_reported() {
    let warned = |delay: &str, line: &str| {
        let loaded = load_str(&format!(
            "interface_up_down_delays {{\neth0 {delay}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\n\
             {line}\nvirtual_ipaddress {{\n192.0.2.10/24\n}}\n}}\n"
        ));
        (has(&loaded, "interface-delay"), exit_code(&loaded.diagnostics))
    };
    // Three adverts and the skew of priority 100.
    assert_eq!(warned("3.6", ""), (false, 0));
    assert_eq!(warned("3.7", ""), (true, 0));
    assert_eq!(warned("3.7", "advert_int 2"), (false, 0));
    assert_eq!(warned("3.7", "dont_track_primary"), (false, 0));
}
