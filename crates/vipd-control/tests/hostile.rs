//! Requests of clients that send anything, many of them: nothing panics, everything is bounded, and no request gets through
//! without the right to it.
//!
//! `VIPD_REQUESTS=10000000 cargo test --release -p vipd-control --test hostile` makes as many as that; `VIPD_SEED` begins
//! elsewhere.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use vipd_control::{ClientId, Peer, Policy, Rights, Server};

/// Words that requests are made of: true ones, wrong ones, and some at the limits.
const TRUE: [&str; 16] = [
    r#"{"v":1,"do":"status"}"#,
    r#"{"v":1,"do":"events","follow":true}"#,
    r#"{"v":1,"do":"reload","dry-run":true,"confirm-s":60,"wait":true}"#,
    r#"{"v":1,"do":"confirm"}"#,
    r#"{"v":1,"do":"undo"}"#,
    r#"{"v":1,"do":"config","show":"json"}"#,
    r#"{"v":1,"do":"maintenance","on":true,"instance":"VI_1","for-s":1800,"reason":"disk","hard":true}"#,
    r#"{"v":1,"do":"handover","instance":"VI_1","reason":"kernel"}"#,
    r#"{"v":1,"do":"announce","instance":"VI_1"}"#,
    r#"{"v":1,"do":"server","service":"[192.0.2.1]:tcp:80","server":"10.0.0.1:80","set":"weight","weight":7,"persist":true}"#,
    r#"{"v":1,"do":"recorder","instance":"VI_1"}"#,
    r#"{"v":1,"do":"upgrade","program":"/usr/sbin/vipd","check":true}"#,
    r#"{"v":18446744073709551616,"do":"status"}"#,
    r#"{"v":1,"do":"status","do":"undo"}"#,
    r#"{"v":1,"do":"\u0000\ud800","instance":[[[[[[[[{}]]]]]]]]}"#,
    "",
];

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap()).unwrap()
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }
}

/// A request: a true one, one with damage, or noise. Without its end of line.
fn request(random: &mut Random) -> Vec<u8> {
    let mut bytes = TRUE[random.below(TRUE.len())].as_bytes().to_vec();
    match random.below(8) {
        0 | 1 => {}
        2 => bytes = (0..random.below(64)).map(|_| random.byte()).collect(),
        3 => bytes.truncate(random.below(bytes.len() + 1)),
        4 => bytes = vec![b"[{\" "[random.below(4)]; random.below(2000)],
        5 => {
            let other = TRUE[random.below(TRUE.len())].as_bytes();
            bytes.truncate(random.below(bytes.len() + 1));
            bytes.extend_from_slice(&other[random.below(other.len() + 1)..]);
        }
        _ => {
            for _ in 0..=random.below(4) {
                if !bytes.is_empty() {
                    let place = random.below(bytes.len());
                    bytes[place] = random.byte();
                }
            }
        }
    }
    if random.below(100_000) == 0 {
        bytes.resize(Server::MAX_REQUEST + 1, b' ');
    }
    bytes
}

struct Story {
    server: Server,
    policy: Policy,
    now: Instant,
    clients: Vec<ClientId>,
    /// Requests that the daemon was asked to carry out.
    taken: u64,
}

impl Story {
    /// One request by some client, and things that happen meanwhile.
    fn go_on(&mut self, random: &mut Random) {
        if self.clients.len() < 4 || random.below(50) == 0 {
            let peer = Peer { uid: u32::from(random.byte() % 3), groups: vec![u32::from(random.byte() % 3)] };
            self.clients.extend(self.server.accept(self.now, peer, self.policy));
        }
        let place = random.below(self.clients.len());
        let Some(&id) = self.clients.get(place) else { return };
        let mut bytes = request(random);
        bytes.push(b'\n');
        let cut = random.below(bytes.len());
        for piece in [&bytes[..cut], &bytes[cut..]] {
            if self.server.wants_input(id) {
                self.server.handle_input(self.now, id, piece);
            }
        }
        match random.below(64) {
            0 => self.server.handle_loss(id),
            1 => self.server.handle_end_of_input(id),
            2 => {
                self.now += Duration::from_secs(u64::from(random.byte()));
                self.server.handle_timeout(self.now);
            }
            3 => {
                self.policy =
                    Policy { group: Some(u32::from(random.byte() % 3)), group_acts: random.below(2) == 0 };
                self.server.handle_policy(self.policy);
            }
            4 => self.server.publish(&vec![b'e'; random.below(4000)].into()),
            _ => {}
        }
        self.carry_out(random);
        self.read(id);
        assert!(self.server.clients() <= Server::MAX_CLIENTS);
        for gone in self.server.take_finished() {
            self.clients.retain(|&client| client != gone);
        }
    }

    fn carry_out(&mut self, random: &mut Random) {
        while let Some((id, verb)) = self.server.poll_request() {
            let rights = self.server.peer(id).map_or(Rights::None, |peer| self.policy.rights(peer));
            assert!(verb.needs() <= rights, "{verb:?} of somebody with {rights:?}");
            self.taken += 1;
            if random.below(10) == 0 {
                self.server.follow(id);
            } else {
                self.server.answer(id, vec![b'a'; random.below(300)].into());
                self.server.finish(self.now, id);
            }
        }
    }

    /// The client reads what there is.
    fn read(&mut self, id: ClientId) {
        for _ in 0..64 {
            match self.server.output(id).map(<[u8]>::len) {
                Some(length @ 1..) => self.server.handle_written(self.now, id, length),
                _ => return,
            }
        }
    }
}

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(usual)
}

#[test]
fn requests_of_any_kind_get_nowhere_without_the_right_to_them() {
    let (requests, seed) = (number("VIPD_REQUESTS", 200_000), number("VIPD_SEED", 1));
    let mut random = Random(seed);
    let policy = Policy { group: Some(1), group_acts: false };
    let (server, now) = (Server::default(), Instant::now());
    let mut story = Story { server, policy, now, clients: Vec::new(), taken: 0 };
    for _ in 0..requests {
        story.go_on(&mut random);
    }
    println!("seed {seed}: {requests} requests, {} of them carried out", story.taken);
    assert!(story.taken > requests / 100, "{} of {requests}: the generator is at fault", story.taken);
}
