//! What is due, and when something is next.

use std::time::{Duration, Instant};

use super::super::status_line::status_line;
use super::Parent;
use crate::log::Log;
use crate::tidy;

impl Parent {
    /// Time until the next deadline.
    pub(super) fn time_to_wait(&self, now: Instant) -> Option<Duration> {
        if self.workers.values().any(|worker| worker.unread) || self.checks.has_more_output() {
            return Some(Duration::ZERO);
        }
        let deadlines = [
            self.supervisor.poll_timeout(),
            self.notifier.deadline(),
            self.mailing.deadline(),
            self.checks.deadline(),
            self.sessions.poll_timeout(),
            self.paths.deadline(),
            self.watching.deadline(),
            self.fifos.deadline(),
            self.reload_time.deadline(),
            self.control.deadline(now),
            self.systemd.deadline(),
            self.web.deadline(),
            self.kept_intents.poll_timeout(),
            self.tidy_at,
        ];
        let first = deadlines.into_iter().flatten().min()?;
        // epoll counts milliseconds: never wake just before the moment.
        Some(first.saturating_duration_since(now) + Duration::from_millis(1))
    }

    pub(super) fn handle_timers(&mut self, now: Instant, log: &mut Log) {
        self.start_heard_checks(now, log);
        self.lose_unwatched_sessions(now, log);
        self.paths.timeout(now, log);
        self.look_for_reload_time(now, log);
        self.watching.timeout(now, log);
        if let Some(reading) = self.readings.get(&self.supervisor.current()) {
            self.fifos.timeout(now, &reading.accounts, log);
        }
        self.notifier.timeout(now, log);
        self.tell_of_notifications();
        self.mailing.timeout(now, log);
        self.control.handle_timeout(now);
        self.time_acts(now);
        self.time_kept_intents(now);
        self.web.timeout(now, &mut self.control, log);
        let is_quiet = |parent: &mut Self| {
            parent.notifier.is_idle() && parent.mailing.is_done(now) && parent.paths.is_quiet(now)
        };
        if self.winds_down && is_quiet(self) {
            // Their readers have heard everything.
            self.fifos.close(now);
            self.ask_about_fifos(now, log);
            if self.fifos.has_ended() && self.paths.is_quiet(now) {
                self.supervisor.handle_quiet(now);
            }
        }
        self.systemd.timeout(now);
        self.tell_systemd(now);
        if self.tidy_at.take_if(|at| *at <= now).is_some() {
            tidy::give_back();
        }
        if self.supervisor.poll_timeout().is_some_and(|at| at <= now) {
            // Something may have arrived since the poll: nobody is judged before that is taken in.
            for id in self.workers.keys().copied().collect::<Vec<_>>() {
                self.receive_some(id, now, log);
            }
            self.supervisor.handle_timeout(now);
        }
        self.perform(now, log);
    }

    /// The status line for systemd, if something changed.
    fn tell_systemd(&mut self, now: Instant) {
        if self.last_reported.take_changed() {
            self.systemd.note_change(now);
        }
        if !self.systemd.is_status_due(now) {
            return;
        }
        if let Some(reading) = self.readings.get(&self.supervisor.current()) {
            let line = status_line(&self.last_reported, &reading.config, self.systemd.refusal());
            self.systemd.tell_status(now, &line);
        }
    }

    /// Starts check scripts that wait, once it is heard whether their worker takes them back. One that does not stop
    /// talking is not waited for long.
    fn start_heard_checks(&mut self, now: Instant, log: &mut Log) {
        if self.workers.values().any(|worker| worker.unread) && self.unheard_turns < MAX_UNHEARD_TURNS {
            self.unheard_turns += 1;
            return;
        }
        self.unheard_turns = 0;
        self.start_checks(now, log);
    }
}

/// Turns for which check scripts wait at most until everything is heard.
const MAX_UNHEARD_TURNS: u32 = 64;
