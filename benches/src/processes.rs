//! Use of memory and CPU by a process tree, read from `/proc`.

use std::fs::{read_dir, read_to_string};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Use by a process and all its descendants at a moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    /// Processes.
    pub(crate) processes: i64,
    /// Resident memory, pages shared with others included, in kB.
    pub(crate) rss_kb: i64,
    /// Resident memory that nobody else has, in kB.
    pub(crate) private_kb: i64,
    /// Open file descriptors.
    pub(crate) descriptors: i64,
    /// Number of times that a thread has waited for something, since it began.
    pub(crate) waits: i64,
    /// CPU time since the beginning, in nanoseconds.
    pub(crate) cpu_ns: i64,
}

impl Usage {
    /// Of the tree below `root`, itself included.
    pub(crate) fn of_tree(root: u32) -> Self {
        let mut all = Self::default();
        for pid in tree_of(root) {
            let status = read(&format!("/proc/{pid}/status"));
            let memory = read(&format!("/proc/{pid}/smaps_rollup"));
            all.processes += 1;
            all.rss_kb += field(&status, "VmRSS:");
            all.private_kb += field(&memory, "Private_Clean:") + field(&memory, "Private_Dirty:");
            all.descriptors += count(&format!("/proc/{pid}/fd"));
            for thread in names(&format!("/proc/{pid}/task")) {
                all.waits +=
                    field(&read(&format!("/proc/{pid}/task/{thread}/status")), "voluntary_ctxt_switches:");
                all.cpu_ns += first(&read(&format!("/proc/{pid}/task/{thread}/schedstat")));
            }
        }
        all
    }
}

/// CPU time of one process since it began, all its threads together, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cpu {
    /// In its own code; how the total is split is sampled by the kernel's tick.
    pub(crate) user: i64,
    /// In the kernel.
    pub(crate) system: i64,
    /// Both, and more exactly.
    pub(crate) total: i64,
}

impl Cpu {
    /// Nothing if there is no such process.
    pub(crate) fn of(pid: u32) -> Self {
        let (user, system) = times(&read(&format!("/proc/{pid}/stat"))).unwrap_or_default();
        let threads = names(&format!("/proc/{pid}/task"));
        let exact: i64 =
            threads.iter().map(|thread| first(&read(&format!("/proc/{pid}/task/{thread}/schedstat")))).sum();
        // A kernel may not count that closely.
        let total = if exact > 0 { exact } else { user + system };
        Self { user, system, total }
    }
}

/// Resident memory of one process, in kB.
pub(crate) fn rss_kb(pid: u32) -> i64 {
    field(&read(&format!("/proc/{pid}/status")), "VmRSS:")
}

/// SYNs that were sent once more in the network namespace of a process: somebody's queue was full.
pub(crate) fn syns_repeated(pid: u32) -> i64 {
    column(&read(&format!("/proc/{pid}/net/netstat")), "TcpExt:", "TCPSynRetrans")
}

/// The number below a name in a table of two lines that begin with the same word; 0 without one.
fn column(text: &str, word: &str, name: &str) -> i64 {
    let mut lines = text.lines().filter(|line| line.starts_with(word));
    let (Some(names), Some(values)) = (lines.next(), lines.next()) else { return 0 };
    let mut pairs = names.split_whitespace().zip(values.split_whitespace());
    pairs.find(|(found, _)| *found == name).map_or(0, |(_, value)| first(value))
}

/// User and system time in the text of `/proc/pid/stat`, in nanoseconds; the name before them may hold anything.
fn times(stat: &str) -> Option<(i64, i64)> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace().skip(11);
    let mut next = || Some(fields.next()?.parse::<i64>().ok()? * TICK_NS);
    Some((next()?, next()?))
}

/// Every architecture of Linux that matters tells times in hundredths of a second.
const TICK_NS: i64 = 10_000_000;

/// A process and all its descendants, parents before their children.
pub(crate) fn tree_of(root: u32) -> Vec<u32> {
    tree(root, &parents())
}

/// Keeps a process, or with 0 the calling thread, to one processor; without effect where there is no such processor.
pub(crate) fn pin(pid: u32, processor: usize) {
    let mut set = CpuSet::new();
    if set.set(processor).is_ok() {
        let _ = sched_setaffinity(Pid::from_raw(i32::try_from(pid).unwrap_or_default()), &set);
    }
}

/// Kills (SIGKILL) a whole tree that was found before, so that no time passes between its processes. Its root is stopped
/// first: it can neither restart a child nor does its end tell the children to leave in order.
pub(crate) fn kill_at_once(tree: &[u32]) {
    let send = |pid: &u32, signal| {
        // One that is gone already is fine.
        let _ = i32::try_from(*pid).map(|pid| kill(Pid::from_raw(pid), signal));
    };
    if let Some(root) = tree.first() {
        send(root, Signal::SIGSTOP);
    }
    for pid in tree.iter().rev() {
        send(pid, Signal::SIGKILL);
    }
}

fn read(path: &str) -> String {
    read_to_string(path).unwrap_or_default()
}

fn names(path: &str) -> Vec<String> {
    let entries = read_dir(path).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

fn count(path: &str) -> i64 {
    i64::try_from(names(path).len()).unwrap_or(i64::MAX)
}

/// The number behind `name` at the start of a line; 0 without one.
fn field(text: &str, name: &str) -> i64 {
    text.lines().find_map(|line| line.strip_prefix(name)).map_or(0, first)
}

fn first(text: &str) -> i64 {
    text.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// Each process with its parent.
fn parents() -> Vec<(u32, u32)> {
    let pids = names("/proc").into_iter().filter_map(|name| name.parse::<u32>().ok());
    pids.filter_map(|pid| Some((pid, parent(&read(&format!("/proc/{pid}/stat")))?))).collect()
}

/// The parent in the text of `/proc/pid/stat`; the name before it may hold spaces and parentheses.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn tree(root: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        next += 1;
        found.extend(parents.iter().filter(|&&(_, parent)| parent == above).map(|&(pid, _)| pid));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_whole_name_at_the_start_of_a_line() {
        let status =
            "Name:\tx\nnonvoluntary_ctxt_switches:\t7\nvoluntary_ctxt_switches:\t12\nVmRSS:\t    4096 kB\n";
        assert_eq!(field(status, "voluntary_ctxt_switches:"), 12);
        assert_eq!(field(status, "VmRSS:"), 4096);
        assert_eq!(field(status, "VmSwap:"), 0);
    }

    #[test]
    fn the_tree_holds_the_root_and_what_is_below_it() {
        assert_eq!(tree(2, &[(2, 1), (3, 2), (4, 3), (5, 1)]), [2, 3, 4]);
        assert_eq!(parent("7 (a) S 1) S 6 7 7 0"), Some(6));
    }

    #[test]
    fn a_counter_stands_below_its_name() {
        let text = "TcpExt: SyncookiesSent TCPSynRetrans\nTcpExt: 7 12\nIpExt: InNoRoutes\nIpExt: 3\n";
        assert_eq!(column(text, "TcpExt:", "TCPSynRetrans"), 12);
        assert_eq!(column(text, "TcpExt:", "Other"), 0);
        assert_eq!(column("", "TcpExt:", "Other"), 0);
    }

    #[test]
    fn times_are_the_fourteenth_field_and_the_next() {
        let stat = "7 (a) b) S 6 7 7 0 -1 4194304 100 0 0 0 12 34 5 6 20 0 1 0";
        assert_eq!(times(stat), Some((120_000_000, 340_000_000)));
        assert_eq!(times("7 (a) S 6"), None);
    }

    #[test]
    fn this_process_has_memory_and_descriptors() {
        let usage = Usage::of_tree(std::process::id());
        assert!(usage.processes >= 1 && usage.rss_kb > 0 && usage.descriptors > 2, "{usage:?}");
    }
}
