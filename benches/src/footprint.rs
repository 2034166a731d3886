//! Use of a pair of routers while nothing happens: memory, processes, wake-ups, CPU time.

use std::time::{Duration, Instant};

use crate::Failure;
use crate::configuration::Configuration;
use crate::contender::Contender;
use crate::options::Options;
use crate::processes::Usage;
use crate::report::{Table, Unit};
use crate::stage::Stage;
use crate::theory::Protocol;

/// Instances and their interval in milliseconds.
const CASES: [(u16, u64); 4] = [(1, 1000), (255, 1000), (255, 100), (1000, 100)];

/// Windows for each case and daemon: memory does not vary, CPU time does by a tenth.
const WINDOWS: u32 = 3;

pub(crate) fn measure(contenders: &[Contender], options: &Options, show: &mut impl FnMut(Table)) {
    for (instances, interval_ms) in CASES {
        let protocol = Protocol { version: 3, interval: Duration::from_millis(interval_ms) };
        let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
        let title = format!("footprint, {instances} instances, {protocol}");
        let mut table = Table::new(title, labels, &MEASURES);
        for _window in 0..WINDOWS {
            for (daemon, contender) in contenders.iter().enumerate() {
                match window(contender, protocol, instances, options.window) {
                    Ok(values) => table.add(daemon, values.map(Some)),
                    Err(failure) => table.complain(daemon, failure),
                }
            }
        }
        show(table);
    }
}

const MEASURES: [(&str, Unit); 12] = [
    ("active: RSS, kB", Unit::Count),
    ("active: private, kB", Unit::Count),
    ("active: processes", Unit::Count),
    ("active: descriptors", Unit::Count),
    ("active: wake-ups per second", Unit::Count),
    ("active: CPU, ms per second", Unit::Micros),
    ("backup: RSS, kB", Unit::Count),
    ("backup: private, kB", Unit::Count),
    ("backup: processes", Unit::Count),
    ("backup: descriptors", Unit::Count),
    ("backup: wake-ups per second", Unit::Count),
    ("backup: CPU, ms per second", Unit::Micros),
];

fn window(
    contender: &Contender,
    protocol: Protocol,
    instances: u16,
    length: Duration,
) -> Result<[i64; 12], Failure> {
    let mut stage = Stage::new(2, instances)?;
    let captures = stage.listen()?;
    for (priority, serves) in [(200, true), (100, false)] {
        stage.start(contender, &Configuration { protocol, instances, priority, serves, excluded: None })?;
    }
    stage.settle(&captures, protocol, instances)?;
    // Listening costs CPU time, which the daemons should have.
    drop(captures);
    // The second burst of announcements comes five seconds after the first.
    std::thread::sleep(Duration::from_secs(6));

    let roots = [stage.daemon(0)?.id(), stage.daemon(1)?.id()];
    let before = roots.map(Usage::of_tree);
    let start = Instant::now();
    std::thread::sleep(length);
    let passed = start.elapsed();
    let after = roots.map(Usage::of_tree);
    let mut values = [0; 12];
    let (active, backup) = values.split_at_mut(6);
    active.copy_from_slice(&rates(before[0], after[0], passed));
    backup.copy_from_slice(&rates(before[1], after[1], passed));
    Ok(values)
}

/// In the order of [`MEASURES`].
fn rates(before: Usage, after: Usage, passed: Duration) -> [i64; 6] {
    let ms = i64::try_from(passed.as_millis()).unwrap_or(i64::MAX).max(1);
    [
        after.rss_kb,
        after.private_kb,
        after.processes,
        after.descriptors,
        (after.waits - before.waits) * 1000 / ms,
        // Nanoseconds per millisecond are microseconds per second.
        (after.cpu_ns - before.cpu_ns) / ms,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_become_rates_and_levels_stay() {
        let before = Usage { rss_kb: 4000, waits: 100, cpu_ns: 5_000_000, ..Usage::default() };
        let after = Usage { rss_kb: 4100, waits: 150, cpu_ns: 6_000_000, ..before };
        let [rss, _, _, _, wakes, cpu] = rates(before, after, Duration::from_secs(10));
        // 1 ms in 10 s is 100 us per second.
        assert_eq!((rss, wakes, cpu), (4100, 5, 100));
    }
}
