//! Any message in answer to an echo request, and the right one with one octet changed: only the echo is taken.

#![no_main]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use lvs_health::{Dialogue, Network, Outcome, Prepared, Protocol, Shared, Target, WeightUpdate};

#[derive(Arbitrary, Debug)]
struct Input {
    v6: bool,
    nonce: u32,
    message: Vec<u8>,
    damage: (u8, u8),
}

fuzz_target!(|input: Input| {
    let request = begin(&input).output().to_vec();
    let mut echo = request.clone();
    echo[0] = if input.v6 { 129 } else { 0 };
    assert!(answers(&input, &echo));
    // Identifier and checksum, octets 2 to 5, are the kernel's.
    let is_echo = input.message.len() == echo.len()
        && input.message[..2] == echo[..2]
        && input.message[6..] == echo[6..];
    assert_eq!(answers(&input, &input.message), is_echo);

    let (place, change) = (usize::from(input.damage.0) % echo.len(), input.damage.1);
    echo[place] ^= change;
    assert_eq!(
        answers(&input, &echo),
        change == 0 || (2..6).contains(&place),
        "octet {place} changed by {change:#x}"
    );
});

fn answers(input: &Input, message: &[u8]) -> bool {
    let mut dialogue = begin(input);
    dialogue.handle_input(Instant::now(), message);
    assert!(matches!(dialogue.outcome(), None | Some(Outcome::Pass(WeightUpdate::Unchanged))));
    dialogue.outcome().is_some()
}

fn begin(input: &Input) -> Dialogue {
    let now = Instant::now();
    let address: IpAddr = if input.v6 { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() };
    let target = Target::new(SocketAddr::new(address, 0), Duration::from_secs(5));
    let network = Network { target, protocol: Protocol::Ping };
    let prepared = Prepared::new(&network, &mut Shared::default()).unwrap();
    let mut dialogue = prepared.begin(now, 0, input.nonce);
    dialogue.handle_connected(now);
    dialogue
}
