//! The parameters of a session, its events, and the state for its successor.

use core::num::NonZeroU8;

use crate::{Diagnostic, Discriminator, Interval, State};

/// The role at the start of a session (RFC 5880 §6.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Role {
    /// It sends whether or not it hears anything.
    #[default]
    Active,
    /// It sends only to a system that was heard.
    Passive,
}

/// The parameters of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Config {
    /// The interval to send with while Up, where the other system can take it.
    pub desired_min_tx: Interval,
    /// The shortest interval that packets can be taken with. Zero asks for none.
    pub required_min_rx: Interval,
    /// The interval to send with while not Up. Less than a second is a second (RFC 5880 §6.8.3).
    pub idle_tx: Interval,
    /// With so many packets lost in a row, the other system takes this one for dead.
    pub detect_mult: NonZeroU8,
    /// The role at the start.
    pub role: Role,
}

impl Config {
    /// A session that sends and takes a packet each `interval`, and is lost with `detect_mult` of them.
    #[must_use]
    pub const fn new(interval: Interval, detect_mult: NonZeroU8) -> Self {
        Self {
            desired_min_tx: interval,
            required_min_rx: interval,
            idle_tx: Interval::SLOW,
            detect_mult,
            role: Role::Active,
        }
    }

    /// Desired Min TX Interval in a state.
    pub(super) fn desired(&self, state: State) -> Interval {
        match state {
            State::Up => self.desired_min_tx,
            State::AdminDown | State::Down | State::Init => {
                self.idle_tx.max(self.desired_min_tx).max(Interval::SLOW)
            }
        }
    }
}

/// Something that happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Its state changed.
    State(Change),
    /// Its clients are to take it for up, or for down: not the same as its state, see [`Session::is_up`](crate::Session::is_up).
    Usable(bool),
    /// The caller came so late that a Detection Time which had passed says nothing: it was begun again, once.
    Stalled,
}

/// A change of the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Before.
    pub from: State,
    /// After.
    pub to: State,
    /// Our reason, as the other system is told.
    pub diagnostic: Diagnostic,
    /// The reason that the other system gave for its own state.
    pub remote_diagnostic: Diagnostic,
}

/// Why a packet that is for this session changed no state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Ignored {
    /// It carries authentication, and none is in use here.
    #[error("it is authenticated, which this session is not")]
    Authentication,
    /// The session is kept down by an operator.
    #[error("the session is administratively down")]
    AdminDown,
}

/// The state that a successor is told, so that the other system does not notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Memory {
    /// `bfd.LocalDiscr`
    pub local: Discriminator,
    /// `bfd.RemoteDiscr`
    pub remote: Option<Discriminator>,
    /// `bfd.SessionState`
    pub state: State,
    /// `bfd.RemoteMinRxInterval`
    pub remote_min_rx: Interval,
    /// Last received Desired Min TX Interval.
    pub remote_desired_min_tx: Interval,
    /// Last received Detect Mult.
    pub remote_detect_mult: NonZeroU8,
    /// [`Session::is_up`](crate::Session::is_up)
    pub usable: bool,
}
