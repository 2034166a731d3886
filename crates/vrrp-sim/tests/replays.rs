//! Recordings of random scenarios lead to the same changes when they are played again.
#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::time::Duration;

use vrrp_election::{Cause, Input, Recording, RouterConfig, RouterId, State};
use vrrp_proto::{Family, RouterInterval, RouterPriority, Vrid};
use vrrp_sim::{CALM_AFTER, Fault, Host, HostId, Scenario, Simulation, replay};

/// Everything that a machine recorded.
fn recordings(run: &Simulation, host: HostId) -> Vec<Recording> {
    let Some(node) = run.node(host) else { return Vec::new() };
    let routers = (0..).map(RouterId).map_while(|id| node.router(id));
    routers.flat_map(vrrp_election::VirtualRouter::recordings).collect()
}

/// As it comes back from a file.
fn through_a_file(recording: &Recording) -> Recording {
    let text = serde_json::to_string(recording).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Looks at all recordings every few seconds; gives how many changes were played again.
fn replayed(seed: u64, scenario: &Scenario) -> usize {
    let mut run = scenario.start(seed);
    let mut changes = 0;
    for _ in 0..(CALM_AFTER.as_secs() / 5) {
        run.run_for(Duration::from_secs(5)).unwrap_or_else(|violation| panic!("{violation}"));
        for host in (0..scenario.hosts.len()).map(HostId) {
            for recording in recordings(&run, host) {
                let again = replay(&through_a_file(&recording));
                assert_eq!(again, recording.changes, "seed {seed}, {host}: {recording:#?}");
                changes += again.len();
            }
        }
    }
    changes
}

#[test]
fn random_scenarios_come_to_the_same_changes() {
    let changes: usize = (0..40).map(|seed| replayed(seed, &Scenario::random(seed))).sum();
    assert!(changes > 500, "{changes}");
}

#[test]
fn random_scenarios_with_groups_and_planned_moves_come_to_the_same_changes() {
    let groups: usize = (0..15).map(|seed| replayed(seed, &Scenario::random_groups(seed))).sum();
    let moves: usize = (0..15).map(|seed| replayed(seed, &Scenario::random_moves(seed))).sum();
    assert!(groups > 500 && moves > 500, "{groups} {moves}");
}

fn config(priority: u8) -> RouterConfig {
    let interval = RouterInterval::seconds(1).unwrap();
    let config = RouterConfig::new(Vrid::new(51).unwrap(), Family::Ipv4, interval);
    RouterConfig { priority: RouterPriority::new(priority).unwrap(), ..config }
}

#[test]
fn a_router_that_only_starts_and_listens_records_nothing() {
    let pair = Scenario::new().host(Host::new().router(config(200))).host(Host::new().router(config(100)));
    let run = pair.run(1, Duration::from_secs(600)).unwrap();
    assert!(recordings(&run, HostId(0)).is_empty() && recordings(&run, HostId(1)).is_empty());
}

#[test]
fn a_takeover_is_told_by_its_last_advert_and_its_timer_and_what_followed() {
    let pair = Scenario::new().host(Host::new().router(config(200))).host(Host::new().router(config(100)));
    let seconds = Duration::from_secs;
    let pair = pair.at(seconds(100), Fault::PowerOff(HostId(0))).at(seconds(200), Fault::Start(HostId(0)));
    let run = pair.run(1, seconds(300)).unwrap();
    let [recording] = &recordings(&run, HostId(1))[..] else { panic!() };
    let [took, gave] = recording.changes[..] else { panic!("{recording:#?}") };
    assert!(matches!((took.to, took.cause), (State::Active, Cause::ActiveDown { .. })));
    assert!(matches!((gave.to, gave.cause), (State::Backup, Cause::Better { .. })));
    assert_eq!(recording.inputs[took.input].input, Input::Timeout);
    let Input::Advert { advert, .. } = recording.inputs[gave.input].input else { panic!("{recording:#?}") };
    assert_eq!(advert.priority.get(), 200);
    // Of a hundred seconds with an advert each, one moment is left, and an Active that serves has nothing to tell.
    assert!(recording.inputs.len() <= 3, "{recording:#?}");
    assert!(recording.start.obeyed().is_some());
}
