//! Priorities, and what moves them.

use super::{About, Label, List};
use crate::text::tracker_remark;
use crate::words::millis;
use crate::{Instance, State, Term, Tracker, TrackerKind};

impl<'a> About<'a> {
    pub(super) fn priority(self, instance: &Instance, list: &mut List) {
        let priority = &instance.priority;
        let moved = priority.terms.iter().filter(|term| term.adds != 0);
        let moved: Vec<String> =
            moved.map(|term| format!("{:+} by {} {}", term.adds, term.tracker, term.name)).collect();
        let text = match (instance.state, moved.is_empty(), instance.is_owner) {
            (_, _, true) => "255: it owns the addresses".to_owned(),
            (State::Fault, ..) => format!("{} from the file; 0 while in FAULT", priority.base),
            (_, true, _) if priority.base == priority.effective => format!("{} from the file", priority.base),
            (_, true, _) => format!("{} now; {} from the file", priority.effective, priority.base),
            (_, false, _) => {
                format!("{} = {} from the file, {}", priority.effective, priority.base, moved.join(", "))
            }
        };
        list.say(Label::Priority, text);
        priority.terms.iter().for_each(|term| list.say(Label::Tracks, self.term(instance, term)));
    }

    /// A term: what it is, its state, and its effect now or if it changed.
    fn term(self, instance: &Instance, term: &Term) -> String {
        let tracker = self.tracker_of(term);
        let state = match term.up {
            Some(true) => "up",
            Some(false) => "down",
            None => "not known yet",
        };
        let since = tracker.map(|tracker| self.since(tracker.since)).unwrap_or_default();
        let remark = tracker.map(remark).filter(|remark| !remark.is_empty());
        let remark = remark.map(|remark| format!(": {remark}")).unwrap_or_default();
        format!("{} {} is {state}{since}{remark}; {}", term.tracker, term.name, effect(instance, term))
    }

    fn tracker_of(self, term: &Term) -> Option<&'a Tracker> {
        let trackers = &self.status.trackers;
        trackers.iter().find(|tracker| tracker.kind == term.tracker && tracker.name == term.name)
    }

    pub(super) fn tracker(self, tracker: &Tracker, list: &mut List) {
        let state = match tracker.up {
            Some(true) => "up",
            Some(false) => "down",
            None => "not known yet",
        };
        let since = self.since(tracker.since);
        list.say(Label::State, format!("{} {} is {state}{since}.", tracker.kind, tracker.name));
        list.say_some(Label::Because, Some(remark(tracker)).filter(|remark| !remark.is_empty()));
        list.say_some(Label::Problem, tracker.shortage.clone());
        list.say_some(Label::Ends, ends(tracker));
        let instances = self.status.instances.iter().flat_map(|instance| {
            let terms = instance.priority.terms.iter();
            terms.map(move |term| (instance, term))
        });
        let depends = instances.filter(|(_, term)| term.tracker == tracker.kind && term.name == tracker.name);
        for (instance, term) in depends {
            let text =
                format!("{} ({}) tracks it; {}", instance.name, instance.state, effect(instance, term));
            list.say(Label::UsedBy, text);
        }
    }
}

/// The last run or value, and when the next run begins.
fn remark(tracker: &Tracker) -> String {
    let mut said: Vec<String> =
        Some(tracker_remark(tracker)).filter(|text| !text.is_empty()).into_iter().collect();
    said.extend(tracker.next_ms.map(|ms| format!("next run in {}", millis(ms))));
    said.join("; ")
}

/// Results that bring a script into its other state.
fn ends(tracker: &Tracker) -> Option<String> {
    if tracker.kind != TrackerKind::Script {
        return None;
    }
    match tracker.up {
        Some(true) => tracker.fall.map(|fall| format!("down after {fall} failures in a row (fall)")),
        Some(false) => tracker.rise.map(|rise| format!("up after {rise} successes in a row (rise)")),
        None => None,
    }
}

/// The effect of a term on its instance: now if it has one, else what it would be.
fn effect(instance: &Instance, term: &Term) -> String {
    if term.adds != 0 {
        return format!("{:+} to the priority of {}", term.adds, instance.priority.base);
    }
    let bad = if term.reverse { "up" } else { "down" };
    match (term.weight, term.up) {
        (0, Some(up)) if up == term.reverse => format!("{bad} means FAULT"),
        (0, _) => format!("if it is {bad}, FAULT"),
        (weight, _) if weight < 0 => format!("if it is {bad}, {weight:+} to the priority"),
        (weight, _) => {
            format!("if it is {}, {weight:+} to the priority", if term.reverse { "down" } else { "up" })
        }
    }
}
