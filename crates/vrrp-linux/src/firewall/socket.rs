//! The sockets: one that changes tables, one that hears of changes.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use netlink_frame::{Answer, Frames, Refusal};
use netlink_packet_core::{NLM_F_DUMP, NLM_F_REQUEST};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_NETFILTER};
use nix::sys::socket::{setsockopt, sockopt};

use super::encode::SUBSYSTEM;
use super::read::{FoundTable, is_about, table};
use super::{Family, Firewall, Transaction};

/// Reads and changes the kernel's tables.
#[derive(Debug)]
pub struct FirewallCommands {
    socket: Socket,
    port: u32,
    sequence: u32,
    request: Vec<u8>,
    buffer: Vec<u8>,
}

impl FirewallCommands {
    /// Opens the socket in the network namespace of the calling thread.
    ///
    /// # Errors
    /// Without netfilter in the kernel (`EPROTONOSUPPORT`).
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_NETFILTER)?;
        let port = socket.bind_auto()?.port_number();
        socket.set_non_blocking(true)?;
        // Old kernels lack these; answers are then only longer or without words.
        let _ = socket.set_ext_ack(true);
        let _ = socket.set_cap_ack(true);
        // A transaction is one datagram: some thousand addresses are longer than the default.
        let _ = setsockopt(&socket, sockopt::SndBufForce, &BUFFER_LEN);
        let _ = setsockopt(&socket, sockopt::RcvBufForce, &BUFFER_LEN);
        Ok(Self { socket, port, sequence: 0, request: Vec::new(), buffer: vec![0; DATAGRAM_LEN] })
    }

    /// The number of the socket: events of what it did carry it.
    pub fn port(&self) -> u32 {
        self.port
    }

    /// All tables of all families.
    ///
    /// # Errors
    /// If the kernel has no nftables, or this process may not read them.
    pub fn tables(&mut self) -> io::Result<Vec<FoundTable>> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut request = Vec::with_capacity(20);
        request.extend(20_u32.to_ne_bytes());
        request.extend((SUBSYSTEM << 8 | GET_TABLE).to_ne_bytes());
        request.extend((NLM_F_REQUEST | NLM_F_DUMP).to_ne_bytes());
        request.extend(self.sequence.to_ne_bytes());
        request.extend([0; 8]);
        self.socket.send_to(&request, &SocketAddr::new(0, 0), 0)?;
        let mut tables = Vec::new();
        // The kernel has built the first part of the answer when the call returns, and each other one when the one
        // before is read.
        loop {
            let length = self.receive()?;
            for frame in Frames::new(self.buffer.get(..length).unwrap_or_default()) {
                if frame.sequence != self.sequence {
                    continue;
                }
                match frame.answer() {
                    Answer::Data(_) => tables.extend(table(&frame)),
                    Answer::Refused(refusal) => return Err(refusal.to_io()),
                    Answer::Ack | Answer::Done => return Ok(tables),
                    Answer::Nothing => {}
                }
            }
        }
    }

    /// Has the kernel carry out a transaction.
    ///
    /// # Errors
    /// When the socket does not take it. A refusal of the kernel is the inner result.
    pub fn carry_out<O: Copy + Ord>(
        &mut self,
        firewall: &Firewall<O>,
        transaction: &Transaction,
    ) -> io::Result<Result<(), Refusal>> {
        self.request.clear();
        let first = self.sequence.wrapping_add(1);
        let last = firewall.encode(transaction, first, &mut self.request);
        // The end of the transaction has a number, too.
        self.sequence = last.wrapping_add(1);
        self.socket.send_to(&self.request, &SocketAddr::new(0, 0), 0)?;
        self.request.shrink_to(DATAGRAM_LEN);
        self.wait(first, last)
    }

    /// The first refusal, or the acknowledgement of the last message. All answers are here when the request is sent.
    fn wait(&mut self, first: u32, last: u32) -> io::Result<Result<(), Refusal>> {
        let mut refusal = None;
        loop {
            let length = match self.receive() {
                Ok(length) => length,
                // A refused begin is the only answer.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => match refusal {
                    Some(refusal) => return Ok(Err(refusal)),
                    None => return Err(error),
                },
                Err(error) => return Err(error),
            };
            for frame in Frames::new(self.buffer.get(..length).unwrap_or_default()) {
                if frame.sequence.wrapping_sub(first) > last.wrapping_sub(first).wrapping_add(1) {
                    continue;
                }
                match frame.answer() {
                    Answer::Refused(why) => _ = refusal.get_or_insert(why),
                    Answer::Ack => {}
                    Answer::Done | Answer::Data(_) | Answer::Nothing => continue,
                }
                if frame.sequence == last {
                    return Ok(refusal.map_or(Ok(()), Err));
                }
            }
        }
    }

    fn receive(&mut self) -> io::Result<usize> {
        loop {
            match self.socket.recv_from(&mut self.buffer.as_mut_slice(), 0) {
                Ok((length, sender)) if sender.port_number() == 0 => return Ok(length),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Hears of changes to the kernel's tables.
#[derive(Debug)]
pub struct FirewallMonitor {
    socket: Socket,
    buffer: Vec<u8>,
}

/// The outcome of [`FirewallMonitor::drain`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct DrainOutcome {
    /// Tables of ours may not be as they were made.
    pub concerns_us: bool,
    /// There may be more to read.
    pub more: bool,
}

impl FirewallMonitor {
    /// Opens the socket in the network namespace of the calling thread.
    ///
    /// # Errors
    /// Without netfilter in the kernel.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_NETFILTER)?;
        socket.bind_auto()?;
        socket.set_non_blocking(true)?;
        socket.add_membership(NFNLGRP_NFTABLES)?;
        Ok(Self { socket, buffer: vec![0; DATAGRAM_LEN] })
    }

    /// Reads some events: whether they are about one of these tables, and not of what the socket with the number `port`
    /// did.
    ///
    /// # Errors
    /// When the socket cannot be read. Lost events are none: they may have been about any table.
    pub fn drain<'a>(
        &mut self,
        port: u32,
        tables: &(impl Iterator<Item = (Family, &'a str)> + Clone),
    ) -> io::Result<DrainOutcome> {
        let mut heard = DrainOutcome::default();
        for _ in 0..DATAGRAMS_PER_DRAIN {
            match self.socket.recv_from(&mut self.buffer.as_mut_slice(), 0) {
                Ok((length, sender)) if sender.port_number() == 0 => {
                    let mut frames = Frames::new(self.buffer.get(..length).unwrap_or_default());
                    heard.concerns_us |= frames.any(|frame| is_about(&frame, port, tables.clone()));
                }
                Ok(_) => {}
                Err(error) => match error.raw_os_error() {
                    Some(libc::EAGAIN) => return Ok(heard),
                    Some(libc::EINTR) => {}
                    Some(libc::ENOBUFS) => heard.concerns_us = true,
                    _ => return Err(error),
                },
            }
        }
        heard.more = true;
        Ok(heard)
    }
}

impl AsFd for FirewallMonitor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for FirewallMonitor {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// `NFT_MSG_GETTABLE`
const GET_TABLE: u16 = 1;
/// `NFNLGRP_NFTABLES`
const NFNLGRP_NFTABLES: u32 = 7;
const BUFFER_LEN: usize = 4 * 1024 * 1024;
/// No answer and no event is longer.
const DATAGRAM_LEN: usize = 32 * 1024;
/// So much is read before the caller gets a chance to look at its other sockets.
const DATAGRAMS_PER_DRAIN: usize = 64;
