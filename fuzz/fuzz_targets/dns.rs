//! Any datagram in answer to a DNS query for any name: no answer, or one whose id is the query's.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use lvs_health::{Dns, DnsAnswers, Failure, Network, Outcome, Prepared, Protocol, QueryType, Shared, Target, WeightUpdate};

#[derive(Arbitrary, Debug)]
struct Input {
    name: String,
    nonce: u32,
    /// Conditions for the answer: addresses, how many, validated.
    wanted: Option<(Vec<[u8; 4]>, u16, bool)>,
    /// Octets of the query that are changed: place and new value.
    changes: Vec<(u16, u8)>,
    datagram: Vec<u8>,
}

fuzz_target!(|input: Input| {
    let now = Instant::now();
    let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 53)), Duration::from_secs(5));
    let wants = input.wanted.is_some();
    let answers = input.wanted.map(|(addresses, least, authentic)| {
        let addresses = addresses.into_iter().map(|octets| Ipv4Addr::from(octets).into()).collect();
        DnsAnswers { addresses, least, authentic }.into()
    });
    let protocol = Protocol::Dns(Dns { answers, ..Dns::new(QueryType::A, input.name) });
    let Ok(prepared) = Prepared::new(&Network { target, protocol }, &mut Shared::default()) else { return };
    let mut dialogue = prepared.begin(now, 0, input.nonce);
    dialogue.handle_connected(now);
    let query = dialogue.output().to_vec();
    assert!((12 + 1 + 4..=12 + 255 + 4).contains(&query.len()));

    let mut response = query.clone();
    for (place, octet) in input.changes {
        if let Some(place) = response.get_mut(usize::from(place)) {
            *place = octet;
        }
    }
    for datagram in [input.datagram, response] {
        let before = dialogue.outcome().cloned();
        dialogue.handle_input(now, &datagram);
        match (before, dialogue.outcome()) {
            (Some(before), after) => assert_eq!(after, Some(&before)),
            (None, None) => {}
            (None, Some(outcome)) => judged(&query, &datagram, outcome, wants),
        }
    }
});

fn judged(query: &[u8], datagram: &[u8], outcome: &Outcome, wants: bool) {
    assert_eq!(datagram[..2], query[..2]);
    assert_eq!(datagram[2] & 0xf8, 0x80);
    match datagram[3] & 0x0f {
        0 if wants => assert!(matches!(
            outcome,
            Outcome::Pass(WeightUpdate::Unchanged)
                | Outcome::Fail(
                    Failure::DnsAnswers { .. } | Failure::DnsAnswerMissing(_) | Failure::DnsNotAuthentic
                )
        )),
        0 => assert_eq!(*outcome, Outcome::Pass(WeightUpdate::Unchanged)),
        code => assert_eq!(*outcome, Outcome::Fail(Failure::DnsCode(code))),
    }
}
