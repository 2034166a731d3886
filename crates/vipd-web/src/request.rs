//! Requests: HTTP/1.0 and HTTP/1.1 (RFC 9112), GET and HEAD without a body.
//!
//! Everything else is refused with a status that says why, and the connection ends: text behind a request that was not
//! understood is never read as another one.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// A request that is understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Request {
    /// HEAD: the answer has no body.
    pub is_head: bool,
    /// Its path, decoded.
    pub path: String,
    /// Names and values of its query, decoded.
    pub query: Vec<(String, String)>,
    /// The `Host` field.
    pub host: Option<String>,
    /// The `Authorization` field.
    pub authorization: Option<String>,
    /// The `Accept` fields, in lower case.
    pub accept: String,
    /// The `Accept-Encoding` fields allow gzip.
    pub takes_gzip: bool,
    /// The `Last-Event-ID` field, of a reader of server-sent events that comes again.
    pub last_event_id: Option<u64>,
    /// Another request may follow on this connection.
    pub keep_alive: bool,
}

/// Why bytes are no request for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// They are not HTTP.
    Malformed,
    /// Its head is longer than [`MAX_HEAD`] or has more than [`MAX_FIELDS`] fields.
    TooLarge,
    /// It is neither GET nor HEAD.
    Method,
    /// It has a body.
    Body,
}

impl Request {
    /// Reads the request that `bytes` begin with; gives its length too, or `None` while it is not complete.
    ///
    /// # Errors
    /// It is not one that is answered.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, Refusal> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut head = httparse::Request::new(&mut fields);
        let length = match head.parse(bytes) {
            Ok(httparse::Status::Complete(length)) if length <= MAX_HEAD => length,
            Ok(httparse::Status::Partial) if bytes.len() < MAX_HEAD => return Ok(None),
            Ok(_) | Err(httparse::Error::TooManyHeaders) => return Err(Refusal::TooLarge),
            Err(_) => return Err(Refusal::Malformed),
        };
        let is_head = match head.method {
            Some("GET") => false,
            Some("HEAD") => true,
            _ => return Err(Refusal::Method),
        };
        let mut request = Self { is_head, keep_alive: head.version == Some(1), ..Self::default() };
        request.take_target(head.path.unwrap_or_default())?;
        for field in head.headers.iter() {
            request.take_field(field.name, field.value)?;
        }
        Ok(Some((request, length)))
    }

    /// The first value of this name in the query.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// It asks for server-sent events.
    pub fn wants_events(&self) -> bool {
        self.accept.contains("text/event-stream")
    }

    fn take_target(&mut self, target: &str) -> Result<(), Refusal> {
        // The absolute form, which proxies get, names a host of its own; nobody sends it to us.
        if !target.starts_with('/') {
            return Err(Refusal::Malformed);
        }
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let path = percent_decode_str(path).decode_utf8().map_err(|_| Refusal::Malformed)?;
        self.path = path.into_owned();
        let pairs = form_urlencoded::parse(query.as_bytes());
        self.query = pairs.map(|(name, value)| (name.into_owned(), value.into_owned())).collect();
        Ok(())
    }

    fn take_field(&mut self, name: &str, value: &[u8]) -> Result<(), Refusal> {
        let text = || -> Cow<'_, str> { String::from_utf8_lossy(value) };
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        if is("host") {
            // Two of them, and it depends on the reader which one counts (RFC 9112 section 3.2).
            if self.host.replace(text().into_owned()).is_some() {
                return Err(Refusal::Malformed);
            }
        } else if is("authorization") {
            self.authorization = Some(text().into_owned());
        } else if is("accept-encoding") {
            self.takes_gzip |= takes_gzip(&text());
        } else if is("accept") {
            self.accept.push_str(&text().to_ascii_lowercase());
            self.accept.push(',');
        } else if is("last-event-id") {
            self.last_event_id = text().trim().parse().ok();
        } else if is("connection") {
            let text = text().to_ascii_lowercase();
            let has = |wanted: &str| text.split(',').any(|option| option.trim() == wanted);
            self.keep_alive = (self.keep_alive || has("keep-alive")) && !has("close");
        } else if is("transfer-encoding") || is("content-length") && text().trim() != "0" {
            return Err(Refusal::Body);
        }
        Ok(())
    }
}

/// Whether a list of encodings names gzip, with any weight but 0 (RFC 9110 section 12.5.3).
fn takes_gzip(list: &str) -> bool {
    list.split(',').any(|item| {
        let (name, weight) = item.split_once(';').unwrap_or((item, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|weight| weight.trim().parse::<f32>().ok());
        name.trim().eq_ignore_ascii_case("gzip") && weight.is_none_or(|weight| weight > 0.0)
    })
}

/// Longest head of a request, in bytes.
pub const MAX_HEAD: usize = 8 * 1024;

/// Most fields of a request.
pub const MAX_FIELDS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Option<(Request, usize)>, Refusal> {
        Request::parse(text.as_bytes())
    }

    #[test]
    fn a_request_is_decoded() {
        let text = "GET /explain?name=VI%201&x=a+b HTTP/1.1\r\nHost: localhost:9165\r\nAccept: text/event-stream\r\n\
                    Last-Event-ID: 17\r\n\r\nGET";
        let (request, length) = parse(text).unwrap().unwrap();
        assert_eq!(length, text.len() - 3);
        assert_eq!(request.path, "/explain");
        assert_eq!(request.value("name"), Some("VI 1"));
        assert_eq!(request.value("x"), Some("a b"));
        assert_eq!(request.host.as_deref(), Some("localhost:9165"));
        assert!(request.wants_events() && request.keep_alive && !request.is_head);
        assert_eq!(request.last_event_id, Some(17));
    }

    #[test]
    fn a_head_is_awaited_until_it_is_complete_or_too_long() {
        let text = "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n";
        for end in 0..text.len() {
            assert_eq!(Request::parse(&text.as_bytes()[..end]), Ok(None), "{end}");
        }
        assert!(parse(text).unwrap().unwrap().0.is_head);
        let endless = format!("GET / HTTP/1.1\r\nX: {}", "x".repeat(MAX_HEAD));
        assert_eq!(parse(&endless), Err(Refusal::TooLarge));
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "X: y\r\n".repeat(MAX_FIELDS + 1));
        assert_eq!(parse(&many), Err(Refusal::TooLarge));
    }

    #[test]
    fn a_request_that_could_act_or_be_read_in_two_ways_is_refused() {
        assert_eq!(parse("POST / HTTP/1.1\r\n\r\n"), Err(Refusal::Method));
        assert_eq!(parse("DELETE /api/v1/status HTTP/1.1\r\n\r\n"), Err(Refusal::Method));
        assert_eq!(parse("GET / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello"), Err(Refusal::Body));
        assert_eq!(parse("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), Err(Refusal::Body));
        assert_eq!(parse("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), Err(Refusal::Malformed));
        assert_eq!(parse("GET http://evil/ HTTP/1.1\r\n\r\n"), Err(Refusal::Malformed));
        assert_eq!(parse("GET /%ff HTTP/1.1\r\n\r\n"), Err(Refusal::Malformed));
        assert_eq!(parse("\u{16}\u{3}\u{1}"), Err(Refusal::Malformed));
    }

    #[test]
    fn gzip_is_taken_where_it_is_named_and_not_refused() {
        let takes =
            |field: &str| parse(&format!("GET / HTTP/1.1\r\n{field}\r\n\r\n")).unwrap().unwrap().0.takes_gzip;
        for list in ["gzip", "gzip, deflate, br", "br;q=1.0, GZIP;q=0.8", "deflate,gzip ; q=0.001"] {
            assert!(takes(&format!("Accept-Encoding: {list}")), "{list}");
        }
        for list in ["", "identity", "gzip;q=0", "gzip;q=0.000, br", "x-gzip-like"] {
            assert!(!takes(&format!("Accept-Encoding: {list}")), "{list}");
        }
        assert!(!takes("Accept: gzip"));
    }

    #[test]
    fn a_connection_is_kept_as_the_version_and_the_client_want() {
        let keeps = |text: &str| parse(text).unwrap().unwrap().0.keep_alive;
        assert!(keeps("GET / HTTP/1.1\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
        assert!(!keeps("GET / HTTP/1.0\r\n\r\n"));
        assert!(keeps("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    }
}
