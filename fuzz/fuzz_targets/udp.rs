//! Any datagram against any pattern: nibble by nibble, as a slow reader would compare them.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use lvs_health::{Failure, Network, Outcome, Prepared, Protocol, Reply, Shared, Target, Udp, WeightUpdate};

#[derive(Arbitrary, Debug)]
struct Input {
    /// Nibbles; those over 15 are wild.
    pattern: Vec<(u8, u8)>,
    min_length: u8,
    max_length: u8,
    datagram: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let nibble = |nibble: u8| if nibble > 15 { (0, 0) } else { (nibble, 15) };
    let octet = |&(high, low): &(u8, u8)| {
        let ((high, high_mask), (low, low_mask)) = (nibble(high), nibble(low));
        (high << 4 | low, high_mask << 4 | low_mask)
    };
    let reply = Reply {
        pattern: input.pattern.iter().map(octet).collect(),
        min_length: input.min_length.into(),
        max_length: input.max_length.into(),
    };
    let now = Instant::now();
    let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 9)), Duration::from_secs(5));
    let protocol = Protocol::Udp(Udp { payload: vec![0], reply: Some(reply) }.into());
    let prepared = Prepared::new(&Network { target, protocol }, &mut Shared::default()).unwrap();
    let mut dialogue = prepared.begin(now, 0, 0);
    dialogue.handle_connected(now);
    dialogue.handle_input(now, &input.datagram);

    let expected =
        if is_wanted(&input) { Outcome::Pass(WeightUpdate::Unchanged) } else { Outcome::Fail(Failure::Reply) };
    assert_eq!(dialogue.outcome(), Some(&expected));
});

fn is_wanted(input: &Input) -> bool {
    if input.pattern.is_empty() {
        return true;
    }
    let len = input.datagram.len();
    if len < input.min_length.into() || len > input.max_length.into() {
        return false;
    }
    for (place, &octet) in input.datagram.iter().enumerate() {
        let Some(&(high, low)) = input.pattern.get(place) else { return true };
        if (high <= 15 && octet >> 4 != high) || (low <= 15 && octet & 15 != low) {
            return false;
        }
    }
    true
}
