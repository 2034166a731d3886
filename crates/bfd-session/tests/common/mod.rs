//! Two sessions and what is between them.

#![allow(dead_code, reason = "each test file uses a part")]

use std::time::Duration;

use bfd_session::{Change, Config, Discriminator, Event, Instant, Interval, Packet, Session, State};

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn config(interval_ms: u32, detect_mult: u8) -> Config {
    Config::new(Interval::from_millis(interval_ms), detect_mult.try_into().unwrap())
}

pub(crate) fn discriminator(number: u32) -> Discriminator {
    Discriminator::new(number).unwrap()
}

/// One end, with what it said.
pub(crate) struct End {
    pub(crate) session: Session,
    pub(crate) sent: Vec<(Instant, Packet<'static>)>,
    pub(crate) changes: Vec<(Instant, Change)>,
    pub(crate) usable: Vec<(Instant, bool)>,
    pub(crate) stalls: usize,
}

impl End {
    pub(crate) fn new(session: Session) -> Self {
        Self { session, sent: Vec::new(), changes: Vec::new(), usable: Vec::new(), stalls: 0 }
    }

    /// Takes everything that it says now.
    pub(crate) fn drain(&mut self, now: Instant) -> Vec<Packet<'static>> {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::State(change) => self.changes.push((now, change)),
                Event::Usable(up) => self.usable.push((now, up)),
                _ => self.stalls += 1,
            }
        }
        let mut packets = Vec::new();
        while let Some(packet) = self.session.poll_transmit(now) {
            assert!(!(packet.poll && packet.r#final), "P and F together");
            assert!(packets.len() < 4, "more packets at once than there are reasons");
            packets.push(packet);
            self.sent.push((now, packet));
        }
        packets
    }
}

/// A wire of one millisecond between two sessions.
pub(crate) struct Pair {
    pub(crate) now: Instant,
    pub(crate) ends: [End; 2],
    /// True if a packet of this end is lost.
    pub(crate) lost: Box<dyn FnMut(usize) -> bool>,
    under_way: Vec<(Instant, usize, [u8; 24])>,
}

impl Pair {
    pub(crate) fn new(configs: [Config; 2]) -> Self {
        let now = Instant::from_nanos(5_000_000_000);
        let end = |n: usize| {
            let number = discriminator(0x1000 + u32::try_from(n).unwrap());
            End::new(Session::new(now, configs[n], number, 7 + u64::try_from(n).unwrap()))
        };
        let mut pair = Self { now, ends: [end(0), end(1)], lost: Box::new(|_| false), under_way: Vec::new() };
        pair.speak();
        pair
    }

    /// Both Up and without a poll under way.
    pub(crate) fn up(configs: [Config; 2]) -> Self {
        let mut pair = Self::new(configs);
        pair.run(Duration::from_secs(4));
        assert_eq!(pair.states(), [State::Up; 2]);
        pair
    }

    pub(crate) fn states(&self) -> [State; 2] {
        [0, 1].map(|n: usize| self.ends[n].session.state())
    }

    pub(crate) fn cut(&mut self) {
        self.lost = Box::new(|_| true);
    }

    pub(crate) fn speak(&mut self) {
        for n in [0, 1] {
            for packet in self.ends[n].drain(self.now) {
                if !(self.lost)(n) {
                    self.under_way.push((self.now + ms(1), 1 - n, packet.emit()));
                }
            }
        }
    }

    /// The next thing that happens, if it does before `end`.
    pub(crate) fn step(&mut self, end: Instant) -> bool {
        let arrival = self.under_way.iter().map(|&(at, ..)| at).min();
        let timeouts = [0, 1].map(|n: usize| self.ends[n].session.poll_timeout());
        let Some(next) = arrival.into_iter().chain(timeouts.into_iter().flatten()).min() else {
            return false;
        };
        if next > end {
            return false;
        }
        self.now = self.now.max(next);
        let now = self.now;
        let (arrived, rest) =
            std::mem::take(&mut self.under_way).into_iter().partition(|&(at, ..)| at <= now);
        self.under_way = rest;
        let arrived: Vec<(Instant, usize, [u8; 24])> = arrived;
        for (at, n, octets) in arrived {
            let packet = Packet::parse(&octets).unwrap();
            let _ = self.ends[n].session.handle_packet(now, at, &packet);
        }
        for end in &mut self.ends {
            end.session.handle_timeout(now);
        }
        self.speak();
        true
    }

    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        for _ in 0..1_000_000 {
            if !self.step(end) {
                self.now = end;
                return;
            }
        }
        panic!("a busy loop");
    }
}
