//! The mails that wait: one is delivered at a time, what failed is tried again. No process is started here.
//!
//! Two kinds of delay, both growing from [`FIRST_DELAY`] to [`MAX_DELAY`]: a server that cannot be used delays
//! everything, a mail that the server refused for now delays only itself. A mail that is still undelivered after
//! [`LIFETIME`] is given up; past [`MAX_WAITING`] mails the oldest is dropped. Each loss is reported.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::{DeliveryStatus, Event, Failure, LossReason, Outcome, ServerReply, Step};

/// A mail for one or more recipients.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mail {
    /// One line, by which an operator knows it.
    pub subject: String,
    /// Address of the sender.
    pub from: String,
    /// Addresses that do not have it yet.
    pub recipients: Vec<String>,
    /// The mail's bytes, not stuffed.
    pub text: Vec<u8>,
}

/// Names one attempt to deliver a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u64);

/// A request of the outbox to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Deliver this mail, and hand the outcome to [`Outbox::handle_outcome`].
    Deliver(Id, Mail),
    /// The delivery takes too long: end it, its outcome is not awaited any more.
    Abort(Id),
    /// Tell the operator.
    Report(Event),
}

/// Mails in the order they came.
///
/// Tell it what happens with `handle_*`, then do what [`Outbox::poll_action`] asks for until it asks for nothing, then
/// wait no longer than until [`Outbox::poll_timeout`].
#[derive(Debug)]
pub struct Outbox {
    /// Name of the server, for reports.
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

impl Mail {
    /// A mail: `subject` is for reports alone, `from` and `recipients` are addresses
    /// ([`Mailbox::path`](crate::Mailbox::path)), `text` comes from [`Message::emit`](crate::Message::emit).
    pub fn new(
        subject: impl Into<String>,
        from: impl Into<String>,
        recipients: Vec<String>,
        text: Vec<u8>,
    ) -> Self {
        Self { subject: subject.into(), from: from.into(), recipients, text }
    }
}

impl Outbox {
    /// An empty one for this server, as reports shall name it; a delivery may take as long as `limit`.
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

    /// Another server or other settings: waiting mails are tried at once.
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

    /// The mails that are not delivered yet, the oldest first.
    pub fn mails(&self) -> impl Iterator<Item = &Mail> {
        let under_way = self.under_way.iter().map(|under_way| &under_way.waiting);
        under_way.chain(&self.waiting).map(|waiting| &waiting.mail)
    }

    /// A mail to deliver.
    pub fn handle_mail(&mut self, now: Instant, mail: Mail) {
        self.mails += 1;
        self.waiting.push_back(Waiting { number: self.mails, mail, queued: now, due: now, failures: 0 });
        if self.waiting.len() > MAX_WAITING
            && let Some(oldest) = self.waiting.pop_front()
        {
            self.lost(&oldest.mail, LossReason::QueueFull { limit: MAX_WAITING });
        }
        self.advance(now);
    }

    /// A delivery ended.
    pub fn handle_outcome(&mut self, now: Instant, id: Id, outcome: Outcome) {
        let Some(UnderWay { waiting, .. }) = self.under_way.take_if(|under_way| under_way.id == id) else {
            return;
        };
        match outcome {
            Ok(statuses) => self.handle_statuses(now, waiting, statuses),
            Err(failure) if failure.is_permanent() => {
                self.server_works();
                let server = self.server.clone();
                self.lost(&waiting.mail, LossReason::Failed { server, failure });
            }
            Err(failure) if failure.is_of_this_mail() => {
                self.server_works();
                self.try_later(now, waiting, failure);
            }
            Err(failure) => self.handle_server_failure(now, waiting, failure),
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
                Err(Failure::Local(format!("not delivered within {limit} seconds"))),
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

    /// Number of mails that are not delivered to every recipient yet.
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
        for waiting in mails.iter().take(MAX_NAMED_LOSSES) {
            self.lost(&waiting.mail, LossReason::Abandoned(why.to_owned()));
        }
        if let Some(count) = mails.len().checked_sub(MAX_NAMED_LOSSES).filter(|&more| more > 0) {
            self.report(Event::MoreLost { count, reason: LossReason::Abandoned(why.to_owned()) });
        }
    }

    /// The server took the session to its end.
    fn handle_statuses(&mut self, now: Instant, mut waiting: Waiting, statuses: Vec<DeliveryStatus>) {
        self.server_works();
        let missing = || DeliveryStatus::Deferred(ServerReply::new(Step::Recipient, "no reply about it"));
        let statuses = statuses.into_iter().chain(std::iter::repeat_with(missing));
        let (mut accepted, mut deferred, mut last_refusal) = (Vec::new(), Vec::new(), None);
        for (recipient, status) in std::mem::take(&mut waiting.mail.recipients).into_iter().zip(statuses) {
            match status {
                DeliveryStatus::Accepted => accepted.push(recipient),
                DeliveryStatus::Deferred(reply) => {
                    last_refusal = Some(Failure::Refused(reply));
                    deferred.push(recipient);
                }
                DeliveryStatus::Rejected(reply) => self.report(Event::Lost {
                    recipients: vec![recipient],
                    subject: waiting.mail.subject.clone(),
                    reason: LossReason::Rejected { server: self.server.clone(), reply },
                }),
            }
        }
        if !accepted.is_empty() {
            let (server, subject) = (self.server.clone(), waiting.mail.subject.clone());
            self.report(Event::Sent { server, recipients: accepted, subject });
        }
        if let Some(failure) = last_refusal {
            waiting.mail.recipients = deferred;
            self.try_later(now, waiting, failure);
        }
    }

    /// The server had something against this mail, for now.
    fn try_later(&mut self, now: Instant, mut waiting: Waiting, failure: Failure) {
        let server = self.server.clone();
        if is_old(&waiting, now) {
            return self.lost(&waiting.mail, LossReason::TooOld { server, failure, lifetime: LIFETIME });
        }
        let delay = delay(waiting.failures);
        waiting.failures += 1;
        waiting.due = now + delay;
        let (recipients, subject) = (waiting.mail.recipients.clone(), waiting.mail.subject.clone());
        self.report(Event::Postponed { server, recipients, subject, failure, delay });
        self.put_back(waiting);
    }

    /// The server cannot be used, so every other mail waits too.
    fn handle_server_failure(&mut self, now: Instant, waiting: Waiting, failure: Failure) {
        self.put_back(waiting);
        let waiting = std::mem::take(&mut self.waiting);
        let (old, young): (Vec<_>, Vec<_>) = waiting.into_iter().partition(|waiting| is_old(waiting, now));
        self.waiting = young.into();
        for waiting in old {
            let (server, failure) = (self.server.clone(), failure.clone());
            self.lost(&waiting.mail, LossReason::TooOld { server, failure, lifetime: LIFETIME });
        }
        // A wrong password, repeated too often, locks the account.
        let refused_login = matches!(failure, Failure::Refused(ServerReply { step: Step::Login, .. }));
        let delay = if refused_login { MAX_DELAY } else { delay(self.server_failures) };
        self.server_failures = self.server_failures.saturating_add(1);
        self.server_due = Some(now + delay);
        let (server, waiting) = (self.server.clone(), self.waiting.len());
        self.report(Event::ServerFailed { server, failure, waiting, delay });
    }

    fn server_works(&mut self) {
        self.server_due = None;
        self.server_failures = 0;
    }

    fn put_back(&mut self, waiting: Waiting) {
        let place = self.waiting.partition_point(|other| other.number < waiting.number);
        self.waiting.insert(place, waiting);
        debug_assert!(self.waiting.len() <= MAX_WAITING + 1, "one is under way while {MAX_WAITING} wait");
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

    fn lost(&mut self, mail: &Mail, reason: LossReason) {
        let (recipients, subject) = (mail.recipients.clone(), mail.subject.clone());
        self.report(Event::Lost { recipients, subject, reason });
    }

    fn report(&mut self, event: Event) {
        self.actions.push_back(Action::Report(event));
    }
}

fn is_old(waiting: &Waiting, now: Instant) -> bool {
    now.saturating_duration_since(waiting.queued) >= LIFETIME
}

/// After so many failures in a row before this one.
fn delay(failures: u32) -> Duration {
    FIRST_DELAY.saturating_mul(1_u32.checked_shl(failures).unwrap_or(u32::MAX)).min(MAX_DELAY)
}

/// Mails that may wait.
const MAX_WAITING: usize = 1000;

/// Time before the second attempt.
const FIRST_DELAY: Duration = Duration::from_secs(5);

/// Longest time between two attempts.
const MAX_DELAY: Duration = Duration::from_secs(600);

/// Age at which a mail is given up: old news only confuse.
const LIFETIME: Duration = Duration::from_secs(4 * 3600);

/// Lost mails that are named one by one when everything is given up.
const MAX_NAMED_LOSSES: usize = 10;

#[cfg(test)]
mod tests;
