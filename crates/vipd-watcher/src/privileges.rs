//! Rights of the watcher: it reads files of others, and is told of processes.

use std::fs::{self, File};

use nix::sched::{CloneFlags, setns};
use rustix::thread::CapabilitySet;

use privsep::rights;
use vipd_ipc::RunAs;

/// Becomes this user with what is needed; gives a line for the log for each right that could not be given up. To be called
/// while this is the only thread.
pub(super) fn keep(run_as: Option<RunAs>) -> Vec<String> {
    // The kernel tells of processes in the first network namespace only. Nothing here needs that of the daemon.
    if let Ok(first) = File::open("/proc/1/ns/net") {
        let _ = setns(first, CloneFlags::CLONE_NEWNET);
    }
    let hidden = fs::read_to_string("/proc/self/mountinfo").is_ok_and(|mounts| hides_processes(&mounts));
    let mut wanted = CapabilitySet::DAC_READ_SEARCH | CapabilitySet::NET_ADMIN;
    wanted.set(CapabilitySet::SYS_PTRACE, hidden);
    rights::keep(wanted, run_as)
}

/// Whether `/proc` shows users only their own processes, unless they may trace all of them.
fn hides_processes(mounts: &str) -> bool {
    let of_proc = mounts.lines().filter(|line| line.split(' ').nth(4) == Some("/proc"));
    let options = of_proc.filter_map(|line| line.rsplit(' ').next()).flat_map(|options| options.split(','));
    options.filter_map(|option| option.strip_prefix("hidepid=")).any(|value| !matches!(value, "0" | "off"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hiding_proc_is_recognised() {
        let line = |options: &str| format!("22 28 0:21 / /proc rw,nosuid shared:12 - proc proc {options}\n");
        assert!(!hides_processes(&line("rw")));
        assert!(!hides_processes(&line("rw,hidepid=off")));
        for options in ["rw,hidepid=2", "rw,gid=4,hidepid=invisible", "rw,hidepid=noaccess", "rw,hidepid=4"] {
            assert!(hides_processes(&line(options)), "{options}");
        }
        assert!(!hides_processes("40 28 0:21 / /jail/proc rw - proc proc rw,hidepid=2\n"));
    }
}
