//! Questions and commands to the kernel: requests to a socket, answers from it.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};

use netlink_frame::Refusal;
use nix::sched::{CloneFlags, setns};

use crate::socket::{Completeness, IpvsSocket};
use crate::table::Table;
use crate::wire::{self, ParseError, Request};
use crate::{
    Change, Destination, DestinationStatus, Error, Info, Service, ServiceKey, ServiceStatus, SyncDaemon,
    SyncRole, Timeouts,
};

/// A connection to the IPVS of one network namespace.
///
/// The kernel answers while it is being asked, so every method returns as soon as the kernel has done its work; if it
/// does not answer for five seconds, that is an error. Everything but connecting needs `CAP_NET_ADMIN`, reading too.
#[derive(Debug)]
pub struct Client {
    socket: IpvsSocket,
}

/// A change that [`Client::apply`] could not make.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[must_use]
pub struct Report {
    /// The changes that were refused, in their order. All others are done.
    pub failed: Vec<Failure>,
    /// Places of the changes that met another table than they were made for, in no particular order: an object to set
    /// was gone, one to add was there. Somebody else changes the table.
    pub surprised: Vec<usize>,
}

/// A change that was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{change}: {refusal}")]
pub struct Failure {
    /// Its place among the changes that were to be applied.
    pub index: usize,
    /// The change.
    pub change: Change,
    /// The kernel's answer. [`libc::ENOENT`] for a service means that its scheduler or persistence engine cannot be
    /// loaded, [`libc::ESRCH`] that there is no such service.
    pub refusal: Refusal,
}

/// Everything the kernel has, with its counters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Snapshot {
    /// The services, each with its destinations, in the kernel's order.
    pub services: Vec<(ServiceStatus, Vec<DestinationStatus>)>,
    /// Services or destinations that could not be read, of a kind that this crate does not know. They are missing
    /// above.
    pub unreadable: Vec<ParseError>,
}

impl Client {
    /// Connects, and asks for the number of the IPVS family.
    ///
    /// # Errors
    /// [`Error::NoIpvs`] if the kernel lacks IPVS or has not loaded it.
    pub fn connect() -> Result<Self, Error> {
        Self::over(IpvsSocket::open())
    }

    /// Connects to the IPVS of another network namespace: one of `/run/netns`, or `/proc/PID/ns/net`, opened.
    /// Entering it takes `CAP_SYS_ADMIN`. The calling thread stays in its own namespace.
    ///
    /// # Errors
    /// As [`connect`](Self::connect), or if the namespace cannot be entered.
    ///
    /// ```no_run
    /// use std::fs::File;
    /// use ipvs_netlink::Client;
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let mut client = Client::connect_in(File::open("/run/netns/blue")?)?;
    /// println!("{}", client.table()?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn connect_in(namespace: impl AsFd) -> Result<Self, Error> {
        // A socket belongs to the namespace of the thread that made it, so a thread goes there and ends.
        let namespace = namespace.as_fd();
        let opened = std::thread::scope(|scope| {
            let open = move || {
                setns(namespace, CloneFlags::CLONE_NEWNET)?;
                IpvsSocket::open()
            };
            scope
                .spawn(open)
                .join()
                .unwrap_or_else(|_| Err(io::Error::other("the thread that connects panicked")))
        });
        Self::over(opened)
    }

    /// Takes over a socket that somebody else opened: generic netlink, bound, in blocking mode. A process with rights
    /// or in another namespace may have passed it on; the rights of the socket were decided when it was opened.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub fn from_socket(socket: OwnedFd) -> Result<Self, Error> {
        Self::over(IpvsSocket::from_descriptor(socket))
    }

    fn over(socket: io::Result<IpvsSocket>) -> Result<Self, Error> {
        let socket = socket.map_err(|source| Error::Socket { command: "connect", source })?;
        let mut client = Self { socket };
        match client.ask("resolve family", &Request::ResolveFamily, wire::parse_family_id) {
            Ok(family_id) => client.socket.set_family_id(family_id),
            Err(Error::Refused { refusal: Refusal { errno: libc::ENOENT, .. }, .. }) => {
                return Err(Error::NoIpvs);
            }
            Err(error) => return Err(error),
        }
        Ok(client)
    }

    /// Version and size.
    pub fn info(&mut self) -> Result<Info, Error> {
        self.ask("get info", &Request::Info, wire::parse_info)
    }

    /// All services, without their destinations. One of a kind unknown here is left out.
    pub fn services(&mut self) -> Result<Vec<ServiceStatus>, Error> {
        let (services, _) = self.dump("get services", &Request::Services, wire::parse_service)?;
        Ok(services)
    }

    /// One service, if it is there.
    pub fn service(&mut self, key: &ServiceKey) -> Result<Option<ServiceStatus>, Error> {
        match self.ask("get service", &Request::Service(key), wire::parse_service) {
            Ok(service) => Ok(Some(service)),
            Err(Error::Refused { refusal: Refusal { errno: libc::ESRCH, .. }, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The destinations of a service; none for a service that is not there. One of a kind unknown here is left out.
    pub fn destinations(&mut self, key: &ServiceKey) -> Result<Vec<DestinationStatus>, Error> {
        let (destinations, _) = self.destinations_and_unreadable(key)?;
        Ok(destinations)
    }

    /// Everything with its counters. This takes one dump per service, so a table that somebody else changes meanwhile
    /// may be read as it never was.
    pub fn snapshot(&mut self) -> Result<Snapshot, Error> {
        let (services, mut unreadable) =
            self.dump("get services", &Request::Services, wire::parse_service)?;
        let mut snapshot = Snapshot::default();
        for service in services {
            let (destinations, more) = self.destinations_and_unreadable(&service.service.key)?;
            unreadable.extend(more);
            snapshot.services.push((service, destinations));
        }
        snapshot.unreadable = unreadable;
        Ok(snapshot)
    }

    /// Everything without its counters: what to give to [`diff`](crate::diff()).
    pub fn table(&mut self) -> Result<Table, Error> {
        self.snapshot().map(|snapshot| snapshot.table())
    }

    /// Carries out changes in their order, many to a system call. A change that is refused does not keep the later ones
    /// from being tried.
    ///
    /// A change that was made already is no failure: adding what is there sets it, setting what is not there adds it,
    /// removing what is not there is done.
    ///
    /// # Errors
    /// When the socket fails. Some changes may have been carried out then; [`Client::table`] knows.
    pub fn apply(&mut self, changes: &[Change]) -> Result<Report, Error> {
        let mut report = Report::default();
        let mut again = Vec::new();
        for (index, refusal) in self.attempt(changes.iter())? {
            let Some(change) = changes.get(index) else { continue };
            let verdict = second_chance(change, &refusal);
            if verdict != SecondChance::None {
                report.surprised.push(index);
            }
            match verdict {
                SecondChance::NotNeeded => {}
                SecondChance::Try(other) => again.push((index, change, other)),
                SecondChance::None => report.failed.push(Failure { index, change: change.clone(), refusal }),
            }
        }
        for (place, refusal) in self.attempt(again.iter().map(|(_, _, other)| other))? {
            let Some((index, change, _)) = again.get(place) else { continue };
            report.failed.push(Failure { index: *index, change: (*change).clone(), refusal });
        }
        report.failed.sort_by_key(|failure| failure.index);
        Ok(report)
    }

    /// Adds a service; one that is there gets these settings.
    pub fn add_service(&mut self, service: Service) -> Result<(), Error> {
        self.change("add service", Change::AddService(service))
    }

    /// Removes a service with its destinations; one that is not there is no error.
    pub fn remove_service(&mut self, key: ServiceKey) -> Result<(), Error> {
        self.change("remove service", Change::RemoveService(key))
    }

    /// Adds a destination to a service, or gives the one with this address other settings.
    pub fn set_destination(&mut self, service: ServiceKey, destination: Destination) -> Result<(), Error> {
        self.change("set destination", Change::SetDestination { service, destination })
    }

    /// Removes a destination; one that is not there is no error.
    pub fn remove_destination(&mut self, service: ServiceKey, address: SocketAddr) -> Result<(), Error> {
        self.change("remove destination", Change::RemoveDestination { service, address })
    }

    fn change(&mut self, command: &'static str, change: Change) -> Result<(), Error> {
        let result = self.apply(&[change])?.into_result();
        result.map_err(|failure| Error::Refused { command, refusal: failure.refusal })
    }

    /// Removes every service, also those of other programs.
    pub fn flush(&mut self) -> Result<(), Error> {
        self.command("flush", &Request::Flush)
    }

    /// Sets the counters of a service and its destinations to 0, or of everything.
    pub fn zero(&mut self, service: Option<&ServiceKey>) -> Result<(), Error> {
        self.command("zero", &Request::Zero(service))
    }

    /// Times for which idle connections are remembered.
    pub fn timeouts(&mut self) -> Result<Timeouts, Error> {
        self.ask("get timeouts", &Request::Timeouts, wire::parse_timeouts)
    }

    /// Sets those time-outs that are not zero.
    pub fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<(), Error> {
        self.command("set timeouts", &Request::SetTimeouts(timeouts))
    }

    /// The sync daemons that run.
    pub fn daemons(&mut self) -> Result<Vec<SyncDaemon>, Error> {
        let (daemons, _) = self.dump("get daemons", &Request::Daemons, wire::parse_daemon)?;
        Ok(daemons)
    }

    /// Starts a sync daemon. `EEXIST` if one of its role runs, `ENODEV` if there is no such interface.
    pub fn start_daemon(&mut self, daemon: &SyncDaemon) -> Result<(), Error> {
        self.command("start sync daemon", &Request::StartDaemon(daemon))
    }

    /// Stops a sync daemon. `ESRCH` if none of this role runs.
    pub fn stop_daemon(&mut self, role: SyncRole) -> Result<(), Error> {
        // Of a daemon whose thread had not run yet the kernel says nothing when it is stopped: the thread ends with
        // EINTR, and netlink does not acknowledge what ended so. The answer to a question behind it tells.
        let command = "stop sync daemon";
        let refused = self.socket.batch([Request::StopDaemon(role), Request::Info].into_iter());
        let refused = refused.map_err(|source| Error::Socket { command, source })?;
        match refused.into_iter().find(|(place, _)| *place == 0) {
            Some((_, refusal)) => Err(Error::Refused { command, refusal }),
            None => Ok(()),
        }
    }

    fn destinations_and_unreadable(
        &mut self,
        key: &ServiceKey,
    ) -> Result<(Vec<DestinationStatus>, Vec<ParseError>), Error> {
        let parse = |bytes: &[u8]| wire::parse_destination(bytes, key.family());
        self.dump("get destinations", &Request::Destinations(key), parse)
    }

    /// Asks for one object.
    fn ask<T>(
        &mut self,
        command: &'static str,
        request: &Request<'_>,
        parse: impl Fn(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        let answer = self.socket.ask(request, |bytes| parse(bytes));
        let answer = answer.map_err(|source| Error::Socket { command, source })?;
        let answer = answer.map_err(|refusal| Error::Refused { command, refusal })?;
        answer.map_err(|source| Error::Answer { command, source })
    }

    /// Asks for objects; those that cannot be read come apart.
    fn dump<T>(
        &mut self,
        command: &'static str,
        request: &Request<'_>,
        parse: impl Fn(&[u8]) -> Result<T, ParseError>,
    ) -> Result<(Vec<T>, Vec<ParseError>), Error> {
        for _ in 0..MOST_DUMPS {
            let (mut read, mut unreadable) = (Vec::new(), Vec::new());
            let reading = self.socket.dump(request, |bytes| match parse(bytes) {
                Ok(object) => read.push(object),
                Err(error) => unreadable.push(error),
            });
            let reading = reading.map_err(|source| Error::Socket { command, source })?;
            match reading.map_err(|refusal| Error::Refused { command, refusal })? {
                Completeness::Whole => return Ok((read, unreadable)),
                Completeness::Torn => {}
            }
        }
        let refusal = Refusal::new(libc::EAGAIN).with_message("the table never stood still");
        Err(Error::Refused { command, refusal })
    }

    /// Has something done.
    fn command(&mut self, command: &'static str, request: &Request<'_>) -> Result<(), Error> {
        let done = self.socket.command(request).map_err(|source| Error::Socket { command, source })?;
        done.map_err(|refusal| Error::Refused { command, refusal })
    }

    /// Sends changes and gives those that were refused, by their place.
    fn attempt<'c>(
        &mut self,
        changes: impl ExactSizeIterator<Item = &'c Change>,
    ) -> Result<Vec<(usize, Refusal)>, Error> {
        self.socket
            .batch(changes.map(Request::Change))
            .map_err(|source| Error::Socket { command: "change the table", source })
    }
}

impl Report {
    /// The first refusal as an error, for a caller that takes all or nothing.
    ///
    /// # Errors
    /// If a change was refused.
    pub fn into_result(self) -> Result<(), Box<Failure>> {
        self.failed.into_iter().next().map_or(Ok(()), |failure| Err(Box::new(failure)))
    }

    /// Whether everything was done.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty()
    }
}

impl Snapshot {
    /// The table without its counters.
    pub fn table(&self) -> Table {
        let without_counters = |(status, destinations): &(ServiceStatus, Vec<DestinationStatus>)| {
            let destinations: Vec<Destination> = destinations.iter().map(|d| d.destination).collect();
            (status.service.clone(), destinations)
        };
        self.services.iter().map(without_counters).collect()
    }
}

/// What to make of a refusal.
#[derive(Debug, PartialEq, Eq)]
enum SecondChance {
    /// It is as it should be.
    NotNeeded,
    /// This says the same in another way.
    Try(Change),
    /// The refusal stands.
    None,
}

/// The table was not as the changes took it to be: somebody else changed it, or the kernel forgot.
fn second_chance(change: &Change, refusal: &Refusal) -> SecondChance {
    use Change::{AddDestination, AddService, RemoveDestination, RemoveService, SetDestination, SetService};
    match (change, refusal.errno) {
        (AddService(service), libc::EEXIST) => SecondChance::Try(SetService(service.clone())),
        (SetService(service), libc::ESRCH) => SecondChance::Try(AddService(service.clone())),
        (&AddDestination { service, destination }, libc::EEXIST) => {
            SecondChance::Try(SetDestination { service, destination })
        }
        // The service may be there now, if it has had a second chance itself.
        (
            &(AddDestination { service, destination } | SetDestination { service, destination }),
            libc::ESRCH | libc::ENOENT,
        ) => SecondChance::Try(AddDestination { service, destination }),
        (RemoveService(_), libc::ESRCH) | (RemoveDestination { .. }, libc::ESRCH | libc::ENOENT) => {
            SecondChance::NotNeeded
        }
        _ => SecondChance::None,
    }
}

/// Number of times that a table is read again that changes while it is read.
const MOST_DUMPS: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Forwarding, Scheduler, Service};

    fn refused(errno: i32) -> Refusal {
        Refusal::new(errno)
    }

    #[test]
    fn an_existing_object_is_set_a_missing_one_added_and_a_removed_one_may_be_gone() {
        let key = ServiceKey::tcp("192.0.2.1:80".parse().unwrap());
        let service = Service::new(key, Scheduler::RR);
        let (add, set) = (Change::AddService(service.clone()), Change::SetService(service));
        assert_eq!(second_chance(&add, &refused(libc::EEXIST)), SecondChance::Try(set.clone()));
        assert_eq!(second_chance(&set, &refused(libc::ESRCH)), SecondChance::Try(add.clone()));
        assert_eq!(
            second_chance(&Change::RemoveService(key), &refused(libc::ESRCH)),
            SecondChance::NotNeeded
        );
        // No such scheduler.
        assert_eq!(second_chance(&add, &refused(libc::ENOENT)), SecondChance::None);
        assert_eq!(second_chance(&set, &refused(libc::ENOENT)), SecondChance::None);

        let destination = Destination::new("192.0.2.11:80".parse().unwrap(), Forwarding::Nat);
        let add = Change::AddDestination { service: key, destination };
        let set = Change::SetDestination { service: key, destination };
        let remove = Change::RemoveDestination { service: key, address: destination.address };
        assert_eq!(second_chance(&add, &refused(libc::EEXIST)), SecondChance::Try(set.clone()));
        for errno in [libc::ENOENT, libc::ESRCH] {
            assert_eq!(second_chance(&set, &refused(errno)), SecondChance::Try(add.clone()));
            assert_eq!(second_chance(&remove, &refused(errno)), SecondChance::NotNeeded);
        }
        assert_eq!(second_chance(&add, &refused(libc::EPERM)), SecondChance::None);
    }
}
