//! Changes of a virtual router that would come, and what would bring them about.

use super::{About, Label, List};
use crate::words::millis;
use crate::{Instance, IntentKind, Master, Preempt, State, Term};

impl About<'_> {
    pub(super) fn outlook(self, instance: &Instance, list: &mut List) {
        match instance.state {
            State::Master => list.say(Label::GivesWay, gives_way(instance)),
            State::Backup => {
                list.say(Label::TakesOver, takes_over(instance));
                if let Some(master) = &instance.master {
                    list.say(Label::Preempts, preempts(instance, master));
                }
            }
            State::Fault => {
                list.say(Label::Ends, "as soon as nothing that it needs is missing; then it is BACKUP");
            }
            State::Init | State::Stop => {}
        }
        list.say_some(Label::CloseCalls, self.close_calls(instance));
    }

    fn close_calls(self, instance: &Instance) -> Option<String> {
        let calls = &instance.close_calls;
        if calls.count == 0 {
            return None;
        }
        let last: Vec<String> = calls.last.iter().map(|time| self.clock(*time)).collect();
        let last = if last.is_empty() { String::new() } else { format!(", last at {}", last.join(", ")) };
        Some(format!("{}{last}: one more lost advertisement would have moved the addresses", calls.count))
    }
}

fn gives_way(instance: &Instance) -> String {
    if instance.is_owner {
        return "to nobody: it owns the addresses (priority 255)".to_owned();
    }
    let priority = instance.priority.effective;
    let tie = instance.source.map(|source| format!(", or of {priority} from an address above {source}"));
    format!("to an advertisement of a priority above {priority}{}", tie.unwrap_or_default())
}

fn takes_over(instance: &Instance) -> String {
    if let Some(intent) =
        instance.intent.as_ref().filter(|intent| intent.kind == IntentKind::Maintenance && intent.hard)
    {
        let by = &intent.by;
        return format!("not while the maintenance of {by} lasts, even if nobody serves (--hard)");
    }
    let timers = &instance.timers;
    let Some(master) = &instance.master else {
        let Some(left) = timers.deadline_ms else {
            return "when its wait is over, unless a master is heard".to_owned();
        };
        let longer = if left > timers.master_down_interval_ms.max(1) {
            let usual = millis(timers.master_down_interval_ms);
            format!(
                " (longer than its master-down interval of {usual}: a delay that the file asks for, or a stall)"
            )
        } else {
            String::new()
        };
        return format!("in {} unless a master is heard{longer}", millis(left));
    };
    if instance.priority.effective > master.priority && instance.preempt != Preempt::Never {
        let when =
            timers.deadline_ms.map_or_else(|| "soon".to_owned(), |left| format!("in {}", millis(left)));
        return format!("{when}: it does not obey {}, whose priority is lower", master.address);
    }
    let all = millis(timers.master_down_interval_ms);
    let skew = millis(timers.skew_time_us / 1000);
    let silent = match timers.deadline_ms {
        Some(left) => format!("if {} is silent for {} more ({all} in all)", master.address, millis(left)),
        None => format!("if {} is silent for {all}", master.address),
    };
    format!("{silent}; if it leaves with priority 0, after {skew}")
}

/// A Backup obeys an advertisement of its own priority, too: only a higher one preempts (RFC 9568 section 6.4.2).
fn preempts(instance: &Instance, master: &Master) -> String {
    let (own, theirs) = (instance.priority.effective, master.priority);
    if instance.intent.as_ref().is_some_and(|intent| intent.kind == IntentKind::Maintenance) {
        return "not while maintenance lasts".to_owned();
    }
    if instance.preempt == Preempt::Never {
        let would = if own > theirs { "although its priority is higher" } else { "at any priority" };
        return format!("never while {} is heard (nopreempt), {would}: {own} and {theirs}", master.address);
    }
    let delay = match instance.preempt {
        Preempt::AfterMs(ms) if ms > 0 => format!(", after {} (preempt_delay)", millis(ms)),
        _ => String::new(),
    };
    if own > theirs {
        return format!("soon: its priority {own} is above {theirs}{delay}");
    }
    let remedies: Vec<String> =
        instance.priority.terms.iter().filter_map(|term| remedy(term, own, theirs)).collect();
    if remedies.is_empty() {
        return format!("with a priority above {theirs}; it is {own}{delay}");
    }
    format!("as soon as {} (above {theirs}){delay}", remedies.join(", or "))
}

/// The change of a term that would lift the priority above the master's: `script chk is up: 150`.
fn remedy(term: &Term, own: u8, theirs: u8) -> Option<String> {
    let gain = match (term.adds, term.weight) {
        (adds, _) if adds < 0 => adds.saturating_neg(),
        (0, weight) if weight > 0 => weight,
        _ => return None,
    };
    let lifted = i32::from(own).saturating_add(gain).clamp(1, 254);
    let better = if term.reverse { "down" } else { "up" };
    (lifted > i32::from(theirs))
        .then(|| format!("{} {} is {better}, which makes its priority {lifted}", term.tracker, term.name))
}
