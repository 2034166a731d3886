//! A director that goes on where another one ended.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use lvs_health::director::{Action, AttemptId, Event, Plan, Server, Service, ServiceId, Sorry};
use lvs_health::{Check, Outcome, Probe, Script, Timing, WeightUpdate};

use crate::lab::{FAIL, Lab, PASS, SECOND, TIMING, http, id, quorums, server, service, tcp, turns};

const MOMENT: Duration = Duration::from_millis(150);

fn plan(services: &[Service]) -> Plan {
    Plan { services: services.to_vec(), share_checks: false }
}

/// Ends the attempts that are due next, each as its port in `failing` or not says.
fn round(lab: &mut Lab, failing: &[u16]) -> Vec<Event> {
    for (attempt, _) in lab.next_starts() {
        let server = lab.director.servers(attempt.check)[0];
        let port = lab.director.server_status(server).unwrap().address.port();
        let outcome = if failing.contains(&port) { FAIL } else { PASS };
        lab.director.handle_outcome(lab.now, attempt, outcome);
    }
    lab.told()
}

fn alpha(port: u16) -> Server {
    let timing = Timing { alpha: true, retry: 0, ..TIMING };
    Server { checks: vec![tcp(port, &timing)], ..server(port) }
}

#[test]
fn a_quorum_that_hysteresis_keeps_is_kept() {
    let service = Service {
        quorum: 2,
        hysteresis: 1,
        sorry: Some(Sorry::default()),
        ..service("a", vec![alpha(1), alpha(2), alpha(3)])
    };
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "2=1 3=1");
    lab.crash(plan(&[service]), MOMENT);
    assert_eq!(lab.wanted(), "2=1 3=1");
    assert_eq!(lab.told(), [Event::Resumed { service: ServiceId(0) }], "nothing is told");
    round(&mut lab, &[1]);
    assert_eq!(lab.wanted(), "2=1 3=1");
    assert_eq!(turns(&round(&mut lab, &[])), [(0, true)]);
}

#[test]
fn a_service_that_is_down_altogether_stays_so_in_silence() {
    let service = Service { initial_notifies: true, ..service("a", vec![alpha(1), alpha(2)]) };
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    round(&mut lab, &[1, 2]);
    lab.crash(plan(&[service]), MOMENT);
    assert_eq!((lab.wanted(), lab.told()), (String::new(), vec![Event::Resumed { service: ServiceId(0) }]));
    let told = round(&mut lab, &[2]);
    assert_eq!((turns(&told), quorums(&told)), (vec![(0, true)], vec![(0, true)]));
}

#[test]
fn tolerated_failures_count_on() {
    let service = service("a", vec![server(1)]);
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    round(&mut lab, &[1]);
    lab.crash(plan(&[service]), MOMENT);
    lab.drain();
    assert!(lab.up(id(0, 0)));
    assert!(lab.wait() < 2, "the retry is due as before");
    assert_eq!(turns(&round(&mut lab, &[1])), [(0, false)]);
}

#[test]
fn checks_keep_their_beat() {
    let service = service("a", vec![server(1)]);
    // The first attempt is made at once, and then one every 10 s.
    for (pause, seconds) in [(MOMENT, 10), (35 * SECOND, 40)] {
        let mut lab = Lab::new(vec![service.clone()]);
        lab.drain();
        round(&mut lab, &[]);
        lab.crash(plan(std::slice::from_ref(&service)), pause);
        lab.drain();
        lab.next_start();
        assert_eq!(lab.seconds(), seconds);
    }
    // An attempt that was under way is made again at once.
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[]);
    lab.next_start();
    lab.crash(plan(&[service]), MOMENT);
    lab.drain();
    lab.next_start();
    assert_eq!(lab.seconds(), 10);
}

#[test]
fn a_drain_ends_at_its_time_and_not_with_its_director() {
    let of = |servers| Service { drain: 30 * SECOND, ..service("a", servers) };
    let mut lab = Lab::new(vec![of(vec![server(1), server(2)])]);
    lab.drain();
    lab.reload(vec![of(vec![server(1)])]);
    lab.drain();
    lab.now += 10 * SECOND;
    lab.crash(plan(&[of(vec![server(1)])]), 10 * SECOND);
    lab.drain();
    assert_eq!(lab.wanted(), "1=1 drained 2=0");
    lab.pass_time(9 * SECOND);
    assert_eq!(lab.wanted(), "1=1 drained 2=0");
    lab.pass_time(SECOND);
    assert_eq!(lab.wanted(), "1=1");
}

#[test]
fn a_slow_start_goes_on_at_its_step() {
    let slow = Server { weight: 100, slow_start: 100 * SECOND, ..server(1) };
    let service = service("a", vec![Server { checks: vec![tcp(1, &Timing { retry: 0, ..TIMING })], ..slow }]);
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    round(&mut lab, &[1]);
    round(&mut lab, &[]);
    assert_eq!(lab.wanted(), "1=1");
    lab.crash(plan(&[service]), 50 * SECOND);
    lab.drain();
    assert_eq!(lab.wanted(), "1=50");
}

#[test]
fn a_weight_that_a_check_gave_stands() {
    let script = Script { command: "load".to_owned(), timeout: SECOND, dynamic: true };
    let check = Check { probe: Probe::Script(script.into()), timing: TIMING };
    let service =
        Service { quorum: 20, ..service("a", vec![Server { weight: 20, checks: vec![check], ..server(1) }]) };
    let mut lab = Lab::new(vec![service.clone()]);
    lab.drain();
    lab.attempt(Outcome::Pass(WeightUpdate::Exactly(5)));
    lab.crash(plan(&[service]), MOMENT);
    assert_eq!(lab.told(), [Event::Resumed { service: ServiceId(0) }]);
    assert_eq!(lab.wanted(), "1=5");
    let told = lab.attempt(Outcome::Pass(WeightUpdate::Configured));
    assert_eq!(told[0], Event::Weight { server: id(0, 0), from: 5, to: 20 });
}

#[test]
fn a_plan_that_its_predecessor_never_ran_is_taken_as_by_a_reload() {
    let gone = service("b", vec![server(9)]);
    let mut lab = Lab::new(vec![service("a", vec![server(1), server(2)]), gone]);
    lab.drain();
    assert_eq!(lab.remembered(), ["a", "b"]);
    let after = service("a", vec![server(2), server(3)]);
    lab.crash(plan(&[after]), MOMENT);
    let told = lab.told();
    assert!(told.iter().any(|event| matches!(event, Event::Retired { name, up: true, .. } if name == "b")));
    assert!(told.iter().any(|event| matches!(event, Event::Removed { server, .. } if server.port() == 1)));
    assert!(told.iter().any(|event| matches!(event, Event::Added { server, .. } if *server == id(0, 1))));
    assert_eq!((quorums(&told), lab.wanted()), (vec![], "2=1 3=1".to_owned()));
    assert_eq!(lab.remembered(), ["a"], "a removed service is forgotten");
}

#[test]
fn unchanged_values_are_not_remembered_again() {
    let three_urls = Server { checks: vec![http(2, 3, &TIMING)], ..server(2) };
    let mut lab = Lab::new(vec![service("a", vec![server(1), three_urls])]);
    lab.drain();
    (0..4).for_each(|_| _ = round(&mut lab, &[]));
    for _ in 0..8 {
        for (attempt, _) in lab.next_starts() {
            lab.director.handle_outcome(lab.now, attempt, PASS);
        }
        assert_eq!(lab.director.poll_memory(lab.now), None);
    }
    let (attempt, _) = lab.next_starts()[0];
    lab.director.handle_outcome(lab.now, attempt, FAIL);
    assert!(lab.director.poll_memory(lab.now).is_some());
}

#[test]
fn an_unproven_check_does_not_wait_for_another_beat() {
    let slow = 3 * SECOND;
    let rising = Timing { alpha: true, rise: 3, ..TIMING };
    let service = service("a", vec![Server { checks: vec![tcp(1, &rising)], ..server(1) }]);
    // An attempt is under way, and the successor is late: without any result, after one of three good ones, and after two.
    for good in 0..3 {
        let mut lab = Lab::new(vec![service.clone()]);
        lab.drain();
        for _ in 0..good {
            round(&mut lab, &[]);
        }
        lab.next_start();
        let due = lab.seconds();
        lab.crash(plan(std::slice::from_ref(&service)), slow);
        lab.drain();
        lab.next_start();
        assert_eq!(lab.seconds(), due + 3, "{good} good results");
        let check = lab.check(id(0, 0));
        assert_eq!(lab.director.check_status(check).unwrap().successes, good, "successes are remembered");
    }
}

/// A director beside others in one world, whose servers answer after a while.
struct Player {
    lab: Lab,
    answers: VecDeque<(Instant, AttemptId, u16)>,
    told: Vec<Event>,
}

impl Player {
    fn new(now: Instant, plan: Plan) -> Self {
        let lab = Lab::starting(now, plan);
        Self { lab, answers: VecDeque::new(), told: Vec::new() }
    }

    /// Plays this millisecond, in which these ports are open.
    fn play(&mut self, now: Instant, is_open: impl Fn(u16) -> bool) {
        self.lab.now = now;
        self.lab.director.handle_timeout(now);
        self.take();
        while let Some(&(at, attempt, port)) = self.answers.front()
            && at <= now
        {
            self.answers.pop_front();
            let outcome = if is_open(port) { PASS } else { FAIL };
            self.lab.director.handle_outcome(now, attempt, outcome);
            self.take();
        }
    }

    fn take(&mut self) {
        for action in self.lab.drain() {
            match action {
                Action::Start { attempt, .. } => {
                    let server = self.lab.director.servers(attempt.check)[0];
                    let port = self.lab.director.server_status(server).unwrap().address.port();
                    self.answers.push_back((self.lab.now + Duration::from_millis(2), attempt, port));
                }
                Action::Tell(event @ (Event::Server { .. } | Event::Quorum { .. })) => self.told.push(event),
                _ => {}
            }
        }
    }

    fn table(&self) -> String {
        format!("{} / {}", self.lab.wanted_of(ServiceId(0)), self.lab.wanted_of(ServiceId(1)))
    }
}

/// SplitMix64.
fn random(seed: &mut u64, below: u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*seed ^ (*seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) % below
}

/// Of two directors in one world one dies again and again. Its table is the other's again a tenth of a second after each
/// restart, in every millisecond, and both tell the same.
#[test]
fn a_director_that_dies_at_any_moment_has_the_table_of_one_that_does_not() {
    const DOWN: u64 = 80;
    for seed in 0..10 {
        let mut state = seed;
        let millis = Duration::from_millis;
        let timing = |retry, delay| Timing {
            retry,
            rise: 1 + retry,
            delay_before_retry: millis(delay),
            warmup: millis(700),
            ..Timing::every(millis(if seed % 2 == 0 { 700 } else { 1500 }))
        };
        let server = |port, retry, delay, alpha| {
            let check = tcp(port, &Timing { alpha, ..timing(retry, delay) });
            Server { checks: vec![check], slow_start: millis(3000), ..server(port) }
        };
        let plan = plan(&[
            Service {
                quorum: 2,
                sorry: Some(Sorry::default()),
                ..service("a", vec![server(1, 1, 250, true), server(2, 0, 0, true)])
            },
            service("b", vec![server(3, 2, 400, false), server(4, 1, 1100, false)]),
        ]);
        let start = Instant::now();
        let mut alone = Player::new(start, plan.clone());
        let mut killed = Player::new(start, plan.clone());
        let (mut open, mut next_turn) = ([true; 5], 2000);
        let (mut next_kill, mut restarted) = (1000 + random(&mut state, 400), 0);
        let mut flips = 0;
        let changes = |told: &[Event]| (turns(told), quorums(told));
        for passed in 0..60_000 {
            let now = start + millis(passed);
            // Both have to see the same: nothing turns while one of them does not look.
            if passed >= next_turn && passed + 30 < next_kill && passed > restarted + 5 {
                let port = 1 + usize::try_from(random(&mut state, 4)).unwrap();
                open[port] = !open[port];
                next_turn = passed + 200 + random(&mut state, 3000);
                flips += 1;
            }
            let is_open = |port: u16| open[usize::from(port)];
            alone.play(now, is_open);
            if passed < next_kill {
                killed.play(now, is_open);
            } else if passed == next_kill + DOWN {
                killed.lab.now = start + millis(next_kill);
                killed.lab.crash(plan.clone(), millis(DOWN));
                killed.answers.clear();
                killed.play(now, is_open);
                restarted = passed;
                next_kill = passed + 150 + random(&mut state, 1500);
            }
            if passed < next_kill && passed > restarted + 100 {
                assert_eq!(
                    alone.table(),
                    killed.table(),
                    "seed {seed}, {passed} ms, restart at {restarted} ms"
                );
            }
        }
        assert_eq!(changes(&alone.told), changes(&killed.told), "seed {seed}");
        assert!(flips > 10 && alone.told.len() > 10, "{flips} flips, {} told", alone.told.len());
    }
}
