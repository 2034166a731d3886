//! Causes, as an operator asks for them afterwards: each cause is injected, and the snapshot names it with its
//! evidence.

use std::net::IpAddr;
use std::time::Duration;

use vrrp_election::{
    Cause, ChangedBy, Fact, FactId, Fault as Missing, Instant, IntentKind, LinkId, Preempt, RouterConfig,
    RouterId, RouterSetup, RunEnd, ScriptConfig, ScriptId, Standing, Track, TrackTarget, Transition,
    TransitionReason, Waits,
};
use vrrp_proto::{AuthKey, Counter, Priority, RouterInterval, Vrid};
use vrrp_sim::{Fault, Host, HostAuth, HostId, Limits, Scenario, Simulation};

use crate::lab::{A, B, R0, ms, run, scenario, secs, v2};

const S0: ScriptId = ScriptId(0);
const F0: FactId = FactId(0);

fn address(host: HostId) -> IpAddr {
    [192, 0, 2, u8::try_from(host.0 + 1).unwrap()].into()
}

/// The last change of a host's first router.
fn last(run: &Simulation, host: HostId) -> Transition {
    run.node(host).unwrap().snapshot(run.now()).router(R0).unwrap().last().unwrap().clone()
}

/// One that tracks this, beside one of lower priority that does not.
fn tracking(host: Host, track: Track) -> Scenario {
    let setup = RouterSetup { tracks: vec![track], ..RouterSetup::new(v2(150), LinkId(0)) };
    Scenario::new().host(host.setup(setup)).host(Host::new().router(v2(100)))
}

fn weighted(target: impl Into<TrackTarget>, weight: i32) -> Track {
    Track { target: target.into(), weight, reverse: false }
}

/// Both serve at once, and that is what the scenario is about.
fn unpromised(scenario: Scenario) -> Scenario {
    let forever = secs(10_000);
    scenario.limits(Limits { two_active: forever, unserved: forever })
}

fn seconds(at: Instant) -> u64 {
    at.since(Instant::ZERO).as_secs()
}

#[test]
fn a_better_peer_is_named_with_its_address_and_priority() {
    let pair = scenario([v2(100), v2(200)]).at(ms(0), Fault::PowerOff(B)).at(secs(10), Fault::Start(B));
    let seen = last(&run(&pair, secs(30)), A);
    let better = Cause::Better { source: address(B), priority: Priority::new(200) };
    assert_eq!(
        (seen.from, seen.to, seen.why),
        (Standing::Active, Standing::Backup, TransitionReason::Election(better))
    );
    assert_eq!(seen.evidence.heard.map(|heard| heard.source), Some(address(B)));
    assert_eq!(seen.evidence.priority, Priority::new(100), "its own");
}

#[test]
fn a_silent_master_is_named_with_the_length_of_the_silence() {
    let seen = last(&run(&scenario([v2(200), v2(100)]).at(secs(10), Fault::PowerOff(A)), secs(20)), B);
    let TransitionReason::Election(Cause::ActiveDown { silent_for: Some(silence) }) = seen.why else {
        panic!("{seen:?}")
    };
    assert!(silence > ms(3_600) && silence < ms(3_640), "{silence:?}");
    let heard = seen.evidence.heard.unwrap();
    assert_eq!((heard.source, heard.priority), (address(A), Priority::new(200)));
    assert_eq!(seen.at.since(heard.at), silence);
}

#[test]
fn a_script_is_named_with_its_exit_status_and_with_its_timeout() {
    for end in [RunEnd::Exited(7), RunEnd::TimedOut] {
        let host = Host::new().script(ScriptConfig::default());
        let scenario = tracking(host, weighted(S0, 0)).at(secs(10), Fault::ScriptEnds(A, S0, end));
        let seen = last(&run(&scenario, secs(20)), A);
        assert_eq!(seen.why, TransitionReason::Fault(Missing::Tracked(S0.into())));
        assert_eq!(seen.evidence.run.unwrap().end, end);
        assert_eq!(seen.evidence.fact, Some(Fact::Down));
    }
}

#[test]
fn a_weight_that_lowered_the_priority_is_named_beside_the_peer_that_took_over() {
    let host = Host::new().script(ScriptConfig::default());
    let scenario = tracking(host, weighted(S0, -60));
    let run = run(&scenario.at(secs(10), Fault::ScriptEnds(A, S0, RunEnd::Exited(7))), secs(30));
    let seen = last(&run, A);
    assert_eq!(
        seen.why,
        TransitionReason::Election(Cause::Better { source: address(B), priority: Priority::new(100) })
    );
    let moved = seen.evidence.moved.unwrap();
    assert_eq!((moved.from, moved.to), (Priority::new(150), Priority::new(90)));
    assert_eq!(moved.by, ChangedBy::Target(S0.into()));
    assert_eq!(seen.evidence.run.unwrap().end, RunEnd::Exited(7));
    let router = run.node(A).unwrap().snapshot(run.now()).router(R0).unwrap();
    assert_eq!(router.terms().map(|term| term.adds).collect::<Vec<_>>(), [-60]);
}

#[test]
fn an_interface_that_is_down_and_one_without_an_address_are_told_apart() {
    for (fault, missing) in
        [(Fault::LinkDown(A), Missing::LinkDown(LinkId(0))), (Fault::AddressesRemoved(A), Missing::NoAddress)]
    {
        let seen = last(&run(&scenario([v2(200), v2(100)]).at(secs(10), fault), secs(20)), A);
        assert_eq!((seen.why, seconds(seen.at)), (TransitionReason::Fault(missing), 10));
    }
}

/// The other speakers known on the first host's link: address, VRID, reason.
fn neighbours(run: &Simulation) -> Vec<(IpAddr, u8, Option<Counter>)> {
    let known = run.neighbours(A).unwrap();
    known
        .iter()
        .map(|(_, neighbour)| (neighbour.key.source, neighbour.key.vrid, neighbour.rejected))
        .collect()
}

#[test]
fn a_wrong_password_and_a_wrong_interval_are_named_with_their_senders() {
    let host = |config: RouterConfig, password: &[u8]| Host {
        auth: HostAuth::Password(AuthKey::new(password)),
        ..Host::new().router(config)
    };
    let other = Scenario::new().host(host(v2(200), b"one")).host(host(v2(100), b"two"));
    let seen = neighbours(&run(&unpromised(other), secs(20)));
    assert_eq!(seen, [(address(B), 51, Some(Counter::AuthFailure))]);
    let slow = RouterConfig { interval: RouterInterval::seconds(3).unwrap(), ..v2(100) };
    let seen = neighbours(&run(&unpromised(scenario([v2(200), slow])), secs(30)));
    assert_eq!(seen, [(address(B), 51, Some(Counter::Interval))]);
}

#[test]
fn a_foreign_vrid_is_named_with_its_address() {
    let foreign = RouterConfig { vrid: Vrid::new(99).unwrap(), ..v2(100) };
    assert_eq!(neighbours(&run(&scenario([v2(200), foreign]), secs(20))), [(address(B), 99, None)]);
}

#[test]
fn a_stall_is_named_and_moves_nothing() {
    let run = run(&scenario([v2(200), v2(100)]).at(secs(10), Fault::Stall(B, secs(20))), secs(40));
    let router = run.node(B).unwrap().snapshot(run.now()).router(R0).unwrap();
    let stall = router.observed.stall;
    // Adverts that arrived meanwhile may have shown that the Active lives: then there was nothing to renew.
    assert_eq!(router.standing, Standing::Backup);
    assert!(stall.is_none_or(|stall| stall.late > secs(15)), "{stall:?}");
    let suspended = scenario([v2(200), v2(100)]).at(secs(10), Fault::Suspend(B, secs(20)));
    let run = crate::lab::run(&suspended, secs(40));
    let router = run.node(B).unwrap().snapshot(run.now()).router(R0).unwrap();
    let stall = router.observed.stall.unwrap();
    assert!(seconds(stall.at) == 30 && stall.late > secs(15), "{stall:?}");
    assert_eq!(router.history.len(), 1, "it only started");
}

#[test]
fn a_reload_that_lowers_the_priority_is_named_beside_the_peer_that_took_over() {
    let host = Host::new().router(v2(200)).reload(vec![RouterSetup::new(v2(50), LinkId(0))]);
    let scenario = Scenario::new().host(host).host(Host::new().router(v2(100)));
    let seen = last(&run(&scenario.at(secs(10), Fault::Reconfigure(A, 0)), secs(30)), A);
    assert_eq!(
        seen.why,
        TransitionReason::Election(Cause::Better { source: address(B), priority: Priority::new(100) })
    );
    let moved = seen.evidence.moved.unwrap();
    assert_eq!((moved.by, moved.to, seconds(moved.at)), (ChangedBy::Configuration, Priority::new(50), 10));
}

#[test]
fn two_masters_after_a_partition_know_of_each_other() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Isolate(B)).at(ms(30_400), Fault::Heal);
    let run = run(&scenario, secs(40));
    let seen = last(&run, B);
    assert_eq!(
        seen.why,
        TransitionReason::Election(Cause::Better { source: address(A), priority: Priority::new(200) })
    );
    assert_eq!((seconds(seen.at), seen.from), (30, Standing::Active));
    let router = run.node(A).unwrap().snapshot(run.now()).router(R0).unwrap();
    let other = router.observed.other.unwrap();
    assert_eq!((other.source, other.priority, seconds(other.at)), (address(B), Priority::new(100), 30));
}

#[test]
fn a_router_that_must_not_preempt_shows_whom_it_obeys_instead() {
    let better = RouterConfig { preempt: Preempt::Never, ..v2(200) };
    let pair = scenario([v2(100), better]).at(ms(0), Fault::PowerOff(B)).at(secs(10), Fault::Start(B));
    let run = run(&pair, secs(30));
    let router = run.node(B).unwrap().snapshot(run.now()).router(R0).unwrap();
    let master = router.obeys.unwrap();
    assert_eq!((master.source, master.priority), (address(A), Priority::new(100)));
    assert!(router.priority > master.priority && router.setup.config.preempt == Preempt::Never);
}

#[test]
fn a_startup_delay_is_named_with_what_is_left_of_it() {
    let late = Host { startup_delay: secs(15), ..Host::new().router(v2(200)) };
    let run = run(&Scenario::new().host(late).host(Host::new().router(v2(100))), secs(5));
    let router = run.node(A).unwrap().snapshot(run.now()).router(R0).unwrap();
    assert_eq!((router.standing, router.waits), (Standing::Waiting, Some(Waits::StartupDelay(secs(10)))));
}

#[test]
fn a_sync_group_names_the_member_that_has_the_fault() {
    let on = |lan: u32, priority: u8| {
        let config =
            RouterConfig { vrid: Vrid::new(51 + u8::try_from(lan).unwrap()).unwrap(), ..v2(priority) };
        RouterSetup::new(config, LinkId(lan))
    };
    let host = |priority| {
        let members = [RouterId(0), RouterId(1)];
        Host::new().setup(on(0, priority)).setup(on(1, priority)).group("G", members)
    };
    let scenario = Scenario::new().host(host(200)).host(host(100));
    let seen = last(&run(&scenario.at(secs(10), Fault::OneLinkDown(A, LinkId(1))), secs(30)), A);
    assert_eq!(seen.why, TransitionReason::Fault(Missing::Member(RouterId(1))));
}

#[test]
fn a_file_and_a_bfd_session_are_named_with_the_observation() {
    for (before, after) in [(Fact::Value(0), Fact::Value(1)), (Fact::Up, Fact::Down)] {
        let scenario = tracking(Host::new().fact(before), weighted(F0, 0));
        let seen = last(&run(&scenario.at(secs(10), Fault::Fact(A, F0, after)), secs(20)), A);
        assert_eq!(seen.why, TransitionReason::Fault(Missing::Tracked(F0.into())));
        assert_eq!((seen.evidence.fact, seconds(seen.at)), (Some(after), 10));
    }
}

#[test]
fn a_crash_of_the_daemon_is_named_by_its_successor() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Kill(A)).at(secs(11), Fault::Start(A));
    let seen = last(&run(&scenario, secs(20)), A);
    assert_eq!((seen.why, seen.to), (TransitionReason::Election(Cause::Resumed), Standing::Active));
}

#[test]
fn close_calls_of_a_lossy_link_are_counted_before_the_addresses_move() {
    let mut pair = scenario([v2(200), v2(100)]);
    for cut in [20_500, 40_500] {
        pair = pair.at(ms(cut), Fault::Block(A, B)).at(ms(cut + 2_000), Fault::Unblock(A, B));
    }
    let run = run(&pair, secs(60));
    let router = run.node(B).unwrap().snapshot(run.now()).router(R0).unwrap();
    assert_eq!((router.standing, router.observed.close_calls.count), (Standing::Backup, 2));
    let last: Vec<Duration> = router.observed.close_calls.last().map(|at| at.since(Instant::ZERO)).collect();
    assert!(last[0] > secs(42) && last[0] < secs(44) && last[1] < secs(24), "{last:?}");
}

#[test]
fn maintenance_is_named_with_its_end_and_with_who_took_over() {
    for hard in [false, true] {
        let kind = IntentKind::Maintenance { hard };
        let begun = Fault::Intend(A, R0, kind, Some(secs(600)));
        let run = run(&scenario([v2(200), v2(100)]).at(secs(10), begun), secs(30));
        let router = run.node(A).unwrap().snapshot(run.now()).router(R0).unwrap();
        let moved = router.history.iter().rev().find(|past| past.from == Standing::Active).unwrap();
        let TransitionReason::Election(Cause::HandedOver { source, priority, .. }) = moved.why else {
            panic!("{moved:?}")
        };
        assert_eq!((source, priority), (address(B), Priority::new(100)));
        let intent = moved.evidence.intent.as_ref().unwrap();
        assert_eq!((intent.kind, seconds(intent.since)), (kind, 10));
        assert_eq!(intent.until.map(seconds), Some(610));
        let now = if hard { (Standing::Fault, Some(Missing::Maintenance)) } else { (Standing::Backup, None) };
        assert_eq!((router.standing, router.fault), now);
        assert_eq!(run.node(A).unwrap().intent(R0).and_then(|intent| intent.moved_to), Some(address(B)));
    }
}
