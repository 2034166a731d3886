//! The demonstration, told by the real program: the address behaves, and the exit code says so.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// Where the machine permits no namespaces, this says so aloud and gives `None`.
fn demo(test: &str, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(env!("CARGO_BIN_EXE_vipd")).arg("demo").args(arguments).output().unwrap();
    if output.status.code() == Some(3) {
        eprintln!("SKIPPED {test}: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    Some(output)
}

fn picture(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name)
}

#[test]
fn the_built_in_pair_keeps_its_address() {
    let svg = picture("built-in.svg");
    let arguments = ["--fast", "--svg", svg.to_str().unwrap()];
    let Some(output) = demo("the_built_in_pair_keeps_its_address", &arguments) else { return };
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    for step in [
        "both routers start",
        "A loses power",
        "A comes back",
        "A: maintenance file dropped",
        "A: maintenance file removed",
        "A: daemon stopped in order",
        "A: haproxy dies",
    ] {
        let row = told.lines().rfind(|line| line.starts_with(step)).unwrap_or_default();
        assert!(row.ends_with(" ok"), "{step}: {told}");
    }
    assert!(std::fs::read_to_string(svg).unwrap().contains("A loses power"));
}

#[test]
fn two_routers_that_never_take_over_are_found_out() {
    let (file, svg) = (picture("deaf.conf"), picture("deaf.svg"));
    let instance = "vrrp_instance deaf {\n version 3\n interface eth0\n virtual_router_id 51\n advert_int 0.1\n \
                    virtual_ipaddress {\n 192.0.2.100/24\n }\n}\n";
    std::fs::write(&file, instance).unwrap();
    let file = file.to_str().unwrap();
    // A daemon that does nothing at all.
    let arguments = ["--config", file, file, "--daemon", "sleep 1000", "--svg", svg.to_str().unwrap()];
    let Some(output) = demo("two_routers_that_never_take_over_are_found_out", &arguments) else { return };
    let told = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("The address DID NOT behave."), "{told}");
}

#[test]
fn files_that_are_no_pair_are_wrong_usage() {
    let file = picture("empty.conf");
    std::fs::write(&file, "global_defs {\n}\n").unwrap();
    let file = file.to_str().unwrap();
    let Some(output) = demo("files_that_are_no_pair_are_wrong_usage", &["--config", file, file]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("has no vrrp_instance"));
}

#[test]
fn without_ipvs_the_story_of_a_web_service_says_how_to_see_it() {
    if vip_lab::table::kernel_has_ipvs() {
        println!("SKIPPED without_ipvs_the_story_of_a_web_service_says_how_to_see_it: this kernel has IPVS");
        return;
    }
    let output = Command::new(env!("CARGO_BIN_EXE_vipd")).args(["demo", "lvs"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cargo xtask vm --rw . -- target/release/vipd demo lvs"), "{said}");
}
