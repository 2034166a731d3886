//! Upgrades: another version of the program takes over from the one that runs, or the one that runs goes on.
//!
//! The new program is tried while everything runs as before. If it takes what would be handed to it, the workers are
//! ended as a crash would end them: nothing is said to peers, nothing is removed from the kernel, and the state for their
//! successors is remembered. The VRRP worker is the last, for others wait for its adverts. Then the new program is executed in place of this one;
//! where that fails, successors are started here.
//!
//! A program that has taken over is on probation until every worker runs: a worker that ends, or that takes too long, has the former
//! program executed again, with what is known by then. That one goes on whatever happens.

use std::time::{Duration, Instant};

use vipd_ipc::{LogLevel, PerRole, Role};

use super::deadline::Deadline;
use super::left_behind::LeftBehind;
use super::reload::Phase as ReloadPhase;
use super::slot::Phase;
use super::workers::LAST_WAIT;
use super::{Action, Demand, Occasion, Settings, Supervisor};

/// Names an attempt to upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UpgradeId(u64);

/// Progress of an upgrade.
#[derive(Debug, Default)]
pub(super) enum Upgrade {
    /// There is none.
    #[default]
    None,
    /// The new program is tried.
    Trying { id: UpgradeId, until: Deadline, only_check: bool },
    /// The workers end, for the new program; without a name for the former one.
    Leaving(Option<UpgradeId>),
    /// The program was asked for: nothing else happens here.
    Executing(Option<UpgradeId>),
    /// This program took over, and its workers start.
    Probation(Deadline),
}

/// State of the supervisor for a program that takes over.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Objects that the workers left.
    pub left: PerRole<LeftBehind>,
    /// A reload was asked for meanwhile.
    pub reload: bool,
    /// The former program can be executed again.
    pub can_go_back: bool,
}

impl Supervisor {
    /// Takes over from another program, with a configuration, which has number 0.
    pub fn resume(now: Instant, settings: Settings, demand: Demand, inherited: &Inherited) -> Self {
        let mut supervisor = Self::idle(settings, demand);
        for role in Role::ALL {
            supervisor.slots[role].left.clone_from(&inherited.left[role]);
        }
        supervisor.again = inherited.reload;
        if inherited.can_go_back {
            supervisor.upgrade = Upgrade::Probation(Deadline::after(now, PROBATION));
        }
        // The workers first: others wait for their adverts.
        for role in Role::ALL {
            supervisor.fill(now, role);
        }
        supervisor.enforce(Occasion::TakeOver);
        supervisor.conclude(now);
        supervisor
    }

    /// A client wants another program to take over, or to know whether it could.
    ///
    /// # Errors
    /// The reason for which that cannot be tried now.
    pub fn request_upgrade(&mut self, now: Instant, only_check: bool) -> Result<UpgradeId, &'static str> {
        if self.stop.is_some() {
            return Err("the daemon stops");
        }
        if !matches!(self.upgrade, Upgrade::None) {
            return Err("another upgrade is under way; try again when it is over");
        }
        if self.is_starting_up() || self.reading.is_some() || self.again || self.reload != ReloadPhase::Idle {
            return Err("a start or a reload is under way; try again when it is over");
        }
        if self.confirm_until().is_some() {
            return Err("a reload waits to be confirmed: `vipd confirm` or `vipd undo` first");
        }
        self.last_upgrade += 1;
        let id = UpgradeId(self.last_upgrade);
        self.upgrade = Upgrade::Trying { id, until: Deadline::after(now, TRYING), only_check };
        self.actions.push_back(Action::TryProgram(id));
        Ok(id)
    }

    /// Whether an upgrade keeps reloads waiting.
    pub(super) fn is_upgrading(&self) -> bool {
        !matches!(self.upgrade, Upgrade::None | Upgrade::Probation(_))
    }

    /// Whether a reload is to be begun by whoever follows.
    pub fn has_to_reload(&self) -> bool {
        self.again
    }

    /// Objects that the workers left.
    pub fn left(&self, role: Role) -> &LeftBehind {
        &self.slots[role].left
    }

    /// The new program was tried: it takes over, or why it cannot.
    pub fn handle_tried(&mut self, now: Instant, id: UpgradeId, tried: Result<(), String>) {
        let Upgrade::Trying { id: current, only_check, .. } = self.upgrade else { return };
        if current != id {
            return;
        }
        match tried {
            Err(why) => self.end_upgrade(now, id, Err(why)),
            Ok(()) if only_check => self.end_upgrade(now, id, Ok(())),
            Ok(()) => {
                self.upgrade = Upgrade::Leaving(Some(id));
                self.log(LogLevel::Info, "The new program takes over");
                self.end_next_workers(now);
            }
        }
    }

    /// The new program could not be executed.
    pub fn handle_not_executed(&mut self, now: Instant, why: &str) {
        match self.upgrade {
            Upgrade::Executing(Some(id)) => self.end_upgrade(now, id, Err(why.to_owned())),
            Upgrade::Executing(None) => {
                self.upgrade = Upgrade::None;
                self.log(LogLevel::Error, format!("the former program cannot be executed again: {why}"));
                self.actions.push_back(Action::TookOver);
            }
            _ => return,
        }
        self.fill_all(now);
    }

    fn fill_all(&mut self, now: Instant) {
        for role in Role::ALL {
            self.fill(now, role);
        }
    }

    /// The upgrade is over, and this program goes on.
    fn end_upgrade(&mut self, now: Instant, id: UpgradeId, result: Result<(), String>) {
        self.upgrade = Upgrade::None;
        self.actions.push_back(Action::UpgradeOver(id, result));
        if self.stop.is_none() {
            self.reload_again(now);
        }
    }

    /// Ends workers, those first for which nobody waits; when none is left, the program is executed. Whether nothing is to be
    /// started meanwhile.
    pub(super) fn end_next_workers(&mut self, now: Instant) -> bool {
        let id = match self.upgrade {
            Upgrade::Leaving(id) => id,
            Upgrade::Executing(_) => return true,
            Upgrade::None | Upgrade::Trying { .. } | Upgrade::Probation(_) => return false,
        };
        let others = [Role::Bfd, Role::Lvs];
        let mut left: Vec<Role> =
            others.into_iter().filter(|&role| self.slots[role].worker.is_some()).collect();
        if left.is_empty() && self.slots[Role::Vrrp].worker.is_some() {
            left.push(Role::Vrrp);
        }
        for &role in &left {
            self.cut_off(now, role);
        }
        if left.is_empty() {
            self.upgrade = Upgrade::Executing(id);
            self.actions.push_back(Action::Execute);
        }
        true
    }

    /// Ends a worker where it stands.
    fn cut_off(&mut self, now: Instant, role: Role) {
        let slot = &mut self.slots[role];
        slot.respawn_at = None;
        let Some(worker) = slot.worker.as_mut() else { return };
        if !matches!(worker.phase, Phase::Killed(_)) {
            worker.phase = Phase::Killed(now + LAST_WAIT);
            worker.dismissed = true;
            self.actions.push_back(Action::Kill(worker.id));
        }
    }

    /// A worker does not run as it should; whether the former program takes over again because of that.
    pub(super) fn go_back(&mut self, now: Instant, why: &str) -> bool {
        if self.stop.is_some() || !matches!(self.upgrade, Upgrade::Probation(_)) {
            return false;
        }
        self.log(LogLevel::Error, format!("{why}: the former program takes over again"));
        self.upgrade = Upgrade::Leaving(None);
        self.actions.push_back(Action::GoBack(why.to_owned()));
        self.end_next_workers(now);
        true
    }

    /// Every worker runs: this program stays.
    pub(super) fn pass_probation(&mut self) {
        if matches!(self.upgrade, Upgrade::Probation(_)) {
            self.upgrade = Upgrade::None;
            self.actions.push_back(Action::TookOver);
        }
    }

    /// The daemon stops: nobody takes over any more.
    pub(super) fn forget_upgrade(&mut self, now: Instant) {
        match self.upgrade {
            Upgrade::None => {}
            Upgrade::Trying { id, .. } | Upgrade::Leaving(Some(id)) | Upgrade::Executing(Some(id)) => {
                self.actions.push_back(Action::AbandonTrial(id));
                self.end_upgrade(now, id, Err("the daemon stops".to_owned()));
            }
            Upgrade::Probation(_) | Upgrade::Leaving(None) | Upgrade::Executing(None) => {
                self.upgrade = Upgrade::None;
                self.actions.push_back(Action::TookOver);
            }
        }
        self.actions.retain(|action| *action != Action::Execute);
    }

    pub(super) fn time_upgrade(&mut self, now: Instant) {
        match &mut self.upgrade {
            Upgrade::Trying { id, until, .. } => {
                if until.is_over(now) {
                    let id = *id;
                    self.actions.push_back(Action::AbandonTrial(id));
                    let seconds = TRYING.as_secs();
                    let why = format!("it did not say within {seconds} s that it takes over");
                    self.end_upgrade(now, id, Err(why));
                }
            }
            Upgrade::Probation(until) => {
                if until.is_over(now) {
                    let seconds = PROBATION.as_secs();
                    self.go_back(now, &format!("not all child processes ran within {seconds} s"));
                }
            }
            Upgrade::None | Upgrade::Leaving(_) | Upgrade::Executing(_) => {}
        }
    }

    pub(super) fn upgrade_timeout(&self) -> Option<Instant> {
        match &self.upgrade {
            Upgrade::Trying { until, .. } | Upgrade::Probation(until) => Some(until.at()),
            Upgrade::None | Upgrade::Leaving(_) | Upgrade::Executing(_) => None,
        }
    }

    /// The supervisor before anything is started.
    pub(super) fn idle(settings: Settings, demand: Demand) -> Self {
        Self {
            settings,
            demands: std::collections::BTreeMap::from([(0, demand)]),
            current: 0,
            last_generation: 0,
            reload: ReloadPhase::Taking,
            reading: None,
            again: false,
            undo: super::Undo::default(),
            taking: 0,
            reload_ended: 0,
            agreed: None,
            slots: PerRole::default(),
            script: None,
            stop: None,
            upgrade: Upgrade::None,
            last_worker: 0,
            last_read: 0,
            last_upgrade: 0,
            actions: std::collections::VecDeque::new(),
        }
    }
}

/// Time in which the new program has to say that it takes over: it reads the configuration.
const TRYING: Duration = Duration::from_secs(15);

/// Time in which all workers of a program that took over have to run.
const PROBATION: Duration = Duration::from_secs(30);
