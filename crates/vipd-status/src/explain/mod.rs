//! Explanations: why something is as it is, with evidence, and what would change it.

mod endpoints;
mod groups;
mod history;
mod instance;
mod outlook;
mod tracking;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::text::table::Page;
use crate::words::{between, clock};
use crate::{Status, Target};

/// Everything that is known about one thing: statements, the most important first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Explanation {
    /// Name of the thing.
    pub subject: String,
    /// Statements about it; the first is [`Label::State`].
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Statement {
    /// The question that it answers.
    pub label: Label,
    /// Its words.
    pub text: String,
}

/// The question that a statement answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Label {
    /// State of the thing, a whole sentence.
    State,
    /// Reason of the state.
    Because,
    /// Something that was seen at the change.
    Evidence,
    /// Something that is wrong beside that.
    Problem,
    /// An operator's intent.
    Intent,
    /// Priority and its terms.
    Priority,
    /// Weights of a real server.
    Weight,
    /// Something that it depends on.
    Tracks,
    /// The master and when it was heard.
    Master,
    /// Conditions under which it becomes master.
    TakesOver,
    /// Conditions under which it takes over from a live master.
    Preempts,
    /// Conditions under which a master steps down.
    GivesWay,
    /// Conditions under which a fault or a failure ends.
    Ends,
    /// Waits that nearly ended in a takeover.
    CloseCalls,
    /// Packets that were rejected.
    Rejected,
    /// A router that uses the VRID and is no peer.
    Stranger,
    /// A member of a sync group.
    Member,
    /// A real server of a virtual server.
    Server,
    /// Something that depends on it.
    UsedBy,
    /// Connections of a real server.
    Connections,
    /// An earlier change of state.
    Before,
}

impl Label {
    /// As it stands before the statement in text; empty for the state.
    pub const fn word(self) -> &'static str {
        match self {
            Self::State => "",
            Self::Because => "because",
            Self::Evidence => "evidence",
            Self::Problem => "problem",
            Self::Intent => "intent",
            Self::Priority => "priority",
            Self::Weight => "weight",
            Self::Tracks => "tracks",
            Self::Master => "master",
            Self::TakesOver => "takes over",
            Self::Preempts => "preempts",
            Self::GivesWay => "gives way",
            Self::Ends => "ends",
            Self::CloseCalls => "close calls",
            Self::Rejected => "rejected",
            Self::Stranger => "stranger",
            Self::Member => "member",
            Self::Server => "server",
            Self::UsedBy => "used by",
            Self::Connections => "connections",
            Self::Before => "before",
        }
    }
}

/// Explanations of all that a word stands for, as [`Status::find`] finds it. Empty if nothing has that name.
pub fn explain(status: &Status, word: &str, zone: &TimeZone) -> Vec<Explanation> {
    let about = About { status, zone };
    status.find(word).into_iter().map(|target| about.target(target)).collect()
}

/// Explanations as lines of text of a width, at least 60.
pub fn text(explanations: &[Explanation], width: usize) -> String {
    const COLUMN: usize = 13;
    let mut page = Page::new(width, false);
    for (number, explanation) in explanations.iter().enumerate() {
        if number > 0 {
            page.blank();
        }
        let mut earlier = Label::State;
        for Statement { label, text } in &explanation.statements {
            match label {
                Label::State => page.line(text),
                label if *label == earlier => page.labelled("", COLUMN, text),
                label => page.labelled(label.word(), COLUMN, text),
            }
            earlier = *label;
        }
    }
    page.finish()
}

/// The status that explanations are about, and the zone of their times.
#[derive(Clone, Copy)]
struct About<'a> {
    status: &'a Status,
    zone: &'a TimeZone,
}

impl About<'_> {
    fn target(self, target: Target<'_>) -> Explanation {
        let mut list = List::default();
        let subject = match target {
            Target::Instance(instance) => {
                self.instance(instance, &mut list);
                instance.name.clone()
            }
            Target::Group(group) => {
                self.group(group, &mut list);
                group.name.clone()
            }
            Target::Tracker(tracker) => {
                self.tracker(tracker, &mut list);
                tracker.name.clone()
            }
            Target::Service(service) => {
                self.service(service, &mut list);
                service.name.clone()
            }
            Target::Server(service, server) => {
                self.server(service, server, &mut list);
                format!("{} of {}", server.address, service.name)
            }
            Target::Bfd(session) => {
                self.bfd(session, &mut list);
                session.name.clone()
            }
        };
        Explanation { subject, statements: list.0 }
    }

    /// ` since 09:13:00 (4 min 12 s)`; nothing where it is not known.
    fn since(self, since: Option<Timestamp>) -> String {
        since.map(|since| format!(" since {} ({})", self.clock(since), self.ago(since))).unwrap_or_default()
    }

    fn clock(self, time: Timestamp) -> String {
        clock(time, self.status.at, self.zone)
    }

    fn ago(self, time: Timestamp) -> String {
        between(time, self.status.at)
    }
}

/// Statements in the order in which they are said.
#[derive(Default)]
struct List(Vec<Statement>);

impl List {
    fn say(&mut self, label: Label, text: impl Into<String>) {
        self.0.push(Statement { label, text: text.into() });
    }

    fn say_some(&mut self, label: Label, text: Option<String>) {
        self.0.extend(text.map(|text| Statement { label, text }));
    }
}
