//! The Active state (RFC 9568 §6.4.3).
//!
//! An Active answers for the virtual addresses and says so every interval. `Adver_Timer` is always armed,
//! `Active_Down_Timer` never.
//!
//! Unlike the RFC: announcements are repeated, because one lost gratuitous ARP must not cost an outage; the
//! immediate answer to a lower priority is spaced, so that a flood of adverts does not become two; and an interval
//! longer than the one that the others know is told at the shorter one first, because a Backup that missed the
//! only advert that told it would take over before the next.

use alloc::boxed::Box;
use core::time::Duration;

use super::neighbours::Series;
use super::timing::{active_down_interval, advert_slack};
use super::yielding::Yielding;
use super::{Action, Cause, Phase, Received, Report, RouterConfig, VirtualRouter};
use crate::Instant;

/// State that only an Active has.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Active {
    /// `Adver_Timer`.
    pub(super) advert: Instant,
    /// The time between the last advert and the next.
    gap: Duration,
    /// The interval that the others know, while it is shorter than ours.
    hurry: Option<Hurry>,
    /// The burst of announcements still to come.
    burst: Option<Burst>,
    /// The next refresh of the announcements.
    refresh: Option<Instant>,
    /// When a lower priority was last answered.
    answered: Option<Instant>,
    /// When a lower priority last led to announcements.
    reasserted: Option<Instant>,
    /// When it became Active: a router that yields then may send one more advert.
    entered: Instant,
    /// When lower priorities are told of.
    lower_heard: Series,
    /// When addresses that somebody removed were last put back.
    restored: Option<Instant>,
    /// When they are put back next.
    restore: Option<Instant>,
    /// It gives the addresses away.
    pub(super) yielding: Option<Box<Yielding>>,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Burst {
    at: Instant,
    repeat: u32,
}

/// Adverts that tell a longer interval at the pace of the shorter one.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Hurry {
    pace: Duration,
    /// Number of adverts left at this pace.
    left: u8,
}

impl Active {
    /// An advert left at `at`: the next one is due an interval later, or at the pace that the others know.
    fn rearm(&mut self, at: Instant, interval: Duration) {
        self.hurry = self.hurry.filter(|hurry| hurry.left > 0 && hurry.pace < interval);
        self.gap = interval;
        if let Some(hurry) = &mut self.hurry {
            hurry.left -= 1;
            self.gap = hurry.pace;
        }
        self.advert = at + self.gap;
    }

    /// The time between the last advert and the next.
    pub(super) fn gap(&self) -> Duration {
        self.gap
    }

    pub(super) fn timeout(&self) -> Instant {
        let yielding = self.yielding.as_ref().map(|yielding| (yielding.timeout(), yielding.is_claimed()));
        if let Some((release, true)) = yielding {
            return release;
        }
        let burst = self.burst.map(|burst| burst.at);
        let yielding = yielding.map(|(until, _)| until);
        [yielding, burst, self.refresh, self.restore].into_iter().flatten().fold(self.advert, Instant::min)
    }
}

impl VirtualRouter {
    /// Begins to serve: advert, addresses, announcements, in this order (RFC 9568 §6.4.1, §6.4.2).
    /// `known` is the interval that the others know.
    pub(super) fn become_active(&mut self, now: Instant, cause: Cause, known: Duration) {
        self.counters.became_active += 1;
        self.send_advert(now);
        self.push(Action::AddAddresses);
        let announce = self.config.announce;
        self.push(Action::Announce { repeat: announce.repeat.max(1) });
        let interval = self.config.advert_interval();
        let mut active = Active {
            advert: now,
            gap: interval,
            hurry: Some(self.hurry(known)),
            burst: second_burst(now, announce.delay, announce.repeat.max(1)),
            refresh: (!announce.refresh.is_zero()).then(|| now + announce.delay + announce.refresh),
            answered: None,
            reasserted: None,
            entered: now,
            lower_heard: Series::default(),
            restored: None,
            restore: None,
            yielding: None,
        };
        active.rearm(now, interval);
        self.enter(Phase::Active(active), cause);
    }

    /// (RFC 9568 §6.4.3, "If an ADVERTISEMENT is received") What is sent counts from now, patience with the better
    /// router from when its advert arrived.
    pub(super) fn advert_in_active(&mut self, now: Instant, arrived: Instant, advert: &Received) {
        if self.advert_while_yielding(arrived, advert) {
            return;
        }
        if let Some(silent_for) = self.was_overtaken(now) {
            // It is from the router that took over, whatever its priority.
            self.step_down(now, Cause::Stalled { silent_for });
            return self.advert_in_backup(arrived, advert);
        }
        if advert.priority.is_stop() {
            self.send_advert(now);
            self.pace_anew(now);
        } else if self.loses_to(advert) {
            if self.config.answer_higher_priority {
                self.send_advert(now);
            }
            self.counters.released_active += 1;
            let cause = Cause::Better { source: advert.source, priority: advert.priority };
            self.become_backup(arrived, advert, cause);
        } else {
            self.observed.disobeyed(arrived, advert);
            self.assert_ownership(now, arrived, advert);
        }
    }

    /// An advert left out of turn: the next one is due an interval later.
    pub(super) fn pace_anew(&mut self, now: Instant) {
        let interval = self.config.advert_interval();
        if let Phase::Active(active) = &mut self.phase {
            active.rearm(now, interval);
        }
    }

    /// Adverts and announcements that are due. The next advert counts from when this one was due, so that the
    /// rate does not drift; after a stall it counts from now.
    pub(super) fn timeout_in_active(&mut self, now: Instant) {
        if self.timeout_while_yielding(now) {
            return;
        }
        if let Some(silent_for) = self.was_overtaken(now) {
            return self.step_down(now, Cause::Stalled { silent_for });
        }
        let interval = self.config.advert_interval();
        let Phase::Active(active) = &mut self.phase else { return };
        let horizon = now + advert_slack(active.gap);
        if active.advert <= horizon {
            self.observed.lateness.add(now.since(active.advert));
            active.rearm(active.advert, interval);
            if active.advert <= horizon {
                active.advert = now + active.gap;
                self.counters.late_adverts += 1;
            }
            self.send_advert(now);
        }
        self.announce_due(now);
        self.restore_due(now);
    }

    /// For how long no advert has left, if a Backup of the priority that the configuration names has taken over meanwhile.
    pub(super) fn was_overtaken(&self, now: Instant) -> Option<Duration> {
        let rival = self.config.backup_after_stall.filter(|_| !self.config.priority.is_owner())?;
        let Phase::Active(active) = &self.phase else { return None };
        let silent_for = now.since(active.advert) + active.gap;
        let RouterConfig { down_adverts, interval, .. } = &self.config;
        let patience =
            active_down_interval(interval.version(), rival.into(), interval.duration(), *down_adverts);
        (now > active.advert && silent_for >= patience).then_some(silent_for)
    }

    /// Somebody removed a virtual address: it is put back, at once the first time, then once a second.
    pub(super) fn address_lost(&mut self, now: Instant) {
        let Phase::Active(active) = &mut self.phase else { return };
        let earliest = active.restored.map_or(now, |restored| restored + RESTORE_GAP);
        active.restore = Some(earliest.max(now));
        self.restore_due(now);
    }

    /// Shutdown: tell that somebody else should serve, unless somebody does, then let go (RFC 9568 §6.4.3).
    pub(super) fn leave_active(&mut self, now: Instant) {
        if self.leave_if_claimed(now) {
            return;
        }
        self.counters.released_active += 1;
        self.send_goodbye(now);
        self.push(Action::RemoveAddresses);
        self.enter(Phase::Initialize, Cause::Shutdown);
    }

    /// A reload: the peers hear at once, the addresses are compared. `known` is the interval until now.
    pub(super) fn serve_anew(&mut self, now: Instant, addresses_changed: bool, known: Duration) {
        let announce = self.config.announce;
        let interval = self.config.advert_interval();
        let hurry = self.hurry(known);
        self.send_advert(now);
        self.push(Action::AddAddresses);
        if addresses_changed {
            self.push(Action::Announce { repeat: announce.repeat.max(1) });
        }
        let Phase::Active(active) = &mut self.phase else { return };
        let pace = active.hurry.map_or(hurry.pace, |before| before.pace.min(hurry.pace));
        active.hurry = Some(Hurry { pace, ..hurry });
        active.rearm(now, interval);
        active.refresh = (!announce.refresh.is_zero()).then(|| now + announce.refresh);
        if addresses_changed {
            active.burst = second_burst(now, announce.delay, announce.repeat.max(1));
        }
    }

    /// Adverts at the shorter `pace` that announce a longer interval: as many as routers that know `pace` wait for.
    fn hurry(&self, pace: Duration) -> Hurry {
        Hurry { pace, left: self.config.down_adverts.max(2) - 1 }
    }

    /// "If the Priority in the ADVERTISEMENT is greater than the local Priority, or equal and the primary
    /// address of the sender is greater than the local one": unsigned, in network byte order.
    fn loses_to(&mut self, advert: &Received) -> bool {
        if advert.priority.is_owner() && self.priority.is_owner() {
            self.suspect_owners(Report::TwoOwners { source: advert.source });
        }
        advert.priority > self.priority
            || (advert.priority == self.priority && self.address.is_some_and(|ours| advert.source > ours))
    }

    /// A router that should yield speaks: answer it (RFC 9568 §6.4.3), and repair what its announcements broke,
    /// now and once more after it has fallen silent.
    fn assert_ownership(&mut self, now: Instant, arrived: Instant, advert: &Received) {
        let interval = self.config.advert_interval();
        let Phase::Active(active) = &mut self.phase else { return };

        let answers = self.config.answer_lower_priority && due(active.answered, now, interval / 8);
        let silence = interval.max(advert.interval.duration()).saturating_mul(3);
        let yielded = arrived.since(active.entered) >= interval / YIELDING_PART;
        let news = active.lower_heard.goes_on(arrived, silence, yielded);
        if answers {
            active.answered = Some(now);
            self.send_advert(now);
        }
        self.announce_against_lower(now);
        if news {
            let (source, priority) = (advert.source, advert.priority);
            self.push(Action::Report(Report::LowerPriorityWhileActive { source, priority }));
        }
    }

    /// Repairs the caches that a router of lower priority changed by its announcements: at most once an interval, and
    /// once more after it has fallen silent.
    pub(super) fn announce_against_lower(&mut self, now: Instant) {
        let interval = self.config.advert_interval();
        let repeat = self.config.announce.lower_priority_repeat;
        let delay = self.config.announce.lower_priority_delay;
        let Phase::Active(active) = &mut self.phase else { return };
        if repeat == 0 || active.yielding.is_some() {
            return;
        }
        active.burst = second_burst(now, delay, repeat).or(active.burst);
        if due(active.reasserted, now, interval) {
            active.reasserted = Some(now);
            self.push(Action::Announce { repeat });
        }
    }

    fn announce_due(&mut self, now: Instant) {
        let announce = self.config.announce;
        let Phase::Active(active) = &mut self.phase else { return };
        let mut repeat = 0;
        if let Some(burst) = active.burst.filter(|burst| burst.at <= now) {
            active.burst = None;
            repeat = burst.repeat;
        }
        if active.refresh.is_some_and(|at| at <= now) {
            active.refresh = (!announce.refresh.is_zero()).then(|| now + announce.refresh);
            repeat = repeat.max(announce.refresh_repeat.max(1));
        }
        if repeat > 0 {
            self.push(Action::Announce { repeat });
        }
    }

    fn restore_due(&mut self, now: Instant) {
        let repeat = self.config.announce.repeat.max(1);
        let Phase::Active(active) = &mut self.phase else { return };
        if active.restore.is_some_and(|at| at <= now) {
            active.restore = None;
            active.restored = Some(now);
            self.push(Action::AddAddresses);
            self.push(Action::Announce { repeat });
        }
    }
}

/// This part of an interval after it took over, a lower advert is most likely the last word of the one that yields.
const YIELDING_PART: u32 = 4;

/// A program that removes addresses as fast as we add them causes no busy loop.
const RESTORE_GAP: Duration = Duration::from_secs(1);

fn second_burst(now: Instant, delay: Duration, repeat: u32) -> Option<Burst> {
    (!delay.is_zero()).then(|| Burst { at: now + delay, repeat })
}

/// Whether at least `gap` passed since `last`.
fn due(last: Option<Instant>, now: Instant, gap: Duration) -> bool {
    last.is_none_or(|last| now.since(last) >= gap)
}
