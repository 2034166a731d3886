//! What a virtual router asks its caller to do, and what it tells.

use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::Priority;

use super::State;

/// Something to do, in the order given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send one advertisement with this priority (to the group, or to each unicast peer).
    SendAdvert(Priority),
    /// Make sure that every virtual address is on its interface. Those already there are adopted.
    AddAddresses,
    /// Make sure that no virtual address is on its interface. Those already gone are no error.
    RemoveAddresses,
    /// Send this many gratuitous ARPs or unsolicited neighbour advertisements for each virtual address.
    Announce {
        /// Packets for each address.
        repeat: u32,
    },
    /// Nothing to do for the protocol: for logs, scripts and mail.
    Report(Report),
}

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Report {
    /// The state changed.
    Transition {
        /// State before.
        from: State,
        /// State now.
        to: State,
        /// Why.
        cause: Cause,
    },
    /// The effective priority changed.
    PriorityChanged {
        /// Before.
        from: Priority,
        /// Now.
        to: Priority,
    },
    /// An Active heard a lower priority, or an equal one from a lower address: told once until that ends.
    LowerPriorityWhileActive {
        /// Who sent it.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
    },
    /// A Backup that will take over heard the lower priority that serves: told once.
    LowerPriorityWhileBackup {
        /// Who sent it.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
    },
    /// A Backup heard that the Active leaves; it takes over after its skew time.
    ActiveLeaves {
        /// Who sent it.
        source: IpAddr,
    },
    /// The caller came later than it should have: the expired wait was renewed once by `grace`.
    Stalled {
        /// How late it came.
        late: Duration,
        /// How much longer the router listens.
        grace: Duration,
    },
    /// Packets were lost unread while the router waited: the expired wait was renewed once by `grace`.
    PacketsLost {
        /// How much longer the router listens.
        grace: Duration,
    },
    /// Another router sends from our own address: told once in each state.
    OwnAddressHeard {
        /// That address.
        source: IpAddr,
    },
    /// Another router claims priority 255 as we do: told once in each state.
    TwoOwners {
        /// Who sent it.
        source: IpAddr,
    },
}

/// Why a state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The router started, or its last fault ended.
    Startup,
    /// An owner started (RFC 9568 §6.4.1).
    Owner,
    /// The caller had said that it was Active before and still holds the addresses.
    Resumed,
    /// `Active_Down_Timer` fired.
    ActiveDown {
        /// When the last accepted advert came, as time before now; `None` if none ever came.
        silent_for: Option<Duration>,
    },
    /// `Active_Down_Timer` fired after an advert with priority 0.
    ActiveLeft,
    /// A better advert came.
    Better {
        /// Who sent it.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
    },
    /// The caller shut the router down.
    Shutdown,
}
