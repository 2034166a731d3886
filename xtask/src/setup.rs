//! The needs of the tests beside Rust: the peers to talk to, and a kernel with IPVS.

use std::path::Path;
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::run::{has, is_root};
use crate::vm::architecture::{Architecture, virtiofsd};

/// A program that some tests need, and the Debian package that has it.
#[derive(Debug)]
struct Need {
    program: &'static str,
    package: &'static str,
    why: &'static str,
}

/// Programs that the tests talk to. Another program takes one line more.
const PEERS: &[Need] = &[
    Need { program: "keepalived", package: "keepalived", why: "the peer of the interoperability tests" },
    Need { program: "haproxy", package: "haproxy", why: "watched by the examples" },
    Need { program: "killall", package: "psmisc", why: "used by the examples to watch it" },
    Need { program: "bash", package: "bash", why: "check scripts in bash's syntax" },
    Need { program: "ipvsadm", package: "ipvsadm", why: "another view of the kernel's IPVS tables" },
    Need { program: "exim4", package: "exim4-daemon-light", why: "a mail server that alerts are sent to" },
    Need { program: "dnsmasq", package: "dnsmasq-base", why: "a DNS server that is checked" },
    Need { program: "strace", package: "strace", why: "counts messages to the kernel" },
    Need { program: "nginx", package: "nginx-light", why: "a real server behind the load balancer" },
    Need { program: "redis-server", package: "redis-server", why: "a server that is checked" },
    Need { program: "mariadbd", package: "mariadb-server", why: "a database that is checked" },
    Need { program: "pg_lsclusters", package: "postgresql", why: "a database that is checked" },
    Need {
        program: "promtool",
        package: "prometheus",
        why: "reads the metrics, the alert rules and the dashboard",
    },
    Need { program: "chromedriver", package: "chromium-driver", why: "a browser that shows the page" },
    Need { program: "npm", package: "npm", why: "fetches axe-core, which looks at the page" },
    Need { program: "slapd", package: "slapd", why: "a directory that is checked" },
];

/// Programs that `cargo xtask vm` needs.
const VM: &[Need] = &[
    Need { program: "linux.uml", package: "user-mode-linux", why: "a kernel with IPVS" },
    Need { program: "busybox", package: "busybox-static", why: "the first program of that kernel" },
    Need { program: "ip", package: "iproute2", why: "its loopback interface" },
];

/// Installs what is missing, where that is possible. Gives what is still missing then.
///
/// The programs of `cargo xtask vm` are not among them: the kernel that runs already may do, and a test that finds none
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

/// Installs what `cargo xtask vm --qemu` needs beside a kernel, where that is possible.
pub(crate) fn install_qemu() {
    const WHAT: &str = "an emulated machine";
    let Some(here) = Architecture::here() else { return };
    let qemu = Need { program: here.program, package: here.package, why: "the machine" };
    let [_, guest @ ..] = VM else { return };
    let packages: Vec<&str> = missing(guest).chain(missing(&[qemu])).map(|need| need.package).collect();
    install_packages(WHAT, &packages);
    if has(here.program) && virtiofsd().is_none() {
        install_packages(WHAT, &["virtiofsd"]);
    }
}

/// Unpacks Debian's kernel in that folder, without installing it. Everything it says goes to standard error.
pub(crate) fn fetch_kernel(here: &Architecture, folder: &Path) -> io::Result<()> {
    eprintln!("==> a kernel: fetching what {} depends on", here.kernel);
    fs::create_dir_all(folder)?;
    // The newest kernel of the release; the package's last word. The list of its modules comes last: without it there is
    // no kernel here.
    let script = "set -e; cd \"$1\"; export LC_ALL=C; rm -rf boot lib usr ./*.deb
        package=$(apt-cache depends --important \"$2\" | sed -n 's/.*Depends: //p' | grep ^linux-image- | head -n 1)
        apt-get -qq download \"${package:-$2}\"
        dpkg -x ./*.deb .
        rm ./*.deb
        if command -v depmod >/dev/null; then depmod -b . \"$(ls lib/modules)\"; else busybox depmod -b . \"$(ls lib/modules)\"; fi";
    let mut command = Command::new("sh");
    command.args(["-c", script, "sh"]).arg(folder).arg(here.kernel).stdin(Stdio::null()).stdout(io::stderr());
    if command.status()?.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{} cannot be fetched by apt-get", here.kernel)))
    }
}

fn missing(needs: &[Need]) -> impl Iterator<Item = &Need> {
    needs.iter().filter(|need| !has(need.program))
}

fn install_missing(what: &str, needs: &[Need]) {
    let packages: Vec<&str> = missing(needs).map(|need| need.package).collect();
    install_packages(what, &packages);
}

/// Everything it says goes to standard error: the output of `cargo xtask vm` is its command's.
fn install_packages(what: &str, packages: &[&str]) {
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
    let good = apt(&["-qq", "update"]) && apt(&[&words, packages].concat());
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
