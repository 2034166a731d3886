//! A machine with a daemon under test.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use vip_lab::address_watch::AddressWatch;
use vip_lab::daemon::{Daemon, LogLine, Program};
use vip_lab::{Host, Stamp};
use vrrp_linux::links::LinkCommands;

use super::conf::{OWN_NUMBER, PEER_NUMBER, RECORD, RECORDER, RECORDER_TEXT};
use super::eventually;

/// The maker of a daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    Vipd,
    Keepalived,
}

/// Whether keepalived can run scripts here. It drops all groups before it does, and in an ordinary user's own
/// namespace the kernel does not let it.
pub fn keepalived_runs_scripts() -> bool {
    fs::read_to_string("/proc/self/setgroups").is_ok_and(|may| may.trim() == "allow")
}

pub const KEEPALIVED: &str = "/usr/sbin/keepalived";
pub const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";
pub const PID: &str = "/run/keepalived.pid";
pub const WORKER_PID: &str = "/run/vrrp.pid";
pub const CHECKERS_PID: &str = "/run/checkers.pid";

impl Maker {
    pub fn program(self) -> Program {
        // The lab's machines have no syslog.
        Program::new(
            self.path(),
            &["-n", "-l", "-D", "-G", "-P", "-f", "{conf}", "-p", PID, "-r", WORKER_PID],
        )
    }

    /// The same with its load balancer, where that is configured.
    pub fn whole_program(self) -> Program {
        self.whole_program_with(&[])
    }

    /// The same with more options.
    pub fn whole_program_with(self, options: &[&str]) -> Program {
        let pids = ["-p", PID, "-r", WORKER_PID, "-c", CHECKERS_PID];
        let usual = ["-n", "-l", "-D", "-G", "-f", "{conf}"];
        Program::new(self.path(), &[usual.as_slice(), &pids, options].concat())
    }

    fn path(self) -> &'static str {
        match self {
            Self::Vipd => env!("CARGO_BIN_EXE_vipd"),
            Self::Keepalived => KEEPALIVED,
        }
    }
}

/// The kernel gives an interface its link-local address a moment after it came up; a daemon that starts before is in FAULT
/// for that moment.
fn await_link_local(host: &Host) {
    let is_there = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let deadline = Instant::now() + Duration::from_secs(2);
    while !host.addresses().unwrap().iter().any(|(_, ip)| is_there(ip)) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Output of a shell in a machine.
pub fn shell_in(host: &Host, text: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-c", text]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = host.spawn(command).unwrap().wait_with_output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A machine of the LAN that runs a daemon.
#[derive(Debug)]
pub struct Router {
    pub host: Host,
    pub maker: Maker,
    pub daemon: Option<Daemon>,
    pub interface: &'static str,
    /// The program that is started as the daemon.
    pub program: Program,
    earlier_log: Vec<LogLine>,
    holdings: Vec<(IpAddr, AddressWatch)>,
    /// Times in which this machine is not expected to know better: dead, cut off, or just back.
    excused: Vec<(Stamp, Option<Stamp>)>,
}

impl Router {
    pub fn new(host: Host, maker: Maker, watched: &[IpAddr]) -> Self {
        // Where daemons and the tests' scripts write.
        for directory in ["/etc/keepalived", "/etc/vipd", "/run/keepalived", "/run/vipd"] {
            host.private_directory(directory).unwrap();
        }
        if watched.iter().any(IpAddr::is_ipv6) {
            await_link_local(&host);
        }
        let holding = |address: &IpAddr| {
            (*address, AddressWatch::start(&host, *address, Duration::from_millis(10)).unwrap())
        };
        let holdings = watched.iter().map(holding).collect();
        let router = Self {
            host,
            maker,
            daemon: None,
            interface: "eth0",
            program: maker.program(),
            earlier_log: Vec::new(),
            holdings,
            excused: Vec::new(),
        };
        router.install(RECORDER, RECORDER_TEXT);
        router
    }

    /// Writes a program that only this machine has.
    pub fn install(&self, path: &'static str, text: &str) {
        self.host.write_file(path, text).unwrap();
        self.host.run(move || fs::set_permissions(path, fs::Permissions::from_mode(0o755))).unwrap().unwrap();
    }

    /// Writes the configuration and starts the daemon.
    pub fn start(&mut self, configuration: &str) {
        self.configure(configuration);
        self.start_again();
    }

    pub fn configure(&self, configuration: &str) {
        let (own, peer) = if self.host.name() == "a" { ("1", "2") } else { ("2", "1") };
        let text = configuration.replace(OWN_NUMBER, own).replace(PEER_NUMBER, peer);
        self.host.write_file(CONFIGURATION, text).unwrap();
    }

    /// Starts the daemon with the configuration that is there.
    pub fn start_again(&mut self) {
        self.keep_log();
        let command = self.program.command(CONFIGURATION);
        self.daemon = Some(Daemon::start(&self.host, command).unwrap());
    }

    pub fn signal(&self, signal: Signal) {
        self.daemon.as_ref().unwrap().signal(signal).unwrap();
    }

    /// A signal that has no name.
    pub fn signal_number(&self, number: i32) {
        let pid = self.daemon.as_ref().unwrap().id();
        let output = self.shell(&format!("kill -{number} $(cat {PID}) && echo sent"));
        assert_eq!(output, "sent", "to {pid}");
    }

    /// Stops the daemon in order. Gives its exit status and how long it took.
    pub fn stop(&mut self) -> (ExitStatus, Duration) {
        let start = Instant::now();
        self.signal(Signal::SIGTERM);
        let status = self.wait(Duration::from_secs(5));
        (status, start.elapsed())
    }

    /// Waits for the daemon to end.
    #[track_caller]
    pub fn wait(&mut self, bound: Duration) -> ExitStatus {
        self.daemon.as_mut().unwrap().wait(bound).unwrap().expect("the daemon still runs")
    }

    /// Kills the daemon with all that it started; its objects in the kernel stay. From now on nothing is expected of
    /// this machine until [`trust`](Self::trust).
    pub fn kill(&mut self) {
        self.excuse();
        self.daemon.as_mut().unwrap().kill();
    }

    pub fn excuse(&mut self) {
        self.excused.push((Stamp::now(), None));
    }

    pub fn trust(&mut self) {
        if let Some((_, end @ None)) = self.excused.last_mut() {
            *end = Some(Stamp::now());
        }
    }

    pub fn is_excused(&self) -> bool {
        matches!(self.excused.last(), Some((_, None)))
    }

    /// Whether the machine has this address.
    pub fn holds(&self, address: IpAddr) -> bool {
        self.holding(address).holds()
    }

    pub fn holding(&self, address: IpAddr) -> &AddressWatch {
        self.holdings.iter().find_map(|(of, holding)| (*of == address).then_some(holding)).unwrap()
    }

    /// From when to when it held this address while something was expected of it.
    pub fn held(&self, address: IpAddr) -> Vec<(Stamp, Stamp)> {
        let changes = self.holding(address).changes();
        let ends = changes.iter().map(|(at, _)| *at).skip(1).chain([Stamp::now()]);
        let held = changes.iter().zip(ends).filter(|((_, held), _)| *held).map(|((from, _), to)| (*from, to));
        held.flat_map(|span| self.without_excuses(span)).collect()
    }

    fn without_excuses(&self, span: (Stamp, Stamp)) -> Vec<(Stamp, Stamp)> {
        self.excused.iter().fold(vec![span], |spans, (from, to)| {
            let to = to.unwrap_or_else(Stamp::now);
            let parts = spans.into_iter().flat_map(|(a, b)| [(a, b.min(*from)), (a.max(to), b)]);
            parts.filter(|(a, b)| a < b).collect()
        })
    }

    /// The interface's own addresses that adverts can come from.
    pub fn sources(&self) -> Vec<IpAddr> {
        self.host.addresses().unwrap().into_iter().filter(|(on, _)| on == "eth0").map(|(_, ip)| ip).collect()
    }

    /// The calls of the notify scripts, in the order they ran.
    pub fn record(&self) -> Vec<String> {
        self.host.read_file(RECORD).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    /// Waits until the notify scripts of this instance were called for these states, each once, and in this order.
    ///
    /// keepalived starts scripts at once and lets them overtake each other, so only their number is compared; and
    /// nothing where it [cannot run them](keepalived_runs_scripts).
    #[track_caller]
    pub fn expect_record(&self, instance: &str, states: &[&str]) {
        if self.maker == Maker::Keepalived && !keepalived_runs_scripts() {
            return;
        }
        let order = |mut lines: Vec<String>| {
            if self.maker == Maker::Keepalived {
                lines.sort();
            }
            lines
        };
        let specific: Vec<_> =
            states.iter().map(|state| format!("{instance} {}", state.to_lowercase())).collect();
        let generic: Vec<_> = states.iter().map(|state| format!("INSTANCE {instance} {state}")).collect();
        let (specific, generic) = (order(specific), order(generic));
        let seen = |prefix: &str| -> Vec<String> {
            let lines = self.record().into_iter().filter(|line| line.starts_with(&format!("{prefix} ")));
            // The priority comes last; it is looked at where it matters.
            lines
                .map(|line| line.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end().to_owned())
                .collect()
        };
        let place = std::panic::Location::caller();
        let generic_prefix = format!("INSTANCE {instance}");
        for _ in 0..200 {
            if order(seen(instance)) == specific && order(seen(&generic_prefix)) == generic {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{place}: expected the states {states:?}, scripts were called with {:#?}", self.record());
    }

    /// All that the daemon said, also before it was started again.
    pub fn log(&self) -> Vec<LogLine> {
        let now = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
        self.earlier_log.iter().cloned().chain(now).collect()
    }

    pub fn log_count(&self, text: &str) -> usize {
        self.log().iter().filter(|line| line.text.contains(text)).count()
    }

    /// Waits until the daemon has said this.
    #[track_caller]
    pub fn expect_log(&self, text: &str, bound: Duration) {
        eventually(&format!("log line {text:?}"), bound, || self.log_count(text) > 0);
    }

    /// Output of a shell in this machine.
    pub fn shell(&self, text: &str) -> String {
        shell_in(&self.host, text)
    }

    /// Asks the kernel of this machine for a change.
    pub fn links<T: Send + 'static>(
        &self,
        change: impl FnOnce(&mut LinkCommands, u32) -> io::Result<T> + Send + 'static,
    ) -> T {
        let interface = self.interface;
        let change = move || {
            let mut links = LinkCommands::open()?;
            let index = links.index_of(interface).map_err(io::Error::other)?;
            change(&mut links, index)
        };
        self.host.run(change).unwrap().unwrap()
    }

    fn keep_log(&mut self) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.kill();
            self.earlier_log.extend(daemon.log());
        }
    }
}
