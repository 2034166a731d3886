//! Scripts, trackers and notifications.

use super::*;

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
