//! Messages between parent and mailer, over a [`Channel`](vipd_ipc::Channel).
//!
//! A delivery carries all that is needed for it; the mailer keeps nothing between two. It writes no log: how a delivery
//! ended is a value, and the parent puts it into words.

use std::time::Duration;

use keepalived_conf::model::mail::{MailAuth, MailTls};
use serde::{Deserialize, Serialize};
use smtp_submit::Outcome;

use vipd_ipc::LogLevel;

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
    /// The server that takes it.
    pub server: Server,
    /// Address of the sender.
    pub from: String,
    /// Addresses of the recipients, in the order of the [`Outcome`].
    pub recipients: Vec<String>,
    /// The mail, without dot-stuffing.
    pub text: Vec<u8>,
    /// Time for all of it: name look-up, every address, every step.
    pub limit: Duration,
}

/// A mail server and how to talk to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Server {
    /// Name or address.
    pub host: String,
    /// TCP port.
    pub port: u16,
    /// Name of this machine, for `HELO` and `EHLO`.
    pub helo_name: String,
    /// Time for connecting and for each reply.
    pub timeout: Duration,
    /// Whether and when TLS begins.
    pub tls: MailTls,
    /// Certificates (PEM) that the server's must lead to; `None` takes any.
    pub ca: Option<Vec<u8>>,
    /// Name and password.
    pub auth: Option<MailAuth>,
}
