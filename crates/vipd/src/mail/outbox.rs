//! The mails that wait: one is delivered at a time, what failed is tried again. No process is started here.
//!
//! Two kinds of delay, both growing from [`FIRST_DELAY`] to [`LONGEST_DELAY`]: a server that cannot be used delays
//! everything, a mail that the server refused for now delays only itself. A mail that is still undelivered after
//! [`LIFETIME`] is given up; past [`LIMIT`] mails the oldest is dropped. Each loss is said in the log.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::order::{Failure, Fate, Outcome, Said, Step};
use crate::ipc::LogLevel;

/// A mail for one or more recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What the log calls it.
    pub subject: String,
    /// Address of the sender.
    pub from: String,
    /// Addresses of those who do not have it yet.
    pub recipients: Vec<String>,
    /// The mail's octets, not stuffed.
    pub text: Vec<u8>,
}

/// Names one attempt to deliver a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

/// What the outbox wants done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Deliver this mail; how it went is told with [`Outbox::handle_outcome`].
    Deliver(Id, Mail),
    /// The delivery takes too long: end it, its outcome is not awaited any more.
    Abort(Id),
    /// Write this to the log.
    Log(LogLevel, String),
}

/// Mails in the order they came.
///
/// Tell it what happens with `handle_*`, then do what [`Outbox::poll_action`] asks for until it asks for nothing, then
/// wait no longer than until [`Outbox::poll_timeout`].
#[derive(Debug)]
pub struct Outbox {
    /// What the log calls the server.
    server: String,
    /// For one delivery.
    limit: Duration,
    /// Ordered by `number`.
    waiting: VecDeque<Waiting>,
    under_way: Option<UnderWay>,
    /// The server could not be used: nothing is tried before.
    server_due: Option<Instant>,
    server_failures: u32,
    actions: VecDeque<Action>,
    mails: u64,
    attempts: u64,
}

#[derive(Debug)]
struct Waiting {
    number: u64,
    mail: Mail,
    queued: Instant,
    due: Instant,
    failures: u32,
}

#[derive(Debug)]
struct UnderWay {
    id: Id,
    waiting: Waiting,
    deadline: Instant,
}

impl Outbox {
    /// An empty one for this server, as the log shall name it; a delivery may take as long as `limit`.
    pub fn new(server: String, limit: Duration) -> Self {
        Self {
            server,
            limit,
            waiting: VecDeque::new(),
            under_way: None,
            server_due: None,
            server_failures: 0,
            actions: VecDeque::new(),
            mails: 0,
            attempts: 0,
        }
    }

    /// Another server or other settings: what waits is tried at once.
    pub fn handle_server(&mut self, now: Instant, server: String, limit: Duration) {
        self.server = server;
        self.limit = limit;
        self.server_due = None;
        self.server_failures = 0;
        for waiting in &mut self.waiting {
            waiting.due = now;
        }
        self.advance(now);
    }

    /// A mail to deliver.
    pub fn handle_mail(&mut self, now: Instant, mail: Mail) {
        self.mails += 1;
        self.waiting.push_back(Waiting { number: self.mails, mail, queued: now, due: now, failures: 0 });
        if self.waiting.len() > LIMIT
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.lost(&oldest.mail, &format!("{LIMIT} newer ones wait"));
        }
        self.advance(now);
    }

    /// A delivery ended.
    pub fn handle_outcome(&mut self, now: Instant, id: Id, outcome: Outcome) {
        let Some(UnderWay { waiting, .. }) = self.under_way.take_if(|under_way| under_way.id == id) else {
            return;
        };
        match outcome {
            Ok(fates) => self.handle_fates(now, waiting, fates),
            Err(failure) if failure.is_permanent() => {
                self.server_works();
                self.lost(&waiting.mail, &format!("{}: {failure}", self.server));
            }
            Err(failure) if failure.is_of_this_mail() => {
                self.server_works();
                self.try_later(now, waiting, &failure.to_string());
            }
            Err(failure) => self.handle_server_failure(now, waiting, &failure),
        }
        self.advance(now);
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        if let Some(late) = self.under_way.as_ref().filter(|under_way| under_way.deadline <= now) {
            let id = late.id;
            self.actions.push_back(Action::Abort(id));
            let limit = self.limit.as_secs();
            self.handle_outcome(
                now,
                id,
                Err(Failure::Mailer(format!("not delivered within {limit} seconds"))),
            );
        }
        self.advance(now);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Outbox::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if let Some(under_way) = &self.under_way {
            return Some(under_way.deadline);
        }
        let due = self.waiting.iter().map(|waiting| waiting.due).min()?;
        Some(self.server_due.map_or(due, |server| server.max(due)))
    }

    /// Whether nothing is under way and nothing could be now.
    pub fn is_quiet(&self, now: Instant) -> bool {
        self.under_way.is_none() && self.poll_timeout().is_none_or(|due| due > now)
    }

    /// Mails that somebody does not have yet.
    pub fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.under_way.is_some())
    }

    /// Whether everything was delivered or given up.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Gives everything up: the daemon ends, or its configuration has no mail any more.
    pub fn abandon(&mut self, why: &str) {
        let under_way = self.under_way.take();
        if let Some(under_way) = &under_way {
            self.actions.push_back(Action::Abort(under_way.id));
        }
        let waiting = std::mem::take(&mut self.waiting);
        let mails: Vec<Waiting> =
            under_way.map(|under_way| under_way.waiting).into_iter().chain(waiting).collect();
        for waiting in mails.iter().take(NAMED_LOSSES) {
            self.lost(&waiting.mail, why);
        }
        if let Some(more) = mails.len().checked_sub(NAMED_LOSSES).filter(|&more| more > 0) {
            self.log(LogLevel::Error, format!("SMTP alerts lost: {more} more ({why})"));
        }
    }

    /// The server took the dialogue to its end.
    fn handle_fates(&mut self, now: Instant, mut waiting: Waiting, fates: Vec<Fate>) {
        self.server_works();
        let unsaid = || Fate::Later(Said { step: Step::Recipient, reply: "no word about it".to_owned() });
        let fates = fates.into_iter().chain(std::iter::repeat_with(unsaid));
        let (mut taken, mut later, mut why) = (Vec::new(), Vec::new(), String::new());
        for (recipient, fate) in std::mem::take(&mut waiting.mail.recipients).into_iter().zip(fates) {
            match fate {
                Fate::Taken => taken.push(recipient),
                Fate::Later(said) => {
                    why = format!("refused at {}: {}", said.step, said.reply);
                    later.push(recipient);
                }
                Fate::Never(said) => self.log(
                    LogLevel::Error,
                    format!(
                        "SMTP alert lost for {recipient}: {} refused it at {}: {} ({})",
                        self.server, said.step, said.reply, waiting.mail.subject
                    ),
                ),
            }
        }
        if !taken.is_empty() {
            let text = format!(
                "SMTP alert successfully sent to {} through {}: {}",
                taken.join(", "),
                self.server,
                waiting.mail.subject
            );
            self.log(LogLevel::Info, text);
        }
        if !later.is_empty() {
            waiting.mail.recipients = later;
            self.try_later(now, waiting, &why);
        }
    }

    /// The server had something against this mail, for now.
    fn try_later(&mut self, now: Instant, mut waiting: Waiting, why: &str) {
        let why = format!("{}: {why}", self.server);
        if is_old(&waiting, now) {
            return self
                .lost(&waiting.mail, &format!("undelivered for {} hours, {why}", LIFETIME.as_secs() / 3600));
        }
        let delay = delay(waiting.failures);
        waiting.failures += 1;
        waiting.due = now + delay;
        let text = format!(
            "SMTP alert for {} waits, tried again in {} seconds: {why} ({})",
            waiting.mail.recipients.join(", "),
            delay.as_secs(),
            waiting.mail.subject
        );
        self.log(LogLevel::Warning, text);
        self.put_back(waiting);
    }

    /// The server cannot be used: whatever waits would fare no better.
    fn handle_server_failure(&mut self, now: Instant, waiting: Waiting, failure: &Failure) {
        self.put_back(waiting);
        let waiting = std::mem::take(&mut self.waiting);
        let (old, young): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|waiting| is_old(waiting, now));
        self.waiting = young.into();
        for waiting in old {
            let hours = LIFETIME.as_secs() / 3600;
            self.lost(&waiting.mail, &format!("undelivered for {hours} hours, {}: {failure}", self.server));
        }
        // A wrong password, repeated too often, locks the account.
        let refused_login = matches!(failure, Failure::Refused(Said { step: Step::Login, .. }));
        let delay = if refused_login { LONGEST_DELAY } else { delay(self.server_failures) };
        self.server_failures = self.server_failures.saturating_add(1);
        self.server_due = Some(now + delay);
        let text = format!(
            "SMTP server {}: {failure}; {} alerts wait, tried again in {} seconds",
            self.server,
            self.waiting.len(),
            delay.as_secs()
        );
        self.log(LogLevel::Warning, text);
    }

    fn server_works(&mut self) {
        self.server_due = None;
        self.server_failures = 0;
    }

    fn put_back(&mut self, waiting: Waiting) {
        let place = self.waiting.partition_point(|other| other.number < waiting.number);
        self.waiting.insert(place, waiting);
        debug_assert!(self.waiting.len() <= LIMIT + 1, "one is under way while {LIMIT} wait");
    }

    fn advance(&mut self, now: Instant) {
        if self.under_way.is_some() || self.server_due.is_some_and(|due| due > now) {
            return;
        }
        let Some(place) = self.waiting.iter().position(|waiting| waiting.due <= now) else { return };
        let Some(waiting) = self.waiting.remove(place) else { return };
        self.attempts += 1;
        let id = Id(self.attempts);
        self.actions.push_back(Action::Deliver(id, waiting.mail.clone()));
        self.under_way = Some(UnderWay { id, waiting, deadline: now + self.limit });
    }

    fn lost(&mut self, mail: &Mail, why: &str) {
        let text = format!("SMTP alert lost for {}: {why} ({})", mail.recipients.join(", "), mail.subject);
        self.log(LogLevel::Error, text);
    }

    /// Writes a line in the order of everything else.
    pub(super) fn log(&mut self, level: LogLevel, text: String) {
        self.actions.push_back(Action::Log(level, text));
    }
}

fn is_old(waiting: &Waiting, now: Instant) -> bool {
    now.saturating_duration_since(waiting.queued) >= LIFETIME
}

/// After so many failures in a row before this one.
fn delay(failures: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(LONGEST_DELAY)
}

/// Mails that may wait.
const LIMIT: usize = 1000;

/// Before the second attempt.
const FIRST_DELAY: Duration = Duration::from_secs(5);

/// Between two attempts.
const LONGEST_DELAY: Duration = Duration::from_secs(600);

/// How long a mail is tried. Older news only confuse.
const LIFETIME: Duration = Duration::from_secs(4 * 3600);

/// Lost mails that are named one by one when everything is given up.
const NAMED_LOSSES: usize = 10;

#[cfg(test)]
mod tests;
