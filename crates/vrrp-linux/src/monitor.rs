//! Keeps an [`Interfaces`] table equal to what the kernel has.
//!
//! The monitor joins the kernel's event groups before it reads the tables, so nothing falls between the two. When
//! events came faster than they were read, some are lost (`ENOBUFS`): it then reads the tables again and reports
//! the difference, removals included. The table is therefore right again after any burst.
//!
//! ```no_run
//! use vrrp_linux::interfaces::Interfaces;
//! use vrrp_linux::monitor::{Monitor, Progress, RECEIVE_BUFFER_LEN};
//!
//! # fn main() -> std::io::Result<()> {
//! let mut monitor = Monitor::open(RECEIVE_BUFFER_LEN)?;
//! let mut interfaces = Interfaces::new();
//! let mut changes = Vec::new();
//! // The first call reads everything. Call it again whenever the descriptor is readable.
//! while monitor.drain(&mut interfaces, &mut changes)? == Progress::More {}
//! for change in changes.drain(..) {
//!     println!("{change:?}");
//! }
//! # Ok(())
//! # }
//! ```

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::LinkMessage;
use netlink_sys::Socket;
use nix::sys::socket::{setsockopt, sockopt};
use socket2::SockRef;

use crate::interfaces::{Change, Interfaces};
use crate::netlink::decode::route_message;
use crate::netlink::{CommandError, Completeness, RouteSocket, open_socket};

/// A receive buffer with room for the events of some thousand addresses.
pub const RECEIVE_BUFFER_LEN: usize = 4 * 1024 * 1024;

/// A socket that hears of all changes to links and addresses.
#[derive(Debug)]
pub struct Monitor {
    events: Socket,
    tables: RouteSocket,
    buffer: Vec<u8>,
    /// Whether events may have been lost since the tables were read; true at first.
    stale: bool,
    receive_buffer_len: usize,
    overruns: u64,
    /// Whether it has joined the groups of routes and rules.
    hears_routing: bool,
}

/// Whether [`Monitor::drain`] has come to the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Everything is read; wait until the descriptor is readable.
    Idle,
    /// There may be more. Call again, after looking after other things: an edge-triggered poll does not tell again.
    More,
}

impl Monitor {
    /// Opens a monitor for the network namespace of the calling thread, with room for `receive_buffer_len` bytes of
    /// unread events (see [`RECEIVE_BUFFER_LEN`]). Without `CAP_NET_ADMIN` the room may be less.
    pub fn open(receive_buffer_len: usize) -> io::Result<Self> {
        let events = open_socket()?;
        events.set_non_blocking(true)?;
        set_receive_buffer(&events, receive_buffer_len);
        for group in [libc::RTNLGRP_LINK, libc::RTNLGRP_IPV4_IFADDR, libc::RTNLGRP_IPV6_IFADDR] {
            events.add_membership(group)?;
        }
        let tables = RouteSocket::open()?;
        let buffer = vec![0; BUFFER_LEN];
        Ok(Self {
            events,
            tables,
            buffer,
            stale: true,
            receive_buffer_len,
            overruns: 0,
            hears_routing: false,
        })
    }

    /// From now on, routes and policy rules that are removed are reported too. To be asked for by those who have any:
    /// on a router with a full table, there may be many.
    pub fn hear_routing(&mut self) -> io::Result<()> {
        if !self.hears_routing {
            for group in [
                libc::RTNLGRP_IPV4_ROUTE,
                libc::RTNLGRP_IPV6_ROUTE,
                libc::RTNLGRP_IPV4_RULE,
                RTNLGRP_IPV6_RULE,
            ] {
                self.events.add_membership(group)?;
            }
            self.hears_routing = true;
        }
        Ok(())
    }

    /// Number of times that events were lost.
    pub fn overruns(&self) -> u64 {
        self.overruns
    }

    /// Brings `interfaces` up to date and appends what changed to `changes`.
    ///
    /// Always pass the same table, an empty one at first. Reads a bounded number of events, see [`Progress`].
    ///
    /// # Errors
    /// When events or tables could not be read. Nothing is lost: the next call starts with reading the tables.
    pub fn drain(&mut self, interfaces: &mut Interfaces, changes: &mut Vec<Change>) -> io::Result<Progress> {
        if self.stale {
            self.reread(interfaces, changes)?;
        }
        for _ in 0..DATAGRAMS_PER_DRAIN {
            match self.events.recv_from(&mut self.buffer.as_mut_slice(), 0) {
                // Anybody with the rights may send to the groups; only the kernel is believed.
                Ok((length, sender)) if sender.port_number() == 0 => {
                    interfaces.apply(self.buffer.get(..length).unwrap_or_default(), changes);
                }
                Ok(_) => {}
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN) => return Ok(Progress::Idle),
                    Some(libc::EINTR) => {}
                    Some(libc::ENOBUFS) => {
                        self.note_overrun();
                        return Ok(Progress::More);
                    }
                    _ => {
                        self.stale = true;
                        return Err(error);
                    }
                },
            }
        }
        Ok(Progress::More)
    }

    fn note_overrun(&mut self) {
        self.overruns += 1;
        self.stale = true;
        self.receive_buffer_len = self.receive_buffer_len.saturating_mul(2).min(LARGEST_RECEIVE_BUFFER_LEN);
        set_receive_buffer(&self.events, self.receive_buffer_len);
    }

    fn reread(&mut self, interfaces: &mut Interfaces, changes: &mut Vec<Change>) -> io::Result<()> {
        // Queued messages are older than the tables about to be read.
        self.discard_queued()?;
        let fresh = read_tables(&mut self.tables).map_err(io::Error::other)?;
        let known: Vec<u32> = interfaces.iter().map(|interface| interface.index).collect();
        interfaces.replace(fresh, changes);
        interfaces.distrust_memberships(&known, changes);
        self.stale = false;
        Ok(())
    }

    fn discard_queued(&mut self) -> io::Result<()> {
        for _ in 0..LARGEST_QUEUE {
            if let Err(error) = self.events.recv_from(&mut self.buffer.as_mut_slice(), 0) {
                match error.raw_os_error() {
                    Some(libc::EAGAIN) => return Ok(()),
                    Some(libc::EINTR | libc::ENOBUFS) => {}
                    _ => return Err(error),
                }
            }
        }
        Ok(())
    }
}

impl AsFd for Monitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.events.as_fd()
    }
}

impl AsRawFd for Monitor {
    fn as_raw_fd(&self) -> RawFd {
        self.events.as_raw_fd()
    }
}

/// Reads the kernel's tables once, for programs that do not stay.
pub fn snapshot() -> Result<Interfaces, CommandError> {
    let mut tables = RouteSocket::open()
        .map_err(|source| CommandError::Socket { command: "read interfaces".to_owned(), source })?;
    read_tables(&mut tables)
}

fn read_tables(tables: &mut RouteSocket) -> Result<Interfaces, CommandError> {
    for _ in 0..READ_ATTEMPTS {
        let mut fresh = Interfaces::new();
        let links = RouteNetlinkMessage::GetLink(LinkMessage::default());
        let addresses = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        if read_table(tables, links, &mut fresh)? == Completeness::Whole
            && read_table(tables, addresses, &mut fresh)? == Completeness::Whole
        {
            return Ok(fresh);
        }
    }
    let source = io::Error::from(io::ErrorKind::Interrupted);
    Err(CommandError::Socket { command: "read interfaces".to_owned(), source })
}

fn read_table(
    tables: &mut RouteSocket,
    request: RouteNetlinkMessage,
    fresh: &mut Interfaces,
) -> Result<Completeness, CommandError> {
    let mut ignored = Vec::new();
    tables.query("read interfaces", request, NLM_F_DUMP, |frame| {
        if let Some(message) = route_message(frame) {
            fresh.apply_message(&message, &mut ignored);
        }
        ignored.clear();
    })
}

fn set_receive_buffer(socket: &Socket, len: usize) {
    // The forced size needs CAP_NET_ADMIN, the plain one is cut to net.core.rmem_max; a smaller buffer works too.
    if setsockopt(socket, sockopt::RcvBufForce, &len).is_err() {
        let _ = SockRef::from(socket).set_recv_buffer_size(len);
    }
}

/// Not in the C library's list.
const RTNLGRP_IPV6_RULE: u32 = 19;
/// Attempts to read tables that change while they are read.
const READ_ATTEMPTS: usize = 16;
/// Events come one to a datagram or a few; none is longer.
const BUFFER_LEN: usize = 64 * 1024;
/// So much is read before the caller gets a chance to look at its other sockets.
const DATAGRAMS_PER_DRAIN: usize = 512;
/// The receive buffer does not grow beyond this, in bytes.
const LARGEST_RECEIVE_BUFFER_LEN: usize = 32 * 1024 * 1024;
/// More datagrams than fit into the largest receive buffer.
const LARGEST_QUEUE: usize = 256 * 1024;
