//! `vipd explain`: what a running daemon says of a name, an address or a server, and what a keyword or a code means.

use jiff::tz::TimeZone;
use serde::Serialize;
use vipd_control::Verb as Request;
use vipd_status::explain::{self, Explanation};
use vipd_verbs::Common;

use super::connection::Connection;
use super::{Failure, PATIENCE, print, show, status};
use vipd_cli as cli;

/// Everything that a word stands for.
#[derive(Serialize)]
struct Answer {
    v: u32,
    is: &'static str,
    word: String,
    /// The daemon's explanations.
    explanations: Vec<Explanation>,
    /// The keywords or the code of this name.
    meaning: Option<String>,
    /// Why no daemon was asked.
    #[serde(rename = "no-daemon", skip_serializing_if = "Option::is_none")]
    no_daemon: Option<String>,
}

pub(super) fn explain(word: &str, common: &Common) -> Result<(), Failure> {
    let asked = Connection::ask(&common.socket, Request::Status {}, Some(PATIENCE))
        .and_then(|mut connection| status(&mut connection));
    let zone = TimeZone::system();
    let explanations = asked.as_ref().map(|status| explain::explain(status, word, &zone)).unwrap_or_default();
    let code = || vipd_doctor::meaning(word).map(|meaning| format!("{word}\n  {meaning}\n"));
    let meaning = cli::meaning(word).or_else(code);
    let no_daemon = match &asked {
        Ok(_) | Err(Failure::Unread | Failure::Found(_)) => None,
        Err(Failure::No(why) | Failure::NoDaemon(why) | Failure::Refused(why)) => Some(why.clone()),
    };
    if explanations.is_empty() && meaning.is_none() {
        let mut names: Vec<&str> = asked.as_ref().map(|status| status.names().collect()).unwrap_or_default();
        names.extend(vipd_doctor::codes());
        return Err(Failure::No(unknown(word, &names, no_daemon.as_deref())));
    }
    if common.json {
        let word = word.to_owned();
        let answer = Answer { v: 1, is: "explanation", word, explanations, meaning, no_daemon };
        return print(&serde_json::to_string(&answer).unwrap_or_default());
    }
    let parts = [explain::text(&explanations, show::width()), meaning.unwrap_or_default()];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    print(&parts.join("\n"))
}

/// What to say of a word that stands for nothing.
fn unknown(word: &str, names: &[&str], no_daemon: Option<&str>) -> String {
    let said = match no_daemon {
        None => format!("there is no name, address, keyword or code '{word}'"),
        Some(why) => {
            format!(
                "there is no keyword or code '{word}', and no daemon answers about names and addresses: {why}"
            )
        }
    };
    match cli::similar(word, names) {
        Some(likely) => format!("{said}; did you mean '{likely}'?"),
        None => said,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_word_is_answered_with_a_likely_one_of_the_daemon_or_the_file() {
        let text = unknown("VI_WEBB", &["VI_WEB"], None);
        assert_eq!(text, "there is no name, address, keyword or code 'VI_WEBB'; did you mean 'VI_WEB'?");
        let text = unknown("prioritty", &[], Some("no daemon answers at /s"));
        assert!(
            text.contains("no daemon answers at /s") && text.ends_with("did you mean 'priority'?"),
            "{text}"
        );
    }
}
