//! Metrics of scripts, files, processes, interfaces and BFD sessions.

use super::writer::{Kind, Writer};
use crate::{Status, Tracker, TrackerKind};

pub(super) fn write(writer: &mut Writer, status: &Status) {
    let help = "1 if it is up, 0 if it is down; absent while that is not known.";
    let mut up = writer.family("vipd_tracker_up", Kind::Gauge, help);
    for tracker in &status.trackers {
        if let Some(is) = tracker.up {
            up.flag(&[("kind", word(tracker.kind)), ("name", &tracker.name)], is);
        }
    }
    let help = "Value of a tracked file.";
    let mut values = writer.family("vipd_tracker_value", Kind::Gauge, help);
    for tracker in &status.trackers {
        if let Some(value) = tracker.value {
            values.series(&[("kind", word(tracker.kind)), ("name", &tracker.name)], value);
        }
    }
    scripts(writer, status);
    effects(writer, status);
    let help = "1 if the BFD session is up.";
    let mut sessions = writer.family("vipd_bfd_up", Kind::Gauge, help);
    for session in &status.bfd {
        let neighbour = session.neighbour.to_string();
        sessions.flag(&[("session", &session.name), ("neighbour", &neighbour)], session.state == "up");
    }
}

const fn word(kind: TrackerKind) -> &'static str {
    match kind {
        TrackerKind::Script => "script",
        TrackerKind::File => "file",
        TrackerKind::Process => "process",
        TrackerKind::Interface => "interface",
        TrackerKind::Bfd => "bfd",
    }
}

fn scripts(writer: &mut Writer, status: &Status) {
    let scripts: Vec<&Tracker> =
        status.trackers.iter().filter(|tracker| tracker.kind == TrackerKind::Script).collect();
    let runs = || scripts.iter().filter_map(|script| Some((script.name.as_str(), script.last.as_ref()?)));
    let help = "Duration of the last run of the script.";
    let mut durations = writer.family("vipd_script_duration_seconds", Kind::Gauge, help);
    runs().for_each(|(name, last)| durations.millis(&[("script", name)], last.ms));
    let help = "Exit status of the last run of the script; absent if it has none.";
    let mut exits = writer.family("vipd_script_exit_status", Kind::Gauge, help);
    for (name, last) in runs() {
        if let Some(exit) = last.exit {
            exits.series(&[("script", name)], exit);
        }
    }
    let help = "1 if the last run of the script timed out.";
    let mut late = writer.family("vipd_script_timed_out", Kind::Gauge, help);
    runs().for_each(|(name, last)| late.flag(&[("script", name)], last.timed_out));
    let help = "1 if there has been no result for long for a shortage of this machine.";
    let mut shortages = writer.family("vipd_script_postponed", Kind::Gauge, help);
    for script in &scripts {
        shortages.flag(&[("script", &script.name)], script.shortage.is_some());
    }
}

/// The dependence of instances: what alerts join with.
fn effects(writer: &mut Writer, status: &Status) {
    let help = "Number that a tracked thing adds to the priority of an instance now.";
    let mut family = writer.family("vipd_vrrp_track_adds", Kind::Gauge, help);
    for instance in &status.instances {
        for term in &instance.priority.terms {
            let labels =
                [("iname", instance.name.as_str()), ("kind", word(term.tracker)), ("name", &term.name)];
            family.series(&labels, term.adds);
        }
    }
}
