//! The daemons that are measured.

use std::path::{Path, PathBuf};
use std::process::Command;

use vip_lab::daemon::Program;

use crate::{Failure, stand_in};

/// A daemon and how to start it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Contender {
    /// Its name in the tables.
    pub(crate) label: String,
    line: String,
}

/// Where a router of the lab has its files.
pub(crate) const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";

impl Contender {
    /// Those of the command line; without any, vipd as it is built here and keepalived if it is installed.
    pub(crate) fn all(lines: &[String]) -> Result<Vec<Self>, Failure> {
        if !lines.is_empty() {
            return lines.iter().map(|line| Self::named(line)).collect();
        }
        let vipd = Self::new("vipd", &build_vipd()?, ARGUMENTS);
        let keepalived = Path::new(KEEPALIVED);
        if !keepalived.exists() {
            eprintln!("keepalived is not installed: vipd is measured alone");
            return Ok(vec![vipd]);
        }
        Ok(vec![vipd, Self::new("keepalived", keepalived, ARGUMENTS)])
    }

    /// The one of an option.
    pub(crate) fn named(line: &str) -> Result<Self, Failure> {
        Self::parse(line).ok_or_else(|| format!("{line}: not LABEL=COMMAND").into())
    }

    /// The same as load balancers. Where the kernel has no IPVS, vipd runs dry, and a library stands in for it with
    /// keepalived.
    pub(crate) fn balancers(lines: &[String]) -> Result<Vec<Self>, Failure> {
        if !lines.is_empty() {
            return Self::all(lines);
        }
        let has_ipvs = has_ipvs();
        let dry = if has_ipvs { "" } else { " --ipvs-dry-run" };
        let mut all = vec![Self::new("vipd", &build_vipd()?, &format!("{LVS_ARGUMENTS}{dry}"))];
        let keepalived = Path::new(KEEPALIVED);
        if !keepalived.exists() {
            eprintln!("keepalived is not installed: vipd is measured alone");
        } else if has_ipvs {
            all.push(Self::new("keepalived", keepalived, LVS_ARGUMENTS));
        } else {
            eprintln!("this kernel has no IPVS: vipd runs dry, and keepalived with a stand-in for it");
            let preload = format!("LD_PRELOAD={} {KEEPALIVED} {LVS_ARGUMENTS}", stand_in::build()?.display());
            all.push(Self::new("keepalived", Path::new("env"), &preload));
        }
        Ok(all)
    }

    fn new(label: &str, program: &Path, arguments: &str) -> Self {
        Self { label: label.to_owned(), line: format!("{} {arguments}", program.display()) }
    }

    /// `LABEL=COMMAND`.
    fn parse(text: &str) -> Option<Self> {
        let (label, line) = text.split_once('=')?;
        let usable = !label.is_empty() && !label.contains([' ', '/']) && !line.trim().is_empty();
        usable.then(|| Self { label: label.to_owned(), line: line.to_owned() })
    }

    /// The command that starts it in a router of the lab.
    pub(crate) fn command(&self) -> Command {
        let line = self.line.replace("{pid}", "/run/daemon.pid").replace("{dir}", "/run");
        // Never empty: `parse` has seen to it.
        Program::parse(&line).map_or_else(|| Command::new(""), |program| program.command(CONFIGURATION))
    }

    /// The command that tests a configuration.
    pub(crate) fn check(&self, configuration: &Path) -> Command {
        let mut command = Command::new(self.program());
        command.arg("-t").arg("-f").arg(configuration);
        command
    }

    fn program(&self) -> &str {
        self.line.split_whitespace().next().unwrap_or_default()
    }
}

/// `-G`: without it each line of the log costs more than a millisecond where there is no syslog.
const ARGUMENTS: &str = "-n -l -G -P -f {conf} -p {pid} -r {dir}/vrrp.pid";

const LVS_ARGUMENTS: &str = "-n -l -G -C -f {conf} -p {pid} -c {dir}/checkers.pid";

const KEEPALIVED: &str = "/usr/sbin/keepalived";

/// Whether this kernel can balance loads: the module makes the file.
fn has_ipvs() -> bool {
    Path::new("/proc/net/ip_vs").exists()
}

/// Builds vipd beside this program, as this program was built, and gives its path.
fn build_vipd() -> Result<PathBuf, Failure> {
    let own = std::env::current_exe()?;
    let folder = own.parent().ok_or("this program is nowhere")?;
    let path = folder.join("vipd");
    let Some(cargo) = std::env::var_os("CARGO") else {
        let found = path.exists().then_some(path);
        return found
            .ok_or_else(|| "no vipd beside this program: run it with cargo, or give --daemon".into());
    };
    let mut command = Command::new(cargo);
    command.args(["build", "-q", "-p", "vipd", "--bin", "vipd"]);
    if folder.ends_with("release") {
        command.arg("--release");
    } else {
        eprintln!("not a release build: the figures mean nothing");
    }
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    command.current_dir(env!("CARGO_MANIFEST_DIR"));
    if command.status()?.success() { Ok(path) } else { Err("vipd does not build".into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_router_are_put_where_the_command_line_says() {
        let contender =
            Contender::parse("ka=/usr/sbin/keepalived -n -f {conf} -p {pid} -r {dir}/v.pid").unwrap();
        let command = contender.command();
        let words: Vec<_> = command.get_args().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(command.get_program(), "/usr/sbin/keepalived");
        assert_eq!(words, ["-n", "-f", CONFIGURATION, "-p", "/run/daemon.pid", "-r", "/run/v.pid"]);
    }

    #[test]
    fn a_daemon_needs_a_label_and_a_command() {
        for text in ["", "keepalived", "=x", "x=", "/usr/bin/x --a=b"] {
            assert_eq!(Contender::parse(text), None, "{text}");
        }
    }
}
