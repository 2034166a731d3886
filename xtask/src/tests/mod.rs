//! Every test, with a count at the end that does not hide what could not run.

mod count;
mod waiting;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::axe;
use crate::run::cargo;
use crate::vm;
use count::Count;

/// Runs all tests, or those whose names contain the filter. Gives whether all went well.
pub(crate) fn run(filter: &[&str], missing: &[String]) -> bool {
    let start = Instant::now();
    // Asked before cargo may link this program anew, at the same path: later the kernel calls it deleted.
    let own = std::env::current_exe();
    let mut count = Count::default();
    let mut words = vec!["test", "--workspace", "--all-features", "--no-fail-fast"];
    words.extend(filter.first());
    words.extend(["--", "--show-output"]);
    let mut command = cargo(&words);
    // Tests in network namespaces mostly wait.
    command.env("RUST_TEST_THREADS", "8");
    match axe::script() {
        Ok(script) => _ = command.env("AXE", script),
        Err(why) => println!("missing: {why}"),
    }
    let good = watch(command, &mut count);
    let good = own.is_ok_and(|own| run_waiting(&own, filter, &mut count)) && good;

    println!();
    for line in &count.skipped {
        println!("{line}");
    }
    for need in missing {
        println!("missing: {need}");
    }
    if count.ignored > 0 {
        println!("{} tests are marked as ignored", count.ignored);
    }
    let skipped = u64::try_from(count.skipped.len()).unwrap_or(u64::MAX);
    let passed = count.passed.saturating_sub(skipped);
    println!("all tests took {:.0} s", start.elapsed().as_secs_f64());
    println!("{passed} passed, {} failed, {skipped} skipped", count.failed);
    good && count.failed == 0 && count.passed > 0
}

/// Runs the tests that were left for a kernel with IPVS. Gives whether all went well.
fn run_waiting(own: &Path, filter: &[&str], count: &mut Count) -> bool {
    let waiting = count.waiting.len();
    if waiting == 0 {
        return true;
    }
    println!("==> {waiting} tests need a kernel with IPVS");
    if !vm::is_possible() {
        println!("==> NOT RUN: {}", vm::NO_KERNEL);
        count.skip_waiting("no kernel with IPVS");
        return true;
    }
    let Some(command) = waiting::command(own, filter) else {
        eprintln!("they are not where they are looked for: in the folder `tests` of a crate");
        return false;
    };
    let mut ran = Count::default();
    let good = watch(command, &mut ran);
    let number = usize::try_from(ran.passed + ran.failed).unwrap_or(usize::MAX);
    if number != waiting {
        eprintln!("{waiting} tests waited for a kernel with IPVS, {number} ran");
    }
    count.add_waited(ran);
    good && number == waiting
}

/// Runs cargo, shows what matters of its output, and counts.
fn watch(mut command: Command, count: &mut Count) -> bool {
    let mut child = match command.stdout(Stdio::piped()).spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("cargo: {error}");
            return false;
        }
    };
    let lines = child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines());
    for line in lines.map_while(Result::ok) {
        if count.line(&line) {
            println!("{line}");
        }
    }
    child.wait().is_ok_and(|status| status.success())
}
