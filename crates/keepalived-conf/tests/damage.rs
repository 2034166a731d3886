//! Damaged texts: the findings, and the rest that is understood all the same.

use keepalived_conf::model::Auth;
use keepalived_conf::{Damage, FileKind, Loaded, MemoryFiles, Options, load, load_str};

const PAIR: &str = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n\
    vrrp_instance B {\ninterface eth0\nvirtual_router_id 2\nvirtual_ipaddress {\n192.0.2.2\n}\n}\n";

fn damage(loaded: &Loaded) -> Vec<Damage> {
    loaded.diagnostics.damage().filter_map(|finding| finding.damage).collect()
}

fn codes(loaded: &Loaded) -> Vec<&str> {
    loaded.diagnostics.iter().map(|finding| finding.code).collect()
}

fn names(loaded: &Loaded) -> Vec<&str> {
    loaded.config.instances.iter().map(|instance| &*instance.name).collect()
}

#[test]
fn a_sound_text_is_not_damaged_whatever_else_is_wrong_with_it() {
    for text in ["", "# nothing\n", PAIR, "vrrp_instance A {\nprioritty 1\npriority x\n}\n"] {
        assert_eq!(damage(&load_str(text)), [], "{text}");
    }
    // The escaped quote is text for the program that runs the command, though the line is complained about.
    let loaded = load_str("vrrp_script s {\nscript \"/bin/echo 'a\\\"b'\"\n}\n");
    assert_eq!((damage(&loaded), codes(&loaded).contains(&"unterminated-quote")), (vec![], true));
}

#[test]
fn a_file_cut_anywhere_is_damaged_unless_whole_blocks_are_left() {
    for (end, _) in PAIR.char_indices() {
        let cut = &PAIR[..end];
        let opens = cut.matches('{').count() > cut.matches('}').count();
        let word = cut.rsplit('\n').next().unwrap_or_default();
        let loaded = load_str(cut);
        // The opening line of a block without its brace, or a part of it.
        let begun = !opens && !word.is_empty() && !word.ends_with('}');
        assert_eq!(!damage(&loaded).is_empty(), opens || begun, "{cut:?}: {:?}", codes(&loaded));
    }
}

#[test]
fn garbage_of_every_kind_is_damage() {
    for (text, expected) in [
        ("garbage {{{{", Damage::Unknown),
        ("<html><body>404</body></html>", Damage::Unknown),
        ("{\"vrrp\": {}}", Damage::Braces),
        ("}\n", Damage::Braces),
        ("vrrp_instance\n", Damage::Braces),
        ("interface eth0\n", Damage::Unknown),
        ("global_defs {\nrouter_id \"abc\n}\n", Damage::Quote),
        ("global_defs {\n<<<<<<< HEAD\n}\n", Damage::Unknown),
        ("global_defs {\nvrrp_gap {\nx\n}\n}\n", Damage::Unknown),
        ("global_defs {\nrouter_id a\0b\n}\n", Damage::NotText),
        ("global_defs\nrouter_id x\n", Damage::Braces),
    ] {
        let loaded = load_str(text);
        assert_eq!(
            damage(&loaded).into_iter().take(1).collect::<Vec<_>>(),
            [expected],
            "{text}: {:?}",
            codes(&loaded)
        );
    }
}

#[test]
fn a_finding_of_damage_counts_however_many_others_come_first() {
    let text = format!("vrrp_instance A {{\n{}", "prioritty 1\n".repeat(2000));
    assert_eq!(damage(&load_str(&text)), [Damage::Braces]);
}

#[test]
fn files_that_cannot_be_read_are_damage_and_absent_includes_are_not() {
    let mut files = MemoryFiles::from([("/c/main", "include gone\ninclude none/*\ninclude dir\n")]);
    files.add("/c/dir/x", FileKind::Plain, "");
    let read = |main: &str| load(main.as_ref(), &Options::new(&files));
    assert_eq!(damage(&read("/c/main")), []);
    for main in ["/c/none", "/c/dir"] {
        let loaded = read(main);
        assert_eq!((damage(&loaded), loaded.found), (vec![Damage::Unreadable], false), "{main}");
        assert_eq!(keepalived_conf::exit_code(&loaded.diagnostics), 6, "{main}");
    }
}

/// One instance with what the braces hold.
fn instance(lines: &str) -> Loaded {
    load_str(&format!("vrrp_instance V {{\ninterface eth0\nvirtual_router_id 9\n{lines}"))
}

#[test]
fn a_list_that_is_not_closed_ends_before_a_block_of_its_parent() {
    let rest = "authentication {\nauth_type PASS\nauth_pass secret\n}\ntrack_interface {\neth1\n}\n}\n";
    for list in [
        "unicast_peer {\n192.0.2.3\nunicast_peer {\n192.0.2.4\n}\n",
        "unicast_peer {\n192.0.2.3\n192.0.2.4\n",
        "unicast_peer {\n192.0.2.3\n{\n192.0.2.4\n}\n",
    ] {
        let loaded = instance(&format!("virtual_ipaddress {{\n192.0.2.1\n}}\n{list}{rest}"));
        let found = &loaded.config.instances[0];
        assert_eq!(found.unicast_peers.len(), 2, "{list}");
        assert!(matches!(found.auth, Auth::Password(_)), "{list}");
        assert_eq!((found.track_interfaces.len(), damage(&loaded)), (1, vec![Damage::Braces]), "{list}");
        assert_eq!(loaded.diagnostics.len(), 1, "{list}: {:?}", codes(&loaded));
    }
}

#[test]
fn every_list_of_an_instance_ends_where_it_should() {
    let lists = [
        "virtual_ipaddress {\n192.0.2.1\n",
        "virtual_ipaddress_excluded {\n192.0.2.2\n",
        "track_interface {\neth1\n",
        "virtual_routes {\n192.0.2.128/25 dev eth0\n",
        "virtual_rules {\nfrom 192.0.2.1 table 5 preference 9\n",
    ];
    for (index, unclosed) in lists.iter().enumerate() {
        let closed = |other: &&str| format!("{other}}}\n");
        let before: String = lists[..index].iter().map(closed).collect();
        let after: String = lists[index + 1..].iter().map(closed).collect();
        let auth = "authentication {\nauth_type PASS\nauth_pass secret\n}\n";
        let loaded = instance(&format!("{before}{unclosed}{auth}{after}priority 77\n}}\n{PAIR}"));
        let found = &loaded.config.instances[0];
        assert_eq!(names(&loaded), ["V", "A", "B"], "{unclosed}");
        assert_eq!(
            (found.priority, found.addresses.len(), found.excluded_addresses.len()),
            (77, 1, 1),
            "{unclosed}"
        );
        assert!(matches!(found.auth, Auth::Password(_)), "{unclosed}");
        assert_eq!(damage(&loaded), [Damage::Braces], "{unclosed}: {:?}", codes(&loaded));
    }
}

#[test]
fn an_instance_that_is_not_closed_ends_before_the_next() {
    for missing in [1, 2] {
        let first = format!(
            "vrrp_instance V {{\ninterface eth0\nvirtual_router_id 9\nvirtual_ipaddress {{\n192.0.2.9\n{}",
            "}\n".repeat(2 - missing)
        );
        let loaded = load_str(&format!("{first}{PAIR}"));
        assert_eq!(names(&loaded), ["V", "A", "B"], "{:?}", codes(&loaded));
        assert_eq!(loaded.config.instances[0].addresses.len(), 1);
        assert_eq!(damage(&loaded), vec![Damage::Braces; missing]);
    }
}

#[test]
fn a_keyword_of_the_parent_ends_a_list_in_a_file_that_lacks_a_brace() {
    let loaded = instance("virtual_ipaddress {\n192.0.2.1\npriority 55\nadvert_int 3\n}\n");
    let found = &loaded.config.instances[0];
    assert_eq!((found.priority, found.advert_interval.as_secs()), (55, 3));
    assert_eq!(codes(&loaded), ["unclosed-block"]);
}

#[test]
fn a_block_inside_a_list_is_read_where_braces_pair() {
    let loaded = instance(
        "virtual_ipaddress {\n192.0.2.1\nauthentication {\nauth_type PASS\nauth_pass secret\n}\n}\npriority 55\n}\n",
    );
    let found = &loaded.config.instances[0];
    assert!(matches!(found.auth, Auth::Password(_)));
    assert_eq!((found.priority, found.addresses.len()), (55, 1));
    assert_eq!(codes(&loaded), ["unclosed-block"]);
}

#[test]
fn recipients_and_members_are_lists_too() {
    let loaded = load_str(&format!(
        "global_defs {{\nnotification_email {{\nroot@example.com\nscript_user nobody\n}}\n\
         virtual_server_group G {{\n192.0.2.7 80\n{PAIR}"
    ));
    assert_eq!(loaded.config.global.mail.recipients, ["root@example.com"]);
    assert!(loaded.config.global.script_user.is_some());
    assert_eq!(names(&loaded), ["A", "B"], "{:?}", codes(&loaded));
}
