//! The configuration as clients see it: what runs, and what the file would change.

use std::path::Path;
use std::time::Instant;

use keepalived_conf::model::Config;
use vipd_control::{Answer, Change, ClientId, Refusal, Shown, VERSION};

use super::super::control::difference;
use super::super::fingerprint::Fingerprint;
use super::super::load::LoadedConfig;
use super::super::paths::{Previewed, Purpose};
use super::super::standard_input;
use super::Parent;
use crate::log::Log;
use crate::paths::Job;

impl Parent {
    /// Shows a client the configuration that runs.
    pub(super) fn show_config(&mut self, client: ClientId, shown: Shown, now: Instant, log: &mut Log) {
        let Some(reading) = self.readings.get(&self.supervisor.current()) else { return };
        match shown {
            Shown::Diff => self.preview(client, Previewed::Changes, now, log),
            Shown::Resolved => {
                let answer = Answer::ConfigText { v: VERSION, text: reading.text.to_string() };
                self.control.answer(now, client, &answer);
            }
            Shown::Json => {
                let mut config = reading.whole();
                config.hide_secrets();
                self.control.server.answer(client, Answer::config_line(&config));
                self.control.server.finish(now, client);
            }
        }
    }

    /// Has the configuration read for a client that wants to know what a reload would change.
    pub(super) fn preview(&mut self, client: ClientId, form: Previewed, now: Instant, log: &mut Log) {
        if self.is_from_input() {
            let why = "the configuration came from standard input, which is not read again";
            return self.control.answer(now, client, &Answer::refused(Refusal::State, why));
        }
        let answers = self.paths.ask(now, Purpose::Preview(client, form), self.read_job(None), log);
        self.take_answers(answers, now, log);
    }

    /// Tells a client what a reload would change.
    pub(super) fn tell_preview(
        &mut self,
        client: ClientId,
        form: Previewed,
        loaded: Result<Box<LoadedConfig>, i32>,
        now: Instant,
    ) {
        let answer = match loaded {
            Ok(loaded) => {
                self.freshness.handle_read(loaded.fingerprint);
                self.control.gatherer.handle_change();
                self.preview_of(&loaded, form)
            }
            Err(errno) => {
                let why = nix::errno::Errno::from_raw(errno).desc();
                Answer::refused(Refusal::State, format!("the configuration cannot be read now ({why})"))
            }
        };
        self.control.answer(now, client, &answer);
    }

    fn preview_of(&self, loaded: &LoadedConfig, form: Previewed) -> Answer {
        let refused = self.refusal(loaded);
        let findings = loaded.findings.iter().map(|(_, line)| line.clone());
        match (form, refused) {
            (Previewed::Text, Some(why)) => {
                Answer::refused(Refusal::State, format!("a reload would be refused: {why}"))
            }
            (Previewed::Text, None) => {
                let mut lines: Vec<String> =
                    self.changes_to(&loaded.config).iter().map(Change::to_string).collect();
                if lines.is_empty() {
                    lines.push("a reload would change nothing".to_owned());
                }
                lines.extend(findings);
                Answer::done(lines.join("\n"))
            }
            (Previewed::Changes, refused) => Answer::Difference {
                v: VERSION,
                changes: self.changes_to(&loaded.config),
                refused,
                findings: findings.collect(),
            },
        }
    }

    fn changes_to(&self, new: &Config) -> Vec<Change> {
        let reading = self.readings.get(&self.supervisor.current());
        reading.map(|reading| difference(&reading.whole(), new)).unwrap_or_default()
    }

    /// Has the files of the configuration looked at for the status that is put together.
    pub(super) fn look_at_files(&mut self, now: Instant, log: &mut Log) {
        if self.is_from_input() || !self.freshness.begin(now) {
            return;
        }
        self.control.gatherer.await_files();
        let options = &self.options;
        let job = Job::Fingerprint {
            config: options.config.clone(),
            config_id: options.config_id.clone(),
            all_config: options.all_config,
        };
        let answers = self.paths.ask(now, Purpose::Fingerprint, job, log);
        self.take_answers(answers, now, log);
    }

    /// Whether the files are known to be others than those that the running configuration was read from.
    pub(super) fn is_stale(&self) -> bool {
        let runs = self.readings.get(&self.supervisor.current()).map(|reading| reading.fingerprint);
        runs.is_some_and(|runs: Fingerprint| self.freshness.is_stale(runs))
    }

    fn is_from_input(&self) -> bool {
        self.options.config == Path::new(standard_input::NAME)
    }
}
