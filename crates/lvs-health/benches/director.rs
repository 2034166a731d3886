//! Time of ten thousand checks: from a timer to an attempt to its outcome, and a reload of them all.
//!
//! `cargo bench -p lvs-health --bench director`.

#![allow(missing_docs, reason = "criterion's macros generate undocumented functions")]

use std::hint::black_box;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use lvs_health::director::{Action, Director, Plan, Server, Service};
use lvs_health::{Check, Failure, Network, Outcome, Probe, Protocol, Target, Timing, WeightUpdate};

const SECOND: Duration = Duration::from_secs(1);
const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);
const FAIL: Outcome = Outcome::Fail(Failure::ConnectTimeout);

/// Services of ten servers with one check each.
fn plan(checks: u32, share_checks: bool) -> Plan {
    let server = |number: u32| {
        let address = SocketAddr::new(IpAddr::from((0x0a00_0000 + number).to_be_bytes()), 80);
        let network = Network { target: Target::new(address, SECOND), protocol: Protocol::Connect };
        let timing = Timing {
            delay_loop: 10 * SECOND,
            retry: 0,
            rise: 1,
            delay_before_retry: SECOND,
            warmup: 10 * SECOND,
            alpha: false,
            fast_recovery: false,
        };
        let check = Check { probe: Probe::Network(network.into()), timing };
        Server { checks: vec![check], ..Server::new(address) }
    };
    let service = |number: u32| Service {
        servers: (0..10).map(|place| server(number * 10 + place)).collect(),
        ..Service::new(format!("s{number}"))
    };
    Plan { services: (0..checks / 10).map(service).collect(), share_checks }
}

/// Wakes up at the next timer, and ends every attempt that begins by `outcome`; how many these were.
fn cycle(director: &mut Director, outcome: &mut impl FnMut() -> Outcome) -> u64 {
    let Some(now) = director.poll_timeout() else { return 0 };
    director.handle_timeout(now);
    let mut count = 0;
    while let Some(action) = director.poll_action() {
        if let Action::Start { attempt, .. } = action {
            director.handle_outcome(now, attempt, outcome());
            count += 1;
        } else {
            black_box(action);
        }
    }
    count
}

fn settled(checks: u32) -> Director {
    let mut director = Director::new(Instant::now(), plan(checks, false));
    let mut settled = 0;
    while settled < u64::from(checks) {
        settled += cycle(&mut director, &mut || PASS);
    }
    director
}

fn attempts(c: &mut Criterion) {
    for checks in [100, 10_000, 100_000] {
        let mut director = settled(checks);
        c.bench_function(&format!("an attempt that passes, of {checks} checks"), |b| {
            b.iter(|| cycle(&mut director, &mut || PASS));
        });
    }
    let mut director = settled(10_000);
    let mut number = 0_u32;
    // Every check turns each time, with its server, and now and then the quorum.
    let mut turning = || {
        number += 1;
        if (number / 10_000).is_multiple_of(2) { FAIL } else { PASS }
    };
    c.bench_function("an attempt that turns its server, of 10000 checks", |b| {
        b.iter(|| cycle(&mut director, &mut turning));
    });
}

fn destinations(c: &mut Criterion) {
    let director = settled(10_000);
    let service = director.services().nth(500).unwrap_or(lvs_health::director::ServiceId(0));
    c.bench_function("destinations of a service with ten servers", |b| {
        b.iter(|| director.destinations(black_box(service)).map(|wanted| wanted.weight).sum::<u32>());
    });
}

fn reload(c: &mut Criterion) {
    for share in [false, true] {
        let mut director = Director::new(Instant::now(), plan(10_000, share));
        let now = Instant::now();
        let name = format!("reload of 10000 checks{}", if share { ", shared" } else { "" });
        c.bench_function(&name, |b| {
            let plan = || plan(10_000, share);
            let reload = |plan| {
                director.reload(now, plan);
                std::iter::from_fn(|| director.poll_action()).count()
            };
            b.iter_batched(plan, reload, BatchSize::PerIteration);
        });
    }
}

criterion_group!(benches, attempts, destinations, reload);
criterion_main!(benches);
