//! What the tests need beside Rust: the peers to talk to.

use std::process::Command;

use crate::run::{has, step};

/// A program that some tests need, and the Debian package that has it.
struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

const NEEDS: [Need; 4] = [
    Need { program: "keepalived", package: "keepalived", why: "the peer of the interoperability tests" },
    Need { program: "haproxy", package: "haproxy", why: "what the examples watch" },
    Need { program: "killall", package: "psmisc", why: "what the examples watch it with" },
    Need { program: "bash", package: "bash", why: "check scripts in bash's syntax" },
];

/// Installs what is missing, where that is possible. Gives what is still missing then.
pub(crate) fn install() -> Vec<String> {
    let missing = || NEEDS.iter().filter(|need| !has(need.program));
    let packages: Vec<&str> = missing().map(|need| need.package).collect();
    if !packages.is_empty() && has("apt-get") && is_root() {
        let apt = |words: &[&str]| {
            let mut command = Command::new("apt-get");
            command.env("DEBIAN_FRONTEND", "noninteractive").args(words);
            command
        };
        step("package lists", &mut apt(&["-qq", "update"]));
        let mut words = vec!["-qq", "install", "-y", "--no-install-recommends"];
        words.extend(&packages);
        step("test peers", &mut apt(&words));
    }
    let left: Vec<String> =
        missing().map(|need| format!("{} (package {}): {}", need.program, need.package, need.why)).collect();
    for need in &left {
        println!("missing: {need}");
    }
    left
}

/// Whether packages can be installed. The effective user id of this process, as the kernel tells it.
fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}
