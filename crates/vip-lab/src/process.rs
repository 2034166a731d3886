//! Process trees, read from `/proc` and killed without letting any of them say goodbye.

use std::fs;
use std::path::PathBuf;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Kills (SIGKILL) `root` and everything below it. The tree is stopped first, so that a parent cannot restart a
/// dead child and a child cannot leave in order because its parent died.
pub(super) fn kill_tree(root: u32) {
    for pid in stop_tree(root) {
        send(pid, Signal::SIGKILL);
    }
}

/// Stops (SIGSTOP) `root` and everything below it; gives them all.
fn stop_tree(root: u32) -> Vec<u32> {
    let mut stopped = vec![root];
    send(root, Signal::SIGSTOP);
    // A child forked before its parent was stopped is found by the next round.
    for _round in 0..8 {
        let found = descendants(root, &parents());
        let new: Vec<u32> = found.into_iter().filter(|pid| !stopped.contains(pid)).collect();
        if new.is_empty() {
            break;
        }
        for &pid in &new {
            send(pid, Signal::SIGSTOP);
        }
        stopped.extend(new);
    }
    stopped
}

/// Sends `signal` to `root` and everything below it.
pub(super) fn signal_tree(root: u32, signal: Signal) {
    if signal == Signal::SIGSTOP {
        stop_tree(root);
        return;
    }
    for pid in std::iter::once(root).chain(descendants(root, &parents())) {
        send(pid, signal);
    }
}

/// Kills (SIGKILL) every process in the process namespace of `init` but `init` itself.
pub(super) fn kill_namespace_of(init: u32) {
    let Some(namespace) = namespace(init) else { return };
    for signal in [Signal::SIGSTOP, Signal::SIGKILL] {
        for pid in pids().filter(|&pid| pid != init && self::namespace(pid).as_ref() == Some(&namespace)) {
            send(pid, signal);
        }
    }
}

fn send(pid: u32, signal: Signal) {
    if let Ok(pid) = i32::try_from(pid) {
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

fn namespace(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/ns/pid")).ok()
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Each process with its parent.
fn parents() -> Vec<(u32, u32)> {
    pids()
        .filter_map(|pid| Some((pid, parent(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?)))
        .collect()
}

/// The parent in the text of `/proc/pid/stat`; the name before it may hold spaces and parentheses.
fn parent(stat: &str) -> Option<u32> {
    stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(1)?.parse().ok()
}

fn descendants(root: u32, parents: &[(u32, u32)]) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&above) = found.get(next) {
        next += 1;
        found.extend(parents.iter().filter(|&&(_, parent)| parent == above).map(|&(pid, _)| pid));
    }
    found.remove(0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_hide_the_parent() {
        assert_eq!(parent("4711 (a) S 1) S 815 4711 4711 0"), Some(815));
        assert_eq!(parent("garbage"), None);
    }

    #[test]
    fn descendants_are_found_at_every_depth_and_no_other_process() {
        let parents = [(2, 1), (3, 2), (4, 3), (5, 1), (6, 4)];
        assert_eq!(descendants(2, &parents), vec![3, 4, 6]);
    }
}
