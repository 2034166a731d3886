//! Actions and events of a node.

use alloc::vec::Vec;
use core::time::Duration;

use vrrp_proto::Priority;

use super::{Fault, GroupId, IntentKind, Progress, RouterId, ScriptId};
use crate::{Cause, NoResult, Report, ScriptAct};

/// Something to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeAction {
    /// Send one advertisement.
    SendAdvert {
        /// Of this router.
        router: RouterId,
        /// With this priority.
        priority: Priority,
    },
    /// Make sure that every virtual address of the router is on its interface.
    AddAddresses {
        /// Of this router.
        router: RouterId,
    },
    /// Make sure that no virtual address of the router is on its interface.
    RemoveAddresses {
        /// Of this router.
        router: RouterId,
    },
    /// Announce every virtual address of the router.
    Announce {
        /// Of this router.
        router: RouterId,
        /// Packets for each address.
        repeat: u32,
    },
    /// Do this with a check script.
    Script {
        /// The script.
        script: ScriptId,
        /// What to do with it.
        act: ScriptAct,
    },
    /// Nothing to do for the protocol: for logs, scripts and mail.
    Tell(Event),
    /// From here on all ids mean the configuration of the last [`Node::handle_reload`](super::Node::handle_reload).
    Reloaded {
        /// For each of its routers the one of the configuration before that it is; `None` if it is new.
        before: Vec<Option<RouterId>>,
    },
}

/// The state of a router as its operator sees it: the states that scripts and logs name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Standing {
    /// Not started yet: startup delay, or a check that could be a fault has not reported (nothing is told).
    Waiting,
    /// Something needed is missing (FAULT).
    Fault,
    /// Listens (BACKUP).
    Backup,
    /// Serves (MASTER).
    Active,
    /// Stopped in order (STOP).
    Stopped,
}

/// Something worth telling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A router's standing changed.
    Standing {
        /// The router.
        router: RouterId,
        /// Before.
        from: Standing,
        /// Now.
        to: Standing,
        /// The cause.
        why: TransitionReason,
        /// Effective priority.
        priority: Priority,
    },
    /// A sync group's standing changed, after that of its members.
    Group {
        /// The group.
        group: GroupId,
        /// Before.
        from: Standing,
        /// Now.
        to: Standing,
    },
    /// Something came of what is intended with a router.
    Intent {
        /// The router.
        router: RouterId,
        /// The kind of intent.
        kind: IntentKind,
        /// The progress of the intent.
        progress: Progress,
    },
    /// Anything else that a router reports.
    Router {
        /// The router.
        router: RouterId,
        /// The report; never a [`Report::Transition`].
        report: Report,
    },
    /// A check changed between good and failed, or became known.
    Script {
        /// The script.
        script: ScriptId,
        /// Whether it is good now.
        up: bool,
    },
    /// A check has had no result for long, because this machine lacks resources.
    /// [`on_shortage`](crate::ScriptConfig::on_shortage) decides about its state.
    ScriptSilent {
        /// The script.
        script: ScriptId,
        /// Time without a result so far.
        silent_for: Duration,
        /// The reason.
        why: NoResult,
    },
    /// A check of which [`ScriptSilent`](Self::ScriptSilent) was told has a result again.
    ScriptHeard {
        /// The script.
        script: ScriptId,
    },
}

/// Why a standing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransitionReason {
    /// The election decided.
    Election(Cause),
    /// This is missing.
    Fault(Fault),
    /// The node stops.
    Stop,
    /// The router is no longer configured.
    Deleted,
}
