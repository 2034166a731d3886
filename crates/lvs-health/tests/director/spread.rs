//! Ten thousand checks do not begin in the same millisecond.

use std::time::Duration;

use lvs_health::Timing;
use lvs_health::director::Server;

use crate::lab::{Lab, PASS, SECOND, TIMING, server, service, starts, tcp};

#[test]
fn first_attempts_fill_the_warmup_evenly_and_stay_apart() {
    let timing = Timing { warmup: 10 * SECOND, ..TIMING };
    // A hundred services of a hundred servers: the spread is over all of them, and good for each.
    let services = (0..100_u16).map(|name| {
        let port = |place| 1 + name * 100 + place;
        let checked = |place| Server { checks: vec![tcp(port(place), &timing)], ..server(port(place)) };
        service(&format!("s{name}"), (0..100).map(checked).collect())
    });
    let mut lab = Lab::new(services.collect());
    lab.drain();
    // Counted between two strokes of the beat.
    lab.pass_time(Duration::from_millis(95));
    let mut histogram = vec![0; 100];
    let mut of_one_service = vec![0; 10];
    for round in 0..2 {
        for tenth in 0..100 {
            let begun = starts(lab.drain());
            for (attempt, _) in &begun {
                if round == 0 && lab.director.servers(attempt.check)[0].service.0 == 7 {
                    of_one_service[tenth / 10] += 1;
                }
                lab.director.handle_outcome(lab.now, *attempt, PASS);
            }
            lab.drain();
            lab.pass_time(Duration::from_millis(100));
            histogram[tenth] = begun.len();
        }
        assert!(histogram.iter().all(|count| (95..=105).contains(count)), "{round}: {histogram:?}");
    }
    assert!(of_one_service.iter().all(|count| (8..=12).contains(count)), "{of_one_service:?}");
}

#[test]
fn fifty_wake_ups_a_second_suffice_and_each_finds_its_part_of_the_attempts() {
    let timing = Timing { warmup: 10 * SECOND, ..TIMING };
    let servers = (1..=10_000).map(|port| Server { checks: vec![tcp(port, &timing)], ..server(port) });
    let mut lab = Lab::new(vec![service("a", servers.collect())]);
    lab.pass_time(Duration::ZERO);
    let mut crowds = Vec::new();
    for _wake_up in 0..1000 {
        let begun = starts(lab.drain());
        for (attempt, _) in &begun {
            lab.director.handle_outcome(lab.now, *attempt, PASS);
        }
        crowds.push(begun.len());
        lab.drain();
        lab.pass_time(lab.director.poll_timeout().unwrap() - lab.now);
    }
    assert_eq!(lab.seconds(), 20);
    assert!(crowds.iter().all(|count| (17..=23).contains(count)), "{crowds:?}");
}

#[test]
fn after_a_stall_attempts_keep_their_distances() {
    let timing = Timing { warmup: 10 * SECOND, ..TIMING };
    let servers = (1..=1000).map(|port| Server { checks: vec![tcp(port, &timing)], ..server(port) });
    let mut lab = Lab::new(vec![service("a", servers.collect())]);
    lab.drain();
    lab.pass_time(Duration::from_secs(3600));
    let mut begun = vec![starts(lab.drain()).len()];
    for _ in 0..10 {
        lab.pass_time(SECOND);
        begun.push(starts(lab.drain()).len());
    }
    // Those of one stroke begin together still.
    assert!(begun[0] <= 3 && begun[1..].iter().all(|count| (95..=105).contains(count)), "{begun:?}");
    assert_eq!(begun.iter().sum::<usize>(), 1000);
}

#[test]
fn a_pause_of_less_than_a_second_does_not_make_a_crowd() {
    let timing = Timing { warmup: 10 * SECOND, ..TIMING };
    let servers = (1..=1000).map(|port| Server { checks: vec![tcp(port, &timing)], ..server(port) });
    let mut lab = Lab::new(vec![service("a", servers.collect())]);
    lab.drain();
    let mut begun = Vec::new();
    // The second one is a busy machine's.
    for pause in [50, 950].into_iter().chain(std::iter::repeat_n(100, 190)) {
        lab.pass_time(Duration::from_millis(pause));
        let late = starts(lab.drain());
        for (attempt, _) in &late {
            lab.director.handle_outcome(lab.now, *attempt, PASS);
        }
        lab.drain();
        begun.push(late.len());
    }
    assert!((90..=100).contains(&begun[1]), "{begun:?}");
    assert!(begun[2..].iter().all(|count| (8..=12).contains(count)), "{begun:?}");
}

#[test]
fn without_warmup_the_first_attempt_is_at_once() {
    let mut lab = Lab::new(vec![service("a", vec![server(1), server(2)])]);
    lab.drain();
    assert_eq!(lab.director.poll_timeout(), Some(lab.now));
    assert_eq!(lab.next_starts().len(), 2);
}
