//! One machine, one daemon, and what happens to it.

use std::net::IpAddr;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::common::conf::V3_CALM;
use crate::common::eventually;
use crate::common::hosts::{Maker, Router, WORKER_PID};
use crate::common::lan::Lan;

/// A configuration, and what happens to the daemon that runs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    /// Names it where it fails.
    pub(crate) name: &'static str,
    /// The file, without `global_defs`.
    pub(crate) file: &'static str,
    /// From the start to the end.
    pub(crate) steps: &'static [Step],
}

/// Something that happens, and what it leads to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) act: Act,
    /// The lines in the FIFO. Those of instances come in any order; those of groups stand where they stand here.
    pub(crate) lines: &'static [&'static str],
    /// Which addresses are on the interfaces afterwards, of those that end with [`WATCHED`], by their last numbers.
    pub(crate) holds: &'static [u8],
}

#[derive(Clone, Copy, Debug)]
#[allow(dead_code, reason = "not every table uses everything")]
pub(crate) enum Act {
    /// The daemon starts.
    Start,
    /// Somebody types this in the machine, which has `eth0` (192.0.2.1) and `eth1` (198.51.100.1).
    Shell(&'static str),
    /// The file is replaced by this one, and the daemon is told to reload.
    Reload(&'static str),
    /// The VRRP worker is killed.
    KillWorker,
    /// The daemon is told to stop.
    Stop,
}

/// Last numbers of the addresses that are looked at, in 192.0.2.0/24.
const WATCHED: [u8; 3] = [101, 102, 103];

const FIFO: &str = "/etc/keepalived/fifo";
const LINES: &str = "/etc/keepalived/lines";
const SOON: Duration = Duration::from_secs(5);

/// Plays a scenario with a daemon, and fails where something else comes of it.
pub(crate) fn play(scenario: &Scenario, maker: Maker) {
    let mut lan = Lan::new(V3_CALM, &[maker], &WATCHED);
    let vips = WATCHED.map(|last| (last, lan.vip(last)));
    let router = &mut lan.routers[0];
    router.shell(
        "ip link add name eth1 type veth peer name far; ip link set dev far up; ip link set dev eth1 up; \
         ip addr add 198.51.100.1/24 dev eth1",
    );
    router.shell(&format!("mkfifo {FIFO}"));
    // A reader sees the end at keepalived's reload, and opens the FIFO again.
    router.shell(&format!("(while :; do cat {FIFO}; done >{LINES}) </dev/null >/dev/null 2>&1 &"));
    let mut seen = 0;
    for (number, step) in scenario.steps.iter().enumerate() {
        let place = format!("{maker:?}, {}, step {number} ({:?})", scenario.name, step.act);
        act(router, scenario.file, step.act);
        let due = seen + step.lines.len();
        eventually(&format!("{place}: {} lines", step.lines.len()), SOON, || lines(router).len() >= due);
        let new = lines(router).split_off(seen);
        assert_eq!(shape(&new), shape(step.lines), "{place}");
        seen = due;
        eventually(&format!("{place}: it holds {:?}", step.holds), SOON, || {
            held(router, &vips) == step.holds
        });
    }
    assert_eq!(
        lines(router).split_off(seen),
        [""; 0],
        "{maker:?}, {}: lines nobody asked for",
        scenario.name
    );
}

fn act(router: &mut Router, file: &str, act: Act) {
    let whole = |file: &str| {
        format!(
            "global_defs {{\n script_user root\n enable_script_security\n vrrp_notify_fifo {FIFO}\n}}\n{file}"
        )
    };
    match act {
        Act::Start => router.start(&whole(file)),
        Act::Shell(text) => _ = router.shell(text),
        Act::Reload(file) => {
            let done = |router: &Router| router.log_count("Reload complete");
            let before = done(router);
            router.configure(&whole(file));
            router.signal(Signal::SIGHUP);
            eventually("the reload is complete", SOON, || done(router) > before);
        }
        Act::KillWorker => _ = router.shell(&format!("kill -9 $(cat {WORKER_PID})")),
        Act::Stop => _ = router.stop(),
    }
}

fn lines(router: &Router) -> Vec<String> {
    router.host.read_file(LINES).unwrap_or_default().lines().map(str::to_owned).collect()
}

fn held(router: &Router, vips: &[(u8, IpAddr)]) -> Vec<u8> {
    vips.iter().filter(|(_, address)| router.holds(*address)).map(|(last, _)| *last).collect()
}

/// Lines of instances in an order of their own, and the places of all others.
fn shape<S: AsRef<str>>(lines: &[S]) -> (Vec<&str>, Vec<(usize, &str)>) {
    let lines = lines.iter().map(AsRef::as_ref).enumerate();
    let (mut instances, mut others) = (Vec::new(), Vec::new());
    for (place, line) in lines {
        if line.starts_with("INSTANCE") {
            instances.push(line);
        } else {
            others.push((place, line));
        }
    }
    instances.sort_unstable();
    (instances, others)
}
