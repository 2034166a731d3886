//! Reloads: one at a time, and never worse than before.
//!
//! A configuration that cannot be used changes nothing: the old one stays in force. (keepalived takes whatever can
//! be read, down to nothing at all.) The same when a worker refuses it, or dies of it twice.

use std::time::{Duration, Instant};

use vipd_ipc::{Generation, LogLevel, Role};
use vipd_log::EventKind;

use super::deadline::Deadline;
use super::{Action, Demand, Occasion, ReadId, Supervisor, Tell};

/// Whether all workers run the configuration in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// They do, or do again as soon as the successor of one that died is there.
    Idle,
    /// They take a new one.
    Taking,
    /// They go back to the one before.
    TakingBack,
}

/// An attempt to read the configuration.
#[derive(Debug)]
pub(super) struct ReadAttempt {
    id: ReadId,
    pub(super) until: Deadline,
}

impl Supervisor {
    /// SIGHUP.
    pub fn handle_reload(&mut self, now: Instant) {
        self.request_reload(now, None);
    }

    /// Somebody wants a reload, which is undone unless it is confirmed so soon after it is in force. Gives a number: the
    /// reload is over when [`reload_ended`](Self::reload_ended) has reached it. `None` while the daemon stops.
    pub fn request_reload(&mut self, now: Instant, confirm: Option<Duration>) -> Option<u64> {
        if self.stop.is_some() {
            return None;
        }
        // During the start too: a worker may not yet have taken its first configuration.
        let is_behind = |role: &Role| self.slots[*role].worker.as_ref().is_some_and(super::Worker::is_behind);
        if self.is_starting_up()
            || self.reading.is_some()
            || self.is_upgrading()
            || Role::ALL.iter().any(is_behind)
        {
            self.again = true;
            self.undo.handle_queued(confirm);
            return Some(self.last_read + 1);
        }
        self.again = false;
        self.undo.handle_begin(confirm);
        self.log(LogLevel::Info, "Reloading ...");
        self.tell(Tell::Reloading);
        self.last_read += 1;
        let id = ReadId(self.last_read);
        self.reading = Some(ReadAttempt { id, until: Deadline::after(now, READ_TIME) });
        self.actions.push_back(Action::Read(id));
        Some(self.last_read)
    }

    /// The number of the last reload that is over, however it ended.
    pub fn reload_ended(&self) -> u64 {
        self.reload_ended
    }

    /// Whether an attempt to read the configuration is still of interest.
    pub fn is_reading(&self, id: ReadId) -> bool {
        self.reading.as_ref().is_some_and(|reading| reading.id == id)
    }

    /// The configuration was read: what it asks for, or why it is not taken. Gives its number if it is.
    pub fn handle_config(
        &mut self,
        now: Instant,
        id: ReadId,
        read: Result<Demand, String>,
    ) -> Option<Generation> {
        self.reading.take_if(|reading| reading.id == id)?;
        match read {
            Ok(demand) => Some(self.take(now, demand)),
            Err(why) => {
                self.refuse(now, &why);
                None
            }
        }
    }

    pub(super) fn time_reading(&mut self, now: Instant) {
        if self.reading.take_if(|reading| reading.until.is_over(now)).is_some() {
            let seconds = READ_TIME.as_secs();
            self.refuse(now, &format!("it could not be read within {seconds} s"));
        }
    }

    fn refuse(&mut self, now: Instant, why: &str) {
        self.log_event(
            EventKind::ReloadRefused,
            format!("Reload refused, the old configuration stays in force: {why}"),
        );
        self.reload_ended = self.last_read;
        self.tell(Tell::Refused(why.to_owned()));
        self.reload_again(now);
    }

    fn take(&mut self, now: Instant, demand: Demand) -> Generation {
        self.last_generation += 1;
        self.current = self.last_generation;
        self.demands.insert(self.current, demand);
        self.reload = Phase::Taking;
        self.taking = self.last_read;
        self.enforce(Occasion::Reload);
        for role in Role::ALL {
            self.slots[role].deaths = 0;
        }
        self.lead_workers(now);
        self.drop_old();
        self.conclude(now);
        self.current
    }

    /// Leads every worker to the configuration in force, and starts those that it needs besides.
    pub(super) fn lead_workers(&mut self, now: Instant) {
        for role in Role::ALL {
            let current = self.current;
            let slot = &mut self.slots[role];
            // One that had to wait starts with another configuration.
            slot.respawn_at = None;
            slot.sweeps = 0;
            match &slot.worker {
                Some(worker) if worker.is_serving() && worker.sent != current => self.configure(now, role),
                // Its end is awaited, or it has been told already.
                Some(_) => {}
                None => self.fill(now, role),
            }
        }
    }

    /// Ends the start or the reload under way once every worker runs the configuration in force.
    pub(super) fn conclude(&mut self, now: Instant) {
        if self.stop.is_some() {
            return;
        }
        if self.reload != Phase::Idle && Role::ALL.into_iter().all(|role| self.is_settled(role)) {
            if self.reload == Phase::Taking {
                self.undo.handle_taken(now, self.agreed);
                self.reload_ended = self.taking;
                self.tell(Tell::Ready);
            }
            self.reload = Phase::Idle;
            self.agreed = Some(self.current);
            self.actions.push_back(Action::Settled);
            self.pass_probation();
        }
        if self.reload == Phase::Idle {
            self.drop_old();
        }
        self.reload_again(now);
    }

    pub(super) fn reload_again(&mut self, now: Instant) {
        if self.again && !self.is_upgrading() {
            let confirm = self.undo.take_queued();
            self.request_reload(now, confirm);
        }
    }

    /// Whether a role is as the configuration in force wants it.
    fn is_settled(&self, role: Role) -> bool {
        let serving = self.slots[role].worker.as_ref().filter(|worker| worker.is_serving());
        match serving {
            Some(worker) => !worker.is_behind() && worker.running == Some(self.current),
            None => !self.wants(role),
        }
    }

    /// Gives a reload up that a worker does not want, or died of; whether there was one.
    pub(super) fn take_back(&mut self, now: Instant, role: Role) -> bool {
        if self.reload != Phase::Taking || self.stop.is_some() {
            return false;
        }
        let Some(previous) = self.agreed.filter(|agreed| self.demands.contains_key(agreed)) else {
            return false;
        };
        // Reports of workers that took it count: it stays until all have gone back.
        self.current = previous;
        self.reload = Phase::TakingBack;
        self.enforce(Occasion::TakeBack);
        let name = role.name();
        self.log(
            LogLevel::Error,
            format!("Reload refused by the {name} child process, the old configuration stays in force"),
        );
        self.reload_ended = self.taking;
        self.tell(Tell::Refused(format!("the {name} child process cannot run it")));
        self.lead_workers(now);
        self.conclude(now);
        true
    }

    pub(super) fn enforce(&mut self, occasion: Occasion) {
        self.actions.push_back(Action::Enforce { generation: self.current, occasion });
    }

    /// A worker died; whether a second one died of the reload under way, so that it is no accident.
    pub(super) fn reload_died_twice(&mut self, role: Role) -> bool {
        let slot = &mut self.slots[role];
        slot.deaths = slot.deaths.saturating_add(1);
        self.reload == Phase::Taking && slot.deaths >= 2
    }

    /// Forgets configurations. Messages may still name the one before that in force, for deletions, and those that workers
    /// run or were told to run; and a reload may have to be taken back.
    fn drop_old(&mut self) {
        let before = self.demands.range(..self.current).next_back().map(|(&generation, _)| generation);
        let kept = [Some(self.current), before, self.agreed, self.undo.previous()];
        let slots = &self.slots;
        let is_needed = |generation: Generation| {
            let mut workers = slots.iter().filter_map(|slot| slot.worker.as_ref());
            kept.contains(&Some(generation)) || workers.any(|worker| worker.may_name(generation))
        };
        let generations = self.demands.keys().copied();
        let dropped: Vec<Generation> = generations.filter(|&generation| !is_needed(generation)).collect();
        for generation in dropped {
            self.demands.remove(&generation);
            self.actions.push_back(Action::Drop(generation));
        }
    }

    /// The daemon stops: whichever reload is under way does not matter any more.
    pub(super) fn forget_reload(&mut self) {
        self.reload = Phase::Idle;
        self.reading = None;
        self.again = false;
    }
}

/// Time limit for reading the configuration.
const READ_TIME: Duration = Duration::from_secs(10);
