//! How the worker is scheduled: nice value, real-time priority, locked memory.
//!
//! Each is a wish: where the machine does not allow it, the log says so and the worker goes on.

use std::io;

use keepalived_conf::model::Global;

/// Applies what the configuration asks for; gives a line for the log for each wish that was not granted.
pub(super) fn apply(global: &Global) -> Vec<String> {
    let mut complaints = Vec::new();
    // Timers in this thread are meant: the default slack of 50 µs would be added to each.
    if let Err(error) = rustix::thread::set_current_timer_slack(core::num::NonZeroU64::new(1)) {
        complaints.push(format!("cannot set the timer slack: {error}"));
    }
    if let Some(nice) = global.vrrp_nice
        && let Err(error) = rustix::process::setpriority_process(None, nice.into())
    {
        complaints.push(format!("vrrp_priority {nice}: {error}"));
    }
    if global.vrrp_no_swap {
        use rustix::mm::MlockAllFlags as Lock;
        if let Err(error) = rustix::mm::mlockall(Lock::CURRENT | Lock::FUTURE | Lock::ONFAULT) {
            complaints.push(format!("vrrp_no_swap: {error}"));
        }
    }
    if let Some(priority) = global.vrrp_rt_priority
        && let Err(error) = round_robin(priority.into())
    {
        complaints.push(format!("vrrp_rt_priority {priority}: {error}"));
    }
    complaints
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
