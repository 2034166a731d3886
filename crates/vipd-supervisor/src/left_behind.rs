//! Leftovers in the kernel of the workers of a role, as far as their parent can know: a successor has to know of them,
//! should one not stop in order.

use std::collections::HashSet;

use keepalived_conf::model::lvs::LvsService;
use serde::{Deserialize, Serialize};
use vipd_ipc::{Memory, MemoryFull, Predecessor};

/// Everything that workers of one role may have left since one of them last stopped in order.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct LeftBehind {
    /// A worker was told to run something: unless it stops in order, something may be left.
    anything: bool,
    /// The last one was killed because it did not answer.
    hung: bool,
    /// Kernel services of the load balancer: of the configuration that a worker runs, and of those that it was told to
    /// run since. (A worker may die halfway from one to the next.)
    services: HashSet<LvsService>,
    /// The memory of workers for their successor.
    memory: Memory,
}

impl LeftBehind {
    /// A worker is told to run a configuration with these services.
    pub(super) fn note_sent(&mut self, services: &HashSet<LvsService>) {
        self.anything = true;
        self.services.extend(services);
    }

    /// A worker runs the configuration that it was last told to run: the objects of others are removed.
    pub(super) fn note_running(&mut self, services: &HashSet<LvsService>) {
        self.services.clone_from(services);
        self.hung = false;
    }

    /// A worker wants its successor to know this.
    ///
    /// # Errors
    /// There is no room for it.
    pub(super) fn remember(&mut self, key: String, value: Option<Vec<u8>>) -> Result<(), MemoryFull> {
        self.memory.note(key, value)
    }

    /// The worker does not answer and is killed.
    pub(super) fn note_hung(&mut self) {
        self.hung = true;
    }

    /// Whether something may be left.
    pub(super) fn is_possible(&self) -> bool {
        self.anything
    }

    /// The predecessor, for a worker with these services of its own, if one may have left anything.
    pub(super) fn predecessor(&self, services: &HashSet<LvsService>) -> Option<Box<Predecessor>> {
        self.anything.then(|| {
            Box::new(Predecessor {
                memory: self.memory.clone(),
                former: self.services.difference(services).copied().collect(),
                hung: self.hung,
            })
        })
    }

    /// A worker stopped in order: it removed everything.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
