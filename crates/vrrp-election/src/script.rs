//! A check script: when it runs, when its time is up, and what its results mean.
//!
//! Nothing is executed here; [`ScriptAct`] says what to do with the process.

use core::time::Duration;

use crate::{EndSignal, Instant, Termination};

/// Configuration of a check script (keepalived's `vrrp_script`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScriptConfig {
    /// From start to start.
    pub interval: Duration,
    /// Longest run from the start of its process; a longer one counts as a failure.
    pub timeout: Duration,
    /// Successes in a row until a failed check is good again, at least 1.
    pub rise: u32,
    /// Failures in a row until a good check is failed, at least 1.
    pub fall: u32,
    /// Whether the check counts as failed until it succeeded, instead of as unknown.
    pub init_fail: bool,
    /// Treatment of a check without a result for long, because this machine lacks resources.
    pub on_shortage: OnShortage,
}

/// Treatment of a check whose runs give no result for long: they cannot be started, or neither begin nor end.
///
/// That is for ten intervals, at least a minute, and the time that one run may take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnShortage {
    /// Its last result stays: a shortage here says nothing about what is checked.
    #[default]
    Keep,
    /// It counts as failed until it succeeds again (`rise` times in a row).
    Fail,
}

impl ScriptConfig {
    /// Time without a result after which that is reported.
    #[must_use]
    pub fn silence(&self) -> Duration {
        self.interval.saturating_mul(10).max(MIN_SILENCE).saturating_add(self.timeout)
    }
}

const MIN_SILENCE: Duration = Duration::from_secs(60);

impl Default for ScriptConfig {
    fn default() -> Self {
        let second = Duration::from_secs(1);
        Self {
            interval: second,
            timeout: second,
            rise: 1,
            fall: 1,
            init_fail: false,
            on_shortage: OnShortage::Keep,
        }
    }
}

/// Why a check has no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoResult {
    /// Its runs were not started, or nothing is known of how they ended.
    NotRun,
    /// A run was asked for and has not begun.
    NotBegun,
    /// A run has begun and does not end, although it was told to.
    NotEnded,
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

/// Result of a script's run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptResult {
    /// Its process ended well, within its time.
    Passed,
    /// Its process ended badly, or not within its time.
    Failed,
    /// Nothing: it did not run, or was not watched, by a fault of this machine. The earlier result stays.
    Unknown,
}

impl From<bool> for ScriptResult {
    fn from(success: bool) -> Self {
        if success { Self::Passed } else { Self::Failed }
    }
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
    /// When it last had a result, or began.
    heard: Instant,
    /// It was reported that there is no result.
    silent: bool,
    /// The last result, and the number of equal ones in a row.
    last: bool,
    streak: u32,
}

/// A run under way.
#[derive(Clone, Copy, Debug, Default)]
struct Run {
    /// When its time is up; `None` until its process began.
    deadline: Option<Instant>,
    /// The termination that goes on since its time is up.
    end: Option<Termination>,
}

impl Run {
    /// When the next step against it is due.
    fn timeout(&self) -> Option<Instant> {
        self.end.map(|end| end.poll_timeout()).or(self.deadline)
    }

    /// The step that is due, if one is.
    fn step(&mut self, now: Instant) -> Option<ScriptAct> {
        if self.deadline.is_none_or(|deadline| now < deadline) {
            return None;
        }
        match self.end.get_or_insert_with(|| Termination::begin(now)).poll_signal(now)? {
            EndSignal::Term => Some(ScriptAct::Terminate),
            EndSignal::Kill => Some(ScriptAct::Kill),
        }
    }
}

impl Script {
    /// A check that runs for the first time at `now`.
    pub(crate) fn new(config: ScriptConfig, now: Instant) -> Self {
        let known = config.init_fail;
        Self {
            config,
            counter: 0,
            known,
            run: None,
            next: now,
            heard: now,
            silent: false,
            last: false,
            streak: 0,
        }
    }

    /// The same check after a reload: results stay, and a run under way is forgotten (its result never comes).
    pub(crate) fn carried(&self, config: ScriptConfig, now: Instant) -> Self {
        let up = self.up();
        let counter = if up == Some(true) { config.rise.max(1) } else { 0 };
        let next = self.next.min(now + config.interval);
        let (heard, silent) = (self.heard, self.silent);
        let Self { known, last, streak, .. } = *self;
        Self { config, counter, known, run: None, next, heard, silent, last, streak }
    }

    /// The check after a reload by which it runs something else: results stay until it has reported, which is due now.
    /// `None` if there are none: then `init_fail` decides.
    pub(crate) fn redefined(&self, config: ScriptConfig, now: Instant) -> Option<Self> {
        self.known.then(|| Self { next: now, ..self.carried(config, now) })
    }

    /// Takes a predecessor's result of the same check.
    pub(crate) fn inherit(&mut self, up: bool) {
        self.known = true;
        self.counter = if up { self.config.rise.max(1) } else { 0 };
    }

    /// Whether the check is good; `None` while nothing is known.
    pub(crate) fn up(&self) -> Option<bool> {
        self.known.then(|| self.counter >= self.config.rise.max(1))
    }

    /// When [`handle_timeout`](Self::handle_timeout) or [`handle_silence`](Self::handle_silence) is due.
    pub(crate) fn timeout(&self) -> Option<Instant> {
        let step = self.run.map_or(Some(self.next), |run| run.timeout());
        let silence = (!self.silent).then(|| self.heard + self.config.silence());
        [step, silence].into_iter().flatten().min()
    }

    /// There may have been no result for long: why, once; the check counts as failed then if that is asked for.
    pub(crate) fn handle_silence(&mut self, now: Instant) -> Option<NoResult> {
        if self.silent || now < self.heard + self.config.silence() {
            return None;
        }
        self.silent = true;
        if self.config.on_shortage == OnShortage::Fail {
            self.known = true;
            self.counter = 0;
        }
        Some(match self.run {
            None => NoResult::NotRun,
            Some(Run { deadline: None, .. }) => NoResult::NotBegun,
            Some(Run { deadline: Some(_), .. }) => NoResult::NotEnded,
        })
    }

    /// Time without a result so far.
    pub(crate) fn silent_for(&self, now: Instant) -> Duration {
        now.since(self.heard)
    }

    /// Time passed: a run is due, or one takes too long.
    pub(crate) fn handle_timeout(&mut self, now: Instant) -> Option<ScriptAct> {
        match &mut self.run {
            None if self.next <= now => {
                self.run = Some(Run::default());
                self.next = now + self.config.interval;
                Some(ScriptAct::Run)
            }
            Some(run) => run.step(now),
            None => None,
        }
    }

    /// The process that was asked for began at `started`: its time counts from then.
    pub(crate) fn handle_started(&mut self, started: Instant) {
        if let Some(run) = self.run.as_mut().filter(|run| run.deadline.is_none()) {
            run.deadline = Some(started + self.config.timeout);
        }
    }

    /// This machine stood still for so long: a run had no chance to end.
    pub(crate) fn handle_stall(&mut self, late: Duration) {
        self.heard += late;
        match &mut self.run {
            Some(Run { end: Some(end), .. }) => end.postpone(late),
            Some(Run { deadline: Some(deadline), .. }) => *deadline += late,
            _ => {}
        }
    }

    /// Whether a run is under way.
    pub(crate) fn runs(&self) -> bool {
        self.run.is_some()
    }

    /// Its parameters.
    pub(crate) fn config(&self) -> &ScriptConfig {
        &self.config
    }

    /// When the next run is due, unless one is under way.
    pub(crate) fn next_run(&self) -> Option<Instant> {
        self.run.is_none().then_some(self.next)
    }

    /// Results in a row of the kind of the last one.
    pub(crate) fn streak(&self) -> u32 {
        self.streak
    }

    /// It has had no result for so long that this was reported.
    pub(crate) fn is_silent(&self) -> bool {
        self.silent
    }

    /// Forgets a run under way; gives whether there was one.
    pub(crate) fn abandon(&mut self) -> bool {
        self.run.take().is_some()
    }

    /// The run ended. Runs missed meanwhile are skipped. Gives whether a reported lack of results is over.
    pub(crate) fn handle_result(&mut self, now: Instant, result: ScriptResult) -> bool {
        if self.run.take().is_none() {
            return false;
        }
        if self.next < now {
            self.next = now;
        }
        match result {
            ScriptResult::Passed => self.count(true),
            ScriptResult::Failed => self.count(false),
            ScriptResult::Unknown => return false,
        }
        self.heard = now;
        core::mem::take(&mut self.silent)
    }

    /// Consecutive results move the counter; the first result of all decides alone.
    fn count(&mut self, success: bool) {
        let goes_on = core::mem::replace(&mut self.last, success) == success;
        self.streak = if goes_on { self.streak.saturating_add(1) } else { 1 };
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
            script.handle_result(now, (*result).into());
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
        script.handle_started(now);
        for (after, act) in [
            (SECOND, ScriptAct::Terminate),
            (SECOND * 2, ScriptAct::Kill),
            (SECOND * 2, ScriptAct::Kill),
            (SECOND * 10, ScriptAct::Kill),
        ] {
            assert_eq!(script.handle_timeout(now + after - Duration::from_nanos(1)), None);
            now += after;
            assert_eq!(script.timeout(), Some(now));
            assert_eq!(script.handle_timeout(now), Some(act));
        }
        script.handle_result(now, ScriptResult::Failed);
        assert_eq!(script.up(), Some(false));
        assert_eq!(
            script.handle_timeout(now),
            Some(ScriptAct::Run),
            "missed runs are skipped, not caught up"
        );
    }

    #[test]
    fn the_time_of_a_run_counts_from_the_start_of_its_process() {
        let mut script = script(1, 1, false);
        let late = Instant::ZERO + SECOND * 5;
        assert_eq!(script.handle_timeout(Instant::ZERO), Some(ScriptAct::Run));
        assert_eq!(script.timeout(), Some(Instant::ZERO + script.config.silence()), "no time of its own");
        assert_eq!(script.handle_timeout(late), None, "it was asked for and did not begin: nobody's failure");
        script.handle_started(late);
        assert_eq!(script.timeout(), Some(late + SECOND));
        script.handle_started(late + SECOND);
        assert_eq!(script.timeout(), Some(late + SECOND), "it begins once");
        script.handle_result(late, ScriptResult::Passed);
        assert_eq!(script.up(), Some(true));
    }

    #[test]
    fn a_run_is_not_ended_for_time_that_the_machine_lost() {
        let mut script = script(1, 1, false);
        script.handle_timeout(Instant::ZERO);
        script.handle_started(Instant::ZERO);
        let woken = Instant::ZERO + SECOND * 3;
        script.handle_stall(SECOND * 2 + SECOND / 2);
        assert_eq!(script.handle_timeout(woken), None);
        assert_eq!(script.timeout(), Some(woken + SECOND / 2), "the rest of its time");
    }

    #[test]
    fn a_run_without_a_result_keeps_the_last_one_and_is_repeated_at_the_next_interval() {
        for before in [true, false] {
            let mut script = script(1, 1, false);
            states(&mut script, &[before]);
            let now = Instant::ZERO + SECOND;
            assert_eq!(script.handle_timeout(now), Some(ScriptAct::Run));
            script.handle_result(now, ScriptResult::Unknown);
            assert_eq!(script.up(), Some(before));
            assert_eq!(script.timeout(), Some(now + SECOND));
        }
        let mut fresh = script(1, 1, false);
        fresh.handle_timeout(Instant::ZERO);
        fresh.handle_result(Instant::ZERO, ScriptResult::Unknown);
        assert_eq!(fresh.up(), None);
    }

    #[test]
    fn a_check_without_results_is_reported_once_and_again_when_they_come() {
        let mut script = script(1, 1, false);
        states(&mut script, &[true]);
        let silence = script.config.silence();
        assert_eq!(silence, SECOND * 61, "a minute and the time of a run");
        let mut now = Instant::ZERO;
        for _ in 0..60 {
            now += SECOND;
            assert_eq!(script.handle_silence(now), None);
            assert_eq!(script.handle_timeout(now), Some(ScriptAct::Run));
            assert!(!script.handle_result(now, ScriptResult::Unknown));
        }
        now += SECOND;
        assert_eq!(script.timeout(), Some(now));
        assert_eq!(script.handle_silence(now), Some(NoResult::NotRun));
        assert_eq!(script.silent_for(now), silence);
        assert_eq!(script.handle_silence(now), None, "it is reported once");
        assert_eq!(script.up(), Some(true), "the earlier result stays");
        script.handle_timeout(now);
        assert!(script.handle_result(now, ScriptResult::Passed));
        assert!(script.timeout().is_some_and(|at| at == now + SECOND));
        assert_eq!(script.handle_silence(now + SECOND * 60), None);
        assert_eq!(script.handle_silence(now + SECOND * 61), Some(NoResult::NotRun));
    }

    #[test]
    fn a_check_without_results_fails_where_that_is_asked_for_and_rises_again() {
        let config = ScriptConfig { rise: 2, on_shortage: OnShortage::Fail, ..ScriptConfig::default() };
        let mut script = Script::new(config, Instant::ZERO);
        let now = Instant::ZERO + config.silence();
        assert_eq!(script.handle_silence(now), Some(NoResult::NotRun));
        assert_eq!(script.up(), Some(false), "even if it was never known");
        script.handle_timeout(now);
        assert!(script.handle_result(now, ScriptResult::Passed));
        assert_eq!(script.up(), Some(false));
        script.handle_timeout(now + SECOND);
        assert!(!script.handle_result(now + SECOND, ScriptResult::Passed));
        assert_eq!(script.up(), Some(true));
    }

    #[test]
    fn the_reason_why_there_is_no_result_is_known() {
        let mut waiting = script(1, 1, false);
        waiting.handle_timeout(Instant::ZERO);
        let mut hanging = waiting.clone();
        let now = Instant::ZERO + waiting.config.silence();
        assert_eq!(waiting.handle_silence(now), Some(NoResult::NotBegun));
        hanging.handle_started(Instant::ZERO);
        assert_eq!(hanging.handle_silence(now), Some(NoResult::NotEnded));
    }

    #[test]
    fn a_long_interval_or_a_stall_gives_a_check_more_time() {
        let config = ScriptConfig { interval: SECOND * 30, timeout: SECOND * 20, ..ScriptConfig::default() };
        assert_eq!(config.silence(), SECOND * 320);
        let mut script = script(1, 1, false);
        script.handle_stall(SECOND * 600);
        assert_eq!(script.handle_silence(Instant::ZERO + SECOND * 660), None);
        assert!(script.handle_silence(Instant::ZERO + SECOND * 661).is_some());
    }

    #[test]
    fn a_reload_goes_on_counting_the_time_without_results() {
        let script = script(1, 1, false);
        let mut carried = script.carried(ScriptConfig::default(), Instant::ZERO + SECOND * 50);
        let now = Instant::ZERO + SECOND * 61;
        assert_eq!(carried.handle_silence(now), Some(NoResult::NotRun));
        let mut again = carried.carried(ScriptConfig::default(), now);
        assert_eq!(again.handle_silence(now + SECOND * 100), None, "it was reported");
    }

    #[test]
    fn a_result_nobody_asked_for_changes_nothing() {
        let mut script = script(1, 1, false);
        script.handle_result(Instant::ZERO, ScriptResult::Passed);
        assert_eq!(script.up(), None);
    }

    #[test]
    fn a_reload_keeps_known_results() {
        let mut script = script(2, 2, false);
        states(&mut script, &[true]);
        let carried =
            script.carried(ScriptConfig { rise: 5, fall: 5, ..ScriptConfig::default() }, Instant::ZERO);
        assert_eq!(carried.up(), Some(true));
    }
}
