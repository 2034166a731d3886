//! Backup servers, a sorry server that is checked, and the margin of panic_threshold.

use lvs_health::Timing;
use lvs_health::director::{Event, Intent, Mode, Plan, Server, Service, ServiceId, Sorry};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, id, quorums, server, service, tcp};

const SORRY_PORT: u16 = 99;

fn member(port: u16) -> Server {
    Server { checks: vec![tcp(port, &Timing { retry: 0, ..TIMING })], ..server(port) }
}

/// Servers 1 and 2, and backup servers 8 and 9.
fn tiers() -> Service {
    let backup = |port| Server { backup: true, ..member(port) };
    service("a", vec![member(1), member(2), backup(8), backup(9)])
}

fn checked_sorry(alpha: bool) -> Sorry {
    Sorry { checks: vec![tcp(SORRY_PORT, &Timing { retry: 0, alpha, ..TIMING })], ..Sorry::default() }
}

/// Ends one attempt of each check, those of these ports as failures.
fn round(lab: &mut Lab, failing: &[u16]) -> Vec<Event> {
    for (attempt, _) in lab.next_starts() {
        let server = lab.director.servers(attempt.check)[0];
        let status = lab.director.server_status(server);
        let port = status.map_or(SORRY_PORT, |status| status.address.port());
        let outcome = if failing.contains(&port) { FAIL } else { PASS };
        lab.director.handle_outcome(lab.now, attempt, outcome);
    }
    lab.told()
}

fn backups(events: &[Event]) -> Vec<bool> {
    let backup =
        |event: &Event| if let Event::Backup { serving, .. } = event { Some(*serving) } else { None };
    events.iter().filter_map(backup).collect()
}

fn sorry_turns(events: &[Event]) -> Vec<bool> {
    let turn = |event: &Event| match event {
        Event::Server { server, up, .. } if server.is_sorry() => Some(*up),
        _ => None,
    };
    events.iter().filter_map(turn).collect()
}

#[test]
fn backup_servers_stand_by_with_weight_0_until_the_others_give_no_quorum() {
    let mut lab = Lab::new(vec![tiers()]);
    assert_eq!(quorums(&lab.told()), [(0, true)]);
    assert_eq!(lab.wanted(), "1=1 2=1 8=0 9=0");
    let told = round(&mut lab, &[1]);
    assert_eq!((lab.wanted().as_str(), backups(&told)), ("2=1 8=0 9=0", vec![]));
    let told = round(&mut lab, &[1, 2]);
    assert_eq!((lab.wanted().as_str(), backups(&told)), ("8=1 9=1", vec![true]));
    assert_eq!(quorums(&told), [], "the quorum is that of all");
    let told = round(&mut lab, &[1, 2, 9]);
    assert_eq!((lab.wanted().as_str(), backups(&told)), ("8=1", vec![]));
    let told = round(&mut lab, &[1]);
    assert_eq!((lab.wanted().as_str(), backups(&told)), ("2=1 8=0 9=0", vec![false]));
}

#[test]
fn with_a_quorum_of_two_backup_servers_stand_beside_the_last_one() {
    let mut lab = Lab::new(vec![Service { quorum: 2, hysteresis: 0, ..tiers() }]);
    lab.drain();
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "2=1 8=1 9=1");
    // With a margin it takes both to send the backup servers back, and none to call them.
    let mut lab = Lab::new(vec![Service { quorum: 2, hysteresis: 1, ..tiers() }]);
    lab.drain();
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "2=1 8=0 9=0");
    round(&mut lab, &[1, 2]);
    assert_eq!(lab.wanted(), "8=1 9=1");
    round(&mut lab, &[]);
    assert_eq!(lab.wanted(), "1=1 2=1 8=1 9=1", "3 would be needed, which these two never weigh");
}

#[test]
fn the_sorry_server_comes_after_the_backup_servers_and_panic_after_both() {
    let mut lab =
        Lab::new(vec![Service { sorry: Some(checked_sorry(false)), panic_threshold: 50, ..tiers() }]);
    lab.drain();
    round(&mut lab, &[1, 2]);
    assert_eq!(lab.wanted(), "8=1 9=1", "good backup servers are used before servers that failed");
    round(&mut lab, &[1, 2, 8, 9]);
    assert_eq!(lab.wanted(), "sorry=1");
    let told = round(&mut lab, &[1, 2, 8, 9, SORRY_PORT]);
    assert_eq!((lab.wanted().as_str(), sorry_turns(&told)), ("1=1 2=1 8=1 9=1", vec![false]));
    let told = round(&mut lab, &[1, 2, 8, 9]);
    assert_eq!((lab.wanted().as_str(), sorry_turns(&told)), ("sorry=1", vec![true]));
    round(&mut lab, &[2]);
    assert_eq!(lab.wanted(), "1=1 8=0 9=0");
}

#[test]
fn a_sorry_server_that_is_down_leaves_the_servers_that_are_up() {
    let two = |sorry| Service { quorum: 2, sorry, ..service("a", vec![member(1), member(2)]) };
    let mut lab = Lab::new(vec![two(Some(checked_sorry(false)))]);
    lab.drain();
    let told = round(&mut lab, &[1, SORRY_PORT]);
    assert_eq!((lab.wanted().as_str(), quorums(&told)), ("2=1", vec![(0, false)]));
    let status = lab.director.service_status(ServiceId(0)).unwrap();
    assert_eq!((status.sorry, status.sorry_up), (false, Some(false)));
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "sorry=1");
    // One that keeps no check is another one, and without checks it is up.
    round(&mut lab, &[1, SORRY_PORT]);
    lab.reload(vec![two(Some(Sorry::default()))]);
    assert_eq!(lab.wanted(), "sorry=1");
}

#[test]
fn a_checked_sorry_server_survives_reload_and_crash() {
    let plan = || Plan {
        services: vec![Service { sorry: Some(checked_sorry(true)), ..service("a", vec![member(1)]) }],
        share_checks: false,
    };
    let mut lab = Lab::of(plan());
    lab.drain();
    assert_eq!(lab.director.service_status(ServiceId(0)).unwrap().sorry_up, Some(false), "alpha");
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "sorry=1");
    lab.reload(plan().services);
    assert_eq!((lab.told().len(), lab.wanted().as_str()), (0, "sorry=1"));
    lab.crash(plan(), SECOND);
    assert_eq!(sorry_turns(&lab.told()), []);
    assert_eq!(lab.wanted(), "sorry=1");
    let told = round(&mut lab, &[1, SORRY_PORT]);
    assert_eq!((lab.wanted().as_str(), sorry_turns(&told)), ("", vec![false]));
}

#[test]
fn a_successor_knows_that_backup_servers_are_used() {
    let margin = || Service { quorum: 2, hysteresis: 1, ..tiers() };
    let mut lab = Lab::new(vec![margin()]);
    lab.drain();
    round(&mut lab, &[1, 2]);
    round(&mut lab, &[2]);
    assert_eq!(lab.wanted(), "1=1 8=1 9=1");
    lab.crash(Plan { services: vec![margin()], share_checks: false }, SECOND);
    assert_eq!((backups(&lab.told()), lab.wanted().as_str()), (vec![], "1=1 8=1 9=1"));
}

#[test]
fn a_weight_that_somebody_gives_to_a_backup_server_is_an_intent() {
    let mut lab = Lab::new(vec![tiers()]);
    lab.drain();
    assert!(lab.director.handle_foreign_weight(lab.now, id(0, 2), 1, None));
    lab.drain();
    assert_eq!(lab.wanted(), "1=1 2=1 8=1 9=0");
    assert!(lab.director.handle_foreign_weight(lab.now, id(0, 2), 0, None));
    lab.drain();
    assert_eq!((lab.director.intent(id(0, 2)), lab.wanted().as_str()), (None, "1=1 2=1 8=0 9=0"));
    // Draining all servers puts the backup servers into use.
    for place in [0, 1] {
        lab.director.steer(lab.now, id(0, place), Some(Intent::new(Mode::drain(), "somebody")));
    }
    assert_eq!(backups(&lab.told()), [true]);
    assert_eq!(lab.wanted(), "1=0 2=0 8=1 9=1");
    lab.director.steer(
        lab.now,
        lvs_health::director::ServerId::sorry(ServiceId(0)),
        Some(Intent::new(Mode::Maintenance, "x")),
    );
    assert_eq!(lab.told(), [], "a sorry server is not steered");
}

#[test]
fn panic_ends_only_with_its_margin() {
    let members = |panic_hysteresis| Service {
        panic_threshold: 50,
        panic_hysteresis,
        ..service("a", (1..=4).map(member).collect())
    };
    let panics = |lab: &Lab| lab.director.service_status(ServiceId(0)).unwrap().panics;
    for (margin, with_two, with_three) in
        [(0, false, false), (25, true, false), (26, true, true), (100, true, true)]
    {
        let mut lab = Lab::new(vec![members(margin)]);
        lab.drain();
        round(&mut lab, &[1, 2]);
        assert!(!panics(&lab), "50 % are not below");
        round(&mut lab, &[1, 2, 3]);
        assert!(panics(&lab));
        round(&mut lab, &[1, 2]);
        assert_eq!(panics(&lab), with_two, "{margin}");
        lab.crash(Plan { services: vec![members(margin)], share_checks: false }, SECOND);
        lab.drain();
        assert_eq!(panics(&lab), with_two, "a successor knows, {margin}");
        round(&mut lab, &[1]);
        assert_eq!(panics(&lab), with_three, "{margin}");
        round(&mut lab, &[]);
        assert!(!panics(&lab), "all are good");
    }
}
