//! Going back to the configuration that ran before a reload: because somebody asks for it, or because nobody confirmed the
//! reload in time.

use std::time::{Duration, Instant};

use vipd_ipc::{Generation, LogLevel};

use super::reload::Phase;
use super::{Occasion, Supervisor, Tell};

/// The configuration before the last reload, and the time at which it is restored.
#[derive(Debug, Default)]
pub(super) struct Undo {
    /// The reload that is read or taken has to be confirmed so soon after it is in force.
    asked: Option<Duration>,
    /// The same of the reload that follows it.
    queued: Option<Duration>,
    /// The configuration to go back to: the one before the last reload that did not have to be confirmed, or was.
    previous: Option<Generation>,
    /// It is gone back to then, unless somebody confirms.
    until: Option<Instant>,
}

impl Undo {
    /// A reload begins.
    pub(super) fn handle_begin(&mut self, confirm: Option<Duration>) {
        self.asked = confirm;
    }

    /// A reload has to wait for another one. Several that wait are one, which has to be confirmed if any of them has.
    pub(super) fn handle_queued(&mut self, confirm: Option<Duration>) {
        self.queued = confirm.or(self.queued);
    }

    /// The reload that waited begins.
    pub(super) fn take_queued(&mut self) -> Option<Duration> {
        self.queued.take()
    }

    /// The reload is in force in place of a configuration; of the start, that is none.
    pub(super) fn handle_taken(&mut self, now: Instant, previous: Option<Generation>) {
        let confirm = self.asked.take();
        // A reload on top of one that nobody confirmed goes back behind both.
        if self.until.is_none() || confirm.is_none() {
            self.previous = previous;
        }
        self.until = confirm.map(|confirm| now + confirm);
    }

    /// The configuration that has to be kept for it.
    pub(super) fn previous(&self) -> Option<Generation> {
        self.previous
    }
}

impl Supervisor {
    /// When the reload is undone unless somebody confirms it.
    pub fn confirm_until(&self) -> Option<Instant> {
        self.undo.until
    }

    /// When [`time_undo`](Self::time_undo) has something to do.
    pub(super) fn undo_timeout(&self) -> Option<Instant> {
        // A reload under way ends first.
        self.undo.until.filter(|_| self.can_undo())
    }

    /// The last reload stays; whether it was waiting for that.
    pub fn handle_confirm(&mut self) -> bool {
        let was_waiting = self.undo.until.take().is_some();
        if was_waiting {
            self.log(LogLevel::Info, "Reload confirmed");
        }
        was_waiting
    }

    /// Goes back to the configuration before the last reload.
    ///
    /// # Errors
    /// The reason for which that cannot be done.
    pub fn handle_undo(&mut self, now: Instant, why: &str) -> Result<(), &'static str> {
        if !self.can_undo() {
            return Err("a start, a reload or a stop is under way; try again when it is over");
        }
        let previous = self.undo.previous.filter(|previous| self.demands.contains_key(previous));
        let Some(previous) = previous else {
            return Err("there was no reload since the start or the last undo");
        };
        self.undo.previous = None;
        self.undo.until = None;
        self.current = previous;
        self.reload = Phase::TakingBack;
        self.log(LogLevel::Warning, format!("Going back to the configuration before the last reload: {why}"));
        self.enforce(Occasion::TakeBack);
        self.tell(Tell::Undone(why.to_owned()));
        self.lead_workers(now);
        self.conclude(now);
        Ok(())
    }

    pub(super) fn time_undo(&mut self, now: Instant) {
        if self.undo_timeout().is_some_and(|until| until <= now) {
            let _ = self.handle_undo(now, "nobody confirmed it in time");
            self.undo.until = None;
        }
    }

    fn can_undo(&self) -> bool {
        self.stop.is_none() && !self.is_starting_up() && self.reading.is_none() && self.reload == Phase::Idle
    }
}
