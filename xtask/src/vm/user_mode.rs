//! user-mode-linux: Debian's kernel as a program.
//!
//! Its root is the machine's own (hostfs, read-only) under an overlay in memory, so that any program of the machine
//! runs there and nothing has to be packed. It has one CPU, and nf_tables for bridges only.

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::process::Command;

use super::job::Job;
use super::options::Options;
use super::registers;
use crate::run::has;

/// Whether it knows this architecture.
pub(super) const IS_POSSIBLE: bool = cfg!(any(target_arch = "x86_64", target_arch = "x86"));

/// Whether everything it needs is there.
pub(super) fn is_installed() -> bool {
    Path::new(KERNEL).is_file()
        && ["busybox", "ip", "bash", "setpriv", "unshare", "taskset"].into_iter().all(has)
}

/// The kernel with our scripts in it.
///
/// # Errors
/// If what it needs on this processor cannot be made.
pub(super) fn command(job: &Job, options: &Options) -> io::Result<Command> {
    let mut command = job.alone("user_mode.sh");
    command.args(on_one_processor()).arg(KERNEL);
    command.args(arguments(job.folder(), options.memory_mib));
    if !shared_memory_holds(options.memory_mib) {
        // Where the guest's memory goes, instead of /dev/shm.
        command.env("TMPDIR", "/tmp");
    }
    if registers::are_large() {
        command.env("LD_PRELOAD", registers::library()?);
    }
    Ok(command)
}

/// Keeps all of it on one processor; which one, the number of this process says, so that guests spread.
///
/// The guest's kernel and its current process are two processes that wake each other at every system call and page
/// fault and never run together. On two processors each turn wakes the other one out of its sleep, and real time makes
/// that the rule: the scheduler gives the one that is woken a processor of its own. Most of a guest's time went there,
/// three times as much as on one processor; on a machine with nothing else to do it was most of all, for there they
/// sleep.
fn on_one_processor() -> Vec<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap_or_default();
    let allowed = processors(allowed);
    let turn = usize::try_from(std::process::id()).unwrap_or_default() % allowed.len().max(1);
    let words = |processor: &u16| ["taskset", "--cpu-list", &processor.to_string()].map(str::to_owned);
    allowed.get(turn).map(words).into_iter().flatten().collect()
}

/// The numbers in a list like `0-2,5`; none of a list that is no such thing.
fn processors(listed: &str) -> Vec<u16> {
    let range = |part: &str| {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        Some(first.parse().ok()?..=last.parse().ok()?)
    };
    let ranges: Option<Vec<RangeInclusive<u16>>> = listed.trim().split(',').map(range).collect();
    ranges.unwrap_or_default().into_iter().flatten().collect()
}

const KERNEL: &str = "/usr/bin/linux.uml";
const MODULES: &str = "/usr/lib/uml/modules";

fn arguments(job: &Path, memory_mib: u32) -> Vec<String> {
    let job = job.display();
    let mut arguments = vec![format!("mem={memory_mib}M"), format!("uml_dir={job}/uml")];
    arguments.extend(FIXED.map(str::to_owned));
    // `init` gets the last two in its environment, as the kernel does with what it does not know.
    arguments.extend([format!("init={job}/init.sh"), format!("VM_JOB={job}"), format!("VM_MODS={MODULES}")]);
    arguments
}

/// The consoles: 0 is the kernel's own, 1 and 2 carry the command's outputs. The initialisers left out only cost
/// time: they measure RAID checksums or belong to what is not used.
const FIXED: [&str; 11] = [
    "root=/dev/root",
    "rootfstype=hostfs",
    "rootflags=/",
    "ro",
    "quiet",
    "con=null",
    "con0=null,fd:3",
    "con1=null,fd:1",
    "con2=null,fd:2",
    "pty.legacy_count=0",
    "initcall_blacklist=raid6_select_algo,init_zswap,init_jfs_fs,strp_dev_init",
];

/// Whether /dev/shm has room for the guest's memory: containers often have 64 MiB there.
fn shared_memory_holds(memory_mib: u32) -> bool {
    let asked = Command::new("df").args(["--output=avail", "--block-size=1M", "/dev/shm"]).output();
    asked.is_ok_and(|said| available(&String::from_utf8_lossy(&said.stdout)) >= Some(memory_mib.into()))
}

/// The figure below the heading.
fn available(said: &str) -> Option<u64> {
    said.lines().nth(1)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_learns_where_the_job_is() {
        let arguments = arguments(Path::new("/tmp/job"), 256);
        for wanted in ["mem=256M", "uml_dir=/tmp/job/uml", "init=/tmp/job/init.sh", "VM_JOB=/tmp/job"] {
            assert!(arguments.iter().any(|argument| argument == wanted), "{wanted}: {arguments:?}");
        }
    }

    #[test]
    fn a_list_of_processors_names_each() {
        assert_eq!(processors("\t0-2,5\n"), [0, 1, 2, 5]);
        assert_eq!(processors("7"), [7]);
        for odd in ["", "0-", "x", "1,,2", "3-1"] {
            assert_eq!(processors(odd), [0_u16; 0], "{odd:?}");
        }
    }

    #[test]
    fn the_room_in_shared_memory_is_below_the_heading() {
        assert_eq!(available("Avail\n24001\n"), Some(24_001));
        assert_eq!(available("Avail\n  64\n"), Some(64));
        assert_eq!(available("df: /dev/shm: No such file or directory\n"), None);
    }
}
