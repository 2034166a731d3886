//! The sockets: one for each interface, family and protocol, shared by all routers there.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use std::os::fd::AsRawFd;
use vrrp_election::{Instant, LinkId, RouterId};
use vrrp_linux::clock::Clocks;
use vrrp_linux::socket::{Device, ReceiveBatch, Received, SendBatch, SendError, SocketConfig, VrrpSocket};
use vrrp_proto::{
    AH_PROTOCOL, Advert, Datagram, Endpoints, IP_PROTOCOL, IpError, Ipv4Header, Priority, peek,
};

use super::judge::{Record, auth_data, checksum_rule};
use super::kernel::Kernel;
use super::plan::{Plan, Reach, RouterAuth, RouterPlan};

/// All sockets for advertisements.
#[derive(Debug, Default)]
pub(super) struct Wire {
    ports: Vec<Port>,
    /// The port of each router.
    port_of: Vec<Option<usize>>,
    received: ReceiveBatch,
}

/// One socket and who uses it.
#[derive(Debug)]
struct Port {
    key: Key,
    open: Option<Open>,
    /// Routers by VRID.
    routers: HashMap<u8, RouterId>,
    outgoing: SendBatch,
    /// Whose packets are in `outgoing`.
    senders: Vec<RouterId>,
}

#[derive(Debug)]
struct Open {
    socket: VrrpSocket,
    /// The interface it was opened on.
    device: Option<Device>,
    /// When it was last seen empty: nothing in it arrived before.
    empty_at: Instant,
    /// Packets it had dropped because nobody read them in time.
    dropped: u32,
}

/// What tells sockets apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    link: Option<LinkId>,
    /// The group of a multicast socket, the source of a unicast one (unspecified: any address of the link).
    address: IpAddr,
    multicast: bool,
    protocol: u8,
}

/// A packet for one of our routers, or why it is none.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrival<'p> {
    For(RouterId, Instant, Datagram<'p>),
    UnknownVrid {
        vrid: u8,
        source: IpAddr,
    },
    /// Something for this router may have been dropped unread.
    Lost(RouterId),
    NotAPacket(IpError),
}

impl Wire {
    /// The sockets that a plan needs; those that exist already are kept.
    pub(super) fn arrange(&mut self, plan: &Plan, registry: &Registry) {
        let mut before: HashMap<Key, Open> = std::mem::take(&mut self.ports)
            .into_iter()
            .filter_map(|port| Some((port.key, port.open?)))
            .collect();
        let mut places = HashMap::new();
        self.port_of = vec![None; plan.routers.len()];
        for (index, router) in plan.routers.iter().enumerate() {
            if router.duplicate {
                continue;
            }
            let id = RouterId(u32::try_from(index).unwrap_or(u32::MAX));
            let key = Key::of(router, plan.config.instances.get(index).and_then(|instance| instance.source));
            let place = *places.entry(key.clone()).or_insert_with(|| {
                self.ports.push(Port::new(key.clone()));
                self.ports.len() - 1
            });
            if let Some(port) = self.ports.get_mut(place) {
                port.routers.insert(router.config.vrid.get(), id);
            }
            self.port_of[index] = Some(place);
        }
        for (place, port) in self.ports.iter_mut().enumerate() {
            port.open = before.remove(&port.key);
            if let Some(open) = &port.open {
                // The place, and with it the token, may be another one now.
                let fd = open.socket.as_raw_fd();
                let _ = registry.reregister(&mut SourceFd(&fd), token(place), Interest::READABLE);
            }
        }
    }

    /// Opens what can be opened, and follows interfaces that were made anew. Gives what went wrong.
    pub(super) fn connect(
        &mut self,
        plan: &Plan,
        kernel: &Kernel,
        registry: &Registry,
        now: Instant,
    ) -> Vec<String> {
        let mut complaints = Vec::new();
        for (place, port) in self.ports.iter_mut().enumerate() {
            let name = port.key.link.and_then(|link| plan.links.name(link)).map(String::as_str);
            let device = name
                .and_then(|name| kernel.interface(name))
                .map(|interface| Device { index: interface.index, name: interface.name.clone() });
            if name.is_some() && device.is_none() {
                continue; // not there (yet)
            }
            if let Err(error) = port.follow(device, place, registry, now) {
                let name = name.unwrap_or("any interface");
                complaints.push(format!("cannot listen for {} on {name}: {error}", port.key.address));
            }
        }
        complaints
    }

    /// Receives one batch from the port of a token and hands every packet to `each`. Gives whether there may be
    /// more.
    pub(super) fn receive(&mut self, place: usize, mut each: impl FnMut(Arrival<'_>)) -> io::Result<bool> {
        let Some(port) = self.ports.get_mut(place) else { return Ok(false) };
        let Some(open) = &mut port.open else { return Ok(false) };
        let before = now();
        let count = open.socket.receive(&mut self.received)?;
        let clocks = Clocks::read();
        let empty_at = open.empty_at;
        let arrivals = self.received.iter().filter_map(|packet| {
            let arrived = packet.timestamp.map_or(clocks.monotonic, |stamp| clocks.monotonic(stamp));
            // The wall clock may have been stepped; nothing here is older than the last look that found nothing.
            arrival(&port.routers, &packet, instant(arrived).max(empty_at))
        });
        arrivals.for_each(&mut each);
        let dropped = self.received.iter().map(|packet| packet.dropped).max().unwrap_or(open.dropped);
        if dropped != open.dropped {
            open.dropped = dropped;
            port.routers.values().for_each(|router| each(Arrival::Lost(*router)));
        }
        let more = count == self.received.capacity();
        if !more {
            open.empty_at = before;
        }
        Ok(more)
    }

    /// Puts one advertisement of a router into the batch of its socket.
    pub(super) fn queue(
        &mut self,
        plan: &Plan,
        id: RouterId,
        record: &mut Record,
        source: Option<IpAddr>,
        priority: Priority,
    ) {
        let Some(router) = plan.routers.get(id.0 as usize) else { return };
        let as_v2 =
            plan.config.instances.get(id.0 as usize).is_some_and(|instance| instance.v3_checksum_as_v2);
        let port =
            self.port_of.get(id.0 as usize).copied().flatten().and_then(|place| self.ports.get_mut(place));
        let (Some(port), Some(source)) = (port, source) else { return };
        let advert = Advert {
            vrid: router.config.vrid,
            priority,
            interval: router.config.interval,
            addresses: router.advertised.borrow(),
            auth: auth_data(&router.auth),
        };
        if let RouterAuth::Ah(_) = router.auth {
            record.ah_sequence = record.ah_sequence.wrapping_add(1);
        }
        let mut send =
            |destination| port.push(id, router, &advert, source, destination, as_v2, record.ah_sequence);
        match &router.reach {
            Reach::Multicast { group } => send(*group),
            Reach::Unicast { peers, .. } => peers.iter().for_each(|peer| send(peer.address)),
        }
    }

    /// Sends everything queued; `each` learns what could not be sent.
    pub(super) fn flush(&mut self, mut each: impl FnMut(RouterId, SendError)) {
        for port in &mut self.ports {
            if port.outgoing.is_empty() {
                continue;
            }
            let Port { open, outgoing, senders, .. } = port;
            if let Some(open) = open {
                open.socket.send(outgoing, |place, result| {
                    if let (Err(error), Some(router)) = (result, senders.get(place)) {
                        each(*router, error);
                    }
                });
            } else {
                outgoing.clear();
                for router in senders.iter() {
                    each(*router, SendError::NoInterface);
                }
            }
            senders.clear();
        }
    }

    /// Ports in all.
    pub(super) fn len(&self) -> usize {
        self.ports.len()
    }
}

impl Key {
    fn of(router: &RouterPlan, source: Option<IpAddr>) -> Self {
        let protocol = if matches!(router.auth, RouterAuth::Ah(_)) { AH_PROTOCOL } else { IP_PROTOCOL };
        let (address, multicast) = match &router.reach {
            Reach::Multicast { group } => (*group, true),
            Reach::Unicast { .. } => (source.unwrap_or(any(router)), false),
        };
        Self { link: router.link, address, multicast, protocol }
    }
}

impl Port {
    fn new(key: Key) -> Self {
        Self { key, open: None, routers: HashMap::new(), outgoing: SendBatch::new(), senders: Vec::new() }
    }

    /// Opens the socket, or moves it to the interface that now has the name.
    fn follow(
        &mut self,
        device: Option<Device>,
        place: usize,
        registry: &Registry,
        now: Instant,
    ) -> io::Result<()> {
        match (&mut self.open, &device) {
            (Some(open), _) if open.device == device => return Ok(()),
            (Some(open), Some(moved)) if self.key.multicast => {
                open.socket.rejoin(moved)?;
                open.device = device;
                return Ok(());
            }
            _ => {}
        }
        let config = SocketConfig {
            protocol: self.key.protocol,
            receive_buffer_len: Some(RECEIVE_BUFFER_LEN),
            ..SocketConfig::default()
        };
        let socket = match &device {
            Some(device) if self.key.multicast => VrrpSocket::multicast(device, self.key.address, &config)?,
            device => VrrpSocket::unicast(self.key.address, device.as_ref(), &config)?,
        };
        // Closing the old one takes it out of the poll.
        registry.register(&mut SourceFd(&socket.as_raw_fd()), token(place), Interest::READABLE)?;
        self.open = Some(Open { socket, device, empty_at: now, dropped: 0 });
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "an advert and everything its headers say")]
    fn push(
        &mut self,
        id: RouterId,
        router: &RouterPlan,
        advert: &Advert<'_>,
        source: IpAddr,
        destination: IpAddr,
        checksum_as_v2: bool,
        ah_sequence: u32,
    ) {
        let mut buffer = [0; LONGEST_PACKET];
        let rule = checksum_rule(checksum_as_v2);
        let emitted = match (source, destination) {
            (IpAddr::V4(from), IpAddr::V4(to)) => {
                let mut header = Ipv4Header::new(from, to);
                if let Reach::Unicast { ttl, .. } = router.reach {
                    header.ttl = ttl;
                }
                if let RouterAuth::Ah(key) = &router.auth {
                    // The kernel must not choose the identification: the digest covers it.
                    header.identification = u16::try_from(ah_sequence & 0xffff).unwrap_or(1).max(1);
                    header.emit_ah(&mut buffer, advert, *key, ah_sequence)
                } else {
                    header.emit(&mut buffer, advert, rule)
                }
            }
            (IpAddr::V6(source), IpAddr::V6(destination)) => {
                advert.emit(&mut buffer, &Endpoints::V6 { source, destination }, rule)
            }
            _ => return, // the configuration was checked: families do not mix
        };
        let Some(packet) = emitted.ok().and_then(|length| buffer.get(..length)) else { return };
        match (source, destination) {
            (IpAddr::V4(_), IpAddr::V4(to)) => self.outgoing.push_v4(packet, to),
            (IpAddr::V6(from), IpAddr::V6(to)) => {
                let index =
                    self.open.as_ref().and_then(|open| open.device.as_ref()).map_or(0, |device| device.index);
                self.outgoing.push_v6(packet, from, index, to);
            }
            _ => return,
        }
        self.senders.push(id);
    }
}

/// Whose packet is this?
fn arrival<'p>(
    routers: &HashMap<u8, RouterId>,
    packet: &Received<'p>,
    arrived: Instant,
) -> Option<Arrival<'p>> {
    let datagram = match (packet.source, packet.destination) {
        (IpAddr::V4(_), _) => match Datagram::from_ipv4(packet.bytes) {
            Ok(datagram) => datagram,
            Err(error) => return Some(Arrival::NotAPacket(error)),
        },
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            Datagram::ipv6(source, destination, packet.hop_limit.unwrap_or(0), packet.bytes)
        }
        (IpAddr::V6(_), IpAddr::V4(_)) => return None,
    };
    let vrid = peek(datagram.message).map_or(0, |peek| peek.vrid);
    Some(match routers.get(&vrid) {
        Some(router) => Arrival::For(*router, arrived, datagram),
        None => Arrival::UnknownVrid { vrid, source: packet.source },
    })
}

/// The time that the election counts in: `CLOCK_MONOTONIC`.
pub(super) fn now() -> Instant {
    instant(vrrp_linux::clock::monotonic())
}

fn instant(since_start: std::time::Duration) -> Instant {
    Instant::from_nanos(u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX))
}

fn any(router: &RouterPlan) -> IpAddr {
    match router.config.family {
        vrrp_proto::Family::Ipv4 => IpAddr::V4(std::net::Ipv4Addr::UNSPECIFIED),
        vrrp_proto::Family::Ipv6 => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
    }
}

fn token(place: usize) -> Token {
    Token(FIRST_TOKEN + place)
}

/// The token of the first port; the others follow.
pub(super) const FIRST_TOKEN: usize = 16;

/// 255 IPv4 addresses with all headers, or 89 IPv6 addresses.
const LONGEST_PACKET: usize = 1500;

/// Room for a burst of all 255 VRIDs of some peers.
const RECEIVE_BUFFER_LEN: usize = 1 << 20;
