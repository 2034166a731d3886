//! Servers that are drained until no connection is open: while there are any, the kernel is asked for their connections
//! every second.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ipvs_netlink::{Client, Error, ServiceKey};

use super::Worker;
use crate::ipc::LogLevel;

/// Open connections of each destination of a kernel service.
type Open = HashMap<SocketAddr, u64>;

impl Worker {
    /// Tells the director how many connections are open on the servers that it drains.
    pub(super) fn count_connections(&mut self, now: Instant) {
        if self.count_at.is_none_or(|at| at > now) {
            return;
        }
        let draining: Vec<_> = self.director.awaiting_connections().collect();
        self.count_at = (!draining.is_empty()).then_some(now + PERIOD);
        let Some(client) = self.tables.client() else { return };
        let mut known: HashMap<ServiceKey, Open> = HashMap::new();
        let mut counts = Vec::with_capacity(draining.len());
        for id in draining {
            let mut sum = 0;
            for (key, address) in self.plan.held_at(id) {
                let open = match known.entry(key) {
                    std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
                    std::collections::hash_map::Entry::Vacant(entry) => match open(client, &key) {
                        Ok(open) => entry.insert(open),
                        Err(error) => {
                            let text = format!("IPVS: cannot count the connections of {key}: {error}");
                            return self.parent.log(LogLevel::Error, text);
                        }
                    },
                };
                sum += open.get(&address).copied().unwrap_or(0);
            }
            counts.push((id, sum));
        }
        for (id, open) in counts {
            self.director.handle_connections(now, id, open);
        }
    }
}

/// Persistence counts: a client that is to come back to its server is not sent to another one meanwhile.
fn open(client: &mut Client, key: &ServiceKey) -> Result<Open, Error> {
    let destinations = client.destinations(key)?;
    let open = destinations.iter().map(|it| {
        let connections = &it.connections;
        let sum = u64::from(connections.active) + u64::from(connections.inactive);
        (it.destination.address, sum + u64::from(connections.persistent))
    });
    Ok(open.collect())
}

/// From one look to the next.
const PERIOD: Duration = Duration::from_secs(1);
