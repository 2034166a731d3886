//! How a worker runs: its name, nice value, real-time priority, locked memory, processors.
//!
//! Each is a wish: where the machine does not allow it, the log says so and the worker goes on.

use std::io;

use keepalived_conf::model::Global;
use rustix::process::{Resource, Rlimit};

/// What the configuration asks for, with the prefix of its keywords.
#[derive(Debug)]
pub(crate) struct Wishes<'a> {
    /// `vrrp`, `checker` or `bfd`.
    prefix: &'static str,
    /// The name that `ps` and `top` show.
    name: Option<&'a str>,
    nice: Option<i8>,
    rt_priority: Option<u8>,
    /// Microseconds that a real-time worker may compute without a pause.
    rlimit_rttime: Option<u32>,
    no_swap: bool,
    processors: &'a [u16],
}

impl<'a> Wishes<'a> {
    /// Those of the VRRP worker.
    pub(crate) fn vrrp(global: &'a Global) -> Self {
        Self {
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
    pub(crate) fn bfd(global: &'a Global) -> Self {
        let bfd = &global.bfd;
        Self {
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
    pub(crate) fn checker(global: &'a Global) -> Self {
        let lvs = &global.lvs;
        Self {
            prefix: "checker",
            name: global.daemon.checker_process_name.as_deref(),
            nice: lvs.nice,
            rt_priority: lvs.rt_priority,
            rlimit_rttime: lvs.rlimit_rttime,
            no_swap: lvs.no_swap,
            processors: &lvs.cpu_affinity,
        }
    }
}

/// Applies the wishes; gives a line for the log for each that was not granted.
pub(crate) fn apply(wishes: &Wishes<'_>) -> Vec<String> {
    let prefix = wishes.prefix;
    let mut complaints = Vec::new();
    let mut attempt = |what: String, result: io::Result<()>| {
        if let Err(error) = result {
            complaints.push(format!("{what}: {error}"));
        }
    };
    // Timers in this thread are meant: the default slack of 50 µs would be added to each.
    attempt(
        "cannot set the timer slack".to_owned(),
        rustix::thread::set_current_timer_slack(core::num::NonZeroU64::new(1)).map_err(Into::into),
    );
    if let Some(name) = wishes.name {
        rename(name);
    }
    if let Some(nice) = wishes.nice {
        let result = rustix::process::setpriority_process(None, nice.into());
        attempt(format!("{prefix}_priority {nice}"), result.map_err(Into::into));
    }
    if !wishes.processors.is_empty() {
        attempt(format!("{prefix}_cpu_affinity"), bind(wishes.processors));
    }
    if wishes.no_swap {
        use rustix::mm::MlockAllFlags as Lock;
        let result = rustix::mm::mlockall(Lock::CURRENT | Lock::FUTURE | Lock::ONFAULT);
        attempt(format!("{prefix}_no_swap"), result.map_err(Into::into));
    }
    if let Some(priority) = wishes.rt_priority {
        attempt(format!("{prefix}_rt_priority {priority}"), round_robin(priority.into()));
        if let Some(limit) = wishes.rlimit_rttime {
            let limits = Rlimit { current: Some(u64::from(limit) / 2), maximum: Some(limit.into()) };
            let result = rustix::process::setrlimit(Resource::Rttime, limits);
            attempt(format!("{prefix}_rlimit_rttime {limit}"), result.map_err(Into::into));
        }
    }
    complaints
}

/// Gives this process another name in `ps` and `top`.
pub(crate) fn rename(name: &str) {
    // A name with a zero byte is none.
    if let Ok(name) = std::ffi::CString::new(name) {
        let _ = nix::sys::prctl::set_name(&name);
    }
}

fn bind(processors: &[u16]) -> io::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    for &processor in
        processors.iter().filter(|&&processor| usize::from(processor) < rustix::thread::CpuSet::MAX_CPU)
    {
        set.set(processor.into());
    }
    rustix::thread::sched_setaffinity(None, &set).map_err(Into::into)
}

#[expect(unsafe_code, reason = "no safe crate wraps sched_setscheduler")]
fn round_robin(priority: i32) -> io::Result<()> {
    let parameters = libc::sched_param { sched_priority: priority };
    // SAFETY: the pointer is to a live, initialised struct that the call only reads; 0 is this thread.
    let result = unsafe {
        libc::sched_setscheduler(0, libc::SCHED_RR | libc::SCHED_RESET_ON_FORK, &raw const parameters)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
