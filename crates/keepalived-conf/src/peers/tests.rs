//! Pairs of files, and the findings between them.

use super::*;
use crate::{MemoryFiles, Options, Severity, SourceMap, load_with_places, render};

/// Lines before the instance, and lines in it.
struct File(&'static str, &'static str);

fn text(File(before, lines): &File) -> String {
    let vrid = if lines.contains("virtual_router_id") { "" } else { "virtual_router_id 51\n" };
    let list =
        if lines.contains("virtual_ipaddress") { "" } else { "virtual_ipaddress {\n192.0.2.100/24\n}\n" };
    format!("{before}\nvrrp_instance web {{\ninterface eth0\n{vrid}{lines}\n{list}}}\n")
}

/// The findings of `a` and `b`, as their codes with severities, and as text.
fn found(one: &File, other: &File) -> (Vec<(&'static str, Severity)>, String) {
    let mut sources = SourceMap::new();
    let [a, b] = [("a.conf", one), ("b.conf", other)].map(|(name, file)| {
        let text = text(file);
        let files = MemoryFiles::from([(name, text.as_str())]);
        let (loaded, places) = load_with_places(name.as_ref(), &Options::new(&files));
        (loaded.config, places.after(sources.append(loaded.sources)))
    });
    let found = compare(&[Node::new("a", &a.0, &a.1), Node::new("b", &b.0, &b.1)]);
    let codes = found.iter().map(|finding| (finding.code, finding.severity)).collect();
    (codes, found.iter().map(|finding| render(finding, &sources, false) + "\n").collect())
}

const CHECK: &str = "vrrp_script chk {\nscript /bin/true\nweight -2\n}";
const CHECKS: &str =
    "vrrp_script chk {\nscript /bin/true\nweight -2\n}\nvrrp_script net {\nscript /bin/true\nweight -2\n}";
const TRACK: &str = "priority 101\ntrack_script {\nchk\n}";

type Expected = [(&'static str, Severity)];

#[test]
fn each_difference_is_found_and_nothing_else() {
    use Severity::{Error, Note, Warning};
    let a = "priority 101";
    let cases: &[(File, File, &Expected)] = &[
        (File("", a), File("", "priority 100"), &[]),
        (File("", a), File("", "priority 100\ninterface ens3"), &[]),
        (File("", a), File("", "advert_int 2"), &[("peer-interval", Error)]),
        (
            File("", "version 3\npriority 101"),
            File("", "version 3\nadvert_int 2"),
            &[("peer-interval", Warning)],
        ),
        (File("", a), File("", "version 3"), &[("peer-version", Error)]),
        (
            File("", "priority 101\nauthentication {\nauth_type PASS\nauth_pass one\n}"),
            File("", "authentication {\nauth_type PASS\nauth_pass two\n}"),
            &[("peer-authentication", Error)],
        ),
        (
            File("", a),
            File("", "authentication {\nauth_type PASS\nauth_pass two\n}"),
            &[("peer-authentication", Error)],
        ),
        (File("", a), File("", "mcast_dst_ip 224.0.0.20"), &[("peer-transport", Error)]),
        (
            File("", a),
            File("global_defs {\nvrrp_mcast_group4 224.0.0.20\n}", ""),
            &[("peer-transport", Error)],
        ),
        (
            File("", a),
            File("", "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.1\n}"),
            &[("peer-transport", Error)],
        ),
        (
            File("", "priority 101\nunicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}"),
            File("", "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.1\n}"),
            &[],
        ),
        (
            File("", "priority 101\nunicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.3\n}"),
            File("", "unicast_src_ip 192.0.2.2\nunicast_peer {\n192.0.2.1\n}"),
            &[("peer-not-listed", Error)],
        ),
        (
            File("", a),
            File("", "virtual_ipaddress {\n192.0.2.100/24\n192.0.2.101/24\n}"),
            &[("peer-addresses", Error)],
        ),
        (File("", a), File("", "use_vmac"), &[("peer-virtual-mac", Warning)]),
        (File("", a), File("", "virtual_router_id 52"), &[("peer-router-id", Error)]),
        (
            File("", a),
            File("", "virtual_router_id 52\nvirtual_ipaddress {\n192.0.2.101/24\n}"),
            &[("peer-missing", Warning), ("peer-missing", Warning)],
        ),
        (File("", ""), File("", ""), &[("peer-equal-priority", Warning)]),
        (File("", "nopreempt"), File("", "nopreempt"), &[("peer-equal-priority", Note)]),
        (File("", "priority 101\nnopreempt"), File("", "nopreempt"), &[("peer-nopreempt", Note)]),
        (File("", "priority 101\nnopreempt"), File("", ""), &[]),
        (File("", a), File("", "nopreempt"), &[("peer-preempt-without-effect", Note)]),
        (File("", a), File("", "preempt_delay 9"), &[("peer-preempt-without-effect", Note)]),
        (File("", "priority 255"), File("", "priority 255"), &[("peer-two-owners", Error)]),
        (File("", "priority 101\nstate MASTER"), File("", "state MASTER"), &[("peer-both-master", Note)]),
        (
            File("global_defs {\nrouter_id x\n}", a),
            File("global_defs {\nrouter_id x\n}", ""),
            &[("peer-same-name", Note)],
        ),
        // 101 - 2 = 99, against 98, 99 and 100.
        (File(CHECK, TRACK), File("", "priority 98"), &[("peer-check-still-wins", Warning)]),
        (File(CHECK, TRACK), File("", "priority 99"), &[("peer-check-still-wins", Warning)]),
        (File(CHECK, TRACK), File("", "priority 100"), &[]),
        (File(CHECK, TRACK), File("", "priority 100\nnopreempt"), &[("peer-nopreempt-weight", Warning)]),
    ];
    for (one, other, expected) in cases {
        let (codes, shown) = found(one, other);
        assert_eq!(codes, *expected, "{}\n{}\n{shown}", text(one), text(other));
    }
}

#[test]
fn a_check_that_still_wins_is_told_with_its_numbers_and_both_places() {
    let (_, shown) = found(&File(CHECK, TRACK), &File("", "priority 98"));
    assert_eq!(
        shown,
        "\
warning[peer-check-still-wins]: when script chk of a fails, a still wins virtual router 51 with 99 > 98: b never takes over, whatever else fails with a weight
  --> a.conf:10:1
   |
10 | chk
   | ^^^ a
   |
   = help: a weight of at least 4 (or -4) would move it; without a weight a failure is a FAULT
note: and in b
  --> b.conf:5:1
   |
 5 | priority 98
   | -----------
"
    );
}

#[test]
fn checks_that_move_the_service_only_together_are_told_so() {
    let (codes, shown) =
        found(&File(CHECKS, "priority 101\ntrack_script {\nchk\nnet\n}"), &File("", "priority 99"));
    assert_eq!(codes.len(), 2, "{shown}");
    assert!(shown.contains("it does only when several checks fail together"), "{shown}");
}

#[test]
fn instances_of_one_vrid_on_two_networks_are_paired_by_their_likeness() {
    let one = |name: &str, third: u8| {
        format!(
            "vrrp_instance {name} {{\ninterface {name}\nvirtual_router_id 51\nvirtual_ipaddress \
             {{\n192.0.{third}.100/24\n}}\n}}\n"
        )
    };
    let (inside, outside) = (one("inside", 1), one("outside", 2));
    let load = |text: String| crate::load_str(&text).config;
    let (a, b) = (load(format!("{inside}{outside}")), load(format!("{outside}{inside}")));
    let places = Places::default();
    let found = compare(&[Node::new("a", &a, &places), Node::new("b", &b, &places)]);
    assert!(found.iter().all(|finding| finding.code == "peer-equal-priority"), "{found:?}");
}
