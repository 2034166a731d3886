//! Everything that is checked without running a test.

use std::process::Command;
use std::time::Instant;

use crate::packages;
use crate::run::{cargo, has, step, workspace};
use crate::semver;
use crate::tidy;
use crate::{compatibility, completions};

/// Formatting, dependencies between crates, lints, unit tests.
pub(crate) fn quick() -> bool {
    let start = Instant::now();
    let good = formatting()
        && tidy::arrows()
        && lints()
        && step("unit tests", &mut cargo(&["test", "-q", "--workspace", "--lib"]));
    println!("quick took {:.0} s", start.elapsed().as_secs_f64());
    good
}

/// Everything but the tests.
pub(crate) fn all() -> bool {
    formatting()
        && tidy::run(None)
        && lints()
        && docs()
        && without_std()
        && compatibility::check()
        && completions::check()
        && dependencies()
        && fuzz_targets()
        && benches()
        && packages::check()
        && semver::check()
}

/// Runs every fuzz target for some seconds, without sanitizers: they need a nightly compiler.
pub(crate) fn fuzz(seconds: &str) -> bool {
    if !has("cargo-fuzz") && !step("cargo-fuzz", &mut cargo(&["install", "--locked", "cargo-fuzz"])) {
        return false;
    }
    let targets = cargo(&["fuzz", "list"]).output().map(|output| output.stdout).unwrap_or_default();
    let targets = String::from_utf8_lossy(&targets).into_owned();
    targets.lines().all(|target| fuzz_one(target, seconds))
}

fn fuzz_one(target: &str, seconds: &str) -> bool {
    let (corpus, seeds) = (format!("fuzz/corpus/{target}"), format!("fuzz/seeds/{target}"));
    if let Err(error) = std::fs::create_dir_all(workspace().join(&corpus)) {
        eprintln!("{corpus}: {error}");
        return false;
    }
    let time = format!("-max_total_time={seconds}");
    let words = ["fuzz", "run", "--sanitizer", "none", target, &corpus, &seeds, "--", &time, "-timeout=10"];
    step(target, &mut cargo(&words))
}

fn formatting() -> bool {
    step("formatting", &mut cargo(&["fmt", "--all", "--check"]))
}

fn lints() -> bool {
    let words = ["clippy", "-q", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"];
    step("lints", &mut cargo(&words))
}

fn docs() -> bool {
    let mut command = cargo(&["doc", "-q", "--workspace", "--no-deps", "--all-features"]);
    step("docs", command.env("RUSTDOCFLAGS", "-D warnings"))
}

/// The crates that promise to need no standard library, for a machine that has none.
fn without_std() -> bool {
    let mut add = Command::new("rustup");
    add.args(["target", "add", BARE_METAL]);
    if has("rustup") && !step("target without a standard library", &mut add) {
        return false;
    }
    let packages = ["-p", "vrrp-proto", "-p", "vrrp-election", "-p", "bare-metal-node"];
    let all = [&["build", "-q", "--target", BARE_METAL, "--all-features"], &packages[..]].concat();
    let least = [&["build", "-q", "--target", BARE_METAL, "--no-default-features"], &packages[..]].concat();
    step("no_std, all features", &mut cargo(&all)) && step("no_std, no features", &mut cargo(&least))
}

/// An ARM microcontroller with an allocator at most.
const BARE_METAL: &str = "thumbv7em-none-eabi";

/// Licences, sources and doubles. Advisories are a database that is not fetched here.
fn dependencies() -> bool {
    if !has("cargo-deny") && !step("cargo-deny", &mut cargo(&["install", "-q", "--locked", "cargo-deny"])) {
        return false;
    }
    step("dependencies", &mut cargo(&["deny", "check", "bans", "licenses", "sources"]))
}

fn fuzz_targets() -> bool {
    step("fuzz targets", &mut cargo(&["build", "-q", "--manifest-path", "fuzz/Cargo.toml"]))
}

fn benches() -> bool {
    step("benches", &mut cargo(&["check", "-q", "--workspace", "--benches", "--all-features"]))
}
