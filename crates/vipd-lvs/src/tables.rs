//! The kernel's tables: what they hold, as far as we know, and what we made of them.
//!
//! A change of one virtual server is a difference of that server's entries alone. Every so often, and after the
//! interfaces of this host changed, everything is read and compared: changes by others in a service of ours are
//! reverted, services of others are left alone.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use ipvs_netlink::{Change, Client, Error, Failure, Scope, ServiceKey, Table, diff};

/// The kernel's tables.
#[derive(Debug)]
pub(super) struct Tables {
    /// Without one nothing is done: a dry run.
    client: Option<Client>,
    /// The kernel's content, as far as we know.
    known: Table,
    /// The services that are ours.
    ours: BTreeSet<ServiceKey>,
}

/// Result of an attempt to make the tables as wanted.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The changes that a dry run did not make.
    pub(super) withheld: Vec<Change>,
    /// The changes that the kernel refused.
    pub(super) failed: Vec<Failure>,
    /// The tables are not as we left them.
    pub(super) surprised: bool,
}

/// A weight that is not as we left it, where everything else of its destination is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForeignWeight {
    pub(super) service: ServiceKey,
    pub(super) address: SocketAddr,
    pub(super) weight: u32,
}

impl Tables {
    /// Connects to the kernel, loading the module if need be, and reads what is there.
    pub(super) fn open() -> Result<Self, Error> {
        let mut client = match Client::connect() {
            Err(Error::NoIpvs) => {
                // Whether that was of use the second attempt tells.
                let _ = ipvs_netlink::load_module();
                Client::connect()?
            }
            client => client?,
        };
        let known = client.table()?;
        Ok(Self { client: Some(client), known, ours: BTreeSet::new() })
    }

    /// Tables that are only thought of, empty at first.
    pub(super) fn dry() -> Self {
        Self { client: None, known: Table::new(), ours: BTreeSet::new() }
    }

    /// The kernel; `None` in a dry run.
    pub(super) fn client(&mut self) -> Option<&mut Client> {
        self.client.as_mut()
    }

    /// Removes everything, also services of other programs.
    pub(super) fn flush(&mut self) -> Result<(), Error> {
        if let Some(client) = &mut self.client {
            client.flush()?;
        }
        self.known = Table::new();
        Ok(())
    }

    /// Services that a predecessor made are ours: they go unless they are wanted.
    pub(super) fn own(&mut self, keys: &[ServiceKey]) {
        self.ours.extend(keys);
    }

    /// Makes the kernel hold `wanted` for these keys; a key that is not in `wanted` goes.
    pub(super) fn set(
        &mut self,
        keys: impl IntoIterator<Item = ServiceKey>,
        wanted: &Table,
    ) -> Result<Applied, Error> {
        let keys: BTreeSet<ServiceKey> = keys.into_iter().collect();
        let mut known = Table::new();
        for entry in keys.iter().filter_map(|key| self.known.service(key)) {
            known.insert(entry.service().clone());
            for destination in entry.destinations() {
                known.insert_destination(&entry.service().key, *destination);
            }
        }
        // A service that is not ours is none of our business, except when it becomes ours.
        let removable = keys.intersection(&self.ours).copied().collect();
        let changes = diff(&known, wanted, Scope::Only(&removable));
        self.ours.extend(wanted.keys());
        let applied = self.apply(&changes);
        self.disown(wanted, keys);
        applied
    }

    /// A service that is not wanted is no longer ours once it is gone: until then its removal is tried again.
    fn disown(&mut self, wanted: &Table, keys: impl IntoIterator<Item = ServiceKey>) {
        for key in keys {
            if wanted.service(&key).is_none() && self.known.service(&key).is_none() {
                self.ours.remove(&key);
            }
        }
    }

    /// Reads everything, and gives the weights that somebody else set.
    pub(super) fn read(&mut self, wanted: &Table) -> Result<Vec<ForeignWeight>, Error> {
        if let Some(client) = &mut self.client {
            self.known = client.table()?;
        }
        let foreign = |change: &Change| {
            let Change::SetDestination { service, destination } = change else { return None };
            let held = self.known.destination(service, destination.address)?;
            let is_weight = *held != *destination && held.with_weight(destination.weight) == *destination;
            let (address, weight) = (destination.address, held.weight);
            is_weight.then_some(ForeignWeight { service: *service, address, weight })
        };
        Ok(diff(&self.known, wanted, Scope::Only(&self.ours)).iter().filter_map(foreign).collect())
    }

    /// Puts right what is not as it was left: gives what had to be changed.
    pub(super) fn repair(&mut self, wanted: &Table) -> Result<(Vec<Change>, Applied), Error> {
        let changes = diff(&self.known, wanted, Scope::Only(&self.ours));
        let applied = self.apply(&changes)?;
        self.disown(wanted, self.ours.clone());
        Ok((changes, applied))
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Applied, Error> {
        if changes.is_empty() {
            return Ok(Applied::default());
        }
        let Some(client) = &mut self.client else {
            for change in changes {
                change.apply_to(&mut self.known);
            }
            return Ok(Applied { withheld: changes.to_vec(), ..Applied::default() });
        };
        let report = match client.apply(changes) {
            Ok(report) => report,
            Err(error) => {
                // Some may have been carried out.
                if let Ok(table) = client.table() {
                    self.known = table;
                }
                return Err(error);
            }
        };
        let mut failed = report.failed.iter().map(|failure| failure.index).peekable();
        for (index, change) in changes.iter().enumerate() {
            if failed.next_if_eq(&index).is_none() {
                change.apply_to(&mut self.known);
            }
        }
        let surprised = !report.surprised.is_empty();
        Ok(Applied { withheld: Vec::new(), failed: report.failed, surprised })
    }
}

#[cfg(test)]
mod tests {
    use ipvs_netlink::{Destination, Forwarding, Scheduler, Service, Thresholds};

    use super::*;

    fn key(port: u16) -> ServiceKey {
        ServiceKey::tcp(([192, 0, 2, 1], port).into())
    }

    fn table(ports: &[u16]) -> Table {
        let mut table = Table::new();
        for &port in ports {
            table.insert(Service::new(key(port), Scheduler::WLC));
        }
        table
    }

    #[test]
    fn a_service_stays_ours_until_it_is_gone() {
        let mut tables = Tables::dry();
        tables.set([key(80), key(81)], &table(&[80, 81])).unwrap();
        tables.set([key(80)], &Table::new()).unwrap();
        assert_eq!(tables.ours, BTreeSet::from([key(81)]));
        // A removal that did not come to pass.
        tables.known.insert(Service::new(key(82), Scheduler::WLC));
        tables.ours.insert(key(82));
        tables.disown(&Table::new(), [key(82)]);
        let (changes, _) = tables.repair(&table(&[81])).unwrap();
        assert_eq!(changes, [Change::RemoveService(key(82))]);
        assert_eq!(tables.ours, BTreeSet::from([key(81)]));
    }

    #[test]
    fn a_foreign_weight_is_told_from_other_changes() {
        let destination = |port: u16, weight| {
            let address = ([10, 0, 0, 1], port).into();
            Destination::new(address, Forwarding::Nat).with_weight(weight)
        };
        let with = |destinations: &[Destination]| {
            let mut table = table(&[80]);
            for to in destinations {
                table.insert_destination(&key(80), *to);
            }
            table
        };
        let wanted = with(&[destination(1, 5), destination(2, 5), destination(3, 5)]);
        let mut tables = Tables::dry();
        tables.set([key(80)], &wanted).unwrap();
        let thresholds = Thresholds { upper: 9, lower: 1 };
        tables.known = with(&[destination(1, 0), destination(2, 0).with_thresholds(thresholds)]);
        let foreign = tables.read(&wanted).unwrap();
        assert_eq!(
            foreign,
            [ForeignWeight { service: key(80), address: ([10, 0, 0, 1], 1).into(), weight: 0 }]
        );
    }

    #[test]
    fn services_of_others_are_left_alone() {
        let mut tables = Tables::dry();
        tables.known = table(&[99]);
        tables.set([key(80)], &table(&[80])).unwrap();
        tables.set([key(99)], &Table::new()).unwrap();
        assert!(tables.known.service(&key(99)).is_some());
        assert_eq!(tables.repair(&table(&[80])).unwrap().0, []);
    }
}
