//! Scheduling of a worker: its name, nice value, real-time priority, locked memory, processors.
//!
//! Where the machine does not allow it, the log says so and the worker goes on.

use std::io;

use rustix::process::{Resource, Rlimit};

/// Scheduling options of a worker.
#[derive(Debug)]
pub struct SchedulingOptions<'a> {
    /// The prefix of its keywords, for messages.
    pub prefix: &'static str,
    /// The name that `ps` and `top` show.
    pub name: Option<&'a str>,
    /// Its nice value.
    pub nice: Option<i8>,
    /// Round robin with this priority.
    pub rt_priority: Option<u8>,
    /// Microseconds that a real-time worker may compute without a pause.
    pub rlimit_rttime: Option<u32>,
    /// Its memory is locked.
    pub no_swap: bool,
    /// The processors that it may run on; empty: all.
    pub processors: &'a [u16],
}

/// Applies the options; gives a line for the log for each that was not granted.
pub fn apply(options: &SchedulingOptions<'_>) -> Vec<String> {
    let prefix = options.prefix;
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
    if let Some(name) = options.name {
        rename(name);
    }
    if let Some(nice) = options.nice {
        let result = rustix::process::setpriority_process(None, nice.into());
        attempt(format!("{prefix}_priority {nice}"), result.map_err(Into::into));
    }
    if !options.processors.is_empty() {
        attempt(format!("{prefix}_cpu_affinity"), bind(options.processors));
    }
    if options.no_swap {
        use rustix::mm::MlockAllFlags as Lock;
        let result = rustix::mm::mlockall(Lock::CURRENT | Lock::FUTURE | Lock::ONFAULT);
        attempt(format!("{prefix}_no_swap"), result.map_err(Into::into));
    }
    if let Some(priority) = options.rt_priority {
        attempt(format!("{prefix}_rt_priority {priority}"), round_robin(priority.into()));
        if let Some(limit) = options.rlimit_rttime {
            let limits = Rlimit { current: Some(u64::from(limit) / 2), maximum: Some(limit.into()) };
            let result = rustix::process::setrlimit(Resource::Rttime, limits);
            attempt(format!("{prefix}_rlimit_rttime {limit}"), result.map_err(Into::into));
        }
    }
    complaints
}

/// Gives this process another name in `ps` and `top`.
pub fn rename(name: &str) {
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
