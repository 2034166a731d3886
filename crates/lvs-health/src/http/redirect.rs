//! Redirects of a check: where a `Location` leads, and whether it is followed (RFC 9110 §15.4, RFC 3986 §5).
//!
//! A check is about one server, so only what the same server answers for the same site is followed: another scheme, host or
//! port is a failure that names it. Each request is made over a connection of its own.

use crate::{Failure, Http, HttpMethod, Url};

/// Most redirects that a check may follow, whatever is configured.
pub(crate) const MOST: u8 = 20;

/// The next request after that one at this port, for this status and `Location`; `None` if the status is no redirect, or has
/// no `Location`.
///
/// # Errors
///
/// The redirect is not followed.
pub(crate) fn next(
    http: &Http,
    (url, port): (&Url, u16),
    status: u16,
    location: Option<&[u8]>,
) -> Result<Option<Url>, Failure> {
    let (true, Some(location)) = (matches!(status, 301 | 302 | 303 | 307 | 308), location) else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(location);
    let refuse = |why| Failure::Redirect { to: shown(&text), why };
    if !location.iter().all(u8::is_ascii_graphic) {
        return Err(refuse("not a URL"));
    }
    let scheme = if http.tls.is_some() { "https" } else { "http" };
    let target = text.split('#').next().unwrap_or_default();
    let path = match absolute(target) {
        Some((other, _, _)) if other.is_some_and(|other| !other.eq_ignore_ascii_case(scheme)) => {
            return Err(refuse("another scheme"));
        }
        Some((_, authority, path)) if is_same(authority, &url.host, (scheme, port)) => path_of(path),
        Some(_) => return Err(refuse("another host")),
        None => resolve(&url.path, target),
    };
    // RFC 9110 §15.4: a POST becomes a GET elsewhere; 307 and 308 repeat the request.
    let repeats = matches!(status, 307 | 308) || matches!(url.method, HttpMethod::Get | HttpMethod::Head);
    let method = if repeats { url.method } else { HttpMethod::Get };
    let request_body = url.request_body.clone().filter(|_| repeats);
    Ok(Some(Url { method, path, request_body, ..url.clone() }))
}

/// Scheme (if it is said), authority, and the rest of a reference that names an authority.
fn absolute(reference: &str) -> Option<(Option<&str>, &str, &str)> {
    let (scheme, rest) = if let Some(rest) = reference.strip_prefix("//") {
        (None, rest)
    } else {
        let (scheme, rest) = reference.split_once(':')?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        if !is_scheme {
            return None;
        }
        (Some(scheme), rest.strip_prefix("//").unwrap_or_default())
    };
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    Some((scheme, authority, path))
}

/// Whether two authorities are the same, with the scheme's own port or without. A server that is asked for a name alone names
/// itself with the port that it is asked at.
fn is_same(one: &str, other: &str, (scheme, port): (&str, u16)) -> bool {
    let usual = if scheme == "https" { ":443" } else { ":80" };
    let own = format!(":{port}");
    let bare = |authority: &str| {
        let name = authority.strip_suffix(usual).or_else(|| authority.strip_suffix(own.as_str()));
        name.unwrap_or(authority).to_ascii_lowercase()
    };
    bare(one) == bare(other)
}

fn path_of(path: &str) -> String {
    if path.starts_with('/') { without_dots(path) } else { format!("/{path}") }
}

/// A relative reference, seen from a path (RFC 3986 §5.2.2).
fn resolve(base: &str, reference: &str) -> String {
    let base_path = base.split(['?', '#']).next().unwrap_or_default();
    if reference.is_empty() {
        return base.to_owned();
    }
    if reference.starts_with('?') {
        return format!("{base_path}{reference}");
    }
    if reference.starts_with('/') {
        return without_dots(reference);
    }
    let folder = base_path.rfind('/').map_or("/", |slash| base_path.get(..=slash).unwrap_or("/"));
    without_dots(&format!("{folder}{reference}"))
}

/// RFC 3986 §5.2.4, of a path that begins with a slash; the query stays as it is.
fn without_dots(reference: &str) -> String {
    let (path, query) = reference.split_at(reference.find('?').unwrap_or(reference.len()));
    let mut kept: Vec<&str> = Vec::new();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    for segment in &segments {
        match *segment {
            "." => {}
            ".." => _ = kept.pop(),
            other => kept.push(other),
        }
    }
    if matches!(segments.last(), Some(&("." | ".."))) {
        kept.push("");
    }
    format!("/{}{query}", kept.join("/"))
}

/// For a log line: short, and without control characters.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect()
}

const SHOWN: usize = 160;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Tls;

    fn led(base: &str, location: &str) -> Result<String, &'static str> {
        let url = Url::new(base, "www.example.org");
        match next(&Http::new([]), (&url, 8443), 302, Some(location.as_bytes())) {
            Ok(next) => Ok(next.unwrap().path),
            Err(Failure::Redirect { why, .. }) => Err(why),
            Err(other) => panic!("{other}"),
        }
    }

    /// The examples of RFC 3986 §5.4 that stay on the host, with `/b/c/d;p?q` as base.
    #[test]
    fn relative_locations_are_resolved_as_the_rfc_says() {
        for (reference, path) in [
            ("g", "/b/c/g"),
            ("./g", "/b/c/g"),
            ("g/", "/b/c/g/"),
            ("/g", "/g"),
            ("?y", "/b/c/d;p?y"),
            ("g?y", "/b/c/g?y"),
            ("g#s", "/b/c/g"),
            (";x", "/b/c/;x"),
            ("", "/b/c/d;p?q"),
            (".", "/b/c/"),
            ("./", "/b/c/"),
            ("..", "/b/"),
            ("../g", "/b/g"),
            ("../..", "/"),
            ("../../g", "/g"),
            ("../../../g", "/g"),
            ("/./g", "/g"),
            ("/../g", "/g"),
            ("g.", "/b/c/g."),
            ("..g", "/b/c/..g"),
            ("./../g", "/b/g"),
            ("g/../h", "/b/c/h"),
            ("g?y/../x", "/b/c/g?y/../x"),
        ] {
            assert_eq!(led("/b/c/d;p?q", reference).as_deref(), Ok(path), "{reference}");
        }
    }

    #[test]
    fn only_the_same_scheme_host_and_port_are_followed() {
        for (location, result) in [
            ("http://www.example.org/x", Ok("/x")),
            ("HTTP://WWW.example.org:80/x?y", Ok("/x?y")),
            ("http://www.example.org", Ok("/")),
            ("http://www.example.org?y", Ok("/?y")),
            ("//www.example.org/x", Ok("/x")),
            ("https://www.example.org/x", Err("another scheme")),
            ("ftp:x", Err("another scheme")),
            ("http:x", Err("another host")),
            ("http://example.org/x", Err("another host")),
            ("http://www.example.org:8443/x", Ok("/x")),
            ("http://www.example.org:8080/x", Err("another host")),
            ("http://me@www.example.org/x", Err("another host")),
            ("//10.0.0.1/x", Err("another host")),
            ("/x y", Err("not a URL")),
            ("/x\r\nHost: y", Err("not a URL")),
        ] {
            let led = led("/", location);
            assert_eq!(led.as_deref().map_err(|why| *why), result, "{location}");
        }
        let https = Http { tls: Some(Tls::default()), ..Http::new([]) };
        let url = Url::new("/", "www.example.org");
        assert!(next(&https, (&url, 443), 301, Some(b"https://www.example.org:443/x")).is_ok());
        let failure = next(&https, (&url, 443), 301, Some(b"http://www.example.org/x")).unwrap_err();
        assert_eq!(
            failure.to_string(),
            "redirect to http://www.example.org/x is not followed: another scheme"
        );
    }

    #[test]
    fn a_post_is_repeated_only_where_the_status_says_so() {
        let url = Url {
            method: HttpMethod::Post,
            request_body: Some(b"x".as_slice().into()),
            ..Url::new("/", "www.example.org")
        };
        for (status, method) in [(302, HttpMethod::Get), (303, HttpMethod::Get), (307, HttpMethod::Post)] {
            let next = next(&Http::new([]), (&url, 80), status, Some(b"/y")).unwrap().unwrap();
            assert_eq!(
                (next.method, next.request_body.is_some()),
                (method, method == HttpMethod::Post),
                "{status}"
            );
        }
        for (status, location) in [(200, Some(&b"/y"[..])), (304, Some(b"/y")), (302, None)] {
            assert_eq!(next(&Http::new([]), (&url, 80), status, location), Ok(None), "{status}");
        }
    }
}
