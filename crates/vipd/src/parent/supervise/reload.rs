//! Reading the configuration anew, and the reasons for which it is not taken.

use std::path::PathBuf;
use std::time::Instant;

use keepalived_conf::Severity;

use super::super::load::{self, Reading};
use super::super::supervisor::{Demand, ReadId};
use super::super::{namespace, refusal, report};
use super::Parent;
use crate::cli::Options;
use crate::log::Log;

impl Parent {
    /// The configuration is to be read: as soon as the file systems answer on which it was until now. One that hangs
    /// stops nobody but this reload, which the supervisor refuses then.
    pub(super) fn begin_reading(&mut self, id: ReadId, now: Instant, log: &mut Log) {
        let reading = self.readings.get(&self.supervisor.current());
        let known = reading.into_iter().flat_map(|reading| reading.sources.files());
        let mut files: Vec<PathBuf> = known.map(|file| file.path().to_owned()).collect();
        if !files.contains(&self.options.config) {
            files.push(self.options.config.clone());
        }
        self.to_be_read = Some(id);
        self.paths.ask_for_config(now, files, log);
        self.read_if_answered(now, log);
    }

    /// Reads the configuration that is to be read, if nothing is in its way any more.
    pub(super) fn read_if_answered(&mut self, now: Instant, log: &mut Log) {
        if self.paths.awaits_config() {
            return;
        }
        if let Some(id) = self.to_be_read.take().filter(|&id| self.supervisor.is_reading(id)) {
            self.read_config(id, now, log);
        }
    }

    /// Reads the configuration and offers it to the supervisor.
    fn read_config(&mut self, id: ReadId, now: Instant, log: &mut Log) {
        let reading = load::read(&self.options);
        report(log, &reading);
        let demand = match self.refusal(&reading) {
            Some(why) => Err(why),
            None => Ok(Demand::of(&reading.config)),
        };
        let loss = self.readings.get(&self.supervisor.current());
        let loss =
            loss.filter(|_| demand.is_ok()).and_then(|old| refusal::loss(&reading.config, &old.config));
        if let Some(loss) = loss {
            log.warning(loss);
        }
        if let Some(generation) = self.supervisor.handle_config(now, id, demand) {
            self.readings.insert(generation, reading);
        }
    }

    fn refusal(&self, reading: &Reading) -> Option<String> {
        let old = self.readings.get(&self.supervisor.current())?;
        not_taken(&self.options, old, reading)
    }
}

/// The reason why a configuration is not taken in place of an older one, if there is one.
fn not_taken(options: &Options, old: &Reading, new: &Reading) -> Option<String> {
    if let Some(why) = refusal::refusal(new, old) {
        return Some(why);
    }
    let (old, global) = (&old.config.global, &new.config.global);
    if old.reload_check_config || global.reload_check_config {
        let errors = new.diagnostics.iter().filter(|finding| finding.severity == Severity::Error).count();
        if errors > 0 {
            return Some(format!("it has {errors} errors and reload_check_config is set"));
        }
    }
    if namespace(options, old) != namespace(options, global) {
        return Some("net_namespace cannot be changed by a reload".to_owned());
    }
    (old.instance != global.instance).then(|| "instance cannot be changed by a reload".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parent::testing::TestDirectory;

    fn read(text: &str) -> (Options, Reading) {
        let directory = TestDirectory::new();
        let options = Options { config: directory.path().join("keepalived.conf"), ..Options::default() };
        std::fs::write(&options.config, text).unwrap();
        let reading = load::read(&options);
        (options, reading)
    }

    fn why(old: &str, new: &str) -> Option<String> {
        let (options, old) = read(old);
        not_taken(&options, &old, &read(new).1)
    }

    #[test]
    fn a_configuration_that_changes_what_only_a_start_can_is_refused() {
        assert_eq!(why("", ""), None);
        assert!(why("", "net_namespace blue\n").unwrap().contains("net_namespace"));
        assert!(why("instance west\n", "instance east\n").unwrap().contains("instance"));
    }

    #[test]
    fn an_error_refuses_a_configuration_only_where_either_asks_for_that() {
        let wrong = "vrrp_instance A {\n priority many\n interface eth0\n virtual_router_id 7\n}\n";
        let strict = "global_defs {\n reload_check_config\n}\n";
        assert_eq!(why("", wrong), None);
        assert!(why(strict, wrong).unwrap().contains("reload_check_config"));
        assert!(why("", &format!("{strict}{wrong}")).unwrap().contains("reload_check_config"));
    }
}
