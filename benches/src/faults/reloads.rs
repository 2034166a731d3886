//! Reloads in a row, a fifth of them of damaged files, while instances that no edit touches are watched.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use fastrand::Rng;
use nix::sys::signal::Signal;
use vip_lab::capture::{Capture, Sighting};
use vip_lab::frame::Frame;
use vip_lab::{Host, Stamp};

use super::variant::{Damage, INSTANCES, UNCHANGED, Variant};
use crate::Failure;
use crate::contender::{CONFIGURATION, Contender};
use crate::options::Options;
use crate::report::{Table, Unit};
use crate::stage::Stage;
use crate::theory::Protocol;

const PROTOCOL: Protocol = Protocol { version: 3, interval: Duration::from_millis(100) };
const PRIORITIES: [u8; 2] = [200, 100];
/// Longer than this no unchanged router may be silent.
const MOST_SILENCE: Duration = Duration::from_millis(150);
/// A reload has to be in the kernel by then.
const EFFECT: Duration = Duration::from_secs(3);
/// Between the effect of a reload and the next one.
const PAUSE: Duration = Duration::from_millis(60);

pub(super) fn measure(contenders: &[Contender], options: &Options) -> Table {
    let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
    let title = format!(
        "{} reloads, a fifth of damaged files, {INSTANCES} instances, {PROTOCOL}, seed {}",
        options.reloads, options.seed
    );
    let mut table = Table::new(title, labels, &MEASURES);
    for (daemon, contender) in contenders.iter().enumerate() {
        if let Err(failure) = series(contender, options, &mut table, daemon) {
            table.complain(daemon, failure);
        }
    }
    table
}

const MEASURES: [(&str, Unit); 3] = [
    ("SIGHUP to effect, ms", Unit::Micros),
    ("longest silence, ms", Unit::Micros),
    ("transitions", Unit::Count),
];

fn series(contender: &Contender, options: &Options, table: &mut Table, daemon: usize) -> Result<(), Failure> {
    let mut random = Rng::with_seed(options.seed);
    let mut stage = Stage::new(PRIORITIES.len(), INSTANCES)?;
    let captures = stage.listen()?;
    for priority in PRIORITIES {
        stage.start_with(contender, &Variant::plain(priority).text())?;
    }
    stage.settle(&captures, PROTOCOL, INSTANCES)?;
    let positions: Vec<usize> = captures.iter().map(Capture::position).collect();
    let transitions = entered(&stage)?;
    let mut variant = Variant::plain(PRIORITIES[0]);
    for number in 1..=options.reloads {
        let damage = (number % 5 == 0).then(|| random.choice(Damage::ALL)).flatten();
        let next = variant.next(&mut random);
        let text = match damage {
            Some(damage) => damage.apply(&next.text(), &mut random),
            None => next.text().into_bytes(),
        };
        stage.router(0)?.write_file(CONFIGURATION, text)?;
        stage.daemon(0)?.signal(Signal::SIGHUP)?;
        if damage.is_none() {
            variant = next;
        } else {
            // Time to do the wrong thing.
            std::thread::sleep(MOST_SILENCE);
        }
        match await_addresses(stage.router(0)?, &variant.addresses())? {
            Ok(effect) if damage.is_none() => table.add(daemon, [Some(micros(effect))]),
            Ok(_) => {}
            Err(difference) => {
                table.complain(daemon, format!("after reload {number} ({damage:?}): {difference}"));
            }
        }
        std::thread::sleep(PAUSE);
    }
    let seen =
        captures.iter().zip(positions).flat_map(|(capture, from)| capture.after(from)).collect::<Vec<_>>();
    let silence = longest_silence(&seen);
    if silence > MOST_SILENCE {
        table.complain(daemon, format!("an unchanged router was silent for {silence:?}"));
    }
    if seen.iter().any(|sighting| sighting.port != 0 && vrid_of(sighting).is_some()) {
        table.complain(daemon, "the backup advertised an unchanged router");
    }
    let moved = entered(&stage)?.saturating_sub(transitions);
    if moved > 0 {
        table.complain(daemon, format!("{moved} transitions of unchanged routers"));
    }
    table.add(daemon, [None, Some(micros(silence)), i64::try_from(moved).ok()]);
    stop_and_look(&mut stage, table, daemon)
}

/// After an orderly stop no virtual address is left anywhere.
fn stop_and_look(stage: &mut Stage, table: &mut Table, daemon: usize) -> Result<(), Failure> {
    for number in 0..PRIORITIES.len() {
        stage.daemon(number)?.signal(Signal::SIGTERM)?;
        if stage.daemon(number)?.wait(Duration::from_secs(10))?.is_none() {
            table.complain(daemon, format!("router {number} does not stop"));
        }
        let left = virtual_addresses(stage.router(number)?)?;
        if !left.is_empty() {
            table.complain(daemon, format!("router {number} keeps {left:?} after its stop"));
        }
    }
    Ok(())
}

/// Waits until a router holds just these virtual addresses: after how long, or what is different.
fn await_addresses(host: &Host, wanted: &BTreeSet<Ipv4Addr>) -> Result<Result<Duration, String>, Failure> {
    let start = Instant::now();
    loop {
        let held = virtual_addresses(host)?;
        if held == *wanted {
            return Ok(Ok(start.elapsed()));
        }
        if start.elapsed() > EFFECT {
            let (left, missing): (Vec<_>, Vec<_>) =
                (held.difference(wanted).collect(), wanted.difference(&held).collect());
            return Ok(Err(format!("left {left:?}, missing {missing:?}")));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Own addresses of the laboratory have 0 in the third octet.
pub(super) fn virtual_addresses(host: &Host) -> Result<BTreeSet<Ipv4Addr>, Failure> {
    let all = host.addresses()?;
    let v4 = all.into_iter().filter_map(|(_, ip)| match ip {
        IpAddr::V4(ip) if !ip.is_loopback() && ip.octets()[2] != 0 => Some(ip),
        _ => None,
    });
    Ok(v4.collect())
}

/// Number of changes of state of unchanged instances on the first router, by its log.
fn entered(stage: &Stage) -> Result<usize, Failure> {
    let unchanged = |line: &str| {
        let number = line.split_once("(V")?.1.split_once(')')?.0.parse::<u16>().ok()?;
        (number < UNCHANGED).then_some(())
    };
    let log = stage.log(0)?;
    Ok(log.iter().filter(|line| line.text.contains("Entering") && unchanged(&line.text).is_some()).count())
}

/// The VRID of an advertisement of an unchanged router.
fn vrid_of(sighting: &Sighting) -> Option<u8> {
    match sighting.frame {
        Frame::Advert(advert) if u16::from(advert.vrid) <= UNCHANGED => Some(advert.vrid),
        _ => None,
    }
}

fn longest_silence(seen: &[Sighting]) -> Duration {
    let mut last: BTreeMap<u8, Stamp> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for sighting in seen.iter().filter(|sighting| sighting.port == 0) {
        if let Some(vrid) = vrid_of(sighting)
            && let Some(earlier) = last.insert(vrid, sighting.at)
        {
            longest = longest.max(sighting.at.since(earlier));
        }
    }
    longest
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
