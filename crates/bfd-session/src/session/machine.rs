//! The state machine (RFC 5880 §6.2, §6.8.6).

use crate::{Diagnostic, State};

/// An input that may change the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A packet in this state.
    Received(State),
    /// A Detection Time passed without a packet.
    Silence,
}

/// The state that follows, and the diagnostic if it changes; `None` if the state stays.
pub(super) fn next(state: State, input: Input) -> Option<(State, Diagnostic)> {
    use Input::{Received, Silence};
    use State::{AdminDown, Down, Init, Up};
    match (state, input) {
        (Down, Received(Down)) => Some((Init, Diagnostic::NONE)),
        (Down, Received(Init)) | (Init, Received(Init | Up)) => Some((Up, Diagnostic::NONE)),
        (Init, Received(AdminDown)) | (Up, Received(AdminDown | Down)) => {
            Some((Down, Diagnostic::NEIGHBOR_SIGNALED_DOWN))
        }
        (Init | Up, Silence) => Some((Down, Diagnostic::DETECTION_TIME_EXPIRED)),
        (Down, Received(AdminDown | Up) | Silence)
        | (Init, Received(Down))
        | (Up, Received(Init | Up))
        | (AdminDown, Received(_) | Silence) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc5880_6_2_every_state_and_event() {
        use State::{AdminDown, Down, Init, Up};
        let received = [AdminDown, Down, Init, Up].map(Input::Received);
        let after = |state, input| next(state, input).map_or(state, |(next, _)| next);
        let row = |state| received.map(|input| after(state, input));
        assert_eq!(row(Down), [Down, Init, Up, Down]);
        assert_eq!(row(Init), [Down, Init, Up, Up]);
        assert_eq!(row(Up), [Down, Down, Up, Up]);
        assert_eq!(row(AdminDown), [AdminDown; 4]);
        assert_eq!(
            [Down, Init, Up, AdminDown].map(|state| after(state, Input::Silence)),
            [Down, Down, Down, AdminDown]
        );
    }

    #[test]
    fn the_diagnostic_says_why_a_session_went_down() {
        let diagnostic = |state, input| next(state, input).map(|(_, diagnostic)| diagnostic.get());
        assert_eq!(diagnostic(State::Up, Input::Silence), Some(1));
        assert_eq!(diagnostic(State::Init, Input::Silence), Some(1));
        assert_eq!(diagnostic(State::Up, Input::Received(State::Down)), Some(3));
        assert_eq!(diagnostic(State::Init, Input::Received(State::AdminDown)), Some(3));
        assert_eq!(diagnostic(State::Init, Input::Received(State::Up)), Some(0));
    }
}
