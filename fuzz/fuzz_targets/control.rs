//! Any octets from clients of the control socket, in any order with what the daemon does: nothing panics, everything is
//! bounded, and nobody gets further than its rights.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use vipd_control::{ClientId, Peer, Policy, Rights, Server};

#[derive(Arbitrary, Debug)]
enum Step {
    Accept { user: u8, group: u8 },
    Input(u8, Vec<u8>),
    Line(u8, Vec<u8>),
    EndOfInput(u8),
    Answer(u8, u16),
    Follow(u8),
    Publish(u16),
    Write(u8, u16),
    Lose(u8),
    Policy { group: u8, acts: bool },
    Wait(u8),
}

fuzz_target!(|steps: Vec<Step>| {
    let mut server = Server::default();
    let mut policy = Policy { group: Some(1), group_acts: false };
    let mut now = Instant::now();
    let named = |id: u8| ClientId(u64::from(id % 8) + 1);
    for step in steps {
        match step {
            Step::Accept { user, group } => {
                let peer = Peer { uid: (user % 4).into(), groups: vec![(group % 4).into()] };
                let _ = server.accept(now, peer, policy);
            }
            Step::Input(id, octets) if server.wants_input(named(id)) => {
                server.handle_input(now, named(id), &octets);
            }
            Step::Line(id, mut octets) if server.wants_input(named(id)) => {
                octets.push(b'\n');
                server.handle_input(now, named(id), &octets);
            }
            Step::Input(..) | Step::Line(..) => {}
            Step::EndOfInput(id) => server.handle_end_of_input(named(id)),
            Step::Answer(id, length) => {
                server.answer(named(id), vec![b'a'; length.into()].into());
                server.finish(now, named(id));
            }
            Step::Follow(id) => server.follow(named(id)),
            Step::Publish(length) => server.publish(&vec![b'e'; length.into()].into()),
            Step::Write(id, count) => {
                let front = server.output(named(id)).map_or(0, <[u8]>::len);
                server.handle_written(now, named(id), front.min(count.into()));
            }
            Step::Lose(id) => server.handle_loss(named(id)),
            Step::Policy { group, acts } => {
                policy = Policy { group: Some((group % 4).into()), group_acts: acts };
                server.handle_policy(policy);
            }
            Step::Wait(seconds) => {
                now += Duration::from_secs(seconds.into());
                server.handle_timeout(now);
            }
        }
        server.take_finished();
        assert!(server.clients() <= Server::MAX_CLIENTS);
        while let Some((id, verb)) = server.poll_request() {
            let rights = server.peer(id).map_or(Rights::None, |peer| policy.rights(peer));
            assert!(verb.needs() <= rights, "{verb:?} of somebody with {rights:?}");
        }
    }
});
