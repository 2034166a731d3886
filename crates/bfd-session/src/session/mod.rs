//! A session (RFC 5880 §6), asynchronous mode, without authentication, echo and demand mode of its own.

mod config;
mod machine;
mod poll;
mod random;
mod timing;

use core::time::Duration;

pub use config::{Change, Config, Event, Ignored, Memory, Role};

use crate::{Diagnostic, Discriminator, Instant, Interval, Packet, State};
use machine::Input;
use poll::Negotiation;
use random::Random;
use timing::Remote;

/// One session, as a value.
///
/// One input (`handle_*`), then everything it asks for ([`poll_transmit`](Self::poll_transmit) and
/// [`poll_event`](Self::poll_event) until they give nothing), then wait until [`poll_timeout`](Self::poll_timeout). An
/// early or repeated wake-up is harmless. `now` never goes back.
///
/// Packets count from when they arrived: hand in all that has arrived before a timeout, each with the time at which the
/// kernel received it. A delay of this system is not the other's failure, see [`Event::Stalled`] and
/// [`Session::is_up`].
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is due, and they are independent")]
pub struct Session {
    config: Config,
    local: Discriminator,
    state: State,
    diagnostic: Diagnostic,
    asked: Negotiation,
    remote: Remote,
    /// When the Detection Time is over.
    detect_at: Option<Instant>,
    /// It was begun again because the caller was late.
    renewed: bool,
    /// When a packet was sent last, besides answers to polls.
    sent_at: Option<Instant>,
    /// When the next is due, as far as it is periodic.
    send_at: Option<Instant>,
    /// Something is to be said without waiting for that.
    send_now: bool,
    /// P was received.
    answer: bool,
    /// When this system last spoke again after it was silent for longer than the other waits.
    silent_until: Option<Instant>,
    /// Until when clients go on taking the session for up.
    hold_until: Option<Instant>,
    usable: bool,
    told_usable: bool,
    change: Option<Change>,
    stalled: bool,
    random: Random,
}

impl Session {
    /// A session that is Down. `local` is this session's alone; `seed` is a random number, from which the jitter is made.
    #[must_use]
    pub fn new(now: Instant, config: Config, local: Discriminator, seed: u64) -> Self {
        let mut session = Self {
            config,
            local,
            state: State::Down,
            diagnostic: Diagnostic::NONE,
            asked: Negotiation::new(config.desired(State::Down), config.required_min_rx),
            remote: Remote::UNKNOWN,
            detect_at: None,
            renewed: false,
            sent_at: None,
            send_at: None,
            send_now: false,
            answer: false,
            silent_until: None,
            hold_until: None,
            usable: false,
            told_usable: false,
            change: None,
            stalled: false,
            random: Random::new(seed),
        };
        session.send_now = session.is_periodic();
        session.schedule(now);
        session
    }

    /// The session of a process that ended without a word, in the state in which it was: where this takes less than a
    /// Detection Time, the other system does not notice; where it takes longer, see [`Session::is_up`].
    #[must_use]
    pub fn resume(now: Instant, config: Config, memory: &Memory, seed: u64) -> Self {
        let mut session = Self::new(now, config, memory.local, seed);
        let alive = matches!(memory.state, State::Init | State::Up) && memory.remote.is_some();
        (session.usable, session.told_usable) = (memory.usable, memory.usable);
        session.silent_until = Some(now);
        if alive {
            session.state = memory.state;
            session.remote = Remote::remembered(memory);
            session.asked = Negotiation::new(config.desired(memory.state), config.required_min_rx);
            session.detect_at = Some(now + session.detection_time());
            session.send_now = true;
        } else if memory.usable {
            session.hold(now);
        }
        session.settle(now);
        session
    }

    /// The state that a successor would have to know. It changes with [`Event`]s and with what the other system asks for.
    #[must_use]
    pub fn memory(&self) -> Memory {
        Memory {
            local: self.local,
            remote: self.remote.discriminator,
            state: self.state,
            remote_min_rx: self.remote.min_rx,
            remote_desired_min_tx: self.remote.desired_min_tx,
            remote_detect_mult: self.remote.detect_mult,
            usable: self.usable,
        }
    }

    /// `bfd.SessionState`
    #[must_use]
    pub const fn state(&self) -> State {
        self.state
    }

    /// `bfd.RemoteSessionState`
    #[must_use]
    pub const fn remote_state(&self) -> State {
        self.remote.state
    }

    /// `bfd.LocalDiag`
    #[must_use]
    pub const fn diagnostic(&self) -> Diagnostic {
        self.diagnostic
    }

    /// `bfd.LocalDiscr`
    #[must_use]
    pub const fn local_discriminator(&self) -> Discriminator {
        self.local
    }

    /// `bfd.RemoteDiscr`
    #[must_use]
    pub const fn remote_discriminator(&self) -> Option<Discriminator> {
        self.remote.discriminator
    }

    /// Its parameters.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Whether clients may rely on the path: the session is Up; or it went down because this system itself was silent for
    /// longer than the other waits (it was stopped, or is the successor of a process that ended), and the handshake that
    /// follows is not over.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.usable
    }

    /// A packet for this session, which the kernel received at `arrived` (RFC 5880 §6.8.6 from the check of
    /// authentication on).
    ///
    /// # Errors
    /// It was discarded. Its fields may have been taken over all the same, as the RFC says.
    pub fn handle_packet(
        &mut self,
        now: Instant,
        arrived: Instant,
        packet: &Packet<'_>,
    ) -> Result<(), Ignored> {
        if packet.authentication.is_some() {
            return Err(Ignored::Authentication);
        }
        let arrived = arrived.min(now);
        self.remote.take_over(packet);
        if packet.r#final {
            self.asked.confirm();
        }
        if self.state == State::AdminDown {
            self.settle(now);
            return Err(Ignored::AdminDown);
        }
        self.apply(now, Input::Received(packet.state));
        self.answer |= packet.poll;
        self.renewed = false;
        let detect_at = arrived + self.detection_time();
        // Packets of another queue may come out of order; an interval that became shorter counts at once.
        self.detect_at = Some(match self.remote.heard_at.replace(arrived) {
            Some(before) if before > arrived => before + self.detection_time(),
            _ => detect_at,
        });
        self.settle(now);
        Ok(())
    }

    /// Judges time. Harmless when nothing is due.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(at) = self.detect_at.filter(|&at| at <= now) {
            self.detection_time_is_over(now, at);
        }
        self.settle(now);
    }

    /// Goes on with other parameters, by a Poll Sequence where the other system has to agree.
    pub fn handle_config(&mut self, now: Instant, config: Config) {
        let quicker = config.role == Role::Active && self.config.role == Role::Passive;
        self.config = config;
        self.ask();
        self.send_now |= self.asked.is_polling() || quicker;
        if let Some(heard) = self.remote.heard_at.filter(|_| self.detect_at.is_some()) {
            self.detect_at = Some(now.max(heard + self.detection_time()));
        }
        self.settle(now);
    }

    /// An operator takes the session down, or lets it go up again (§6.8.16).
    pub fn handle_admin(&mut self, now: Instant, enabled: bool) {
        match (enabled, self.state) {
            (false, State::Down | State::Init | State::Up) => {
                self.go(State::AdminDown, Diagnostic::ADMINISTRATIVELY_DOWN);
                self.hold_until = None;
                self.usable = false;
            }
            (true, State::AdminDown) => self.go(State::Down, Diagnostic::NONE),
            (false, State::AdminDown) | (true, _) => return,
        }
        self.settle(now);
    }

    /// The process ends, and the session with it: the other system is told that it is Down, so that it need not wait for a
    /// Detection Time. Not AdminDown, which says that the path may be fine (RFC 5882 §3.2): some systems then go on as if the
    /// session were Up. [`poll_transmit`](Self::poll_transmit) gives the packet, if anybody has to be told.
    pub fn handle_stop(&mut self) {
        if self.is_alive() {
            self.go(State::Down, Diagnostic::ADMINISTRATIVELY_DOWN);
            (self.hold_until, self.usable) = (None, false);
        }
        self.send_now &= self.remote.discriminator.is_some();
    }

    /// A packet to send now.
    pub fn poll_transmit(&mut self, now: Instant) -> Option<Packet<'static>> {
        if core::mem::take(&mut self.answer) {
            return Some(Packet { poll: false, r#final: true, ..self.packet() });
        }
        if !core::mem::take(&mut self.send_now) || !self.may_send() {
            return None;
        }
        if self.was_silent_for_long(now) {
            self.silent_until = Some(now);
        }
        self.sent_at = Some(now);
        self.schedule(now);
        Some(self.packet())
    }

    /// The events so far, oldest first.
    pub fn poll_event(&mut self) -> Option<Event> {
        if core::mem::take(&mut self.stalled) {
            return Some(Event::Stalled);
        }
        if let Some(change) = self.change.take() {
            return Some(Event::State(change));
        }
        if self.told_usable == self.usable {
            return None;
        }
        self.told_usable = self.usable;
        Some(Event::Usable(self.usable))
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        [self.detect_at, self.send_at, self.hold_until].into_iter().flatten().min()
    }

    fn packet(&self) -> Packet<'static> {
        Packet {
            diagnostic: self.diagnostic,
            state: self.state,
            poll: self.asked.is_polling(),
            r#final: false,
            control_plane_independent: false,
            demand: false,
            detect_mult: self.config.detect_mult,
            my_discriminator: self.local,
            your_discriminator: self.remote.discriminator,
            desired_min_tx: self.asked.desired(),
            required_min_rx: self.asked.required(),
            required_min_echo_rx: Interval::ZERO,
            authentication: None,
        }
    }

    fn detection_time_is_over(&mut self, now: Instant, at: Instant) {
        let late = now.since(at);
        if self.is_alive() && !self.renewed && late > self.detection_time() / 4 {
            // Nobody listened meanwhile: the machine may have stood still, and with it what was to arrive.
            (self.renewed, self.stalled) = (true, true);
            self.detect_at = Some(now + self.detection_time());
            return;
        }
        self.detect_at = None;
        self.renewed = false;
        self.hold_until = None;
        // §6.8.1: a new session of the other system has another discriminator.
        self.remote = Remote { diagnostic: self.remote.diagnostic, ..Remote::UNKNOWN };
        self.apply(now, Input::Silence);
        self.asked.forget();
    }

    fn apply(&mut self, now: Instant, input: Input) {
        let Some((state, diagnostic)) = machine::next(self.state, input) else { return };
        let own_fault =
            self.state == State::Up && input == Input::Received(State::Down) && self.was_silent(now);
        self.go(state, diagnostic);
        if own_fault {
            self.hold(now);
        }
    }

    fn go(&mut self, state: State, diagnostic: Diagnostic) {
        let from = self.change.map_or(self.state, |change| change.from);
        let change = Change { from, to: state, diagnostic, remote_diagnostic: self.remote.diagnostic };
        (self.state, self.diagnostic, self.change) = (state, diagnostic, Some(change));
        self.ask();
        // §6.8.7: at once when the content changes.
        self.send_now = true;
    }

    fn ask(&mut self) {
        let known = self.remote.discriminator.is_some();
        self.asked.ask(self.config.desired(self.state), self.config.required_min_rx, self.state, known);
    }

    /// True if the other system has reason to take this one for dead.
    fn was_silent(&self, now: Instant) -> bool {
        let of_late = self.silent_until.is_some_and(|at| now.since(at) < self.handshake_time());
        of_late || self.was_silent_for_long(now)
    }

    fn was_silent_for_long(&self, now: Instant) -> bool {
        self.state == State::Up && self.sent_at.is_some_and(|at| now.since(at) > self.remote_detection_time())
    }

    fn hold(&mut self, now: Instant) {
        if self.usable {
            self.hold_until = Some(now + self.handshake_time());
        }
    }

    /// Derives everything that follows from the state, after every input.
    fn settle(&mut self, now: Instant) {
        if self.state == State::Up || self.hold_until.is_some_and(|at| at <= now) {
            self.hold_until = None;
        }
        self.usable = self.state == State::Up || self.usable && self.hold_until.is_some();
        self.schedule(now);
        self.send_now |= self.send_at.is_some_and(|at| at <= now);
    }

    fn is_alive(&self) -> bool {
        matches!(self.state, State::Init | State::Up)
    }

    /// Longest that a handshake takes from both sides down, at the rate that both then have.
    fn handshake_time(&self) -> Duration {
        let slowest =
            self.config.desired(State::Down).max(self.remote.desired_min_tx).max(self.remote.min_rx);
        (slowest.duration() * 3).min(MOST_HANDSHAKE)
    }
}

/// However slow the other system is.
const MOST_HANDSHAKE: Duration = Duration::from_secs(10);
