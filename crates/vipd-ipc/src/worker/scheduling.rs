//! Scheduling of each worker by the configuration.

use keepalived_conf::model::Global;
pub use privsep::scheduling::{SchedulingOptions, apply, rename};

/// Those of the VRRP worker.
pub fn vrrp(global: &Global) -> SchedulingOptions<'_> {
    SchedulingOptions {
        prefix: "vrrp",
        name: global.daemon.vrrp_process_name.as_deref(),
        nice: global.vrrp_nice,
        rt_priority: global.vrrp_rt_priority,
        rlimit_rttime: global.daemon.vrrp_rlimit_rttime,
        no_swap: global.vrrp_no_swap,
        processors: &global.daemon.vrrp_cpu_affinity,
    }
}

/// Those of the BFD worker.
pub fn bfd(global: &Global) -> SchedulingOptions<'_> {
    let bfd = &global.bfd;
    SchedulingOptions {
        prefix: "bfd",
        name: global.daemon.bfd_process_name.as_deref(),
        nice: bfd.nice,
        rt_priority: bfd.rt_priority,
        rlimit_rttime: bfd.rlimit_rttime,
        no_swap: bfd.no_swap,
        processors: &bfd.cpu_affinity,
    }
}

/// Those of the LVS worker.
pub fn checker(global: &Global) -> SchedulingOptions<'_> {
    let lvs = &global.lvs;
    SchedulingOptions {
        prefix: "checker",
        name: global.daemon.checker_process_name.as_deref(),
        nice: lvs.nice,
        rt_priority: lvs.rt_priority,
        rlimit_rttime: lvs.rlimit_rttime,
        no_swap: lvs.no_swap,
        processors: &lvs.cpu_affinity,
    }
}
