//! Routers that serve together or not at all (keepalived's sync groups).
//!
//! A Backup among them does not take over when its wait is over: it is ready, and takes over when its caller says that
//! all others are. An advert that it obeys, a stall or a loss of packets makes it wait again. Everything else is the
//! machine of the RFC.

use core::time::Duration;

use super::backup::Backup;
use super::{Action, Cause, Input, Phase, State, VirtualRouter};
use crate::Instant;

impl VirtualRouter {
    /// Whether it takes over with others only: see [`is_ready`](Self::is_ready). One that was ready and need not wait for
    /// others any more has its timeout now.
    pub fn set_synced(&mut self, now: Instant, synced: bool) {
        if synced != self.synced {
            self.record_on(now, Input::Synced { synced });
        }
        self.synced = synced;
        if let Phase::Backup(backup) = &mut self.phase
            && !synced
        {
            backup.leave_others(now);
        }
    }

    /// Whether it is a Backup that would serve now, were it not for others ([`set_synced`](Self::set_synced)).
    #[must_use]
    pub fn is_ready(&self) -> bool {
        matches!(&self.phase, Phase::Backup(backup) if backup.is_ready())
    }

    /// A Backup takes over, because all that it goes with do. Without effect in other states.
    pub fn handle_takeover(&mut self, now: Instant) {
        self.record(now, Input::Takeover);
        if let Phase::Backup(backup) = &self.phase {
            if backup.is_ready() {
                self.succeed_active(now);
            } else {
                self.become_active(now, Cause::Together, self.active_interval());
            }
        }
    }

    /// An Active becomes Backup, because one that it goes with does. Nothing is sent: the router that made that member
    /// yield may serve for this one too; if not, its silence shows it. Without effect in other states.
    pub fn handle_step_down(&mut self, now: Instant) {
        if self.state() == State::Active {
            self.record(now, Input::StepDown);
        }
        if self.state() != State::Active || self.let_go_if_claimed(now) {
            return;
        }
        self.step_down(now, Cause::Together);
    }

    /// An Active becomes Backup without having heard another one, and without a word.
    pub(super) fn step_down(&mut self, now: Instant, cause: Cause) {
        self.counters.released_active += 1;
        self.learned_interval = self.config.advert_interval();
        self.push(Action::RemoveAddresses);
        let backup = Backup::new(now + self.active_down_interval());
        self.enter(Phase::Backup(backup), cause);
    }

    /// The wait of a Backup ends later by `extra`, and so does each that an advert begins before `until`.
    pub fn handle_rival(&mut self, until: Instant, extra: Duration) {
        self.record_at_once(Input::Rival { until, extra });
        if let Phase::Backup(backup) = &mut self.phase {
            backup.postpone(until, extra);
        }
    }

    /// One that it goes with heard a lower priority: neighbours may have learned the wrong place of all their addresses.
    pub fn handle_lower_priority_elsewhere(&mut self, now: Instant) {
        self.announce_against_lower(now);
    }
}
