//! Metrics of virtual routers.
//!
//! The label is `iname`, since Prometheus itself calls the place that it scrapes `instance`.

use super::tally::word;
use super::writer::{Kind, Labels, Writer};
use super::{Detail, Tally};
use crate::problems::{RecentNeighbours, is_stranger};
use crate::{Instance, State, Status};

const STATES: [State; 5] = [State::Init, State::Backup, State::Master, State::Fault, State::Stop];

pub(super) fn write(writer: &mut Writer, status: &Status, tally: &Tally, detail: Detail) {
    let ids: Vec<Id<'_>> = status.instances.iter().map(Id::new).collect();
    states(writer, &ids);
    priorities(writer, &ids);
    masters(writer, &RecentNeighbours::new(status), &ids);
    counted(writer, &ids);
    transitions(writer, tally);
    if detail == Detail::Full {
        histograms(writer, &ids);
        rejected(writer, &ids);
    }
    groups(writer, status);
}

/// An instance with the values of its labels.
struct Id<'a> {
    instance: &'a Instance,
    vrid: String,
    family: String,
}

impl<'a> Id<'a> {
    fn new(instance: &'a Instance) -> Self {
        Self { instance, vrid: instance.vrid.to_string(), family: instance.family.to_string().to_lowercase() }
    }

    fn labels(&self) -> [(&str, &str); 4] {
        let Instance { name, interface, .. } = self.instance;
        [("iname", name), ("intf", interface), ("vrid", &self.vrid), ("family", &self.family)]
    }
}

/// One gauge of every instance.
fn each(
    writer: &mut Writer,
    ids: &[Id<'_>],
    name: &str,
    help: &str,
    mut value: impl FnMut(&Instance, &Labels<'_>, &mut super::writer::Family<'_>),
) {
    let mut family = writer.family(name, Kind::Gauge, help);
    for id in ids {
        value(id.instance, &id.labels(), &mut family);
    }
}

fn states(writer: &mut Writer, ids: &[Id<'_>]) {
    let help = "1 for the state that the instance is in, 0 for the others.";
    each(writer, ids, "vipd_vrrp_state", help, |instance, labels, family| {
        for state in STATES {
            family.flag(&[labels, &[("state", word(state))]].concat(), instance.state == state);
        }
    });
    let help = "Time at which the instance entered its state.";
    each(writer, ids, "vipd_vrrp_state_since_timestamp_seconds", help, |instance, labels, family| {
        if let Some(since) = instance.since {
            family.time(labels, since);
        }
    });
    let help = "1 while an operator holds the instance out of service.";
    each(writer, ids, "vipd_vrrp_intent", help, |instance, labels, family| {
        family.flag(labels, instance.intent.is_some());
    });
    let help = "Virtual addresses that are missing although the instance is MASTER.";
    each(writer, ids, "vipd_vrrp_addresses_missing", help, |instance, labels, family| {
        let missing = instance.addresses.iter().filter(|address| !address.set).count();
        family.series(labels, if instance.state == State::Master { missing } else { 0 });
    });
}

fn priorities(writer: &mut Writer, ids: &[Id<'_>]) {
    let help = "Priority: base (from the file) and effective (with what is tracked).";
    each(writer, ids, "vipd_vrrp_priority", help, |instance, labels, family| {
        let priority = &instance.priority;
        for (kind, value) in [("base", priority.base), ("effective", priority.effective)] {
            family.series(&[labels, &[("kind", kind)]].concat(), value);
        }
    });
}

fn masters(writer: &mut Writer, heard: &RecentNeighbours<'_>, ids: &[Id<'_>]) {
    let help = "1 if the instance is MASTER or hears one.";
    each(writer, ids, "vipd_vrrp_master_known", help, |instance, labels, family| {
        family.flag(labels, instance.state == State::Master || instance.master.is_some());
    });
    let help = "Time since the master was last heard.";
    each(writer, ids, "vipd_vrrp_master_last_heard_seconds", help, |instance, labels, family| {
        if let Some(master) = &instance.master {
            family.millis(labels, master.last_heard_ms);
        }
    });
    let help = "Silence after which a Backup takes over.";
    each(writer, ids, "vipd_vrrp_master_down_interval_seconds", help, |instance, labels, family| {
        family.millis(labels, instance.timers.master_down_interval_ms);
    });
    let help = "Other routers that are master of the instance while it is MASTER.";
    each(writer, ids, "vipd_vrrp_other_masters", help, |instance, labels, family| {
        family.series(labels, heard.rivals(instance).count());
    });
    let help = "Routers that use the VRID of the instance with other addresses, or whose advertisements are rejected.";
    each(writer, ids, "vipd_vrrp_strangers", help, |instance, labels, family| {
        family.series(labels, heard.of(instance).filter(|neighbour| is_stranger(neighbour)).count());
    });
}

fn counted(writer: &mut Writer, ids: &[Id<'_>]) {
    type Count = (&'static str, &'static str, fn(&Instance) -> u64);
    const COUNTS: [Count; 3] = [
        (
            "vipd_vrrp_near_failovers_total",
            "Waits in which one more lost advertisement would have moved the addresses.",
            |instance| instance.close_calls.count,
        ),
        ("vipd_vrrp_adverts_sent_total", "Advertisements sent.", |instance| {
            instance.statistics.advertisement_sent
        }),
        ("vipd_vrrp_adverts_received_total", "Advertisements received.", |instance| {
            instance.statistics.advertisement_rcvd
        }),
    ];
    for (name, help, value) in COUNTS {
        let mut family = writer.family(name, Kind::Counter, help);
        for id in ids {
            family.series(&id.labels(), value(id.instance));
        }
    }
}

fn transitions(writer: &mut Writer, tally: &Tally) {
    let help = "Changes of state, by the new state and the cause.";
    let mut changes = writer.family("vipd_vrrp_transitions_total", Kind::Counter, help);
    for (change, number) in &tally.transitions {
        changes.series(&[("iname", &change.instance), ("to", change.to), ("cause", change.cause)], number);
    }
    let help = "Stalls of this machine for which an instance listened longer.";
    let mut stalls = writer.family("vipd_vrrp_stalls_total", Kind::Counter, help);
    tally.stalls.iter().for_each(|(instance, number)| stalls.series(&[("iname", instance)], number));
    let help = "Times that another router served or spoke with the VRID of an instance.";
    let mut competitors = writer.family("vipd_vrrp_competitors_total", Kind::Counter, help);
    tally
        .competitors
        .iter()
        .for_each(|(instance, number)| competitors.series(&[("iname", instance)], number));
}

fn histograms(writer: &mut Writer, ids: &[Id<'_>]) {
    let help = "Time from one advertisement of the master to the next.";
    let mut gaps = writer.family("vipd_vrrp_advert_gap_seconds", Kind::Histogram, help);
    for id in ids {
        gaps.histogram(&id.labels(), &id.instance.advert_gap);
    }
    let help = "Time by which own advertisements left too late.";
    let mut late = writer.family("vipd_vrrp_send_lateness_seconds", Kind::Histogram, help);
    for id in ids {
        late.histogram(&id.labels(), &id.instance.send_lateness);
    }
}

fn rejected(writer: &mut Writer, ids: &[Id<'_>]) {
    let help = "Packets rejected, by reason; a reason appears with the first packet.";
    let mut family = writer.family("vipd_vrrp_rejected_total", Kind::Counter, help);
    for id in ids {
        for (reason, number) in &id.instance.statistics.rejected {
            family.series(&[&id.labels()[..], &[("reason", reason)]].concat(), number);
        }
    }
}

fn groups(writer: &mut Writer, status: &Status) {
    let help = "1 for the state that the sync group is in, 0 for the others.";
    let mut family = writer.family("vipd_vrrp_group_state", Kind::Gauge, help);
    for group in &status.groups {
        for state in STATES {
            family.flag(&[("group", &group.name), ("state", word(state))], group.state == state);
        }
    }
}
