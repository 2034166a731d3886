//! The sockets: one for each interface, family and protocol, shared by all routers there.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, UNIX_EPOCH};

use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use vrrp_election::{Instant, LinkId, RouterId};
use vrrp_linux::announce::Announcer;
use vrrp_linux::clock::Clocks;
use vrrp_linux::interfaces::Change;
use vrrp_linux::socket::{ReceiveBatch, SendBatch, SendError, VrrpSocket};
use vrrp_proto::{MacAddr, Priority};

use super::advert::{Outgoing, Packet};
use super::arrival::{Arrival, Inbox, instant};
use super::attachment::{Attachment, Step};
use super::judge::Record;
use super::kernel::Kernel;
use super::listeners::Listeners;
use super::plan::Plan;
use super::socket_key::Key;

/// All sockets for advertisements.
#[derive(Debug, Default)]
pub(super) struct Wire {
    ports: Vec<Port>,
    places: HashMap<Key, usize>,
    /// The port of each router.
    port_of: Vec<Option<usize>>,
    /// When what could not be opened is tried again.
    retry_at: Option<Instant>,
    received: ReceiveBatch,
    /// Adverts that leave from virtual MAC addresses.
    frames: Option<Box<Frames>>,
}

/// One socket for the adverts of all virtual MAC interfaces.
#[derive(Debug)]
struct Frames {
    announcer: Announcer,
    senders: Vec<RouterId>,
}

/// One socket and the routers that use it.
#[derive(Debug)]
struct Port {
    key: Key,
    open: Option<Open>,
    /// Whether packets are heard, as far as the last look at interfaces and addresses tells.
    hears: bool,
    routers: Listeners,
    outgoing: SendBatch,
    /// The routers whose packets are in `outgoing`.
    senders: Vec<RouterId>,
}

#[derive(Debug)]
struct Open {
    socket: VrrpSocket,
    attachment: Attachment,
    inbox: Inbox,
}

/// Result of [`Wire::connect`].
#[derive(Debug, Default)]
pub(super) struct Connected {
    /// Sockets that were opened or joined a group.
    pub(super) opened: Vec<usize>,
    /// The errors.
    pub(super) complaints: Vec<String>,
}

impl Wire {
    /// The sockets that a plan needs; those that exist already are kept.
    pub(super) fn arrange(&mut self, plan: &Plan, registry: &Registry) {
        let mut before: HashMap<Key, Open> = std::mem::take(&mut self.ports)
            .into_iter()
            .filter_map(|port| Some((port.key, port.open?)))
            .collect();
        self.places.clear();
        self.port_of = vec![None; plan.routers.len()];
        for (index, router) in plan.routers.iter().enumerate() {
            if router.duplicate {
                continue;
            }
            let id = RouterId(u32::try_from(index).unwrap_or(u32::MAX));
            for key in Key::all_of(router) {
                let place = *self.places.entry(key.clone()).or_insert_with(|| {
                    self.ports.push(Port::new(key.clone()));
                    self.ports.len() - 1
                });
                if let Some(port) = self.ports.get_mut(place) {
                    port.routers.insert(id, router);
                }
                self.port_of[index].get_or_insert(place);
            }
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

    /// Takes in what costs sockets what they are attached to, before [`connect`](Self::connect).
    pub(super) fn note(&mut self, changes: &[Change]) {
        for open in self.ports.iter_mut().filter_map(|port| port.open.as_mut()) {
            for change in changes {
                open.attachment.note(change);
            }
        }
    }

    /// Opens what can be opened, and follows interfaces and addresses that are others now.
    pub(super) fn connect(
        &mut self,
        plan: &Plan,
        kernel: &Kernel,
        registry: &Registry,
        now: Instant,
    ) -> Connected {
        let mut outcome = Connected::default();
        self.retry_at = None;
        for (place, port) in self.ports.iter_mut().enumerate() {
            let name = port.key.link.and_then(|link| plan.links.name(link));
            let interface = name.and_then(|name| kernel.interface(name));
            let primary = || kernel.link_state(name?, &plan.virtual_ips).address(port.key.family());
            let attachment = port.open.as_ref().map(|open| &open.attachment);
            let step = port.key.step(attachment, interface, primary);
            if !matches!(step, Step::Nothing | Step::Wait) {
                outcome.opened.push(place);
            }
            if let Err(error) = port.take(step, place, registry, now) {
                self.retry_at = Some(now + RETRY);
                let name = name.map_or("any interface", String::as_str);
                outcome.complaints.push(format!("cannot listen for {} on {name}: {error}", port.key.address));
            }
        }
        outcome
    }

    /// Whether the socket of these routers hears adverts; `None` if there is no such socket.
    pub(super) fn hears(&self, key: &Key) -> Option<bool> {
        self.places.get(key).and_then(|place| self.ports.get(*place)).map(|port| port.hears)
    }

    /// When [`connect`](Self::connect) is due again, because something could not be opened.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The interface of a port.
    pub(super) fn link(&self, place: usize) -> Option<LinkId> {
        self.ports.get(place)?.key.link
    }

    /// Receives one batch from the port of a token and hands every packet to `each`. Gives whether there may be
    /// more.
    pub(super) fn receive(&mut self, place: usize, each: impl FnMut(Arrival<'_>)) -> io::Result<bool> {
        let Some(port) = self.ports.get_mut(place) else { return Ok(false) };
        let Some(open) = &mut port.open else { return Ok(false) };
        let before = now();
        let count = open.socket.receive(&mut self.received)?;
        open.inbox.deliver(self.received.iter(), &Clocks::read(), &port.routers, each);
        let more = count == self.received.capacity();
        if !more {
            open.inbox.emptied(before);
        }
        Ok(more)
    }

    /// Puts one advertisement of a router into the batch of its socket.
    pub(super) fn queue(
        &mut self,
        plan: &Plan,
        kernel: &Kernel,
        id: RouterId,
        record: &mut Record,
        source: Option<IpAddr>,
        priority: Priority,
    ) {
        let Some(router) = plan.routers.get(id.0 as usize) else { return };
        if let Some(vmac) = router.vmac.as_deref().filter(|vmac| vmac.transmits) {
            let since_1970 = UNIX_EPOCH.elapsed().unwrap_or_default();
            let Some(source) = source else { return };
            let interface = plan.links.name(vmac.link).and_then(|name| kernel.interface(name));
            let index = interface.map_or(0, |interface| interface.index);
            return self.queue_frame(
                id,
                index,
                vmac.mac,
                &Outgoing::next(router, record, source, priority, since_1970),
            );
        }
        let port =
            self.port_of.get(id.0 as usize).copied().flatten().and_then(|place| self.ports.get_mut(place));
        let (Some(port), Some(source)) = (port, source) else { return };
        let since_1970 = UNIX_EPOCH.elapsed().unwrap_or_default();
        port.push(id, &Outgoing::next(router, record, source, priority, since_1970));
    }

    /// A frame that cannot be sent now is tried again with the next advert.
    fn queue_frame(&mut self, id: RouterId, index: u32, mac: MacAddr, advert: &Outgoing<'_>) {
        let frames = match &mut self.frames {
            Some(frames) => frames,
            none => {
                let Ok(announcer) = Announcer::open() else { return };
                none.insert(Box::new(Frames { announcer, senders: Vec::new() }))
            }
        };
        advert.each_packet(|packet| {
            packet.with_frame(mac, |frame| frames.announcer.queue(index, frame));
            frames.senders.push(id);
        });
    }

    /// Sends everything queued; `each` learns what could not be sent.
    pub(super) fn flush(&mut self, mut each: impl FnMut(RouterId, SendError)) {
        if let Some(frames) = &mut self.frames {
            let Frames { announcer, senders } = &mut **frames;
            announcer.flush(|place, result| {
                if let (Err(error), Some(router)) = (result, senders.get(place)) {
                    each(*router, error);
                }
            });
            senders.clear();
        }
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

impl Port {
    fn new(key: Key) -> Self {
        Self {
            key,
            open: None,
            hears: false,
            routers: Listeners::default(),
            outgoing: SendBatch::new(),
            senders: Vec::new(),
        }
    }

    /// Opens the socket anew, or lets the one that is open join its group again.
    fn take(&mut self, step: Step, place: usize, registry: &Registry, now: Instant) -> io::Result<()> {
        self.hears = step == Step::Nothing;
        self.attach(step, place, registry, now)
    }

    fn attach(&mut self, step: Step, place: usize, registry: &Registry, now: Instant) -> io::Result<()> {
        if let (Step::Join(device), Some(open)) = (&step, &mut self.open) {
            open.socket.rejoin(device)?;
            open.attachment = self.key.joined(device.clone());
            self.hears = true;
            return Ok(());
        }
        if let Some((socket, attachment)) = self.key.open(step)? {
            // Closing the old one takes it out of the poll.
            registry.register(&mut SourceFd(&socket.as_raw_fd()), token(place), Interest::READABLE)?;
            self.open = Some(Open { socket, attachment, inbox: Inbox::new(now) });
            self.hears = true;
        }
        Ok(())
    }

    fn push(&mut self, id: RouterId, advert: &Outgoing<'_>) {
        let index = self.open.as_ref().map_or(0, |open| open.attachment.index());
        let Self { outgoing, senders, .. } = self;
        advert.each_packet(|packet| {
            match packet {
                Packet::V4 { octets, to } => outgoing.push_v4(octets, to),
                Packet::V6 { octets, from, to, hop_limit } => {
                    outgoing.push_v6(octets, from, index, to, hop_limit);
                }
            }
            senders.push(id);
        });
    }
}

/// The time that the election counts in: `CLOCK_MONOTONIC`.
pub(super) fn now() -> Instant {
    instant(vrrp_linux::clock::monotonic())
}

fn token(place: usize) -> Token {
    Token(FIRST_TOKEN + place)
}

/// Pause before what could not be opened is tried again: the descriptors may be used up only for a while.
const RETRY: Duration = Duration::from_secs(1);

/// The token of the first port; the others follow.
pub(super) const FIRST_TOKEN: usize = 16;
