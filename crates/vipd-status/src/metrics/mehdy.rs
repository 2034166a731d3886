//! The metrics of mehdy/keepalived-exporter, with its names, labels and values.

use super::Detail;
use super::writer::{Kind, Writer};
use crate::text::host;
use crate::{Instance, Status, TrackerKind};

/// A counter of an instance: its name, its help, its value.
pub(super) type Count = (&'static str, &'static str, fn(&Instance) -> u64);

const COUNTS: [Count; 14] = [
    ("keepalived_advertisements_received_total", "Advertisements received.", |vi| {
        vi.statistics.advertisement_rcvd
    }),
    ("keepalived_advertisements_sent_total", "Advertisements sent.", |vi| vi.statistics.advertisement_sent),
    ("keepalived_become_master_total", "Times that the instance became MASTER.", |vi| {
        vi.statistics.master_transitions
    }),
    ("keepalived_release_master_total", "Times that the instance was MASTER no longer.", |vi| {
        vi.statistics.released_master
    }),
    ("keepalived_packet_length_errors_total", "Packets of a wrong length.", |vi| {
        vi.rejected("packet-length")
    }),
    ("keepalived_advertisements_interval_errors_total", "Packets with another interval.", |vi| {
        vi.rejected("interval")
    }),
    ("keepalived_ip_ttl_errors_total", "Packets with a TTL out of range.", |vi| vi.rejected("ip-ttl")),
    ("keepalived_invalid_type_received_total", "Packets of an unknown type.", |vi| vi.rejected("type")),
    ("keepalived_address_list_errors_total", "Packets with other addresses.", |vi| {
        vi.rejected("address-list")
    }),
    ("keepalived_authentication_invalid_total", "Packets with an unknown type of authentication.", |vi| {
        vi.rejected("authentication-type-unknown")
    }),
    ("keepalived_authentication_mismatch_total", "Packets with another type of authentication.", |vi| {
        vi.rejected("authentication-type")
    }),
    ("keepalived_authentication_failure_total", "Packets with a wrong password.", |vi| {
        vi.rejected("authentication")
    }),
    ("keepalived_priority_zero_received_total", "Advertisements with priority 0 received.", |vi| {
        vi.statistics.priority_zero_pkts_rcvd
    }),
    ("keepalived_priority_zero_sent_total", "Advertisements with priority 0 sent.", |vi| {
        vi.statistics.priority_zero_pkts_sent
    }),
];

impl Instance {
    /// Packets that were rejected for a reason.
    pub(super) fn rejected(&self, reason: &str) -> u64 {
        self.statistics.rejected.get(reason).copied().unwrap_or(0)
    }
}

pub(super) fn write(writer: &mut Writer, status: &Status, detail: Detail) {
    writer.family("keepalived_up", Kind::Gauge, "1 if the daemon answers.").series(&[], 1);
    let help = "Version of the daemon; always 1.";
    let version = [("version", status.daemon.version.as_str())];
    writer.family("keepalived_exporter_build_info", Kind::Gauge, help).series(&version, 1);
    addresses(writer, status, "keepalived_vrrp_state", false);
    addresses(writer, status, "keepalived_vrrp_excluded_state", true);
    scripts(writer, status);
    if detail == Detail::Low {
        return;
    }
    for (name, help, value) in COUNTS {
        let mut family = writer.family(name, Kind::Counter, help);
        for instance in &status.instances {
            let vrid = instance.vrid.to_string();
            let labels = [("iname", instance.name.as_str()), ("intf", &instance.interface), ("vrid", &vrid)];
            family.series(&labels, value(instance));
        }
    }
}

fn addresses(writer: &mut Writer, status: &Status, name: &str, excluded: bool) {
    let help = "State of the instance of a virtual address: 0 init, 1 backup, 2 master, 3 fault.";
    let mut family = writer.family(name, Kind::Gauge, help);
    for instance in &status.instances {
        let vrid = instance.vrid.to_string();
        for address in instance.addresses.iter().filter(|address| address.excluded == excluded) {
            let labels = [
                ("iname", instance.name.as_str()),
                ("intf", &address.dev),
                ("vrid", &vrid),
                ("ip_address", host(&address.address)),
            ];
            family.series(&labels, instance.state.number());
        }
    }
}

fn scripts(writer: &mut Writer, status: &Status) {
    let scripts = || status.trackers.iter().filter(|tracker| tracker.kind == TrackerKind::Script);
    let help = "Result of the script: 0 bad, 1 good.";
    let mut results = writer.family("keepalived_script_status", Kind::Gauge, help);
    scripts().for_each(|script| results.flag(&[("name", &script.name)], script.up == Some(true)));
    let help = "State of the script: 0 idle, 1 running.";
    let mut running = writer.family("keepalived_script_state", Kind::Gauge, help);
    scripts().for_each(|script| running.flag(&[("name", &script.name)], script.running));
}
