//! Lowering gives a model whose promises hold, for every file.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

use keepalived_conf::model::lvs::{CheckerKind, VirtualServer};
use keepalived_conf::{Loaded, exit_code, load_str};

const SEEDS: [&str; 6] = [
    include_str!("../test_data/model/0001_haproxy_pair.conf"),
    include_str!("../test_data/model/0002_load_sharing.conf"),
    include_str!("../test_data/model/0003_ipv6_unicast.conf"),
    include_str!("../test_data/model/0004_lvs.conf"),
    include_str!("../test_data/model/0005_strict_owner.conf"),
    include_str!("../test_data/model/0006_balancer.conf"),
];

/// Pieces that change what surrounds them.
const PIECES: [&str; 34] = [
    "{",
    "}",
    "\"",
    "'",
    "\\",
    "#",
    "$",
    "-1",
    "256",
    "99999999999999999999",
    "0",
    "1.5x",
    "fe80::1",
    "192.0.2.1/33",
    "brd",
    "weight",
    "vrrp_instance A {",
    "virtual_ipaddress",
    "track_script",
    "~SEQ(x, 3) ",
    "strict_mode",
    "",
    "\u{fffd}",
    "version 3",
    "HTTP_GET {",
    "url {",
    "real_server 192.0.2.9 {",
    "fwmark 3",
    "0.0.0.0/0 80",
    "::-ffff",
    "lb_kind TUN type gue",
    "xx x 0",
    "quorum 4294967295",
    "weight 0",
];

#[derive(Clone, Debug)]
enum Edit {
    DeleteLine(usize),
    RepeatLine(usize, usize),
    ReplaceWord(usize, usize),
    InsertLine(usize, usize),
    Cut(usize),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = 0..10_000_usize;
    prop_oneof![
        at.clone().prop_map(Edit::DeleteLine),
        (at.clone(), at.clone()).prop_map(|(from, to)| Edit::RepeatLine(from, to)),
        (at.clone(), at.clone()).prop_map(|(word, piece)| Edit::ReplaceWord(word, piece)),
        (at.clone(), at.clone()).prop_map(|(line, piece)| Edit::InsertLine(line, piece)),
        at.prop_map(Edit::Cut),
    ]
}

fn apply(text: &str, edit: &Edit) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let count = lines.len().max(1);
    let piece = |at: &usize| PIECES[at % PIECES.len()].to_owned();
    match edit {
        Edit::DeleteLine(at) if !lines.is_empty() => drop(lines.remove(at % count)),
        Edit::RepeatLine(from, to) if !lines.is_empty() => {
            lines.insert(to % count, lines[from % count].clone());
        }
        Edit::InsertLine(at, what) => lines.insert(at % (lines.len() + 1), piece(what)),
        Edit::ReplaceWord(at, what) => {
            let mut words: Vec<String> = text.split(' ').map(str::to_owned).collect();
            let count = words.len();
            words[at % count] = piece(what);
            return words.join(" ");
        }
        Edit::Cut(at) => {
            let end = at % (text.len() + 1);
            return text
                .char_indices()
                .take_while(|(start, _)| *start < end)
                .map(|(_, character)| character)
                .collect();
        }
        Edit::DeleteLine(_) | Edit::RepeatLine(..) => {}
    }
    lines.join("\n")
}

/// Promises that a reader of the model relies on.
fn assert_promises(loaded: &Loaded) {
    let config = &loaded.config;
    for script in &config.scripts {
        assert!(script.rise >= 1 && script.fall >= 1 && script.weight.abs() <= 253);
        assert!(!script.interval.is_zero() && !script.timeout.is_zero());
    }
    for instance in &config.instances {
        assert!(instance.vrid >= 1 && instance.priority >= 1 && matches!(instance.version, 2 | 3));
        let least = Duration::from_millis(if instance.version == 2 { 1000 } else { 10 });
        assert!(instance.advert_interval >= least, "{:?}", instance.advert_interval);
        assert!(instance.addresses.len() <= 255 && instance.garp.repeat >= 1 && instance.down_adverts >= 1);
        assert!(instance.addresses.iter().all(|address| address.network.is_ipv6() == instance.ipv6));
        assert!(instance.unicast_peers.iter().all(|peer| peer.address.is_ipv6() == instance.ipv6));
        assert!(
            instance.interface.is_some() || instance.source.is_some() && !instance.unicast_peers.is_empty()
        );
        assert!(instance.track_scripts.iter().all(|track| config.scripts.get(track.script).is_some()));
        assert!(!instance.ipv6 || instance.version == 3);
    }
    let most = config.virtual_servers.iter().map(|server| server.services.len()).sum::<usize>();
    assert!(most <= 262_144, "{most} services");
    for server in &config.virtual_servers {
        assert_sound(server, config.checks.len());
    }
    for finding in &loaded.diagnostics {
        assert!(finding.span.is_none_or(|span| loaded.sources.position(span).line >= 1));
    }
    assert!([0, 2, 4, 5, 6].contains(&exit_code(&loaded.diagnostics)));
}

fn assert_sound(server: &VirtualServer, scripts: usize) {
    assert!(!server.services.is_empty() && !server.real_servers.is_empty());
    assert!(server.quorum >= 1 && server.hysteresis < server.quorum);
    assert!(!server.scheduler.is_empty() && server.persistence_granularity <= 128);
    for real in &server.real_servers {
        assert!(real.weight <= 65_535 && real.lower_threshold <= real.upper_threshold);
        for checker in &real.checkers {
            assert!(!checker.delay_loop.is_zero());
            match &checker.kind {
                CheckerKind::Http(_, http) => {
                    assert!(!http.urls.is_empty());
                    assert!(http.urls.iter().all(|url| !url.status.is_empty() && !url.host.is_empty()));
                }
                CheckerKind::Misc { script, timeout, .. } => {
                    assert!(*script < scripts && !timeout.is_zero());
                }
                CheckerKind::Udp(_, udp) => assert!(udp.payload.len() < 1 << 20),
                CheckerKind::File { weight, .. } => assert!(weight.abs() <= 254),
                CheckerKind::Tcp(connection) | CheckerKind::Ping(connection) => {
                    assert!(!connection.timeout.is_zero());
                    assert!(
                        connection.bind.is_none_or(|bind| bind.is_ipv4() == connection.address.is_ipv4())
                    );
                }
                _ => {}
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_configuration_still_gives_a_sound_model(seed in 0..SEEDS.len(), edits in vec(edit(), 1..12)) {
        let text = edits.iter().fold(SEEDS[seed].to_owned(), |text, edit| apply(&text, edit));
        assert_promises(&load_str(&text));
    }

    #[test]
    fn any_text_gives_a_sound_model(text in "(\\PC|[\\n{}\"])*") {
        assert_promises(&load_str(&text));
    }
}

#[test]
fn the_undamaged_configurations_are_sound() {
    for seed in SEEDS {
        assert_promises(&load_str(seed));
    }
}

#[test]
fn deep_nesting_and_endless_repetition_end() {
    assert_promises(&load_str(&"x {\n".repeat(50_000)));
    assert_promises(&load_str(&"vrrp_instance A {\n".repeat(20_000)));
    assert_promises(&load_str(&"}\n".repeat(50_000)));
    assert_promises(&load_str(&"prioritty 3\n".repeat(50_000)));
    let group =
        |number| format!("virtual_server_group G{number} {{\n10.{number}.0.0/16 80\n0.0.0.0/0 80\n}}\n");
    let server = |number| format!("virtual_server group G{number} {{\nreal_server 192.0.2.1 80 {{\n}}\n}}\n");
    assert_promises(&load_str(
        &(0..40).map(|number| group(number) + &server(number).repeat(20)).collect::<String>(),
    ));
    assert_promises(&load_str(&format!(
        "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n{}}}\n",
        "virtual_ipaddress {\n192.0.2.1\n}\ntrack_interface {\neth1\n}\n".repeat(20_000)
    )));
}
