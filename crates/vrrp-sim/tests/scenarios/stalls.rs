//! Hosts that do not look for a while.

use vrrp_election::{Event, Report};
use vrrp_sim::{Fault, Network, What};

use crate::lab::{A, B, fast, ms, run, scenario, secs, service, takeovers, v2};

#[test]
fn a_backup_that_did_not_read_does_not_conclude_that_nobody_sent() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Stall(B, secs(30)));
    assert_eq!(takeovers(run(&scenario, secs(60)).timeline()), [(3_218, A)]);
}

#[test]
fn nor_does_it_when_its_stall_ends_between_two_adverts_again_and_again() {
    for n in 0..40 {
        let scenario = scenario([fast(200), fast(100)]).at(secs(5), Fault::Stall(B, ms(900 + 13 * n)));
        let takeovers = takeovers(run(&scenario, secs(10)).timeline());
        assert!(takeovers.iter().all(|(_, host)| *host == A), "{takeovers:?}");
    }
}

/// Number of these suspensions of a Backup, at every phase of the adverts, that make it take over for nothing.
fn false_takeovers(lengths_ms: impl Iterator<Item = u64>) -> usize {
    let network = Network { delay: ms(1), jitter: ms(4), ..Network::LAN };
    let runs = lengths_ms.flat_map(|length| (0..10).map(move |phase| (length, ms(5_000 + phase * 101))));
    runs.filter(|(length, at)| {
        let scenario = scenario([v2(200), v2(100)])
            .network(network)
            .wakes_late(ms(2))
            .at(*at, Fault::Suspend(B, ms(*length)));
        takeovers(run(&scenario, *at + ms(*length) + secs(6)).timeline()).iter().any(|(_, host)| *host == B)
    })
    .count()
}

#[test]
fn a_suspended_backup_listens_for_an_interval_and_a_skew_before_it_takes_over() {
    assert_eq!(false_takeovers((5_000..15_000).step_by(97)), 0);
}

#[test]
fn a_suspension_about_as_long_as_the_wait_is_recognised_mostly() {
    // The remaining suspensions end just before the wait does: nothing was late, and yet an advert was missed.
    let (all, fooled) = (1_000, false_takeovers((3_000..5_000).step_by(20)));
    assert!(fooled <= all / 5, "{fooled} of {all}");
}

#[test]
fn a_backup_whose_active_died_during_its_stall_listens_once_more_and_takes_over() {
    let scenario = scenario([v2(200), v2(100)])
        .at(secs(10), Fault::Stall(B, secs(30)))
        .at(ms(10_100), Fault::PowerOff(A));
    let run = run(&scenario, secs(60));
    assert_eq!(takeovers(run.timeline()), [(3_218, A), (41_609, B)], "an interval and a skew after it woke");
    let stalls = run.timeline().moments().iter().filter(|moment| {
        matches!(moment.what, What::Told(B, Event::Router { report: Report::Stalled { .. }, .. }))
    });
    assert_eq!(stalls.count(), 1);
}

#[test]
fn an_active_that_stalls_too_long_is_followed_and_returns_without_two_serving() {
    let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Stall(A, secs(10)));
    let run = run(&scenario, secs(60));
    let takeovers = takeovers(run.timeline());
    assert_eq!(takeovers, [(3_218, A), (12_828, B)], "A never left, and B yields to its next advert");
    assert_eq!(run.serving(service()), [A]);
    assert_eq!(run.reached(service()), Some(A), "it has announced itself again");
}

#[test]
fn an_active_that_stalls_and_is_worse_steps_down_before_it_says_anything() {
    // B is better but came late to the party: it takes over while A stalls.
    let scenario = scenario([v2(100), v2(200)])
        .at(ms(1), Fault::PowerOff(B))
        .at(secs(10), Fault::Stall(A, secs(10)))
        .at(secs(12), Fault::Start(B));
    let run = run(&scenario, ms(20_001));
    let last = run.timeline().moments().last().map(ToString::to_string).unwrap_or_default();
    assert!(last.contains("host 0") && last.contains("Active -> Backup"), "{last}");
    assert_eq!(run.serving(service()), [B]);
}

#[test]
fn a_stall_shorter_than_the_wait_is_not_noticed() {
    for host in [A, B] {
        let scenario = scenario([v2(200), v2(100)]).at(secs(10), Fault::Stall(host, ms(2_500)));
        assert_eq!(takeovers(run(&scenario, secs(30)).timeline()), [(3_218, A)]);
    }
}

#[test]
fn late_wake_ups_do_not_add_up() {
    let scenario = scenario([fast(200), fast(100)]).wakes_late(ms(40));
    let run = run(&scenario, secs(300));
    assert_eq!(takeovers(run.timeline()).len(), 1);
    let sent =
        run.node(A).and_then(|node| node.router(crate::lab::R0)).map(|router| router.counters().adverts_sent);
    // Active since about 0.32 s, ten times a second.
    assert!(sent.is_some_and(|sent| (2_996..=2_998).contains(&sent)), "{sent:?}");
}
