//! `MISC_CHECK` scripts that run: the parent starts them, here their time is kept.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use lvs_health::director::AttemptId;
use vrrp_election::{EndSignal, Termination};

use crate::ipc::{Generation, ScriptAct};

/// Which script, as the parent knows it.
pub(super) type ScriptKey = (Generation, u32);

/// The scripts under way.
#[derive(Debug, Default)]
pub(super) struct Scripts {
    running: HashMap<ScriptKey, Run>,
    deadlines: BTreeSet<(Instant, ScriptKey)>,
}

#[derive(Debug)]
struct Run {
    /// The attempt that waits for it; `None` once none does.
    attempt: Option<AttemptId>,
    timeout: Duration,
    /// When the next step against it is due; `None` until its process began.
    deadline: Option<Instant>,
    /// Its termination: its time is up, or no attempt waits for it.
    end: Option<Termination<Instant>>,
    /// It took too long, or did not heed SIGTERM.
    stuck: bool,
}

/// Whether a run begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Begun {
    /// It does.
    Started,
    /// The last one of this script is given a moment to end: nobody waits for it any more, through no fault of its own.
    Ending,
    /// The last one does not end, although it was told to.
    Stuck,
}

/// An act that is due.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Ask this of the parent.
    Ask(ScriptKey, ScriptAct),
    /// This attempt took too long.
    TimedOut(AttemptId),
}

impl Scripts {
    /// Asks for a run, unless the last one of this script has not ended.
    pub(super) fn begin(&mut self, key: ScriptKey, attempt: AttemptId, timeout: Duration) -> Begun {
        match self.running.get(&key) {
            Some(run) if run.stuck => return Begun::Stuck,
            Some(_) => return Begun::Ending,
            None => {}
        }
        let timeout = timeout.min(LONGEST);
        let run = Run { attempt: Some(attempt), timeout, deadline: None, end: None, stuck: false };
        self.running.insert(key, run);
        Begun::Started
    }

    /// The process of a run began: its time counts from then.
    pub(super) fn handle_started(&mut self, started: Instant, key: ScriptKey) {
        let Some(run) = self.running.get_mut(&key).filter(|run| run.deadline.is_none()) else { return };
        let deadline = started + run.timeout;
        run.deadline = Some(deadline);
        self.deadlines.insert((deadline, key));
    }

    /// Handles the end of a run that surely took `ran`: gives the attempt that waited for it, and whether that was too
    /// long.
    pub(super) fn handle_done(&mut self, key: ScriptKey, ran: Duration) -> Option<(AttemptId, bool)> {
        let run = self.running.remove(&key)?;
        if let Some(deadline) = run.deadline {
            self.deadlines.remove(&(deadline, key));
        }
        run.attempt.map(|attempt| (attempt, ran >= run.timeout))
    }

    /// Nobody waits for this attempt any more: gives the script to terminate.
    pub(super) fn cancel(&mut self, now: Instant, attempt: AttemptId) -> Option<ScriptKey> {
        let (&key, run) = self.running.iter_mut().find(|(_, run)| run.attempt == Some(attempt))?;
        run.attempt = None;
        if let Some(deadline) = run.deadline {
            self.deadlines.remove(&(deadline, key));
        }
        run.end_signal(now);
        self.deadlines.extend(run.deadline.map(|deadline| (deadline, key)));
        Some(key)
    }

    /// Time passed.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> Vec<Due> {
        let mut due = Vec::new();
        while let Some(&(at, key)) = self.deadlines.first()
            && at <= now
        {
            self.deadlines.pop_first();
            let Some(run) = self.running.get_mut(&key) else { continue };
            run.stuck = true;
            let signal = run.end_signal(now);
            // It may have ended in time and the parent have no time to say so; but not for ever.
            let is_hopeless = run.end.is_some_and(|end| end.sent() > 2);
            due.extend(run.attempt.take_if(|_| is_hopeless).map(Due::TimedOut));
            due.extend(signal.map(|signal| match signal {
                EndSignal::Term => Due::Ask(key, ScriptAct::Terminate),
                EndSignal::Kill => Due::Ask(key, ScriptAct::Kill),
            }));
            self.deadlines.extend(run.deadline.map(|deadline| (deadline, key)));
        }
        due
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.deadlines.first().map(|&(at, _)| at)
    }
}

impl Run {
    /// Begins or goes on to end it: the signal that is due. The next one is due at its deadline.
    fn end_signal(&mut self, now: Instant) -> Option<EndSignal> {
        let end = self.end.get_or_insert_with(|| Termination::begin(now));
        let signal = end.poll_signal(now);
        self.deadline = Some(end.poll_timeout());
        signal
    }
}

/// No clock overflows by a year.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use lvs_health::director::{Action, Director, Plan, Server, Service};
    use lvs_health::{Check, Probe, Script, Timing};

    use super::*;

    const KEY: ScriptKey = (1, 7);
    const TIMEOUT: Duration = Duration::from_secs(3);

    /// Attempts of so many checks.
    fn attempts(count: u16) -> Vec<AttemptId> {
        let now = Instant::now();
        let timing = Timing {
            delay_loop: Duration::from_secs(10),
            retry: 0,
            rise: 1,
            delay_before_retry: Duration::ZERO,
            warmup: Duration::ZERO,
            alpha: false,
            fast_recovery: false,
        };
        let script = Script { command: "true".to_owned(), timeout: TIMEOUT, dynamic: false };
        let check = Check { probe: Probe::Script(script.into()), timing };
        let server =
            |port| Server { checks: vec![check.clone()], ..Server::new(([10, 0, 0, 1], port).into()) };
        let service = Service { servers: (1..=count).map(server).collect(), ..Service::new("web") };
        let mut director = Director::new(now, Plan { services: vec![service], share_checks: false });
        director.handle_timeout(now);
        let actions = std::iter::from_fn(|| director.poll_action());
        actions
            .filter_map(|action| match action {
                Action::Start { attempt, .. } => Some(attempt),
                _ => None,
            })
            .collect()
    }

    #[test]
    fn a_run_that_ends_in_time_is_reported_to_its_attempt() {
        let (mut scripts, now) = (Scripts::default(), Instant::now());
        let attempt = attempts(1)[0];
        assert_eq!(scripts.begin(KEY, attempt, TIMEOUT), Begun::Started);
        assert_eq!(scripts.poll_timeout(), None, "its time counts from the start of its process");
        scripts.handle_started(now, KEY);
        assert_eq!(scripts.poll_timeout(), Some(now + TIMEOUT));
        assert_eq!(scripts.handle_done(KEY, Duration::ZERO), Some((attempt, false)));
        assert_eq!(scripts.handle_done(KEY, Duration::ZERO), None);
        assert_eq!(scripts.poll_timeout(), None);
    }

    #[test]
    fn a_run_past_its_time_is_terminated_then_killed_again_and_again() {
        let (mut scripts, now) = (Scripts::default(), Instant::now());
        let attempt = attempts(1)[0];
        scripts.begin(KEY, attempt, TIMEOUT);
        scripts.handle_started(now, KEY);
        let late = now + TIMEOUT;
        assert_eq!(scripts.handle_timeout(late.checked_sub(Duration::from_nanos(1)).unwrap()), []);
        let terminate = Due::Ask(KEY, ScriptAct::Terminate);
        assert_eq!(scripts.handle_timeout(late), [terminate]);
        let kill = || Due::Ask(KEY, ScriptAct::Kill);
        assert_eq!(scripts.handle_timeout(late + Duration::from_secs(2)), [kill()]);
        assert_eq!(
            scripts.handle_timeout(late + Duration::from_secs(4)),
            [Due::TimedOut(attempt), kill()],
            "it does not end"
        );
        assert_eq!(scripts.handle_timeout(late + Duration::from_secs(14)), [kill()]);
        assert_eq!(scripts.handle_done(KEY, Duration::ZERO), None, "nobody waits any more");
        assert_eq!(scripts.poll_timeout(), None);
    }

    #[test]
    fn a_run_that_was_given_up_may_end_but_one_that_hangs_is_a_failure() {
        let (mut scripts, now) = (Scripts::default(), Instant::now());
        let [first, second] = attempts(2)[..] else { panic!("two attempts") };
        scripts.begin(KEY, first, TIMEOUT);
        assert_eq!(scripts.cancel(now, first), Some(KEY));
        assert_eq!(scripts.cancel(now, first), None);
        assert_eq!(scripts.begin(KEY, second, TIMEOUT), Begun::Ending);
        scripts.handle_timeout(now + Duration::from_secs(2));
        assert_eq!(scripts.begin(KEY, second, TIMEOUT), Begun::Stuck);
        assert_eq!(scripts.handle_done(KEY, TIMEOUT), None);
        assert_eq!(scripts.begin(KEY, second, TIMEOUT), Begun::Started);
    }

    #[test]
    fn a_run_that_was_to_be_ended_is_late_only_if_it_surely_ran_too_long() {
        for (ran, late) in [(Duration::ZERO, false), (TIMEOUT, true)] {
            let (mut scripts, now) = (Scripts::default(), Instant::now());
            let attempt = attempts(1)[0];
            scripts.begin(KEY, attempt, TIMEOUT);
            scripts.handle_started(now, KEY);
            scripts.handle_timeout(now + TIMEOUT);
            assert_eq!(scripts.handle_done(KEY, ran), Some((attempt, late)));
        }
    }

    #[test]
    fn a_time_without_end_does_not_overflow() {
        let mut scripts = Scripts::default();
        assert_eq!(scripts.begin(KEY, attempts(1)[0], Duration::MAX), Begun::Started);
        scripts.handle_started(Instant::now(), KEY);
        assert!(scripts.poll_timeout().is_some());
    }
}
