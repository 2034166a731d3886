//! Events of an [`Outbox`](crate::Outbox) that an operator wants to read about.

use std::fmt;
use std::time::Duration;

use crate::{Failure, ServerReply};

/// A mail was sent, postponed or lost.
///
/// `Display` gives the predicate of a sentence, for example `lost for a@example.org: 1000 newer ones wait (news)`: put
/// the word for the mail in front of it. Replies in it are printable and bounded; subjects are as they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The server accepted the mail for these recipients.
    Sent {
        /// Name of the server, as given to the outbox.
        server: String,
        /// Addresses.
        recipients: Vec<String>,
        /// Subject of the mail.
        subject: String,
    },
    /// The server refused the mail for now; it is tried again.
    Postponed {
        /// Name of the server, as given to the outbox.
        server: String,
        /// Addresses that do not have the mail yet.
        recipients: Vec<String>,
        /// Subject of the mail.
        subject: String,
        /// The failure of this attempt.
        failure: Failure,
        /// Time until the next attempt.
        delay: Duration,
    },
    /// The server cannot be used: every mail waits.
    ServerFailed {
        /// Name of the server, as given to the outbox.
        server: String,
        /// The failure of this attempt.
        failure: Failure,
        /// Number of mails that wait.
        waiting: usize,
        /// Time until the next attempt.
        delay: Duration,
    },
    /// The mail was given up for these recipients.
    Lost {
        /// Addresses.
        recipients: Vec<String>,
        /// Subject of the mail.
        subject: String,
        /// The reason.
        reason: LossReason,
    },
    /// More mails were given up than are named one by one.
    MoreLost {
        /// Number of mails.
        count: usize,
        /// The reason.
        reason: LossReason,
    },
}

/// Why a mail was given up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LossReason {
    /// The server refused a recipient for good.
    Rejected {
        /// Name of the server.
        server: String,
        /// Its reply.
        reply: ServerReply,
    },
    /// The server refused the mail for good.
    Failed {
        /// Name of the server.
        server: String,
        /// The failure of this attempt.
        failure: Failure,
    },
    /// The mail waited longer than its lifetime.
    TooOld {
        /// Name of the server.
        server: String,
        /// The failure of the last attempt.
        failure: Failure,
        /// The lifetime.
        lifetime: Duration,
    },
    /// So many newer mails wait that there is no room.
    QueueFull {
        /// Number of mails that may wait.
        limit: usize,
    },
    /// The owner of the outbox gave everything up, for this reason.
    Abandoned(String),
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent { server, recipients, subject } => {
                write!(f, "successfully sent to {} through {server}: {subject}", recipients.join(", "))
            }
            Self::Postponed { server, recipients, subject, failure, delay } => {
                let (recipients, seconds) = (recipients.join(", "), delay.as_secs());
                write!(f, "postponed for {recipients}, next attempt in {seconds} seconds: ")?;
                write!(f, "{server}: {failure} ({subject})")
            }
            Self::ServerFailed { server, failure, waiting, delay } => {
                let seconds = delay.as_secs();
                write!(f, "not sent: server {server}: {failure}; ")?;
                write!(f, "{waiting} waiting, next attempt in {seconds} seconds")
            }
            Self::Lost { recipients, subject, reason } => {
                write!(f, "lost for {}: {reason} ({subject})", recipients.join(", "))
            }
            Self::MoreLost { count, reason } => write!(f, "lost: {count} more ({reason})"),
        }
    }
}

impl fmt::Display for LossReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected { server, reply } => {
                write!(f, "{server} refused it at {}: {}", reply.step, reply.reply)
            }
            Self::Failed { server, failure } => write!(f, "{server}: {failure}"),
            Self::TooOld { server, failure, lifetime } => {
                write!(f, "undelivered for {} hours, {server}: {failure}", lifetime.as_secs() / 3600)
            }
            Self::QueueFull { limit } => write!(f, "{limit} newer ones wait"),
            Self::Abandoned(why) => f.write_str(why),
        }
    }
}
