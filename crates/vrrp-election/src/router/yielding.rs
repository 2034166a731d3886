//! A planned move: an Active serves on until another router does, and only then lets go (make before break).
//!
//! RFC 9568 §6.4.3 has an Active say goodbye (priority 0) and stop at once, so that nobody serves until the Skew_Time of
//! a Backup is over. A router that yields says the same goodbye, once an interval, and serves on. A goodbye, not a lower
//! priority: Backups that must not preempt follow it too, and all of them need a skew instead of a whole wait.
//!
//! The first advert of another router with a priority above 0 is its claim. It leaves before that router has set and
//! announced the addresses, so this one keeps them a moment longer ([`linger`]), without a word that could draw traffic back:
//! no advert, no announcement. If nobody claims the addresses, nothing was lost, because they were never given up.

use core::time::Duration;

use vrrp_proto::{Family, Priority};

use super::{Action, Cause, Input, Phase, Received, Report, State, VirtualRouter, active_down_interval};
use crate::Instant;

/// State of an Active while it yields.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Yielding {
    since: Instant,
    /// It gives up then if nobody has claimed the addresses.
    until: Instant,
    /// It shuts down in the end, whether somebody takes over or not.
    leaves: bool,
    claim: Option<Claim>,
    /// A claim whose router said goodbye while this one still kept the addresses, with the time of that goodbye.
    withdrawn: Option<Claim>,
}

/// Another router says that it serves.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Claim {
    advert: Received,
    /// When its last advert arrived.
    heard: Instant,
    /// Time from the goodbye to its first advert.
    after: Duration,
    /// When to let go.
    release: Instant,
}

impl Yielding {
    /// When there is something to decide.
    pub(super) fn timeout(&self) -> Instant {
        self.claim.map_or(self.until, |claim| claim.release)
    }

    pub(super) fn is_claimed(&self) -> bool {
        self.claim.is_some()
    }

    /// Adverts count from the goodbye on: an earlier one is no answer to it.
    fn hear(&mut self, arrived: Instant, advert: &Received, linger: Duration, interval: Duration) {
        if advert.priority.is_stop() {
            self.hear_goodbye(arrived, advert, interval);
        } else if arrived >= self.since {
            let after = arrived.since(self.since);
            let first = Claim { advert: *advert, heard: arrived, after, release: arrived + linger };
            let claim = self.claim.get_or_insert(first);
            *claim = Claim { advert: *advert, heard: arrived.max(claim.heard), ..*claim };
        }
    }

    /// A goodbye takes back a claim of the same router. One that says it again an interval later serves and yields as well:
    /// its claim holds, or both would wait for each other.
    fn hear_goodbye(&mut self, arrived: Instant, advert: &Received, interval: Duration) {
        let is_of = |claim: &&mut Claim| claim.advert.source == advert.source;
        if let Some(claim) = self.claim.take_if(|claim| claim.advert.source == advert.source) {
            self.withdrawn = Some(Claim { heard: arrived, ..claim });
        } else if let Some(claim) = self.withdrawn.as_mut().filter(is_of)
            && arrived.since(claim.heard) >= interval / 2
        {
            self.claim = Some(Claim { heard: arrived, release: arrived, ..*claim });
        }
    }
}

impl VirtualRouter {
    /// An Active gives its addresses to another router that takes part, if there is one: it says goodbye, serves on until
    /// that one speaks, then becomes Backup ([`Cause::HandedOver`]). If nobody has spoken `within` this time, it goes on
    /// as before ([`Report::NobodyTookOver`]). Without effect in other states, and if it yields already.
    ///
    /// It preempts the other router as soon as it may, unless it [is held](Self::set_held).
    pub fn handle_yield(&mut self, now: Instant, within: Duration) {
        self.record(now, Input::Yield { within });
        self.begin_to_yield(now, within, false);
    }

    /// Shutdown of an Active that waits for a successor: as [`handle_yield`](Self::handle_yield), but in the end it is in
    /// Initialize, after `within` at the latest. In other states, and if that time is 0, the same as
    /// [`handle_shutdown`](Self::handle_shutdown).
    pub fn handle_departure(&mut self, now: Instant, within: Duration) {
        if self.state() != State::Active || within.is_zero() {
            return self.handle_shutdown(now);
        }
        self.record_on(now, Input::Departure { within });
        self.begin_to_yield(now, within, true);
    }

    /// The addresses are not to be given away after all. One that has heard another router claim them lets go.
    pub fn stop_yielding(&mut self, now: Instant) {
        if self.is_yielding() {
            self.record(now, Input::StopYielding);
        }
        if !self.let_go_if_claimed(now) && self.is_yielding() {
            self.keep_serving(now);
        }
    }

    /// Whether it gives its addresses away at the moment.
    #[must_use]
    pub fn is_yielding(&self) -> bool {
        self.yielding().is_some()
    }

    /// Whether it leaves the addresses to any other router that serves, whatever their priorities and its `preempt`. It
    /// takes over all the same when that one leaves or falls silent. An owner that is held starts as Backup.
    pub fn set_held(&mut self, held: bool) {
        if held != self.held {
            self.record_at_once(Input::Held { held });
        }
        self.held = held;
    }

    /// Whether it leaves the addresses to others: see [`set_held`](Self::set_held).
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.held
    }

    /// Longest time that a successor takes with the slowest priority and every goodbye lost, and an interval more: a
    /// good bound for [`handle_yield`](Self::handle_yield).
    #[must_use]
    pub fn yield_time(&self) -> Duration {
        let interval = self.config.advert_interval();
        let slowest = Priority::new(1);
        active_down_interval(self.config.version(), slowest, interval, self.config.down_adverts) + interval
    }

    pub(super) fn yielding(&self) -> Option<&Yielding> {
        match &self.phase {
            Phase::Active(active) => active.yielding.as_deref(),
            Phase::Initialize | Phase::Backup(_) => None,
        }
    }

    fn begin_to_yield(&mut self, now: Instant, within: Duration, leaves: bool) {
        let Phase::Active(active) = &mut self.phase else { return };
        let until = now + within;
        if let Some(yielding) = &mut active.yielding {
            if leaves {
                yielding.until = until;
                yielding.leaves = true;
            }
            return;
        }
        active.yielding = Some(Yielding { since: now, until, leaves, claim: None, withdrawn: None }.into());
        self.send_advert(now);
        self.pace_anew(now);
    }

    /// Takes an advert that answers a goodbye; gives whether the router yields.
    pub(super) fn advert_while_yielding(&mut self, arrived: Instant, advert: &Received) -> bool {
        let interval = self.config.advert_interval();
        let linger = linger(self.config.family, interval);
        let Phase::Active(active) = &mut self.phase else { return false };
        let Some(yielding) = &mut active.yielding else { return false };
        yielding.hear(arrived, advert, linger, interval);
        true
    }

    /// Gives whether nothing else is to be done at `now`: it lets go or leaves, or only waits to do so.
    pub(super) fn timeout_while_yielding(&mut self, now: Instant) -> bool {
        let Some(&Yielding { since, until, leaves, claim, .. }) = self.yielding() else { return false };
        match claim {
            Some(claim) => {
                if claim.release <= now {
                    self.let_go(now, leaves, &claim);
                }
                true
            }
            None if now < until => false,
            None if leaves => {
                self.leave_active(now);
                true
            }
            None => {
                self.push(Action::Report(Report::NobodyTookOver { after: now.since(since) }));
                self.keep_serving(now);
                true
            }
        }
    }

    /// Lets go at once if another router has claimed the addresses; gives whether it did.
    pub(super) fn let_go_if_claimed(&mut self, now: Instant) -> bool {
        let Some(&Yielding { leaves, claim: Some(claim), .. }) = self.yielding() else { return false };
        self.let_go(now, leaves, &claim);
        true
    }

    /// Shuts down without a word if another router has claimed the addresses; gives whether it did.
    pub(super) fn leave_if_claimed(&mut self, now: Instant) -> bool {
        let Some(&Yielding { claim: Some(claim), .. }) = self.yielding() else { return false };
        self.let_go(now, true, &claim);
        true
    }

    fn let_go(&mut self, now: Instant, leaves: bool, claim: &Claim) {
        let Claim { advert, heard, after, .. } = claim;
        let cause = Cause::HandedOver { source: advert.source, priority: advert.priority, after: *after };
        self.counters.released_active += 1;
        if leaves {
            self.push(Action::RemoveAddresses);
            self.enter(Phase::Initialize, cause);
        } else {
            self.become_backup((*heard).min(now), advert, cause);
        }
    }

    /// It has not moved. A router that took over without being heard learns so, and so does one that believed it.
    fn keep_serving(&mut self, now: Instant) {
        if let Phase::Active(active) = &mut self.phase {
            active.yielding = None;
        }
        self.send_advert(now);
        self.pace_anew(now);
        self.push(Action::Announce { repeat: self.config.announce.repeat.max(1) });
    }
}

/// For how long the addresses stay on two machines: the other one sends its first advert before it sets and announces
/// them. A part of an interval within [`SHORTEST_LINGER`] and [`LINGER`]; meanwhile both answer requests for the Ethernet
/// address, so that longer is not better. Kernels need more time for IPv6: Linux uses a new address only when work that it
/// has queued is done.
fn linger(family: Family, interval: Duration) -> Duration {
    match family {
        Family::Ipv4 => (interval / 8).clamp(SHORTEST_LINGER, LINGER),
        Family::Ipv6 => (interval / 2).clamp(SHORTEST_LINGER, LINGER_IPV6),
    }
}

/// As long as a machine that has other things to do may take for its addresses.
const LINGER: Duration = Duration::from_millis(50);
const LINGER_IPV6: Duration = Duration::from_millis(200);
const SHORTEST_LINGER: Duration = Duration::from_millis(10);
