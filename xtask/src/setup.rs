//! What the tests need beside Rust: the peers to talk to, and a kernel with IPVS.

use std::io;
use std::process::{Command, Stdio};

use crate::run::has;

/// A program that some tests need, and the Debian package that has it.
#[derive(Debug)]
struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

/// What the tests talk to. A line more is all that another program takes.
const PEERS: &[Need] = &[
    Need { program: "keepalived", package: "keepalived", why: "the peer of the interoperability tests" },
    Need { program: "haproxy", package: "haproxy", why: "what the examples watch" },
    Need { program: "killall", package: "psmisc", why: "what the examples watch it with" },
    Need { program: "bash", package: "bash", why: "check scripts in bash's syntax" },
    Need { program: "ipvsadm", package: "ipvsadm", why: "another view of the kernel's IPVS tables" },
    Need { program: "exim4", package: "exim4-daemon-light", why: "a mail server that alerts are sent to" },
    Need { program: "dnsmasq", package: "dnsmasq-base", why: "a DNS server that is checked" },
    Need { program: "strace", package: "strace", why: "counts messages to the kernel" },
    Need { program: "nginx", package: "nginx-light", why: "a real server behind the load balancer" },
];

/// What `cargo xtask vm` needs.
const VM: &[Need] = &[
    Need { program: "linux.uml", package: "user-mode-linux", why: "a kernel with IPVS" },
    Need { program: "busybox", package: "busybox-static", why: "the first program of that kernel" },
    Need { program: "ip", package: "iproute2", why: "its loopback interface" },
];

/// Installs what is missing, where that is possible. Gives what is still missing then.
///
/// What `cargo xtask vm` needs is not among that: the kernel that runs already may do, and a test that finds none
/// says so.
pub(crate) fn install() -> Vec<String> {
    install_missing("test peers", PEERS);
    let left: Vec<String> = missing(PEERS)
        .map(|need| format!("{} (package {}): {}", need.program, need.package, need.why))
        .collect();
    for need in &left {
        println!("missing: {need}");
    }
    left
}

/// Installs what `cargo xtask vm` needs, where that is possible.
pub(crate) fn install_vm() {
    install_missing("a kernel with IPVS", VM);
}

/// Whether packages can be installed. The effective user id of this process, as the kernel tells it.
pub(crate) fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}

fn missing(needs: &[Need]) -> impl Iterator<Item = &Need> {
    needs.iter().filter(|need| !has(need.program))
}

/// Everything it says goes to standard error: the output of `cargo xtask vm` is its command's.
fn install_missing(what: &str, needs: &[Need]) {
    let packages: Vec<&str> = missing(needs).map(|need| need.package).collect();
    if packages.is_empty() || !has("apt-get") || !is_root() {
        return;
    }
    eprintln!("==> {what}: installing {}", packages.join(" "));
    let apt = |words: &[&str]| {
        let mut command = Command::new("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive").args(words);
        command.stdin(Stdio::null()).stdout(io::stderr());
        command.status().is_ok_and(|status| status.success())
    };
    let words = ["-qq", "install", "-y", "--no-install-recommends"];
    let good = apt(&["-qq", "update"]) && apt(&[&words, packages.as_slice()].concat());
    eprintln!("==> {what}: {}", if good { "ok" } else { "FAILED" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_there_is_not_missing() {
        let needs = [
            Need { program: "sh", package: "dash", why: "" },
            Need { program: "no-such-program", package: "none", why: "" },
        ];
        let packages: Vec<_> = missing(&needs).map(|need| need.package).collect();
        assert_eq!(packages, ["none"]);
    }
}
