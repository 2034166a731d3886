//! Trackers that priorities depend on.

use vipd_status::{LastRun, Tracker, TrackerKind};
use vrrp_election::{Fact, RunEnd, ScriptId, ScriptRun, ScriptSnapshot, TrackTarget};

use super::{View, Wall, ms};
use crate::changes::tracked;
use crate::plan::WatchedFact;
use crate::watcher::Subject;

/// So many of what is tracked, from a place on: scripts, then files, processes and sessions, then interfaces.
pub(super) fn some(view: &View<'_>, first: usize, count: usize) -> Vec<Tracker> {
    let snapshot = view.snapshot();
    let scripts = (0..view.plan.config.scripts.len()).filter_map(|index| {
        let id = ScriptId(u32::try_from(index).ok()?);
        Some(script(view, id, &snapshot.script(id)?))
    });
    let facts = view.plan.facts.iter().filter_map(|(id, fact)| of_target(view, id.into(), Some(fact)));
    let links = view.plan.links.iter().filter_map(|(id, _)| of_target(view, id.into(), None));
    scripts.chain(facts).chain(links).skip(first).take(count).collect()
}

fn of_target(view: &View<'_>, target: TrackTarget, fact: Option<&WatchedFact>) -> Option<Tracker> {
    let (kind, name) = tracked(view.plan, target)?;
    let since = view.trackers.changes.since(kind, &name).map(|since| view.wall.at(since));
    let mut tracker = Tracker { kind, name, since, ..empty() };
    match view.node.fact(target) {
        Fact::Unknown => {}
        Fact::Up => tracker.up = Some(true),
        Fact::Down => tracker.up = Some(false),
        Fact::Value(value) => (tracker.up, tracker.value) = (Some(value == 0), Some(value.into())),
    }
    if let Some(WatchedFact::Processes(check)) = fact {
        let count = view.trackers.value(&Subject::Processes(check.pattern.clone()));
        tracker.value = count.map(i64::from);
    }
    Some(tracker)
}

fn script(view: &View<'_>, id: ScriptId, script: &ScriptSnapshot<'_>) -> Tracker {
    Tracker {
        up: script.up,
        since: script.since.map(|since| view.wall.at(since)),
        last: script.last_run.map(|run| last_run(view.wall, run)),
        rise: script.config.map(|config| config.rise),
        fall: script.config.map(|config| config.fall),
        streak: Some(script.streak),
        running: script.runs,
        next_ms: script.next_in.map(ms),
        shortage: script.is_silent.then(|| "it has had no result for long".to_owned()),
        ..Tracker { name: view.plan.script_name(id).to_owned(), ..empty() }
    }
}

/// The end of a run.
fn last_run(wall: Wall, run: &ScriptRun) -> LastRun {
    let (exit, signal) = match run.end {
        RunEnd::Exited(status) => (Some(status), None),
        RunEnd::Signalled(signal) => (None, Some(signal)),
        _ => (None, None),
    };
    LastRun {
        exit,
        signal,
        timed_out: run.end == RunEnd::TimedOut,
        ms: ms(run.took),
        output: run.output.clone(),
        at: Some(wall.at(run.at)),
    }
}

fn empty() -> Tracker {
    Tracker {
        kind: TrackerKind::Script,
        name: String::new(),
        up: None,
        since: None,
        value: None,
        last: None,
        rise: None,
        fall: None,
        streak: None,
        running: false,
        next_ms: None,
        shortage: None,
    }
}
