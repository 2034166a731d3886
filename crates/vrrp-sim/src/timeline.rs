//! Timelines: events with their times, to read and to compare.

use std::fmt;

use vrrp_election::{Event, Instant};

use crate::{Fault, HostId};

/// Everything worth telling, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Timeline {
    moments: Vec<Moment>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The time.
    pub at: Instant,
    /// The event.
    pub what: What,
}

/// An event of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The scenario did this.
    Fault(Fault),
    /// A host's node told this.
    Told(HostId, Event),
    /// A host does something again after a stall.
    Wakes(HostId),
}

impl Timeline {
    /// Every moment, the earliest first.
    #[must_use]
    pub fn moments(&self) -> &[Moment] {
        &self.moments
    }

    pub(crate) fn note(&mut self, at: Instant, what: What) {
        self.moments.push(Moment { at, what });
    }
}

impl fmt::Display for Timeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.moments.iter().try_for_each(|moment| writeln!(f, "{moment}"))
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>14}  ", self.at)?;
        match &self.what {
            What::Fault(fault) => write!(f, "* {fault}"),
            What::Wakes(host) => write!(f, "* {host} wakes up"),
            What::Told(host, Event::Standing { router, from, to, why, priority }) => {
                write!(f, "{host} router {router}: {from:?} -> {to:?}, priority {priority}, {why:?}")
            }
            What::Told(host, Event::Router { router, report }) => {
                write!(f, "{host} router {router}: {report:?}")
            }
            What::Told(host, Event::Script { script, up }) => {
                write!(f, "{host} script {script}: {}", if *up { "good" } else { "failed" })
            }
            What::Told(
                host,
                event @ (Event::Group { .. }
                | Event::Intent { .. }
                | Event::ScriptSilent { .. }
                | Event::ScriptHeard { .. }),
            ) => {
                write!(f, "{host} {event}")
            }
        }
    }
}
