//! A director's actions and events, and the names of the objects in them.

use std::net::SocketAddr;

use super::Steered;
use crate::Failure;

/// A virtual server by its place in the plan, from 0. After a reload: in the new plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u32);

impl ServiceId {
    /// The place as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A real server by its place in the plan. After a reload: in the new plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerId {
    /// Its virtual server.
    pub service: ServiceId,
    /// Its place there, from 0; the greatest number for the [sorry server](Self::sorry).
    pub place: u32,
}

impl ServerId {
    /// The sorry server of a virtual server: it has checks, and is told to be up or down, but is none of its members.
    pub fn sorry(service: ServiceId) -> Self {
        Self { service, place: u32::MAX }
    }

    /// Whether it is a sorry server.
    pub fn is_sorry(self) -> bool {
        self.place == u32::MAX
    }

    /// The place as an index.
    pub fn index(self) -> usize {
        self.place as usize
    }
}

/// A check: never used again for another one, and kept by a reload that keeps the check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CheckId {
    pub(super) slot: u32,
    pub(super) serial: u64,
}

/// One attempt of a check: never used again for another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptId {
    /// The check that is attempted.
    pub check: CheckId,
    pub(super) number: u64,
}

/// Something to do. Exhaustive, so that a caller that does not do a new kind of it does not compile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Give up an attempt; an outcome of it would be ignored.
    Cancel(AttemptId),
    /// Remove this virtual server with all that belongs to it: a reload dropped it, or the machine stops.
    Remove {
        /// [`Service::name`](super::Service::name)
        name: String,
    },
    /// The kernel may no longer hold what it should: ask [`Director::destinations`](super::Director::destinations).
    Program(ServiceId),
    /// Nothing to do for the service: for logs, scripts, FIFOs and mail.
    Tell(Event),
    /// Begin an attempt, and hand in how it ended.
    Start {
        /// Which.
        attempt: AttemptId,
        /// Which step (url) of the check, below [`Probe::steps`](crate::Probe::steps).
        step: usize,
    },
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// An attempt failed.
    Attempt {
        /// The check; [`Director::servers`](super::Director::servers) are its servers.
        check: CheckId,
        /// The failure.
        failure: Failure,
        /// The consequence.
        verdict: Verdict,
    },
    /// A check's result changed, or is its first.
    Check {
        /// The check.
        check: CheckId,
        /// Its result.
        up: bool,
        /// The first result since the check exists: it may be what was assumed.
        first: bool,
    },
    /// A server's weight changed, whether or not it is up (`slow_start` is not told).
    Weight {
        /// The server.
        server: ServerId,
        /// Before.
        from: u32,
        /// Now.
        to: u32,
    },
    /// A server is up or down (`notify_up`, `notify_down`). One that began as down (`alpha`) is told to be when a check
    /// of it fails for the first time, and only then.
    Server {
        /// The server.
        server: ServerId,
        /// Whether it is up.
        up: bool,
        /// The cause.
        cause: Cause,
    },
    /// A reload brought a server.
    Added {
        /// The server.
        server: ServerId,
        /// Whether it is up.
        up: bool,
    },
    /// A reload dropped a virtual server.
    Retired {
        /// [`Service::name`](super::Service::name)
        name: String,
        /// It had a quorum.
        up: bool,
        /// Its servers that were up, unless a sorry server stood in for them: keepalived runs their `notify_down` now,
        /// and `quorum_down`.
        served: Vec<SocketAddr>,
    },
    /// A reload dropped a server.
    Removed {
        /// Its virtual server.
        service: ServiceId,
        /// [`Server::address`](super::Server::address)
        server: SocketAddr,
        /// It was up, and no sorry server stood in for it: keepalived runs its `notify_down` now.
        served: bool,
        /// It stays for a while with weight 0.
        draining: bool,
    },
    /// A server that a reload dropped is drained, and now gone.
    Drained {
        /// Its virtual server.
        service: ServiceId,
        /// [`Server::address`](super::Server::address)
        server: SocketAddr,
    },
    /// The quorum was gained or lost (`quorum_up`, `quorum_down`).
    Quorum {
        /// The virtual server.
        service: ServiceId,
        /// Gained.
        up: bool,
        /// Live weight.
        weight: u64,
        /// As configured.
        quorum: u32,
        /// As configured.
        hysteresis: u32,
        /// It is the state at the start of the service; one without quorum is told only if there is a sorry server.
        initial: bool,
    },
    /// The sorry server took over from the servers that are up, or gave back to them.
    Sorry {
        /// The virtual server.
        service: ServiceId,
        /// It serves.
        serving: bool,
    },
    /// The backup servers are used as well, since the others give no quorum, or no longer.
    Backup {
        /// The virtual server.
        service: ServiceId,
        /// They are used.
        serving: bool,
    },
    /// The new connections of a server are never completed while its neighbours' are (`outlier_detection`), or it is cleared.
    Outlier {
        /// The server.
        server: ServerId,
        /// It is suspected; otherwise its checks proved it again.
        suspected: bool,
        /// Per cent of its new connections that were not complete.
        unfinished: u8,
        /// The median of that among its neighbours.
        neighbours: u8,
    },
    /// So few servers are good that those that are down are used as well (`panic_threshold`), or no longer.
    Panic {
        /// The virtual server.
        service: ServiceId,
        /// They are used.
        panics: bool,
    },
    /// An intent for a server begins or ends: [`Director::intent`](super::Director::intent) gives the present one.
    Steered {
        /// The server.
        server: ServerId,
        /// The change.
        how: Steered,
    },
    /// A virtual server that an earlier director remembered goes on as it stood: no news, unless that one ended before it could
    /// tell its last.
    Resumed {
        /// The virtual server.
        service: ServiceId,
    },
    /// Checks of a virtual server stopped or go on (`ha_suspend`).
    Suspended {
        /// The virtual server.
        service: ServiceId,
        /// They stopped.
        suspended: bool,
    },
}

/// Consequence of a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// Nothing yet.
    Tolerated {
        /// So many failures in a row, with this one.
        failures: u32,
        /// So many more would be tolerated.
        left: u32,
    },
    /// The check failed.
    Down {
        /// After so many tolerated failures; 0 as well if it is the first attempt of all.
        retries: u32,
    },
    /// It had failed before, or never was good.
    StillDown,
    /// Nothing at all: an agent could not be asked.
    Nothing,
}

/// Why a server is up or down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// It was assumed to be up at the start (`rs_init_notifies`).
    Start,
    /// The last result that it took.
    Check(CheckId),
    /// A reload took or changed the check that was in the way.
    Reload,
    /// The machine stops (`omega`).
    Stop,
}

/// A destination that the kernel should hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wanted {
    /// The destination.
    pub who: DestinationKey,
    /// With this weight.
    pub weight: u32,
}

/// Identity of a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DestinationKey {
    /// A server of the plan.
    Server(ServerId),
    /// A server that is no longer in the plan and drains.
    Drained(SocketAddr),
    /// The sorry server.
    Sorry,
}
