//! Trackers of instances beside interfaces and scripts, as keepalived shows them.

use std::fmt::{self, Write};
use std::time::Duration;

use keepalived_conf::model::trackers::{ParameterPattern, ProcessPattern, TrackProcess, Tracked};
use keepalived_conf::model::{SyncGroup, VrrpInstance};

use super::super::plan::{Plan, ProcessCheck, WatchedFact};
use super::super::trackers::Trackers;
use crate::ipc::VrrpConfig;
use crate::watcher::Subject;

/// The trackers of one instance.
pub(super) fn of_instance(out: &mut String, plan: &Plan, instance: &VrrpInstance) -> fmt::Result {
    let config = &plan.config;
    if !instance.track_files.is_empty() {
        writeln!(out, "   Tracked files :")?;
        for tracked in &instance.track_files {
            let name = config.track_files.get(tracked.index).map_or("?", |file| &file.name);
            writeln!(out, "     {name}, {}", weight(tracked))?;
        }
    }
    if !instance.track_processes.is_empty() {
        writeln!(out, "   Tracked processes :")?;
        for tracked in &instance.track_processes {
            let name = config.track_processes.get(tracked.index).map_or("?", |process| &process.name);
            writeln!(out, "     {name}, {}", weight(tracked))?;
        }
    }
    Ok(())
}

/// The trackers of a sync group.
pub(super) fn of_group(out: &mut String, config: &VrrpConfig, group: &SyncGroup) -> fmt::Result {
    let file = |index: usize| config.track_files.get(index).map(|file| file.name.as_str());
    let process = |index: usize| config.track_processes.get(index).map(|process| process.name.as_str());
    let session = |index: usize| config.bfd_instances.get(index).map(|session| session.name.as_str());
    of_list(out, "Tracked files", &group.track_files, file, ", ")?;
    of_list(out, "Tracked process", &group.track_processes, process, ", ")?;
    of_list(out, "Tracked BFDs", &group.track_bfd, session, ": ")
}

fn of_list<'a>(
    out: &mut String,
    title: &str,
    list: &[Tracked],
    name: impl Fn(usize) -> Option<&'a str>,
    separator: &str,
) -> fmt::Result {
    if !list.is_empty() {
        writeln!(out, "   {title} :")?;
    }
    list.iter().try_for_each(|tracked| {
        writeln!(out, "     {}{separator}{}", name(tracked.index).unwrap_or("?"), weight(tracked))
    })
}

/// All trackers, and the instances that track each.
pub(super) fn of_all(
    out: &mut String,
    plan: &Plan,
    trackers: &Trackers,
    instances: &[VrrpInstance],
) -> fmt::Result {
    if !plan.config.track_files.is_empty() {
        writeln!(out, "------< VRRP Track files >------")?;
    }
    for (index, file) in plan.config.track_files.iter().enumerate() {
        writeln!(out, " Track file = {}", file.name)?;
        writeln!(out, "   File = {}", file.path.display())?;
        let number = trackers.value(&Subject::File(file.path.clone()));
        writeln!(out, "   Status = {}", number.unwrap_or(0))?;
        writeln!(out, "   Weight = {}{}", file.weight, reverse(file.reverse))?;
        tracking(out, plan, instances, &FILES, index)?;
    }
    if !plan.config.track_processes.is_empty() {
        writeln!(out, "------< VRRP Track processes >------")?;
    }
    for (index, process) in plan.config.track_processes.iter().enumerate() {
        of_process(out, trackers, process)?;
        tracking(out, plan, instances, &PROCESSES, index)?;
    }
    Ok(())
}

fn of_process(out: &mut String, trackers: &Trackers, process: &TrackProcess) -> fmt::Result {
    let check = ProcessCheck::new(process);
    let (name, parameters) = match &process.pattern {
        ProcessPattern::Name(name) => (name, None),
        ProcessPattern::CommandLine { program, parameters } => (program, Some(parameters)),
    };
    writeln!(out, " VRRP Track process = {}", process.name)?;
    writeln!(out, "   Process = {name}")?;
    if let Some(
        ParameterPattern::Exactly(words)
        | ParameterPattern::First(words)
        | ParameterPattern::Beginning(words),
    ) = parameters
    {
        writeln!(out, "   Parameters = {}", words.join(" "))?;
        writeln!(out, "   Param match{}", comparison(parameters))?;
    }
    writeln!(out, "   Min processes = {}", process.quorum)?;
    if let Some(most) = process.quorum_max {
        writeln!(out, "   Max processes = {most}")?;
    }
    let count = trackers.value(&Subject::Processes(process.pattern.clone())).unwrap_or(0);
    writeln!(out, "   Current processes = {count}")?;
    let quorum = trackers.fact(&WatchedFact::Processes(check.clone())) == vrrp_election::Fact::Up;
    writeln!(out, "   Have quorum = {quorum}")?;
    writeln!(out, "   Weight = {}{}", process.weight, reverse(process.reverse))?;
    writeln!(out, "   Terminate delay = {}s", micros(process.terminate_delay))?;
    writeln!(out, "   Fork delay = {}s", micros(process.fork_delay))?;
    let running = |up: bool| if trackers.awaits(&check) == Some(up) { "" } else { "not " };
    writeln!(out, "   Fork delay timer {}running", running(true))?;
    writeln!(out, "   Terminate delay timer {}running", running(false))?;
    writeln!(out, "   Full command = {}", parameters.is_some())
}

/// Where instances and groups have the trackers of one kind.
struct Lists {
    of_instance: fn(&VrrpInstance) -> &[Tracked],
    of_group: fn(&SyncGroup) -> &[Tracked],
}

const FILES: Lists =
    Lists { of_instance: |instance| &instance.track_files, of_group: |group| &group.track_files };
const PROCESSES: Lists =
    Lists { of_instance: |instance| &instance.track_processes, of_group: |group| &group.track_processes };

/// The instances that track the one at this place, by themselves or by their group.
fn tracking(
    out: &mut String,
    plan: &Plan,
    instances: &[VrrpInstance],
    lists: &Lists,
    index: usize,
) -> fmt::Result {
    let groups = plan.groups_of_members();
    let lines = instances.iter().zip(groups).flat_map(|(instance, group)| {
        let of_group = group.map_or(&[][..], lists.of_group);
        (lists.of_instance)(instance).iter().chain(of_group).map(move |track| (instance, track))
    });
    let lines: Vec<_> = lines.filter(|(_, track)| track.index == index).collect();
    if !lines.is_empty() {
        writeln!(out, "   Tracking instances :")?;
    }
    lines.iter().try_for_each(|(instance, track)| writeln!(out, "     {}, {}", instance.name, weight(track)))
}

fn weight(tracked: &Tracked) -> String {
    format!("weight {}{}", tracked.weight, reverse(tracked.reverse))
}

const fn reverse(reverse: bool) -> &'static str {
    if reverse { " reverse" } else { "" }
}

fn comparison(parameters: Option<&ParameterPattern>) -> &'static str {
    match parameters {
        Some(ParameterPattern::First(_)) => " = partial",
        Some(ParameterPattern::Beginning(_)) => " = initial",
        _ => "",
    }
}

fn micros(delay: Duration) -> String {
    format!("{}.{:06}", delay.as_secs(), delay.subsec_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::Generation;
    use crate::watcher::Observation;

    #[test]
    fn trackers_are_shown_as_keepalived_shows_them() {
        let text = "track_file A {\n file /run/a\n}\nvrrp_track_process P {\n process p 1 2\n param_match initial\n \
                    quorum 2\n fork_delay 0.5\n}\nvrrp_instance V {\n interface eth0\n virtual_router_id 51\n \
                    track_file {\n A weight -2 reverse\n }\n track_process {\n P\n }\n}\n";
        let plan = Plan::new(Generation::default(), keepalived_conf::load_str(text).config);
        let subject = Subject::File("/run/a".into());
        let mut trackers = Trackers::start(vec![Observation { subject, value: -7 }], None);
        trackers.look(vrrp_election::Instant::ZERO, &plan, |_| Some(true));
        let mut out = String::new();
        let instances = plan.instances();
        of_instance(&mut out, &plan, &instances[0]).unwrap();
        of_all(&mut out, &plan, &trackers, &instances).unwrap();
        let expected = "   Tracked files :
     A, weight -2 reverse
   Tracked processes :
     P, weight 1
------< VRRP Track files >------
 Track file = A
   File = /run/a
   Status = -7
   Weight = 1
   Tracking instances :
     V, weight -2 reverse
------< VRRP Track processes >------
 VRRP Track process = P
   Process = p
   Parameters = 1 2
   Param match = initial
   Min processes = 2
   Current processes = 0
   Have quorum = false
   Weight = 1
   Terminate delay = 0.000000s
   Fork delay = 0.500000s
   Fork delay timer not running
   Terminate delay timer not running
   Full command = true
   Tracking instances :
     V, weight 1
";
        assert_eq!(out, expected);
    }
}
