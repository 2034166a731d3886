//! A client that asks a virtual address each millisecond and must notice nothing.

use std::cell::Cell;
use std::net::IpAddr;
use std::thread::sleep;
use std::time::Duration;

use vip_lab::Stamp;
use vip_lab::probe::{Probe, Shot, Via};

use super::eventually;
use super::lan::Lan;

/// Interval of the questions.
const PACE: Duration = Duration::from_millis(1);

/// An answer that takes longer is none.
const PATIENCE: Duration = Duration::from_secs(1);

/// A client that asks so late was held up, and so were the machines: losses then say nothing about them.
const STALL: Duration = Duration::from_millis(20);

/// Number of rounds of a test: 6, or `VIPD_ROUNDS`.
pub fn rounds() -> usize {
    std::env::var("VIPD_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(6)
}

/// The client, and its observations so far.
pub struct Client {
    probe: Probe,
    judged: Cell<usize>,
    stalled: Cell<usize>,
    lost: Cell<usize>,
}

impl Client {
    /// Asks `address` from now on, from the listener of the network.
    pub fn start(lan: &Lan, address: IpAddr) -> Self {
        let probe = Probe::start(&lan.listener, address, Via::Echo, PACE).unwrap();
        Self { probe, judged: Cell::new(0), stalled: Cell::new(0), lost: Cell::new(0) }
    }

    /// Looks at every question that is sent during `acts`. The round does not count if something is lost while the machine
    /// stalls.
    pub fn watch(&self, what: &str, acts: impl FnOnce()) {
        self.settle();
        let (position, start) = (self.probe.position(), Stamp::now());
        acts();
        let asked = self.probe.position() - position;
        sleep(PATIENCE);
        let now = Stamp::now();
        let shots: Vec<Shot> = self.probe.after(position).into_iter().take(asked).collect();
        let lost = shots.iter().filter(|shot| shot.is_lost(now, PATIENCE)).count();
        let first = shots.iter().find(|shot| shot.is_lost(now, PATIENCE)).map(|shot| shot.sent.since(start));
        let stall = shots.windows(2).map(|pair| pair[1].sent.since(pair[0].sent)).max().unwrap_or_default();
        println!("{what}: {lost} of {asked} lost, the first after {first:?}; longest stall {stall:?}");
        if lost > 0 && stall > STALL {
            self.stalled.set(self.stalled.get() + 1);
            return;
        }
        self.judged.set(self.judged.get() + 1);
        self.lost.set(self.lost.get() + lost);
    }

    /// Waits until the last questions were all answered.
    fn settle(&self) {
        const LAST: usize = 100;
        eventually("the client is answered", Duration::from_secs(10), || {
            let shots = self.probe.after(self.probe.position().saturating_sub(2 * LAST));
            shots.len() > LAST && shots.iter().take(LAST).all(|shot| shot.answered.is_some())
        });
    }

    /// Nothing was lost in the rounds that count, and most of them do.
    #[track_caller]
    pub fn lost_nothing(&self) {
        assert_eq!(self.lost.get(), 0, "questions without an answer");
        let (judged, stalled) = (self.judged.get(), self.stalled.get());
        assert!(judged >= stalled, "{judged} rounds count; the machine stalled in {stalled}");
    }
}
