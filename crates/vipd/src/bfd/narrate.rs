//! The words of the log, as keepalived's where it has some.

use bfd_session::{Change, Diagnostic, Event, State};

use crate::ipc::LogLevel;

/// The line for an event of the session with this name.
pub(super) fn line(name: &str, event: Event) -> Option<(LogLevel, String)> {
    match event {
        Event::State(change) => Some((LogLevel::Info, format!("({name}) {}", changed(change)))),
        Event::Stalled => {
            let text = format!(
                "({name}) nothing was received in time, but this process was late too: waiting once more"
            );
            Some((LogLevel::Warning, text))
        }
        _ => None,
    }
}

fn changed(change: Change) -> String {
    let state = match change.to {
        State::AdminDown => "AdminDown",
        State::Down => "Down",
        State::Init => "Init",
        State::Up => "Up",
    };
    if change.to == State::Down && change.from != State::AdminDown {
        let (local, remote) = (capitals(change.diagnostic), capitals(change.remote_diagnostic));
        return format!("Entering Down state (Local diagnostic - {local}, Remote diagnostic - {remote})");
    }
    format!("Entering {state} state")
}

fn capitals(diagnostic: Diagnostic) -> String {
    let words = diagnostic.to_string();
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters
            .next()
            .map(|first| first.to_uppercase().chain(letters).collect::<String>())
            .unwrap_or_default()
    };
    words.split(' ').map(capital).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_as_keepalived_does() {
        let change = |from, to, diagnostic| {
            let remote_diagnostic = Diagnostic::NONE;
            line("up", Event::State(Change { from, to, diagnostic, remote_diagnostic })).unwrap().1
        };
        assert_eq!(change(State::Init, State::Up, Diagnostic::NONE), "(up) Entering Up state");
        assert_eq!(
            change(State::Up, State::Down, Diagnostic::DETECTION_TIME_EXPIRED),
            "(up) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)"
        );
    }
}
