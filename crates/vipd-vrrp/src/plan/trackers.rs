//! Trackers of instances beside interfaces and scripts.

use std::collections::HashMap;

use keepalived_conf::model::trackers::{TrackFile, Tracked};
use keepalived_conf::model::{SyncGroup, VrrpInstance};
use vrrp_election::{Delays, FactId, Track};
use vrrp_linux::virtual_links::WantedLink;

use super::process_check::ProcessCheck;
use super::watched::{Numbers, WatchedFact};
use crate::ipc::{SessionKey, VrrpConfig};

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
