//! Tests of the serving node, with files as people write them.

use keepalived_conf::{MemoryFiles, Options};

use super::read::Node;
use super::*;

fn node(name: &str, text: &str) -> Node {
    let files = MemoryFiles::from([("k.conf", text)]);
    let options = Options { config_id: name, ..Options::new(&files) };
    let (loaded, places) = keepalived_conf::load_with_places("k.conf".as_ref(), &options);
    Node { name: name.to_owned(), config: loaded.config, places }
}

fn lab(files: &[(&str, &str)]) -> Lab {
    Lab::new(&files.iter().map(|(name, text)| node(name, text)).collect::<Vec<_>>())
}

const STANDBY: &str = include_str!("../../../examples/haproxy-active-standby.conf");
const DUAL: &str = include_str!("../../../examples/haproxy-dual-active.conf");

#[test]
fn each_single_fault_of_the_standby_example_moves_the_address_once() {
    let table = faults::table(&lab(&[("lb1", STANDBY), ("lb2", STANDBY)]));
    // 3 s and a skew of 151/256 s, less what has passed of the interval; after a stop the skew alone.
    let expected = "\
after                             virtual router  serves  nobody for at most
nothing fails                     web (51)        lb1     -
lb1 loses power                   web (51)        lb2     3.50 s
lb1 is stopped                    web (51)        lb2     0.59 s
lb1: eth0 goes down               web (51)        lb2     3.50 s
lb1: script haproxy_lives fails   web (51)        lb2     -
lb1: script no_maintenance fails  web (51)        lb2     -
(5 other faults on a node that does not serve: nothing changes)
";
    assert_eq!((table.text.as_str(), table.wrong), (expected, false));
}

#[test]
fn each_of_two_active_nodes_is_taken_over_by_the_other() {
    let table = faults::table(&lab(&[("lb1", DUAL), ("lb2", DUAL)]));
    let serves = |what: &str, router: &str, name: &str| {
        let row = |line: &&str| line.starts_with(what) && line.contains(router);
        let line = table.text.lines().find(row).unwrap_or_default();
        assert!(line.contains(&format!(")      {name} ")), "{what} {router}: {}", table.text);
    };
    serves("nothing fails", "web_1", "lb1");
    serves("nothing fails", "web_2", "lb2");
    serves("lb1 loses power", "web_1", "lb2");
    serves("lb2: script", "web_2", "lb1");
    assert!(!table.wrong);
}

const PLAIN: &str = "vrrp_instance V {\ninterface eth0\nvirtual_router_id 7\n@a priority 101\nvirtual_ipaddress \
                     {\n192.0.2.100/24\n}\n}\n";

#[test]
fn interfaces_with_other_names_are_on_one_network() {
    let other = PLAIN.replace("eth0", "ens3");
    let table = faults::table(&lab(&[("a", PLAIN), ("b", &other)]));
    assert!(!table.wrong && table.text.contains("b: ens3 goes down") || table.text.contains("other faults"));
    assert!(table.text.contains("a: eth0 goes down  V (7)           b       3.5"), "{}", table.text);
}

#[test]
fn nodes_that_do_not_hear_each_other_are_seen_to_serve_both() {
    for difference in [
        "mcast_dst_ip 224.0.0.20",
        "advert_int 2",
        "version 3",
        "authentication {\nauth_type PASS\nauth_pass x\n}",
        "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.1\n}",
    ] {
        let other = PLAIN.replace("virtual_router_id 7", &format!("virtual_router_id 7\n{difference}"));
        let table = faults::table(&lab(&[("a", PLAIN), ("b", &other)]));
        assert!(table.wrong && table.text.contains("! more than one serves"), "{difference}: {}", table.text);
    }
}

#[test]
fn one_vrid_on_two_networks_is_two_virtual_routers() {
    let second = PLAIN.replace("eth0", "eth1").replace("instance V", "instance W").replace("2.100", "3.100");
    let both = format!("{PLAIN}{second}");
    let table = faults::table(&lab(&[("a", &both), ("b", &both)]));
    assert!(!table.wrong, "{}", table.text);
    assert!(table.text.contains("a: eth1 goes down  W (7)           b "), "{}", table.text);
    assert!(!table.text.contains("a: eth1 goes down  V (7)           b "), "{}", table.text);
}

#[test]
fn a_scenario_is_told_and_drawn_as_it_went() {
    let lab = lab(&[("lb1", STANDBY), ("lb2", STANDBY)]);
    let text = "5s lb1 stop # by hand\n\n8s lb1 start\n20s lb2 link eth0 down\n30s end\n";
    let story = story::play(&lab, &scenario::parse(text, &lab).unwrap()).unwrap();
    let expected = "     0.000 s  web (51): lb1
     5.000 s  * lb1 stop
     5.000 s  web (51): nobody
     5.594 s  web (51): lb2
     8.000 s  * lb1 start
";
    assert!(story.text.starts_with(expected), "{}", story.text);
    assert!(story.text.lines().last().unwrap().ends_with("* lb2 link eth0 down"), "{}", story.text);
    let bars: Vec<usize> = story.chart.rows.iter().map(|row| row.bars.len()).collect();
    assert_eq!(bars, [2, 1], "lb1 before and after, lb2 between");
    assert_eq!(story.chart.marks.len(), 3);
}

#[test]
fn a_line_of_a_scenario_that_means_nothing_is_named() {
    let lab = lab(&[("lb1", STANDBY), ("lb2", STANDBY)]);
    for (line, why) in [
        ("soon lb1 stop", "`soon` is no time"),
        ("-1s lb1 stop", "`-1s` is no time"),
        ("nans lb1 stop", "`nans` is no time"),
        ("1e9s lb1 stop", "is no time"),
        ("5s", "the event is missing"),
        ("5s lb3 stop", "there is no node lb3; there are lb1, lb2"),
        ("5s lb1 explode", "`explode` is no event"),
        ("5s lb1 link eth9 down", "there is no interface eth9; there are eth0"),
        ("5s lb1 script x fails", "there is no tracked script x; there are haproxy_lives, no_maintenance"),
        ("5s lb1 process x fails", "lb1 does not track process x"),
        ("5s lb1 file x many", "`many` is no number"),
    ] {
        let error = scenario::parse(&format!("\n{line}"), &lab).unwrap_err();
        assert!(error.starts_with("line 2: ") && error.contains(why), "{line}: {error}");
    }
}

#[test]
fn a_simulation_that_would_take_too_long_is_not_made() {
    let slow = PLAIN.replace(
        "virtual_router_id 7",
        "virtual_router_id 7\npreempt_delay 1000\nversion 3\nadvert_int 0.01",
    );
    let table = faults::table(&lab(&[("a", &slow), ("b", &slow)]));
    assert!(table.text.starts_with("not simulated: "), "{}", table.text);
}
