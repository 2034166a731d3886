//! The block `authentication` of an instance (VRRPv2).

use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::Lowering;
use super::arguments;
use super::instance::Draft;
use super::reader::Entry;
use super::report::Report;
use crate::keywords::word;

/// `authentication`
#[derive(Default)]
pub(super) struct DraftAuth {
    /// Place of the block.
    pub(super) span: Option<Span>,
    pub(super) kind: Option<AuthKind>,
    pub(super) password: Option<[u8; 8]>,
}

/// `auth_type`
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum AuthKind {
    Pass,
    Ah,
}

impl<'a> Lowering<'a> {
    /// Reads the block.
    pub(super) fn authentication(&mut self, draft: &mut Draft, entry: Entry<'a>) {
        draft.auth.span = Some(entry.span());
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            let report = &mut self.report;
            match entry.keyword.name {
                word::AUTH_TYPE => draft.auth.kind = auth_kind(&entry, report).or(draft.auth.kind),
                word::AUTH_PASS => draft.auth.password = password(&entry, report).or(draft.auth.password),
                _ => self.understood(entry),
            }
        }
    }
}

fn auth_kind(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<AuthKind> {
    let word = arguments::required(entry, report)?;
    match word.text {
        "PASS" => Some(AuthKind::Pass),
        "AH" => Some(AuthKind::Ah),
        _ => {
            arguments::not(entry, word, "PASS or AH", report);
            None
        }
    }
}

/// The first eight octets, zero-filled; an empty password is none.
fn password(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<[u8; 8]> {
    let word = arguments::required(entry, report)?;
    let octets = word.text.as_bytes();
    if octets.is_empty() {
        return None;
    }
    if octets.len() > 8 {
        report.push(
            Diagnostic::error(
                "password-length",
                "`auth_pass` is longer than 8 characters; the first 8 are used",
            )
            .at(word.span)
            .help("shorten it on every router: the rest protects nothing"),
        );
    }
    let mut password = [0; 8];
    for (to, from) in password.iter_mut().zip(octets) {
        *to = *from;
    }
    Some(password)
}
