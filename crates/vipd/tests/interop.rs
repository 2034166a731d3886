//! Two routers on a real network with real kernels: vipd with vipd, and vipd with keepalived, over every way to
//! speak VRRP. Each scenario is a fault or a change that operators cause or suffer.
//!
//! Of each scenario it is asserted that the address is where it should be and nowhere else, that no two healthy
//! routers hold it longer than it takes to change hands, that notify scripts are called once for each state and
//! in order, that every advert passes a strict receiver, and that neither daemon complains about the other.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use common::conf::{
    Instance, V2, V2_AH, V2_PASS, V2_PASS_UNICAST, V3_IPV4, V3_IPV4_UNICAST, V3_IPV6, V3_IPV6_UNICAST,
    Variant, text,
};
use common::hosts::KEEPALIVED;
use common::hosts::Maker::{self, Keepalived, Vipd};
use common::lan::Lan;
use common::{MARGIN, eventually, lab_test};
use vip_lab::Stamp;

macro_rules! pairs {
    ($($name:ident: $high:ident above $low:ident over $variant:ident;)*) => {$(
        #[test]
        fn $name() {
            run_all(stringify!($name), $variant, [$high, $low]);
        }
    )*};
}

pairs! {
    vipd_above_vipd_over_v2: Vipd above Vipd over V2;
    vipd_above_vipd_over_v2_with_password: Vipd above Vipd over V2_PASS;
    vipd_above_vipd_over_v3_ipv4: Vipd above Vipd over V3_IPV4;
    vipd_above_vipd_over_v3_ipv6: Vipd above Vipd over V3_IPV6;
    vipd_above_keepalived_over_v2: Vipd above Keepalived over V2;
    vipd_above_keepalived_over_v2_with_password: Vipd above Keepalived over V2_PASS;
    vipd_above_keepalived_over_v3_ipv4: Vipd above Keepalived over V3_IPV4;
    vipd_above_keepalived_over_v3_ipv6: Vipd above Keepalived over V3_IPV6;
    vipd_above_vipd_over_v2_with_authentication_header: Vipd above Vipd over V2_AH;
    vipd_above_vipd_over_unicast_v3_ipv6: Vipd above Vipd over V3_IPV6_UNICAST;
    vipd_above_keepalived_over_v2_with_authentication_header: Vipd above Keepalived over V2_AH;
    vipd_above_keepalived_over_unicast_v2_with_password: Vipd above Keepalived over V2_PASS_UNICAST;
    vipd_above_keepalived_over_unicast_v3_ipv4: Vipd above Keepalived over V3_IPV4_UNICAST;
    vipd_above_keepalived_over_unicast_v3_ipv6: Vipd above Keepalived over V3_IPV6_UNICAST;
    keepalived_above_vipd_over_v2_with_authentication_header: Keepalived above Vipd over V2_AH;
    keepalived_above_vipd_over_unicast_v2_with_password: Keepalived above Vipd over V2_PASS_UNICAST;
    keepalived_above_vipd_over_unicast_v3_ipv4: Keepalived above Vipd over V3_IPV4_UNICAST;
    keepalived_above_vipd_over_unicast_v3_ipv6: Keepalived above Vipd over V3_IPV6_UNICAST;
    keepalived_above_vipd_over_v2: Keepalived above Vipd over V2;
    keepalived_above_vipd_over_v2_with_password: Keepalived above Vipd over V2_PASS;
    keepalived_above_vipd_over_v3_ipv4: Keepalived above Vipd over V3_IPV4;
    keepalived_above_vipd_over_v3_ipv6: Keepalived above Vipd over V3_IPV6;
}

macro_rules! owners {
    ($($name:ident: $owner:ident above $other:ident over $variant:ident;)*) => {$(
        #[test]
        fn $name() {
            let programs: &[&str] = if [$owner, $other].contains(&Keepalived) { &[KEEPALIVED] } else { &[] };
            lab_test(stringify!($name), programs, || owner_and_backup($variant, [$owner, $other]));
        }
    )*};
}

owners! {
    vipd_owns_above_vipd: Vipd above Vipd over V3_IPV4;
    vipd_owns_above_keepalived: Vipd above Keepalived over V2;
    vipd_owns_above_keepalived_over_v3: Vipd above Keepalived over V3_IPV4;
    keepalived_owns_above_vipd: Keepalived above Vipd over V2;
    keepalived_owns_above_vipd_over_v3: Keepalived above Vipd over V3_IPV4;
}

/// The owner (priority 255) does not wait: it serves as soon as it runs, beside an Active that was there before.
fn owner_and_backup(variant: Variant, makers: [Maker; 2]) {
    const OWNER: u8 = 255;
    let instances = [OWNER, LOW].map(|priority| Instance::new(variant, priority));
    let mut lan = Lan::new(variant, &makers, &[100]);
    let vip = lan.vip(100);
    lan.routers[B].start(&text(&instances[1..]));
    lan.expect_holder(vip, B, variant.down(LOW));

    let start = Stamp::now();
    lan.routers[A].start(&text(&instances[..1]));
    lan.expect_holder(vip, A, variant.interval);
    lan.stays_with(vip, A, variant.interval * 2);
    let said: Vec<u8> = lan.adverts_of(A, 51, start).iter().map(|(_, advert)| advert.priority).collect();
    assert!(said.iter().all(|priority| *priority == OWNER), "{said:?}");

    lan.routers[A].stop();
    lan.expect_holder(vip, B, variant.skew(LOW));
    let records: [&[&str]; 2] = [&["MASTER", "STOP"], &["BACKUP", "MASTER", "BACKUP", "MASTER", "STOP"]];
    finish(lan, variant, &instances[..1], records);
}

type Scenario = fn(Variant, [Maker; 2]);

/// Runs every scenario, all at the same time: they mostly wait.
fn run_all(test: &str, variant: Variant, makers: [Maker; 2]) {
    let programs: &[&str] = if makers.contains(&Keepalived) { &[KEEPALIVED] } else { &[] };
    lab_test(test, programs, || {
        let (failed, late) = watched(&SCENARIOS, variant, makers);
        if failed.is_empty() {
            return;
        }
        let names: Vec<_> = failed.iter().map(|(name, _)| name).collect();
        // A machine that stands still for longer than the routers' patience proves nothing about them.
        assert!(late > variant.interval, "{test}: {names:?}");
        println!("{test}: {names:?} once more, for this machine was {late:?} late");
        let (failed, late) = watched(&failed, variant, makers);
        assert!(failed.is_empty(), "{test}, second attempt, at most {late:?} late: {names:?}");
    });
}

const SCENARIOS: [(&str, Scenario); 5] = [
    ("death and return", death_and_return),
    ("stop and nopreempt", stop_and_nopreempt),
    ("cable pulled", cable_pulled),
    ("a better one joins", a_better_one_joins),
    ("two addresses swap", two_addresses_swap),
];

/// Gives the scenarios that failed, and by how much a thread that sleeps was woken too late meanwhile.
fn watched(
    scenarios: &[(&'static str, Scenario)],
    variant: Variant,
    makers: [Maker; 2],
) -> (Vec<(&'static str, Scenario)>, Duration) {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sleeper = scope.spawn(|| {
            const NAP: Duration = Duration::from_millis(10);
            let mut late = Duration::ZERO;
            while !done.load(Ordering::Relaxed) {
                let start = Instant::now();
                std::thread::sleep(NAP);
                late = late.max(start.elapsed().saturating_sub(NAP));
            }
            late
        });
        let run = |&(name, scenario): &(&'static str, Scenario)| {
            ((name, scenario), scope.spawn(move || scenario(variant, makers)))
        };
        let running: Vec<_> = scenarios.iter().map(run).collect();
        let failed =
            running.into_iter().filter_map(|(which, thread)| thread.join().is_err().then_some(which));
        let failed = failed.collect();
        done.store(true, Ordering::Relaxed);
        (failed, sleeper.join().unwrap())
    })
}

const HIGH: u8 = 150;
const LOW: u8 = 100;
/// Index of the router with the higher priority, and of the other.
const A: usize = 0;
const B: usize = 1;

/// Both run, and the better one has the address.
fn both_started(variant: Variant, makers: [Maker; 2], instances: [Instance; 2]) -> Lan {
    let mut lan = Lan::new(variant, &makers, &[100, 101]);
    let vip = lan.vip(100);
    for (router, instance) in instances.into_iter().enumerate() {
        lan.routers[router].start(&text(&[instance]));
        lan.expect_holder(vip, A, variant.down(HIGH));
    }
    lan.stays_with(vip, A, variant.interval * 2);
    lan
}

/// Stops what still runs, and checks what must hold after every scenario.
fn finish(mut lan: Lan, variant: Variant, instances: &[Instance], records: [&[&str]; 2]) {
    for router in &mut lan.routers {
        if router.daemon.as_mut().is_some_and(vip_lab::daemon::Daemon::is_running) {
            let (status, _) = router.stop();
            assert!(status.success(), "{}: {status}", router.host.name());
        }
    }
    inspect(&lan, variant, instances, records);
}

/// Invariants after every scenario; `records` are the states that the first instance's scripts were called for.
fn inspect(lan: &Lan, variant: Variant, instances: &[Instance], records: [&[&str]; 2]) {
    for (router, states) in lan.routers.iter().zip(records) {
        router.expect_record(instances[0].name, states);
    }
    lan.never_two(variant.overlap());
    for instance in instances {
        lan.wire.check_adverts(instance);
    }
    for router in &lan.routers {
        for line in router.log() {
            // An advert may be on its way when the cable is pulled.
            if line.text.contains("cannot send an advert") {
                continue;
            }
            let text = line.text.to_lowercase();
            let complaint = COMPLAINTS.iter().find(|word| text.contains(**word));
            assert_eq!(complaint, None, "{} {:?}: {}", router.host.name(), router.maker, line.text);
        }
    }
}

/// Words with which either daemon rejects a packet, or reports that something could not be done.
const COMPLAINTS: [&str; 7] =
    ["bogus", "invalid", "bad advert", "bad packet", "mismatch", "cannot", "different"];

/// The Active dies without a word, the other serves; it returns, and serves again.
fn death_and_return(variant: Variant, makers: [Maker; 2]) {
    let instances = [HIGH, LOW].map(|priority| Instance::new(variant, priority));
    let mut lan = both_started(variant, makers, instances.clone());
    let vip = lan.vip(100);

    lan.routers[A].expect_record("VI_1", &["BACKUP", "MASTER"]);
    let death = Stamp::now();
    lan.routers[A].kill();
    lan.expect_holder(vip, B, variant.down(LOW));
    let silence = lan.adverts_of(A, 51, death);
    assert!(silence.iter().all(|(_, advert)| advert.priority != 0), "a dead one said goodbye: {silence:?}");
    eventually("the address is announced", Duration::ZERO, || lan.wire.announcements(vip, death) > 0);

    let back = Stamp::now();
    lan.routers[A].start_again();
    let cleared = |lan: &Lan| {
        let changes = lan.routers[A].holding(vip).changes();
        changes.iter().any(|(at, held)| *at > back && !held)
    };
    eventually("its leftovers are removed first", variant.down(HIGH), || cleared(&lan));
    lan.routers[A].trust();
    lan.expect_holder(vip, A, variant.down(HIGH));
    lan.stays_with(vip, A, variant.interval * 2);

    let records: [&[&str]; 2] =
        [&["BACKUP", "MASTER", "BACKUP", "MASTER", "STOP"], &["BACKUP", "MASTER", "BACKUP", "STOP"]];
    // The other one must not take over at the end, while the test stops one after the other.
    lan.routers[B].stop();
    finish(lan, variant, &instances[..1], records);
}

/// The Active says goodbye and the other takes over at once; with `nopreempt` the first does not take it back.
fn stop_and_nopreempt(variant: Variant, makers: [Maker; 2]) {
    let instances =
        [HIGH, LOW].map(|priority| Instance::new(variant, priority).with("    state BACKUP\n    nopreempt"));
    let mut lan = both_started(variant, makers, instances.clone());
    let vip = lan.vip(100);

    let asked = Stamp::now();
    let (status, _) = lan.routers[A].stop();
    assert!(status.success(), "{status}");
    lan.expect_holder(vip, B, variant.skew(LOW));
    let goodbye: Vec<_> =
        lan.adverts_of(A, 51, asked).into_iter().filter(|(_, said)| said.priority == 0).collect();
    assert_eq!(goodbye.len(), 1, "priority 0 is said once");
    let first = lan.adverts_of(B, 51, goodbye[0].0).first().map(|(at, _)| at.since(goodbye[0].0));
    assert!(first.is_some_and(|first| first < variant.skew(LOW) + MARGIN), "{first:?}");

    let back = Stamp::now();
    lan.routers[A].start_again();
    lan.stays_with(vip, B, variant.down(HIGH) + MARGIN);
    assert_eq!(lan.adverts_of(A, 51, back), [], "it must stay quiet");

    lan.routers[A].stop();
    let records: [&[&str]; 2] =
        [&["BACKUP", "MASTER", "STOP", "BACKUP", "STOP"], &["BACKUP", "MASTER", "STOP"]];
    finish(lan, variant, &instances[..1], records);
}

/// The Active loses its cable: the address moves, and comes back with the cable.
fn cable_pulled(variant: Variant, makers: [Maker; 2]) {
    let instances = [HIGH, LOW].map(|priority| Instance::new(variant, priority));
    let mut lan = both_started(variant, makers, instances.clone());
    let vip = lan.vip(100);

    lan.lab.unplug("a").unwrap();
    lan.expect_holder(vip, B, variant.down(LOW));
    lan.routers[A].expect_log("Entering FAULT STATE", Duration::ZERO);
    lan.stays_with(vip, B, variant.interval * 2);

    lan.lab.plug("a").unwrap();
    lan.expect_holder(vip, A, variant.down(HIGH));
    lan.stays_with(vip, A, variant.interval * 2);

    lan.routers[B].stop();
    let records: [&[&str]; 2] =
        [&["BACKUP", "MASTER", "FAULT", "BACKUP", "MASTER", "STOP"], &["BACKUP", "MASTER", "BACKUP", "STOP"]];
    finish(lan, variant, &instances[..1], records);
}

/// One serves alone; a router with a higher priority comes and takes over without a gap.
fn a_better_one_joins(variant: Variant, makers: [Maker; 2]) {
    let instances = [HIGH, LOW].map(|priority| Instance::new(variant, priority));
    let mut lan = Lan::new(variant, &makers, &[100]);
    let vip = lan.vip(100);
    lan.routers[B].start(&text(&instances[1..]));
    lan.expect_holder(vip, B, variant.down(LOW));

    let joined = Stamp::now();
    lan.routers[A].start(&text(&instances[..1]));
    lan.expect_holder(vip, A, variant.down(HIGH));
    lan.stays_with(vip, A, variant.interval * 2);
    let last = lan.adverts_of(B, 51, joined).last().copied();
    assert!(
        last.is_some_and(|(_, said)| said.priority == LOW),
        "the old one has nothing to say goodbye to: {last:?}"
    );
    let adverts = lan.wire.adverts(joined);
    let gap = adverts.windows(2).map(|pair| pair[1].0.since(pair[0].0)).max().unwrap();
    assert!(gap < variant.interval + MARGIN, "no advert for {gap:?}");

    lan.routers[B].stop();
    let records: [&[&str]; 2] = [&["BACKUP", "MASTER", "STOP"], &["BACKUP", "MASTER", "BACKUP", "STOP"]];
    finish(lan, variant, &instances[..1], records);
}

/// Each serves one address and stands in for the other.
fn two_addresses_swap(variant: Variant, makers: [Maker; 2]) {
    let mut lan = Lan::new(variant, &makers, &[100, 101]);
    let (first, second) = (lan.vip(100), lan.vip(101));
    // One after the other, so that the first one serves everything at first.
    lan.routers[A].start(&text(&[Instance::new(variant, HIGH), Instance::second(variant, LOW)]));
    lan.expect_holder(first, A, variant.down(HIGH));
    lan.expect_holder(second, A, variant.down(LOW));
    lan.routers[B].start(&text(&[Instance::new(variant, LOW), Instance::second(variant, HIGH)]));
    let each_its_own = |lan: &Lan| {
        lan.expect_holder(first, A, variant.down(LOW));
        lan.expect_holder(second, B, variant.down(LOW));
        lan.stays_with(first, A, variant.interval);
        lan.stays_with(second, B, variant.interval);
    };
    each_its_own(&lan);
    let before: [&[&str]; 2] = [&["BACKUP", "MASTER"], &["BACKUP", "MASTER", "BACKUP"]];
    for (dead, survivor) in [(A, B), (B, A)] {
        // Scripts that it still has to run would die with it.
        lan.routers[dead].expect_record("VI_1", before[dead]);
        lan.routers[dead].kill();
        lan.expect_holder(first, survivor, variant.down(LOW));
        lan.expect_holder(second, survivor, variant.down(LOW));
        lan.routers[dead].start_again();
        eventually("the restarted one has cleared up", variant.down(HIGH), || {
            !(lan.routers[dead].holds(first) && lan.routers[dead].holds(second))
        });
        std::thread::sleep(variant.interval);
        lan.routers[dead].trust();
        each_its_own(&lan);
    }
    let instances = [Instance::new(variant, HIGH), Instance::second(variant, HIGH)];
    let records: [&[&str]; 2] =
        [&["BACKUP", "MASTER", "BACKUP", "MASTER"], &["BACKUP", "MASTER", "BACKUP", "BACKUP"]];
    inspect(&lan, variant, &instances, records);
}
