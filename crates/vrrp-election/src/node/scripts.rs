//! Check scripts: their results, and the reports about them.

use core::time::Duration;

use super::timers::Timer;
use super::{Event, Fact, Member, Node, STALL, ScriptId, number};
use crate::script::Script;
use crate::{Input, Instant, ScriptReport};

impl Node {
    /// The process of a run that [`NodeAction::Script`](super::NodeAction::Script) asked for began at `started`, not
    /// when it was asked for: the time of the run counts from then. Before this is told, a run is never too long.
    pub fn handle_script_started(&mut self, script: ScriptId, started: Instant) {
        let Some(check) = self.script_mut(script) else { return };
        check.handle_started(started);
        let due = check.timeout();
        self.timers.arm(Timer::Script(script), due);
    }

    /// Handles the end of a script's run: good, bad, or without a result. The observed end is kept as evidence.
    pub fn handle_script(&mut self, now: Instant, script: ScriptId, report: impl Into<ScriptReport>) {
        if self.stopping {
            return;
        }
        self.now = now;
        let ScriptReport { result, run } = report.into();
        let Some(check) = self.scripts.get_mut(script.index()) else { return };
        let Some(of_check) = check.script.as_mut().filter(|script| script.runs()) else { return };
        let ends = (run.as_ref().map(|run| run.end), check.last_run.as_ref().map(|run| run.end));
        check.last_run = run.or(check.last_run.take());
        if let (Some(end), Some(before)) = ends
            && end != before
        {
            let input = Input::Script { script, end };
            for member in self.routers.iter_mut().filter(|it| it.setup.tracks_target(script.into())) {
                member.router.remark(now, input);
            }
        }
        let check = of_check;
        let before = check.up();
        let is_heard_again = check.handle_result(now, result);
        let after = check.up();
        let timeout = check.timeout();
        self.timers.arm(Timer::Script(script), timeout);
        if is_heard_again {
            self.outbox.event(Event::ScriptHeard { script });
        }
        self.note_result(now, script, before, after);
    }

    /// Handles a possible change of a check's result.
    pub(super) fn note_result(
        &mut self,
        now: Instant,
        script: ScriptId,
        before: Option<bool>,
        after: Option<bool>,
    ) {
        if before != after {
            if let Some(check) = self.scripts.get_mut(script.index()) {
                check.since = Some(now);
            }
            self.outbox.event(Event::Script { script, up: after == Some(true) });
            if before.is_some() {
                let fact = after.map_or(Fact::Unknown, Fact::from);
                self.remark(now, Input::Target { target: script.into(), fact }, |setup| {
                    setup.tracks_target(script.into())
                });
            }
            if let Some(command) = self.scripts.get(script.index()).map(|check| check.command.clone()) {
                self.note_check(command, after);
            }
            self.assess_target(now, script.into(), |setup| setup.tracks_target(script.into()));
        }
    }

    /// Whether a check is good; `None` while nothing is known, or if nobody tracks it.
    #[must_use]
    pub fn script_up(&self, script: ScriptId) -> Option<bool> {
        self.scripts.get(script.index())?.script.as_ref()?.up()
    }

    /// A script that nobody tracks is never run.
    pub(super) fn forget_untracked_scripts(&mut self) {
        let routers = &self.routers;
        for (index, script) in self.scripts.iter_mut().enumerate() {
            let id = ScriptId(number(index));
            let tracks = |member: &Member| member.setup.tracks_target(id.into());
            if !routers.iter().any(tracks) {
                script.script = None;
            }
        }
    }

    /// A caller that comes late was stopped, and so were the scripts of its machine: they get the time that they may have
    /// lost, which is all since it last came.
    pub(super) fn excuse_scripts(&mut self, now: Instant) {
        let late = self.poll_timeout().map_or(Duration::ZERO, |due| now.since(due));
        let lost = now.since(core::mem::replace(&mut self.looked, now));
        if late < STALL {
            return;
        }
        for (index, script) in self.scripts.iter_mut().enumerate() {
            if let Some(script) = &mut script.script {
                script.handle_stall(lost);
                self.timers.arm(Timer::Script(ScriptId(number(index))), script.timeout());
            }
        }
    }

    pub(super) fn script_due(&mut self, now: Instant, script: ScriptId) {
        let Some(check) = self.script_mut(script) else { return };
        let before = check.up();
        let silence = check.handle_silence(now).map(|why| (check.silent_for(now), why));
        let after = check.up();
        let act = check.handle_timeout(now);
        let timeout = check.timeout();
        if let Some(act) = act {
            self.outbox.script(script, act);
        }
        self.timers.arm(Timer::Script(script), timeout);
        if let Some((silent_for, why)) = silence {
            self.outbox.event(Event::ScriptSilent { script, silent_for, why });
        }
        self.note_result(now, script, before, after);
    }

    pub(super) fn script_mut(&mut self, script: ScriptId) -> Option<&mut Script> {
        self.scripts.get_mut(script.index())?.script.as_mut()
    }
}
