//! Answers of the daemon as text.

use std::io::IsTerminal as _;

use jiff::tz::TimeZone;
use vipd_control::Answer;
use vipd_status::text::{self, Options};
use vipd_status::{ReloadOutcome, ReloadResult, Status};

/// The part of a status that is about a name, or all of it.
///
/// # Errors
/// There is nothing of this name.
pub(super) fn only(status: Status, name: Option<&str>) -> Result<Status, String> {
    match name {
        Some(name) => status.about(name).ok_or_else(|| format!("there is nothing of the name '{name}'")),
        None => Ok(status),
    }
}

/// As one line of JSON.
pub(super) fn json(status: &Status) -> String {
    serde_json::to_string(&Answer::Status(Box::new(status.clone()))).unwrap_or_default()
}

/// For people, in the colours and the width of the terminal.
pub(super) fn status(status: &Status, name: Option<&str>) -> String {
    text::status(status, &options(name))
}

/// The layout that the terminal asks for.
pub(super) fn options(name: Option<&str>) -> Options {
    Options {
        width: width(),
        colour: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
        name: name.map(str::to_owned),
        zone: TimeZone::system(),
    }
}

/// Columns of the terminal.
pub(super) fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns.unwrap_or(DEFAULT_WIDTH)
}

/// One event, or that some are missing.
pub(super) fn event(answer: &Answer, zone: &TimeZone) -> String {
    match answer {
        Answer::Event(event) => text::event(event, zone),
        Answer::Lost { lines, .. } => format!("{lines} events were lost: this program reads too slowly"),
        _ => String::new(),
    }
}

/// The result of a reload.
pub(super) fn reload(outcome: &ReloadOutcome) -> String {
    let reason = outcome.reason.as_deref().unwrap_or_default();
    match outcome.result {
        ReloadResult::Taken => "the new configuration runs".to_owned(),
        ReloadResult::Refused => {
            format!("the configuration was refused, the earlier one stays in force: {reason}")
        }
        ReloadResult::Undone => format!("the earlier configuration is in force again: {reason}"),
    }
}

/// Columns, where the terminal says nothing.
const DEFAULT_WIDTH: usize = 80;

#[cfg(test)]
mod tests {
    use vipd_status::Instance;

    use super::*;
    use crate::testing::status as empty;

    #[test]
    fn a_name_that_nothing_has_is_an_error() {
        let a = Instance { name: "A".to_owned(), ..Instance::default() };
        let whole = Status { instances: vec![a], ..empty() };
        assert_eq!(only(whole.clone(), Some("A")).unwrap().instances.len(), 1);
        assert_eq!(only(whole.clone(), None).as_ref(), Ok(&whole));
        assert!(only(whole, Some("C")).is_err());
    }
}
