//! Trackers of instances beside interfaces and scripts.

use std::collections::HashMap;
use std::fmt;

use keepalived_conf::model::trackers::{ParameterPattern, ProcessPattern, TrackFile, TrackProcess, Tracked};
use keepalived_conf::model::{SyncGroup, VrrpInstance};
use serde::{Deserialize, Serialize};
use vrrp_election::{Delays, FactId, Track};
use vrrp_linux::virtual_links::WantedLink;

use super::watched::{Numbers, WatchedFact};
use crate::ipc::{SessionKey, VrrpConfig};

/// When there are as many processes as should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ProcessCheck {
    pub(crate) pattern: ProcessPattern,
    least: u32,
    most: Option<u32>,
    pub(crate) delays: Delays,
}

impl ProcessCheck {
    pub(crate) fn new(process: &TrackProcess) -> Self {
        Self {
            pattern: process.pattern.clone(),
            least: process.quorum,
            most: process.quorum_max,
            delays: Delays { up: process.fork_delay, down: process.terminate_delay },
        }
    }

    /// Whether so many are neither too few nor too many.
    pub(crate) fn is_met(&self, count: i32) -> bool {
        // Where none are allowed, none are enough.
        let least = self.most.map_or(self.least, |most| self.least.min(most));
        let count = u32::try_from(count).unwrap_or(0);
        count >= least && self.most.is_none_or(|most| count <= most)
    }

    /// Whether it asks for the same, whatever the delays.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.pattern, self.least, self.most) == (&other.pattern, other.least, other.most)
    }
}

impl fmt::Display for ProcessCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            ProcessPattern::Name(name) => write!(f, "process {name}"),
            ProcessPattern::CommandLine { program, parameters } => {
                write!(f, "process {program}")?;
                let (ParameterPattern::Exactly(words)
                | ParameterPattern::First(words)
                | ParameterPattern::Beginning(words)) = parameters
                else {
                    return Ok(());
                };
                words.iter().try_for_each(|word| write!(f, " {word}"))
            }
        }
    }
}

/// The facts that the tracks of an instance are about.
pub(super) fn facts<'a>(
    instance: &'a VrrpInstance,
    config: &'a VrrpConfig,
) -> impl Iterator<Item = (WatchedFact, i16, bool)> + 'a {
    of_lists(&instance.track_files, &instance.track_processes, &instance.track_bfd, config)
}

/// The facts that the tracks of a sync group are about.
pub(super) fn group_facts<'a>(
    group: &'a SyncGroup,
    config: &'a VrrpConfig,
) -> impl Iterator<Item = (WatchedFact, i16, bool)> + 'a {
    of_lists(&group.track_files, &group.track_processes, &group.track_bfd, config)
}

fn of_lists<'a>(
    files: &'a [Tracked],
    processes: &'a [Tracked],
    sessions: &'a [Tracked],
    config: &'a VrrpConfig,
) -> impl Iterator<Item = (WatchedFact, i16, bool)> + 'a {
    let files = files.iter().filter_map(|tracked| {
        Some((fact_of_file(config.track_files.get(tracked.index)?), tracked.weight, tracked.reverse))
    });
    let processes = processes.iter().filter_map(|tracked| {
        let process = config.track_processes.get(tracked.index)?;
        Some((WatchedFact::Processes(ProcessCheck::new(process)), tracked.weight, tracked.reverse))
    });
    let sessions = sessions.iter().filter_map(|tracked| {
        let session = SessionKey::from(config.bfd_instances.get(tracked.index)?);
        Some((WatchedFact::Session(session), tracked.weight, tracked.reverse))
    });
    files.chain(processes).chain(sessions)
}

/// The tracks for the election: those of its group count for an instance, too.
pub(super) fn tracks<'a>(
    instance: &'a VrrpInstance,
    group: Option<&'a SyncGroup>,
    config: &'a VrrpConfig,
    known: &'a Numbers<WatchedFact, FactId>,
) -> impl Iterator<Item = Track> + 'a {
    let of_group = group.into_iter().flat_map(|group| group_facts(group, config));
    facts(instance, config).chain(of_group).filter_map(|(fact, weight, reverse)| {
        Some(Track { target: known.known(&fact)?.into(), weight: weight.into(), reverse })
    })
}

/// The name that the configuration gives to a fact.
pub(super) fn name<'a>(fact: &WatchedFact, config: &'a VrrpConfig) -> Option<&'a str> {
    match fact {
        WatchedFact::File(_) => {
            config.track_files.iter().find(|file| fact_of_file(file) == *fact).map(|file| file.name.as_str())
        }
        WatchedFact::Processes(check) => {
            let mut processes = config.track_processes.iter();
            let found = processes.find(|process| ProcessCheck::new(process) == *check);
            found.map(|process| process.name.as_str())
        }
        WatchedFact::Session(key) => {
            let found = config.bfd_instances.iter().find(|session| SessionKey::from(*session) == *key);
            found.map(|session| session.name.as_str())
        }
        WatchedFact::Source { .. } | WatchedFact::Socket(_) | WatchedFact::Static(_) => None,
    }
}

/// For how long changes of interfaces have to last. An interface that we make has the delays of its base.
pub(super) fn link_delays(config: &VrrpConfig, made: &[WantedLink]) -> HashMap<String, Delays> {
    let delays = config.interface_delays.iter();
    let mut delays: HashMap<_, _> =
        delays.map(|line| (line.interface.clone(), Delays { up: line.up, down: line.down })).collect();
    for wanted in made {
        if let Some(of_base) = delays.get(&wanted.base).copied() {
            delays.entry(wanted.name.clone()).or_insert(of_base);
        }
    }
    delays
}

fn fact_of_file(file: &TrackFile) -> WatchedFact {
    WatchedFact::File(file.path.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(least: u32, most: Option<u32>) -> ProcessCheck {
        let pattern = ProcessPattern::Name("haproxy".to_owned());
        ProcessCheck { pattern, least, most, delays: Delays::default() }
    }

    #[test]
    fn neither_too_few_nor_too_many_processes_are_a_quorum() {
        let met = |check: &ProcessCheck| [0, 1, 2, 3].map(|count| check.is_met(count));
        assert_eq!(met(&check(1, None)), [false, true, true, true]);
        assert_eq!(met(&check(2, None)), [false, false, true, true]);
        assert_eq!(met(&check(1, Some(2))), [false, true, true, false]);
        assert_eq!(met(&check(1, Some(0))), [true, false, false, false], "none is to run");
    }
}
