//! An agent that says anything, in any cut: the check ends as it does with the whole.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use lvs_health::{Agent, Network, Outcome, Prepared, Protocol, Shared, Target};

fuzz_target!(|data: &[u8]| {
    let Some((&chunk, stream)) = data.split_first() else { return };
    let whole = talk([stream]);
    assert_eq!(talk(stream.chunks(usize::from(chunk).max(1))), whole);
});

fn talk<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let now = Instant::now();
    let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)), Duration::from_secs(5));
    let protocol = Protocol::Agent(Agent { send: String::new() });
    let prepared = Prepared::new(&Network { target, protocol }, &mut Shared::default()).unwrap();
    let mut dialogue = prepared.begin(now, 0, 0);
    dialogue.handle_connected(now);
    for piece in pieces {
        dialogue.handle_input(now, piece);
    }
    dialogue.handle_end(now);
    dialogue.outcome().cloned().unwrap()
}
