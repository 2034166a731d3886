//! A whole IPVS table as a value.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use crate::{Destination, Service, ServiceKey};

/// Services and their destinations, in the order of their keys.
///
/// ```
/// use ipvs_netlink::{Destination, Forwarding, Scheduler, Service, ServiceKey, Table};
///
/// let mut table = Table::new();
/// let key = ServiceKey::tcp("192.0.2.1:80".parse()?);
/// table.insert(Service::new(key, Scheduler::WLC));
/// table.insert_destination(&key, Destination::new("192.0.2.11:80".parse()?, Forwarding::DirectRoute));
/// assert_eq!(table.service(&key).map(|entry| entry.destinations().count()), Some(1));
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(
    feature = "serde",
    serde(from = "Vec<(Service, Vec<Destination>)>", into = "Vec<(Service, Vec<Destination>)>")
)]
pub struct Table {
    /// Each under the key that it has itself.
    services: BTreeMap<ServiceKey, Entry>,
}

/// A service of a [`Table`] with its destinations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    service: Service,
    /// Each under the address that it has itself.
    destinations: BTreeMap<SocketAddr, Destination>,
}

impl Table {
    /// A table with nothing in it.
    pub const fn new() -> Self {
        Self { services: BTreeMap::new() }
    }

    /// Adds a service without destinations, or gives the one with this key other settings and leaves its
    /// destinations.
    pub fn insert(&mut self, service: Service) {
        if let Some(entry) = self.services.get_mut(&service.key) {
            entry.service = service;
        } else {
            let entry = Entry { service, destinations: BTreeMap::new() };
            self.services.insert(entry.service.key, entry);
        }
    }

    /// Adds a destination to a service, or replaces the one with its address. `false` if there is no such service;
    /// then nothing is added.
    pub fn insert_destination(&mut self, service: &ServiceKey, destination: Destination) -> bool {
        let Some(entry) = self.services.get_mut(service) else { return false };
        entry.destinations.insert(destination.address, destination);
        true
    }

    /// Takes a service out with its destinations.
    pub fn remove(&mut self, service: &ServiceKey) -> Option<Entry> {
        self.services.remove(service)
    }

    /// Takes a destination out of a service.
    pub fn remove_destination(&mut self, service: &ServiceKey, address: SocketAddr) -> Option<Destination> {
        self.services.get_mut(service)?.destinations.remove(&address)
    }

    /// The service with this key.
    pub fn service(&self, key: &ServiceKey) -> Option<&Entry> {
        self.services.get(key)
    }

    /// A destination of a service.
    pub fn destination(&self, service: &ServiceKey, address: SocketAddr) -> Option<&Destination> {
        self.services.get(service)?.destination(address)
    }

    /// All services, in the order of their keys.
    pub fn services(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.services.values()
    }

    /// The keys of all services, in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &ServiceKey> {
        self.services.keys()
    }

    /// Number of services.
    pub fn len(&self) -> usize {
        self.services.len()
    }

    /// Whether there is no service.
    pub fn is_empty(&self) -> bool {
        self.services.is_empty()
    }
}

impl Entry {
    /// The service.
    pub const fn service(&self) -> &Service {
        &self.service
    }

    /// Its destinations, in the order of their addresses.
    pub fn destinations(&self) -> impl ExactSizeIterator<Item = &Destination> {
        self.destinations.values()
    }

    /// The destination at an address.
    pub fn destination(&self, address: SocketAddr) -> Option<&Destination> {
        self.destinations.get(&address)
    }
}

/// A line for each service, and below it an indented one for each destination.
impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for entry in self.services() {
            writeln!(f, "{}", entry.service)?;
            for destination in entry.destinations() {
                writeln!(f, "  -> {destination}")?;
            }
        }
        Ok(())
    }
}

/// The later of two services with the same key, or destinations with the same address, wins.
impl<D: IntoIterator<Item = Destination>> FromIterator<(Service, D)> for Table {
    fn from_iter<T: IntoIterator<Item = (Service, D)>>(services: T) -> Self {
        let mut table = Self::new();
        for (service, destinations) in services {
            let destinations = destinations.into_iter().map(|d| (d.address, d)).collect();
            table.services.insert(service.key, Entry { service, destinations });
        }
        table
    }
}

impl From<Vec<(Service, Vec<Destination>)>> for Table {
    fn from(services: Vec<(Service, Vec<Destination>)>) -> Self {
        services.into_iter().collect()
    }
}

impl From<Table> for Vec<(Service, Vec<Destination>)> {
    fn from(table: Table) -> Self {
        let entries = table.services.into_values();
        entries.map(|entry| (entry.service, entry.destinations.into_values().collect())).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Family, Forwarding, Persistence, Scheduler, ServiceFlags, Thresholds};

    #[test]
    fn a_table_reads_like_a_list() {
        let key = ServiceKey::tcp("[2001:db8::1]:80".parse().unwrap());
        let mut persistence = Persistence::new(Family::V6, std::time::Duration::from_secs(60));
        persistence.prefix_len = 64;
        let service =
            Service::new(key, Scheduler::SH).with_flags(ServiceFlags::SH_PORT).with_persistence(persistence);
        let destination = Destination::new("10.0.0.1:80".parse().unwrap(), Forwarding::IPIP)
            .with_thresholds(Thresholds { upper: 100, lower: 50 });
        assert_eq!(
            Table::from_iter([(service, [destination])]).to_string(),
            "[2001:db8::1]:tcp:80 sh persistent 60s /64 flag-2\n  -> 10.0.0.1:80 TUN weight 1 thresholds 50 to 100\n"
        );
    }

    #[test]
    fn setting_a_service_keeps_its_destinations() {
        let key = ServiceKey::tcp("192.0.2.1:80".parse().unwrap());
        let mut table = Table::new();
        table.insert(Service::new(key, Scheduler::RR));
        let destination = Destination::new("10.0.0.1:80".parse().unwrap(), Forwarding::Nat);
        assert!(table.insert_destination(&key, destination));
        table.insert(Service::new(key, Scheduler::LC));
        assert_eq!(table.destination(&key, destination.address), Some(&destination));
        assert_eq!(table.remove_destination(&key, destination.address), Some(destination));
        assert_eq!(table.service(&key).map(|entry| entry.destinations().len()), Some(0));
    }
}
