//! Answers, with the fields that tell a browser what it may do with them.

use std::fmt::Write;
use std::io::Write as _;
use std::sync::Arc;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::access::Denial;
use crate::request::Refusal;

/// An answer to a request.
#[derive(Clone, Debug)]
pub(crate) struct Response {
    /// Its status code and reason.
    pub(crate) status: (u16, &'static str),
    /// Its media type.
    pub(crate) content_type: &'static str,
    /// More fields, each with its end of line.
    pub(crate) fields: String,
    /// Its body.
    pub(crate) body: Arc<[u8]>,
}

impl Response {
    /// An answer with this body.
    pub(crate) fn new(
        status: (u16, &'static str),
        content_type: &'static str,
        body: impl Into<Arc<[u8]>>,
    ) -> Self {
        Self { status, content_type, fields: String::new(), body: body.into() }
    }

    /// An answer of one line.
    pub(crate) fn line(status: (u16, &'static str), line: &str) -> Self {
        Self::new(status, TEXT, format!("{line}\n").into_bytes())
    }

    /// The same, compressed, where that is worth it. No answer holds a secret, so its length tells none.
    pub(crate) fn compressed(mut self) -> Self {
        if self.body.len() < MIN_COMPRESSED {
            return self;
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        if let Ok(body) = encoder.write_all(&self.body).and_then(|()| encoder.finish()) {
            self.fields.push_str("Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n");
            self.body = body.into();
        }
        self
    }

    /// The head of it as bytes. A stream has no length: it ends with the connection.
    pub(crate) fn head(&self, keep_alive: bool, is_stream: bool) -> Vec<u8> {
        let (code, reason) = self.status;
        let connection = if keep_alive { "keep-alive" } else { "close" };
        let mut head = format!(
            "HTTP/1.1 {code} {reason}\r\nContent-Type: {}\r\nConnection: {connection}\r\n{FIELDS}{}",
            self.content_type, self.fields
        );
        if !is_stream {
            let _ = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head.push_str("\r\n");
        head.into_bytes()
    }
}

impl From<Refusal> for Response {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Malformed => Self::line((400, "Bad Request"), "the request is malformed"),
            Refusal::TooLarge => {
                Self::line((431, "Request Header Fields Too Large"), "the request is too long")
            }
            Refusal::Body => Self::line((413, "Content Too Large"), "requests with a body are not read"),
            Refusal::Method => {
                let text =
                    "only GET and HEAD are answered: nothing can be changed here; vipd's verbs do that";
                let mut response = Self::line((405, "Method Not Allowed"), text);
                response.fields.push_str("Allow: GET, HEAD\r\n");
                response
            }
        }
    }
}

impl From<Denial> for Response {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Host => Self::line(
                (421, "Misdirected Request"),
                "the name in the Host field is not this machine's: use its address or host name",
            ),
            Denial::Token => {
                let text = "a token is needed: `Authorization: Bearer TOKEN`, or the token as password";
                let mut response = Self::line((401, "Unauthorized"), text);
                response.fields.push_str("WWW-Authenticate: Basic realm=\"vipd\", charset=\"UTF-8\"\r\n");
                response
            }
        }
    }
}

/// Success.
pub(crate) const OK: (u16, &str) = (200, "OK");
/// Nothing of that name.
pub(crate) const NOT_FOUND: (u16, &str) = (404, "Not Found");
/// The daemon does not answer, or is not well.
pub(crate) const UNAVAILABLE: (u16, &str) = (503, "Service Unavailable");

/// Plain text.
pub(crate) const TEXT: &str = "text/plain; charset=utf-8";
/// A page.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
/// A value of the API.
pub(crate) const JSON: &str = "application/json";
/// Server-sent events.
pub(crate) const EVENTS: &str = "text/event-stream";

/// Shorter bodies fit into one packet anyway.
const MIN_COMPRESSED: usize = 1200;

/// In every answer. Without `Access-Control-Allow-Origin`, no page of another origin can read one.
const FIELDS: &str = "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n\
                      Referrer-Policy: no-referrer\r\nCross-Origin-Resource-Policy: same-origin\r\n\
                      Cross-Origin-Opener-Policy: same-origin\r\n";
