//! The project's own chores: `cargo xtask COMMAND`.
//!
//! | command | does |
//! | --- | --- |
//! | `test` | installs what the tests need (Debian, as root), runs every test, counts what was skipped |
//! | `vm -- COMMAND` | runs a command on a kernel that has IPVS; options: `--qemu`, `--timeout`, `--mem`, `--rw` |
//! | `quick` | formatting, dependencies between crates, lints and unit tests: the inner loop of a developer |
//! | `ci` | everything: formatting, lints, docs, dependencies, fuzz targets, benches, packages, tests |
//! | `tidy [PATH]` | shows sentences, files and literals to look at; fails on a dependency in the wrong direction |
//! | `compatibility` | writes COMPATIBILITY.md from the keyword table |
//! | `completions` | writes `dist/completions` and `dist/man` from the tables of commands |
//! | `setup` | only installs what the tests need |
//! | `faults` | injects faults into pairs of routers: damaged reloads, kill -9 at every phase; options: `--reloads`, `--kills`, `--peer`, `--seed` |
//! | `fuzz SECONDS` | runs every fuzz target for so long (needs `cargo-fuzz`) |

mod axe;
mod checks;
mod compatibility;
mod completions;
mod packages;
mod run;
mod semver;
mod setup;
mod tests;
mod tidy;
mod vm;

use std::process::ExitCode;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let good = match words.as_slice() {
        ["vm", rest @ ..] => return vm::main(rest),
        ["test", rest @ ..] => {
            let missing = setup::install();
            tests::run(rest, &missing)
        }
        ["quick"] => checks::quick(),
        ["ci"] => {
            let missing = setup::install();
            checks::all() && tests::run(&[], &missing)
        }
        ["tidy"] => tidy::run(None),
        ["tidy", path] => tidy::run(Some(path)),
        ["completions"] => completions::write(),
        ["compatibility"] => compatibility::write(),
        ["setup"] => setup::install().is_empty(),
        ["faults", rest @ ..] => {
            let words = ["run", "-q", "--release", "-p", "vipd-bench", "--", "faults"];
            run::step("fault injection", run::cargo(&words).args(rest))
        }
        ["fuzz", seconds] => checks::fuzz(seconds),
        _ => {
            eprintln!("{USAGE}");
            false
        }
    };
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

const USAGE: &str = "\
usage: cargo xtask test [FILTER] | quick | ci | tidy [PATH] | compatibility | completions | setup | fuzz SECONDS
       cargo xtask faults [--reloads N] [--kills N] [--seed N] [--peer LABEL=COMMAND] [--daemon LABEL=COMMAND]...
       cargo xtask vm [--qemu] [--timeout SECONDS] [--mem MIB] [--rw DIR]... -- COMMAND ARGUMENT...";
