//! `auth_hmac` of an instance: keys, and the stage of the roll-out.
//!
//! Unlike keepalived, an instance whose block cannot be used stays in FAULT: it would send adverts that its peers reject,
//! and accept those of anybody.

use std::path::Path;
use std::time::Duration;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::line::Word;
use crate::model::{Auth, Hmac, HmacKey, HmacMode};
use crate::preprocess::{FileKind, Files};
use crate::source::Span;

use super::Lowering;
use super::arguments::{self, Junk};
use super::instance::Draft;
use super::reader::Entry;
use super::report::Report;
use super::value;
use crate::keywords::word;

/// The block so far.
pub(super) struct HmacDraft {
    span: Span,
    keys: Vec<HmacKey>,
    active: Option<(u8, Span)>,
    window: Option<Duration>,
    monotonic: bool,
    mode: HmacMode,
}

impl<'a> Lowering<'a> {
    pub(super) fn auth_hmac(&mut self, draft: &mut Draft, entry: Entry<'a>) {
        let mut hmac = HmacDraft {
            span: entry.span(),
            keys: Vec::new(),
            active: None,
            window: None,
            monotonic: false,
            mode: HmacMode::default(),
        };
        let files = self.names.files();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            let report = &mut self.report;
            match entry.keyword.name {
                word::KEY => hmac.add_key(&entry, files, report),
                word::ACTIVE_KEY => {
                    let id = arguments::number(&entry, Junk::Refused, "", report);
                    hmac.active = id.map(|id| (id, entry.span())).or(hmac.active);
                }
                word::TIME_WINDOW => {
                    hmac.window = arguments::seconds(&entry, report).or(hmac.window);
                }
                word::ANTI_REPLAY => {
                    if let Some(rule) = arguments::choice(&entry, report) {
                        hmac.monotonic = rule == "monotonic";
                    }
                }
                word::MODE => match arguments::choice(&entry, report) {
                    Some("permissive") => hmac.mode = HmacMode::Permissive,
                    Some("receive-only") => hmac.mode = HmacMode::ReceiveOnly,
                    Some(_) => hmac.mode = HmacMode::Enforce,
                    None => {}
                },
                _ => self.understood(entry),
            }
        }
        draft.auth_hmac = Some(Box::new(hmac));
    }
}

impl HmacDraft {
    fn add_key(&mut self, entry: &Entry<'_>, files: &dyn Files, report: &mut Report<'_>) {
        let (Some(id), Some(secret)) = (entry.arguments().get(0), entry.arguments().get(1)) else {
            let message = "`key` needs a number and a secret; the line is ignored";
            return report.error("auth-hmac", entry.span(), message);
        };
        arguments::extra_words(entry, 2, report);
        let Ok(Some(number)) = value::integer(id.text, 1, 255).map(|number| u8::try_from(number).ok()) else {
            let message = "the number of a `key` is 1 to 255; the line is ignored";
            return report.error("auth-hmac", id.span, message);
        };
        if self.keys.iter().any(|key| key.id == number) {
            let message = format!("key {number} is defined already; this one is ignored");
            return report.error("auth-hmac", id.span, message);
        }
        match secret_of(secret, files, report) {
            Ok(secret) => self.keys.push(HmacKey { id: number, secret }),
            Err(problem) => {
                report.error("auth-hmac", secret.span, format!("key {number} is ignored: {problem}"));
            }
        }
    }

    /// The meaning of the block for an instance that advertises this often.
    pub(super) fn finish(
        self,
        name: &str,
        strict: bool,
        interval: Duration,
        report: &mut Report<'_>,
    ) -> Auth {
        let usable = self.active.filter(|(id, _)| self.keys.iter().any(|key| key.id == *id));
        let Some((active, _)) = usable else {
            let (why, at) = match self.active {
                Some((id, at)) => (format!("`active_key` {id} is none of its keys"), at),
                None => ("`active_key` is missing".to_owned(), self.span),
            };
            let message = format!("{name}: `auth_hmac` cannot be used: {why}; the instance stays in FAULT");
            let help = "its peers would reject its adverts; define the key on every router, or remove the block on every router";
            report.push(Diagnostic::error("auth-hmac", message).at(at).help(help));
            return Auth::UnusableHmac;
        };
        let mut mode = self.mode;
        if strict && mode != HmacMode::Enforce {
            let message = format!("{name}: `mode {}` in strict mode: `enforce` is used", mode.as_str());
            report.error("auth-hmac", self.span, message);
            mode = HmacMode::Enforce;
        }
        let usual = (interval * 3).clamp(SHORTEST_USUAL_WINDOW, LONGEST_WINDOW);
        let window = (!self.monotonic).then(|| self.window.unwrap_or(usual));
        Auth::Hmac(Box::new(Hmac { keys: self.keys, active, mode, window }))
    }
}

/// The bytes of a secret: text, `hex:` digits, or a `file:` that holds either.
fn secret_of(word: Word<'_>, files: &dyn Files, report: &mut Report<'_>) -> Result<Vec<u8>, String> {
    let Some(path) = word.text.strip_prefix("file:") else { return octets(word.text.as_bytes()) };
    let path = Path::new(path);
    let (shown, cannot) = (path.display(), |error| format!("cannot read {}: {error}", path.display()));
    if files.kind(path).map_err(cannot)? == FileKind::Other {
        return Err(format!("{shown} is not a regular file"));
    }
    if !files.is_private(path).map_err(cannot)? {
        let message = format!("users other than its owner can read the key file {shown}");
        let finding = Diagnostic::new(Severity::Error, Class::Security, "auth-hmac", message);
        report.push(finding.at(word.span).help(format!("chmod 600 {shown}")));
        return Err(format!("{shown} is no secret"));
    }
    let content = files.read(path).map_err(cannot)?;
    let end = content.iter().rposition(|octet| !matches!(octet, b'\r' | b'\n')).map_or(0, |last| last + 1);
    octets(content.get(..end).unwrap_or_default())
}

fn octets(text: &[u8]) -> Result<Vec<u8>, String> {
    let octets = match text.strip_prefix(b"hex:") {
        Some(digits) => {
            from_hex(digits).ok_or("behind `hex:` an even number of hexadecimal digits is needed")?
        }
        None => text.to_vec(),
    };
    match octets.len() {
        32..=64 => Ok(octets),
        other => Err(format!("a secret has 32 to 64 bytes, not {other}")),
    }
}

fn from_hex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    pairs.iter().map(|[high, low]| Some((digit(*high)? << 4) | digit(*low)?)).collect()
}

const SHORTEST_USUAL_WINDOW: Duration = Duration::from_secs(5);
const LONGEST_WINDOW: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_text_or_hexadecimal_digits_of_32_to_64_bytes() {
        assert_eq!(octets(&[b'a'; 32]), Ok(vec![b'a'; 32]));
        let digits = [b"hex:".as_slice(), &b"0fF0".repeat(16)].concat();
        assert_eq!(octets(&digits), Ok([0x0f, 0xf0].repeat(16)));
        for bad in [&b"a".repeat(31), &b"a".repeat(65), &digits[..67].to_vec(), &b"hex:0g".repeat(11)] {
            assert!(octets(bad).is_err(), "{}", String::from_utf8_lossy(bad));
        }
    }
}
