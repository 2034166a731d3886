//! One virtual router: the state machine of RFC 9568 §6.4 and RFC 3768 §6.4.
//!
//! A [`VirtualRouter`] does no I/O and reads no clock. Feed it one input, do everything it asks for, sleep until
//! its timeout:
//!
//! ```
//! use core::time::Duration;
//! use vrrp_election::{Action, Instant, RouterConfig, State, VirtualRouter};
//! use vrrp_proto::{Family, Priority, RouterInterval, Vrid};
//!
//! let interval = RouterInterval::centiseconds(100)?;
//! let mut router = VirtualRouter::new(RouterConfig::new(Vrid::new(51)?, Family::Ipv4, interval));
//!
//! // The interface is up, and adverts will leave from this address.
//! router.handle_startup(Instant::ZERO, "192.0.2.20".parse()?);
//! assert_eq!(router.state(), State::Backup);
//! while let Some(_action) = router.poll_action() { /* do it */ }
//!
//! // Nobody speaks: 3 × interval + skew later the router serves.
//! let timeout = router.poll_timeout().ok_or("a Backup always waits")?;
//! assert_eq!(timeout, Instant::ZERO + Duration::from_nanos(3_609_375_000));
//! router.handle_timeout(timeout);
//! assert_eq!(router.state(), State::Active);
//! assert_eq!(router.poll_action(), Some(Action::SendAdvert(Priority::DEFAULT)));
//! assert_eq!(router.poll_action(), Some(Action::AddAddresses));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Where keepalived or common sense adds to the RFC: preemption may be delayed ([`Preempt::After`]), an Active's
//! answers to a flood of lower adverts are spaced, and a router whose caller came late does not believe that
//! nobody spoke ([`Report::Stalled`]).

mod action;
mod active;
mod backup;
mod config;
mod counters;
mod initialize;
mod input;
mod inputs;
mod memory;
mod neighbours;
mod observed;
mod queue;
mod received;
mod recorder;
mod sending;
mod synced;
mod timing;
mod yielding;

use alloc::boxed::Box;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::{AdvertInterval, Priority, RouterPriority, Version};

use crate::Instant;
use active::Active;
use backup::Backup;
use neighbours::OwnAdverts;
use queue::Queue;
use recorder::{MAX_BLOCKS, Recorder};

pub use action::{Action, Cause, Report};
pub use config::{AnnounceConfig, Preempt, RouterConfig};
pub use counters::Counters;
pub use input::{Input, Recorded};
pub use memory::{Obeyed, RouterMemory};
pub use observed::{CloseCalls, Heard, Observed, Stall};
pub use received::{Ignored, Received};
pub use recorder::{Change, Recording, Start};
pub(crate) use timing::MAX_SLACK;
pub use timing::{active_down_interval, skew_time};

/// A virtual router, the unit of the election.
///
/// The contract: call one `handle_*` or `set_*`, then [`poll_action`](Self::poll_action) until it gives `None`,
/// then wait until [`poll_timeout`](Self::poll_timeout). `now` never goes back. An early or repeated
/// [`handle_timeout`](Self::handle_timeout) is harmless. A caller that gives several inputs before it takes the
/// actions is given at most 20: what the inputs come to together, in the order of adverts, addresses, announcement,
/// reports.
#[derive(Clone, Debug)]
pub struct VirtualRouter {
    config: RouterConfig,
    /// The effective priority: the configured one, or what tracking made of it.
    priority: Priority,
    /// The address that our adverts come from: decides between equal priorities. There is one outside Initialize.
    address: Option<IpAddr>,
    own_adverts: OwnAdverts,
    /// `Active_Adver_Interval`: learned from the Active (VRRPv3 only).
    learned_interval: Duration,
    phase: Phase,
    /// It takes over together with others only.
    synced: bool,
    /// It leaves the addresses to the router that serves.
    held: bool,
    /// Reports made since the last transition.
    told: ReportedOnce,
    counters: Counters,
    observed: Observed,
    /// The inputs around its last changes; none before anything out of the ordinary.
    recorder: Option<Box<Recorder>>,
    /// Blocks that it may have.
    recorded_blocks: u8,
    actions: Queue,
}

/// The three states of RFC 9568 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Waits for a Startup; ignores adverts.
    Initialize,
    /// Listens, and watches that the Active lives.
    Backup,
    /// Serves the virtual addresses.
    Active,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Initialize => "Initialize",
            Self::Backup => "Backup",
            Self::Active => "Active",
        })
    }
}

/// The state with what only that state knows.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
enum Phase {
    Initialize,
    Backup(Backup),
    Active(Active),
}

/// Reports that are made once in each state.
#[derive(Clone, Copy, Debug, Default)]
struct ReportedOnce {
    own_address: bool,
    two_owners: bool,
}

/// One input, classified.
enum Event<'a> {
    Startup(IpAddr),
    Resume(IpAddr),
    Shutdown,
    Timeout,
    Advert { arrived: Instant, advert: &'a Received },
}

impl VirtualRouter {
    /// A router in Initialize that waits for [`handle_startup`](Self::handle_startup).
    #[must_use]
    pub fn new(config: RouterConfig) -> Self {
        Self {
            priority: config.priority.into(),
            address: None,
            own_adverts: OwnAdverts::default(),
            learned_interval: config.advert_interval(),
            phase: Phase::Initialize,
            synced: false,
            held: false,
            told: ReportedOnce::default(),
            counters: Counters::default(),
            observed: Observed::default(),
            recorder: None,
            recorded_blocks: MAX_BLOCKS,
            actions: Queue::default(),
            config,
        }
    }

    /// Startup (RFC 9568 §6.4.1): the interface is up, and adverts are sent from `address`, which decides between
    /// equal priorities (§6.4.3). It is of the router's family, and no other router's.
    pub fn handle_startup(&mut self, now: Instant, address: IpAddr) {
        self.record_on(now, Input::Startup { address });
        self.step(now, &Event::Startup(address));
    }

    /// Startup of a router that served until a moment ago and still holds the addresses: it goes on as Active.
    ///
    /// For a caller that replaces a crashed predecessor of its own.
    pub fn handle_resume(&mut self, now: Instant, address: IpAddr) {
        self.record_on(now, Input::Resume { address });
        self.step(now, &Event::Resume(address));
    }

    /// Shutdown (RFC 9568 §6.4.2, §6.4.3): stop, or the interface or something else needed is gone.
    ///
    /// An Active asks for an advert with priority 0, whether or not it can still be sent.
    pub fn handle_shutdown(&mut self, now: Instant) {
        self.record_on(now, Input::Shutdown);
        self.step(now, &Event::Shutdown);
    }

    /// An advertisement that passed the receive checks (RFC 9568 §7.1). `arrived` is when the kernel received it,
    /// which may be long before `now`: the patience of a Backup counts from there. An arrival in the future is taken
    /// for `now`, so that no clock can make a Backup wait longer than after an advert of this moment.
    ///
    /// One with the address and priority of an advert that this router sent in the last three intervals, and at least
    /// in the last second, is its own that came back: it is ignored. Any other from its address is somebody else's,
    /// and counts.
    ///
    /// # Errors
    /// Why the advert changed nothing at all. One that lost the election is not an error.
    pub fn handle_advert(
        &mut self,
        now: Instant,
        arrived: Instant,
        advert: &Received,
    ) -> Result<(), Ignored> {
        let expected = self.expects(arrived, advert);
        if !expected {
            self.record_advert(now, arrived, advert);
        }
        self.counters.adverts_received += 1;
        if advert.priority.is_stop() {
            self.counters.priority_zero_received += 1;
            self.observed.goodbye = Some((advert.source, arrived.min(now)));
        }
        if matches!(self.phase, Phase::Initialize) {
            return Err(Ignored::NotRunning);
        }
        if self.config.owner_ignores_adverts && self.config.priority.is_owner() && !self.gives_way() {
            return Err(Ignored::Owner);
        }
        let arrived = arrived.min(now);
        let is_ours = self.own_adverts.contain(arrived, advert, self.echo_time());
        if is_ours || self.address == Some(advert.source) {
            self.suspect_own_address(advert.source);
        }
        if is_ours {
            return Err(Ignored::OwnAdvert);
        }
        self.step(now, &Event::Advert { arrived, advert });
        if !expected {
            self.recorded_advert();
        }
        Ok(())
    }

    /// Time passed. Call it at [`poll_timeout`](Self::poll_timeout), after every advert that had arrived by then
    /// was handed in: a Backup must not believe that nobody spoke when nobody listened.
    pub fn handle_timeout(&mut self, now: Instant) {
        if !self.expects_timeout(now) {
            self.record(now, Input::Timeout);
        }
        self.step(now, &Event::Timeout);
    }

    /// The socket dropped packets before they could be read, so that silence proves nothing: when the wait of a
    /// Backup expires, it is renewed once.
    pub fn handle_packets_lost(&mut self, now: Instant) {
        self.record(now, Input::PacketsLost);
        self.packets_lost(now);
    }

    /// Somebody else removed a virtual address from its interface. An Active puts it back and announces it, at
    /// most once a second.
    pub fn handle_address_lost(&mut self, now: Instant) {
        self.record_on(now, Input::AddressLost);
        self.address_lost(now);
    }

    /// The priority changed (tracking). A Backup's wait changes by the difference in skew; an Active tells with
    /// its next advert.
    pub fn set_priority(&mut self, priority: RouterPriority) {
        if Priority::from(priority) == self.priority {
            return;
        }
        self.record_at_once(Input::Priority { priority });
        let priority = Priority::from(priority);
        let from = core::mem::replace(&mut self.priority, priority);
        let (old, new) = (self.skew(from), self.skew(priority));
        if let Phase::Backup(backup) = &mut self.phase {
            backup.shift(old, new);
        }
        self.push(Action::Report(Report::PriorityChanged { from, to: priority }));
    }

    /// Adverts are sent from another address from now on, which decides between equal priorities (RFC 9568 §6.4.3).
    /// A router that has none any more is [shut down](Self::handle_shutdown). Without effect in Initialize.
    pub fn set_address(&mut self, address: IpAddr) {
        if self.address.is_some_and(|before| before != address) {
            self.record_at_once(Input::Address { address });
            self.address = Some(address);
        }
    }

    /// New parameters for the same virtual router (a reload). The state stays; an Active sends an advert, checks its
    /// addresses and, if `addresses_changed`, announces them. An interval that becomes longer is told `down_adverts`
    /// times, and at least twice, at the former pace: a router that misses one of these adverts hears the next in time.
    /// A Backup that was told that the Active leaves takes over no later than before.
    ///
    /// The effective priority stays: if it changes too, [`set_priority`](Self::set_priority) first, so that the
    /// advert tells it.
    pub fn reconfigure(&mut self, now: Instant, config: RouterConfig, addresses_changed: bool) {
        let patience_changed = config.interval != self.config.interval
            || config.down_adverts != self.config.down_adverts
            || config.preempt != self.config.preempt;
        let known = self.config.advert_interval();
        self.interrupt_recording();
        self.let_go_if_claimed(now);
        self.config = config;
        match &self.phase {
            Phase::Initialize => {}
            Phase::Backup(_) => {
                if patience_changed {
                    self.listen_anew(now);
                }
            }
            Phase::Active(_) => self.serve_anew(now, addresses_changed, known),
        }
    }

    /// The next thing to do, if any.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` in Initialize, and in a Backup that
    /// [waits for others](Self::is_ready).
    ///
    /// Changes with every input. A caller that looks only every so often (a tick) has to do it at least every
    /// [`max_lateness`](Self::max_lateness): with coarser ticks, each wait of a Backup ends too late to be believed
    /// and is renewed, which costs an interval and a skew at each takeover.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Initialize => None,
            Phase::Backup(backup) => backup.timeout(),
            Phase::Active(active) => Some(active.timeout()),
        }
    }

    /// The state.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Initialize => State::Initialize,
            Phase::Backup(_) => State::Backup,
            Phase::Active(_) => State::Active,
        }
    }

    /// The effective priority, as sent.
    #[must_use]
    pub fn priority(&self) -> Priority {
        self.priority
    }

    /// The parameters.
    #[must_use]
    pub fn config(&self) -> &RouterConfig {
        &self.config
    }

    /// The router's counters so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Sets every counter to zero.
    pub fn clear_counters(&mut self) {
        self.counters = Counters::default();
    }

    /// The Active that it obeys, by its last advert; `None` in other states, before the first, and once that one has said
    /// goodbye.
    #[must_use]
    pub fn obeys(&self) -> Option<&Heard> {
        match &self.phase {
            Phase::Backup(backup) if backup.obeys() => self.observed.obeyed.as_ref(),
            Phase::Initialize | Phase::Backup(_) | Phase::Active(_) => None,
        }
    }

    /// The living Active of lower priority that it is about to preempt, by its last advert.
    #[must_use]
    pub fn preempts(&self, now: Instant) -> Option<&Heard> {
        match &self.phase {
            Phase::Backup(backup) if backup.preempts(now) => self.observed.other.as_ref(),
            Phase::Initialize | Phase::Backup(_) | Phase::Active(_) => None,
        }
    }

    /// The router's observations so far: they explain its state.
    #[must_use]
    pub fn observed(&self) -> &Observed {
        &self.observed
    }

    /// `Active_Adver_Interval`: the own interval in VRRPv2, else the one last learned.
    #[must_use]
    pub fn active_interval(&self) -> Duration {
        match self.config.version() {
            Version::V2 => self.config.advert_interval(),
            Version::V3 => self.learned_interval,
        }
    }

    /// Most lateness of [`handle_timeout`](Self::handle_timeout) that does not count as a stall ([`Report::Stalled`]):
    /// a quarter of the Active's interval, and at least 5 ms.
    #[must_use]
    pub fn max_lateness(&self) -> Duration {
        backup::max_lateness(self.active_interval())
    }

    /// Every pair of state and event, and the function that decides about it.
    #[expect(clippy::match_same_arms, reason = "one block for each state, as in RFC 9568 §6.4")]
    fn step(&mut self, now: Instant, event: &Event<'_>) {
        match (&self.phase, event) {
            (Phase::Initialize, Event::Startup(address)) => self.start(now, *address),
            (Phase::Initialize, Event::Resume(address)) => self.resume(now, *address),
            (Phase::Initialize, Event::Shutdown | Event::Timeout | Event::Advert { .. }) => {}

            (Phase::Backup(_), Event::Advert { arrived, advert }) => self.advert_in_backup(*arrived, advert),
            (Phase::Backup(_), Event::Timeout) => self.timeout_in_backup(now),
            (Phase::Backup(_), Event::Shutdown) => self.leave_backup(),
            (Phase::Backup(_), Event::Startup(_) | Event::Resume(_)) => {}

            (Phase::Active(_), Event::Advert { arrived, advert }) => {
                self.advert_in_active(now, *arrived, advert);
            }
            (Phase::Active(_), Event::Timeout) => self.timeout_in_active(now),
            (Phase::Active(_), Event::Shutdown) => self.leave_active(now),
            (Phase::Active(_), Event::Startup(_) | Event::Resume(_)) => {}
        }
    }

    /// Changes the state and tells it.
    fn enter(&mut self, phase: Phase, cause: Cause) {
        let from = self.state();
        self.phase = phase;
        let to = self.state();
        self.told = ReportedOnce::default();
        if let Some(recorder) = &mut self.recorder {
            recorder.changed(to, cause);
        }
        self.push(Action::Report(Report::Transition { from, to, cause }));
    }

    fn push(&mut self, action: Action) {
        self.actions.push(action);
    }

    /// `Skew_Time` of the effective priority.
    #[must_use]
    pub fn skew_time(&self) -> Duration {
        self.skew(self.priority)
    }

    fn skew(&self, priority: Priority) -> Duration {
        skew_time(self.config.version(), priority, self.active_interval())
    }

    /// `Active_Down_Interval`: for how long a Backup waits for an advert.
    #[must_use]
    pub fn active_down_interval(&self) -> Duration {
        active_down_interval(
            self.config.version(),
            self.priority,
            self.active_interval(),
            self.config.down_adverts,
        )
    }

    /// VRRPv3 follows the Active's interval (RFC 9568 §6.4.2); VRRPv2 rejected another one before it came here.
    /// So were adverts with an interval of 0 (erratum 8301); believed, it would be a takeover at once.
    fn learn(&mut self, interval: AdvertInterval) {
        if !interval.duration().is_zero() {
            self.learned_interval = interval.duration();
        }
    }
}
