//! The ports that sessions are heard at.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::AsRawFd;

use keepalived_conf::model::bfd::BfdInstance;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use vrrp_linux::udp::UdpListener;

use super::plan;

/// The use of a port: a family, and one hop or several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    ipv6: bool,
    pub(super) multihop: bool,
}

impl Kind {
    fn of(instance: &BfdInstance) -> Self {
        Self { ipv6: instance.neighbor.is_ipv6(), multihop: instance.multihop }
    }

    /// The words for the log.
    pub(super) fn name(self) -> String {
        let family = if self.ipv6 { "IPv6" } else { "IPv4" };
        format!("{family} UDP port {}", plan::port(self.multihop))
    }

    /// The token of its socket, behind `first`.
    fn token(self, first: usize) -> Token {
        Token(first + usize::from(self.ipv6) + 2 * usize::from(self.multihop))
    }
}

/// At most four sockets.
#[derive(Debug)]
pub(super) struct Ports {
    first: usize,
    open: Vec<(Kind, UdpListener)>,
    wanted: BTreeSet<Kind>,
}

impl Ports {
    pub(super) fn new(first: usize) -> Self {
        Self { first, open: Vec::new(), wanted: BTreeSet::new() }
    }

    /// Closes what is not needed any more; [`open`](Self::open) opens what is.
    pub(super) fn want(&mut self, instances: &[BfdInstance]) {
        self.wanted = instances.iter().map(Kind::of).collect();
        self.open.retain(|(kind, _)| self.wanted.contains(kind));
    }

    /// Opens what is needed and not open; gives what could not be.
    pub(super) fn open(&mut self, registry: &Registry) -> Vec<(Kind, io::Error)> {
        let mut failed = Vec::new();
        for &kind in &self.wanted {
            if self.open.iter().any(|(open, _)| *open == kind) {
                continue;
            }
            let opened = UdpListener::bind(kind.ipv6, plan::port(kind.multihop)).and_then(|listener| {
                let fd = listener.as_raw_fd();
                registry.register(&mut SourceFd(&fd), kind.token(self.first), Interest::READABLE)?;
                Ok(listener)
            });
            match opened {
                Ok(listener) => self.open.push((kind, listener)),
                Err(error) => failed.push((kind, error)),
            }
        }
        failed
    }

    /// All that are open.
    pub(super) fn iter(&self) -> impl Iterator<Item = (Kind, &UdpListener)> {
        self.open.iter().map(|(kind, listener)| (*kind, listener))
    }
}
