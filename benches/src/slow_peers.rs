//! Whether checks of good servers come on time while other servers are bad in every way: intervals between the checks
//! of each good server, with and without the bad ones beside them.

use std::net::IpAddr;
use std::time::Duration;

use crate::Failure;
use crate::bad_peers::{self, BadPeers, VICES};
use crate::balancer::{self, TCP, pools};
use crate::checks::{PORT, intervals, settle};
use crate::contender::Contender;
use crate::listener::{Listener, Manner};
use crate::options::Options;
use crate::processes::Cpu;
use crate::report::{Table, Unit};
use crate::statistics::percentile;
use crate::wire::{self, Wire};

/// Windows for each daemon, with and without bad servers.
const WINDOWS: u32 = 3;
/// Bad servers of each kind.
const EACH: u8 = 50;

pub(crate) fn measure(contenders: &[Contender], options: &Options, show: &mut impl FnMut(Table)) {
    let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
    let bad = usize::from(EACH) * VICES.len();
    let title = format!(
        "slow peers, {} good servers, {bad} bad, delay_loop {:?}",
        options.servers, options.delay_loop
    );
    let mut table = Table::new(title, labels, &MEASURES);
    for _window in 0..WINDOWS {
        for (daemon, contender) in contenders.iter().enumerate() {
            let pair = window(contender, options, 0)
                .and_then(|alone| Ok(alone.into_iter().chain(window(contender, options, EACH)?)));
            match pair {
                Ok(values) => table.add(daemon, values.map(Some)),
                Err(failure) => table.complain(daemon, failure),
            }
        }
    }
    show(table);
}

const MEASURES: [(&str, Unit); 10] = [
    ("alone: attempts per second", Unit::Count),
    ("alone: interval, median, ms", Unit::Micros),
    ("alone: interval, p99, ms", Unit::Micros),
    ("alone: interval, greatest, ms", Unit::Micros),
    ("alone: CPU, ms per second", Unit::Micros),
    ("beside: attempts per second", Unit::Count),
    ("beside: interval, median, ms", Unit::Micros),
    ("beside: interval, p99, ms", Unit::Micros),
    ("beside: interval, greatest, ms", Unit::Micros),
    ("beside: CPU, ms per second", Unit::Micros),
];

/// Half of the [`MEASURES`], with so many bad servers of each kind.
fn window(contender: &Contender, options: &Options, each: u8) -> Result<[i64; 5], Failure> {
    let wire = Wire::new()?;
    let listener = Listener::start(&wire.servers, PORT, Manner::Quiet)?;
    // These are on the balancer's own `lo`.
    let _bad = BadPeers::start(&wire.balancer)?;
    let servers: Vec<IpAddr> = (0..options.servers).map(wire::address).collect();
    let mut pools = pools(&servers, PORT, options.delay_loop, TCP);
    if each > 0 {
        pools.extend(bad_peers::pools(FIRST_BAD_POOL, each, options.delay_loop));
    }
    let mut daemon = balancer::start(&wire.balancer, contender, &pools)?;
    settle(&listener, &mut daemon, options.servers, options.delay_loop)?;

    let worker = balancer::worker(&daemon)?;
    let (position, before) = (listener.position(), Cpu::of(worker));
    std::thread::sleep(options.window);
    let (seen, after) = (listener.after(position), Cpu::of(worker));
    let ms = millis(options.window).max(1);
    let mut intervals = intervals(&seen);
    Ok([
        i64::try_from(seen.len())? * 1000 / ms,
        percentile(&mut intervals, 50),
        percentile(&mut intervals, 99),
        percentile(&mut intervals, 100),
        (after.total - before.total) / ms,
    ])
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// Behind those of the good servers.
const FIRST_BAD_POOL: u32 = 60_000;
