//! Facts that routers depend on, their numbers, and the way to look at them.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use vrrp_election::{Fact, FactId, LinkId, LinkState};

use super::number;
use super::process_check::ProcessCheck;
use super::routing::StaticId;
use crate::ipc::SessionKey;
use crate::socket_key::Key;

/// Before anything was looked at.
pub(crate) struct NothingKnown;

impl Observe for NothingKnown {
    fn link(&self, _: &str) -> LinkState {
        LinkState::default()
    }

    fn fact(&self, _: &WatchedFact) -> Fact {
        Fact::Unknown
    }
}

/// The present state of interfaces and facts.
pub(crate) trait Observe {
    /// The interface of this name.
    fn link(&self, name: &str) -> LinkState;
    /// Time since the machine was started.
    fn since_boot(&self) -> Duration {
        vrrp_linux::clock::boottime()
    }
    /// Anything else.
    fn fact(&self, fact: &WatchedFact) -> Fact;
}

/// Something beside interfaces and scripts that routers depend on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WatchedFact {
    /// This address can be sent from and heard at, for instances on this interface.
    Source { address: IpAddr, interface: Option<String> },
    /// The number in this file.
    File(PathBuf),
    /// There are as many processes as should be.
    Processes(ProcessCheck),
    /// The socket that receives the adverts: a router without it would become Active beside an Active.
    Socket(Key),
    /// Something static is there (`track_group`).
    Static(StaticId),
    /// A BFD session.
    Session(SessionKey),
}

impl fmt::Display for WatchedFact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(key) => write!(f, "socket for {}", key.address),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Processes(check) => check.fmt(f),
            Self::Static(StaticId::Address(place)) => write!(f, "static address {}", place + 1),
            Self::Static(StaticId::Route(place)) => write!(f, "static route {}", place + 1),
            Self::Static(StaticId::Rule(place)) => write!(f, "static rule {}", place + 1),
            Self::Source { address, .. } => write!(f, "source address {address}"),
            Self::Session(key) => write!(f, "BFD session with {}", key.neighbor),
        }
    }
}

/// Numbers for what has names, in the order of first use.
#[derive(Debug)]
pub(crate) struct Numbers<T, Id> {
    names: Vec<T>,
    ids: HashMap<T, Id>,
}

impl<T, Id> Default for Numbers<T, Id> {
    fn default() -> Self {
        Self { names: Vec::new(), ids: HashMap::new() }
    }
}

impl<T: Clone + Eq + Hash, Id: Number> Numbers<T, Id> {
    /// The number of something that the configuration names.
    pub(crate) fn known<Q>(&self, name: &Q) -> Option<Id>
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.ids.get(name).copied()
    }

    /// The name behind a number.
    pub(crate) fn name(&self, id: Id) -> Option<&T> {
        self.names.get(id.index())
    }

    /// Every number with what it stands for.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Id, &T)> {
        self.names.iter().enumerate().map(|(index, name)| (Id::new(number(index)), name))
    }

    pub(super) fn id<Q>(&mut self, name: &Q) -> Id
    where
        T: Borrow<Q>,
        Q: Eq + Hash + ToOwned<Owned = T> + ?Sized,
    {
        if let Some(id) = self.known(name) {
            return id;
        }
        let id = Id::new(number(self.names.len()));
        self.names.push(name.to_owned());
        self.ids.insert(name.to_owned(), id);
        id
    }
}

/// A number of the election.
pub(crate) trait Number: Copy {
    fn new(number: u32) -> Self;
    fn index(self) -> usize;
}

impl Number for LinkId {
    fn new(number: u32) -> Self {
        Self(number)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Number for FactId {
    fn new(number: u32) -> Self {
        Self(number)
    }

    fn index(self) -> usize {
        self.0 as usize
    }
}
