//! vipd and keepalived at the same time, each in a LAN of its own, with the same file and the same events.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ipnetwork::IpNetwork;
use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::daemon::LogLine;

use crate::common::hosts::{Maker, Router, WORKER_PID, shell_in};
use crate::common::lan::Lan;
use crate::common::wire::Wire;

/// A configuration, and what happens to the daemon that runs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// See [`expand`].
    pub(crate) file: &'static str,
    pub(crate) steps: &'static [Step],
    /// The row of COMPATIBILITY.md that explains why keepalived does something else; empty where both do the same.
    pub(crate) differs: &'static str,
}

/// Something that happens, and texts that what is seen afterwards contains (or does not, after `!`).
pub(crate) type Step = (Act, &'static [&'static str]);

#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Start,
    /// Somebody types this in the machine, which has `eth0` and `eth1`.
    Sh(&'static str),
    /// Somebody types this in another machine of the LAN; its output stays a part of the observations.
    Far(&'static str),
    /// The daemon is told to reload, with this file.
    Reload(&'static str),
    /// The VRRP worker is killed.
    KillWorker,
    /// All processes of the daemon are killed, and it is started again.
    Crash,
    Stop,
    /// A keepalived with this file starts on another machine.
    Peer(&'static str),
    PeerStop,
}

const FIFO: &str = "/etc/keepalived/fifo";
const LINES: &str = "/etc/keepalived/lines";
/// Least time of a step, so that an unwanted effect has the time to happen.
const SETTLE: Duration = Duration::from_millis(1100);
const SOON: Duration = Duration::from_secs(6);
/// The LANs are mostly waiting.
const AT_ONCE: usize = 8;
const COMPATIBILITY: &str = include_str!("../../../../COMPATIBILITY.md");

/// Addresses, routes, rules and links as they are, without what is in every machine or differs by chance.
const LOOK: &str = r"
ip -o addr | grep -vE 'fe80::([0-9a-f]+:){3}|[0-9]: lo ' | sed -E 's/^[0-9]+: /addr /; s/\\.*//; s/ proto [a-z]+//; s/ +/ /g'
for f in -4 -6; do ip $f route show table all | grep -vE '^(local|broadcast|multicast|anycast|ff00|fe80::/64) ' |
  sed -E 's/ proto keepalived//; s/^/route /; s/ linkdown//'
ip $f rule | grep -vE 'lookup (local|main|default) *$' | sed -E 's/ proto keepalived//; s/^/rule /'; done
ip -o -d link | grep -E 'vlan mode' | sed -E 's/^[0-9]+: ([^:@]*).*(link\/ether [^ ]*).*(macvlan|ipvlan) *(mode [a-z0-9]*).*/link \1 \2 \3 \4/'
grep . /run/record /run/ran 2>/dev/null | sed -E 's/^.*:/ran /' | sort
";

/// Lines of keepalived's log that say nothing here.
const NOISE: [&str; 5] = ["ending gratuitous", "nsolicited", "Assigned address", "Registering", "sockpool"];

/// Plays all rows, several at once, and fails with all that is wrong.
pub(crate) fn play_all(rows: &[&'static [Row]]) {
    let chosen = std::env::var("SCENARIO").unwrap_or_default();
    let rows: Vec<&Row> = rows.iter().copied().flatten().filter(|row| row.name.contains(&chosen)).collect();
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let result = catch_unwind(AssertUnwindSafe(|| play(row)));
                    if let Err(text) = result.unwrap_or_else(|_| Err("it panicked".to_owned())) {
                        wrong.lock().unwrap().push(format!("=== {}: {text}", row.name));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} of {} are wrong\n{}", wrong.len(), rows.len(), wrong.join("\n"));
}

fn play(row: &Row) -> Result<(), String> {
    if !row.differs.is_empty() {
        assert!(COMPATIBILITY.contains(row.differs), "no row {:?} in COMPATIBILITY.md", row.differs);
    }
    let mut sides = [Maker::Vipd, Maker::Keepalived].map(Side::new);
    let mut did_differ = false;
    for (number, (act, expected)) in row.steps.iter().enumerate() {
        for side in &mut sides {
            side.act(row.file, *act);
        }
        std::thread::sleep(SETTLE);
        let deadline = Instant::now() + SOON;
        loop {
            let [mut ours, mut theirs] = [&sides[0], &sides[1]].map(Side::look);
            if matches!(act, Act::KillWorker) {
                // The successor here goes on where the other one was killed.
                theirs.retain(|line| !line.starts_with("fifo ") && !line.starts_with("ran "));
                ours.retain(|line| !line.starts_with("ran "));
            }
            let missing: Vec<_> = expected.iter().filter(|text| !has(&ours, text)).collect();
            let same = ours == theirs;
            let is_right = missing.is_empty() && (same || !row.differs.is_empty());
            if is_right {
                did_differ |= !same;
                break;
            }
            if Instant::now() > deadline {
                return Err(format!(
                    "step {number}, {act:?}\nmissing {missing:?}\nboth {}\nvipd {}\nkeepalived {}\nlog {}\nlog of keepalived {}",
                    list(&ours, |line| theirs.contains(line)),
                    list(&ours, |line| !theirs.contains(line)),
                    list(&theirs, |line| !ours.contains(line)),
                    sides[0].log(),
                    sides[1].log(),
                ));
            }
            std::thread::sleep(Duration::from_millis(150));
        }
        for side in &mut sides {
            side.seen = side.lines().len();
            side.lan.routers[0].shell("rm -f /run/record /run/ran");
        }
    }
    if row.differs.is_empty() || did_differ { Ok(()) } else { Err("keepalived does the same".to_owned()) }
}

fn has(seen: &[String], text: &str) -> bool {
    match text.strip_prefix('!') {
        Some(text) => !seen.iter().any(|line| line.contains(text)),
        None => seen.iter().any(|line| line.contains(text)),
    }
}

fn list(lines: &[String], wanted: impl Fn(&String) -> bool) -> String {
    let lines: Vec<_> =
        lines.iter().filter(|line| wanted(line)).map(|line| format!("\n    {line}")).collect();
    lines.concat()
}

/// A LAN with a daemon under test.
struct Side {
    lan: Lan,
    /// Lines of the FIFO that earlier steps have seen.
    seen: usize,
    /// Output of the last [`Act::Far`].
    far: String,
}

impl Side {
    fn new(maker: Maker) -> Self {
        let network = |last: u8| IpNetwork::new([192, 0, 2, last].into(), 24).unwrap();
        let lan =
            Lan::of(&[("a", maker, network(1)), ("b", Maker::Keepalived, network(2))], network(250), &[]);
        let router = &lan.routers[0];
        router.shell(&format!(
            "ip -6 addr add 2001:db8::1/64 dev eth0; ip link add name eth1 type veth peer name far; ip link set far up; \
             ip link set eth1 up; ip addr add 198.51.100.1/24 dev eth1; mkfifo {FIFO}; \
             (while :; do cat {FIFO}; done >{LINES}) </dev/null >/dev/null 2>&1 &"
        ));
        lan.routers[1].shell("ip -6 addr add 2001:db8::2/64 dev eth0");
        shell_in(&lan.listener, "ip -6 addr add 2001:db8::250/64 dev eth0; ip link set eth0 promisc on");
        shell_in(lan.lab.switch(), "ip link set lan type bridge ageing_time 0");
        Self { lan, seen: 0, far: String::new() }
    }

    fn act(&mut self, file: &str, act: Act) {
        let router = &mut self.lan.routers[0];
        match act {
            Act::Start => router.start(&expand(file)),
            Act::Sh(text) => _ = router.shell(text),
            Act::Far(text) => self.far = shell_in(&self.lan.listener, text),
            Act::Reload(file) => {
                router.configure(&expand(file));
                router.signal(Signal::SIGHUP);
            }
            Act::KillWorker => _ = router.shell(&format!("kill -9 $(cat {WORKER_PID})")),
            Act::Crash => {
                router.kill();
                // keepalived does not start where such a number is in use again.
                router.shell("rm -f /run/*.pid");
                router.start_again();
            }
            Act::Stop => _ = router.stop(),
            Act::Peer(file) => self.lan.routers[1].start(&expand(file)),
            Act::PeerStop => _ = self.lan.routers[1].stop(),
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = self.lan.routers[0].host.read_file(LINES).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    /// Content of the kernel, lines of the FIFO in this step, and the frames that are sent.
    fn look(&self) -> Vec<String> {
        let router = &self.lan.routers[0];
        let mut seen: Vec<String> =
            router.shell(LOOK).lines().map(|line| line.trim().replace('\t', " ")).collect();
        let mut lines = self.lines().split_off(self.seen);
        lines.sort();
        seen.extend(lines.iter().map(|line| format!("fifo {line}")));
        seen.extend(self.far.lines().map(|line| format!("far {line}")));
        seen.extend(last_adverts(&self.lan.wire, &self.lan.routers[1]));
        seen
    }

    fn log(&self) -> String {
        let lines = self.lan.routers[0].log();
        let of_use = |line: &&LogLine| !NOISE.iter().any(|text| line.text.contains(text));
        let lines: Vec<_> = lines
            .iter()
            .filter(of_use)
            .map(|line| {
                format!(
                    "
    {}",
                    line.text
                )
            })
            .collect();
        lines[lines.len().saturating_sub(14)..].concat()
    }
}

/// VRID and priority of those that are not silent.
fn last_adverts(wire: &Wire, peer: &Router) -> Vec<String> {
    let since = Stamp::from_epoch(
        Stamp::now().since(Stamp::from_epoch(Duration::ZERO)).saturating_sub(Duration::from_millis(700)),
    );
    let sources = peer.sources();
    let mut last = std::collections::BTreeMap::new();
    for (_, advert) in wire.adverts(since) {
        if !sources.contains(&advert.source) {
            last.insert((advert.vrid, advert.source.is_ipv6()), advert.priority);
        }
    }
    last.into_iter()
        .map(|((vrid, is_ipv6), priority)| {
            format!("sent {vrid} {priority}{}", if is_ipv6 { " v6" } else { "" })
        })
        .collect()
}

/// Writes a file out: `; ` ends a line, braces stand alone, and `vrrp_instance NAME INTERFACE VRID PRIORITY` has its
/// parts as lines.
fn expand(file: &str) -> String {
    let lines = file.replace("; ", "\n").replace("{ ", "{\n").replace(" }", "\n}");
    let global = format!("script_user root\nenable_script_security\nvrrp_notify_fifo {FIFO}");
    let head = format!("global_defs {{\n{global}\n}}");
    std::iter::once(head).chain(lines.lines().map(expand_line)).collect::<Vec<_>>().join("\n") + "\n"
}

fn expand_line(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    match words.as_slice() {
        ["vrrp_instance", name, interface, vrid, priority, "{"] => format!(
            "vrrp_instance {name} {{\nversion 3\ninterface {interface}\nvirtual_router_id {vrid}\npriority {priority}\n\
             advert_int 0.2"
        ),
        _ => line.to_owned(),
    }
}
