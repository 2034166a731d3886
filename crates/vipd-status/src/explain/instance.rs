//! A virtual router: its state, the reason, and what else is wrong with it.

use super::{About, Label, List};
use crate::problems::{RecentNeighbours, describe_stranger, is_stranger};
use crate::words::{intent, micros, millis};
use crate::{Cause, Evidence, Fault, Histogram, Instance, State};

impl About<'_> {
    pub(super) fn instance(self, instance: &Instance, list: &mut List) {
        let Instance { name, interface, vrid, version, family, state, .. } = instance;
        let since = self.since(instance.since);
        list.say(
            Label::State,
            format!("{name} (VRID {vrid} on {interface}, VRRPv{version}, {family}) is {state}{since}."),
        );
        list.say_some(Label::Because, self.because(instance));
        list.say_some(Label::Because, instance.waits.as_ref().map(|waits| format!("it waits: {waits}")));
        let heard = RecentNeighbours::new(self.status);
        self.evidence(instance, &heard, list);
        self.wrong(instance, &heard, list);
        list.say_some(Label::Intent, instance.intent.as_ref().map(|wanted| intent(wanted, self.status.at)));
        self.priority(instance, list);
        list.say_some(Label::Master, master(instance));
        self.outlook(instance, list);
        self.history(instance, list);
        self.strangers(instance, &heard, list);
    }

    fn because(self, instance: &Instance) -> Option<String> {
        let cause = instance.cause.as_ref()?;
        let text = match cause {
            Cause::Fault(fault) => self.fault(instance.fault.as_ref().unwrap_or(fault)),
            Cause::Group { name } => self.changed_group(instance, name.as_deref()),
            Cause::Resumed => self.resumed(cause),
            _ => cause.to_string(),
        };
        Some(text)
    }

    /// A fault, and the fault behind it where it is that of another member.
    fn fault(self, fault: &Fault) -> String {
        let Fault::Member { name } = fault else { return fault.to_string() };
        let member = self.status.instances.iter().find(|instance| instance.name == *name);
        match member.and_then(|member| member.fault.as_ref()) {
            Some(
                behind @ (Fault::Tracker { .. } | Fault::InterfaceDown { .. } | Fault::NoAddress { .. }),
            ) => {
                format!("{fault}: {behind}")
            }
            _ => fault.to_string(),
        }
    }

    /// A change of a group, and the member that brought it about: one that changed at that time for another cause.
    fn changed_group(self, instance: &Instance, group: Option<&str>) -> String {
        let group = group.or(instance.group.as_deref());
        let own = |other: &&Instance| {
            other.name != instance.name
                && other.group.as_deref() == group
                && group.is_some()
                && !matches!(
                    other.cause,
                    None | Some(Cause::Group { .. } | Cause::Fault(Fault::Member { .. }))
                )
        };
        let first = self.status.instances.iter().filter(own).max_by_key(|other| other.since);
        let text = Cause::Group { name: group.map(str::to_owned) }.to_string();
        match first.and_then(|first| Some((first, first.cause.as_ref()?))) {
            Some((first, cause)) => format!("{text}: {} is {}: {cause}", first.name, first.state),
            None => text,
        }
    }

    fn resumed(self, cause: &Cause) -> String {
        let restarts = self.status.workers.iter().find(|worker| worker.role == crate::Role::Vrrp);
        let restarts = restarts.map(|worker| worker.restarts).filter(|restarts| *restarts > 0);
        match restarts {
            Some(number) => format!("{cause} (VRRP worker processes that ended so far: {number})"),
            None => cause.to_string(),
        }
    }

    fn evidence(self, instance: &Instance, heard: &RecentNeighbours<'_>, list: &mut List) {
        let newest = instance.history.first().filter(|change| change.to == instance.state);
        if let Some(change) = newest {
            list.say_some(Label::Evidence, describe(&change.evidence));
        }
        list.say_some(
            Label::Evidence,
            instance.stalled.map(|at| {
                let at = self.clock(at);
                format!("this machine was stalled until {at}, and the wait was renewed once")
            }),
        );
        let loaded = self.status.daemon.config.loaded;
        let near = instance.since.is_some_and(|since| {
            let apart = since.duration_since(loaded).unsigned_abs();
            apart.as_secs() < 2
        });
        if near && self.status.daemon.config.reloads > 0 {
            list.say(Label::Evidence, format!("the configuration was reloaded at {}", self.clock(loaded)));
        }
        let silence = matches!(instance.cause, Some(Cause::Silence { .. }));
        let rejected = heard.of(instance).filter(|router| silence && router.rejected.is_some());
        for router in rejected {
            let reason = router.rejected.as_deref().unwrap_or_default();
            let text = format!("{} is heard, but its advertisements are rejected: {reason}", router.source);
            list.say(Label::Evidence, text);
        }
    }

    fn wrong(self, instance: &Instance, heard: &RecentNeighbours<'_>, list: &mut List) {
        if instance.state == State::Master {
            let missing = instance.addresses.iter().filter(|address| !address.set);
            for address in missing {
                list.say(Label::Problem, format!("{} is not on {}", address.address, address.dev));
            }
        }
        for rival in heard.rivals(instance) {
            let text = format!(
                "{} is master too: priority {}, last heard at {}; each does not hear or rejects the other",
                rival.source,
                rival.priority,
                self.clock(rival.last_heard)
            );
            list.say(Label::Problem, text);
        }
    }

    fn strangers(self, instance: &Instance, heard: &RecentNeighbours<'_>, list: &mut List) {
        let mut any = false;
        for stranger in heard.of(instance).filter(|router| is_stranger(router)) {
            list.say(Label::Stranger, describe_stranger(stranger));
            any = true;
        }
        let foreign = self.foreign_vrids(instance);
        any |= foreign.is_some();
        list.say_some(Label::Stranger, foreign);
        if any {
            list.say_some(Label::Stranger, self.free_vrid(instance));
        }
        let rejected: Vec<String> =
            instance.statistics.rejected.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
        if !rejected.is_empty() {
            list.say(Label::Rejected, rejected.join(", "));
        }
    }

    /// VRIDs that others use on the link and no instance here has, at most eight.
    fn foreign_vrids(self, instance: &Instance) -> Option<String> {
        let heard = self.status.neighbours.iter().filter(|heard| heard.interface == instance.interface);
        let foreign = heard.filter(|heard| heard.instance.is_none());
        let named: Vec<String> =
            foreign.map(|heard| format!("VRID {} ({})", heard.vrid, heard.source)).take(8).collect();
        (!named.is_empty()).then(|| format!("others on {} use {}", instance.interface, named.join(", ")))
    }

    /// The lowest VRID of the link that nobody was heard to use.
    fn free_vrid(self, instance: &Instance) -> Option<String> {
        let own = self.status.instances.iter().filter(|other| other.interface == instance.interface);
        let others = self.status.neighbours.iter().filter(|heard| heard.interface == instance.interface);
        let used: Vec<u8> = own.map(|other| other.vrid).chain(others.map(|heard| heard.vrid)).collect();
        let free = (1..=255).find(|vrid| !used.contains(vrid))?;
        Some(format!("VRID {free} is not used on {} as far as was heard", instance.interface))
    }
}

/// `last heard 192.0.2.1, priority 150, 1.805 s before; own priority 90`
fn describe(evidence: &Evidence) -> Option<String> {
    let mut seen = Vec::new();
    if let Some(source) = evidence.last_source {
        let priority = evidence.last_priority.map(|priority| format!(", priority {priority}"));
        let before = evidence.silent_ms.map(|ms| format!(", {} before", millis(ms)));
        seen.push(format!(
            "last heard {source}{}{}",
            priority.unwrap_or_default(),
            before.unwrap_or_default()
        ));
    }
    seen.extend(evidence.priority.map(|priority| format!("own priority {priority}")));
    seen.extend(evidence.remark.clone());
    (!seen.is_empty()).then(|| seen.join("; "))
}

fn master(instance: &Instance) -> Option<String> {
    let master = instance.master.as_ref()?;
    let mac = master.mac.as_ref().map(|mac| format!(" ({mac})")).unwrap_or_default();
    let gaps = match (instance.advert_gap.quantile_us(99), instance.advert_gap.max_us) {
        (Some(most), max) if max > 0 => {
            format!("; 99 % of its gaps are at most {}, the longest was {}", micros(most), micros(max))
        }
        _ => String::new(),
    };
    Some(format!(
        "{}{mac}, priority {}, every {}, last heard {} ago{gaps}",
        master.address,
        master.priority,
        millis(master.interval_ms),
        millis(master.last_heard_ms)
    ))
}

impl Histogram {
    /// The bound below which so many per cent of all lie, in microseconds; none without any.
    pub fn quantile_us(&self, per_cent: u64) -> Option<u64> {
        let total = self.counts.iter().fold(0_u64, |sum, count| sum.saturating_add(*count));
        let wanted = u64::try_from((u128::from(total) * u128::from(per_cent)).div_ceil(100)).ok()?;
        let mut below = 0_u64;
        let bucket = self.counts.iter().position(|count| {
            below = below.saturating_add(*count);
            total > 0 && below >= wanted
        })?;
        Some(self.bounds_us.get(bucket).copied().unwrap_or(self.max_us).min(self.max_us.max(1)))
    }
}
