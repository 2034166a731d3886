//! The kernel's counters of a virtual server, read when a client asks for its state.

use std::collections::HashMap;
use std::net::SocketAddr;

use ipvs_netlink::{Client, DestinationStatus, Error, ServiceKey, ServiceStatus};
use lvs_health::director::{Director, ServiceId};
use vipd_status::Connections;

use super::plan::Plan;

/// The kernel's counters of a virtual server, and of each of its servers in the plan's order.
#[derive(Debug, Default)]
pub(super) struct Traffic {
    pub(super) service: Connections,
    /// `None`: the kernel does not hold the server.
    pub(super) servers: Vec<Option<Connections>>,
}

/// One kernel service: its own counters, and those of its destinations.
type Counted = (Connections, HashMap<SocketAddr, Connections>);

impl Traffic {
    /// Asks the kernel: two questions for each kernel service of the virtual server.
    ///
    /// # Errors
    /// The kernel does not answer.
    pub(super) fn read(
        client: &mut Client,
        plan: &Plan,
        director: &Director,
        id: ServiceId,
    ) -> Result<Self, Error> {
        let mut counted: HashMap<ServiceKey, Counted> = HashMap::new();
        for service in plan.services.get(id.index()).into_iter().flatten() {
            let key = service.key;
            if let Some(status) = client.service(&key)? {
                let destinations = client.destinations(&key)?;
                let each = destinations.iter().map(|one| (one.destination.address, of_destination(one)));
                counted.insert(key, (of_service(&status), each.collect()));
            }
        }
        let of_server = |server| {
            let held = plan.held_at(server);
            let each = held.filter_map(|(key, address)| counted.get(&key)?.1.get(&address).copied());
            each.reduce(sum)
        };
        let servers = director.members(id).map(of_server).collect();
        let service = counted.values().map(|(service, _)| *service).reduce(sum).unwrap_or_default();
        Ok(Self { service, servers })
    }
}

/// Several kernel services are one virtual server.
fn sum(one: Connections, other: Connections) -> Connections {
    Connections {
        active: one.active + other.active,
        inactive: one.inactive + other.inactive,
        total: one.total.saturating_add(other.total),
        in_packets: one.in_packets.saturating_add(other.in_packets),
        out_packets: one.out_packets.saturating_add(other.out_packets),
        in_bytes: one.in_bytes.saturating_add(other.in_bytes),
        out_bytes: one.out_bytes.saturating_add(other.out_bytes),
    }
}

fn of_service(status: &ServiceStatus) -> Connections {
    counters(&status.statistics.total)
}

fn of_destination(status: &DestinationStatus) -> Connections {
    let (active, inactive) = (status.connections.active.into(), status.connections.inactive.into());
    Connections { active, inactive, ..counters(&status.statistics.total) }
}

fn counters(total: &ipvs_netlink::Counters) -> Connections {
    Connections {
        total: total.connections,
        in_packets: total.packets_in,
        out_packets: total.packets_out,
        in_bytes: total.bytes_in,
        out_bytes: total.bytes_out,
        ..Connections::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_several_kernel_services_are_added() {
        let total = ipvs_netlink::Counters {
            connections: 5,
            packets_in: 4,
            packets_out: 3,
            bytes_in: 2,
            bytes_out: u64::MAX,
        };
        let one = Connections { active: 7, inactive: 1, ..counters(&total) };
        let expected = Connections {
            active: 14,
            inactive: 2,
            total: 10,
            in_packets: 8,
            out_packets: 6,
            in_bytes: 4,
            out_bytes: u64::MAX,
        };
        assert_eq!(sum(one, one), expected);
    }
}
