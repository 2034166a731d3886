//! Answers to clients.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use vipd_status::{Event, ReloadOutcome, Status, Timestamp, Transition};

use crate::{Change, VERSION};

/// One line of an answer. The member `is` tells the variant.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
#[non_exhaustive]
pub enum Answer {
    /// Everything that the daemon knows of itself.
    Status(Box<Status>),
    /// Something that happened.
    Event(Box<Event>),
    /// The client reads too slowly: so many lines were left out here.
    Lost {
        /// [`VERSION`](crate::VERSION)
        v: u32,
        /// Their number.
        lines: u64,
    },
    /// Nothing follows.
    End {
        /// [`VERSION`](crate::VERSION)
        v: u32,
    },
    /// The inputs of an instance around its last changes of state.
    Recorder(Box<Recorder>),
    /// It was done, or begun.
    Done {
        /// [`VERSION`](crate::VERSION)
        v: u32,
        /// What, for people. It may have several lines.
        text: String,
    },
    /// Result of a reload.
    Reload {
        /// [`VERSION`](crate::VERSION)
        v: u32,
        /// The result.
        outcome: ReloadOutcome,
    },
    /// The configuration that runs, as its typed model, without secrets.
    Config {
        /// [`VERSION`](crate::VERSION)
        v: u32,
        /// The model.
        config: serde_json::Value,
    },
    /// The same as text.
    ConfigText {
        /// [`VERSION`](crate::VERSION)
        v: u32,
        /// The text, after includes, definitions, conditions and sequences.
        text: String,
    },
    /// Differences between the configuration that runs and the file.
    Difference {
        /// [`VERSION`](crate::VERSION)
        v: u32,
        /// The changes that a reload would make.
        changes: Vec<Change>,
        /// Why a reload would not be taken, if it would not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refused: Option<String>,
        /// Remarks about the file.
        #[serde(default)]
        findings: Vec<String>,
    },
    /// It was not done.
    Refused {
        /// [`VERSION`](crate::VERSION)
        v: u32,
        /// Why, for programs.
        refusal: Refusal,
        /// Why, for people.
        reason: String,
    },
}

/// Why a request is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Refusal {
    /// The client may not do that.
    Rights,
    /// The request was not understood.
    Request,
    /// There is nothing of that name.
    Name,
    /// It cannot be done now.
    State,
    /// There are too many clients.
    Busy,
    /// This daemon cannot do that.
    Unsupported,
}

/// The inputs of an instance around its last changes of state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Recorder {
    /// [`VERSION`]
    pub v: u32,
    /// Its name.
    pub instance: String,
    /// When this was written.
    pub at: Timestamp,
    /// The same moment in nanoseconds of the clock that the recordings count with.
    pub now_ns: u64,
    /// Changes of state, the newest first.
    pub history: Vec<Transition>,
    /// Things that the recordings name by number: as they name them, and their names.
    pub targets: Vec<(serde_json::Value, String)>,
    /// The recordings, the oldest first. Their form is that of the daemon's version.
    pub recordings: Vec<serde_json::Value>,
}

impl Answer {
    /// Nothing follows.
    pub fn end() -> Self {
        Self::End { v: VERSION }
    }

    /// It was done.
    pub fn done(text: impl Into<String>) -> Self {
        Self::Done { v: VERSION, text: text.into() }
    }

    /// It was not done.
    pub fn refused(refusal: Refusal, reason: impl Into<String>) -> Self {
        Self::Refused { v: VERSION, refusal, reason: reason.into() }
    }

    /// The line of an [`Answer::Config`], without a copy of the model.
    pub fn config_line(config: &impl Serialize) -> Bytes {
        #[derive(Serialize)]
        struct Line<'a, T> {
            is: &'static str,
            v: u32,
            config: &'a T,
        }
        let mut line = serde_json::to_vec(&Line { is: "config", v: VERSION, config }).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }

    /// The line to send, with its end.
    pub fn line(&self) -> Bytes {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_one_line_whatever_it_says() {
        let line = Answer::done("first\nsecond").line();
        assert_eq!(&line[..], b"{\"is\":\"done\",\"v\":1,\"text\":\"first\\nsecond\"}\n");
        let answer: Answer = serde_json::from_slice(&line).unwrap();
        assert_eq!(answer, Answer::done("first\nsecond"));
    }

    #[test]
    fn a_configuration_is_one_line_and_read_as_an_answer() {
        let line = Answer::config_line(&["a\nb"]);
        assert_eq!(line.split(|&octet| octet == b'\n').count(), 2);
        let answer = Answer::Config { v: VERSION, config: serde_json::json!(["a\nb"]) };
        assert_eq!(serde_json::from_slice::<Answer>(&line).unwrap(), answer);
        assert_eq!(answer.line(), line);
    }

    #[test]
    fn a_program_reads_why_something_was_refused() {
        let line = Answer::refused(Refusal::Rights, "only root may").line();
        let text = String::from_utf8(line.to_vec()).unwrap();
        assert_eq!(
            text,
            "{\"is\":\"refused\",\"v\":1,\"refusal\":\"rights\",\"reason\":\"only root may\"}\n"
        );
    }
}
