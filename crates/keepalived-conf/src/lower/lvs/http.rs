//! `HTTP_GET` and `SSL_GET`.

use std::net::SocketAddr;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::lvs::{HttpCheck, HttpMethod, HttpVersion, Regex, Url};
use crate::script::script_words;
use crate::similar::did_you_mean;

use super::super::arguments::text;
use super::super::arguments::{self, Junk};
use super::super::reader::Entry;
use super::super::report::Report;
use super::super::{Lowering, value};
use super::acts;
use super::checker::Common;
use super::payload::escaped_text;
use super::tls::{Ssl, TlsDraft};
use crate::keywords::word;

/// Keywords of an `HTTP_GET` or `SSL_GET`.
#[derive(Clone)]
pub(super) struct HttpDraft {
    urls: Vec<UrlDraft>,
    version: HttpVersion,
    virtual_host: Option<String>,
    /// `enable_sni`, or that `sni_name` stands there.
    sni: bool,
    sni_name: Option<String>,
    fast_recovery: bool,
    tls_compliant: bool,
    /// `SSL_GET`
    tls: Option<TlsDraft>,
    headers: Vec<(String, String)>,
    basic_auth: Option<(String, String)>,
}

/// Keywords of a `url`.
#[derive(Clone, Default)]
struct UrlDraft {
    method: Option<HttpMethod>,
    path: Option<String>,
    request_body: Option<String>,
    virtual_host: Option<String>,
    status: Vec<(u16, u16)>,
    digest: Option<[u8; 16]>,
    pattern: Option<String>,
    no_match: bool,
    options: Vec<String>,
    min_offset: usize,
    max_offset: Option<usize>,
    follow_redirects: u8,
    body: Option<String>,
    tls_compliant: Option<bool>,
}

impl<'a> Lowering<'a> {
    /// Reads the block; `None` leaves the checker out.
    pub(super) fn http_check(&mut self, entry: Entry<'a>, common: &mut Common) -> Option<HttpDraft> {
        let tls = (entry.keyword.name == word::SSL_GET).then(TlsDraft::default);
        let at = entry.span();
        let mut draft = HttpDraft {
            urls: Vec::new(),
            version: HttpVersion::Http10,
            virtual_host: None,
            sni: false,
            sni_name: None,
            fast_recovery: false,
            tls_compliant: false,
            tls,
            headers: Vec::new(),
            basic_auth: None,
        };
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            if common.take(&inner, &mut self.report) {
                continue;
            }
            if inner.keyword.name == word::URL {
                draft.urls.extend(self.url(inner));
            } else if !draft.take(&inner, &mut self.report) {
                self.understood(inner);
            }
        }
        if draft.urls.is_empty() {
            let message = format!("this {} has no `url`; it is ignored", entry.keyword.name);
            self.report.error("no-url", entry.span(), message);
            return None;
        }
        let follows = draft.urls.iter().any(|url| url.follow_redirects > 0);
        if follows && draft.version == HttpVersion::Http2 {
            let message = "`follow_redirects` has no effect with `http_protocol 2`: a redirect fails";
            self.report.warning("redirects-http2", at, message);
        }
        draft.urls.shrink_to_fit();
        Some(draft)
    }

    fn url(&mut self, entry: Entry<'a>) -> Option<UrlDraft> {
        let mut draft = UrlDraft::default();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(inner) = self.reader.next(&mut block, &mut self.report) {
            if !acts(&inner) || !draft.take(&inner, &mut self.report) {
                self.understood(inner);
            }
        }
        if draft.path.is_none() {
            self.report.error("no-path", entry.span(), "this `url` has no `path`; it is ignored");
            return None;
        }
        let looks_inside = draft.digest.is_some() || draft.pattern.is_some() || draft.body.is_some();
        if draft.method == Some(HttpMethod::Head) && looks_inside {
            let message =
                "the answer to HEAD has no body: with `digest`, `regex` or `body` this check always fails";
            self.report.push(
                Diagnostic::new(Severity::Warning, Class::None, "no-body", message)
                    .at(entry.span())
                    .help("write `method GET`, or leave the body out of what is checked"),
            );
        }
        if let Some(max) = draft.max_offset.filter(|max| *max < draft.min_offset && draft.pattern.is_some()) {
            let message = format!("a match from octet {} on cannot end before octet {max}", draft.min_offset);
            self.report.lint("regex-offsets", entry.span(), message);
        }
        Some(draft)
    }
}

impl HttpDraft {
    fn take(&mut self, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
        if self.tls.as_mut().is_some_and(|tls| tls.take(entry, report)) {
            return true;
        }
        match entry.keyword.name {
            word::VIRTUALHOST => self.virtual_host = text(entry, report).or(self.virtual_host.take()),
            word::HTTP_PROTOCOL => self.version = version(entry, report).unwrap_or(self.version),
            word::ENABLE_SNI => self.sni = arguments::switch(entry, report).unwrap_or(self.sni),
            word::SNI_NAME => {
                arguments::extra_words(entry, 1, report);
                self.sni = true;
                self.sni_name = entry.argument().map(|word| word.text.to_string());
            }
            word::FAST_RECOVERY => {
                self.fast_recovery = arguments::switch(entry, report).unwrap_or(self.fast_recovery);
            }
            word::TLS_COMPLIANT => {
                self.tls_compliant = arguments::switch(entry, report).unwrap_or(self.tls_compliant);
            }
            word::HEADER => self.headers.extend(header(entry, report)),
            word::BASIC_AUTH => {
                self.basic_auth = arguments::name_and_secret(entry, report).or(self.basic_auth.take());
            }
            _ => return false,
        }
        true
    }

    /// The check, given its target and the virtual host of the servers around it.
    pub(super) fn finish(self, address: SocketAddr, around: Option<&str>, ssl: Option<&Ssl>) -> HttpCheck {
        let virtual_host = self.virtual_host.as_deref().or(around);
        let shared = Shared {
            address,
            virtual_host,
            server_name: self.sni_name.as_deref(),
            sends_name: self.tls.is_some() && self.sni,
            tls_compliant: self.tls_compliant,
        };
        HttpCheck {
            urls: self.urls.into_iter().map(|url| url.finish(&shared)).collect(),
            version: self.version,
            fast_recovery: self.fast_recovery,
            tls: self.tls.as_ref().map(|tls| tls.finish(ssl)),
            headers: self.headers,
            basic_auth: self.basic_auth,
        }
    }
}

/// Settings that the `url`s of a check share.
struct Shared<'c> {
    address: SocketAddr,
    virtual_host: Option<&'c str>,
    /// `sni_name`
    server_name: Option<&'c str>,
    /// Whether a name is sent at all.
    sends_name: bool,
    tls_compliant: bool,
}

impl UrlDraft {
    fn finish(self, shared: &Shared<'_>) -> Url {
        let virtual_host = self.virtual_host.as_deref().or(shared.virtual_host);
        let server_name = shared.server_name.or(virtual_host);
        let usual = if self.request_body.is_some() { HttpMethod::Post } else { HttpMethod::Get };
        Url {
            server_name: server_name.filter(|_| shared.sends_name).map(str::to_owned),
            host: virtual_host.map_or_else(|| shared.address.to_string(), str::to_owned),
            method: self.method.unwrap_or(usual),
            path: self.path.unwrap_or_default(),
            request_body: self.request_body,
            status: if self.status.is_empty() { vec![(200, 299)] } else { self.status },
            digest: self.digest,
            regex: self.pattern.map(|pattern| Regex {
                pattern,
                no_match: self.no_match,
                options: self.options,
                min_offset: self.min_offset,
                max_offset: self.max_offset,
            }),
            follow_redirects: self.follow_redirects,
            body: self.body,
            tls_compliant: self.tls_compliant.unwrap_or(shared.tls_compliant),
        }
    }

    fn take(&mut self, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
        // keepalived 2.2.7 complains about none of these.
        report.set_unheard(entry.keyword.name.starts_with(word::REGEX));
        let taken = self.take_keyword(entry, report);
        report.set_unheard(false);
        taken
    }

    fn take_keyword(&mut self, entry: &Entry<'_>, report: &mut Report<'_>) -> bool {
        let offset = |report: &mut Report<'_>| arguments::number(entry, Junk::Ignored, "", report);
        match entry.keyword.name {
            word::METHOD => self.method = arguments::choice(entry, report).and_then(method).or(self.method),
            word::REQUEST_BODY => {
                self.request_body = escaped_text(entry, report).or(self.request_body.take());
            }
            word::PATH => self.path = path(entry, report).or(self.path.take()),
            word::VIRTUALHOST => self.virtual_host = text(entry, report).or(self.virtual_host.take()),
            word::STATUS_CODE => status_codes(entry, &mut self.status, report),
            word::DIGEST if self.digest.is_some() => {
                report.warning("repeated", entry.span(), "`digest` is set already; this one is ignored");
            }
            word::DIGEST => self.digest = digest(entry, report),
            word::REGEX => self.pattern = pattern(entry, report).or(self.pattern.take()),
            word::REGEX_NO_MATCH => self.no_match = arguments::bare(entry, report),
            word::REGEX_OPTIONS => regex_options(entry, &mut self.options, report),
            word::REGEX_MIN_OFFSET => self.min_offset = offset(report).unwrap_or(self.min_offset),
            word::REGEX_MAX_OFFSET => self.max_offset = offset(report).or(self.max_offset),
            word::FOLLOW_REDIRECTS => {
                self.follow_redirects =
                    arguments::number(entry, Junk::Refused, "", report).unwrap_or(self.follow_redirects);
            }
            word::BODY => self.body = text(entry, report).or(self.body.take()),
            word::TLS_COMPLIANT => {
                self.tls_compliant = arguments::switch(entry, report).or(self.tls_compliant);
            }
            _ => return false,
        }
        true
    }
}

/// Sent as it is, but few servers take one that does not begin with a slash (RFC 9112 §3.2.1).
fn path(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    let word = arguments::required(entry, report)?;
    if !word.text.starts_with('/') {
        report.lint(
            "path",
            word.span,
            format!("`{}` does not begin with `/`; it is sent as it is", word.text),
        );
    }
    Some(word.text.to_string())
}

fn method(name: &str) -> Option<HttpMethod> {
    Some(match name {
        "GET" => HttpMethod::Get,
        "HEAD" => HttpMethod::Head,
        "OPTIONS" => HttpMethod::Options,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        _ => return None,
    })
}

fn version(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<HttpVersion> {
    let word = arguments::required(entry, report)?;
    match word.text {
        "1.0" => Some(HttpVersion::Http10),
        "1.0C" | "1.0c" => Some(HttpVersion::Http10Close),
        "1.1" => Some(HttpVersion::Http11),
        "2" => Some(HttpVersion::Http2),
        _ => {
            arguments::not(entry, word, "1.0, 1.0C, 1.1 or 2", report);
            None
        }
    }
}

/// `N` and `N-M`, added to those already there.
fn status_codes(entry: &Entry<'_>, codes: &mut Vec<(u16, u16)>, report: &mut Report<'_>) {
    if entry.arguments().is_empty() {
        report.lint("missing-argument", entry.span(), "`status_code` lists nothing");
    }
    for word in entry.arguments() {
        let (from, to) = word.text.split_once('-').unwrap_or((word.text, word.text));
        let code = |text| value::integer(text, 100, 599).ok().and_then(|code| u16::try_from(code).ok());
        match (code(from), code(to)) {
            (Some(from), Some(to)) if from <= to => {
                if !codes.contains(&(from, to)) {
                    codes.push((from, to));
                }
            }
            _ => arguments::not(entry, word, "codes from 100 to 599 and ranges of them", report),
        }
    }
}

/// 32 hexadecimal digits.
fn digest(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<[u8; 16]> {
    let word = arguments::required(entry, report)?;
    let (digits, rest) = word.text.as_bytes().as_chunks::<2>();
    let mut digest = [0; 16];
    let fits = digits.len() == digest.len() && rest.is_empty();
    let mut pairs = digest.iter_mut().zip(digits);
    let read = |(octet, pair): (&mut u8, &[u8; 2])| {
        let [Some(high), Some(low)] = pair.map(|digit| char::from(digit).to_digit(16)) else { return false };
        *octet = u8::try_from(high << 4 | low).unwrap_or_default();
        true
    };
    if fits && pairs.all(read) {
        return Some(digest);
    }
    arguments::not(entry, word, "32 hexadecimal digits", report);
    None
}

/// Taken apart as commands are: quotes of both kinds, and every backslash kept for the pattern.
pub(super) fn pattern(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<String> {
    match script_words(entry.statement.raw()) {
        Ok(line) => {
            if let Some(pattern) = line.command.filter(|pattern| !pattern.is_empty()) {
                if !line.rest.is_empty() {
                    let message = "only the first word is the pattern: put it in double quotes";
                    report.lint("extra-argument", entry.span(), message);
                }
                return Some(pattern);
            }
            report.missing_argument(entry.keyword, entry.span());
        }
        Err(error) => report.error(
            "bad-pattern",
            entry.span(),
            format!("`{}`: {error}; it is ignored", entry.keyword.name),
        ),
    }
    None
}

fn regex_options(entry: &Entry<'_>, options: &mut Vec<String>, report: &mut Report<'_>) {
    if entry.arguments().is_empty() {
        report.missing_argument(entry.keyword, entry.span());
    }
    for word in entry.arguments() {
        if REGEX_OPTIONS.contains(&word.text) {
            if !options.iter().any(|option| **option == *word.text) {
                options.push(word.text.to_string());
            }
            continue;
        }
        let message = format!("unknown option `{}` of a pattern; it is ignored", word.text);
        let mut finding =
            Diagnostic::new(Severity::Warning, Class::None, "unknown-option", message).at(word.span);
        let near = did_you_mean(word.text, REGEX_OPTIONS.iter().copied());
        finding.help = near.map(|near| format!("did you mean `{near}`?"));
        report.push(finding);
    }
}

/// The names keepalived has for PCRE2's options.
const REGEX_OPTIONS: &[&str] = &[
    "allow_empty_class",
    "alt_bsux",
    "alt_circumflex",
    "alt_verbnames",
    "auto_callout",
    "caseless",
    "dollar_endonly",
    "dotall",
    "dupnames",
    "extended",
    "extended_more",
    "firstline",
    "literal",
    "match_unset_backref",
    "multiline",
    "never_backslash_c",
    "never_ucp",
    "never_utf",
    "no_auto_capture",
    "no_auto_possess",
    "no_dotstar_anchor",
    "no_start_optimize",
    "ucp",
    "ungreedy",
    "use_offset_limit",
    "utf",
];

/// `NAME: VALUE`, as RFC 9110 §5 allows them.
fn header(entry: &Entry<'_>, report: &mut Report<'_>) -> Option<(String, String)> {
    let word = arguments::required(entry, report)?;
    let pair = word.text.split_once(':').map(|(name, value)| (name, value.trim()));
    let Some((name, value)) = pair.filter(|(name, value)| is_token(name) && is_field_value(value)) else {
        report.error(
            "bad-value",
            word.span,
            "`header` takes a name, a colon and a value, together in double quotes; it is ignored",
        );
        return None;
    };
    let said = OWN_HEADERS.iter().find(|(own, _)| own.eq_ignore_ascii_case(name));
    if let Some((own, instead)) = said {
        report.error("bad-value", word.span, format!("`{own}` is ignored: {instead}"));
        return None;
    }
    Some((name.to_owned(), value.to_owned()))
}

/// Header lines that follow from other keywords.
const OWN_HEADERS: &[(&str, &str)] = &[
    ("Host", "use `virtualhost`"),
    ("Connection", "it follows from `http_protocol`"),
    ("Content-Length", "it follows from `request_body`"),
    ("Transfer-Encoding", "content is sent as it is"),
];

fn is_token(name: &str) -> bool {
    let special = |octet| b"!#$%&'*+-.^_`|~".contains(&octet);
    !name.is_empty() && name.bytes().all(|octet| octet.is_ascii_alphanumeric() || special(octet))
}

fn is_field_value(value: &str) -> bool {
    !value.chars().any(char::is_control)
}
