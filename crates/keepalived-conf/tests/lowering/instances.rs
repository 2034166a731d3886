//! Instances: defaults, priorities, timers.

use super::*;

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
fn state_master_is_refused_where_it_contradicts_the_rest() {
    let auth = "authentication {\nauth_type AH\nauth_pass x\n}";
    let ah = instance(&format!("state MASTER\npriority 100\nnopreempt\n{auth}"));
    assert_eq!((only(&ah).state, only(&ah).preempt), (InitialState::Backup, Preempt::Never));
    let strict = instance("strict_mode\naccept\nstate MASTER\npriority 100");
    assert_eq!(only(&strict).state, InitialState::Backup);
    assert!(has(&ah, "state-refused") && has(&strict, "state-refused"));
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
