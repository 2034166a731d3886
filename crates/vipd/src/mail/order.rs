//! What parent and mailer say to each other, over a [`Channel`](crate::ipc::Channel).
//!
//! A delivery carries all that is needed for it; the mailer keeps nothing between two. It writes no log: how it went
//! is a value, and the parent puts it into words.

use std::fmt;
use std::time::Duration;

use keepalived_conf::model::mail::{MailAuth, MailTls};
use serde::{Deserialize, Serialize};

use crate::ipc::LogLevel;

/// From the parent to the mailer.
#[derive(Debug, Serialize, Deserialize)]
pub enum ToMailer {
    /// Deliver this; the answer is [`FromMailer::Done`]. One at a time.
    Deliver(Box<Delivery>),
}

/// From the mailer to the parent.
#[derive(Debug, Serialize, Deserialize)]
pub enum FromMailer {
    /// The delivery with this number ended.
    Done(u64, Outcome),
    /// A line for the log.
    Log(LogLevel, String),
}

/// One mail and where it goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its number.
    pub id: u64,
    /// Through whom.
    pub server: Server,
    /// Address of the sender.
    pub from: String,
    /// Addresses of the recipients; [`Fate`]s are in the same order.
    pub recipients: Vec<String>,
    /// The mail, not yet stuffed.
    pub text: Vec<u8>,
    /// For all of it: name look-up, every address, every step.
    pub limit: Duration,
}

/// A mail server and how to talk to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// What we are called.
    pub helo: String,
    /// For connecting and for each answer.
    pub timeout: Duration,
    /// Whether and when TLS begins.
    pub tls: MailTls,
    /// Certificates (PEM) that the server's must lead to; `None` takes any.
    pub ca: Option<Vec<u8>>,
    /// Name and password.
    pub auth: Option<MailAuth>,
}

/// How a delivery ended: the fate of each recipient, or why nobody has the mail.
pub type Outcome = Result<Vec<Fate>, Failure>;

/// What became of a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// The server has it.
    Taken,
    /// Refused for now (4yz): it may be tried again.
    Later(Said),
    /// Refused for good (5yz).
    Never(Said),
}

/// What the server said to what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// To which command.
    pub step: Step,
    /// Code and text, printable, bounded.
    pub reply: String,
}

/// Where a dialogue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Waiting for the first line.
    Banner,
    /// `HELO`, `EHLO`
    Hello,
    /// `STARTTLS`
    StartTls,
    /// The TLS handshake.
    Handshake,
    /// `AUTH`
    Login,
    /// `MAIL FROM`
    Sender,
    /// `RCPT TO`
    Recipient,
    /// `DATA`
    Data,
    /// The mail itself.
    Text,
}

/// Why nobody has the mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    /// The server's name has no address.
    #[error("its name cannot be looked up: {0}")]
    Lookup(String),
    /// No address of it takes connections.
    #[error("no connection: {0}")]
    Connect(String),
    /// No answer in time.
    #[error("no answer to {0} in time")]
    Silent(Step),
    /// It closed the connection.
    #[error("it closed the connection at {0}")]
    Closed(Step),
    /// The connection broke.
    #[error("the connection failed at {0}: {1}")]
    Io(Step, String),
    /// It does not speak SMTP.
    #[error("at {0} it sent {1}")]
    NotSmtp(Step, String),
    /// The certificate or the handshake.
    #[error("TLS: {0}")]
    Tls(String),
    /// STARTTLS is wanted and not offered.
    #[error("it does not offer STARTTLS")]
    NoStartTls,
    /// A login is wanted and none of ours is offered.
    #[error("it offers no login by PLAIN or LOGIN")]
    NoLogin,
    /// A login is wanted, but everyone on the way could read the password.
    #[error("the password is not sent without TLS (set smtp_tls)")]
    Unprotected,
    /// It refused something that all recipients depend on.
    #[error("refused at {}: {}", .0.step, .0.reply)]
    Refused(Said),
    /// `smtp_tls_ca_file` cannot be used.
    #[error("smtp_tls_ca_file: {0}")]
    Certificates(String),
    /// The mailer itself.
    #[error("{0}")]
    Mailer(String),
}

impl Failure {
    /// Whether trying again cannot help: the server refused this mail for good. A refusal before that (of the greeting,
    /// of the login) is about the server, and another configuration may heal it while the mail waits.
    pub fn is_permanent(&self) -> bool {
        match self {
            Self::Refused(said) => said.step.is_of_a_mail() && said.reply.starts_with('5'),
            Self::Lookup(_)
            | Self::Connect(_)
            | Self::Silent(_)
            | Self::Closed(_)
            | Self::Io(..)
            | Self::NotSmtp(..)
            | Self::Tls(_)
            | Self::NoStartTls
            | Self::NoLogin
            | Self::Unprotected
            | Self::Certificates(_)
            | Self::Mailer(_) => false,
        }
    }

    /// Whether another mail could fare better: the server was ready to take one.
    pub fn is_of_this_mail(&self) -> bool {
        match self {
            Self::Silent(step) | Self::Closed(step) | Self::Io(step, _) | Self::NotSmtp(step, _) => {
                step.is_of_a_mail()
            }
            Self::Refused(said) => said.step.is_of_a_mail(),
            Self::Lookup(_)
            | Self::Connect(_)
            | Self::Tls(_)
            | Self::NoStartTls
            | Self::NoLogin
            | Self::Unprotected
            | Self::Certificates(_)
            | Self::Mailer(_) => false,
        }
    }
}

impl Step {
    fn is_of_a_mail(self) -> bool {
        match self {
            Self::Banner | Self::Hello | Self::StartTls | Self::Handshake | Self::Login => false,
            Self::Sender | Self::Recipient | Self::Data | Self::Text => true,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Banner => "the connection",
            Self::Hello => "the greeting",
            Self::StartTls => "STARTTLS",
            Self::Handshake => "the TLS handshake",
            Self::Login => "the login",
            Self::Sender => "the sender",
            Self::Recipient => "a recipient",
            Self::Data => "DATA",
            Self::Text => "the mail",
        })
    }
}
