//! One virtual router: the state machine of RFC 9568 §6.4 and RFC 3768 §6.4.
//!
//! A [`VirtualRouter`] does no I/O and reads no clock. Feed it one input, do everything it asks for, sleep until
//! its timeout:
//!
//! ```
//! use core::time::Duration;
//! use vrrp_election::{Action, Instant, RouterConfig, State, VirtualRouter};
//! use vrrp_proto::{AdvertInterval, Centiseconds, Family, Priority, Vrid};
//!
//! let interval = AdvertInterval::V3(Centiseconds::new(100).ok_or("interval")?);
//! let vrid = Vrid::new(51).ok_or("VRID")?;
//! let mut router = VirtualRouter::new(RouterConfig::new(vrid, Family::Ipv4, interval));
//!
//! router.handle_startup(Instant::ZERO);
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
//! # Ok::<(), &str>(())
//! ```
//!
//! Where keepalived or common sense adds to the RFC: preemption may be delayed ([`Preempt::After`]), an Active's
//! answers to a flood of lower adverts are spaced, and a router whose caller came late does not believe that
//! nobody spoke ([`Report::Stalled`]).

mod action;
mod active;
mod backup;
mod config;
mod initialize;
mod timing;

use alloc::collections::VecDeque;
use core::fmt;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::{AdvertInterval, Priority, Version};

use crate::Instant;
use active::Active;
use backup::Backup;

pub use action::{Action, Cause, Report};
pub use config::{AnnounceConfig, Preempt, RouterConfig};
pub(crate) use timing::MAX_SLACK;
pub use timing::{active_down_interval, skew_time};

/// A virtual router, the unit of the election.
///
/// The contract: call one `handle_*` or `set_*`, then [`poll_action`](Self::poll_action) until it gives `None`,
/// then wait until [`poll_timeout`](Self::poll_timeout). `now` never goes back. An early or repeated
/// [`handle_timeout`](Self::handle_timeout) is harmless.
#[derive(Clone, Debug)]
pub struct VirtualRouter {
    config: RouterConfig,
    /// The effective priority: the configured one, or what tracking made of it.
    priority: Priority,
    /// The address that our adverts come from: decides between equal priorities.
    address: Option<IpAddr>,
    /// `Active_Adver_Interval`: learned from the Active (VRRPv3 only).
    learned_interval: Duration,
    phase: Phase,
    /// Whether a suspicious neighbour was told of since the last transition.
    suspicion_told: bool,
    counters: Counters,
    /// At most [`MAX_ACTIONS`], as the caller drains them after each input.
    actions: VecDeque<Action>,
}

/// The three states of RFC 9568 §6.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Waits for a Startup; ignores adverts.
    Initialize,
    /// Listens, and watches that the Active lives.
    Backup,
    /// Serves the virtual addresses.
    Active,
}

/// What an accepted advertisement said, as far as the election is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The source address of its packet.
    pub source: IpAddr,
    /// Its priority.
    pub priority: Priority,
    /// Its interval.
    pub interval: AdvertInterval,
}

/// Why an advertisement changed nothing at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ignored {
    /// The router is in Initialize (RFC 9568 §6.4.1).
    NotRunning,
    /// The router owns the addresses and is told to ignore others (RFC 5798 §7.1).
    Owner,
    /// It came from the router's own address: a loop, or a second router with this address.
    OwnAddress,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotRunning => "the virtual router is not running",
            Self::Owner => "the address owner ignores adverts",
            Self::OwnAddress => "the advert came from our own address",
        })
    }
}

impl core::error::Error for Ignored {}

/// What a router has done since it was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Adverts handed in, whatever became of them.
    pub adverts_received: u64,
    /// Adverts asked to be sent, those with priority 0 included.
    pub adverts_sent: u64,
    /// Transitions to Active.
    pub became_active: u64,
    /// Transitions from Active.
    pub released_active: u64,
    /// Adverts with priority 0 handed in.
    pub priority_zero_received: u64,
    /// Adverts with priority 0 asked to be sent.
    pub priority_zero_sent: u64,
    /// Adverts that left more than one interval too late.
    pub late_adverts: u64,
    /// Expired waits renewed because the caller came late or packets were lost.
    pub stalls: u64,
}

/// The state with what only that state knows.
#[derive(Clone, Debug)]
enum Phase {
    Initialize,
    Backup(Backup),
    Active(Active),
}

/// One input, classified.
enum Event<'a> {
    Startup,
    Resume,
    Shutdown,
    Timeout,
    Advert(&'a Received),
}

/// Actions that one input can ask for at most, with room to spare.
const MAX_ACTIONS: usize = 16;

impl VirtualRouter {
    /// A router in Initialize that waits for [`handle_startup`](Self::handle_startup).
    #[must_use]
    pub fn new(config: RouterConfig) -> Self {
        Self {
            priority: config.priority,
            address: None,
            learned_interval: config.advert_interval(),
            phase: Phase::Initialize,
            suspicion_told: false,
            counters: Counters::default(),
            actions: VecDeque::new(),
            config,
        }
    }

    /// Startup (RFC 9568 §6.4.1): the interface is up and has an address to send from.
    pub fn handle_startup(&mut self, now: Instant) {
        self.step(now, &Event::Startup);
    }

    /// Startup of a router that served until a moment ago and still holds the addresses: it goes on as Active.
    ///
    /// For a caller that replaces a crashed predecessor of its own.
    pub fn handle_resume(&mut self, now: Instant) {
        self.step(now, &Event::Resume);
    }

    /// Shutdown (RFC 9568 §6.4.2, §6.4.3): stop, or the interface or something else needed is gone.
    ///
    /// An Active asks for an advert with priority 0, whether or not it can still be sent.
    pub fn handle_shutdown(&mut self, now: Instant) {
        self.step(now, &Event::Shutdown);
    }

    /// An advertisement that passed the receive checks (RFC 9568 §7.1) arrived at `now`.
    ///
    /// `now` may be the moment the kernel received it, before the last `now` of another input: patience counts
    /// from there.
    ///
    /// # Errors
    /// Why the advert changed nothing at all. One that lost the election is not an error.
    pub fn handle_advert(&mut self, now: Instant, advert: &Received) -> Result<(), Ignored> {
        self.counters.adverts_received += 1;
        if advert.priority.is_stop() {
            self.counters.priority_zero_received += 1;
        }
        if matches!(self.phase, Phase::Initialize) {
            return Err(Ignored::NotRunning);
        }
        if self.config.owner_ignores_adverts && self.config.priority.is_owner() {
            return Err(Ignored::Owner);
        }
        if self.address == Some(advert.source) {
            self.suspect(Report::OwnAddressHeard { source: advert.source });
            return Err(Ignored::OwnAddress);
        }
        self.step(now, &Event::Advert(advert));
        Ok(())
    }

    /// Time passed. Call it at [`poll_timeout`](Self::poll_timeout), after every advert that had arrived by then
    /// was handed in: a Backup must not believe that nobody spoke when nobody listened.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.step(now, &Event::Timeout);
    }

    /// The socket dropped packets before they could be read, so that silence proves nothing: when the wait of a
    /// Backup expires, it is renewed once.
    pub fn handle_packets_lost(&mut self) {
        self.packets_lost();
    }

    /// Somebody else removed a virtual address from its interface. An Active puts it back and announces it, at
    /// most once a second.
    pub fn handle_address_lost(&mut self, now: Instant) {
        self.address_lost(now);
    }

    /// The priority changed (tracking). A Backup's wait changes by the difference in skew; an Active tells with
    /// its next advert.
    pub fn set_priority(&mut self, priority: Priority) {
        if priority == self.priority {
            return;
        }
        let from = core::mem::replace(&mut self.priority, priority);
        let (old, new) = (self.skew(from), self.skew(priority));
        if let Phase::Backup(backup) = &mut self.phase {
            backup.shift(old, new);
        }
        self.push(Action::Report(Report::PriorityChanged { from, to: priority }));
    }

    /// The address that adverts are sent from: decides between equal priorities (RFC 9568 §6.4.3).
    pub fn set_address(&mut self, address: Option<IpAddr>) {
        self.address = address;
    }

    /// New parameters for the same virtual router (a reload). The state stays; an Active sends an advert, checks
    /// its addresses and, if `addresses_changed`, announces them.
    ///
    /// The effective priority stays: if it changes too, [`set_priority`](Self::set_priority) first, so that the
    /// advert tells it.
    pub fn reconfigure(&mut self, now: Instant, config: RouterConfig, addresses_changed: bool) {
        let patience_changed = config.interval != self.config.interval
            || config.down_adverts != self.config.down_adverts
            || config.preempt != self.config.preempt;
        self.config = config;
        match &self.phase {
            Phase::Initialize => {}
            Phase::Backup(_) => {
                if patience_changed {
                    self.listen_anew(now);
                }
            }
            Phase::Active(_) => self.serve_anew(now, addresses_changed),
        }
    }

    /// The next thing to do, if any.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due; `None` in Initialize.
    ///
    /// Changes with every input.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Initialize => None,
            Phase::Backup(backup) => Some(backup.timeout()),
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

    /// What the router has done so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Sets every counter to zero.
    pub fn clear_counters(&mut self) {
        self.counters = Counters::default();
    }

    /// `Active_Adver_Interval`: the own interval in VRRPv2, else the one last learned.
    #[must_use]
    pub fn active_interval(&self) -> Duration {
        match self.config.version() {
            Version::V2 => self.config.advert_interval(),
            Version::V3 => self.learned_interval,
        }
    }

    /// Every pair of state and event, and who decides about it.
    #[expect(clippy::match_same_arms, reason = "one block for each state, as in RFC 9568 §6.4")]
    fn step(&mut self, now: Instant, event: &Event<'_>) {
        match (&self.phase, event) {
            (Phase::Initialize, Event::Startup) => self.start(now),
            (Phase::Initialize, Event::Resume) => self.resume(now),
            (Phase::Initialize, Event::Shutdown | Event::Timeout | Event::Advert(_)) => {}

            (Phase::Backup(_), Event::Advert(advert)) => self.advert_in_backup(now, advert),
            (Phase::Backup(_), Event::Timeout) => self.timeout_in_backup(now),
            (Phase::Backup(_), Event::Shutdown) => self.leave_backup(),
            (Phase::Backup(_), Event::Startup | Event::Resume) => {}

            (Phase::Active(_), Event::Advert(advert)) => self.advert_in_active(now, advert),
            (Phase::Active(_), Event::Timeout) => self.timeout_in_active(now),
            (Phase::Active(_), Event::Shutdown) => self.leave_active(),
            (Phase::Active(_), Event::Startup | Event::Resume) => {}
        }
    }

    /// Changes the state and tells it.
    fn enter(&mut self, phase: Phase, cause: Cause) {
        let from = self.state();
        self.phase = phase;
        let to = self.state();
        self.suspicion_told = false;
        self.push(Action::Report(Report::Transition { from, to, cause }));
    }

    /// Asks for one advert with the effective priority.
    fn send_advert(&mut self) {
        self.counters.adverts_sent += 1;
        self.push(Action::SendAdvert(self.priority));
    }

    /// Tells of a neighbour that should not be there, once in each state.
    fn suspect(&mut self, report: Report) {
        if !core::mem::replace(&mut self.suspicion_told, true) {
            self.push(Action::Report(report));
        }
    }

    fn push(&mut self, action: Action) {
        debug_assert!(self.actions.len() < MAX_ACTIONS, "poll_action is drained after each input");
        self.actions.push_back(action);
    }

    fn skew(&self, priority: Priority) -> Duration {
        skew_time(self.config.version(), priority, self.active_interval())
    }

    fn active_down_interval(&self) -> Duration {
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
