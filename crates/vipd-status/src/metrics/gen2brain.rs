//! The metrics of gen2brain/keepalived_exporter, with its names, labels and values.

use super::mehdy::Count;
use super::writer::{Kind, Writer};
use super::{Detail, Options};
use crate::select::endpoint;
use crate::{Connections, Status};

const COUNTS: [Count; 14] = [
    ("keepalived_vrrp_advert_rcvd", "Advertisements received.", |vi| vi.statistics.advertisement_rcvd),
    ("keepalived_vrrp_advert_sent", "Advertisements sent.", |vi| vi.statistics.advertisement_sent),
    ("keepalived_vrrp_become_master", "Times that the instance became MASTER.", |vi| {
        vi.statistics.master_transitions
    }),
    ("keepalived_vrrp_release_master", "Times that the instance was MASTER no longer.", |vi| {
        vi.statistics.released_master
    }),
    ("keepalived_vrrp_packet_len_err", "Packets of a wrong length.", |vi| vi.rejected("packet-length")),
    ("keepalived_vrrp_advert_interval_err", "Packets with another interval.", |vi| vi.rejected("interval")),
    ("keepalived_vrrp_ip_ttl_err", "Packets with a TTL out of range.", |vi| vi.rejected("ip-ttl")),
    ("keepalived_vrrp_invalid_type_rcvd", "Packets of an unknown type.", |vi| vi.rejected("type")),
    ("keepalived_vrrp_addr_list_err", "Packets with other addresses.", |vi| vi.rejected("address-list")),
    ("keepalived_vrrp_invalid_authtype", "Packets with an unknown type of authentication.", |vi| {
        vi.rejected("authentication-type-unknown")
    }),
    ("keepalived_vrrp_authtype_mismatch", "Packets with another type of authentication.", |vi| {
        vi.rejected("authentication-type")
    }),
    ("keepalived_vrrp_auth_failure", "Packets with a wrong password.", |vi| vi.rejected("authentication")),
    ("keepalived_vrrp_pri_zero_rcvd", "Advertisements with priority 0 received.", |vi| {
        vi.statistics.priority_zero_pkts_rcvd
    }),
    ("keepalived_vrrp_pri_zero_sent", "Advertisements with priority 0 sent.", |vi| {
        vi.statistics.priority_zero_pkts_sent
    }),
];

/// A counter of a virtual or real server: its name without that of what it counts, its help, its value.
type Traffic = (&'static str, &'static str, fn(&Connections) -> u64);

const TRAFFIC: [Traffic; 5] = [
    ("in_packets", "Packets towards the servers.", |counted| counted.in_packets),
    ("out_packets", "Packets from the servers.", |counted| counted.out_packets),
    ("in_bytes", "Bytes towards the servers.", |counted| counted.in_bytes),
    ("out_bytes", "Bytes from the servers.", |counted| counted.out_bytes),
    ("conn", "Connections.", |counted| counted.total),
];

pub(super) fn write(writer: &mut Writer, status: &Status, options: Options) {
    if options.detail == Detail::Low && !options.gen2brain {
        return;
    }
    for (name, help, value) in COUNTS {
        let mut family = writer.family(name, Kind::Unknown, help);
        for instance in &status.instances {
            let vrid = instance.vrid.to_string();
            let labels = [
                ("name", instance.name.as_str()),
                ("intf", &instance.interface),
                ("vrid", &vrid),
                ("state", instance.state.word()),
            ];
            let wanted = if options.gen2brain { &labels[..] } else { &labels[..3] };
            family.series(wanted, value(instance));
        }
    }
    for (name, help, value) in TRAFFIC {
        virtual_servers(writer, status, &format!("keepalived_lvs_vip_{name}"), help, value);
        real_servers(writer, status, &format!("keepalived_lvs_rs_{name}"), help, value);
    }
}

fn virtual_servers(
    writer: &mut Writer,
    status: &Status,
    name: &str,
    help: &str,
    value: fn(&Connections) -> u64,
) {
    let mut family = writer.family(name, Kind::Unknown, help);
    for service in &status.services {
        let (addr, proto) = (address(&service.name), protocol(&service.name));
        if let Some(counted) = &service.connections {
            family.series(&[("addr", &addr), ("proto", proto)], value(counted));
        }
    }
}

fn real_servers(
    writer: &mut Writer,
    status: &Status,
    name: &str,
    help: &str,
    value: fn(&Connections) -> u64,
) {
    let mut family = writer.family(name, Kind::Unknown, help);
    for service in &status.services {
        let (vip, proto) = (address(&service.name), protocol(&service.name));
        for server in &service.servers {
            if let Some(counted) = &server.connections {
                let addr = address(&server.address);
                family.series(&[("vip", &vip), ("proto", proto), ("addr", &addr)], value(counted));
            }
        }
    }
}

/// `192.0.2.10:80` for `[192.0.2.10]:tcp:80`; a name that has no port stays as it is.
fn address(name: &str) -> String {
    match endpoint(name) {
        (host, _, Some(port)) => format!("{host}:{port}"),
        _ => name.to_owned(),
    }
}

/// The number of the protocol, as the kernel counts them; empty for a firewall mark.
fn protocol(name: &str) -> &'static str {
    match endpoint(name).1 {
        Some(protocol) if protocol.eq_ignore_ascii_case("tcp") => "6",
        Some(protocol) if protocol.eq_ignore_ascii_case("udp") => "17",
        Some(protocol) if protocol.eq_ignore_ascii_case("sctp") => "132",
        _ => "",
    }
}
