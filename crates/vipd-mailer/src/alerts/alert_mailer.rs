//! The events that are mailed, and their recipients: from an event to a mail in the outbox. No I/O.

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::{Duration, Instant};

use keepalived_conf::model::Config;
use keepalived_conf::model::mail::{Mail as Settings, MailTls, SmtpServer};
use smtp_submit::{self as smtp, Event, Failure, Id, Mail, Mailbox, Message, Outbox, Outcome};

use super::alert::{Alert, RealServerChange, State};
use crate::{Delivery, Server};
use vipd_ipc::LogLevel;

/// The defaults for the sender that the configuration does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Full name of this machine: what `router_id` and `smtp_helo_name` default to.
    pub host: String,
    /// Name of the daemon's user: `notification_email_from` defaults to it at this host.
    pub user: String,
}

/// Turns events into mails.
///
/// A configuration without a mail server or without recipients makes no mail; every function may be called all the
/// same. `date` is what the mail says (RFC 5322 §3.3), `alert` is the object's `smtp_alert`.
///
/// After each call, do what [`AlertMailer::poll_action`] asks for until it asks for nothing, then wait no longer than until
/// [`AlertMailer::poll_timeout`].
#[derive(Debug)]
pub struct AlertMailer {
    sender: Sender,
    config: Option<MailConfig>,
    outbox: Outbox,
    /// Addresses of the configuration that are left out, for the log.
    warnings: VecDeque<String>,
    /// The state that was mailed last: the same one again is no news.
    instances: BTreeMap<String, State>,
    groups: BTreeMap<String, State>,
}

/// State for a program that takes over: mails that wait, and states that were mailed last.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct MailMemory {
    /// Subject, sender, recipients and text of each mail that waits.
    pub mails: Vec<(String, String, Vec<String>, Vec<u8>)>,
    /// States of instances.
    pub instances: BTreeMap<String, State>,
    /// States of sync groups.
    pub groups: BTreeMap<String, State>,
}

/// A request of an [`AlertMailer`] to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Deliver this mail, and hand the outcome to [`AlertMailer::handle_outcome`].
    Deliver(Id, Mail),
    /// The delivery takes too long: end it. Its outcome is not awaited any more.
    Abort(Id),
    /// Write this to the log.
    Log(LogLevel, String),
}

/// The configuration of mail, checked.
#[derive(Debug)]
struct MailConfig {
    settings: Settings,
    server: SmtpServer,
    router_id: String,
    from: Mailbox,
    to: Vec<Mailbox>,
}

impl Sender {
    /// This user on this machine, whose full name is the first one in its line of `hosts` (the text of `/etc/hosts`), as
    /// in keepalived. Where it is not found, no name service is asked: the name alone will do. (keepalived says
    /// `[unknown]` and `(null)` then.)
    ///
    /// ```
    /// let sender = vipd_mailer::alerts::Sender::new("lb1", "root", "127.0.1.1 lb1.example.org lb1 # ours\n");
    /// assert_eq!(sender.host, "lb1.example.org");
    /// ```
    pub fn new(host: &str, user: &str, hosts: &str) -> Self {
        let full_name = hosts.lines().find_map(|line| {
            let line = line.split('#').next().unwrap_or_default();
            let mut names = line.split_whitespace().skip(1);
            let first = names.next()?;
            let is_ours = std::iter::once(first).chain(names).any(|name| name.eq_ignore_ascii_case(host));
            is_ours.then(|| first.to_owned())
        });
        Self { host: full_name.unwrap_or_else(|| host.to_owned()), user: user.to_owned() }
    }
}

impl AlertMailer {
    /// One without a configuration yet.
    pub fn new(sender: Sender) -> Self {
        let outbox = Outbox::new(String::new(), MIN_LIMIT);
        Self {
            sender,
            config: None,
            outbox,
            warnings: VecDeque::new(),
            instances: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// Takes a configuration into force, at the start and on each reload. Waiting mails are tried at once, through
    /// the server that is configured now; without one they are lost.
    pub fn arrange(&mut self, now: Instant, config: &Config) {
        self.groups.retain(|name, _| config.sync_groups.iter().any(|group| group.name == *name));
        self.config = self.checked(config);
        match &self.config {
            Some(config) => {
                let limit = MIN_LIMIT.max(config.settings.timeout.saturating_mul(STEPS));
                self.outbox.handle_server(now, shown(&config.server), limit);
            }
            None => self.outbox.abandon("no mail is configured any more"),
        }
    }

    /// State that another program needs to go on.
    pub fn memory(&self) -> MailMemory {
        let mail = |mail: &Mail| {
            (mail.subject.clone(), mail.from.clone(), mail.recipients.clone(), mail.text.clone())
        };
        MailMemory {
            mails: self.outbox.mails().map(mail).collect(),
            instances: self.instances.clone(),
            groups: self.groups.clone(),
        }
    }

    /// Goes on where another program stopped. A configuration has to be in force.
    pub fn resume(&mut self, now: Instant, memory: MailMemory) {
        self.instances = memory.instances;
        self.groups = memory.groups;
        if self.config.is_some() {
            for (subject, from, recipients, text) in memory.mails {
                self.outbox.handle_mail(now, Mail::new(subject, from, recipients, text));
            }
        }
    }

    /// Forgets the states of instances that are no longer configured.
    pub fn retain_instances(&mut self, is_configured: impl Fn(&str) -> bool) {
        self.instances.retain(|name, _| is_configured(name));
    }

    /// A VRRP instance entered a state.
    pub fn instance(&mut self, now: Instant, date: &str, name: &str, alert: bool, state: State) {
        if alert && self.is_news(state) && self.instances.get(name) != Some(&state) {
            self.instances.insert(name.to_owned(), state);
            self.send(now, date, |router_id| Alert::instance(router_id, name, state));
        }
    }

    /// A VRRP sync group entered a state.
    pub fn group(&mut self, now: Instant, date: &str, name: &str, alert: bool, state: State) {
        if alert && self.is_news(state) && self.groups.get(name) != Some(&state) {
            self.groups.insert(name.to_owned(), state);
            self.send(now, date, |router_id| Alert::group(router_id, name, state));
        }
    }

    /// A real server, or one checker of it, is up or down. To be called for changes only: repetitions are not noticed
    /// here.
    pub fn real_server(&mut self, now: Instant, date: &str, alert: bool, change: &RealServerChange<'_>) {
        let no_checkers = self.config.as_ref().is_some_and(|config| config.settings.no_checkers);
        if alert && (change.is_whole || !no_checkers) {
            self.send(now, date, |router_id| Alert::real_server(router_id, change));
        }
    }

    /// A virtual server has its quorum or not. To be called for changes only.
    pub fn virtual_server(
        &mut self,
        now: Instant,
        date: &str,
        virtual_server: &str,
        alert: bool,
        up: bool,
        because: &str,
    ) {
        if alert {
            self.send(now, date, |router_id| Alert::virtual_server(router_id, virtual_server, up, because));
        }
    }

    /// A delivery ended.
    pub fn handle_outcome(&mut self, now: Instant, id: Id, outcome: Outcome) {
        self.outbox.handle_outcome(now, id, outcome);
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.outbox.handle_timeout(now);
    }

    /// The next thing to do.
    pub fn poll_action(&mut self) -> Option<Action> {
        if let Some(warning) = self.warnings.pop_front() {
            return Some(Action::Log(LogLevel::Error, warning));
        }
        Some(match self.outbox.poll_action()? {
            smtp::Action::Deliver(id, mail) => Action::Deliver(id, mail),
            smtp::Action::Abort(id) => Action::Abort(id),
            smtp::Action::Report(event) => {
                let (level, text) = log_line(&event);
                Action::Log(level, text)
            }
        })
    }

    /// When [`AlertMailer::handle_timeout`] is due.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.outbox.poll_timeout()
    }

    /// Whether no delivery is under way and none could be now.
    pub fn is_quiet(&self, now: Instant) -> bool {
        self.outbox.is_quiet(now)
    }

    /// The daemon ends: waiting mails are lost.
    pub fn abandon(&mut self) {
        self.outbox.abandon("the daemon stops");
    }

    /// The file of certificates that [`AlertMailer::delivery`] needs; to be read for each delivery, so that a renewed one
    /// is used.
    pub fn ca_file(&self) -> Option<&Path> {
        let settings = self.config.as_ref().map(|config| &config.settings)?;
        settings.ca_file.as_deref().filter(|_| settings.tls != MailTls::Off)
    }

    /// The order to the mailer process for [`Action::Deliver`]; `None` without a mail server.
    pub fn delivery(&self, id: Id, mail: Mail, ca: Option<Vec<u8>>) -> Option<Delivery> {
        let MailConfig { settings, server, .. } = self.config.as_ref()?;
        Some(Delivery {
            id: id.0,
            server: Server {
                host: server.host.clone(),
                port: server.port,
                helo_name: settings.helo_name.clone().unwrap_or_else(|| self.sender.host.clone()),
                timeout: settings.timeout,
                tls: settings.tls,
                ca,
                auth: settings.auth.clone(),
            },
            from: mail.from,
            recipients: mail.recipients,
            text: mail.text,
            limit: MIN_LIMIT.max(settings.timeout.saturating_mul(STEPS)),
        })
    }

    fn is_news(&self, state: State) -> bool {
        self.config.as_ref().is_some_and(|config| state != State::Fault || !config.settings.no_faults)
    }

    /// Subject and body are in keepalived's words and form, which people filter by: also the name of the program.
    fn send(&mut self, now: Instant, date: &str, alert: impl FnOnce(&str) -> Alert) {
        let Some(MailConfig { router_id, from, to, .. }) = &self.config else { return };
        let Alert { subject, body } = alert(router_id);
        let body = format!("=> {} <=\n", body.replace('\n', " "));
        let mailer = Some("Keepalived");
        let text = Message { date, from, subject: &subject, to, body: &body, mailer }.emit();
        let recipients = to.iter().map(|mailbox| mailbox.path().to_owned()).collect();
        let mail = Mail::new(subject, from.path(), recipients, text);
        self.outbox.handle_mail(now, mail);
    }

    /// The configuration of mail. Invalid addresses are left out and logged.
    fn checked(&mut self, config: &Config) -> Option<MailConfig> {
        let settings = config.global.mail.clone();
        let server = settings.server.clone()?;
        let warnings = &mut self.warnings;
        let mut check = |keyword: &str, written: &str| match Mailbox::parse(written) {
            Ok(mailbox) => Some(mailbox),
            Err(error) => {
                warnings.push_back(format!("{keyword} {written:?} is no mail address: {error}"));
                None
            }
        };
        let recipients = settings.recipients.iter().take(MAX_RECIPIENTS);
        let to: Vec<Mailbox> =
            recipients.filter_map(|written| check("notification_email", written)).collect();
        let written = settings.from.as_deref().and_then(|from| check("notification_email_from", from));
        let Sender { host, user } = &self.sender;
        let from = written
            .or_else(|| Mailbox::parse(&format!("{user}@{host}")).ok())
            .or_else(|| Mailbox::parse("root@localhost").ok())?;
        let router_id = config.global.router_id.clone().unwrap_or_else(|| self.sender.host.clone());
        (!to.is_empty()).then_some(MailConfig { settings, server, router_id, from, to })
    }
}

/// An event of the outbox as a line of the log.
fn log_line(event: &Event) -> (LogLevel, String) {
    let level = match event {
        Event::Sent { .. } => LogLevel::Info,
        Event::Lost { .. } | Event::MoreLost { .. } => LogLevel::Error,
        _ => LogLevel::Warning,
    };
    let advice = match event {
        Event::ServerFailed { failure: Failure::Unprotected, .. } => " (set smtp_tls)",
        _ => "",
    };
    (level, format!("SMTP alert {event}{advice}"))
}

/// `host:port`, with brackets around an IPv6 address.
fn shown(server: &SmtpServer) -> String {
    let SmtpServer { host, port } = server;
    if host.contains(':') && !host.starts_with('[') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

/// One delivery may take so long at least.
const MIN_LIMIT: Duration = Duration::from_secs(180);

/// Steps that may each take `smtp_connect_timeout` within one delivery, where that is long.
const STEPS: u32 = 4;

/// Recipients of a mail; RFC 5321 §4.5.3.1.8 has servers take at least so many.
const MAX_RECIPIENTS: usize = 100;

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Sun, 22 Nov 2026 11:35:33 +0000";

    fn config(change: impl FnOnce(&mut Settings)) -> Config {
        let mut config = keepalived_conf::load_str("").config;
        let mail = &mut config.global.mail;
        mail.recipients = vec!["a@example.org".to_owned(), "Bob B <b@example.org>".to_owned()];
        mail.server = Some(SmtpServer { host: "mx".to_owned(), port: 25 });
        change(mail);
        config
    }

    fn alert_mailer(config: &Config) -> AlertMailer {
        let mut alert_mailer = AlertMailer::new(Sender::new("lb1", "root", "127.0.0.1 localhost\n"));
        alert_mailer.arrange(Instant::now(), config);
        alert_mailer
    }

    /// Subjects of the mails that are to be delivered; each is delivered at once.
    fn subjects(alert_mailer: &mut AlertMailer) -> Vec<String> {
        let mut subjects = Vec::new();
        while let Some(action) = alert_mailer.poll_action() {
            if let Action::Deliver(id, mail) = action {
                let statuses = vec![smtp::DeliveryStatus::Accepted; mail.recipients.len()];
                subjects.push(mail.subject);
                alert_mailer.handle_outcome(Instant::now(), id, Ok(statuses));
            }
        }
        subjects
    }

    fn states(alert_mailer: &mut AlertMailer, states: &[State]) -> Vec<String> {
        for &state in states {
            alert_mailer.instance(Instant::now(), DATE, "V1", true, state);
        }
        let subjects = subjects(alert_mailer);
        let word = |subject: &String| subject.split(' ').nth_back(1).unwrap_or_default().to_owned();
        subjects.iter().map(word).collect()
    }

    #[test]
    fn a_change_is_mailed_once_and_only_where_it_is_wanted() {
        use State::{Backup, Fault, Master};
        let mut all = alert_mailer(&config(|_| ()));
        assert_eq!(states(&mut all, &[Backup, Backup, Master, Fault, Fault]), ["BACKUP", "MASTER", "FAULT"]);
        all.instance(Instant::now(), DATE, "V1", false, Master);
        assert_eq!(subjects(&mut all), [""; 0]);

        let mut no_faults = alert_mailer(&config(|mail| mail.no_faults = true));
        assert_eq!(states(&mut no_faults, &[Master, Fault, Master, Backup]), ["MASTER", "BACKUP"]);

        for config in [config(|mail| mail.server = None), config(|mail| mail.recipients.clear())] {
            let mut none = alert_mailer(&config);
            assert_eq!(states(&mut none, &[Master]), [""; 0]);
        }
    }

    #[test]
    fn a_delivery_names_sender_recipients_and_server() {
        let mut alert_mailer = alert_mailer(&config(|_| ()));
        alert_mailer.instance(Instant::now(), DATE, "V1", true, State::Master);
        let Some(Action::Deliver(id, mail)) = alert_mailer.poll_action() else { panic!("no delivery") };
        let delivery = alert_mailer.delivery(id, mail, None).unwrap();
        assert_eq!((delivery.server.host.as_str(), delivery.server.helo_name.as_str()), ("mx", "lb1"));
        assert_eq!(delivery.from, "root@lb1");
        assert_eq!(delivery.recipients, ["a@example.org", "b@example.org"]);
        let text = String::from_utf8(delivery.text).unwrap();
        assert!(
            text.contains(
                "\r\nFrom: root@lb1\r\nSubject: [lb1] VRRP Instance V1 - Entering MASTER state\r\n"
            )
        );
        assert!(text.contains("\r\nTo: a@example.org,\r\n Bob B <b@example.org>\r\n"));
    }

    #[test]
    fn settings_of_the_configuration_come_first() {
        let mut config = config(|mail| {
            mail.from = Some("Router <k@example.org>".to_owned());
            mail.helo_name = Some("lb.example.org".to_owned());
            mail.ca_file = Some("/etc/ca.pem".into());
        });
        config.global.router_id = Some("Ra".to_owned());
        let mut alert_mailer = alert_mailer(&config);
        assert_eq!(alert_mailer.ca_file(), None, "nothing to verify without TLS");
        alert_mailer.virtual_server(
            Instant::now(),
            DATE,
            "[192.0.2.1]:tcp:80",
            true,
            false,
            "Lost quorum 1-0=1 > 0",
        );
        let Some(Action::Deliver(id, mail)) = alert_mailer.poll_action() else { panic!("no delivery") };
        assert_eq!(mail.subject, "[Ra] Virtualserver [192.0.2.1]:tcp:80 - DOWN");
        let delivery = alert_mailer.delivery(id, mail, None).unwrap();
        assert_eq!(
            (delivery.from.as_str(), delivery.server.helo_name.as_str()),
            ("k@example.org", "lb.example.org")
        );
    }

    #[test]
    fn a_single_checker_is_mailed_unless_it_is_not_wanted() {
        let change = RealServerChange {
            virtual_server: "[192.0.2.1]:tcp:80",
            real_server: "[10.0.0.1]:tcp:80",
            is_whole: true,
            up: false,
            because: "TCP CHECK failed on service",
        };
        for (no_checkers, expected) in [(false, 2), (true, 1)] {
            let mut alert_mailer = alert_mailer(&config(|mail| mail.no_checkers = no_checkers));
            for is_whole in [true, false] {
                let change = RealServerChange { is_whole, ..change };
                alert_mailer.real_server(Instant::now(), DATE, true, &change);
            }
            assert_eq!(subjects(&mut alert_mailer).len(), expected);
        }
    }

    #[test]
    fn an_invalid_address_is_logged_and_left_out() {
        let mut alert_mailer = alert_mailer(&config(|mail| mail.recipients.push("Bob <b@x".to_owned())));
        let Some(Action::Log(LogLevel::Error, text)) = alert_mailer.poll_action() else { panic!("not said") };
        assert_eq!(
            text,
            "notification_email \"Bob <b@x\" is no mail address: its angle brackets do not match"
        );
        assert_eq!(states(&mut alert_mailer, &[State::Master]), ["MASTER"]);
    }

    #[test]
    fn after_a_reload_a_state_that_was_mailed_is_no_news_while_its_instance_is_configured() {
        let configured = config(|_| ());
        let mut alert_mailer = alert_mailer(&configured);
        assert_eq!(states(&mut alert_mailer, &[State::Master]), ["MASTER"]);
        // The parent keeps instances apart from the rest.
        alert_mailer.arrange(Instant::now(), &configured);
        alert_mailer.retain_instances(|name| name == "V1");
        assert_eq!(states(&mut alert_mailer, &[State::Master]), [""; 0]);
        alert_mailer.retain_instances(|_| false);
        assert_eq!(states(&mut alert_mailer, &[State::Master]), ["MASTER"]);
    }

    #[test]
    fn mails_that_wait_when_mail_is_configured_away_are_lost() {
        let mut alert_mailer = alert_mailer(&config(|_| ()));
        alert_mailer.instance(Instant::now(), DATE, "V1", true, State::Master);
        assert!(matches!(alert_mailer.poll_action(), Some(Action::Deliver(..))));
        alert_mailer.arrange(Instant::now(), &config(|mail| mail.server = None));
        assert!(matches!(alert_mailer.poll_action(), Some(Action::Abort(_))));
        assert!(matches!(alert_mailer.poll_action(), Some(Action::Log(LogLevel::Error, _))));
        assert!(alert_mailer.is_quiet(Instant::now()));
    }
}
