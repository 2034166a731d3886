//! A reload (SIGHUP) of 255 instances with one address more or less: when it has taken effect, and whether any
//! instance was silent or taken over meanwhile.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::address_watch::AddressWatch;
use vip_lab::capture::{Capture, Sighting};
use vip_lab::frame::Frame;

use crate::Failure;
use crate::configuration::Configuration;
use crate::contender::Contender;
use crate::options::Options;
use crate::report::{Table, Unit};
use crate::stage::Stage;
use crate::theory::Protocol;

const INSTANCES: u16 = 255;
/// The address that comes and goes.
const EXTRA: Ipv4Addr = Ipv4Addr::new(10, 0, 200, 1);
/// Interval at which the kernel is asked for it: the resolution of the first measure.
const PERIOD: Duration = Duration::from_micros(500);

pub(crate) fn measure(contenders: &[Contender], options: &Options, show: &mut impl FnMut(Table)) {
    for interval_ms in [1000, 100] {
        let protocol = Protocol { version: 3, interval: Duration::from_millis(interval_ms) };
        let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
        let mut table = Table::new(format!("reload, {INSTANCES} instances, {protocol}"), labels, &MEASURES);
        for (daemon, contender) in contenders.iter().enumerate() {
            if let Err(failure) = series(contender, protocol, options.trials, &mut table, daemon) {
                table.complain(daemon, failure);
            }
        }
        show(table);
    }
}

const MEASURES: [(&str, Unit); 4] = [
    ("SIGHUP to effect, ms", Unit::Micros),
    ("longest silence before, ms", Unit::Micros),
    ("longest silence after, ms", Unit::Micros),
    ("adverts of the backup", Unit::Count),
];

/// All trials of one daemon, one after the other in one lab: to start 255 instances takes longer than to reload.
fn series(
    contender: &Contender,
    protocol: Protocol,
    trials: u32,
    table: &mut Table,
    daemon: usize,
) -> Result<(), Failure> {
    let mut stage = Stage::new(2, INSTANCES)?;
    let captures = stage.listen()?;
    let mut active =
        Configuration { protocol, instances: INSTANCES, priority: 200, serves: true, excluded: None };
    stage.start(contender, &active)?;
    stage.start(contender, &Configuration { priority: 100, serves: false, ..active })?;
    stage.settle(&captures, protocol, INSTANCES)?;
    // The second burst of announcements comes five seconds after the first.
    std::thread::sleep(Duration::from_secs(6));
    for _trial in 0..trials {
        active.excluded = active.excluded.xor(Some(EXTRA));
        let values = reload(&mut stage, &captures, &active)?;
        let [effect, _, _, taken] = values;
        if effect.is_none() {
            table.complain(daemon, "THE RELOAD had no effect");
        }
        if taken != Some(0) {
            table.complain(daemon, "THE BACKUP ADVERTISED during a reload");
        }
        table.add(daemon, values);
    }
    Ok(())
}

fn reload(
    stage: &mut Stage,
    captures: &[Capture],
    configuration: &Configuration,
) -> Result<[Option<i64>; 4], Failure> {
    let interval = configuration.protocol.interval;
    let quiet = interval * 3 + Duration::from_millis(100);
    stage.configure(0, configuration)?;
    let holding = AddressWatch::start(stage.router(0)?, IpAddr::V4(EXTRA), PERIOD)?;
    let positions: Vec<usize> = captures.iter().map(Capture::position).collect();
    std::thread::sleep(quiet);

    let at = Stamp::now();
    stage.daemon(0)?.signal(Signal::SIGHUP)?;
    let deadline = Instant::now() + Duration::from_secs(5);
    let wanted = configuration.excluded.is_some();
    while holding.holds() != wanted && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(quiet);

    let changes = holding.changes();
    let effect =
        changes.iter().find(|(seen, held)| *held == wanted && *seen > at).map(|(seen, _)| seen.since(at));
    let seen: Vec<Vec<Sighting>> =
        captures.iter().zip(positions).map(|(capture, position)| capture.after(position)).collect();
    let longest = |after| seen.iter().map(|seen| longest_silence(seen, at, after)).max().unwrap_or_default();
    let taken: usize = seen.iter().map(|seen| adverts_of_others(seen)).sum();
    Ok([
        effect.map(micros),
        Some(micros(longest(false))),
        Some(micros(longest(true))),
        i64::try_from(taken).ok(),
    ])
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

/// The longest time between two advertisements of one VRID by the first router; `after`: of those that end after
/// `at`, else of those that end before.
fn longest_silence(seen: &[Sighting], at: Stamp, after: bool) -> Duration {
    let mut last: BTreeMap<u8, Stamp> = BTreeMap::new();
    let mut longest = Duration::ZERO;
    for sighting in seen.iter().filter(|sighting| sighting.port == 0) {
        let Frame::Advert(advert) = sighting.frame else { continue };
        if let Some(earlier) = last.insert(advert.vrid, sighting.at)
            && (sighting.at > at) == after
        {
            longest = longest.max(sighting.at.since(earlier));
        }
    }
    longest
}

fn adverts_of_others(seen: &[Sighting]) -> usize {
    let is_other = |sighting: &&Sighting| sighting.port != 0 && matches!(sighting.frame, Frame::Advert(_));
    seen.iter().filter(is_other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vip_lab::frame::Advert;

    fn at(ms: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_millis(ms))
    }

    fn advert(ms: u64, port: usize, vrid: u8) -> Sighting {
        let interval = Duration::from_millis(100);
        let advert = Advert { source: EXTRA.into(), version: 3, vrid, priority: 100, interval };
        Sighting { at: at(ms), port, frame: Frame::Advert(advert) }
    }

    #[test]
    fn silence_is_measured_for_each_router_and_on_both_sides_of_the_reload() {
        let seen = [
            advert(0, 0, 1),
            advert(50, 0, 2),
            advert(101, 0, 1),
            advert(150, 0, 2),
            advert(230, 0, 1),
            advert(240, 1, 2),
            advert(251, 0, 2),
        ];
        assert_eq!(longest_silence(&seen, at(160), false), Duration::from_millis(101));
        assert_eq!(longest_silence(&seen, at(160), true), Duration::from_millis(129));
        assert_eq!(adverts_of_others(&seen), 1);
    }
}
