//! The requirements of RFC 5880 on a session, section by section.

#![allow(clippy::panic, clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod common;

use std::time::Duration;

use bfd_session::{
    Authentication, Config, Diagnostic, Ignored, Instant, Interval, Packet, Role, Session, State,
};
use common::{End, Pair, config, discriminator, ms};

const START: Instant = Instant::from_nanos(5_000_000_000);

/// A packet of a peer that takes and sends each second, to a session with discriminator 1.
fn packet(state: State) -> Packet<'static> {
    Packet {
        diagnostic: Diagnostic::NONE,
        state,
        poll: false,
        r#final: false,
        control_plane_independent: false,
        demand: false,
        detect_mult: 3.try_into().unwrap(),
        my_discriminator: discriminator(2),
        your_discriminator: Some(discriminator(1)),
        desired_min_tx: Interval::from_millis(100),
        required_min_rx: Interval::from_millis(100),
        required_min_echo_rx: Interval::ZERO,
        authentication: None,
    }
}

fn new(config: Config) -> End {
    End::new(Session::new(START, config, discriminator(1), 3))
}

impl End {
    fn hear(&mut self, now: Instant, packet: &Packet<'_>) -> Vec<Packet<'static>> {
        self.session.handle_packet(now, now, packet).unwrap();
        self.drain(now)
    }
}

/// Up, and the peer has confirmed what is asked for.
fn up(config: Config) -> End {
    let mut end = new(config);
    end.drain(START);
    end.hear(START, &packet(State::Down));
    end.hear(START, &packet(State::Up));
    end.hear(START, &Packet { r#final: true, ..packet(State::Up) });
    assert_eq!(end.session.state(), State::Up);
    end
}

#[test]
fn rfc5880_6_8_1_a_new_session_says_down_without_a_discriminator_of_the_other() {
    let sent = new(config(10, 3)).drain(START);
    let [first] = sent.as_slice() else { panic!("{sent:?}") };
    assert_eq!((first.state, first.your_discriminator), (State::Down, None));
    assert_eq!((first.my_discriminator, first.diagnostic), (discriminator(1), Diagnostic::NONE));
    assert_eq!(first.required_min_echo_rx, Interval::ZERO, "no echo is offered");
    assert!(!first.poll && !first.r#final && !first.demand);
}

#[test]
fn rfc5880_6_2_three_packets_bring_both_up() {
    let mut pair = Pair::new([config(10, 3); 2]);
    pair.run(ms(5));
    assert_eq!(pair.states(), [State::Up; 2]);
    assert!(pair.ends.iter().all(|end| end.usable.len() == 1 && end.session.is_up()));
}

#[test]
fn rfc5880_6_8_3_not_up_a_packet_leaves_once_in_a_second_at_most() {
    let mut pair = Pair::new([config(10, 3); 2]);
    pair.cut();
    pair.run(Duration::from_secs(60));
    for end in &pair.ends {
        assert!(end.sent.iter().all(|(_, packet)| packet.desired_min_tx == Interval::SLOW));
        assert!((60..=81).contains(&end.sent.len()), "{}", end.sent.len());
    }
}

#[test]
fn rfc5880_6_8_3_an_idle_rate_below_a_second_is_a_second() {
    let mut hasty = config(10, 3);
    hasty.idle_tx = Interval::from_millis(300);
    assert_eq!(new(hasty).drain(START)[0].desired_min_tx, Interval::SLOW);
    hasty.idle_tx = Interval::from_millis(2500);
    assert_eq!(new(hasty).drain(START)[0].desired_min_tx, Interval::from_millis(2500));
}

#[test]
fn rfc5880_6_8_3_once_up_the_session_speeds_up_by_a_poll_sequence() {
    let mut end = new(config(10, 3));
    end.drain(START);
    end.hear(START, &packet(State::Down));
    let sent = end.hear(START, &packet(State::Init));
    assert_eq!((sent[0].state, sent[0].poll), (State::Up, true));
    assert_eq!(sent[0].desired_min_tx, Interval::from_millis(10));
    end.hear(START, &Packet { r#final: true, ..packet(State::Up) });
    end.session.handle_timeout(START + ms(100));
    assert!(!end.drain(START + ms(100))[0].poll, "F ended it");
}

#[test]
fn rfc5880_6_8_4_detection_time_is_the_others_mult_times_the_slower_interval() {
    let end = up(config(10, 9));
    assert_eq!(end.session.detection_time(), ms(300));
    let end = up(config(400, 9));
    assert_eq!(end.session.detection_time(), ms(1200));
}

#[test]
fn rfc5880_6_8_4_silence_for_a_detection_time_is_down_with_diagnostic_1() {
    let mut end = up(config(10, 3));
    end.session.handle_timeout(START + ms(299));
    assert_eq!(end.session.state(), State::Up);
    end.session.handle_timeout(START + ms(300));
    let sent = end.drain(START + ms(300));
    assert_eq!(end.session.state(), State::Down);
    assert_eq!(sent[0].diagnostic, Diagnostic::DETECTION_TIME_EXPIRED);
    assert_eq!(sent[0].your_discriminator, None, "6.8.1: unknown again");
    assert_eq!(end.usable.last(), Some(&(START + ms(300), false)));
}

#[test]
fn packets_count_from_when_the_kernel_received_them() {
    let mut end = up(config(10, 3));
    let (arrived, read) = (START + ms(250), START + ms(320));
    end.session.handle_packet(read, arrived, &packet(State::Up)).unwrap();
    end.session.handle_timeout(read);
    assert_eq!((end.session.state(), end.stalls), (State::Up, 0));
    assert!(end.session.poll_timeout().is_some_and(|at| at <= arrived + ms(300)));
    end.session.handle_timeout(START + ms(550));
    assert_eq!(end.session.state(), State::Down);
}

#[test]
fn a_stall_of_the_caller_is_not_the_failure_of_the_other_system() {
    let mut end = up(config(10, 3));
    let late = START + ms(2000);
    end.session.handle_timeout(late);
    end.drain(late);
    assert_eq!((end.session.state(), end.stalls), (State::Up, 1));
    end.session.handle_timeout(late + ms(300));
    assert_eq!(end.session.state(), State::Down, "once");
}

#[test]
fn rfc5880_6_8_6_authentication_that_is_not_in_use_is_discarded() {
    let mut end = up(config(10, 3));
    let password = Authentication::Password { key_id: 1, password: b"x" };
    let packet = Packet { authentication: Some(password), ..packet(State::Down) };
    assert_eq!(end.session.handle_packet(START, START, &packet), Err(Ignored::Authentication));
    assert_eq!(end.session.state(), State::Up);
}

#[test]
fn rfc5880_6_8_6_a_poll_is_answered_at_once_in_every_state() {
    for state in [State::Down, State::Up] {
        let mut end = if state == State::Up { up(config(10, 3)) } else { new(config(10, 3)) };
        end.drain(START);
        let sent = end.hear(START, &Packet { poll: true, ..packet(State::Up) });
        let answer = sent.iter().find(|packet| packet.r#final).unwrap();
        assert_eq!((answer.state, answer.poll), (state, false));
    }
}

#[test]
fn rfc5880_6_5_p_and_f_never_leave_together() {
    let mut end = new(config(10, 3));
    end.drain(START);
    end.hear(START, &packet(State::Down));
    let sent = end.hear(START, &Packet { poll: true, ..packet(State::Init) });
    let bits: Vec<(bool, bool)> = sent.iter().map(|packet| (packet.poll, packet.r#final)).collect();
    assert_eq!(bits, [(false, true), (true, false)]);
}

#[test]
fn rfc5880_6_8_7_packets_leave_with_a_jitter_of_0_to_25_percent() {
    let gaps = gaps(4);
    assert!(gaps.iter().all(|gap| (75_000..=100_000).contains(gap)));
    let mean = gaps.iter().sum::<u128>() / gaps.len() as u128;
    assert!((86_500..=88_500).contains(&mean), "{mean}");
    assert!(gaps.iter().any(|&gap| gap < 77_000) && gaps.iter().any(|&gap| gap > 98_000));
}

#[test]
fn rfc5880_6_8_7_with_a_mult_of_1_the_jitter_is_10_to_25_percent() {
    assert!(gaps(1).iter().all(|gap| (75_000..=90_000).contains(gap)));
}

/// Microseconds between 1000 packets of a session that sends each 100 ms.
fn gaps(detect_mult: u8) -> Vec<u128> {
    let mut end = up(config(100, detect_mult));
    end.sent.clear();
    let mut now = START;
    while end.sent.len() < 1001 {
        now = end.session.poll_timeout().unwrap();
        end.session.handle_packet(now, now, &packet(State::Up)).unwrap();
        end.session.handle_timeout(now);
        end.drain(now);
    }
    assert!(now > START);
    end.sent.windows(2).map(|two| two[1].0.since(two[0].0).as_micros()).collect()
}

#[test]
fn rfc5880_6_8_7_a_passive_session_is_silent_until_it_is_spoken_to() {
    let mut passive = config(10, 3);
    passive.role = Role::Passive;
    let mut end = new(passive);
    assert!(end.drain(START).is_empty());
    assert_eq!(end.session.poll_timeout(), None);
    let sent = end.hear(START, &Packet { your_discriminator: None, ..packet(State::Down) });
    assert_eq!(sent[0].state, State::Init);
    end.session.handle_timeout(START + ms(3000));
    end.session.handle_timeout(START + ms(9000));
    assert!(end.drain(START + ms(9000)).is_empty(), "nobody is known any more");
}

#[test]
fn rfc5880_6_1_one_side_may_be_passive_and_two_never_meet() {
    let mut passive = config(10, 3);
    passive.role = Role::Passive;
    let mut pair = Pair::new([config(10, 3), passive]);
    pair.run(ms(100));
    assert_eq!(pair.states(), [State::Up; 2]);
    let mut pair = Pair::new([passive; 2]);
    pair.run(Duration::from_secs(60));
    assert_eq!(pair.states(), [State::Down; 2]);
}

#[test]
fn rfc5880_6_8_7_nothing_periodic_is_sent_to_a_system_that_asks_for_none() {
    let mut end = up(config(10, 3));
    end.hear(START, &Packet { required_min_rx: Interval::ZERO, ..packet(State::Up) });
    assert_eq!(end.session.poll_timeout(), Some(START + ms(300)), "the Detection Time only");
    end.session.handle_timeout(START + ms(200));
    assert!(end.drain(START + ms(200)).is_empty());
}

#[test]
fn rfc5880_6_6_demand_of_the_other_is_obeyed_while_both_are_up() {
    let mut end = up(config(10, 3));
    end.hear(START, &Packet { demand: true, ..packet(State::Up) });
    end.session.handle_timeout(START + ms(200));
    assert!(end.drain(START + ms(200)).is_empty());
    end.hear(START + ms(200), &Packet { demand: true, ..packet(State::Init) });
    end.session.handle_timeout(START + ms(400));
    assert!(!end.drain(START + ms(400)).is_empty());
}

#[test]
fn rfc5880_6_8_7_a_lower_required_min_rx_of_the_other_holds_at_once() {
    let mut end = up(config(10, 3));
    let slow = Packet { required_min_rx: Interval::from_millis(5000), ..packet(State::Up) };
    for at in [200, 400] {
        end.hear(START + ms(at), &slow);
        end.session.handle_timeout(START + ms(at));
        end.drain(START + ms(at));
    }
    end.sent.clear();
    assert_eq!(
        end.hear(START + ms(500), &packet(State::Up)).len(),
        1,
        "more than the lower interval has passed"
    );
}

#[test]
fn rfc5880_6_8_16_admin_down_is_told_with_diagnostic_7_and_lets_nothing_in() {
    let mut end = up(config(10, 3));
    end.session.handle_admin(START, false);
    let sent = end.drain(START);
    assert_eq!((sent[0].state, sent[0].diagnostic), (State::AdminDown, Diagnostic::ADMINISTRATIVELY_DOWN));
    assert!(!end.session.is_up());
    for state in [State::Down, State::Init, State::Up] {
        assert_eq!(end.session.handle_packet(START, START, &packet(state)), Err(Ignored::AdminDown));
        assert_eq!(end.session.state(), State::AdminDown);
    }
    end.session.handle_timeout(START + ms(1000));
    assert_eq!(end.drain(START + ms(1000))[0].state, State::AdminDown, "for a Detection Time at least");
    end.session.handle_admin(START + ms(1000), true);
    assert_eq!(end.drain(START + ms(1000))[0].state, State::Down);
}

#[test]
fn a_session_that_ends_with_its_process_says_down_once() {
    let mut end = up(config(10, 3));
    end.session.handle_stop();
    let sent = end.drain(START);
    assert_eq!((sent.len(), sent[0].state), (1, State::Down));
    assert_eq!(sent[0].diagnostic, Diagnostic::ADMINISTRATIVELY_DOWN);
    let mut end = new(config(10, 3));
    end.session.handle_stop();
    assert!(end.drain(START).is_empty(), "nobody is there");
}

#[test]
fn rfc5882_3_2_admin_down_of_the_other_is_down() {
    let mut end = up(config(10, 3));
    let sent = end.hear(START, &packet(State::AdminDown));
    assert_eq!((sent[0].state, sent[0].diagnostic), (State::Down, Diagnostic::NEIGHBOR_SIGNALED_DOWN));
    assert!(!end.session.is_up());
}

#[test]
fn other_parameters_are_agreed_on_by_a_poll_sequence_without_going_down() {
    let mut pair = Pair::up([config(50, 3); 2]);
    let at = pair.now;
    pair.ends[0].session.handle_config(at, config(200, 5));
    pair.speak();
    let polled = pair.ends[0].sent.last().unwrap().1;
    assert!(polled.poll && polled.required_min_rx == Interval::from_millis(200));
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.states(), [State::Up; 2]);
    assert_eq!(pair.ends[0].session.transmit_interval(), ms(200));
    assert_eq!(pair.ends[1].session.detection_time(), ms(1000), "5 times 200 ms");
    pair.ends[0].session.handle_config(pair.now, config(20, 3));
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.ends[0].session.transmit_interval(), ms(50), "the other takes no more");
    assert!(pair.ends.iter().all(|end| end.usable.len() == 1), "nobody went down");
}

#[test]
fn a_successor_goes_on_without_the_other_noticing() {
    let mut pair = Pair::up([config(100, 3); 2]);
    let memory = pair.ends[0].session.memory();
    pair.now += ms(60);
    let now = pair.now;
    pair.ends[0].session = Session::resume(now, config(100, 3), &memory, 99);
    pair.speak();
    assert!(pair.ends[0].session.is_up());
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.states(), [State::Up; 2]);
    assert!(pair.ends.iter().all(|end| end.usable.len() == 1), "up once, at the start");
}

#[test]
fn a_successor_that_comes_too_late_keeps_its_clients_until_the_handshake_is_over() {
    let mut pair = Pair::up([config(100, 3); 2]);
    let memory = pair.ends[0].session.memory();
    // Nothing of the first end for a second: the other goes down.
    pair.ends[0].session = Session::new(pair.now, passive(), discriminator(9), 9);
    pair.lost = Box::new(|n| n == 0);
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.states()[1], State::Down);
    pair.lost = Box::new(|_| false);
    pair.ends[0].session = Session::resume(pair.now, config(100, 3), &memory, 99);
    pair.ends[0].usable.clear();
    pair.speak();
    pair.run(Duration::from_secs(3));
    assert_eq!(pair.states(), [State::Up; 2]);
    assert!(pair.ends[0].changes.iter().any(|(_, change)| change.to == State::Down), "it was down");
    assert!(pair.ends[0].usable.is_empty(), "and nobody was told");
}

#[test]
fn a_successor_that_hears_nothing_is_down_after_the_detection_time() {
    let end = up(config(100, 3));
    let memory = end.session.memory();
    let mut end = End::new(Session::resume(START, config(100, 3), &memory, 99));
    end.drain(START);
    end.session.handle_timeout(START + ms(300));
    end.drain(START + ms(300));
    assert_eq!(end.usable, [(START + ms(300), false)]);
}

#[test]
fn a_successor_that_only_hears_of_failure_is_down_when_a_handshake_would_be_over() {
    let end = up(config(100, 3));
    let memory = end.session.memory();
    let mut end = End::new(Session::resume(START, config(100, 3), &memory, 99));
    for n in 0..40 {
        let now = START + ms(100) * n;
        end.session.handle_packet(now, now, &packet(State::AdminDown)).unwrap();
        end.session.handle_timeout(now);
        end.drain(now);
    }
    assert_eq!(end.usable.first().map(|&(_, up)| up), Some(false));
    let mut end = End::new(Session::resume(START, config(100, 3), &memory, 99));
    end.hear(START, &packet(State::Down));
    assert!(end.session.is_up(), "its own silence");
    for n in 1..40 {
        let now = START + ms(100) * n;
        end.session.handle_packet(now, now, &packet(State::AdminDown)).unwrap();
        end.session.handle_timeout(now);
        end.drain(now);
    }
    assert_eq!(end.usable, [(START + ms(3000), false)]);
}

#[test]
fn the_other_going_down_for_reasons_of_its_own_is_told_at_once() {
    let mut pair = Pair::up([config(100, 3); 2]);
    let now = pair.now;
    let down = Packet {
        my_discriminator: discriminator(0x1001),
        your_discriminator: Some(discriminator(0x1000)),
        ..packet(State::Down)
    };
    pair.ends[0].session.handle_packet(now, now, &down).unwrap();
    pair.ends[0].drain(now);
    assert_eq!(pair.ends[0].usable.last(), Some(&(now, false)));
}

fn passive() -> Config {
    let mut config = config(100, 3);
    config.role = Role::Passive;
    config
}
