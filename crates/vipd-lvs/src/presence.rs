//! Which addresses are on this host, for virtual servers that are checked only where their address is.

use std::collections::HashSet;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsRawFd, RawFd};

use vrrp_linux::interfaces::Interfaces;
use vrrp_linux::monitor::{Monitor, Progress, RECEIVE_BUFFER_LEN};

/// The interfaces of this host, and which of the addresses that matter are on one.
#[derive(Debug)]
pub(super) struct Presence {
    monitor: Monitor,
    interfaces: Interfaces,
    present: HashSet<IpAddr>,
}

/// Changes of the presence of addresses.
#[derive(Debug, Default)]
pub(super) struct Changed {
    /// Addresses that matter: whether they are here now.
    pub(super) addresses: Vec<(IpAddr, bool)>,
    /// Any change of any interface.
    pub(super) anything: bool,
}

impl Presence {
    pub(super) fn open(receive_buffer: Option<u32>) -> io::Result<Self> {
        let length = receive_buffer.map_or(RECEIVE_BUFFER_LEN, |octets| octets as usize);
        Ok(Self { monitor: Monitor::open(length)?, interfaces: Interfaces::new(), present: HashSet::new() })
    }

    /// Reads what the kernel has to say, and compares.
    pub(super) fn look(&mut self, wanted: HashSet<IpAddr>) -> io::Result<Changed> {
        let mut changes = Vec::new();
        while self.monitor.drain(&mut self.interfaces, &mut changes)? == Progress::More {}
        let present: HashSet<IpAddr> =
            wanted.into_iter().filter(|&address| self.interfaces.owner_of(address).is_some()).collect();
        let came = present.difference(&self.present).map(|&address| (address, true));
        let went = self.present.difference(&present).map(|&address| (address, false));
        let addresses = came.chain(went).collect();
        self.present = present;
        Ok(Changed { addresses, anything: !changes.is_empty() })
    }
}

impl AsRawFd for Presence {
    fn as_raw_fd(&self) -> RawFd {
        self.monitor.as_raw_fd()
    }
}
