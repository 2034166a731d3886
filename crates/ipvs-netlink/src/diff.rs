//! From the table that is to the table that should be.
//!
//! The plan is minimal: objects that are right are not mentioned, and no service or destination is mentioned twice. Its
//! order keeps traffic flowing while it is carried out, step by step:
//!
//! 1. services are added and set, each new one at once with its destinations, so that it is empty as briefly as can be;
//! 2. destinations are added, or get a weight above 0;
//! 3. destinations get weight 0;
//! 4. destinations are removed;
//! 5. services are removed, which removes their destinations too.
//!
//! So a service that has a server that takes connections before, and one after, has one all the time.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;

use crate::table::Entry;
use crate::{Destination, Service, ServiceKey, Table};

/// Which of the services that are not wanted may be removed.
///
/// Services with a wanted key are set and their destinations are made the wanted ones whatever the scope: a caller that
/// asks for a service asks for all of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope<'a> {
    /// All of them: nobody else uses IPVS here (keepalived's `lvs_flush`).
    Everything,
    /// These alone, because we added them before; others belong to somebody else.
    Only(&'a BTreeSet<ServiceKey>),
}

/// One step from one table to another: one request to the kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Change {
    /// A new service.
    AddService(Service),
    /// Other settings for a service; its destinations, connections and statistics stay.
    SetService(Service),
    /// A service goes, with its destinations. Packets of their connections are dropped from then on.
    RemoveService(ServiceKey),
    /// A new destination.
    AddDestination {
        /// Of this service.
        service: ServiceKey,
        /// The destination.
        destination: Destination,
    },
    /// Other settings for a destination; its connections and statistics stay.
    SetDestination {
        /// Of this service.
        service: ServiceKey,
        /// The destination with its new settings.
        destination: Destination,
    },
    /// A destination goes. Packets of its connections are dropped from then on.
    RemoveDestination {
        /// Of this service.
        service: ServiceKey,
        /// Where the destination is.
        address: SocketAddr,
    },
}

/// The changes that make `wanted` of `current`, in the order in which to carry them out.
///
/// ```
/// use ipvs_netlink::{Scheduler, Scope, Service, ServiceKey, Table, diff};
///
/// let mut wanted = Table::new();
/// wanted.insert(Service::new(ServiceKey::tcp("192.0.2.1:80".parse()?), Scheduler::WLC));
/// let plan = diff(&Table::new(), &wanted, Scope::Everything);
/// assert_eq!(plan[0].to_string(), "add service [192.0.2.1]:tcp:80 wlc");
///
/// let mut table = Table::new();
/// plan.iter().for_each(|change| change.apply_to(&mut table));
/// assert_eq!(table, wanted);
/// assert_eq!(diff(&table, &wanted, Scope::Everything), []);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub fn diff(current: &Table, wanted: &Table, scope: Scope<'_>) -> Vec<Change> {
    let mut plan = Plan::default();
    for entry in wanted.services() {
        match current.service(&entry.service().key) {
            Some(present) => plan.adjust(present, entry),
            None => plan.create(entry),
        }
    }
    for key in current.keys() {
        if wanted.service(key).is_none() && scope.covers(key) {
            plan.services_removed.push(Change::RemoveService(*key));
        }
    }
    plan.in_order()
}

impl Scope<'_> {
    fn covers(self, key: &ServiceKey) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(keys) => keys.contains(key),
        }
    }
}

impl Change {
    /// The service that this is about.
    pub const fn key(&self) -> ServiceKey {
        match self {
            Self::AddService(service) | Self::SetService(service) => service.key,
            Self::RemoveService(key) => *key,
            Self::AddDestination { service, .. }
            | Self::SetDestination { service, .. }
            | Self::RemoveDestination { service, .. } => *service,
        }
    }

    /// The destination that this is about, if it is about one.
    pub const fn destination_address(&self) -> Option<SocketAddr> {
        match self {
            Self::AddService(_) | Self::SetService(_) | Self::RemoveService(_) => None,
            Self::AddDestination { destination, .. } | Self::SetDestination { destination, .. } => {
                Some(destination.address)
            }
            Self::RemoveDestination { address, .. } => Some(*address),
        }
    }

    /// Changes a table as the kernel would change its own. A change that is not possible (a destination of no service)
    /// changes nothing; adding what is there sets it, as [`Client::apply`](crate::Client::apply) does.
    pub fn apply_to(&self, table: &mut Table) {
        match self {
            Self::AddService(service) | Self::SetService(service) => table.insert(service.clone()),
            Self::RemoveService(key) => drop(table.remove(key)),
            Self::AddDestination { service, destination } | Self::SetDestination { service, destination } => {
                table.insert_destination(service, *destination);
            }
            Self::RemoveDestination { service, address } => {
                table.remove_destination(service, *address);
            }
        }
    }
}

/// The steps, by the place they have in the order.
#[derive(Default)]
struct Plan {
    added: Vec<Change>,
    raised: Vec<Change>,
    quiesced: Vec<Change>,
    removed: Vec<Change>,
    services_removed: Vec<Change>,
}

impl Plan {
    fn create(&mut self, wanted: &Entry) {
        let service = wanted.service();
        self.added.push(Change::AddService(service.clone()));
        let add = |destination: &Destination| Change::AddDestination {
            service: service.key,
            destination: *destination,
        };
        self.added.extend(wanted.destinations().map(add));
    }

    fn adjust(&mut self, current: &Entry, wanted: &Entry) {
        let service = wanted.service();
        if !service.is_same_for_kernel(current.service()) {
            self.added.push(Change::SetService(service.clone()));
        }
        for destination in wanted.destinations() {
            self.adjust_destination(service.key, current.destination(destination.address), *destination);
        }
        for Destination { address, .. } in current.destinations() {
            if wanted.destination(*address).is_none() {
                self.removed.push(Change::RemoveDestination { service: service.key, address: *address });
            }
        }
    }

    fn adjust_destination(
        &mut self,
        service: ServiceKey,
        current: Option<&Destination>,
        destination: Destination,
    ) {
        let change = match current {
            Some(current) if *current == destination => return,
            Some(_) => Change::SetDestination { service, destination },
            None => Change::AddDestination { service, destination },
        };
        if destination.weight > 0 { self.raised.push(change) } else { self.quiesced.push(change) }
    }

    fn in_order(self) -> Vec<Change> {
        let Self { added, raised, quiesced, removed, services_removed } = self;
        [added, raised, quiesced, removed, services_removed].into_iter().flatten().collect()
    }
}

/// As a sentence for a plan: `set destination 192.0.2.11:80 NAT weight 0 of [192.0.2.1]:tcp:80`.
impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddService(service) => write!(f, "add service {service}"),
            Self::SetService(service) => write!(f, "set service {service}"),
            Self::RemoveService(key) => write!(f, "remove service {key}"),
            Self::AddDestination { service, destination } => {
                write!(f, "add destination {destination} of {service}")
            }
            Self::SetDestination { service, destination } => {
                write!(f, "set destination {destination} of {service}")
            }
            Self::RemoveDestination { service, address } => {
                write!(f, "remove destination {address} of {service}")
            }
        }
    }
}

#[cfg(test)]
mod tests;
