//! Requests of `HTTP_GET` and `SSL_GET`, and the conditions for their answers.

use super::Tls;

/// `HTTP_GET` (without TLS) and `SSL_GET` (with).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Http {
    /// The requests, in order; at least one.
    pub urls: Vec<Url>,
    /// `http_protocol`
    pub version: HttpVersion,
    /// TLS, and how.
    pub tls: Option<Tls>,
    /// More header lines: name and value.
    pub headers: Vec<(String, String)>,
    /// `Authorization: Basic`.
    pub basic_auth: Option<BasicAuth>,
}

impl Http {
    /// HTTP/1.1 without TLS.
    pub fn new(urls: impl IntoIterator<Item = Url>) -> Self {
        Self {
            urls: urls.into_iter().collect(),
            version: HttpVersion::Http11,
            tls: None,
            headers: Vec::new(),
            basic_auth: None,
        }
    }
}

/// Name and password. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BasicAuth {
    /// The name; no colon.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for BasicAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BasicAuth({}:********)", self.user)
    }
}

/// `http_protocol`
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpVersion {
    /// `1.0`
    Http10,
    /// `1.0C`: 1.0 with `Connection: close`.
    Http10Close,
    /// `1.1`, with `Connection: close`.
    Http11,
    /// `2`: HTTP/2 (RFC 9113), by ALPN with TLS and by prior knowledge without.
    Http2,
}

/// One request, and the conditions for its answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Url {
    /// `method`
    pub method: HttpMethod,
    /// `path`
    pub path: String,
    /// `request_body`: the request's content.
    pub request_body: Option<Box<[u8]>>,
    /// `Host`, as it is sent: `virtualhost`. Empty: the target's address and port, so that checks of many servers can share one
    /// definition.
    pub host: String,
    /// TLS server name (`enable_sni`, `sni_name`); `None` sends none.
    pub server_name: Option<String>,
    /// `status_code`
    pub status: StatusCodes,
    /// `digest` of the body.
    pub digest: Option<DigestMd5>,
    /// `regex` and its options.
    pub pattern: Option<Pattern>,
    /// `follow_redirects`: so often a redirect (301, 302, 303, 307, 308) to the same scheme, host and port is followed, at most
    /// 20 times, each with a connection of its own. One to elsewhere, and one more, is a failure, unless `status` has it. 0: none
    /// is followed. Of no effect in HTTP/2.
    pub follow_redirects: u8,
    /// The body must contain these octets.
    pub body: Option<Vec<u8>>,
    /// `tls_compliant`: end TLS with close_notify.
    pub tls_compliant: bool,
}

impl Url {
    /// `GET`, of which any status from 200 to 299 is good. The host is also the TLS server name, if it is a name.
    pub fn new(path: impl Into<String>, host: impl Into<String>) -> Self {
        let host = host.into();
        let name = host.rsplit_once(':').map_or(&*host, |(name, _port)| name);
        let is_name = name.parse::<std::net::Ipv4Addr>().is_err() && !name.contains(':');
        let server_name = (is_name && !name.is_empty()).then(|| name.to_owned());
        Self {
            method: HttpMethod::Get,
            path: path.into(),
            request_body: None,
            host,
            server_name,
            status: StatusCodes::default(),
            digest: None,
            pattern: None,
            follow_redirects: 0,
            body: None,
            tls_compliant: true,
        }
    }
}

/// Method of a request (RFC 9110 §9.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HttpMethod {
    /// `GET`
    #[default]
    Get,
    /// `HEAD`: the answer has no body.
    Head,
    /// `OPTIONS`
    Options,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH` (RFC 5789)
    Patch,
    /// `DELETE`
    Delete,
}

impl HttpMethod {
    /// As it is sent.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// Whether a request without content says that it has none (RFC 9110 §8.6).
    pub(crate) fn anticipates_content(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// An MD5 digest: 16 octets.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DigestMd5(pub [u8; 16]);

impl std::fmt::Display for DigestMd5 {
    /// 32 lower-case hexadecimal digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl std::fmt::Debug for DigestMd5 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DigestMd5({self})")
    }
}

/// A set of HTTP status codes, 100 to 599.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StatusCodes(Vec<(u16, u16)>);

impl StatusCodes {
    /// From inclusive ranges; they may overlap and come in any order.
    pub fn from_ranges(ranges: impl IntoIterator<Item = (u16, u16)>) -> Self {
        let mut ranges: Vec<_> = ranges.into_iter().collect();
        ranges.sort_unstable();
        ranges.dedup();
        Self(ranges)
    }

    /// Whether the status is one of them.
    pub fn contains(&self, status: u16) -> bool {
        self.0.iter().any(|&(first, last)| (first..=last).contains(&status))
    }
}

impl Default for StatusCodes {
    /// 200 to 299.
    fn default() -> Self {
        Self(vec![(200, 299)])
    }
}

impl std::fmt::Display for StatusCodes {
    /// `200-299 404`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (place, (first, last)) in self.0.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            if first == last { write!(f, "{gap}{first}")? } else { write!(f, "{gap}{first}-{last}")? }
        }
        Ok(())
    }
}

/// `regex`: a search in the body.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// PCRE syntax.
    pub text: String,
    /// `regex_no_match`: the answer is good if nothing matches.
    pub no_match: bool,
    /// `regex_options`
    pub options: Vec<RegexOption>,
    /// `regex_min_offset`: a match starts here or later, octets.
    pub min_offset: usize,
    /// `regex_max_offset`: a match starts no later than this, octets.
    pub max_offset: Option<usize>,
}

impl Pattern {
    /// A search anywhere in the body.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), no_match: false, options: Vec::new(), min_offset: 0, max_offset: None }
    }
}

/// `regex_options`, those that have a meaning here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegexOption {
    /// `allow_empty_class`, `alt_bsux`, … : accepted by keepalived, without effect on what matches here.
    WithoutEffect,
    /// `anchored`
    Anchored,
    /// `caseless`
    Caseless,
    /// `dollar_endonly`
    DollarEndOnly,
    /// `dotall`
    DotAll,
    /// `endanchored`
    EndAnchored,
    /// `extended`
    Extended,
    /// `firstline`
    FirstLine,
    /// `literal`
    Literal,
    /// `multiline`
    Multiline,
    /// `no_auto_capture`
    NoAutoCapture,
    /// `ucp`
    Ucp,
    /// `ungreedy`
    Ungreedy,
    /// `utf`
    Utf,
}
