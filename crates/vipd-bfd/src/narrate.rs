//! The words of the log, as keepalived's where it has some.

use bfd_session::{Change, Diagnostic, Event, State};

use crate::ipc::LogLevel;
use crate::log::{About, EventKind, Field, LogLine};

/// The line for an event of the session with this name.
pub(super) fn line(name: &str, event: Event) -> Option<LogLine> {
    let about = |kind| About::new(kind).with(Field::Session, name.to_owned());
    match event {
        Event::State(change) => {
            let lost = change.from == State::Up && change.to == State::Down;
            let level = if lost { LogLevel::Warning } else { LogLevel::Info };
            let about = about(EventKind::Session)
                .with(Field::From, word(change.from))
                .with(Field::To, word(change.to));
            Some(LogLine::new(level, format!("({name}) {}", changed(change))).about(about))
        }
        Event::Stalled => {
            let text = format!(
                "({name}) nothing was received in time, but this process was late too: waiting once more"
            );
            Some(LogLine::new(LogLevel::Warning, text).about(about(EventKind::Stall)))
        }
        _ => None,
    }
}

fn changed(change: Change) -> String {
    if change.to == State::Down && change.from != State::AdminDown {
        let (local, remote) = (capitals(change.diagnostic), capitals(change.remote_diagnostic));
        return format!("Entering Down state (Local diagnostic - {local}, Remote diagnostic - {remote})");
    }
    format!("Entering {} state", word(change.to))
}

fn word(state: State) -> &'static str {
    match state {
        State::AdminDown => "AdminDown",
        State::Down => "Down",
        State::Init => "Init",
        State::Up => "Up",
    }
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
            line("up", Event::State(Change { from, to, diagnostic, remote_diagnostic })).unwrap()
        };
        let up = change(State::Init, State::Up, Diagnostic::NONE);
        assert_eq!((up.level, up.text.as_str()), (LogLevel::Info, "(up) Entering Up state"));
        let down = change(State::Up, State::Down, Diagnostic::DETECTION_TIME_EXPIRED);
        assert_eq!(down.level, LogLevel::Warning);
        let about = down.about.unwrap();
        let fields: Vec<_> = about.fields().collect();
        assert_eq!(fields, [("session", "up"), ("from", "Up"), ("to", "Down")]);
        assert_eq!(
            down.text,
            "(up) Entering Down state (Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic)"
        );
    }
}
