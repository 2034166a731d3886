//! The program ends well, and the other router takes over from the one that stops.

use std::process::Command;

#[test]
fn the_other_router_takes_over_when_the_better_one_stops() {
    let output = Command::new(env!("CARGO_BIN_EXE_tokio-router")).output().expect("the program runs");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(text.contains("192.0.2.2 Backup -> Active"), "{text}");
    assert!(text.contains("192.0.2.3 Backup -> Active: the Active router left"), "{text}");
}
