//! One check as a state machine: what its outcomes mean, and when the next attempt is due.
//!
//! A check that is up tolerates `retry` failures in a row, except before its first result: there the first failure
//! decides. While it is down `rise` good results in a row bring it up: successes, or for several steps whole cycles from
//! the first step on.
//! An attempt is one step. A failed step is repeated; when the step that brought the check down works again, the
//! cycle begins anew with the first one.

use std::time::Duration;

use super::Verdict;
use crate::{Administration, AgentReport, Check, Operation, Outcome, Probe, Protocol, Timing, WeightUpdate};

/// Knowledge of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Health {
    up: bool,
    /// There was a result: a failure, or a whole cycle without one.
    settled: bool,
    /// Tolerated failures in a row; 0 while down.
    failures: u32,
    /// Good results in a row while down, fewer than `rise`; 0 while up.
    successes: u32,
    /// The step of the next attempt.
    step: usize,
    /// That step failed the last time it was tried, while down.
    repeats: bool,
    /// The weight of the last outcome that gave one.
    weigh: WeightUpdate,
    /// The administrative state that an agent reported last.
    administration: Administration,
}

/// Changes that an outcome makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// From the end of the attempt to the start of the next, or between their starts if the answer was quick.
    pub(super) wait: Duration,
    /// The consequence of a failure.
    pub(super) verdict: Option<Verdict>,
    /// The check is up now and was not, or the reverse.
    pub(super) turned: bool,
    /// This is the first result.
    pub(super) first: bool,
    /// The weight of its servers may have changed.
    pub(super) weighs: bool,
}

impl Health {
    /// Before the first attempt.
    pub(super) fn new(up: bool) -> Self {
        Self {
            up,
            settled: false,
            failures: 0,
            successes: 0,
            step: 0,
            repeats: false,
            weigh: WeightUpdate::Unchanged,
            administration: Administration::Ready,
        }
    }

    /// Whether a successor has to know the difference. At which step a good check is is no such thing: it would be told with
    /// every attempt.
    pub(super) fn is_worth_remembering(self, before: Self) -> bool {
        let good = |health: Self| health.up() && health.settled;
        let essence = |health: Self| if good(health) { Self { step: 0, ..health } } else { health };
        essence(self) != essence(before)
    }

    pub(super) fn up(&self) -> bool {
        self.up && self.administration != Administration::Maintenance
    }

    pub(super) fn settled(&self) -> bool {
        self.settled
    }

    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// Good results in a row that did not bring it up yet.
    pub(super) fn successes(&self) -> u32 {
        self.successes
    }

    /// Whether the next outcome is waited for: there is no result yet, or the last ones do not count alone.
    pub(super) fn is_to_be_proven(&self) -> bool {
        !self.settled || self.failures > 0 || self.successes > 0
    }

    pub(super) fn step(&self) -> usize {
        self.step
    }

    pub(super) fn weigh(&self) -> WeightUpdate {
        if self.administration == Administration::Drain { WeightUpdate::Exactly(0) } else { self.weigh }
    }

    /// An attempt at [`step`](Self::step) ended.
    pub(super) fn handle(&mut self, check: &Check, outcome: &Outcome) -> Change {
        let before = *self;
        let (wait, verdict) = match outcome {
            Outcome::Pass(weigh) => (self.pass(check, *weigh), None),
            Outcome::Agent(report) => {
                self.hear(report);
                let verdict = if before.up() { Verdict::Down { retries: 0 } } else { Verdict::StillDown };
                (check.timing.delay_loop, report.failure().map(|_| verdict))
            }
            // Silence of an agent says nothing about its server.
            Outcome::Fail(_) if check.probe.is_agent() => (check.timing.delay_loop, Some(Verdict::Nothing)),
            Outcome::Fail(_) => {
                let verdict = self.fail(&check.timing);
                (patience(check, verdict), Some(verdict))
            }
        };
        Change {
            wait,
            verdict,
            turned: self.up() != before.up(),
            first: self.settled && !before.settled,
            weighs: self.weigh() != before.weigh(),
        }
    }

    /// Takes what an agent mentions, and nothing else.
    fn hear(&mut self, report: &AgentReport) {
        match report.operation {
            Some(operation) => self.up = operation == Operation::Up,
            // It was only assumed to be down.
            None => self.up |= !self.settled,
        }
        self.settled = true;
        self.successes = 0;
        self.administration = report.administration.unwrap_or(self.administration);
        self.weigh = report.percent.map_or(self.weigh, WeightUpdate::Percent);
    }

    fn pass(&mut self, check: &Check, weigh: WeightUpdate) -> Duration {
        // A result without a weight does not take back an earlier one.
        if weigh != WeightUpdate::Unchanged {
            self.weigh = weigh;
        }
        self.failures = 0;
        let restarts = std::mem::take(&mut self.repeats) && self.step > 0;
        let next = if restarts { 0 } else { self.step + 1 };
        let whole = next >= check.probe.steps();
        self.step = if whole { 0 } else { next };
        if whole {
            let successes = self.successes.saturating_add(1);
            let proven = self.up || successes >= check.timing.rise;
            self.successes = if proven { 0 } else { successes };
            self.up = proven;
            self.settled |= proven;
        }
        let hurries = check.timing.fast_recovery && !whole && (!self.up || !self.settled);
        if hurries { Duration::ZERO } else { check.timing.delay_loop }
    }

    fn fail(&mut self, timing: &Timing) -> Verdict {
        if self.up && self.settled && self.failures < timing.retry {
            self.failures += 1;
            return Verdict::Tolerated { failures: self.failures, left: timing.retry - self.failures };
        }
        let verdict = if self.up { Verdict::Down { retries: self.failures } } else { Verdict::StillDown };
        *self = Self { up: false, settled: true, failures: 0, successes: 0, repeats: true, ..*self };
        verdict
    }
}

/// The wait after a failure.
fn patience(check: &Check, verdict: Verdict) -> Duration {
    let timing = &check.timing;
    match verdict {
        Verdict::Tolerated { .. } => timing.delay_before_retry,
        Verdict::Down { .. } | Verdict::StillDown if is_http(&check.probe) => {
            timing.delay_loop.max(timing.delay_before_retry)
        }
        Verdict::Down { .. } | Verdict::StillDown | Verdict::Nothing => timing.delay_loop,
    }
}

/// Only these have steps; while down they wait for the longer of the two delays, as in keepalived.
fn is_http(probe: &Probe) -> bool {
    matches!(probe, Probe::Network(network) if matches!(network.protocol, Protocol::Http(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, File};

    const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);
    const FAIL: Outcome = Outcome::Fail(Failure::Bfd);

    fn check() -> Check {
        let timing = Timing {
            delay_loop: Duration::from_secs(10),
            retry: 2,
            delay_before_retry: Duration::from_secs(1),
            rise: 1,
            warmup: Duration::ZERO,
            alpha: false,
            fast_recovery: false,
        };
        Check { probe: Probe::File(File { path: "/file".into(), weight: 0, reverse: false }.into()), timing }
    }

    fn health(up: bool, settled: bool, failures: u32) -> Health {
        Health { settled, failures, ..Health::new(up) }
    }

    /// Every state of a check with one step and two retries, with every outcome.
    #[test]
    fn each_state_takes_each_outcome_as_the_table_says() {
        let assumed_up = health(true, false, 0);
        let assumed_down = health(false, false, 0);
        let good = health(true, true, 0);
        let once = health(true, true, 1);
        let twice = health(true, true, 2);
        let bad = Health { repeats: true, ..health(false, true, 0) };
        let down = |retries| Some(Verdict::Down { retries });
        let table = [
            // state, outcome, state after it, seconds to wait, verdict, turned, first
            (assumed_up, PASS, good, 10, None, false, true),
            (assumed_up, FAIL, bad, 10, down(0), true, true),
            (assumed_down, PASS, good, 10, None, true, true),
            (assumed_down, FAIL, bad, 10, Some(Verdict::StillDown), false, true),
            (good, PASS, good, 10, None, false, false),
            (good, FAIL, once, 1, Some(Verdict::Tolerated { failures: 1, left: 1 }), false, false),
            (once, PASS, good, 10, None, false, false),
            (once, FAIL, twice, 1, Some(Verdict::Tolerated { failures: 2, left: 0 }), false, false),
            (twice, PASS, good, 10, None, false, false),
            (twice, FAIL, bad, 10, down(2), true, false),
            (bad, PASS, good, 10, None, true, false),
            (bad, FAIL, bad, 10, Some(Verdict::StillDown), false, false),
        ];
        for (before, outcome, after, seconds, verdict, turned, first) in table {
            let mut health = before;
            let change = health.handle(&check(), &outcome);
            let expected =
                Change { wait: Duration::from_secs(seconds), verdict, turned, first, weighs: false };
            assert_eq!((health, change), (after, expected), "{before:?} and {outcome:?}");
        }
    }

    /// Outcomes in a row of a check that is down, with what is known after each: up, a result, and good results so far.
    #[test]
    fn a_check_comes_up_after_as_many_good_results_in_a_row_as_are_asked_for() {
        let mut check = check();
        check.timing.rise = 3;
        for settled in [false, true] {
            let mut health = health(false, settled, 0);
            let story = [
                (PASS, false, settled, 1),
                (PASS, false, settled, 2),
                (FAIL, false, true, 0),
                (PASS, false, true, 1),
                (PASS, false, true, 2),
                (PASS, true, true, 0),
                (PASS, true, true, 0),
                (FAIL, true, true, 0),
                (PASS, true, true, 0),
            ];
            for (place, (outcome, up, known, successes)) in story.into_iter().enumerate() {
                let change = health.handle(&check, &outcome);
                assert_eq!(
                    (health.up(), health.settled(), health.successes()),
                    (up, known, successes),
                    "{place}"
                );
                assert_eq!(change.turned, place == 5, "outcome {place}");
            }
        }
        // A check that is assumed to be up needs no `rise` results.
        let mut assumed_up = health(true, false, 0);
        assert!(assumed_up.handle(&check, &PASS).first);
        assert!(assumed_up.up());
    }

    /// Reports of an agent, in order, and the state after each: up, and the weight.
    #[test]
    fn values_that_an_agent_omits_do_not_change() {
        let agent = crate::Network {
            target: crate::Target::new(([127, 0, 0, 1], 1).into(), Duration::from_secs(1)),
            protocol: Protocol::Agent(crate::Agent { send: String::new() }),
        };
        let check = Check { probe: Probe::Network(agent.into()), ..check() };
        let silence = Outcome::Fail(Failure::ConnectTimeout);
        let administration =
            |word| Outcome::Agent(AgentReport { administration: Some(word), ..AgentReport::default() });
        let operation =
            |word| Outcome::Agent(AgentReport { operation: Some(word), ..AgentReport::default() });
        let percent = |share| Outcome::Agent(AgentReport { percent: Some(share), ..AgentReport::default() });
        let (ready, drain) = (administration(Administration::Ready), administration(Administration::Drain));
        let (up, down, maint) = (
            operation(Operation::Up),
            operation(Operation::Down),
            administration(Administration::Maintenance),
        );
        let stays_down = Some(Verdict::StillDown);
        let falls = Some(Verdict::Down { retries: 0 });
        let (zero, most) = (WeightUpdate::Exactly(0), WeightUpdate::Percent(75));
        let story = [
            (&silence, true, WeightUpdate::Unchanged, Some(Verdict::Nothing)),
            (&drain, true, zero, None),
            (&percent(75), true, zero, None),
            (&silence, true, zero, Some(Verdict::Nothing)),
            (&up, true, zero, None),
            (&ready, true, most, None),
            (&down, false, most, falls),
            (&percent(75), false, most, None),
            (&ready, false, most, None),
            (&silence, false, most, Some(Verdict::Nothing)),
            (&up, true, most, None),
            (&maint, false, most, falls),
            (&up, false, most, None),
            (&down, false, most, stays_down),
            (&ready, false, most, None),
            (&up, true, most, None),
        ];
        for unproven in [true, false] {
            let mut health = Health::new(true);
            health.settled = !unproven;
            for (place, (outcome, up, weigh, verdict)) in story.iter().enumerate() {
                let change = health.handle(&check, outcome);
                assert_eq!(
                    (health.up(), health.weigh(), change.verdict),
                    (*up, *weigh, *verdict),
                    "word {place}"
                );
                assert_eq!(change.wait, Duration::from_secs(10));
            }
        }
        // With alpha any answer but a bad one proves it, and silence does not.
        let mut health = Health::new(false);
        health.handle(&check, &silence);
        assert!(!health.up() && !health.settled());
        assert!(health.handle(&check, &percent(75)).turned);
        assert!(health.up() && health.settled());
    }
}
