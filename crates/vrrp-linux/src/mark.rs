//! Which daemon's virtual addresses are which: each running daemon of a network namespace has a mark of its own.
//!
//! The mark (`IFA_PROTO`) is stored with the address, so the successor of a daemon that died finds its leftovers,
//! whatever its configuration was. Several daemons may run in one namespace, and none may take the others' addresses
//! for leftovers. So each holds the name of its mark, an abstract Unix socket: such names belong to a network
//! namespace, exactly as addresses do, and the kernel frees them when their holder dies.

use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use crate::address::{SHARED_MARK, marks};

/// A mark that nobody else uses while this value lives.
#[derive(Debug)]
pub struct Mark {
    number: u8,
    /// Nothing is sent or received.
    _name: Option<UnixDatagram>,
}

impl Mark {
    /// Takes the first mark that no running daemon has, in the network namespace of the calling thread. If all are
    /// taken, or names are forbidden, the mark [`is_shared`](Self::is_shared).
    pub fn claim() -> Self {
        let free = marks().find_map(|number| Some(Self { number, _name: Some(hold(number).ok()?) }));
        free.unwrap_or(Self { number: SHARED_MARK, _name: None })
    }

    /// The value of `IFA_PROTO`.
    pub fn number(&self) -> u8 {
        self.number
    }

    /// Whether other daemons may use the same mark: then it does not tell what is a leftover.
    pub fn is_shared(&self) -> bool {
        self.number == SHARED_MARK
    }

    /// The marks of daemons that do not run any more, as far as that can be known, and this one, unless it is shared.
    pub fn abandoned(&self) -> Vec<u8> {
        marks().filter(|number| *number == self.number || hold(*number).is_ok()).collect()
    }
}

/// Takes the name of a mark; fails if somebody has it.
fn hold(number: u8) -> io::Result<UnixDatagram> {
    UnixDatagram::bind_addr(&SocketAddr::from_abstract_name(format!("vrrp-linux mark {number}"))?)
}
