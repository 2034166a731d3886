//! A flight recorder: the inputs of a router around its last changes of state, exact enough to come to the same changes again.
//!
//! Routers that only start and then hear or send what they expect have none: it begins with the first input out of the
//! ordinary (an advert too late or with other contents, a timer of a Backup, a timer that fired late, a fault). Expected
//! inputs cost a comparison and are not stored, however long they go on: [`Input::Adverts`] says until when it went on.
//!
//! Inputs are kept in blocks. Each begins with everything that decides what the router does next ([`Start`]), so that
//! any block can be replayed without those before. Of the closed blocks those remain in which the state changed, with one
//! before and one after.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::{AdvertInterval, Priority};

use super::input::{Input, Recorded};
use super::inputs::Inputs;
use super::neighbours::OwnAdverts;
use super::{Cause, Heard, Phase, Preempt, Received, RouterConfig, State, VirtualRouter};
use crate::Instant;
use crate::node::config::TrackTarget;

/// The inputs of a router in one stretch of time, and the changes of state that this led to.
///
/// A `vrrp_sim` replays it. The form follows the state machine: it is read by the version that wrote it.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub struct Recording {
    /// The router before the first input.
    pub start: Start,
    /// The inputs, in their order.
    pub inputs: Vec<Recorded>,
    /// The changes, in their order.
    pub changes: Vec<Change>,
}

/// A change of state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub struct Change {
    /// The place of the input that led to it.
    pub input: usize,
    /// The state after.
    pub to: State,
    /// Why.
    pub cause: Cause,
}

/// Everything of a router that decides what it does next.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "kebab-case"))]
pub struct Start {
    config: RouterConfig,
    priority: Priority,
    address: Option<IpAddr>,
    own_adverts: OwnAdverts,
    learned_interval: Duration,
    phase: Phase,
    synced: bool,
    held: bool,
    obeyed: Option<Heard>,
}

impl Start {
    fn of(router: &VirtualRouter) -> Self {
        Self {
            config: router.config.clone(),
            priority: router.priority,
            address: router.address,
            own_adverts: router.own_adverts,
            learned_interval: router.learned_interval,
            phase: router.phase.clone(),
            synced: router.synced,
            held: router.held,
            obeyed: router.observed.obeyed,
        }
    }

    /// A router that stands as this one did. Its counters and histograms begin anew.
    #[must_use]
    pub fn router(&self) -> VirtualRouter {
        let mut router = VirtualRouter::new(self.config.clone());
        router.priority = self.priority;
        router.address = self.address;
        router.own_adverts = self.own_adverts;
        router.learned_interval = self.learned_interval;
        router.phase = self.phase.clone();
        router.synced = self.synced;
        router.held = self.held;
        router.observed.obeyed = self.obeyed;
        router
    }

    /// Its state.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Initialize => State::Initialize,
            Phase::Backup(_) => State::Backup,
            Phase::Active(_) => State::Active,
        }
    }

    /// The advert that it had obeyed last.
    #[must_use]
    pub fn obeyed(&self) -> Option<&Heard> {
        self.obeyed.as_ref()
    }
}

/// The blocks of one router.
#[derive(Clone, Debug, Default)]
pub(super) struct Recorder {
    blocks: VecDeque<Box<Block>>,
    /// The next input begins a block that does not follow the one before.
    interrupted: bool,
    /// The last obeyed advert that is told by an input or a start.
    known: Option<Instant>,
}

#[derive(Clone, Debug)]
struct Block {
    start: Start,
    /// It begins where the one before ends.
    follows: bool,
    inputs: Inputs,
    changes: Vec<Change>,
}

impl Recorder {
    fn is_full(&self) -> bool {
        self.interrupted || self.blocks.back().is_none_or(|block| block.inputs.len() >= BLOCK)
    }

    fn begin(&mut self, start: Start, limit: usize) {
        let follows = !core::mem::take(&mut self.interrupted) && !self.blocks.is_empty();
        self.known = start.obeyed.map(|heard| heard.at);
        self.thin_out();
        if self.blocks.len() >= limit {
            self.blocks.pop_front();
            if let Some(first) = self.blocks.front_mut() {
                first.follows = false;
            }
        }
        let block = Block { start, follows, inputs: Inputs::default(), changes: Vec::new() };
        self.blocks.push_back(Box::new(block));
    }

    /// Drops the last block but one if nothing changed in it, before it and after it.
    fn thin_out(&mut self) {
        let count = self.blocks.len();
        let place = count.saturating_sub(2);
        let around = self.blocks.range(count.saturating_sub(3)..);
        if count >= 2 && around.clone().all(|block| block.changes.is_empty()) {
            self.blocks.remove(place);
            if let Some(next) = self.blocks.get_mut(place) {
                next.follows = false;
            }
        }
    }

    fn add(&mut self, recorded: Recorded) {
        if let Some(block) = self.blocks.back_mut() {
            block.inputs.push(recorded);
        }
    }

    fn last(&self) -> Option<Instant> {
        self.blocks.back()?.inputs.last()
    }

    pub(super) fn changed(&mut self, to: State, cause: Cause) {
        if self.interrupted {
            return;
        }
        if let Some(block) = self.blocks.back_mut()
            && let Some(input) = block.inputs.len().checked_sub(1)
        {
            block.changes.push(Change { input, to, cause });
        }
    }

    fn recordings(&self) -> Vec<Recording> {
        let mut all: Vec<Recording> = Vec::new();
        for block in &self.blocks {
            match all.last_mut().filter(|_| block.follows) {
                Some(before) => {
                    let shift = before.inputs.len();
                    before.inputs.extend(block.inputs.iter());
                    let changes = block.changes.iter();
                    before.changes.extend(changes.map(|it| Change { input: it.input + shift, ..*it }));
                }
                None => all.push(Recording {
                    start: block.start.clone(),
                    inputs: block.inputs.iter().collect(),
                    changes: block.changes.clone(),
                }),
            }
        }
        all
    }
}

impl VirtualRouter {
    /// The inputs around its last changes of state, the oldest first; none while it has done nothing but start, and do what
    /// was expected.
    #[must_use]
    pub fn recordings(&self) -> Vec<Recording> {
        self.recorder.as_ref().map(|recorder| recorder.recordings()).unwrap_or_default()
    }

    /// Number of recorded changes of state.
    #[must_use]
    pub fn recorded_changes(&self) -> usize {
        let blocks = self.recorder.iter().flat_map(|recorder| &recorder.blocks);
        blocks.map(|block| block.changes.len()).sum()
    }

    /// Sets the number of blocks of 32 inputs that are kept at most: 24 for a start, never less than 4.
    pub fn limit_recording(&mut self, blocks: u8) {
        self.recorded_blocks = blocks.max(MIN_BLOCKS);
    }

    /// Notes something that the router itself is not told.
    pub(crate) fn remark(&mut self, now: Instant, input: Input) {
        self.record(now, input);
    }

    /// Something changes that is worth to be recorded.
    pub(crate) fn begin_recording(&mut self) {
        if self.recorder.is_none() && self.is_worth_recording() {
            self.recorder = Some(Box::default());
        }
    }

    /// Ends a stretch: later inputs cannot be replayed from the recorded ones.
    pub(super) fn interrupt_recording(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.interrupted = true;
        }
    }

    /// Ids of what it tracks have changed.
    pub(crate) fn renumber_recording(&mut self, target: impl Fn(TrackTarget) -> TrackTarget) {
        let blocks = self.recorder.iter_mut().flat_map(|recorder| &mut recorder.blocks);
        for input in blocks.flat_map(|block| block.inputs.others_mut()) {
            match input {
                Input::Target { target: it, .. } => *it = target(*it),
                Input::Script { script, .. } => {
                    if let TrackTarget::Script(now) = target((*script).into()) {
                        *script = now;
                    }
                }
                _ => {}
            }
        }
    }

    /// Notes an advert out of the ordinary, before it is acted on.
    #[cold]
    pub(super) fn record_advert(&mut self, now: Instant, arrived: Instant, advert: &Received) {
        self.record(now, Input::Advert { arrived, advert: *advert });
    }

    /// Notes an input out of the ordinary, before it is acted on.
    #[cold]
    pub(super) fn record(&mut self, at: Instant, input: Input) {
        self.begin_recording();
        self.record_on(at, input);
    }

    /// Notes an input if others were noted before.
    pub(super) fn record_on(&mut self, at: Instant, input: Input) {
        let Some(mut recorder) = self.recorder.take() else { return };
        let due = self.poll_timeout();
        let heard = self.observed.obeyed.filter(|_| !recorder.interrupted && !recorder.blocks.is_empty());
        if let Some(heard) = heard.filter(|heard| Some(heard.at) > recorder.known) {
            recorder.known = Some(heard.at);
            recorder.add(Recorded { at: heard.at, due: None, input: Input::Adverts });
        }
        if recorder.is_full() {
            recorder.begin(Start::of(self), self.recorded_blocks.into());
        }
        recorder.add(Recorded { at, due, input });
        self.recorder = Some(recorder);
    }

    /// As [`record_on`](Self::record_on), of something whose time is that of the input before.
    pub(super) fn record_at_once(&mut self, input: Input) {
        let last = self.recorder.as_ref().map(|recorder| recorder.last());
        if let Some(last) = last {
            self.record_on(last.unwrap_or_default(), input);
        }
    }

    /// An advert that was noted has been acted on.
    #[cold]
    pub(super) fn recorded_advert(&mut self) {
        if let Some(recorder) = &mut self.recorder {
            recorder.known = self.observed.obeyed.map(|heard| heard.at);
        }
    }

    /// One that has only just started, as all others did, has nothing to tell that its history does not.
    fn is_worth_recording(&self) -> bool {
        match &self.phase {
            Phase::Initialize => false,
            Phase::Backup(backup) => backup.obeyed().is_some(),
            Phase::Active(_) => true,
        }
    }

    /// Whether an advert is the one that a Backup expects: as the last one, in time, and obeyed.
    pub(super) fn expects(&self, arrived: Instant, advert: &Received) -> bool {
        let (Phase::Backup(backup), Some(last)) = (&self.phase, &self.observed.obeyed) else { return false };
        let gap = arrived.as_nanos().wrapping_sub(last.at.as_nanos());
        gap <= latest(advert.interval)
            && last.interval == advert.interval
            && last.priority == advert.priority
            && last.source == advert.source
            && backup.obeys()
            && (advert.priority >= self.priority || self.obeys_lower())
    }

    /// Whether a Backup obeys whoever serves, whatever the priorities.
    fn obeys_lower(&self) -> bool {
        self.held || (self.config.preempt == Preempt::Never && !self.config.priority.is_owner())
    }

    /// Whether a timeout is one that a router has that only goes on.
    pub(super) fn expects_timeout(&self, now: Instant) -> bool {
        match &self.phase {
            Phase::Initialize => true,
            Phase::Backup(backup) => backup.timeout().is_none_or(|down| now < down),
            Phase::Active(active) => {
                active.yielding.is_none()
                    && now.since(active.advert) <= (active.gap() / 2).min(LATE)
                    && self.was_overtaken(now).is_none()
            }
        }
    }
}

/// One and a half of an interval, in nanoseconds: before that, no advert was lost. Each advert costs this.
fn latest(interval: AdvertInterval) -> u64 {
    match interval {
        AdvertInterval::V2(seconds) => u64::from(seconds.0) * 1_500_000_000,
        AdvertInterval::V3(centiseconds) => u64::from(centiseconds.get()) * 15_000_000,
    }
}

/// Time by which an advert may leave late that is worth nothing, if it is at most half an interval: the next one is due as
/// if it had been in time, and no peer takes it for lost. The histogram of lateness counts it.
const LATE: Duration = Duration::from_millis(100);

/// Inputs in a block.
const BLOCK: usize = 32;

/// Enough for the last change.
const MIN_BLOCKS: u8 = 4;

/// As many as eight changes need that are far from each other.
pub(super) const MAX_BLOCKS: u8 = 24;
