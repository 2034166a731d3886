//! The outcome of a delivery.

use std::fmt;

/// The outcome of a delivery: the status of each recipient, or the reason why the mail reached no one.
pub type Outcome = Result<Vec<DeliveryStatus>, Failure>;

/// Whether the server took a mail for one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum DeliveryStatus {
    /// The server accepted the mail.
    Accepted,
    /// The server refused it for now (reply 4yz): it may be tried again.
    Deferred(ServerReply),
    /// The server refused it for good (reply 5yz).
    Rejected(ServerReply),
}

/// A reply of the server, and the step that it answered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ServerReply {
    /// The step that was answered.
    pub step: Step,
    /// Code and text, printable, bounded.
    pub reply: String,
}

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
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

/// Reason why a mail reached no one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
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
    #[error("the password is not sent without TLS")]
    Unprotected,
    /// It refused something that all recipients depend on.
    #[error("refused at {}: {}", .0.step, .0.reply)]
    Refused(ServerReply),
    /// The certificates that the server's must lead to cannot be used.
    #[error("{0}")]
    Certificates(String),
    /// Trouble on our own side: the delivery was not begun, or was ended before the server could answer.
    #[error("{0}")]
    Local(String),
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
            | Self::Local(_) => false,
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
            | Self::Local(_) => false,
        }
    }
}

impl ServerReply {
    /// The reply to a step.
    pub fn new(step: Step, reply: impl Into<String>) -> Self {
        Self { step, reply: reply.into() }
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
