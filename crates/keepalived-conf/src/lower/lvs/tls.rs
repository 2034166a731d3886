//! `SSL`, and the `tls_*` keywords of checkers.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use crate::line::Word;
use crate::model::lvs::TlsCheck;
use crate::source::Span;

use super::super::Lowering;
use super::super::arguments::{self, Junk};
use super::super::reader::Entry;
use super::super::report::Report;
use crate::keywords::word;

/// `SSL`: what all checkers over TLS share.
#[derive(Clone, Debug, Default)]
pub(super) struct Ssl {
    at: Option<Span>,
    ca: Option<PathBuf>,
    certificate: Option<PathBuf>,
    key: Option<PathBuf>,
}

/// The `tls_*` keywords of one checker.
#[derive(Clone, Debug, Default)]
pub(super) struct TlsDraft {
    verify: Option<bool>,
    ca_file: Option<PathBuf>,
    expiry_warning: Duration,
    expiry_weight: Option<(Duration, u32)>,
    versions: Option<(u8, u8)>,
}

impl<'a> Lowering<'a> {
    pub(super) fn ssl(&mut self, entry: Entry<'a>) {
        if let Some(first) = &self.lvs.ssl {
            let first = first.at;
            self.report.push(
                crate::diagnostic::Diagnostic::warning(
                    "repeated",
                    "`SSL` is set already; this one replaces it",
                )
                .at(entry.span())
                .related(first, "the first one"),
            );
        }
        let mut ssl = Ssl { at: Some(entry.span()), ..Ssl::default() };
        let mut written = HashSet::new();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            let path = arguments::required(&entry, &mut self.report).map(|word| PathBuf::from(word.text));
            let name = entry.keyword.name;
            if path.is_some() && !written.insert(name) {
                let message = format!("`{name}` is set already; this one replaces it");
                self.report.warning("repeated", entry.span(), message);
            }
            match name {
                word::PASSWORD => {
                    let message = "`password`: a key that is encrypted cannot be read; `openssl pkey` makes it one without";
                    self.report.lint("not-acted-on", entry.span(), message);
                }
                word::CA => ssl.ca = path.or(ssl.ca),
                word::CERTIFICATE => ssl.certificate = path.or(ssl.certificate),
                _ => ssl.key = path.or(ssl.key),
            }
        }
        self.lvs.ssl = Some(ssl);
    }
}

impl TlsDraft {
    /// Takes a `tls_*` keyword; `false` if it is none.
    pub(super) fn take(&mut self, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
        match entry.keyword.name {
            word::TLS_VERIFY => self.verify = arguments::switch(entry, report).or(self.verify),
            word::TLS_CA_FILE => {
                let path = arguments::required(entry, report).map(|word| PathBuf::from(word.text));
                self.ca_file = path.or(self.ca_file.take());
            }
            word::TLS_EXPIRY_WARNING => {
                let days = arguments::number::<u64>(entry, Junk::Refused, "", report);
                let time = days.map(|days| Duration::from_secs(days.saturating_mul(86_400)));
                self.expiry_warning = time.unwrap_or(self.expiry_warning);
            }
            word::TLS_EXPIRY_WEIGHT => {
                self.expiry_weight = expiry_weight(entry, report).or(self.expiry_weight);
            }
            word::TLS_VERSION => self.versions = versions(entry, report).or(self.versions),
            _ => return false,
        }
        true
    }

    /// The final settings.
    pub(super) fn finish(&self, ssl: Option<&Ssl>) -> TlsCheck {
        // A named authority asks for verification.
        let verify = self.verify.unwrap_or(self.ca_file.is_some());
        let authorities = || {
            let own = self.ca_file.clone().or_else(|| ssl.and_then(|ssl| ssl.ca.clone()));
            own.unwrap_or_else(|| PathBuf::from(SYSTEM_AUTHORITIES))
        };
        TlsCheck {
            certificate: ssl.and_then(|ssl| ssl.certificate.clone()),
            key: ssl.and_then(|ssl| ssl.key.clone()),
            verify: verify.then(authorities),
            expiry_warning: self.expiry_warning,
            expiry_weight: self.expiry_weight,
            versions: self.versions,
        }
    }
}

/// Where most distributions keep the authorities that everybody trusts.
pub(super) const SYSTEM_AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// `DAYS PERCENT`
fn expiry_weight(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<(Duration, u32)> {
    arguments::extra_words(entry, 2, report);
    let (Some(days), Some(percent)) = (entry.arguments().first(), entry.arguments().get(1)) else {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    };
    let mut number = |word: Word<'_>, most: u64, wanted: &str| {
        let is_number = !word.text.is_empty() && word.text.bytes().all(|digit| digit.is_ascii_digit());
        let number = word.text.parse().ok().filter(|number: &u64| is_number && *number <= most);
        if number.is_none() {
            arguments::not(entry, word, wanted, report);
        }
        number
    };
    let days = number(days, 3650, "a number of days from 0 to 3650")?;
    let percent = number(percent, 100, "a percentage from 0 to 100")?;
    Some((Duration::from_secs(days.saturating_mul(86_400)), u32::try_from(percent).ok()?))
}

/// `MIN [MAX]`
fn versions(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<(u8, u8)> {
    let Some(min) = entry.argument() else {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    };
    arguments::extra_words(entry, 2, report);
    let mut version = |word: Word<'_>| match word.text {
        "1.2" => Some(12),
        "1.3" => Some(13),
        _ => {
            arguments::not(entry, word, "1.2 or 1.3", report);
            None
        }
    };
    let range = (version(min)?, entry.arguments().get(1).map_or(Some(13), version)?);
    if range.0 > range.1 {
        report.error("bad-value", min.span, "`tls_version` takes the lowest version first; it is ignored");
        return None;
    }
    Some(range)
}
