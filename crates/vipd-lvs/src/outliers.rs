//! Input of passive detection (`outlier_detection`): new connections of each server, and those that are not complete.
//!
//! The kernel's counters tell how many connections a server was given, its connection table which of them wait for the client's
//! third packet. That table may be long: a thread beside the loop counts, and keeps nothing but sums. The director judges.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use ipvs_netlink::proc::{Connection, Connections};
use ipvs_netlink::{Client, Protocol, ServiceKey};
use lvs_health::director::{ServerId, ServiceId, Traffic};

use super::Worker;
use super::plan::Plan;

/// A destination of a kernel service.
type Held = (ServiceKey, SocketAddr);

/// Numbers of destinations.
type Counts = HashMap<Held, u64>;

/// State between two looks.
#[derive(Debug, Default)]
pub(super) struct Outliers {
    /// When it goes on; `None`: no virtual server asks for it.
    due: Option<Instant>,
    /// The thread that counts what is not complete.
    counting: Option<Receiver<Counts>>,
    /// Connections of each destination, as the kernel counted them at the look before.
    given: Counts,
}

impl Outliers {
    /// Begins, goes on or ends as the plan asks for it.
    pub(super) fn follow(&mut self, now: Instant, plan: &Plan) {
        let is_asked_for = watched(plan).next().is_some();
        self.due = is_asked_for.then(|| self.due.unwrap_or(now));
        if !is_asked_for {
            self.given = Counts::new();
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// The thread's result, once it has one; `None` if it cannot count.
    fn take_counted(&mut self) -> Option<Counts> {
        let counted = match self.counting.as_ref()?.try_recv() {
            Ok(counted) => counted,
            Err(TryRecvError::Empty) => return None,
            Err(TryRecvError::Disconnected) => Counts::new(),
        };
        self.counting = None;
        Some(counted)
    }
}

impl Worker {
    /// Looks at the connections of the virtual servers that ask for it, if it is time.
    pub(super) fn look_for_outliers(&mut self, now: Instant) {
        if self.outliers.due.is_none_or(|at| at > now) {
            return;
        }
        if let Some(unfinished) = self.outliers.take_counted() {
            self.outliers.due = Some(now + PERIOD);
            self.judge_traffic(now, &unfinished);
        } else {
            self.outliers.due = Some(now + COUNTING);
            if self.outliers.counting.is_none() {
                self.outliers.counting = Some(count_beside(held(&self.plan)));
            }
        }
    }

    fn judge_traffic(&mut self, now: Instant, unfinished: &Counts) {
        let services: Vec<ServiceId> = watched(&self.plan).collect();
        let mut given = Counts::new();
        for service in services {
            if let Some(client) = self.tables.client() {
                read_given(client, &self.plan, service, &mut given);
            }
            let members = self.director.members(service);
            let before = &self.outliers.given;
            let traffic: Vec<Traffic> =
                members.map(|server| traffic(&self.plan, server, (before, &given), unfinished)).collect();
            self.director.handle_traffic(now, service, &traffic);
        }
        self.outliers.given = given;
        self.settle(now);
    }
}

/// Virtual servers with `outlier_detection`.
fn watched(plan: &Plan) -> impl Iterator<Item = ServiceId> + use<'_> {
    let servers = (0..).map(ServiceId).zip(&plan.config.virtual_servers);
    servers.filter(|(_, server)| server.outlier_weight.is_some()).map(|(id, _)| id)
}

/// The destinations of these.
fn held(plan: &Plan) -> Vec<Held> {
    let servers = watched(plan).flat_map(|service| {
        let count = plan.virtual_server(service).map_or(0, |server| server.real_servers.len());
        (0..u32::try_from(count).unwrap_or(u32::MAX)).map(move |place| ServerId { service, place })
    });
    servers.flat_map(|server| plan.held_at(server)).collect()
}

/// Number of connections that the destinations of a virtual server were given since they were made; destinations
/// unknown to the kernel have none.
fn read_given(client: &mut Client, plan: &Plan, service: ServiceId, given: &mut Counts) {
    for kernel in plan.services.get(service.index()).into_iter().flatten() {
        let destinations = client.destinations(&kernel.key).unwrap_or_default();
        given.extend(
            destinations
                .iter()
                .map(|one| ((kernel.key, one.destination.address), one.statistics.total.connections)),
        );
    }
}

/// One server between two looks.
fn traffic(plan: &Plan, server: ServerId, (before, now): (&Counts, &Counts), unfinished: &Counts) -> Traffic {
    let mut traffic = Traffic { server, opened: 0, unfinished: 0 };
    for held in plan.held_at(server) {
        // One that was not there before counts from the next look on.
        let count = |counts: &Counts| counts.get(&held).copied();
        traffic.opened += count(now).zip(count(before)).map_or(0, |(now, then)| now.saturating_sub(then));
        traffic.unfinished += count(unfinished).unwrap_or(0);
    }
    traffic
}

/// Counts in a thread of its own.
fn count_beside(held: Vec<Held>) -> Receiver<Counts> {
    let (sender, receiver) = channel();
    let count = move || {
        // Without a table nothing is known, which the receiver learns from the end of the thread.
        if let Ok(connections) = Connections::open() {
            // Nobody waits for it after a stop.
            let _ = sender.send(unfinished(connections, &held));
        }
    };
    // A thread that cannot be started drops the sender as well.
    let _ = std::thread::Builder::new().name("connections".to_owned()).spawn(count);
    receiver
}

/// Connections of these destinations that wait for the client's third packet.
fn unfinished(connections: impl Iterator<Item = io::Result<Connection>>, held: &[Held]) -> Counts {
    let mut by_address: HashMap<IpAddr, Vec<&Held>> = HashMap::new();
    for one in held {
        by_address.entry(one.1.ip()).or_default().push(one);
    }
    let mut counts = Counts::new();
    for connection in connections {
        let connection = match connection {
            Ok(connection) => connection,
            Err(error) if error.kind() == ErrorKind::InvalidData => continue,
            Err(_) => break,
        };
        if connection.state != "SYN_RECV" || connection.protocol != "TCP" {
            continue;
        }
        for held in by_address.get(&connection.destination.ip()).into_iter().flatten() {
            if is_of(&connection, held) {
                *counts.entry(**held).or_default() += 1;
            }
        }
    }
    counts
}

/// Whether a connection belongs to a destination of a kernel service. Port 0 stands for any port, and a firewall mark for any
/// address: the table does not tell marks apart.
fn is_of(connection: &Connection, (key, address): &Held) -> bool {
    let same = |port: u16, wanted: u16| wanted == 0 || port == wanted;
    let service = connection.service;
    let is_of_service = match key {
        ServiceKey::Address { protocol, address } => {
            *protocol == Protocol::Tcp && service.ip() == address.ip() && same(service.port(), address.port())
        }
        ServiceKey::Fwmark { .. } => true,
    };
    is_of_service && same(connection.destination.port(), address.port())
}

/// From one look to the next it takes both.
const PERIOD: Duration = Duration::from_secs(9);

/// Time that the thread is given to count before its result is asked for.
const COUNTING: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::super::testing::{balanced, plan};
    use super::*;

    /// In the format of the kernel: 192.0.2.1:80 to 10.0.0.1:81 and :82, and to the same by port 443.
    const TABLE: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A090001 E240 C0000201 0050 0A000001 0051 SYN_RECV         58
TCP 0A090001 E241 C0000201 0050 0A000001 0051 SYN_RECV         59
TCP 0A090001 E242 C0000201 0050 0A000001 0052 ESTABLISHED     900
TCP 0A090001 E243 C0000201 01BB 0A000001 0051 SYN_RECV         59
UDP 0A090001 E244 C0000201 0050 0A000001 0051 SYN_RECV         59
nonsense
TCP 0A090001 E245 C0000201 0050 0A000001 0052 SYN_RECV         60
";

    #[test]
    fn new_connections_and_those_that_are_not_complete_are_counted_by_server() {
        let plan = plan(1, &balanced("outlier_weight 20", &[(81, ""), (82, ""), (83, "")]));
        assert_eq!(held(&plan).len(), 3);
        let unfinished = unfinished(Connections::new(TABLE.as_bytes()), &held(&plan));
        let key = plan.services[0][0].key;
        let counts = |numbers: &[(u16, u64)]| -> Counts {
            numbers.iter().map(|&(port, count)| ((key, ([10, 0, 0, 1], port).into()), count)).collect()
        };
        let (before, now) = (counts(&[(81, 7), (82, 50)]), counts(&[(81, 19), (82, 3), (83, 9)]));
        let look = |place| {
            let server = ServerId { service: ServiceId(0), place };
            let traffic = traffic(&plan, server, (&before, &now), &unfinished);
            (traffic.opened, traffic.unfinished)
        };
        assert_eq!([look(0), look(1), look(2)], [(12, 2), (0, 1), (0, 0)], "set back, and new");
    }

    #[test]
    fn no_connections_are_counted_where_no_service_asks_for_it() {
        let now = Instant::now();
        let mut outliers = Outliers::default();
        outliers.follow(now, &plan(1, &balanced("", &[(81, "")])));
        assert_eq!(outliers.poll_timeout(), None);
        outliers.follow(now, &plan(1, &balanced("outlier_detection", &[(81, "")])));
        assert_eq!(outliers.poll_timeout(), Some(now));
        outliers.follow(now + PERIOD, &plan(1, &balanced("outlier_detection", &[(81, "")])));
        assert_eq!(outliers.poll_timeout(), Some(now), "a reload keeps the beat");
    }
}
