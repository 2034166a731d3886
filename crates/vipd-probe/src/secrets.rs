//! Logins of checks: where they are, and that none is shown.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use keepalived_conf::model::HIDDEN;
use keepalived_conf::model::lvs::{Checker, CheckerKind, HttpVersion};

/// Whether the login of a check is replaced by asterisks, so that the check cannot be made.
pub(super) fn is_hidden(checker: &Checker) -> bool {
    match &checker.kind {
        CheckerKind::Http(_, http) => {
            http.headers.iter().any(|(_, value)| value == HIDDEN)
                || http.basic_auth.as_ref().is_some_and(|(_, password)| password == HIDDEN)
        }
        CheckerKind::Server(_, server) => server.password == HIDDEN,
        _ => false,
    }
}

/// The pieces of a dialogue that may be shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Secrets {
    /// Texts that are replaced wherever they stand.
    texts: Vec<Vec<u8>>,
    /// What is sent holds a login in a form that cannot be recognised (hashed, packed): only its length is shown.
    hides_sent: bool,
}

impl Secrets {
    /// Those of a check.
    pub(super) fn of(checker: &Checker) -> Self {
        let mut secrets = Self::default();
        match &checker.kind {
            CheckerKind::Http(_, http) => {
                secrets.add(http.headers.iter().map(|(_, value)| value.clone()));
                if let Some((user, password)) = &http.basic_auth {
                    let encoded = BASE64_STANDARD.encode(format!("{user}:{password}"));
                    secrets.add([password.clone(), encoded]);
                }
                // Its headers are compressed.
                secrets.hides_sent = http.version == HttpVersion::Http2 && !secrets.texts.is_empty();
            }
            CheckerKind::Server(_, server) => {
                secrets.add([server.password.clone()]);
                secrets.hides_sent = !secrets.texts.is_empty();
            }
            _ => {}
        }
        secrets
    }

    fn add(&mut self, texts: impl IntoIterator<Item = String>) {
        self.texts.extend(texts.into_iter().filter(|text| !text.is_empty()).map(String::into_bytes));
        // A long one may hold a short one.
        self.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    }

    /// What may be shown of a piece; none if nothing but its length may.
    pub(super) fn shown(&self, bytes: &[u8], is_sent: bool) -> Option<Vec<u8>> {
        if is_sent && self.hides_sent {
            return None;
        }
        let mut shown = bytes.to_vec();
        for secret in &self.texts {
            shown = replaced(&shown, secret);
        }
        Some(shown)
    }
}

fn replaced(bytes: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut shown = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, others)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(secret) {
            shown.extend_from_slice(HIDDEN.as_bytes());
            rest = behind;
        } else {
            shown.push(*first);
            rest = others;
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checker(check: &str) -> Checker {
        let text = format!(
            "virtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\nreal_server 192.0.2.11 80 {{\n{check}\n}}\n}}"
        );
        let mut config = keepalived_conf::load_str(&text).config;
        config.virtual_servers[0].real_servers[0].checkers.remove(0)
    }

    #[test]
    fn a_secret_is_replaced_whole_wherever_it_stands() {
        let http =
            checker("HTTP_GET {\nurl {\npath /\n}\nheader \"X-Key: opensesame\"\nbasic_auth ada hunter2\n}");
        let secrets = Secrets::of(&http);
        let sent = b"GET / HTTP/1.0\r\nX-Key: opensesame\r\nAuthorization: Basic YWRhOmh1bnRlcjI=\r\n\r\n";
        let shown = String::from_utf8(secrets.shown(sent, true).unwrap()).unwrap();
        assert_eq!(shown, "GET / HTTP/1.0\r\nX-Key: ********\r\nAuthorization: Basic ********\r\n\r\n");
        let echoed = secrets.shown(b"you are hunter2hunter2", false).unwrap();
        assert_eq!(echoed, b"you are ****************");
    }

    #[test]
    fn a_login_that_is_packed_hides_what_is_sent() {
        for check in [
            "REDIS_CHECK {\npassword hunter2\n}",
            "MYSQL_CHECK {\nlogin ada hunter2\n}",
            "HTTP_GET {\nurl {\npath /\n}\nhttp_protocol 2\nbasic_auth ada hunter2\n}",
        ] {
            let secrets = Secrets::of(&checker(check));
            assert_eq!(secrets.shown(b"anything", true), None, "{check}");
            assert!(secrets.shown(b"anything", false).is_some(), "{check}");
        }
        let without = Secrets::of(&checker("REDIS_CHECK {\n}"));
        assert!(without.shown(b"PING", true).is_some());
    }

    #[test]
    fn a_check_of_a_configuration_without_secrets_is_known() {
        let mut login = checker("REDIS_CHECK {\npassword hunter2\n}");
        assert!(!is_hidden(&login));
        login.hide_secrets();
        assert!(is_hidden(&login));
        let mut without = checker("REDIS_CHECK {\n}");
        without.hide_secrets();
        assert!(!is_hidden(&without));
    }
}
