//! Processes killed at every phase of a daemon's life, while two routers' kernels are asked which of them holds the address.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use fastrand::Rng;
use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::address_watch::AddressWatch;

use super::ownership::longest;
use super::reloads::virtual_addresses;
use super::variant::{INSTANCES, Variant};
use crate::Failure;
use crate::configuration::address;
use crate::contender::{CONFIGURATION, Contender};
use crate::options::Options;
use crate::report::{Table, Unit};
use crate::stage::Stage;
use crate::theory::{Mode, Protocol};

const PROTOCOL: Protocol = Protocol { version: 3, interval: Duration::from_millis(100) };
const PRIORITIES: [u8; 2] = [200, 100];
/// Interval at which the kernels are asked: the resolution of the measure.
const PERIOD: Duration = Duration::from_millis(1);
/// Scheduling and the measure itself may add this much.
const SLACK: Duration = Duration::from_millis(60);
/// An ordered stop ends by then.
const END: Duration = Duration::from_secs(10);
/// A service manager starts a daemon again after this long.
const RESTART: Duration = Duration::from_millis(100);
/// A takeover is left alone for so long before anything is started again.
const AFTER_TAKEOVER: Duration = Duration::from_millis(300);
/// Everything is as before by then.
const SETTLED: Duration = Duration::from_secs(20);

/// The occupation of the daemon when one of its processes is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Steady,
    Start,
    Reload,
    Takeover,
    Stop,
}

const PHASES: [Phase; 5] = [Phase::Steady, Phase::Start, Phase::Reload, Phase::Takeover, Phase::Stop];

/// The process that is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    Parent,
    Worker,
}

/// A process of one router, killed in one phase.
#[derive(Clone, Copy, Debug)]
struct Fault {
    phase: Phase,
    victim: Victim,
    router: usize,
}

impl Fault {
    /// Whether the only daemon that had not been stopped was killed as a whole.
    fn nobody_is_left(self) -> bool {
        self.phase == Phase::Takeover && self.victim == Victim::Parent && self.router == 1
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steady => "steady",
            Self::Start => "start",
            Self::Reload => "reload",
            Self::Takeover => "takeover",
            Self::Stop => "stop",
        })
    }
}

/// The daemon that is struck, and the one on the other router.
#[derive(Clone, Copy, Debug)]
struct Daemons<'a> {
    struck: &'a Contender,
    peer: &'a Contender,
}

impl<'a> Daemons<'a> {
    /// The one of a router, when another one is struck.
    fn of(self, router: usize, fault: Fault) -> &'a Contender {
        if router == fault.router { self.struck } else { self.peer }
    }
}

/// Kills processes of each daemon, beside `peer` or another of the same.
pub(super) fn measure(contenders: &[Contender], peer: Option<&Contender>, options: &Options) -> Table {
    let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
    let beside = peer.map(|peer| format!(" beside {}", peer.label)).unwrap_or_default();
    let title = format!("{} times kill -9{beside}, {PROTOCOL}, seed {}", options.kills, options.seed);
    let mut table = Table::new(title, labels, &MEASURES);
    for (daemon, contender) in contenders.iter().enumerate() {
        let mut random = Rng::with_seed(options.seed);
        let daemons = Daemons { struck: contender, peer: peer.unwrap_or(contender) };
        for round in 1..=options.kills {
            let phase = PHASES[usize::try_from(round).unwrap_or(0) % PHASES.len()];
            let victim = if random.bool() { Victim::Parent } else { Victim::Worker };
            let router = random.usize(0..PRIORITIES.len());
            let what = format!("round {round}: {phase}, {victim:?} of router {router}");
            match trial(daemons, Fault { phase, victim, router }, &mut random) {
                Ok(outcome) => outcome.judge(&what, &mut table, daemon),
                Err(failure) => table.complain(daemon, format!("{what}: {failure}")),
            }
        }
    }
    table
}

const MEASURES: [(&str, Unit); 3] = [
    ("both hold it, ms", Unit::Micros),
    ("nobody holds it, ms", Unit::Micros),
    ("settled after, ms", Unit::Micros),
];

/// The observations of one kill.
struct Outcome {
    both: Duration,
    none: Duration,
    settled: Option<Duration>,
    /// On routers that had stopped.
    left: Vec<String>,
    /// For how long the fault itself left no daemon running.
    dead: Duration,
    log: String,
}

impl Outcome {
    fn judge(&self, what: &str, table: &mut Table, daemon: usize) {
        let most_both = PROTOCOL.interval + PROTOCOL.skew(PRIORITIES[1]) + SLACK;
        let most_none = PROTOCOL.wait(Mode::Kill, PRIORITIES[1]) + SLACK + self.dead;
        let mut wrong = Vec::new();
        if self.both > most_both {
            wrong.push(format!("two owners for {:?}", self.both));
        }
        if self.none > most_none {
            wrong.push(format!("no owner for {:?}", self.none));
        }
        if self.settled.is_none() {
            wrong.push("not as before after a while".to_owned());
        }
        wrong.extend(self.left.iter().map(|left| format!("left behind: {left}")));
        if !wrong.is_empty() {
            table.complain(daemon, format!("{what}: {}\n{}", wrong.join(", "), self.log));
        }
        let micros = |time: Duration| i64::try_from(time.as_micros()).ok();
        table.add(daemon, [micros(self.both), micros(self.none), self.settled.and_then(micros)]);
    }
}

fn trial(daemons: Daemons<'_>, fault: Fault, random: &mut Rng) -> Result<Outcome, Failure> {
    let plain = PRIORITIES.map(Variant::plain);
    let mut stage = Stage::new(PRIORITIES.len(), INSTANCES)?;
    let captures = stage.listen()?;
    for (router, variant) in plain.iter().enumerate() {
        stage.start_with(daemons.of(router, fault), &variant.text())?;
    }
    stage.settle(&captures, PROTOCOL, INSTANCES)?;
    let watched = IpAddr::V4(address(0));
    let holdings = [
        AddressWatch::start(stage.router(0)?, watched, PERIOD)?,
        AddressWatch::start(stage.router(1)?, watched, PERIOD)?,
    ];
    std::thread::sleep(Duration::from_millis(20));
    let from = Stamp::now();
    let reloaded = (fault.phase == Phase::Reload)
        .then(|| (0..6).fold(plain[fault.router].clone(), |last, _| last.next(random)));
    let struck = inject(fault, daemons.struck, reloaded.as_ref(), &mut stage, random)?;
    restart_ended(&mut stage, fault, daemons)?;
    // A peer may take its time to end, and nothing is started before.
    let dead = if fault.nobody_is_left() { struck.at.elapsed() } else { Duration::ZERO };
    let serving = reloaded.as_ref().filter(|_| fault.router == 0).unwrap_or(&plain[0]);
    let settled = await_settled(&stage, &serving.addresses(), fault)?;
    std::thread::sleep(Duration::from_millis(50));
    let [first, second] = holdings.map(|holding| holding.changes());
    let judged = longest(&first, &second, from, Stamp::now());
    let (both, none, left) = (judged.both, judged.none, struck.left);
    Ok(Outcome { both, none, settled, left, dead, log: stage.last_words() })
}

/// A process was killed.
struct Struck {
    at: Instant,
    /// Addresses that a stop left behind.
    left: Vec<String>,
}

/// Brings the daemon into the phase and kills the process at a random moment of it.
fn inject(
    fault: Fault,
    contender: &Contender,
    reloaded: Option<&Variant>,
    stage: &mut Stage,
    random: &mut Rng,
) -> Result<Struck, Failure> {
    let Fault { phase, victim, router } = fault;
    let mut pause = |longest_us| std::thread::sleep(Duration::from_micros(random.u64(0..longest_us)));
    let mut left = Vec::new();
    let strike = |stage: &mut Stage| {
        stage.strike(router, victim == Victim::Worker)?;
        Ok::<_, Failure>(Instant::now())
    };
    let at = match phase {
        Phase::Steady => strike(stage)?,
        Phase::Start => {
            stage.daemon(router)?.signal(Signal::SIGTERM)?;
            stage.daemon(router)?.wait(END)?;
            stage.restart(router, contender)?;
            pause(200_000);
            strike(stage)?
        }
        Phase::Reload => {
            stage
                .router(router)?
                .write_file(CONFIGURATION, reloaded.map(Variant::text).unwrap_or_default())?;
            stage.daemon(router)?.signal(Signal::SIGHUP)?;
            pause(25_000);
            strike(stage)?
        }
        Phase::Takeover => {
            stage.daemon(0)?.signal(Signal::SIGTERM)?;
            pause(120_000);
            let at = strike(stage)?;
            stage.daemon(0)?.wait(END)?;
            std::thread::sleep(AFTER_TAKEOVER);
            at
        }
        Phase::Stop => {
            stage.daemon(router)?.signal(Signal::SIGTERM)?;
            pause(25_000);
            let at = strike(stage)?;
            stage.daemon(router)?.wait(END)?;
            std::thread::sleep(Duration::from_millis(700));
            let found = virtual_addresses(stage.router(router)?)?;
            left.extend((!found.is_empty()).then(|| format!("{} addresses on router {router}", found.len())));
            at
        }
    };
    Ok(Struck { at, left })
}

/// Starts daemons that have ended, as a service manager does.
fn restart_ended(stage: &mut Stage, fault: Fault, daemons: Daemons<'_>) -> Result<(), Failure> {
    for number in 0..PRIORITIES.len() {
        if !stage.daemon(number)?.is_running() {
            std::thread::sleep(RESTART);
            stage.restart(number, daemons.of(number, fault))?;
        }
    }
    Ok(())
}

/// Waits until the first router holds everything and the second one nothing. After a reload the second one serves those
/// instances that the first one lacks.
fn await_settled(
    stage: &Stage,
    wanted: &BTreeSet<Ipv4Addr>,
    fault: Fault,
) -> Result<Option<Duration>, Failure> {
    let start = Instant::now();
    while start.elapsed() < SETTLED {
        let first = virtual_addresses(stage.router(0)?)?;
        let second = virtual_addresses(stage.router(1)?)?;
        if first == *wanted && (fault.phase == Phase::Reload || second.is_empty()) {
            return Ok(Some(start.elapsed()));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(None)
}
