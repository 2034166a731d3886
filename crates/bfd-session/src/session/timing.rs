//! When to send, and how long to wait (RFC 5880 §6.8.2, §6.8.4, §6.8.7).

use core::num::NonZeroU8;
use core::time::Duration;

use super::{Memory, Role, Session};
use crate::{Diagnostic, Discriminator, Instant, Interval, Packet, State};

/// The other system, as far as it is known (§6.8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Remote {
    /// `bfd.RemoteDiscr`
    pub(super) discriminator: Option<Discriminator>,
    /// `bfd.RemoteSessionState`
    pub(super) state: State,
    pub(super) diagnostic: Diagnostic,
    /// `bfd.RemoteMinRxInterval`
    pub(super) min_rx: Interval,
    /// `bfd.RemoteDemandMode`
    pub(super) demand: bool,
    pub(super) desired_min_tx: Interval,
    pub(super) detect_mult: NonZeroU8,
    /// When a packet of it arrived last.
    pub(super) heard_at: Option<Instant>,
}

impl Remote {
    /// Before anything was heard.
    pub(super) const UNKNOWN: Self = Self {
        discriminator: None,
        state: State::Down,
        diagnostic: Diagnostic::NONE,
        min_rx: Interval::from_micros(1),
        demand: false,
        desired_min_tx: Interval::SLOW,
        detect_mult: NonZeroU8::MIN,
        heard_at: None,
    };

    pub(super) fn remembered(memory: &Memory) -> Self {
        Self {
            discriminator: memory.remote,
            state: memory.state,
            min_rx: memory.remote_min_rx,
            desired_min_tx: memory.remote_desired_min_tx,
            detect_mult: memory.remote_detect_mult,
            ..Self::UNKNOWN
        }
    }

    pub(super) fn take_over(&mut self, packet: &Packet<'_>) {
        self.discriminator = Some(packet.my_discriminator);
        self.state = packet.state;
        self.diagnostic = packet.diagnostic;
        self.min_rx = packet.required_min_rx;
        self.demand = packet.demand;
        self.desired_min_tx = packet.desired_min_tx;
        self.detect_mult = packet.detect_mult;
    }
}

impl Session {
    /// Detection Time: the longest silence of the other system (§6.8.4).
    #[must_use]
    pub fn detection_time(&self) -> Duration {
        let interval = self.asked.rx().max(self.remote.desired_min_tx).max(SHORTEST);
        interval.duration() * u32::from(self.remote.detect_mult.get())
    }

    /// The interval between packets, before jitter (§6.8.2).
    #[must_use]
    pub fn transmit_interval(&self) -> Duration {
        self.asked.tx().max(self.remote.min_rx).max(SHORTEST).duration()
    }

    /// The longest silence of this system that the other accepts.
    pub(super) fn remote_detection_time(&self) -> Duration {
        self.transmit_interval() * u32::from(self.config.detect_mult.get())
    }

    /// True if packets other than the answer to a poll may leave (§6.8.7).
    pub(super) fn may_send(&self) -> bool {
        self.remote.discriminator.is_some() || self.config.role == Role::Active
    }

    /// True if packets leave periodically (§6.8.7).
    pub(super) fn is_periodic(&self) -> bool {
        let both_up = self.state == State::Up && self.remote.state == State::Up;
        let unwanted =
            self.remote.min_rx == Interval::ZERO || self.remote.demand && both_up && !self.asked.is_polling();
        self.may_send() && !unwanted
    }

    /// Sets when the next packet is due. One that is set already stays, unless less time than was left is asked for now,
    /// or nothing is to leave any more.
    pub(super) fn schedule(&mut self, now: Instant) {
        if !self.is_periodic() {
            self.send_at = None;
            return;
        }
        let interval = self.transmit_interval();
        let since = self.sent_at.unwrap_or(now);
        match self.send_at {
            Some(at) if at > since && at <= since + interval => {}
            _ => self.send_at = Some(since + self.jittered(interval)),
        }
    }

    /// Less by 0 to 25 %; with a Detect Mult of 1 by 10 to 25 %, so that a delay on the way loses no session.
    fn jittered(&mut self, interval: Duration) -> Duration {
        let nanos = u64::try_from(interval.as_nanos()).unwrap_or(u64::MAX);
        let least = if self.config.detect_mult == NonZeroU8::MIN { nanos / 10 } else { 0 };
        let reduction = least + self.random.below(nanos / 4 - least + 1);
        Duration::from_nanos(nanos - reduction)
    }
}

/// No timer of ours is shorter, whatever both systems ask for: 0 is in no packet of good faith.
const SHORTEST: Interval = Interval::from_millis(1);
