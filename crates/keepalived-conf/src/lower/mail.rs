//! Mail keywords of `global_defs`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::mail::{MailAuth, MailTls, SmtpServer};

use super::Lowering;
use super::arguments::{self, Junk};
use super::global::{set, set_some};
use super::reader::Entry;
use super::report::Report;
use super::value;
use crate::keywords::word;

impl<'a> Lowering<'a> {
    /// Takes a keyword about mail; `false` if it is none.
    pub(super) fn global_mail(&mut self, entry: Entry<'a>) -> bool {
        if entry.keyword.name == word::NOTIFICATION_EMAIL {
            self.recipients(entry);
            return true;
        }
        let (report, globals) = (&mut self.report, &mut self.globals);
        let mail = &mut globals.public.mail;
        let word =
            |report: &mut Report<'_>| arguments::required(&entry, report).map(|word| word.text.to_string());
        match entry.keyword.name {
            word::NOTIFICATION_EMAIL_FROM => set_some(&mut mail.from, address(&entry, report)),
            word::SMTP_SERVER => {
                let server = server(&entry, report);
                set_some(&mut globals.smtp_server, server);
            }
            word::SMTP_HELO_NAME => set_some(&mut mail.helo_name, word(report)),
            word::SMTP_CONNECT_TIMEOUT => set(&mut mail.timeout, timeout(&entry, report)),
            word::SMTP_TLS => set(&mut mail.tls, tls(&entry, report)),
            word::SMTP_TLS_CA_FILE => set_some(&mut mail.ca_file, word(report).map(PathBuf::from)),
            word::SMTP_AUTH => {
                let auth = arguments::name_and_secret(&entry, report);
                set_some(&mut mail.auth, auth.map(|(user, password)| MailAuth { user, password }));
            }
            word::SMTP_ALERT => set_some(&mut globals.smtp_alert, arguments::switch(&entry, report)),
            word::SMTP_ALERT_VRRP => {
                set_some(&mut globals.smtp_alert_vrrp, arguments::switch(&entry, report));
            }
            word::SMTP_ALERT_CHECKER => {
                set_some(&mut globals.smtp_alert_checker, arguments::switch(&entry, report));
            }
            word::NO_EMAIL_FAULTS => mail.no_faults = arguments::bare(&entry, report),
            word::NO_CHECKER_EMAILS => set(&mut mail.no_checkers, arguments::switch(&entry, report)),
            _ => return false,
        }
        true
    }

    /// One recipient a line, as written.
    fn recipients(&mut self, entry: Entry<'a>) {
        let mut lines = 0_usize;
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            lines += 1;
            let recipients = &mut self.globals.public.mail.recipients;
            let recipient = line.raw().trim();
            if !recipients.iter().any(|known| known == recipient) {
                recipients.push(recipient.to_owned());
            }
        }
        if lines == 0 {
            self.report.warning("empty-block", entry.span(), "`notification_email` lists nothing");
        }
    }

    /// The server with its port, which `smtp_tls` may decide.
    pub(super) fn finish_mail(&mut self) {
        let mail = &mut self.globals.public.mail;
        let Some((host, port)) = self.globals.smtp_server.take() else { return };
        let default = if mail.tls == MailTls::Implicit { 465 } else { 25 };
        mail.server = Some(SmtpServer { host, port: port.unwrap_or(default) });
    }
}

/// All words: a name may stand before the address.
fn address(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    if entry.arguments().is_empty() {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    }
    let words: Vec<_> = entry.arguments().iter().map(|word| word.text).collect();
    Some(words.join(" "))
}

/// `HOST [PORT]`
fn server(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<(String, Option<u16>)> {
    let Some(host) = entry.argument() else {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    };
    arguments::extra_words(entry, 2, report);
    if !may_be_a_host(host.text) {
        arguments::not(entry, host, "an IP address or a host's name", report);
        return None;
    }
    let Some(word) = entry.arguments().get(1) else { return Some((host.text.to_string(), None)) };
    let port = value::integer(word.text, 1, 65_535).ok().and_then(|port| u16::try_from(port).ok());
    if port.is_none() {
        arguments::not(entry, word, "a port from 1 to 65535 behind the host", report);
        return None;
    }
    Some((host.text.to_string(), port))
}

/// Digits and dots that are no address are no name either, and no name has a `/`.
fn may_be_a_host(word: &str) -> bool {
    let digits = word.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    word.parse::<IpAddr>().is_ok() || !(digits || word.contains('/'))
}

/// 0 becomes 1 second.
fn timeout(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<Duration> {
    let zero = entry.argument().is_some_and(|word| value::integer(word.text, 0, 0).is_ok());
    if zero {
        report.error("bad-value", entry.span(), "`smtp_connect_timeout` is at least 1; 1 is used");
        return Some(Duration::from_secs(1));
    }
    arguments::number(entry, Junk::Ignored, "", report).map(Duration::from_secs)
}

fn tls(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<MailTls> {
    Some(match arguments::choice(entry, report)? {
        "starttls" => MailTls::StartTls,
        "on" => MailTls::Implicit,
        _ => MailTls::Off,
    })
}
