//! Time that a client is without its address when the serving router fails or leaves.

mod trial;

use std::net::IpAddr;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::capture::Capture;
use vip_lab::probe::{Probe, Via};

use crate::Failure;
use crate::configuration::{Configuration, address};
use crate::contender::Contender;
use crate::options::Options;
use crate::processes;
use crate::report::{Table, Unit};
use crate::stage::Stage;
use crate::theory::{Mode, Protocol};

use trial::{Event, Trial};

/// One thing to measure.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    mode: Mode,
    protocol: Protocol,
    /// Of the routers, the serving one first.
    priorities: Vec<u8>,
}

/// Those that the command line asks for.
pub(crate) fn cases(options: &Options) -> Result<Vec<Case>, Failure> {
    let mut cases = Vec::new();
    for &mode in &options.modes {
        for &interval in &options.intervals {
            let protocol = Protocol { version: options.version, interval };
            cases.push(Case { mode, protocol, priorities: options.priorities.clone() });
        }
    }
    if cases.is_empty() { Err("nothing to measure".into()) } else { Ok(cases) }
}

/// Those that are worth to be known of every version.
pub(crate) fn standard_cases() -> Vec<Case> {
    let case = |mode, version, interval_ms| Case {
        mode,
        protocol: Protocol { version, interval: Duration::from_millis(interval_ms) },
        priorities: vec![101, 100],
    };
    vec![
        case(Mode::Kill, 2, 1000),
        case(Mode::Kill, 3, 100),
        case(Mode::Kill, 3, 10),
        case(Mode::Stop, 2, 1000),
        case(Mode::Stop, 3, 100),
        case(Mode::Stop, 3, 10),
        case(Mode::Link, 3, 100),
    ]
}

pub(crate) fn measure(
    cases: &[Case],
    contenders: &[Contender],
    options: &Options,
    show: &mut impl FnMut(Table),
) {
    for case in cases {
        let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
        let mut table = Table::new(case.title(), labels, &MEASURES);
        for number in 0..options.trials {
            for (daemon, contender) in contenders.iter().enumerate() {
                match run(case, contender, phase(number)) {
                    Ok(trial) => trial.enter(&mut table, daemon),
                    Err(failure) => table.complain(daemon, failure),
                }
            }
        }
        show(table);
    }
}

impl Case {
    fn title(&self) -> String {
        let Self { mode, protocol, priorities } = self;
        let wait = self.wait().as_micros();
        let reference = if *mode == Mode::Stop { "priority 0" } else { "the last advert" };
        let priorities: Vec<String> = priorities.iter().map(u8::to_string).collect();
        let priorities = priorities.join("/");
        format!(
            "{mode}, {protocol}, priorities {priorities}: due {}.{:03} ms after {reference}",
            wait / 1000,
            wait % 1000
        )
    }

    /// Time that the next router waits after the reference advertisement.
    fn wait(&self) -> Duration {
        let next = self.priorities.iter().skip(1).max().copied().unwrap_or(1);
        self.protocol.wait(self.mode, next)
    }
}

impl Trial {
    /// Takes the trial into the table, in the order of [`MEASURES`].
    fn enter(&self, table: &mut Table, daemon: usize) {
        for complaint in self.complaints() {
            table.complain(daemon, complaint);
        }
        let Self { advert, announcement, answer, late, stop, gone, .. } = *self;
        let after_advert = |later: Option<i64>| Some(later? - advert?);
        let values = [
            advert,
            announcement,
            answer,
            late,
            after_advert(announcement),
            after_advert(answer),
            stop,
            gone,
        ];
        table.add(daemon, values);
    }
}

const MEASURES: [(&str, Unit); 8] = [
    ("event to new advert, ms", Unit::Micros),
    ("event to announcement, ms", Unit::Micros),
    ("event to answered client, ms", Unit::Micros),
    ("advert later than due, ms", Unit::Micros),
    ("advert to announcement, ms", Unit::Micros),
    ("advert to answered client, ms", Unit::Micros),
    ("event to priority 0, ms", Unit::Micros),
    ("event to process gone, ms", Unit::Micros),
];

/// When in the interval the event comes, in thousandths: the same for all daemons, and evenly spread (multiples of the
/// golden ratio, from the middle on: where the interval begins, chance decides which advert is the last).
fn phase(number: u32) -> u32 {
    ((500_000 + u64::from(number) * 618_034) % 1_000_000 / 1000).try_into().unwrap_or(0)
}

fn run(case: &Case, contender: &Contender, phase: u32) -> Result<Trial, Failure> {
    let Case { mode, protocol, ref priorities } = *case;
    let mut stage = Stage::new(priorities.len(), 1)?;
    let captures = stage.listen()?;
    for (number, &priority) in priorities.iter().enumerate() {
        let configuration =
            Configuration { protocol, instances: 1, priority, serves: number == 0, excluded: None };
        stage.start(contender, &configuration)?;
    }
    stage.settle(&captures, protocol, 1)?;

    let target = address(0);
    // Finer than the takeover of the shortest interval.
    let period = Duration::from_micros(if protocol.interval.as_millis() >= 1000 { 1000 } else { 500 });
    let probe = Probe::start(&stage.client, IpAddr::V4(target), Via::Echo, period)?;
    std::thread::sleep(Duration::from_millis(250));
    let [capture] = captures.as_slice() else { return Err("one link, one capture".into()) };
    let last = trial::last_advert(&capture.after(0)).ok_or("nobody advertises")?;
    let tree = processes::tree_of(stage.daemon(0)?.id());
    let strikes = last.plus(protocol.interval * (1000 + phase) / 1000);
    std::thread::sleep(strikes.since(Stamp::now()));

    let (at, gone) = strike(&mut stage, mode, &tree)?;
    let event = Event { at, gone, mode, wait: case.wait(), target: IpAddr::V4(target) };
    let trial = observe(capture, &event, protocol);
    drop(probe);
    Ok(trial)
}

/// Does it to the first router, whose processes are `tree`. Gives the moment, and when the first process was gone, if
/// that is measured.
fn strike(stage: &mut Stage, mode: Mode, tree: &[u32]) -> Result<(Stamp, Option<Stamp>), Failure> {
    let at = Stamp::now();
    match mode {
        Mode::Kill => processes::kill_at_once(tree),
        Mode::Link => stage.lab()?.unplug("router1")?,
        Mode::Stop => {
            let daemon = stage.daemon(0)?;
            daemon.signal(Signal::SIGTERM)?;
            return Ok((at, daemon.wait(Duration::from_secs(10))?.map(|_status| Stamp::now())));
        }
    }
    Ok((at, None))
}

/// Keeps still until the takeover is due, then waits for it, and a little longer for rivals.
fn observe(capture: &Capture, event: &Event, protocol: Protocol) -> Trial {
    let read = || Trial::read(&capture.after(0), event);
    std::thread::sleep(event.wait);
    let deadline = Instant::now() + protocol.interval * 4 + Duration::from_secs(3);
    while !read().is_complete() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    std::thread::sleep(Duration::from_millis(100).max(protocol.interval * 5 / 4));
    read()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_trials_meet_ten_different_parts_of_the_interval() {
        let mut phases: Vec<u32> = (0..10).map(phase).collect();
        phases.sort_unstable();
        assert!(phases.windows(2).all(|pair| pair[1] - pair[0] > 30), "{phases:?}");
        assert!(phases.iter().all(|phase| (20..980).contains(phase)), "{phases:?}");
    }

    #[test]
    fn the_second_best_router_decides_when_the_takeover_is_due() {
        let protocol = Protocol { version: 3, interval: Duration::from_millis(100) };
        let case = Case { mode: Mode::Kill, protocol, priorities: vec![105, 101, 104] };
        assert_eq!(case.wait(), Duration::from_micros(359_375));
    }
}
