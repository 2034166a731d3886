//! A BFD session and what it hears: nothing panics, nothing leaves without a reason, no busy loop, and what was parsed can
//! be written and parsed again.
//!
//! Input: parameters, then steps of time and payloads.

#![no_main]

use std::time::Duration;

use bfd_session::{
    Config, Demultiplexer, Discriminator, HopRule, Instant, Interval, Packet, Peer, Role, Session, SessionId,
    State, Taken,
};
use libfuzzer_sys::arbitrary::{self, Arbitrary, Unstructured};
use libfuzzer_sys::fuzz_target;

#[derive(Arbitrary)]
struct Parameters {
    tx: u32,
    rx: u32,
    idle: u32,
    detect_mult: std::num::NonZeroU8,
    passive: bool,
    seed: u64,
}

#[derive(Arbitrary)]
enum Step<'a> {
    Payload { octets: &'a [u8], wait: u32, ago: u16, hop_limit: Option<u8>, from_peer: bool },
    Wait(u32),
    Timeout,
    Admin(bool),
    Config(Parameters),
    Successor(u64),
}

fuzz_target!(|data: &[u8]| {
    let mut input = Unstructured::new(data);
    let Ok(parameters) = Parameters::arbitrary(&mut input) else { return };
    let Some(local) = Discriminator::new(1) else { return };
    let mut now = Instant::from_nanos(1_000_000_000);
    let mut session = Session::new(now, config(&parameters), local, parameters.seed);
    let mut sessions = Demultiplexer::new();
    let (peer, stranger) = ([192, 0, 2, 1].into(), [192, 0, 2, 2].into());
    let between = Peer { neighbor: peer, local: None, multihop: false };
    assert!(sessions.insert(SessionId(0), local, between, HopRule::SINGLE_HOP));
    drain(&mut session, now);
    while let Ok(step) = Step::arbitrary(&mut input) {
        if input.is_empty() {
            break;
        }
        match step {
            Step::Payload { octets, wait, ago, hop_limit, from_peer } => {
                now += Duration::from_micros(wait.into());
                let Ok(packet) = Packet::parse(octets) else { continue };
                assert_eq!(Packet::parse(&packet.emit()), Ok(Packet { authentication: None, ..packet }));
                let source = if from_peer { peer } else { stranger };
                let taken = Taken { source, destination: None, multihop: false, hop_limit };
                if sessions.select(&packet, &taken).is_ok() {
                    assert_eq!(hop_limit, Some(255));
                    let _ = session.handle_packet(now, now - Duration::from_millis(ago.into()), &packet);
                }
            }
            Step::Wait(micros) => now += Duration::from_micros(micros.into()),
            Step::Timeout => now = now.max(session.poll_timeout().unwrap_or(now)),
            Step::Admin(enabled) => session.handle_admin(now, enabled),
            Step::Config(parameters) => session.handle_config(now, config(&parameters)),
            Step::Successor(seed) => {
                session = Session::resume(now, *session.config(), &session.memory(), seed);
            }
        }
        session.handle_timeout(now);
        drain(&mut session, now);
        assert!(session.poll_timeout().is_none_or(|at| at > now), "due in the past");
        assert!(session.state() != State::Up || session.is_up());
    }
});

fn drain(session: &mut Session, now: Instant) {
    while session.poll_event().is_some() {}
    for count in 0.. {
        assert!(count < 4, "more packets than reasons");
        let Some(packet) = session.poll_transmit(now) else { break };
        assert!(!(packet.poll && packet.r#final));
        assert!(Packet::parse(&packet.emit()).is_ok(), "a packet that leaves can be read");
    }
}

fn config(parameters: &Parameters) -> Config {
    let mut config = Config::new(Interval::from_micros(parameters.tx), parameters.detect_mult);
    config.required_min_rx = Interval::from_micros(parameters.rx);
    config.idle_tx = Interval::from_micros(parameters.idle);
    config.role = if parameters.passive { Role::Passive } else { Role::Active };
    config
}
