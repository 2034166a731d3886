//! Metrics of virtual servers, real servers and their checks.

use super::writer::{Kind, Writer};
use super::{Detail, Tally};
use crate::{Check, Connections, Server, Service, Status};

pub(super) fn write(writer: &mut Writer, status: &Status, tally: &Tally, detail: Detail) {
    services(writer, status);
    servers(writer, status, detail);
    if detail == Detail::Full {
        changes(writer, tally);
        traffic(writer, status);
        checks(writer, status);
    }
    certificates(writer, status);
}

fn services(writer: &mut Writer, status: &Status) {
    type Value = (&'static str, &'static str, fn(&Service) -> u64);
    const VALUES: [Value; 6] = [
        ("vipd_lvs_service_up", "1 if the virtual server has its quorum.", |service| service.up.into()),
        ("vipd_lvs_service_sorry", "1 if the sorry server serves.", |service| service.sorry.into()),
        ("vipd_lvs_service_panics", "1 if servers that are down are used (panic_threshold).", |service| {
            service.panics.into()
        }),
        ("vipd_lvs_quorum_needed_weight", "Weight that has to be up.", |service| service.quorum.need),
        ("vipd_lvs_quorum_live_weight", "Weight that is up.", |service| service.quorum.live),
        ("vipd_lvs_draining_servers", "Servers that a reload dropped and that still drain.", |service| {
            service.draining.into()
        }),
    ];
    for (name, help, value) in VALUES {
        let mut family = writer.family(name, Kind::Gauge, help);
        status
            .services
            .iter()
            .for_each(|service| family.series(&[("virtual_server", &service.name)], value(service)));
    }
    let mut counts = writer.family("vipd_lvs_servers", Kind::Gauge, "Real servers, by state.");
    for service in &status.services {
        let up = service.servers.iter().filter(|server| server.up).count();
        for (state, number) in [("up", up), ("down", service.servers.len() - up)] {
            counts.series(&[("virtual_server", &service.name), ("state", state)], number);
        }
    }
}

/// Every real server with the labels that name it.
fn all(status: &Status) -> impl Iterator<Item = ([(&'static str, &str); 2], &Server)> {
    status.services.iter().flat_map(|service| {
        let servers = service.servers.iter();
        servers.map(move |server| {
            ([("virtual_server", service.name.as_str()), ("real_server", server.address.as_str())], server)
        })
    })
}

fn servers(writer: &mut Writer, status: &Status, detail: Detail) {
    let help = "1 if no check of the real server is down.";
    let mut up = writer.family("vipd_lvs_server_up", Kind::Gauge, help);
    all(status).for_each(|(labels, server)| up.flag(&labels, server.up));
    let help =
        "1 while an operator holds the real server out of service, drains it or gave it another weight.";
    let mut intents = writer.family("vipd_lvs_server_intent", Kind::Gauge, help);
    all(status).for_each(|(labels, server)| intents.flag(&labels, server.intent.is_some()));
    if detail == Detail::Low {
        return;
    }
    let help = "Weight: configured (in the file), effective (with its checks), programmed (in the kernel).";
    let mut weights = writer.family("vipd_lvs_server_weight", Kind::Gauge, help);
    for (labels, server) in all(status) {
        let weight = server.weight;
        let kinds = [
            ("configured", Some(weight.configured)),
            ("effective", Some(weight.effective)),
            ("programmed", weight.programmed),
        ];
        for (kind, value) in kinds {
            if let Some(value) = value {
                weights.series(&[&labels[..], &[("kind", kind)]].concat(), value);
            }
        }
    }
    let help = "Connections that the kernel knows: active (open) and inactive (lingering).";
    let mut open = writer.family("vipd_lvs_server_connections", Kind::Gauge, help);
    for (labels, server) in all(status) {
        if let Some(counted) = server.connections {
            open.series(&[&labels[..], &[("state", "active")]].concat(), counted.active);
            open.series(&[&labels[..], &[("state", "inactive")]].concat(), counted.inactive);
        }
    }
}

fn changes(writer: &mut Writer, tally: &Tally) {
    let mut family =
        writer.family("vipd_lvs_server_changes_total", Kind::Counter, "Changes of a real server.");
    for ((service, server, up), number) in &tally.servers {
        let to = if *up { "up" } else { "down" };
        family.series(&[("virtual_server", service), ("real_server", server), ("to", to)], number);
    }
}

fn traffic(writer: &mut Writer, status: &Status) {
    type Count = (&'static str, &'static str, fn(&Connections) -> [(&'static str, u64); 2]);
    const COUNTS: [Count; 2] = [
        (
            "vipd_lvs_server_packets_total",
            "Packets towards a real server (in) and from it (out).",
            |counted| [("in", counted.in_packets), ("out", counted.out_packets)],
        ),
        (
            "vipd_lvs_server_traffic_bytes_total",
            "Bytes towards a real server (in) and from it (out).",
            |counted| [("in", counted.in_bytes), ("out", counted.out_bytes)],
        ),
    ];
    let help = "Connections to a real server.";
    let mut total = writer.family("vipd_lvs_server_connections_total", Kind::Counter, help);
    for (labels, server) in all(status) {
        server.connections.iter().for_each(|counted| total.series(&labels, counted.total));
    }
    for (name, help, value) in COUNTS {
        let mut family = writer.family(name, Kind::Counter, help);
        for (labels, server) in all(status) {
            for (direction, number) in server.connections.iter().flat_map(value) {
                family.series(&[&labels[..], &[("direction", direction)]].concat(), number);
            }
        }
    }
}

/// Every check with its number, since a server may have several of a kind.
fn each_check(status: &Status, mut take: impl FnMut(&[(&str, &str)], &Check)) {
    for (labels, server) in all(status) {
        for (number, check) in server.checks.iter().enumerate() {
            let number = number.to_string();
            take(&[&labels[..], &[("kind", check.kind.as_str()), ("check", &number)]].concat(), check);
        }
    }
}

fn checks(writer: &mut Writer, status: &Status) {
    let mut up = writer.family("vipd_check_up", Kind::Gauge, "1 if the check is up.");
    each_check(status, |labels, check| up.flag(labels, check.up));
    let mut failures = writer.family("vipd_check_failures", Kind::Gauge, "Failures of the check in a row.");
    each_check(status, |labels, check| failures.series(labels, check.failures));
    let help = "Duration of the last attempt of the check.";
    let mut durations = writer.family("vipd_check_duration_seconds", Kind::Gauge, help);
    each_check(status, |labels, check| {
        if let Some(ms) = check.ms {
            durations.millis(labels, ms);
        }
    });
}

fn certificates(writer: &mut Writer, status: &Status) {
    let help = "End of the certificate that the real server showed last.";
    let mut ends = writer.family("vipd_check_certificate_expiry_timestamp_seconds", Kind::Gauge, help);
    each_check(status, |labels, check| {
        if let Some(at) = check.certificate_expires {
            ends.time(labels, at);
        }
    });
}
