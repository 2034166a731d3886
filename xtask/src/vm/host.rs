//! The machine's own kernel, where it has IPVS.

use std::path::Path;
use std::process::{Command, Stdio};

use super::job::Job;
use crate::run::is_root;

/// Whether this kernel has IPVS and we may use it: as root, for namespaces and modules are needed.
pub(super) fn has_ipvs() -> bool {
    if !is_root() {
        return false;
    }
    if !Path::new(TABLE).exists() {
        // A machine without modprobe or without the module says so by its status; the file tells in any case.
        let _ = Command::new("modprobe")
            .args(["-q", "ip_vs"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    Path::new(TABLE).exists()
}

/// Network, processes and mounts of its own; the files are the machine's.
pub(super) fn command(job: &Job) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "unshare", "--net", "--mount", "--ipc", "--pid", "--fork"]);
    command.args(["--kill-child", "--mount-proc", "sh", "-c"]);
    // Its network namespaces are not to stay when it is killed.
    command.arg("mkdir -p /run/netns && mount -t tmpfs netns /run/netns && bash \"$1\"; exit");
    command.arg("sh").arg(job.file("run.sh"));
    command.env("VM_JOB", job.folder());
    command
}

/// Every network namespace has this file when the module is loaded.
const TABLE: &str = "/proc/net/ip_vs";
