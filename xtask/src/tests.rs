//! Every test, with a count at the end that does not hide what could not run.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

use crate::run::cargo;

/// What the test programs said.
#[derive(Default)]
struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// A test that cannot run here passes and prints a line that begins with this word.
    skipped: Vec<String>,
}

/// Runs all tests, or those whose names contain the filter. Gives whether all went well.
pub(crate) fn run(filter: &[&str], missing: &[String]) -> bool {
    let start = Instant::now();
    let mut count = Count::default();
    let mut words = vec!["test", "--workspace", "--all-features", "--no-fail-fast"];
    if let Some(name) = filter.first() {
        words.push(name);
    }
    words.extend(["--", "--show-output"]);
    let good = watch(&words, &mut count);

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

/// Runs cargo, shows what matters of its output, and counts.
fn watch(words: &[&str], count: &mut Count) -> bool {
    let mut command = cargo(words);
    // Tests in network namespaces mostly wait.
    command.env("RUST_TEST_THREADS", "8").stdout(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            eprintln!("cargo: {error}");
            return false;
        }
    };
    let mut in_output_of_passed = false;
    for line in
        child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()).map_while(Result::ok)
    {
        match line.as_str() {
            "successes:" => in_output_of_passed = true,
            "failures:" => in_output_of_passed = false,
            _ => {}
        }
        if let Some(result) = line.strip_prefix("test result:") {
            in_output_of_passed = false;
            count.add(result);
        }
        if line.starts_with("SKIPPED ") {
            count.skipped.push(line);
        } else if !in_output_of_passed && !is_noise(&line) {
            println!("{line}");
        }
    }
    child.wait().is_ok_and(|status| status.success())
}

impl Count {
    /// Adds up ` ok. 5 passed; 0 failed; 1 ignored; ...`.
    fn add(&mut self, result: &str) {
        let number = |name: &str| {
            let words: Vec<&str> = result.split([' ', ';', '.']).filter(|word| !word.is_empty()).collect();
            let before = words.windows(2).find(|pair| pair.get(1) == Some(&name));
            before.and_then(|pair| pair.first()?.parse::<u64>().ok()).unwrap_or(0)
        };
        self.passed += number("passed");
        self.failed += number("failed");
        self.ignored += number("ignored");
    }
}

/// Lines that say nothing: tests that passed, and blank lines between.
fn is_noise(line: &str) -> bool {
    line.is_empty() || line.ends_with(" ... ok") || line.starts_with("running ")
}
