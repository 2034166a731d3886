//! Shared parts of the tests with real daemons in a virtual LAN: machines with a daemon each, configurations, the
//! frames on the wire, and waiting with a bound.
//!
//! Times are only bounded from above, and generously: these tests assert what happens and in which order, never
//! how fast.

#![allow(dead_code, unreachable_pub, reason = "each test program uses another part of this")]
#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

pub mod client;
pub mod conf;
pub mod hosts;
pub mod lan;
pub mod lvs;
pub mod wire;

use std::io::{self, Write};
use std::panic::Location;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs a test with the lab, or says on standard output why it cannot be run here.
///
/// `test` is the test's full name; `programs` are the programs it needs beside the daemon.
pub fn lab_test(test: &str, programs: &[&str], body: impl FnOnce()) {
    if let Some(missing) = programs.iter().find(|program| !Path::new(program).exists()) {
        return skip(test, &format!("{missing} is not installed"));
    }
    vip_lab::run_test(test, body);
}

/// Says that a test does not run, past the capture of the test runner.
pub fn skip(test: &str, reason: &str) {
    // The runner may have begun a line.
    let _ = write!(io::stdout(), "\nSKIPPED {test}: {reason}\n");
}

/// Time that a loaded machine may add to any protocol time.
pub const MARGIN: Duration = Duration::from_millis(1500);

/// Waits until `condition` holds, at most for `bound` and the [`MARGIN`]. Gives how long it took.
#[track_caller]
pub fn eventually(what: &str, bound: Duration, mut condition: impl FnMut() -> bool) -> Duration {
    let start = Instant::now();
    while !condition() {
        let place = Location::caller();
        assert!(start.elapsed() < bound + MARGIN, "{place}: not within {bound:?} (+{MARGIN:?}): {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
    start.elapsed()
}

/// Checks for this long that `condition` holds all the time.
#[track_caller]
pub fn always(what: &str, time: Duration, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while start.elapsed() < time {
        assert!(condition(), "{}: not after {:?}: {what}", Location::caller(), start.elapsed());
        std::thread::sleep(Duration::from_millis(10));
    }
}
