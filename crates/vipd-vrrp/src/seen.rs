//! Interfaces and facts, as the election of one reading of the configuration sees them at one moment.

use std::cell::OnceCell;

use vrrp_election::{Fact, LinkState};

use super::kernel::Kernel;
use super::plan::{Observe, Plan, WatchedFact};
use super::sources::Holders;
use super::trackers::Trackers;

/// What the kernel and the trackers know.
pub(super) struct Seen<'a> {
    kernel: &'a Kernel,
    plan: &'a Plan,
    trackers: &'a Trackers,
    /// Where addresses are, once somebody asks: there may be thousands, and as many questions.
    holders: OnceCell<Holders<'a>>,
}

impl<'a> Seen<'a> {
    pub(super) fn new(kernel: &'a Kernel, plan: &'a Plan, trackers: &'a Trackers) -> Self {
        Self { kernel, plan, trackers, holders: OnceCell::new() }
    }

    fn holders(&self) -> &Holders<'a> {
        self.holders.get_or_init(|| Holders::of(self.kernel.interfaces().iter()))
    }
}

impl Observe for Seen<'_> {
    fn link(&self, name: &str) -> LinkState {
        let state = self.kernel.link_state(name, &self.plan.virtual_ips);
        LinkState { up: self.trackers.link(name).unwrap_or(state.up), ..state }
    }

    fn fact(&self, fact: &WatchedFact) -> Fact {
        match fact {
            WatchedFact::Source { address, interface } => {
                self.holders().can_use(*address, interface.as_deref()).into()
            }
            WatchedFact::Static(id) => self.kernel.is_obtainable(*id, &self.plan.statics).into(),
            // The sockets tell that themselves, when they are opened.
            WatchedFact::Socket(_) => Fact::Unknown,
            WatchedFact::File(_) | WatchedFact::Processes(_) | WatchedFact::Session(_) => {
                self.trackers.fact(fact)
            }
        }
    }
}
