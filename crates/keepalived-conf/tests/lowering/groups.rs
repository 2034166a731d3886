//! Sync groups and what their members follow.

use super::*;

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
