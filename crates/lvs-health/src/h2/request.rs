//! All that a client says at first: preface, settings, one request.

use super::{frame, hpack};
use crate::dialogue::PrepareError;
use crate::{Http, Url, http};

/// RFC 9113 §3.4
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// No pushes, please (RFC 9113 §6.5.2).
const SETTINGS: [u8; 6] = [0, 2, 0, 0, 0, 0];

/// Fields that HTTP/2 has other means for (RFC 9113 §8.2.2, §8.3.1).
const FORBIDDEN: [&str; 6] =
    ["connection", "host", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"];

/// A request for a page.
///
/// # Errors
///
/// [`PrepareError::Unsendable`], as with HTTP/1, or if it is too long.
pub(crate) fn http2(http: &Http, url: &Url) -> Result<Vec<u8>, PrepareError> {
    let fields = http::fields(http, url)?;
    let host = fields.iter().find(|(name, _)| name.eq_ignore_ascii_case("host"));
    let scheme = if http.tls.is_some() { "https" } else { "http" };
    let mut head =
        Head::new(url.method.name(), scheme, host.map_or(&url.host, |(_, value)| value), http::path(url)?);
    for (name, value) in &fields {
        let name = name.to_ascii_lowercase();
        if !FORBIDDEN.contains(&name.as_str()) {
            head.field(&name, value);
        }
    }
    head.emit(url.request_body.as_deref())
}

/// A request in the making.
pub(super) struct Head(Vec<u8>);

impl Head {
    pub(super) fn new(method: &str, scheme: &str, authority: &str, path: &str) -> Self {
        let mut head = Self(Vec::new());
        head.field(":method", method);
        head.field(":scheme", scheme);
        head.field(":authority", authority);
        head.field(":path", path);
        head
    }

    pub(super) fn field(&mut self, name: &str, value: &str) {
        hpack::emit(name, value, name == "authorization", &mut self.0);
    }

    /// Preface, settings and the request, with a body if there is one.
    pub(super) fn emit(&self, body: Option<&[u8]>) -> Result<Vec<u8>, PrepareError> {
        let longest = self.0.len().max(body.map_or(0, <[u8]>::len));
        if longest > frame::PAYLOAD_LIMIT {
            return Err(PrepareError::Unsendable { part: "request", text: format!("of {longest} octets") });
        }
        let mut out = PREFACE.to_vec();
        frame::emit(frame::SETTINGS, 0, 0, &SETTINGS, &mut out);
        let ends = if body.is_none() { frame::END_STREAM } else { 0 };
        frame::emit(frame::HEADERS, frame::END_HEADERS | ends, frame::STREAM, &self.0, &mut out);
        if let Some(body) = body {
            frame::emit(frame::DATA, frame::END_STREAM, frame::STREAM, body, &mut out);
        }
        Ok(out)
    }
}
