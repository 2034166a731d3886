//! Settings of all virtual servers.

use super::*;

#[test]
fn the_sync_daemon_follows_an_instance_and_takes_its_number() {
    let daemon = |options: &str| {
        let loaded = load_str(&format!(
            "global_defs {{\nlvs_sync_daemon eth1 {options}\n}}\nvrrp_instance A {{\ninterface eth0\n\
             virtual_router_id 7\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
        ));
        let daemon = loaded.config.global.lvs.sync_daemon.clone().expect("a daemon");
        (daemon.instance, daemon.id, exit_code(&loaded.diagnostics))
    };
    assert_eq!(daemon(""), (None, 0, 0));
    assert_eq!(daemon("inst A"), (Some("A".to_owned()), 7, 0));
    assert_eq!(daemon("inst A id 3"), (Some("A".to_owned()), 3, 0));
    assert_eq!(daemon("A 3"), (Some("A".to_owned()), 3, 5));
    assert_eq!(daemon("inst NOPE id 2"), (None, 2, 0));
    assert_eq!(daemon("inst A id 300"), (Some("A".to_owned()), 7, 5));
}

#[test]
fn the_table_is_flushed_as_told() {
    let lvs = |lines: &str| load_str(&format!("global_defs {{\n{lines}\n}}\n")).config.global.lvs;
    assert_eq!(lvs("").flush_on_stop, FlushOnStop::Off);
    assert_eq!(lvs("lvs_flush_on_stop").flush_on_stop, FlushOnStop::Everything);
    assert_eq!(lvs("lvs_flush_onstop VS").flush_on_stop, FlushOnStop::VirtualServers);
    assert_eq!(lvs("lvs_timeouts tcp 10 udp 0").timeouts.udp, Some(0));
}

#[test]
fn a_foreign_weight_stays_for_its_time() {
    let reconcile = |line: &str| {
        let loaded = load_str(&format!("global_defs {{\n{line}\n}}\n"));
        (loaded.config.global.lvs.reconcile, exit_code(&loaded.diagnostics))
    };
    let restore = |seconds| Reconcile::Restore(Duration::from_secs(seconds));
    assert_eq!(reconcile(""), (restore(3600), 0));
    assert_eq!(reconcile("lvs_reconcile report"), (Reconcile::Report, 0));
    assert_eq!(reconcile("lvs_reconcile restore 30"), (restore(30), 0));
    assert_eq!(reconcile("lvs_reconcile at_once"), (restore(0), 0));
    for wrong in ["", "restore", "restore x", "restore 0", "never"] {
        let (taken, code) = reconcile(&format!("lvs_reconcile {wrong}"));
        assert!(taken == restore(3600) && code != 0, "{wrong}");
    }
}

#[test]
fn files_that_are_to_be_made_have_a_number_and_may_be_overwritten() {
    for (words, value, overwrite, findings) in [
        ("", 0, false, 0),
        ("5", 5, false, 0),
        ("-3 overwrite", -3, true, 0),
        ("overwrite 5", 5, true, 0),
        ("5 foo", 5, false, 1),
        ("99999999999", 0, false, 1),
        ("0x10", 0, false, 1),
    ] {
        let loaded = load_str(&format!("track_file a {{\nfile /run/load\ninit_file {words}\n}}\n"));
        let expected = InitFile { path: "/run/load".into(), value, overwrite };
        assert_eq!(loaded.config.init_files, [expected], "{words}");
        let found = loaded.diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count();
        assert_eq!(found, findings, "{words}: {:?}", loaded.diagnostics);
    }
}

#[test]
fn secrets_are_never_shown() {
    let text = "global_defs {\nsmtp_auth lb1 s3same open\nsmtp_auth lb1 s3same\n}\nSSL {\npassword s3same extra\n}\n\
                virtual_server 192.0.2.1 80 {\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 192.0.2.11 80 {\nHTTP_GET {\n\
                basic_auth probe s3same\nbasic_auth probe s3same s3same\nheader \"Authorization: Bearer s3same\"\nheader s3same\n\
                url {\npath /\n}\n}\n}\n}\nvrrp_instance A {\nauthentication { auth_pass s3same s3same\n}\n}\n";
    let loaded = load_str(text);
    assert!(loaded.config.global.mail.auth.is_some() && http(&loaded).basic_auth.is_some());
    let mut shown = format!("{:?}{}", loaded.config, render_all(&loaded.diagnostics, &loaded.sources, false));
    shown.extend(loaded.diagnostics.iter().map(|finding| render_line(finding, &loaded.sources)));
    assert!(has(&loaded, "bad-value") && has(&loaded, "extra-argument"));
    assert!(!shown.contains("s3same"), "{shown}");
}

#[test]
fn a_configuration_of_virtual_servers_alone_is_usable() {
    let loaded = server("", "MISC_CHECK {\nmisc_path /bin/true\n}");
    assert_eq!(loaded.usable, Ok(()));
    assert!(loaded.config.instances.is_empty());
    assert!(loaded.diagnostics.has_class(Class::Security));
    let bare = load_str("virtual_server {\n}\n");
    assert_eq!(exit_code(&bare.diagnostics), 2);
    assert!(bare.usable.is_err());
}
