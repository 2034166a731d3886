//! Reading the configuration anew, and the reasons for which it is not taken.

use std::path::{Path, PathBuf};
use std::time::Instant;

use keepalived_conf::model::daemon::ReloadFile;
use vipd_supervisor::{Demand, ReadId};

use super::super::kept::Kept;
use super::super::load::{self, LoadedConfig};
use super::super::paths::Purpose;
use super::super::pid_file::default_paths;
use super::super::reload_time::{Act, Wall};
use super::super::{namespace, refusal, report, standard_input};
use super::Parent;
use crate::cli::Options;
use crate::log::{LocalTime, Log, LogSource};
use crate::paths::Job;

impl Parent {
    /// Has the configuration read: by the path process, for a file system or a name service that hangs must not stop the
    /// parent.
    pub(super) fn read_config(&mut self, id: ReadId, now: Instant, log: &mut Log) {
        if self.options.config == Path::new(standard_input::NAME) {
            // It is in memory.
            let loaded = LoadedConfig::from(load::read(&self.options));
            return self.take_config(id, Ok(Box::new(loaded)), now, log);
        }
        let job = self.read_job(self.reload_file());
        let answers = self.paths.ask(now, Purpose::Read(id), job, log);
        self.take_answers(answers, now, log);
    }

    pub(super) fn read_job(&self, reload_file: Option<PathBuf>) -> Job {
        Job::Read {
            config: self.options.config.clone(),
            config_id: self.options.config_id.clone(),
            all_config: self.options.all_config,
            reload_file,
        }
    }

    /// The file that exists while the configuration is read anew, as the one in force says.
    fn reload_file(&self) -> Option<PathBuf> {
        let global = &self.readings.get(&self.supervisor.current())?.config.global;
        if let ReloadFile::At(path) = global.daemon.reload_file.as_ref()? {
            return Some(path.clone());
        }
        let namespace = namespace(&self.options, global);
        let usual = default_paths(global.use_pid_dir, namespace, global.instance.as_deref());
        Some(usual.parent.with_file_name("keepalived.reload"))
    }

    /// Has the file looked at that holds the time of a reload, when it is time for that.
    pub(super) fn look_for_reload_time(&mut self, now: Instant, log: &mut Log) {
        if let Some(job) = self.reload_time.timeout(now) {
            let answers = self.paths.ask(now, Purpose::ReloadTime, job, log);
            self.take_answers(answers, now, log);
        }
    }

    pub(super) fn take_reload_time(&mut self, text: Option<String>, now: Instant, log: &mut Log) {
        let local = LocalTime::now();
        let wall = Wall { seconds: local.unix_seconds(), offset: local.offset_seconds() };
        for act in self.reload_time.handle_text(now, text, wall) {
            match act {
                Act::Log(level, text) => log.write(LogSource::Parent, level, &text),
                Act::Reload => self.supervisor.handle_reload(now),
                Act::Remove(job) => {
                    let answers = self.paths.ask(now, Purpose::ReloadTimeRemoval, job, log);
                    self.take_answers(answers, now, log);
                }
            }
        }
    }

    /// Offers what was read to the supervisor, unless it has given up waiting.
    pub(super) fn take_config(
        &mut self,
        id: ReadId,
        loaded: Result<Box<LoadedConfig>, i32>,
        now: Instant,
        log: &mut Log,
    ) {
        if !self.supervisor.is_reading(id) {
            return;
        }
        let loaded = match loaded {
            Ok(loaded) => loaded,
            Err(errno) => {
                let why = nix::errno::Errno::from_raw(errno).desc();
                let why = format!("it cannot be read now ({why}); reload again");
                self.supervisor.handle_config(now, id, Err(why));
                return;
            }
        };
        self.freshness.handle_read(loaded.fingerprint);
        report(log, &loaded);
        let demand = match self.refusal(&loaded) {
            Some(why) => Err(why),
            None => Ok(Demand::of(&loaded.config)),
        };
        let old = self.readings.get(&self.supervisor.current());
        if let Some(loss) = old.and_then(|old| refusal::loss(&loaded.config, old)).filter(|_| demand.is_ok())
        {
            log.warning(loss);
        }
        if let Some(generation) = self.supervisor.handle_config(now, id, demand) {
            self.readings.insert(generation, Kept::from(*loaded));
            self.arrange_watching(now, log);
        }
    }

    pub(super) fn refusal(&self, reading: &LoadedConfig) -> Option<String> {
        let old = self.readings.get(&self.supervisor.current())?;
        not_taken(&self.options, old, reading)
    }
}

/// The reason why a configuration is not taken in place of an older one, if there is one.
fn not_taken(options: &Options, old: &Kept, new: &LoadedConfig) -> Option<String> {
    if let Some(why) = refusal::refusal(new, old) {
        return Some(why);
    }
    let (old, global) = (&old.config.global, &new.config.global);
    if (old.reload_check_config || global.reload_check_config) && new.errors > 0 {
        return Some(format!("it has {} errors and reload_check_config is set", new.errors));
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

    fn read(text: &str) -> (Options, LoadedConfig) {
        let directory = TestDirectory::new();
        let options = Options { config: directory.path().join("keepalived.conf"), ..Options::default() };
        std::fs::write(&options.config, text).unwrap();
        let reading = load::read(&options).into();
        (options, reading)
    }

    fn why(old: &str, new: &str) -> Option<String> {
        let (options, old) = read(old);
        not_taken(&options, &Kept::from(old), &read(new).1)
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
