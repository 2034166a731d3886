//! What a worker may have put into the kernel, as far as its parent can know: what a successor has to know of, should
//! the worker die.

use std::collections::HashSet;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::LvsService;

/// Kernel services of the load balancer that may be there: of the configuration that the worker runs, and of those that
/// it was told to run since. (A worker may die halfway from one to the next.)
#[derive(Debug, Default)]
pub(super) struct Holdings(HashSet<LvsService>);

impl Holdings {
    /// The worker was told to run a configuration.
    pub(super) fn note_sent(&mut self, config: &Config) {
        self.0.extend(services(config));
    }

    /// The worker runs the configuration that it was last told to run: what others had is removed.
    pub(super) fn note_running(&mut self, config: &Config) {
        self.0 = services(config).collect();
    }

    /// What may be there and is not part of this configuration.
    pub(super) fn beyond(&self, config: &Config) -> Vec<LvsService> {
        let wanted: HashSet<LvsService> = services(config).collect();
        self.0.difference(&wanted).copied().collect()
    }

    /// Whether nothing can be there.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The worker cleared up.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn services(config: &Config) -> impl Iterator<Item = LvsService> {
    config.virtual_servers.iter().flat_map(|server| server.services.iter().copied())
}
