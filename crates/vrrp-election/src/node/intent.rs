//! Intents of an operator for a router at run time: to hand it over, or to keep it in maintenance.
//!
//! An intent gives the addresses away as [`VirtualRouter::handle_yield`](crate::VirtualRouter::handle_yield) does: no
//! moment without anybody who serves. Nothing is known of a Backup, which sends nothing; the goodbye asks, and if nobody
//! answers, the router has served all the time. Afterwards it is held: it preempts nobody while the intent lasts.
//!
//! - A handover ends when this router serves again, because the other one left or fell silent; when nobody takes over; or
//!   when it is ended.
//! - Maintenance makes the priority 1, so that each other router comes first, and lasts until it is ended or its time is
//!   over. Where nobody else serves, this router does, and tries again to give the addresses away every ten intervals
//!   (peers that preempt need no invitation). Hard maintenance is a fault instead ([`Fault::Maintenance`](super::Fault)), once the
//!   addresses were taken over or nobody wanted them.
//!
//! A sync group moves as a whole: its members have the same intent. An intent belongs to the
//! [`RouterKey`](super::RouterKey): a reload keeps it, and a successor of this process is told of it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::Priority;

use super::timers::Timer;
use super::{Event, Node, Remember, RouterId, Standing};
use crate::{Instant, State};

/// An operator's intent for a router.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Intent {
    /// The kind of intent.
    pub kind: IntentKind,
    /// The person or program that asked for it, in the caller's words.
    pub who: String,
    /// The reason, in the caller's words.
    pub why: String,
    /// Since when.
    pub since: Instant,
    /// When it ends by itself; `None` if it does not.
    pub until: Option<Instant>,
    /// The router that took over.
    pub moved_to: Option<IpAddr>,
}

/// The kinds of intents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum IntentKind {
    /// Give the addresses to another router now, and take them back when it goes.
    Handover,
    /// Leave the addresses to others.
    Maintenance {
        /// Even if nobody else serves.
        hard: bool,
    },
}

/// Why an intent was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Refusal {
    /// There is no such router.
    NoSuchRouter,
    /// The node stops.
    Stopping,
    /// Only a router that serves can be handed over; it is this instead.
    NotServing(Standing),
    /// It is being handed over already.
    UnderWay,
    /// It is in maintenance, which gives the addresses away by itself.
    InMaintenance,
    /// Its time is over already.
    Over,
}

/// Progress of an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It began.
    Began,
    /// Another router took over.
    Moved {
        /// Address of that router.
        to: IpAddr,
        /// Its priority.
        priority: Priority,
        /// Time from the first goodbye to the successor's first advert. This router served until then, and a moment
        /// more.
        after: Duration,
    },
    /// Nobody took over; this router has served all the time. A handover ends with that; of maintenance it is told once.
    NobodyTookOver {
        /// Length of the wait.
        after: Duration,
    },
    /// It ended.
    Ended(IntentEnd),
}

/// Why an intent ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IntentEnd {
    /// By [`Node::end_intent`].
    Withdrawn,
    /// Its time was over.
    Expired,
    /// The router that it was handed over to is gone, and this one serves again.
    ServesAgain,
    /// It had to give up before anybody could take over (a fault).
    Failed,
    /// Another intent took its place.
    Replaced,
}

/// An intent and what came of it so far.
#[derive(Clone, Debug)]
pub(super) struct Pursuit {
    pub(super) intent: Intent,
    /// An attempt to give the addresses away ended.
    tried: bool,
    /// When to try again.
    retry: Option<Instant>,
}

impl Intent {
    /// An intent of this moment, without an end.
    #[must_use]
    pub fn new(kind: IntentKind, since: Instant) -> Self {
        Self { kind, who: String::new(), why: String::new(), since, until: None, moved_to: None }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.until.is_some_and(|until| until <= now)
    }
}

impl Pursuit {
    pub(super) fn new(intent: Intent) -> Self {
        Self { intent, tried: false, retry: None }
    }

    pub(super) fn is_maintenance(&self) -> bool {
        matches!(self.intent.kind, IntentKind::Maintenance { .. })
    }

    /// Whether the router may take no part. `serves` says whether it still has something to give away.
    pub(super) fn forbids(&self, serves: bool) -> bool {
        self.intent.kind == IntentKind::Maintenance { hard: true } && (self.tried || !serves)
    }

    fn wants_to_yield(&self, now: Instant) -> bool {
        match self.intent.kind {
            IntentKind::Handover => self.intent.moved_to.is_none(),
            IntentKind::Maintenance { .. } => self.retry.is_none_or(|at| at <= now),
        }
    }

    fn timeout(&self) -> Option<Instant> {
        self.intent.until.into_iter().chain(self.retry).min()
    }
}

impl Node {
    /// Begins an intent for a router, and for all members of its sync group. Its progress is reported as
    /// [`Event::Intent`].
    ///
    /// # Errors
    /// Why nothing is done.
    pub fn handle_intent(&mut self, now: Instant, router: RouterId, intent: &Intent) -> Result<(), Refusal> {
        self.accepts_intent(now, router, intent)?;
        for member in self.companions(router) {
            self.drop_intent(now, member, IntentEnd::Replaced);
            let Some(known) = self.routers.get_mut(member.index()) else { continue };
            known.pursuit = Some(Box::new(Pursuit::new(intent.clone())));
            self.note_intent(member);
            self.tell_progress(member, intent.kind, Progress::Began);
            self.pursue(now, member);
        }
        self.assess_one(now, router);
        Ok(())
    }

    /// Ends the intent with a router and with all members of its sync group; gives whether there was one.
    pub fn end_intent(&mut self, now: Instant, router: RouterId) -> bool {
        self.finish_intent(now, router, IntentEnd::Withdrawn)
    }

    /// The intent for a router, if there is one.
    #[must_use]
    pub fn intent(&self, router: RouterId) -> Option<&Intent> {
        Some(&self.routers.get(router.index())?.pursuit.as_ref()?.intent)
    }

    fn accepts_intent(&self, now: Instant, router: RouterId, intent: &Intent) -> Result<(), Refusal> {
        let member = self.routers.get(router.index()).filter(|member| !member.retired);
        let member = member.ok_or(Refusal::NoSuchRouter)?;
        if self.stopping {
            return Err(Refusal::Stopping);
        }
        if intent.is_over(now) {
            return Err(Refusal::Over);
        }
        if intent.kind != IntentKind::Handover {
            return Ok(());
        }
        match &member.pursuit {
            Some(pursuit) if pursuit.is_maintenance() => Err(Refusal::InMaintenance),
            _ if member.standing != Standing::Active => Err(Refusal::NotServing(member.standing)),
            Some(_) => Err(Refusal::UnderWay),
            None => Ok(()),
        }
    }

    /// As [`pursue`](Self::pursue), if there is an intent.
    pub(super) fn pursue_any(&mut self, now: Instant, router: RouterId) {
        if self.intent(router).is_some() {
            self.pursue(now, router);
        }
    }

    /// Gives the addresses away if that is what is intended, and sets the timer of the intent.
    pub(super) fn pursue(&mut self, now: Instant, router: RouterId) {
        let Some(member) = self.routers.get_mut(router.index()) else { return };
        member.router.set_held(member.pursuit.is_some());
        if let Some(pursuit) = &mut member.pursuit
            && member.router.state() == State::Active
            && !member.router.is_yielding()
            && pursuit.wants_to_yield(now)
        {
            pursuit.retry = None;
            let within = member.router.yield_time();
            member.router.handle_yield(now, within);
            self.settle(now, router);
        }
        self.arm_intent(router);
    }

    pub(super) fn arm_intent(&mut self, router: RouterId) {
        let pursuit = self.routers.get(router.index()).and_then(|member| member.pursuit.as_deref());
        let at = pursuit.and_then(Pursuit::timeout);
        self.timers.arm(Timer::Intent(router), at);
    }

    /// The time of an intent is over, or there is something to do for it.
    pub(super) fn intent_due(&mut self, now: Instant, router: RouterId) {
        let Some(intent) = self.intent(router) else { return self.arm_intent(router) };
        if intent.is_over(now) {
            self.finish_intent(now, router, IntentEnd::Expired);
            return;
        }
        self.assess_one(now, router);
        let pursuit = self.routers.get_mut(router.index()).and_then(|member| member.pursuit.as_deref_mut());
        if let Some(pursuit) = pursuit {
            pursuit.retry.take_if(|at| *at <= now);
        }
        self.arm_intent(router);
    }

    fn finish_intent(&mut self, now: Instant, router: RouterId, end: IntentEnd) -> bool {
        let mut ended = false;
        for member in self.companions(router) {
            ended |= self.drop_intent(now, member, end);
        }
        if ended {
            self.assess_one(now, router);
        }
        ended
    }

    /// Forgets the intent with one router; gives whether there was one.
    pub(super) fn drop_intent(&mut self, now: Instant, router: RouterId, end: IntentEnd) -> bool {
        let Some(member) = self.routers.get_mut(router.index()) else { return false };
        let Some(pursuit) = member.pursuit.take() else { return false };
        member.router.set_held(false);
        self.tell_progress(router, pursuit.intent.kind, Progress::Ended(end));
        self.note_intent(router);
        self.arm_intent(router);
        if !self.stopping
            && let Some(member) = self.routers.get_mut(router.index())
        {
            member.router.stop_yielding(now);
            self.settle(now, router);
        }
        true
    }

    /// An attempt to give the addresses away ended.
    pub(super) fn note_tried(&mut self, now: Instant, router: RouterId, progress: Progress) {
        let pause = self.pause(router);
        let Some(pursuit) = self.pursuit_mut(router) else { return };
        let kind = pursuit.intent.kind;
        let is_first = !core::mem::replace(&mut pursuit.tried, true);
        let has_moved = matches!(progress, Progress::Moved { .. });
        match progress {
            Progress::Moved { to, .. } => pursuit.intent.moved_to = Some(to),
            _ if kind == IntentKind::Handover => return self.abort_handover(router, progress),
            _ => {}
        }
        pursuit.retry = match kind {
            // It stops taking part.
            IntentKind::Maintenance { hard: true } => Some(now),
            IntentKind::Maintenance { hard: false } => Some(now + pause).filter(|_| !has_moved),
            IntentKind::Handover => None,
        };
        self.note_intent(router);
        self.arm_intent(router);
        if is_first || has_moved {
            self.tell_progress(router, kind, progress);
        }
    }

    fn abort_handover(&mut self, router: RouterId, progress: Progress) {
        if let Some(member) = self.routers.get_mut(router.index()) {
            member.pursuit = None;
            member.router.set_held(false);
        }
        self.tell_progress(router, IntentKind::Handover, progress);
        self.note_intent(router);
        self.arm_intent(router);
    }

    /// The router entered another state: a handover is over when it serves again, or if it fails before it has moved.
    pub(super) fn note_entered(&mut self, now: Instant, router: RouterId, state: State) {
        if self.stopping {
            return;
        }
        match state {
            State::Active => self.note_serving(now, router),
            State::Backup => self.note_moved_along(now, router),
            State::Initialize => {
                let intent = self.intent(router);
                if intent.is_some_and(|it| it.kind == IntentKind::Handover && it.moved_to.is_none()) {
                    self.abort_handover(router, Progress::Ended(IntentEnd::Failed));
                }
            }
        }
    }

    fn note_serving(&mut self, now: Instant, router: RouterId) {
        let pause = self.pause(router);
        let Some(pursuit) = self.pursuit_mut(router) else { return };
        let had_moved = pursuit.intent.moved_to.take().is_some();
        match pursuit.intent.kind {
            IntentKind::Handover if had_moved => {
                self.abort_handover(router, Progress::Ended(IntentEnd::ServesAgain));
            }
            IntentKind::Maintenance { .. } if had_moved || pursuit.tried => {
                pursuit.retry = Some(now + pause);
                self.note_intent(router);
                self.arm_intent(router);
            }
            IntentKind::Handover | IntentKind::Maintenance { .. } => {}
        }
    }

    /// A member of a group stepped down because another one was taken over.
    fn note_moved_along(&mut self, now: Instant, router: RouterId) {
        let Some(intent) = self.intent(router).filter(|intent| intent.moved_to.is_none()) else { return };
        let kind = intent.kind;
        let group = self.companions(router);
        let to = group.iter().find_map(|member| self.intent(*member)?.moved_to);
        let Some(pursuit) = self.pursuit_mut(router) else { return };
        pursuit.intent.moved_to = to;
        match (kind, to) {
            (IntentKind::Handover, None) => {
                return self.abort_handover(router, Progress::Ended(IntentEnd::Failed));
            }
            (IntentKind::Maintenance { hard: true }, _) => pursuit.retry = Some(now),
            _ => {}
        }
        self.note_intent(router);
        self.arm_intent(router);
    }

    fn pause(&self, router: RouterId) -> Duration {
        let interval = self.router(router).map(|router| router.config().interval.duration());
        interval.unwrap_or_default().saturating_mul(RETRY_INTERVALS)
    }

    fn pursuit_mut(&mut self, router: RouterId) -> Option<&mut Pursuit> {
        self.routers.get_mut(router.index())?.pursuit.as_deref_mut()
    }

    fn tell_progress(&mut self, router: RouterId, kind: IntentKind, progress: Progress) {
        self.outbox.event(Event::Intent { router, kind, progress });
    }

    fn note_intent(&mut self, router: RouterId) {
        let Some(member) = self.routers.get(router.index()) else { return };
        if member.duplicate_of.is_none() && !member.retired {
            let intent = member.pursuit.as_ref().map(|pursuit| Box::new(pursuit.intent.clone()));
            self.news.note(Remember::Intent(member.key.clone(), intent));
        }
    }

    /// The router and those that go with it.
    fn companions(&self, router: RouterId) -> Vec<RouterId> {
        match self.group_of(router) {
            Some(group) => self.members(group),
            None => alloc::vec![router],
        }
    }

    fn assess_one(&mut self, now: Instant, router: RouterId) {
        match self.group_of(router) {
            Some(group) => self.reassess_group(now, group, router),
            None => self.reassess(now, router),
        }
    }
}

impl fmt::Display for IntentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handover => "handover",
            Self::Maintenance { hard: false } => "maintenance",
            Self::Maintenance { hard: true } => "hard maintenance",
        })
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Began => f.write_str("began"),
            Self::Moved { to, priority, after } => {
                write!(f, "{to} with priority {priority} took over after {:.3} s", after.as_secs_f64())
            }
            Self::NobodyTookOver { after } => {
                write!(f, "no other router took over within {:.3} s, serving on", after.as_secs_f64())
            }
            Self::Ended(end) => write!(f, "ended: {end}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSuchRouter => f.write_str("there is no such virtual router"),
            Self::Stopping => f.write_str("the daemon is stopping"),
            Self::NotServing(Standing::Backup) => {
                f.write_str("another router serves it: run the handover on that machine")
            }
            Self::NotServing(standing) => write!(f, "it does not serve ({standing:?})"),
            Self::UnderWay => f.write_str("it is being handed over already"),
            Self::InMaintenance => {
                f.write_str("it is in maintenance, which gives the addresses to any router that takes them")
            }
            Self::Over => f.write_str("the end of its time has passed"),
        }
    }
}

impl core::error::Error for Refusal {}

impl fmt::Display for IntentEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Withdrawn => "ended by request",
            Self::Expired => "its time is over",
            Self::ServesAgain => "the other router is gone",
            Self::Failed => "the router stopped taking part",
            Self::Replaced => "replaced by another one",
        })
    }
}

/// Pause between attempts to give away what nobody wanted.
const RETRY_INTERVALS: u32 = 10;
