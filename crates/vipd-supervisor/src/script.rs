//! `startup_script` and `shutdown_script`, which run before the first worker and after the last one.
//!
//! A reload runs neither. The end of such a script decides nothing: the daemon goes on, and the log says how the script
//! ended.

use std::time::{Duration, Instant};

use privsep::process::Ended;
use vipd_ipc::LogLevel;
use vrrp_election::{EndSignal, Termination};

use super::deadline::Deadline;
use super::{Action, Supervisor};

/// Which script.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LifeScript {
    /// `startup_script`
    Startup,
    /// `shutdown_script`
    Shutdown,
}

impl LifeScript {
    /// Its name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup script",
            Self::Shutdown => "shutdown script",
        }
    }
}

/// A script that has not ended.
#[derive(Debug)]
pub(super) struct ScriptRun {
    which: LifeScript,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Everything else waits for it, so long.
    Awaited { until: Deadline, limit: Duration },
    /// Nothing waits for it any more.
    Ending(Termination<Instant>),
}

impl ScriptRun {
    pub(super) fn poll_timeout(&self) -> Instant {
        match &self.state {
            State::Awaited { until, .. } => until.at(),
            State::Ending(end) => end.poll_timeout(),
        }
    }

    fn is_awaited(&self) -> bool {
        matches!(self.state, State::Awaited { .. })
    }
}

impl Supervisor {
    /// Whether workers wait for the startup script.
    pub(super) fn is_starting_up(&self) -> bool {
        let waits = |run: &ScriptRun| run.which == LifeScript::Startup && run.is_awaited();
        self.script.as_ref().is_some_and(waits)
    }

    /// Runs a script if there is one; whether it is to be waited for.
    pub(super) fn run_script(&mut self, now: Instant, which: LifeScript) -> bool {
        let limit = self.demand().and_then(|demand| match which {
            LifeScript::Startup => demand.startup_script,
            LifeScript::Shutdown => demand.shutdown_script,
        });
        let Some(limit) = limit else { return false };
        // Should a startup script still be about to end, nobody waits for that.
        if let Some(last) = self.script.take() {
            self.actions.push_back(Action::SignalScript(last.which, EndSignal::Kill));
        }
        let until = Deadline::after(now, limit);
        self.script = Some(ScriptRun { which, state: State::Awaited { until, limit } });
        self.actions.push_back(Action::RunScript(which));
        true
    }

    /// A script ended, or could not be run.
    pub fn handle_script_ended(&mut self, now: Instant, which: LifeScript, end: Ended) {
        let Some(run) = self.script.take_if(|run| run.which == which) else { return };
        if !run.is_awaited() {
            return;
        }
        let name = which.name();
        match end {
            Ended::Exited(0) => self.log(LogLevel::Info, format!("{name} succeeded")),
            Ended::Exited(status) => self.log(LogLevel::Error, format!("{name} failed, status {status}")),
            Ended::Signalled(signal) => {
                self.log(LogLevel::Error, format!("{name} failed, ended by signal {signal}"));
            }
            Ended::NotStarted(errno) => {
                let why = nix::errno::Errno::from_raw(errno).desc();
                self.log(LogLevel::Error, format!("{name} failed, it could not be run: {why}"));
            }
        }
        self.after_script(now, which);
    }

    pub(super) fn time_script(&mut self, now: Instant) {
        let Some(run) = &mut self.script else { return };
        if let State::Awaited { until, limit } = &mut run.state {
            if !until.is_over(now) {
                return;
            }
            let (which, seconds) = (run.which, limit.as_secs());
            self.log(
                LogLevel::Error,
                format!("{} timed out after {seconds} s: terminating it", which.name()),
            );
            self.end_script(now);
            return self.after_script(now, which);
        }
        self.signal_script(now);
    }

    /// The startup script is not waited for any more, since the daemon stops.
    pub(super) fn abandon_startup(&mut self, now: Instant) {
        if self.is_starting_up() {
            self.log(LogLevel::Info, "the startup script is terminated");
            self.end_script(now);
        }
    }

    /// The shutdown script has until then at most.
    pub(super) fn hasten_script(&mut self, soon: Instant) {
        if let Some(ScriptRun { state: State::Awaited { until, .. }, .. }) = &mut self.script {
            until.shorten(soon);
        }
    }

    fn end_script(&mut self, now: Instant) {
        if let Some(run) = &mut self.script {
            run.state = State::Ending(Termination::begin(now));
        }
        self.signal_script(now);
    }

    fn signal_script(&mut self, now: Instant) {
        if let Some(ScriptRun { which, state: State::Ending(end) }) = &mut self.script
            && let Some(signal) = end.poll_signal(now)
        {
            self.actions.push_back(Action::SignalScript(*which, signal));
        }
    }

    fn after_script(&mut self, now: Instant, which: LifeScript) {
        match which {
            LifeScript::Startup => self.begin(now),
            LifeScript::Shutdown => self.exit(),
        }
    }
}
