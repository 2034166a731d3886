//! Reads what test programs say, and counts.

/// The results of the test programs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) ignored: u64,
    /// Names of those among the ignored ones that wait for a kernel with IPVS.
    pub(super) waiting: Vec<String>,
    /// A test that cannot run here passes and prints a line that begins with this word.
    pub(super) skipped: Vec<String>,
    in_output_of_passed: bool,
}

/// Why a test is ignored that needs a kernel with IPVS, as it stands in `#[ignore = "..."]`.
pub(super) const NEEDS_IPVS: &str = "needs a kernel with IPVS: cargo xtask vm";

impl Count {
    /// Takes a line of output. Gives whether a person wants to see it.
    pub(super) fn line(&mut self, line: &str) -> bool {
        match line {
            "successes:" => self.in_output_of_passed = true,
            "failures:" => self.in_output_of_passed = false,
            _ => {}
        }
        if let Some(result) = line.strip_prefix("test result:") {
            self.in_output_of_passed = false;
            self.result(result);
        }
        let waits = waiting(line);
        self.waiting.extend(waits.map(str::to_owned));
        if line.starts_with("SKIPPED ") {
            self.skipped.push(line.to_owned());
            return false;
        }
        !self.in_output_of_passed && waits.is_none() && !is_noise(line)
    }

    /// Takes over what the tests said that had been waiting for a kernel with IPVS.
    pub(super) fn add_waited(&mut self, ran: Self) {
        self.ignored = self.ignored.saturating_sub(ran.passed + ran.failed);
        self.passed += ran.passed;
        self.failed += ran.failed;
        self.skipped.extend(ran.skipped);
    }

    /// The tests that wait for a kernel with IPVS do not get one.
    pub(super) fn skip_waiting(&mut self, why: &str) {
        let number = u64::try_from(self.waiting.len()).unwrap_or(u64::MAX);
        self.ignored = self.ignored.saturating_sub(number);
        // A skipped test has passed, as it says.
        self.passed += number;
        self.skipped.extend(self.waiting.iter().map(|test| format!("SKIPPED {test}: {why}")));
    }

    /// Adds up ` ok. 5 passed; 0 failed; 1 ignored; ...`.
    fn result(&mut self, result: &str) {
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

/// The name of the test, in the line that says it is ignored for want of IPVS.
fn waiting(line: &str) -> Option<&str> {
    let (name, rest) = line.strip_prefix("test ")?.split_once(" ... ignored, ")?;
    (rest == NEEDS_IPVS).then_some(name)
}

/// Lines that say nothing: tests that passed, and blank lines between.
fn is_noise(line: &str) -> bool {
    line.is_empty() || line.ends_with(" ... ok") || line.starts_with("running ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(lines: &str) -> (Count, Vec<&str>) {
        let mut count = Count::default();
        let shown = lines.lines().filter(|line| count.line(line)).collect();
        (count, shown)
    }

    const ORDINARY: &str = "\
running 4 tests
test adds ... ok
test divides ... FAILED
test with_ipvs ... ignored, needs a kernel with IPVS: cargo xtask vm
test slow ... ignored
successes:
---- adds stdout ----
SKIPPED adds: no numbers
more of it
failures:
---- divides stdout ----
by zero
test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s
";

    #[test]
    fn tests_that_wait_for_a_kernel_are_counted_apart() {
        let (count, shown) = heard(ORDINARY);
        assert_eq!((count.passed, count.failed, count.ignored), (1, 1, 2));
        assert_eq!(count.waiting, ["with_ipvs"]);
        assert_eq!(count.skipped, ["SKIPPED adds: no numbers"]);
        assert_eq!(
            shown,
            [
                "test divides ... FAILED",
                "test slow ... ignored",
                "failures:",
                "---- divides stdout ----",
                "by zero",
                "test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.01s"
            ]
        );
    }

    #[test]
    fn a_test_that_has_waited_and_run_is_not_ignored() {
        let (mut count, _) = heard(ORDINARY);
        let (ran, _) = heard("test with_ipvs ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored;");
        count.add_waited(ran);
        assert_eq!((count.passed, count.failed, count.ignored), (2, 1, 1));
    }
    #[test]
    fn without_a_kernel_it_is_skipped_and_not_forgotten() {
        let (mut count, _) = heard(ORDINARY);
        count.skip_waiting("no kernel");
        assert_eq!((count.passed, count.failed, count.ignored), (2, 1, 1));
        assert_eq!(count.skipped, ["SKIPPED adds: no numbers", "SKIPPED with_ipvs: no kernel"]);
    }
}
