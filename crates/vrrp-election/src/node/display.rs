//! Events of a node in words: for logs of programs that have no names for routers, links and scripts.

use core::fmt;

use super::{Event, Fault, Standing, TrackTarget, TransitionReason};
use crate::NoResult;

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Waiting => "Waiting",
            Self::Fault => "Fault",
            Self::Backup => "Backup",
            Self::Active => "Active",
            Self::Stopped => "Stopped",
        })
    }
}

impl fmt::Display for TrackTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(id) => write!(f, "link {id}"),
            Self::Script(id) => write!(f, "script {id}"),
            Self::Fact(id) => write!(f, "fact {id}"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Duplicate(router) => write!(f, "the same virtual router as router {router}"),
            Self::LinkDown(link) => write!(f, "link {link} is down or missing"),
            Self::NoAddress => f.write_str("no address to send adverts from"),
            Self::Member(router) => write!(f, "router {router} of its group has a fault"),
            Self::Maintenance => f.write_str("in maintenance"),
            Self::Tracked(target) => write!(f, "tracked {target} is down"),
        }
    }
}

impl fmt::Display for TransitionReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Election(cause) => cause.fmt(f),
            Self::Fault(fault) => fault.fmt(f),
            Self::Stop => f.write_str("the node stops"),
            Self::Deleted => f.write_str("no longer configured"),
        }
    }
}

impl Fault {
    /// One word for the kind of fault, without what it names: for logs and metrics that programs read. It stays the same
    /// from version to version.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Duplicate(_) => "duplicate",
            Self::LinkDown(_) => "interface-down",
            Self::NoAddress => "no-address",
            Self::Member(_) => "member",
            Self::Maintenance => "maintenance",
            Self::Tracked(TrackTarget::Link(_)) => "tracked-interface",
            Self::Tracked(TrackTarget::Script(_)) => "tracked-script",
            Self::Tracked(TrackTarget::Fact(_)) => "tracked-fact",
        }
    }
}

impl TransitionReason {
    /// One word for the reason, as [`Cause::name`](crate::Cause::name) and [`Fault::name`].
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Election(cause) => cause.name(),
            Self::Fault(fault) => fault.name(),
            Self::Stop => "stop",
            Self::Deleted => "deleted",
        }
    }
}

impl fmt::Display for NoResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRun => "its runs cannot be started",
            Self::NotBegun => "its run does not begin",
            Self::NotEnded => "its run does not end",
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Standing { router, from, to, why, priority } => {
                write!(f, "router {router}: {from} to {to}, priority {priority}: {why}")
            }
            Self::Group { group, from, to } => write!(f, "group {group}: {from} to {to}"),
            Self::Router { router, report } => write!(f, "router {router}: {report}"),
            Self::Script { script, up } => {
                write!(f, "script {script} {}", if *up { "succeeded" } else { "failed" })
            }
            Self::ScriptSilent { script, silent_for, why } => {
                write!(f, "script {script} has had no result for {} s: {why}", silent_for.as_secs())
            }
            Self::Intent { router, kind, progress } => write!(f, "router {router}: {kind} {progress}"),
            Self::ScriptHeard { script } => write!(f, "script {script} has results again"),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString as _;

    use vrrp_proto::Priority;

    use super::*;
    use crate::{Cause, LinkId, Report, RouterId, ScriptId};

    #[test]
    fn an_event_reads_like_a_log_line() {
        let (router, priority) = (RouterId(3), Priority::DEFAULT);
        let why = TransitionReason::Fault(Fault::Tracked(TrackTarget::Script(ScriptId(1))));
        let event = Event::Standing { router, from: Standing::Active, to: Standing::Fault, why, priority };
        assert_eq!(event.to_string(), "router 3: Active to Fault, priority 100: tracked script 1 is down");
        let why = TransitionReason::Election(Cause::ActiveLeft);
        let event = Event::Standing { router, from: Standing::Backup, to: Standing::Active, why, priority };
        assert_eq!(event.to_string(), "router 3: Backup to Active, priority 100: the Active router left");
        let report = Report::PriorityChanged { from: priority, to: Priority::new(50) };
        let event = Event::Router { router, report };
        assert_eq!(event.to_string(), "router 3: effective priority changed from 100 to 50");
        assert_eq!(Event::Script { script: ScriptId(0), up: false }.to_string(), "script 0 failed");
        let (script, silent_for) = (ScriptId(0), core::time::Duration::from_secs(61));
        let event = Event::ScriptSilent { script, silent_for, why: NoResult::NotBegun };
        assert_eq!(event.to_string(), "script 0 has had no result for 61 s: its run does not begin");
        assert_eq!(Event::ScriptHeard { script }.to_string(), "script 0 has results again");
        assert_eq!(Fault::LinkDown(LinkId(2)).to_string(), "link 2 is down or missing");
    }
}
