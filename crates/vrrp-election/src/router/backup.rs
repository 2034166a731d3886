//! The Backup state (RFC 9568 §6.4.2).
//!
//! A Backup owns no address and answers for none; it only listens and waits. `Active_Down_Timer` is always
//! armed, `Adver_Timer` never.
//!
//! Unlike the RFC, preemption may be delayed (keepalived's `preempt_delay`), and a wait that expired while the
//! caller was not looking is renewed once, by an interval and a skew: silence counts only if somebody listened.
//! A goodbye never postpones the takeover: of the running wait and the skew, the one that ends first counts, so
//! that goodbyes without end cannot keep the last Backup from serving.

use alloc::boxed::Box;
use core::time::Duration;

use super::neighbours::{Lower, Series};
use super::{Action, Cause, Phase, Preempt, Received, Report, VirtualRouter};
use super::{Obeyed, RouterMemory, Stall};
use crate::Instant;

/// State that only a Backup has.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Backup {
    /// `Active_Down_Timer`.
    down: Instant,
    /// From when on the caller is late: the timer, or where it stood before a rising priority moved it to the past.
    late_from: Instant,
    /// The router that it obeyed last, and the time of that advert.
    heard: Option<Obeyed>,
    /// The last word of the Active was priority 0.
    active_leaves: bool,
    /// Until when a lower priority is tolerated, once one was heard.
    tolerate_until: Option<Instant>,
    /// The meaning of the silence so far.
    silence: Silence,
    wait: Wait,
    /// Until when adverts are followed by a longer wait, and by how much.
    rivalry: Option<Box<(Instant, Duration)>>,
    /// The last router of lower priority that was not obeyed, since a better one spoke or left.
    lower: Option<Lower>,
    /// When such routers are told of.
    lower_heard: Series,
}

/// Meaning of the time without an accepted advert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Silence {
    /// Somebody listened.
    Listened,
    /// Packets were lost unread.
    Lossy,
    /// The wait was renewed for a late caller or lost packets: the next time it counts all the same.
    Renewed,
}

/// Whether the wait of a router that takes over with others only is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Wait {
    Runs,
    Over,
}

impl Backup {
    pub(super) fn new(down: Instant) -> Self {
        Self {
            down,
            late_from: down,
            heard: None,
            active_leaves: false,
            tolerate_until: None,
            silence: Silence::Listened,
            wait: Wait::Runs,
            rivalry: None,
            lower: None,
            lower_heard: Series::default(),
        }
    }

    pub(super) fn timeout(&self) -> Option<Instant> {
        (self.wait == Wait::Runs).then_some(self.down)
    }

    /// Whether nothing but others keeps it from taking over.
    pub(super) fn is_ready(&self) -> bool {
        self.wait == Wait::Over
    }

    /// The wait ends later by `extra`, and so does each that begins before `until`.
    pub(super) fn postpone(&mut self, until: Instant, extra: Duration) {
        self.rivalry = (!extra.is_zero()).then(|| Box::new((until, extra)));
        self.arm(self.down + extra);
    }

    /// It need not wait for others any more.
    pub(super) fn leave_others(&mut self, now: Instant) {
        if self.is_ready() {
            self.arm(now);
        }
    }

    /// The skew changed while the timer runs.
    pub(super) fn shift(&mut self, old_skew: Duration, new_skew: Duration) {
        self.down = self.down - old_skew + new_skew;
        self.late_from = self.late_from.max(self.down);
    }

    /// The router that it obeyed last.
    pub(super) fn obeyed(&self) -> Option<Obeyed> {
        self.heard
    }

    /// Whether there is an Active that it obeys and that has not left.
    pub(super) fn obeys(&self) -> bool {
        self.heard.is_some() && !self.active_leaves
    }

    /// Whether a router of lower priority serves that is not obeyed.
    pub(super) fn preempts(&self, now: Instant) -> bool {
        self.lower.is_some_and(|lower| now <= lower.alive_until)
    }

    /// The end of a preemption delay that runs.
    pub(super) fn tolerates_until(&self) -> Option<Instant> {
        self.tolerate_until
    }

    /// Goes on where a predecessor was: a whole wait, and the delay of preemption that runs.
    pub(super) fn succeed(&mut self, down: Instant, memory: &RouterMemory) {
        self.arm(down);
        self.tolerate_until = memory.tolerates_until;
    }

    fn arm(&mut self, down: Instant) {
        self.down = down;
        self.late_from = down;
        self.wait = Wait::Runs;
    }

    /// The Active lives: everything that its silence had begun is over.
    fn heard(&mut self, now: Instant, advert: &Received, down: Instant) {
        self.rivalry.take_if(|rivalry| rivalry.0 <= now);
        let extra = self.rivalry.as_ref().map_or(Duration::ZERO, |rivalry| rivalry.1);
        self.arm(down + extra);
        self.heard = Some(Obeyed { source: advert.source, priority: advert.priority, at: now });
        self.active_leaves = false;
        self.lower = None;
        self.silence = Silence::Listened;
    }

    /// Why the wait ended. A router of lower priority that still speaks is preempted; silence means a dead Active.
    fn cause(&self, now: Instant) -> Cause {
        match self.lower {
            Some(lower) if now <= lower.alive_until => {
                Cause::Preempted { source: lower.source, priority: lower.priority }
            }
            _ if self.active_leaves => Cause::ActiveLeft,
            _ => Cause::ActiveDown { silent_for: self.heard.map(|heard| now.since(heard.at)) },
        }
    }
}

/// A caller that comes later than this part of an interval is held to have looked away, for example in a
/// suspended machine. Less would blame busy callers; with more, short suspensions end in false takeovers.
const STALL_FRACTION: u32 = 4;

/// Being this late is nothing that happens to suspended machines only.
const STALL_FLOOR: Duration = Duration::from_millis(5);

/// Most lateness of a caller with which a Backup still concludes that nobody sent.
pub(super) fn max_lateness(interval: Duration) -> Duration {
    (interval / STALL_FRACTION).max(STALL_FLOOR)
}

impl VirtualRouter {
    /// (RFC 9568 §6.4.2, "If an ADVERTISEMENT is received")
    pub(super) fn advert_in_backup(&mut self, now: Instant, advert: &Received) {
        if advert.priority.is_stop() {
            self.active_leaves(now, advert);
        } else if self.accepts(now, advert) {
            self.learn(advert.interval);
            let patience = self.active_down_interval();
            self.compare_owners(now, advert, patience);
            if let Phase::Backup(backup) = &mut self.phase {
                let down = (!backup.active_leaves).then_some(backup.down);
                self.observed.obeyed(now, advert, down);
                backup.heard(now, advert, now + patience);
            }
        } else {
            self.observed.disobeyed(now, advert);
            self.lower_in_backup(now, advert);
        }
    }

    /// Nobody served: send, claim, announce (RFC 9568 §6.4.2, "If the Active_Down_Timer fires").
    pub(super) fn timeout_in_backup(&mut self, now: Instant) {
        let interval = self.active_interval();
        // The Active's next advert, and then some: several Backups may have been suspended together, and the best
        // of them should speak first.
        let grace = interval.saturating_add(self.skew(self.priority));
        let Phase::Backup(backup) = &mut self.phase else { return };
        if now < backup.down || backup.is_ready() {
            return;
        }
        let late = now.since(backup.late_from);
        let stalled = late > max_lateness(interval);
        let doubtful = stalled || backup.silence == Silence::Lossy;
        if doubtful && backup.silence != Silence::Renewed {
            let report =
                if stalled { Report::Stalled { late, grace } } else { Report::PacketsLost { grace } };
            backup.silence = Silence::Renewed;
            backup.arm(now + grace);
            self.counters.stalls += 1;
            self.observed.stall = Some(Stall { at: now, late: if stalled { late } else { Duration::ZERO } });
            self.push(Action::Report(report));
            return;
        }
        if self.synced {
            backup.wait = Wait::Over;
            return;
        }
        self.succeed_active(now);
    }

    /// A Backup whose wait is over begins to serve.
    pub(super) fn succeed_active(&mut self, now: Instant) {
        let interval = self.active_interval();
        let Phase::Backup(backup) = &self.phase else { return };
        let cause = backup.cause(now);
        let known = backup.lower.map_or(interval, |lower| interval.min(lower.interval));
        self.become_active(now, cause, known);
    }

    /// Among what nobody read may have been the advert that this router waits for, or one that would have made it wait.
    pub(super) fn packets_lost(&mut self, now: Instant) {
        if let Phase::Backup(backup) = &mut self.phase
            && backup.is_ready()
        {
            backup.silence = Silence::Lossy;
            backup.arm(now);
        }
        if let Phase::Backup(backup) = &mut self.phase
            && backup.silence == Silence::Listened
        {
            backup.silence = Silence::Lossy;
        }
    }

    /// Shutdown: nothing is sent (RFC 9568 §6.4.2).
    pub(super) fn leave_backup(&mut self) {
        self.enter(Phase::Initialize, Cause::Shutdown);
    }

    /// Steps down for another router (RFC 9568 §6.4.3).
    pub(super) fn become_backup(&mut self, now: Instant, better: &Received, cause: Cause) {
        self.learn(better.interval);
        self.observed.obeyed(now, better, None);
        let mut backup = Backup::new(now);
        backup.heard(now, better, now + self.active_down_interval());
        self.push(Action::RemoveAddresses);
        self.enter(Phase::Backup(backup), cause);
    }

    /// A reload changed how long to wait: the wait begins anew, which is never too short. After a goodbye there is
    /// nobody to be patient with, so that it may end earlier, not later.
    pub(super) fn listen_anew(&mut self, now: Instant) {
        if let Phase::Backup(Backup { heard: None, .. }) = &self.phase {
            self.learned_interval = self.config.advert_interval();
        }
        let down = now + self.active_down_interval();
        if let Phase::Backup(backup) = &mut self.phase {
            // A whole wait that begins now is no less worth for packets that were lost before.
            if !backup.active_leaves && backup.silence == Silence::Lossy {
                backup.silence = Silence::Listened;
            }
            if !backup.active_leaves || down < backup.down {
                backup.arm(down);
            }
            backup.tolerate_until = None;
        }
    }

    /// "If the Priority in the ADVERTISEMENT is zero: set the Active_Down_Timer to Skew_Time", unless it fires
    /// sooner. The interval of such an advert is not learned.
    fn active_leaves(&mut self, now: Instant, advert: &Received) {
        let down = now + self.skew(self.priority);
        let Phase::Backup(backup) = &mut self.phase else { return };
        if down < backup.down {
            backup.arm(down);
        }
        backup.lower = None;
        if !backup.active_leaves {
            backup.active_leaves = true;
            self.push(Action::Report(Report::ActiveLeaves { source: advert.source }));
        }
    }

    /// "If Preempt_Mode is False, or if the Priority is greater than or equal to the local Priority", or a lower
    /// one is tolerated for a while.
    fn accepts(&mut self, now: Instant, advert: &Received) -> bool {
        let preempt = if self.held {
            Preempt::Never
        } else if self.config.priority.is_owner() {
            Preempt::AtOnce
        } else {
            self.config.preempt
        };
        let Phase::Backup(backup) = &mut self.phase else { return false };
        if advert.priority >= self.priority {
            backup.tolerate_until = None;
            return true;
        }
        match preempt {
            Preempt::Never => true,
            Preempt::AtOnce => false,
            Preempt::After(delay) => now < *backup.tolerate_until.get_or_insert(now + delay),
        }
    }

    /// Two owners that are heard within one wait (RFC 9568 §8.3.2: to be logged).
    fn compare_owners(&mut self, now: Instant, advert: &Received, patience: Duration) {
        let Phase::Backup(Backup { heard: Some(last), .. }) = &self.phase else { return };
        let (first, second) = (last.source, advert.source);
        let both_own = last.priority.is_owner() && advert.priority.is_owner();
        if both_own && first != second && now.since(last.at) < patience {
            self.suspect_owners(Report::OwnersDiffer { first, second });
        }
    }

    /// A lower priority that is not obeyed: told once, until it was silent for three intervals.
    fn lower_in_backup(&mut self, now: Instant, advert: &Received) {
        let ours = self.active_interval();
        let theirs = Some(advert.interval.duration()).filter(|theirs| !theirs.is_zero()).unwrap_or(ours);
        let interval = ours.max(theirs);
        let down_adverts = self.config.down_adverts.max(1);
        let Phase::Backup(backup) = &mut self.phase else { return };
        let Received { source, priority, .. } = *advert;
        let alive_until = now + interval.saturating_mul(down_adverts.into());
        backup.lower = Some(Lower { source, priority, interval: theirs, alive_until });
        if backup.lower_heard.goes_on(now, interval.saturating_mul(3), true) {
            self.push(Action::Report(Report::LowerPriorityWhileBackup { source, priority }));
        }
    }
}
