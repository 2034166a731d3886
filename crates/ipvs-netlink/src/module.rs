//! Loading the kernel module, where the kernel does not do it by itself when somebody asks for IPVS.

use std::fs;
use std::io;
use std::process::{Command, Stdio};

/// Asks the system's `modprobe` for `ip_vs`, and waits for it.
///
/// A kernel whose module has the alias `net-pf-16-proto-16-family-IPVS` (Linux 6.1 has) loads it when a client connects, and
/// this is for those that have not. Scheduler modules need no such help either: the kernel loads them when a service
/// names them.
///
/// Needs the right to load modules, so a daemon does this before it drops privileges, once
/// [`Client::connect`](crate::Client::connect) has said [`Error::NoIpvs`](crate::Error::NoIpvs).
///
/// # Errors
/// When there is no `modprobe`, or it fails: no such module, or no right to load it.
pub fn load_module() -> io::Result<()> {
    let modprobe = fs::read_to_string(MODPROBE_SETTING).unwrap_or_default();
    let modprobe = match modprobe.trim() {
        "" => "/sbin/modprobe",
        path => path,
    };
    let output = Command::new(modprobe)
        .args(["--", "ip_vs"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let words = words.lines().next().unwrap_or("no reason given").trim().to_owned();
    Err(io::Error::other(format!("{modprobe} ip_vs: {}: {words}", output.status)))
}

/// Where the administrator says which program loads modules.
const MODPROBE_SETTING: &str = "/proc/sys/kernel/modprobe";
