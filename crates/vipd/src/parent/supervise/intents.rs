//! The list of kept intents: its file, and the clients that wait for it.

use std::time::Instant;

use super::super::kept_intents;
use super::super::paths::Purpose;
use super::Parent;
use crate::log::Log;

impl Parent {
    /// Before the loop runs: afterwards no file is touched here.
    pub(super) fn read_kept_intents(&mut self, log: &mut Log) {
        let (_, wall) = kept_intents::moment();
        if let Some(complaint) = self.kept_intents.read(wall) {
            log.warning(complaint);
        }
    }

    /// Has the list written, if it changed and is not being written.
    pub(super) fn store_kept_intents(&mut self, now: Instant, log: &mut Log) {
        let (_, wall) = kept_intents::moment();
        if let Some(job) = self.kept_intents.poll_job(wall) {
            let answers = self.paths.ask(now, Purpose::Intents, job, log);
            self.take_answers(answers, now, log);
        }
    }

    /// The list is written, or cannot be.
    pub(super) fn take_written_intents(&mut self, result: &Result<(), String>, now: Instant, log: &mut Log) {
        let answers = self.kept_intents.handle_written(result);
        self.answer_acts(answers, now);
        self.store_kept_intents(now, log);
    }

    /// Nobody waits for ever.
    pub(super) fn time_kept_intents(&mut self, now: Instant) {
        let answers = self.kept_intents.handle_timeout(now);
        self.answer_acts(answers, now);
    }
}
