//! What a configuration asks of the supervisor.

use std::collections::HashSet;
use std::time::Duration;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::LvsService;

use super::super::role::{PerRole, Role};

/// What a configuration asks of the supervisor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::parent) struct Demand {
    /// Whether there is something to do for a worker.
    pub(in crate::parent) work: PerRole<bool>,
    /// What such a worker may put into the kernel's load balancer.
    pub(in crate::parent) services: PerRole<HashSet<LvsService>>,
    /// How long a stop waits for workers and scripts.
    pub(in crate::parent) child_wait_time: Duration,
    /// How long a worker may be silent before it is killed; `None` for as long as it likes.
    pub(in crate::parent) worker_timeout: Option<Duration>,
}

impl Demand {
    /// That of a configuration.
    pub(in crate::parent) fn of(config: &Config) -> Self {
        let mut demand = Self {
            child_wait_time: config.global.child_wait_time,
            worker_timeout: Some(WORKER_TIMEOUT),
            ..Self::default()
        };
        for role in Role::ALL {
            demand.work[role] = role.has_work(config);
        }
        let services = config.virtual_servers.iter().flat_map(|server| server.services.iter().copied());
        demand.services.lvs = services.collect();
        demand
    }
}

/// Long enough for a machine that swaps, short enough that two owners of an address are not noticed by many.
const WORKER_TIMEOUT: Duration = Duration::from_secs(5);
