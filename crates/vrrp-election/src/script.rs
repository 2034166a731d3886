//! A check script: when it runs, when its time is up, and what its results mean.
//!
//! Nothing is executed here; [`ScriptAct`] says what to do with the process.

use core::time::Duration;

use crate::Instant;

/// What a check script is told (keepalived's `vrrp_script`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptConfig {
    /// From start to start.
    pub interval: Duration,
    /// How long one run may take; longer counts as a failure.
    pub timeout: Duration,
    /// Successes in a row until a failed check is good again, at least 1.
    pub rise: u32,
    /// Failures in a row until a good check is failed, at least 1.
    pub fall: u32,
    /// Whether the check counts as failed until it succeeded, instead of as unknown.
    pub init_fail: bool,
}

impl Default for ScriptConfig {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self { interval: second, timeout: second, rise: 1, fall: 1, init_fail: false }
    }
}

/// What to do with a script's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptAct {
    /// Start it.
    Run,
    /// Its time is up: ask it to end (SIGTERM to its process group).
    Terminate,
    /// It did not: end it (SIGKILL to its process group).
    Kill,
}

/// One check script.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    config: ScriptConfig,
    /// 0 to rise + fall - 1; the check is good from `rise` on.
    counter: u32,
    /// Whether any result has come, or `init_fail` stands for one.
    known: bool,
    run: Option<Run>,
    /// When the next run is due.
    next: Instant,
}

/// A run under way.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// When the next step against it is due.
    deadline: Instant,
    /// Steps taken: 0 none, 1 terminated, 2 and more killed.
    steps: u32,
}

/// keepalived's patience: TERM, 2 s later KILL, 2 s later again, then every 10 s.
const KILL_GRACE: Duration = Duration::from_secs(2);
const KILL_REPEAT: Duration = Duration::from_secs(10);

impl Script {
    /// A check that runs for the first time at `now`.
    pub(crate) fn new(config: ScriptConfig, now: Instant) -> Self {
        Self { config, counter: 0, known: config.init_fail, run: None, next: now }
    }

    /// The same check after a reload: results stay, and a run under way is forgotten (its result never comes).
    pub(crate) fn carried(&self, config: ScriptConfig, now: Instant) -> Self {
        let up = self.up();
        let counter = if up == Some(true) { config.rise.max(1) } else { 0 };
        Self { config, counter, known: self.known, run: None, next: self.next.min(now + config.interval) }
    }

    /// Whether the check is good; `None` while nothing is known.
    pub(crate) fn up(&self) -> Option<bool> {
        self.known.then(|| self.counter >= self.config.rise.max(1))
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(crate) fn timeout(&self) -> Instant {
        self.run.map_or(self.next, |run| run.deadline)
    }

    /// Time passed: a run is due, or one takes too long.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<ScriptAct> {
        match &mut self.run {
            None if self.next <= now => {
                self.run = Some(Run { deadline: now + self.config.timeout, steps: 0 });
                self.next = now + self.config.interval;
                Some(ScriptAct::Run)
            }
            Some(run) if run.deadline <= now => {
                run.steps = run.steps.saturating_add(1);
                run.deadline = now + if run.steps <= 2 { KILL_GRACE } else { KILL_REPEAT };
                Some(if run.steps == 1 { ScriptAct::Terminate } else { ScriptAct::Kill })
            }
            _ => None,
        }
    }

    /// Forgets a run under way; gives whether there was one.
    pub(crate) fn abandon(&mut self) -> bool {
        self.run.take().is_some()
    }

    /// The run ended. A success after its time was up is a failure. Runs missed meanwhile are skipped.
    pub(crate) fn handle_result(&mut self, now: Instant, success: bool) {
        let Some(run) = self.run.take() else { return };
        if self.next < now {
            self.next = now;
        }
        self.count(success && run.steps == 0);
    }

    /// Consecutive results move the counter; the first result of all decides alone.
    fn count(&mut self, success: bool) {
        let rise = self.config.rise.max(1);
        let top = rise.saturating_add(self.config.fall.max(1)) - 1;
        if !core::mem::replace(&mut self.known, true) {
            self.counter = if success { top } else { 0 };
            return;
        }
        self.counter = match success {
            true if self.counter + 1 < rise => self.counter + 1,
            true => top,
            false if self.counter > rise => self.counter - 1,
            false => 0,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn script(rise: u32, fall: u32, init_fail: bool) -> Script {
        let config = ScriptConfig { rise, fall, init_fail, ..ScriptConfig::default() };
        Script::new(config, Instant::ZERO)
    }

    /// Runs the script once per result and notes what the check is after each.
    fn states(script: &mut Script, results: &[bool]) -> alloc::vec::Vec<Option<bool>> {
        let mut now = Instant::ZERO;
        let mut states = alloc::vec::Vec::new();
        for result in results {
            assert_eq!(script.handle_timeout(now), Some(ScriptAct::Run));
            script.handle_result(now, *result);
            states.push(script.up());
            now += SECOND;
        }
        states
    }

    #[test]
    fn the_first_result_decides_alone() {
        assert_eq!(script(3, 3, false).up(), None);
        assert_eq!(states(&mut script(3, 3, false), &[true]), [Some(true)]);
        assert_eq!(states(&mut script(3, 3, false), &[false]), [Some(false)]);
    }

    #[test]
    fn a_good_check_fails_after_fall_failures_in_a_row() {
        let results = [true, false, false, true, false, false, false];
        let up = [true, true, true, true, true, true, false];
        assert_eq!(states(&mut script(1, 3, false), &results), up.map(Some));
    }

    #[test]
    fn a_failed_check_is_good_after_rise_successes_in_a_row() {
        let results = [true, true, false, true, true, true];
        let up = [false, false, false, false, false, true];
        assert_eq!(states(&mut script(3, 1, true), &results), up.map(Some));
    }

    #[test]
    fn a_run_that_takes_too_long_is_ended_and_counts_as_a_failure() {
        let mut script = script(1, 1, false);
        let mut now = Instant::ZERO;
        assert_eq!(script.handle_timeout(now), Some(ScriptAct::Run));
        for (after, act) in [
            (SECOND, ScriptAct::Terminate),
            (KILL_GRACE, ScriptAct::Kill),
            (KILL_GRACE, ScriptAct::Kill),
            (KILL_REPEAT, ScriptAct::Kill),
        ] {
            assert_eq!(script.handle_timeout(now + after - Duration::from_nanos(1)), None);
            now += after;
            assert_eq!(script.timeout(), now);
            assert_eq!(script.handle_timeout(now), Some(act));
        }
        script.handle_result(now, true);
        assert_eq!(script.up(), Some(false));
        assert_eq!(
            script.handle_timeout(now),
            Some(ScriptAct::Run),
            "missed runs are skipped, not caught up"
        );
    }

    #[test]
    fn a_result_nobody_asked_for_changes_nothing() {
        let mut script = script(1, 1, false);
        script.handle_result(Instant::ZERO, true);
        assert_eq!(script.up(), None);
    }

    #[test]
    fn a_reload_keeps_what_is_known() {
        let mut script = script(2, 2, false);
        states(&mut script, &[true]);
        let carried =
            script.carried(ScriptConfig { rise: 5, fall: 5, ..ScriptConfig::default() }, Instant::ZERO);
        assert_eq!(carried.up(), Some(true));
    }
}
