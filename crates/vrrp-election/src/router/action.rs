//! Actions and reports of a virtual router.

use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::Priority;

use super::State;

/// Something to do, in the order given.
///
/// Every action has to be carried out, so that a new one is a breaking change: this enum stays exhaustive.
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
///
/// Reports of what others send come in series, not once for each packet. A caller that writes a log should limit them
/// further: a sender of adverts can begin a series as often as the descriptions allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Report {
    /// The state changed.
    Transition {
        /// State before.
        from: State,
        /// State now.
        to: State,
        /// The cause.
        cause: Cause,
    },
    /// The effective priority changed.
    PriorityChanged {
        /// Before.
        from: Priority,
        /// Now.
        to: Priority,
    },
    /// An Active heard a lower priority, or an equal one from a lower address: told once, until none was heard for
    /// three intervals and a second.
    LowerPriorityWhileActive {
        /// Its source address.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
    },
    /// A Backup that will take over heard the lower priority that serves: told once, until none was heard for
    /// three intervals and a second, whatever else was heard meanwhile.
    LowerPriorityWhileBackup {
        /// Its source address.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
    },
    /// A Backup heard that the Active leaves; it takes over after its skew time. Told once, until an advert is
    /// accepted.
    ActiveLeaves {
        /// Its source address.
        source: IpAddr,
    },
    /// The caller came later than it should have: the expired wait was renewed once by `grace`.
    Stalled {
        /// The lateness of the caller.
        late: Duration,
        /// The time by which the wait was renewed.
        grace: Duration,
    },
    /// Packets were lost unread while the router waited: the expired wait was renewed once by `grace`.
    PacketsLost {
        /// The time by which the wait was renewed.
        grace: Duration,
    },
    /// A router that [yields](crate::VirtualRouter::handle_yield) heard nobody take over: it serves on as before.
    NobodyTookOver {
        /// Length of the wait.
        after: Duration,
    },
    /// Our own adverts come back, or another router sends from our own address: told once in each state.
    OwnAddressHeard {
        /// That address.
        source: IpAddr,
    },
    /// Another router claims priority 255 as we do: told once in each state.
    TwoOwners {
        /// Its source address.
        source: IpAddr,
    },
    /// A Backup hears two others that claim priority 255 (RFC 9568 §8.3.2): told once in each state.
    OwnersDiffer {
        /// The router that claimed it first.
        first: IpAddr,
        /// The router that claims it as well.
        second: IpAddr,
    },
}

/// Why a state changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
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
    /// `Active_Down_Timer` fired while a router of lower priority served: it lives, and is preempted
    /// (`preempted` of RFC 6527's `vrrpv3OperationsMasterReason` and of RFC 8347).
    Preempted {
        /// Address of the router that served.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
    },
    /// A better advert came.
    Better {
        /// Its source address.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
    },
    /// The router [gave the addresses away](crate::VirtualRouter::handle_yield), and this one serves.
    HandedOver {
        /// Address of the router that serves.
        source: IpAddr,
        /// Its priority.
        priority: Priority,
        /// Time from the first goodbye to its first advert.
        after: Duration,
    },
    /// An Active could not speak for so long that another router must have taken over
    /// ([`RouterConfig::backup_after_stall`](crate::RouterConfig::backup_after_stall)).
    Stalled {
        /// Time since its last advert.
        silent_for: Duration,
    },
    /// Another router that it goes with became Backup or Active.
    Together,
    /// The caller shut the router down.
    Shutdown,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transition { from, to, cause } => write!(f, "{from} to {to}: {cause}"),
            Self::PriorityChanged { from, to } => write!(f, "effective priority changed from {from} to {to}"),
            Self::LowerPriorityWhileActive { source, priority } => {
                write!(f, "advert from {source} with priority {priority}, which should yield")
            }
            Self::LowerPriorityWhileBackup { source, priority } => {
                write!(f, "advert from {source} with lower priority {priority} ignored")
            }
            Self::ActiveLeaves { source } => write!(f, "{source} leaves (priority 0)"),
            Self::Stalled { late, grace } => {
                write!(f, "adverts were looked for {late:?} too late, waiting {grace:?} longer")
            }
            Self::PacketsLost { grace } => write!(f, "packets were lost unread, waiting {grace:?} longer"),
            Self::NobodyTookOver { after } => {
                write!(f, "nobody took over within {:.3} s, serving on", after.as_secs_f64())
            }
            Self::OwnAddressHeard { source } => {
                write!(f, "own adverts come back, or another router has our address {source}")
            }
            Self::TwoOwners { source } => write!(f, "{source} claims priority 255 as well"),
            Self::OwnersDiffer { first, second } => write!(f, "both {first} and {second} claim priority 255"),
        }
    }
}

impl Cause {
    /// One word for the cause, without its evidence, in the language of operators: for logs and metrics that programs read.
    /// It stays the same from version to version.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Owner => "owner",
            Self::Resumed => "resumed",
            Self::ActiveDown { .. } => "silence",
            Self::ActiveLeft => "master-left",
            Self::Preempted { .. } => "preempted",
            Self::Better { .. } => "better-advert",
            Self::HandedOver { .. } => "handed-over",
            Self::Stalled { .. } => "stalled",
            Self::Together => "group",
            Self::Shutdown => "stop",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Startup => f.write_str("started"),
            Self::Owner => f.write_str("started as the owner of the addresses"),
            Self::Resumed => f.write_str("resumed"),
            Self::ActiveDown { silent_for: Some(silence) } => {
                write!(f, "no advert for {:.3} s", silence.as_secs_f64())
            }
            Self::ActiveDown { silent_for: None } => f.write_str("no advert since the start"),
            Self::ActiveLeft => f.write_str("the Active router left"),
            Self::Preempted { source, priority } => {
                write!(f, "preempted {source} with lower priority {priority}")
            }
            Self::Better { source, priority } => write!(f, "yielded to {source} with priority {priority}"),
            Self::HandedOver { source, priority, after } => {
                write!(
                    f,
                    "handed over to {source} with priority {priority} after {:.3} s",
                    after.as_secs_f64()
                )
            }
            Self::Stalled { silent_for } => {
                write!(f, "was stalled and sent no advert for {:.3} s", silent_for.as_secs_f64())
            }
            Self::Together => f.write_str("went along with another router"),
            Self::Shutdown => f.write_str("shut down"),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use core::time::Duration;
    use std::string::ToString as _;

    use super::*;

    #[test]
    fn a_report_reads_like_a_log_line() {
        let source = IpAddr::from([192, 0, 2, 3]);
        let cause = Cause::Preempted { source, priority: Priority::new(99) };
        let report = Report::Transition { from: State::Backup, to: State::Active, cause };
        assert_eq!(report.to_string(), "Backup to Active: preempted 192.0.2.3 with lower priority 99");
        let silence = Cause::ActiveDown { silent_for: Some(Duration::from_micros(3_609_375)) };
        assert_eq!(silence.to_string(), "no advert for 3.609 s");
    }
}
