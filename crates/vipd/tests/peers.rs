//! `vipd check` as people start it.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::fs;
use std::process::{Command, Output};

fn vipd(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vipd")).args(arguments).output().unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

#[test]
fn files_of_two_nodes_are_compared() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    for name in ["haproxy-active-standby.conf", "haproxy-dual-active.conf"] {
        let [one, other] = ["lb1", "lb2"].map(|node| format!("{node}={examples}/{name}"));
        let output = vipd(&["check", &one, &other]);
        assert_eq!(status(&output), 0, "{name}: {}", String::from_utf8_lossy(&output.stdout));
        // As if both were the same machine.
        let other = format!("lb3={examples}/{name}");
        let output = vipd(&["check", &other, &other.replace("lb3", "lb4")]);
        assert_eq!(status(&output), 1, "{name}");
        assert!(String::from_utf8_lossy(&output.stdout).contains("warning[peer-equal-priority]"), "{name}");
    }
    let [scenario, picture] = ["scenario", "svg"].map(|what| {
        std::env::temp_dir().join(format!("vipd-check-{}.{what}", std::process::id())).display().to_string()
    });
    fs::write(&scenario, "5s lb1 stop\n20s end\n").unwrap();
    let [one, other] = ["lb1", "lb2"].map(|node| format!("{node}={examples}/haproxy-active-standby.conf"));
    let output = vipd(&["check", "--scenario", &scenario, "--svg", &picture, &one, &other]);
    let svg = fs::read_to_string(&picture).unwrap();
    fs::remove_file(&scenario).and(fs::remove_file(&picture)).unwrap();
    assert_eq!(status(&output), 0);
    assert!(String::from_utf8_lossy(&output.stdout).contains("5.594 s  web (51): lb2"));
    assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n") && svg.contains("lb1 stop"), "{svg}");
    assert_eq!(status(&vipd(&["check", "/there/is/no/such/file"])), 6);
    assert_eq!(status(&vipd(&["check"])), 1);
}
