//! Demands of a configuration on the supervisor.

use std::collections::HashSet;
use std::time::Duration;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::LvsService;
use vipd_ipc::{PerRole, Role};

/// Demands of a configuration on the supervisor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Whether there is something to do for a worker.
    pub work: PerRole<bool>,
    /// Services that such a worker may put into the kernel's load balancer.
    pub services: PerRole<HashSet<LvsService>>,
    /// Longest wait of a stop for workers and scripts.
    pub child_wait_time: Duration,
    /// Longest wait of a stopping VRRP worker for another machine to take over, on top of that.
    pub stop_handover: Duration,
    /// Longest silence of a worker before it is killed; `None` is no limit.
    pub worker_timeout: Option<Duration>,
    /// Time limit of `startup_script`, if there is one.
    pub startup_script: Option<Duration>,
    /// Time limit of `shutdown_script`, if there is one.
    pub shutdown_script: Option<Duration>,
}

impl Demand {
    /// That of a configuration.
    pub fn of(config: &Config) -> Self {
        let mut demand = Self {
            child_wait_time: config.global.child_wait_time,
            stop_handover: config.global.stop_handover,
            worker_timeout: Some(config.global.worker_timeout).filter(|timeout| !timeout.is_zero()),
            startup_script: config.global.daemon.startup_script.as_ref().map(|script| script.limit),
            shutdown_script: config.global.daemon.shutdown_script.as_ref().map(|script| script.limit),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn demand(text: &str) -> Demand {
        Demand::of(&keepalived_conf::load_str(text).config)
    }

    #[test]
    fn times_are_the_configuration_s_and_a_worker_timeout_of_0_is_none() {
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(demand("").worker_timeout, seconds(5));
        assert_eq!(demand("global_defs {\n worker_timeout 12\n}\n").worker_timeout, seconds(12));
        assert_eq!(demand("global_defs {\n worker_timeout 0\n}\n").worker_timeout, None);
        assert_eq!(demand("global_defs {\n child_wait_time 3\n}\n").child_wait_time, Duration::from_secs(5));
        assert_eq!(demand("child_wait_time 3\n").child_wait_time, Duration::from_secs(3));
    }

    #[test]
    fn each_worker_has_its_own_work() {
        let router = "vrrp_instance A {\n interface eth0\n virtual_router_id 7\n virtual_ipaddress {\n 192.0.2.1\n }\n}\n";
        let server = "virtual_server 192.0.2.1 80 {\n lvs_sched rr\n real_server 10.0.0.1 80 {\n }\n}\n";
        assert_eq!(demand("").work, PerRole { vrrp: false, lvs: false, bfd: false });
        assert_eq!(demand(router).work, PerRole { vrrp: true, lvs: false, bfd: false });
        let balanced = demand(server);
        assert_eq!(balanced.work, PerRole { vrrp: false, lvs: true, bfd: false });
        assert_eq!((balanced.services.vrrp.len(), balanced.services.lvs.len()), (0, 1));
    }
}
