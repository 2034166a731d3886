//! One mail over SMTP (RFC 5321), as a machine over bytes and time.
//!
//! - Without TLS and login it sends what keepalived sends: `HELO`, `MAIL FROM`, each `RCPT TO`, `DATA`, `QUIT`. Otherwise
//!   `EHLO`, since only its answer tells what is offered.
//! - `STARTTLS` (RFC 3207), where configured, is required: a server that does not offer it gets no mail. Bytes in the
//!   clear behind its answer end the session, and capabilities that were offered before are forgotten.
//! - `AUTH PLAIN` or `LOGIN` (RFC 4954), where configured, is required too. The password only goes over TLS, or to a
//!   server on this machine.
//! - A refused recipient does not stop the others.
//!
//! The handshake itself is the caller's: while [`Session::wants_tls`], bytes belong to TLS, until
//! [`Session::handle_secured`]. Commands are not pipelined, mails are rare.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use crate::message::dot_stuffed;
use crate::{DeliveryStatus, Failure, Outcome, Reply, ReplyReader, ServerReply, Step};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How to talk to a server. `Debug` does not show the password.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SessionConfig {
    /// Name of this machine, as said with `HELO` or `EHLO`; only letters, digits and `.-_:[]` are said.
    pub helo_name: String,
    /// STARTTLS is required.
    pub start_tls: bool,
    /// The connection is TLS from the first byte on.
    pub implicit_tls: bool,
    /// The server is on this machine: a password may go unprotected.
    pub is_local: bool,
    /// Name and password.
    pub login: Option<Login>,
    /// Time that the server may take for each reply.
    pub timeout: Duration,
}

impl SessionConfig {
    /// A session without TLS and login, with a server elsewhere. `timeout` is for each reply.
    pub fn new(helo_name: impl Into<String>, timeout: Duration) -> Self {
        Self {
            helo_name: helo_name.into(),
            start_tls: false,
            implicit_tls: false,
            is_local: false,
            login: None,
            timeout,
        }
    }
}

/// Name and password.
#[derive(Clone)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Login({}:********)", self.user)
    }
}

/// The delivery of one mail over one connection.
///
/// Connect, then tell it what happens with `handle_*`, send what [`output`](Self::output) holds after each, and wait no
/// longer than [`poll_timeout`](Self::poll_timeout). When there is an [`outcome`](Self::outcome), `output` may still
/// hold `QUIT`: one attempt to send it, then close.
#[derive(Debug)]
pub struct Session {
    config: SessionConfig,
    from: String,
    recipients: Vec<String>,
    statuses: Vec<DeliveryStatus>,
    text: Vec<u8>,
    state: State,
    secured: bool,
    reader: ReplyReader,
    output: Vec<u8>,
    deadline: Instant,
    outcome: Option<Outcome>,
}

/// The reply, or the event, that the session waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Banner,
    Hello,
    StartTls,
    Handshake,
    /// The answer to the password, in whatever form it was sent.
    Login,
    LoginUser,
    LoginPassword,
    Sender,
    Recipient,
    Data,
    Text,
}

impl Session {
    /// Begins on a new connection. `from` and `recipients` are checked addresses
    /// ([`Mailbox::path`](crate::Mailbox::path)), `text` is not yet stuffed.
    pub fn new(now: Instant, config: SessionConfig, from: &str, recipients: &[String], text: &[u8]) -> Self {
        let deadline = now + config.timeout;
        let state = if config.implicit_tls { State::Handshake } else { State::Banner };
        Self {
            from: from.to_owned(),
            recipients: recipients.to_vec(),
            statuses: Vec::new(),
            text: dot_stuffed(text),
            state,
            secured: false,
            reader: ReplyReader::default(),
            output: Vec::new(),
            deadline,
            outcome: None,
            config,
        }
    }

    /// Plain bytes arrived, in any cut.
    pub fn handle_input(&mut self, now: Instant, mut input: &[u8]) {
        while self.outcome.is_none() && !input.is_empty() {
            if self.state == State::Handshake {
                // RFC 3207 §6: an attacker on the way could have put it there.
                return self.end(Err(Failure::NotSmtp(
                    Step::StartTls,
                    "something in the clear behind it".to_owned(),
                )));
            }
            match self.reader.read(&mut input) {
                Ok(Some(reply)) => self.handle_reply(now, &reply),
                Ok(None) => return,
                Err(error) => self.end(Err(Failure::NotSmtp(self.step(), error.to_string()))),
            }
        }
    }

    /// Whether the caller is to do the TLS handshake now.
    pub fn wants_tls(&self) -> bool {
        self.state == State::Handshake && self.outcome.is_none() && self.output.is_empty()
    }

    /// The handshake that was wanted is done.
    pub fn handle_secured(&mut self, now: Instant) {
        if self.state != State::Handshake || self.outcome.is_some() {
            return;
        }
        self.secured = true;
        self.reader = ReplyReader::default();
        if self.config.implicit_tls {
            self.await_reply(now, State::Banner);
        } else {
            self.greet(now);
        }
    }

    /// The server closed the connection.
    pub fn handle_end(&mut self) {
        self.end(Err(Failure::Closed(self.step())));
    }

    /// The connection failed.
    pub fn handle_error(&mut self, kind: ErrorKind) {
        self.end(Err(Failure::Io(self.step(), kind.to_string())));
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if now >= self.deadline {
            self.end(Err(Failure::Silent(self.step())));
        }
    }

    /// Bytes to send.
    pub fn output(&self) -> &[u8] {
        &self.output
    }

    /// So many bytes of [`output`](Self::output) were sent.
    pub fn consume(&mut self, count: usize) {
        self.output.drain(..count.min(self.output.len()));
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.outcome.is_none().then_some(self.deadline)
    }

    /// The outcome, once the session has ended.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.as_ref()
    }

    fn handle_reply(&mut self, now: Instant, reply: &Reply) {
        match (self.state, reply.code) {
            (State::Banner, 220) => self.greet(now),
            (State::Hello, 250) => self.handle_offer(now, reply),
            (State::StartTls, 220) => self.await_reply(now, State::Handshake),
            (State::LoginUser, 334) => self.say_login(now, State::LoginPassword, |login| &login.user),
            (State::LoginPassword, 334) => self.say_login(now, State::Login, |login| &login.password),
            (State::Login, 235) => self.say_sender(now),
            (State::Sender, 250..=259) => self.say_recipient(now),
            // 421: the server closes the connection, whatever it was asked.
            (State::Recipient, code) if code != 421 => self.handle_recipient(now, reply),
            (State::Data, 354) => {
                let text = std::mem::take(&mut self.text);
                self.say(now, State::Text, &text);
            }
            (State::Text, 250..=259) => {
                let statuses = self.statuses.clone();
                self.end(Ok(statuses));
            }
            // All that were accepted depend on these two.
            (State::Data | State::Text, 400..=599) => {
                let statuses = self.statuses.iter().map(|status| match status {
                    DeliveryStatus::Accepted => self.refusal(reply),
                    other => other.clone(),
                });
                let statuses = statuses.collect();
                self.end(Ok(statuses));
            }
            (_, 400..=599) => {
                let failure = Failure::Refused(self.said(reply));
                self.end(Err(failure));
            }
            _ => self.unexpected(reply),
        }
    }

    fn greet(&mut self, now: Instant) {
        let extended = self.config.start_tls || self.config.login.is_some();
        let name: String = self
            .config
            .helo_name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(*c))
            .collect();
        let name = if name.is_empty() { "localhost" } else { &name };
        let greeting = format!("{} {name}\r\n", if extended { "EHLO" } else { "HELO" });
        self.say(now, State::Hello, greeting.as_bytes());
    }

    /// The answer to EHLO or HELO.
    fn handle_offer(&mut self, now: Instant, reply: &Reply) {
        let offers = Offers::of(reply);
        if self.config.start_tls && !self.secured {
            if !offers.start_tls {
                return self.end(Err(Failure::NoStartTls));
            }
            return self.say(now, State::StartTls, b"STARTTLS\r\n");
        }
        let Some(login) = &self.config.login else { return self.say_sender(now) };
        if !self.secured && !self.config.is_local {
            return self.end(Err(Failure::Unprotected));
        }
        if offers.plain {
            let secret = STANDARD.encode(format!("\0{}\0{}", login.user, login.password));
            self.say(now, State::Login, format!("AUTH PLAIN {secret}\r\n").as_bytes());
        } else if offers.login {
            self.say(now, State::LoginUser, b"AUTH LOGIN\r\n");
        } else {
            self.end(Err(Failure::NoLogin));
        }
    }

    /// A part of `AUTH LOGIN`.
    fn say_login(&mut self, now: Instant, next: State, part: impl Fn(&Login) -> &str) {
        let text = self.config.login.as_ref().map(part).unwrap_or_default();
        let line = format!("{}\r\n", STANDARD.encode(text));
        self.say(now, next, line.as_bytes());
    }

    fn say_sender(&mut self, now: Instant) {
        let line = format!("MAIL FROM:<{}>\r\n", self.from);
        self.say(now, State::Sender, line.as_bytes());
    }

    /// The next recipient, or what follows the last one.
    fn say_recipient(&mut self, now: Instant) {
        if let Some(recipient) = self.recipients.get(self.statuses.len()) {
            let line = format!("RCPT TO:<{recipient}>\r\n");
            self.say(now, State::Recipient, line.as_bytes());
        } else if self.statuses.contains(&DeliveryStatus::Accepted) {
            self.say(now, State::Data, b"DATA\r\n");
        } else {
            let statuses = self.statuses.clone();
            self.end(Ok(statuses));
        }
    }

    fn handle_recipient(&mut self, now: Instant, reply: &Reply) {
        let status = match reply.code {
            200..=299 => DeliveryStatus::Accepted,
            400..=599 => self.refusal(reply),
            _ => return self.unexpected(reply),
        };
        self.statuses.push(status);
        self.say_recipient(now);
    }

    fn refusal(&self, reply: &Reply) -> DeliveryStatus {
        let said = self.said(reply);
        if reply.code < 500 { DeliveryStatus::Deferred(said) } else { DeliveryStatus::Rejected(said) }
    }

    fn said(&self, reply: &Reply) -> ServerReply {
        ServerReply::new(self.step(), shown(reply))
    }

    fn unexpected(&mut self, reply: &Reply) {
        self.end(Err(Failure::NotSmtp(self.step(), format!("the unexpected answer {}", shown(reply)))));
    }

    fn say(&mut self, now: Instant, next: State, bytes: &[u8]) {
        self.output.extend_from_slice(bytes);
        self.await_reply(now, next);
    }

    fn await_reply(&mut self, now: Instant, next: State) {
        self.state = next;
        self.deadline = now + self.config.timeout;
    }

    /// The first outcome counts. Where the server still listens, it is told goodbye.
    fn end(&mut self, outcome: Outcome) {
        if self.outcome.is_some() {
            return;
        }
        let listens = match &outcome {
            Ok(_) | Err(Failure::NoStartTls | Failure::NoLogin | Failure::Unprotected) => true,
            Err(Failure::Refused(said)) => !said.reply.starts_with("421"),
            Err(_) => false,
        };
        if listens {
            self.output.extend_from_slice(b"QUIT\r\n");
        } else {
            self.output.clear();
        }
        self.text = Vec::new();
        self.outcome = Some(outcome);
    }

    fn step(&self) -> Step {
        match self.state {
            State::Banner => Step::Banner,
            State::Hello => Step::Hello,
            State::StartTls => Step::StartTls,
            State::Handshake => Step::Handshake,
            State::Login | State::LoginUser | State::LoginPassword => Step::Login,
            State::Sender => Step::Sender,
            State::Recipient => Step::Recipient,
            State::Data => Step::Data,
            State::Text => Step::Text,
        }
    }
}

/// A reply in one line of at most 300 characters, for the log.
fn shown(reply: &Reply) -> String {
    reply.to_string().chars().take(MAX_SHOWN).collect()
}

/// Characters of a reply in the log.
const MAX_SHOWN: usize = 300;

/// Capabilities in the answer to EHLO (RFC 5321 §4.1.1.1); the first line is the server's name.
#[derive(Debug, Default)]
struct Offers {
    start_tls: bool,
    plain: bool,
    login: bool,
}

impl Offers {
    fn of(reply: &Reply) -> Self {
        let mut offers = Self::default();
        for line in reply.lines().skip(1) {
            // `AUTH=LOGIN` is how servers wrote it before there was a standard.
            let mut words = line.split([' ', '=']);
            let keyword = words.next().unwrap_or_default();
            if keyword.eq_ignore_ascii_case("STARTTLS") {
                offers.start_tls = true;
            } else if keyword.eq_ignore_ascii_case("AUTH") {
                for word in words {
                    offers.plain |= word.eq_ignore_ascii_case("PLAIN");
                    offers.login |= word.eq_ignore_ascii_case("LOGIN");
                }
            }
        }
        offers
    }
}

#[cfg(test)]
mod tests;
