//! The request: the octets keepalived sends, and the fields that may be added to them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::dialogue::PrepareError;
use crate::{Http, HttpVersion, Url};

/// keepalived's name, which operators find in their logs and filter for.
pub(crate) const USER_AGENT: &str = "KeepAliveClient";

/// An HTTP/1 request as a whole (RFC 9112 §3).
///
/// # Errors
///
/// [`PrepareError::Unsendable`] if some part would be read as the end of its line.
pub(crate) fn http1(http: &Http, url: &Url) -> Result<Vec<u8>, PrepareError> {
    let version = match http.version {
        HttpVersion::Http10 | HttpVersion::Http10Close => "1.0",
        HttpVersion::Http11 | HttpVersion::Http2 => "1.1",
    };
    let fields = fields(http, url)?;
    let mut request = format!("{} {} HTTP/{version}\r\n", url.method.name(), path(url)?);
    for (name, value) in &fields {
        request.extend([name, ": ", value, "\r\n"]);
    }
    request.push_str("\r\n");
    let mut request = request.into_bytes();
    request.extend_from_slice(url.request_body.as_deref().unwrap_or_default());
    Ok(request)
}

/// The header fields of a request, in keepalived's order; those that are configured follow.
pub(crate) fn fields(http: &Http, url: &Url) -> Result<Vec<(String, String)>, PrepareError> {
    let mut fields = vec![("User-Agent".to_owned(), USER_AGENT.to_owned())];
    if http.version != HttpVersion::Http10 {
        fields.push(("Connection".to_owned(), "close".to_owned()));
    }
    fields.push(("Host".to_owned(), url.host.clone()));
    let empty = url.method.anticipates_content().then_some(0);
    if let Some(octets) = url.request_body.as_ref().map(|body| body.len()).or(empty) {
        fields.push(("Content-Length".to_owned(), octets.to_string()));
    }
    add_fields(&mut fields, http)?;
    Ok(fields)
}

/// The path, if it is one line.
pub(crate) fn path(url: &Url) -> Result<&str, PrepareError> {
    one_line("path", &url.path)
}

/// Adds the credentials and the configured fields; a configured one replaces another of the same name.
fn add_fields(fields: &mut Vec<(String, String)>, http: &Http) -> Result<(), PrepareError> {
    if let Some(auth) = &http.basic_auth {
        if auth.user.contains(':') {
            return Err(PrepareError::Unsendable { part: "user", text: auth.user.clone() });
        }
        let credentials = STANDARD.encode(format!("{}:{}", auth.user, auth.password));
        fields.push(("Authorization".to_owned(), format!("Basic {credentials}")));
    }
    for (name, value) in &http.headers {
        fields.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        fields.push((name.clone(), value.clone()));
    }
    for (name, value) in fields {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(PrepareError::Unsendable { part: "header name", text: name.clone() });
        }
        one_line("header value", value)?;
    }
    Ok(())
}

/// The text itself, if it does not end its line.
pub(crate) fn one_line<'t>(part: &'static str, text: &'t str) -> Result<&'t str, PrepareError> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(PrepareError::Unsendable { part, text: text.to_owned() });
    }
    Ok(text)
}

/// `tchar` (RFC 9110 §5.6.2)
fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&octet)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{BasicAuth, HttpMethod, StatusCodes};

    fn http(version: HttpVersion) -> Http {
        Http { urls: Vec::new(), version, tls: None, headers: Vec::new(), basic_auth: None }
    }

    fn url(host: &str) -> Url {
        Url {
            method: HttpMethod::Get,
            path: "/a?b=c".to_owned(),
            request_body: None,
            host: host.to_owned(),
            server_name: None,
            status: StatusCodes::default(),
            digest: None,
            pattern: None,
            follow_redirects: 0,
            body: None,
            tls_compliant: false,
        }
    }

    fn text(http: &Http, url: &Url) -> String {
        String::from_utf8(http1(http, url).unwrap()).unwrap()
    }

    /// Captured from keepalived 2.2.7 on Debian 12.
    #[test]
    fn requests_are_those_of_keepalived() {
        assert_eq!(
            text(&http(HttpVersion::Http10), &url("127.0.0.1:8002")),
            "GET /a?b=c HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: 127.0.0.1:8002\r\n\r\n"
        );
        assert_eq!(
            text(&http(HttpVersion::Http10Close), &url("127.0.0.1:8003")),
            "GET /a?b=c HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: 127.0.0.1:8003\r\n\r\n"
        );
        assert_eq!(
            text(&http(HttpVersion::Http11), &url("[::1]:8012")),
            "GET /a?b=c HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: [::1]:8012\r\n\r\n"
        );
        assert_eq!(
            text(&http(HttpVersion::Http11), &url("www.example.org")),
            "GET /a?b=c HTTP/1.1\r\nUser-Agent: KeepAliveClient\r\nConnection: close\r\nHost: www.example.org\r\n\r\n"
        );
        assert_eq!(
            text(&http(HttpVersion::Http10), &url("www.example.org:99")),
            "GET /a?b=c HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: www.example.org:99\r\n\r\n"
        );
    }

    #[test]
    fn a_request_says_how_long_its_content_is() {
        let old = http(HttpVersion::Http10);
        let asked = |method, content: Option<&str>| {
            let request_body = content.map(|content| content.as_bytes().into());
            text(&old, &Url { method, request_body, ..url("a") })
        };
        let start = "/a?b=c HTTP/1.0\r\nUser-Agent: KeepAliveClient\r\nHost: a\r\n";
        assert_eq!(asked(HttpMethod::Head, None), format!("HEAD {start}\r\n"));
        assert_eq!(asked(HttpMethod::Delete, None), format!("DELETE {start}\r\n"));
        assert_eq!(asked(HttpMethod::Put, None), format!("PUT {start}Content-Length: 0\r\n\r\n"));
        let content = "line one\r\n\r\nline two";
        assert_eq!(
            asked(HttpMethod::Post, Some(content)),
            format!("POST {start}Content-Length: 20\r\n\r\n{content}")
        );
    }

    #[test]
    fn configured_fields_follow_and_replace() {
        let mut http = http(HttpVersion::Http10);
        http.basic_auth = Some(BasicAuth { user: "Aladdin".to_owned(), password: "open sesame".to_owned() });
        http.headers =
            vec![("X-Check".to_owned(), "yes".to_owned()), ("user-agent".to_owned(), "vipd".to_owned())];
        assert_eq!(
            text(&http, &url("a")),
            // The credentials are the example of RFC 7617 section 2.
            "GET /a?b=c HTTP/1.0\r\nHost: a\r\nAuthorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n\
             X-Check: yes\r\nuser-agent: vipd\r\n\r\n"
        );
    }

    #[test]
    fn nothing_configured_can_end_its_line() {
        let plain = http(HttpVersion::Http10);
        let path = Url { path: "/ HTTP/1.0\r\nX: y".to_owned(), ..url("a") };
        assert!(matches!(http1(&plain, &path), Err(PrepareError::Unsendable { part: "path", .. })));
        let host = url("a\nb");
        assert!(matches!(http1(&plain, &host), Err(PrepareError::Unsendable { part: "header value", .. })));
        let field = Http { headers: vec![("a b".to_owned(), String::new())], ..plain.clone() };
        assert!(matches!(
            http1(&field, &url("a")),
            Err(PrepareError::Unsendable { part: "header name", .. })
        ));
        let auth = BasicAuth { user: "a:b".to_owned(), password: String::new() };
        let field = Http { basic_auth: Some(auth), ..plain };
        assert!(matches!(http1(&field, &url("a")), Err(PrepareError::Unsendable { part: "user", .. })));
    }
}
