//! Cost of checks of many servers: the checking process's CPU time for each attempt, and whether the attempts come in
//! time. All servers are well and are checked by a connection, then by a page.
//!
//! A server that waits for a request, as most do, may take a while to confirm the end of a connection; keepalived waits
//! for that with all its checks. Servers that hang up at once are measured besides.
//!
//! Where a queue of the lab was full a SYN is sent once more after a second: such an interval is not the daemon's.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::time::{Duration, Instant};

use vip_lab::Stamp;
use vip_lab::daemon::Daemon;

use crate::Failure;
use crate::balancer::{self, HTTP, TCP, last_words, pools};
use crate::contender::Contender;
use crate::listener::{Arrival, Listener, Manner};
use crate::options::Options;
use crate::processes::{Cpu, rss_kb, syns_repeated};
use crate::report::{Table, Unit};
use crate::statistics::percentile;
use crate::wire::{self, Wire};

/// Windows for each daemon.
const WINDOWS: u32 = 3;

pub(crate) fn measure(contenders: &[Contender], options: &Options, show: &mut impl FnMut(Table)) {
    for kind in KINDS {
        show(measure_kind(contenders, options, kind));
    }
}

/// A way to check, and the server that answers it.
#[derive(Clone, Copy, Debug)]
struct Kind {
    name: &'static str,
    checker: &'static str,
    manner: Manner,
}

const KINDS: [Kind; 3] = [
    Kind { name: "TCP", checker: TCP, manner: Manner::Quiet },
    Kind { name: "TCP, hung up on", checker: TCP, manner: Manner::Brief },
    Kind { name: "HTTP", checker: HTTP, manner: Manner::Web },
];

fn measure_kind(contenders: &[Contender], options: &Options, kind: Kind) -> Table {
    let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
    let (servers, delay_loop) = (options.servers, options.delay_loop);
    let title = format!("checks, {servers} servers by {}, delay_loop {delay_loop:?}", kind.name);
    let mut table = Table::new(title, labels, &MEASURES);
    for _window in 0..WINDOWS {
        for (daemon, contender) in contenders.iter().enumerate() {
            match window(contender, options, kind) {
                Ok(values) => table.add(daemon, values.map(Some)),
                Err(failure) => table.complain(daemon, failure),
            }
        }
    }
    table
}

const MEASURES: [(&str, Unit); 10] = [
    ("attempts per second", Unit::Count),
    ("CPU, ms per second", Unit::Micros),
    ("  user, ms per second", Unit::Micros),
    ("  system, ms per second", Unit::Micros),
    ("CPU of an attempt, us", Unit::Nanos),
    ("RSS, kB", Unit::Count),
    ("interval, median, ms", Unit::Micros),
    ("interval, p99, ms", Unit::Micros),
    ("interval, greatest, ms", Unit::Micros),
    ("SYNs sent once more", Unit::Count),
];

fn window(contender: &Contender, options: &Options, kind: Kind) -> Result<[i64; 10], Failure> {
    let wire = Wire::new()?;
    let listener = Listener::start(&wire.servers, PORT, kind.manner)?;
    let servers: Vec<IpAddr> = (0..options.servers).map(wire::address).collect();
    let pools = pools(&servers, PORT, options.delay_loop, kind.checker);
    let mut daemon = balancer::start(&wire.balancer, contender, &pools)?;
    settle(&listener, &mut daemon, options.servers, options.delay_loop)?;

    let worker = balancer::worker(&daemon)?;
    let (position, before, start) = (listener.position(), Cpu::of(worker), Instant::now());
    let repeated = syns_repeated(worker);
    std::thread::sleep(options.window);
    let (seen, after, passed) = (listener.after(position), Cpu::of(worker), start.elapsed());
    if after.total <= before.total {
        return Err(format!("the worker did nothing\n{}", last_words(&daemon)).into());
    }
    Ok(figures(&seen, before, after, passed, [rss_kb(worker), syns_repeated(worker) - repeated]))
}

/// Waits until every server was asked, and then until the start is over.
pub(crate) fn settle(
    listener: &Listener,
    daemon: &mut Daemon,
    servers: u32,
    delay_loop: Duration,
) -> Result<(), Failure> {
    let deadline = Instant::now() + delay_loop * 2 + Duration::from_secs(30);
    loop {
        let asked: HashSet<Ipv4Addr> = listener.after(0).iter().map(|arrival| arrival.server).collect();
        if asked.len() >= servers as usize {
            break;
        }
        if Instant::now() > deadline || !daemon.is_running() {
            let count = asked.len();
            return Err(format!("only {count} servers were ever asked\n{}", last_words(daemon)).into());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    std::thread::sleep(delay_loop + Duration::from_secs(2));
    Ok(())
}

/// In the order of [`MEASURES`]; the last two are given.
fn figures(
    seen: &[Arrival],
    before: Cpu,
    after: Cpu,
    passed: Duration,
    [rss_kb, repeated]: [i64; 2],
) -> [i64; 10] {
    let ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX).max(1);
    let count = i64::try_from(seen.len()).unwrap_or(i64::MAX);
    let total = after.total - before.total;
    let mut intervals = intervals(seen);
    [
        count * 1000 / ms,
        // Nanoseconds per millisecond are microseconds per second.
        total / ms,
        (after.user - before.user) / ms,
        (after.system - before.system) / ms,
        total / count.max(1),
        rss_kb,
        percentile(&mut intervals, 50),
        percentile(&mut intervals, 99),
        percentile(&mut intervals, 100),
        repeated,
    ]
}

/// From one attempt at a server to the next at the same, in microseconds.
pub(crate) fn intervals(seen: &[Arrival]) -> Vec<i64> {
    let mut last: HashMap<Ipv4Addr, Stamp> = HashMap::new();
    let since_last = |arrival: &Arrival| {
        let earlier = last.insert(arrival.server, arrival.at)?;
        i64::try_from(arrival.at.since(earlier).as_micros()).ok()
    };
    seen.iter().filter_map(since_last).collect()
}

pub(crate) const PORT: u16 = 8080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_between_attempts_at_the_same_server() {
        let arrival = |ms, number| Arrival {
            at: Stamp::from_epoch(Duration::from_millis(ms)),
            server: wire::server(number),
        };
        let seen = [arrival(0, 1), arrival(400, 2), arrival(1001, 1), arrival(1402, 2), arrival(2003, 1)];
        assert_eq!(intervals(&seen), [1_001_000, 1_002_000, 1_002_000]);
    }

    #[test]
    fn cpu_time_is_told_for_each_second_and_each_attempt() {
        let before = Cpu { user: 0, system: 0, total: 1_000_000 };
        let after = Cpu { user: 10_000_000, system: 40_000_000, total: 51_000_000 };
        let at = Stamp::from_epoch(Duration::ZERO);
        let seen = [Arrival { at, server: wire::server(0) }; 2];
        let [count, cpu, user, system, each, ..] =
            figures(&seen, before, after, Duration::from_secs(10), [0; 2]);
        assert_eq!((count, cpu, user, system, each), (0, 5000, 1000, 4000, 25_000_000));
    }
}
