//! Which requests are answered at all.
//!
//! A page of a stranger, open in a browser beside this one, can have a name of the stranger's resolved to our address
//! (DNS rebinding); the `Host` field still carries that name. Only addresses, `localhost`, the name of this machine and
//! what the operator named are answered.

use std::fmt;
use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::request::Request;

/// Conditions under which a request is answered.
#[derive(Clone, Default)]
pub struct Access {
    /// SHA-256 of the token; `None`: everybody may read.
    token: Option<[u8; 32]>,
    /// Names that `Host` may have, in lower case.
    names: Vec<String>,
}

/// Why a request is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Its `Host` is no name of ours.
    Host,
    /// It has no token, or a wrong one.
    Token,
}

impl Access {
    /// Access with this token, if any, under these names beside addresses and `localhost`.
    pub fn new(token: Option<&[u8]>, names: impl IntoIterator<Item = String>) -> Self {
        let names = names.into_iter().map(|name| name.to_ascii_lowercase()).collect();
        Self { token: token.map(digest), names }
    }

    /// Whether this request is to be answered.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, request: &Request) -> Result<(), Denial> {
        if !request.host.as_deref().is_none_or(|host| self.is_ours(host)) {
            return Err(Denial::Host);
        }
        let Some(token) = self.token else { return Ok(()) };
        let given = request.authorization.as_deref().and_then(given_token);
        // Digests are compared in constant time: neither the length nor the first bytes of the token can be tried out.
        match given.map(|given| digest(&given).ct_eq(&token)) {
            Some(equal) if bool::from(equal) => Ok(()),
            _ => Err(Denial::Token),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        let name = without_port(host.trim()).to_ascii_lowercase();
        let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        name == "localhost" || address.parse::<IpAddr>().is_ok() || self.names.contains(&name)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.map(|_| "…");
        f.debug_struct("Access").field("token", &token).field("names", &self.names).finish()
    }
}

fn digest(token: &[u8]) -> [u8; 32] {
    Sha256::digest(token).into()
}

/// The token of `Bearer TOKEN`, or of the password that a browser asks for (`Basic`, any user).
fn given_token(authorization: &str) -> Option<Vec<u8>> {
    let (scheme, rest) = authorization.trim().split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().as_bytes().to_vec());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = STANDARD.decode(rest.trim()).ok()?;
    let colon = decoded.iter().position(|&byte| byte == b':')?;
    decoded.get(colon + 1..).map(<[u8]>::to_vec)
}

/// `host` of `host:port`; the colons of an IPv6 address stand in brackets.
fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(host: Option<&str>, authorization: Option<&str>) -> Request {
        let own = |text: &str| text.to_owned();
        Request { host: host.map(own), authorization: authorization.map(own), ..Request::default() }
    }

    #[test]
    fn a_name_of_a_stranger_is_refused() {
        let access = Access::new(None, ["Router-A".to_owned(), "vipd.example.org".to_owned()]);
        let answered = |host| access.check(&request(Some(host), None));
        for host in ["localhost", "localhost:9165", "127.0.0.1:9165", "[::1]:9165", "[::1]", "router-a:80"] {
            assert_eq!(answered(host), Ok(()), "{host}");
        }
        assert_eq!(answered("VIPD.example.org"), Ok(()));
        for host in ["evil.example", "localhost.evil.example:9165", "router-b", "", "127.0.0.1.evil.example"]
        {
            assert_eq!(answered(host), Err(Denial::Host), "{host}");
        }
        assert_eq!(
            access.check(&request(None, None)),
            Ok(()),
            "HTTP/1.0 has none, and browsers always send one"
        );
    }

    #[test]
    fn the_token_is_needed_if_there_is_one() {
        let access = Access::new(Some(b"s3cret"), []);
        let answered = |authorization| access.check(&request(Some("localhost"), authorization));
        assert_eq!(answered(None), Err(Denial::Token));
        for wrong in
            ["Bearer", "Bearer ", "Bearer s3cre", "Bearer s3cret2", "Basic", "Basic !", "Digest s3cret"]
        {
            assert_eq!(answered(Some(wrong)), Err(Denial::Token), "{wrong}");
        }
        assert_eq!(answered(Some("Bearer s3cret")), Ok(()));
        // printf 'admin:s3cret' | base64
        assert_eq!(answered(Some("Basic YWRtaW46czNjcmV0")), Ok(()));
        assert_eq!(answered(Some("Basic czNjcmV0")), Err(Denial::Token), "without a colon");
    }

    #[test]
    fn a_token_is_not_in_debug_output() {
        assert!(!format!("{:?}", Access::new(Some(b"s3cret"), [])).contains("s3cret"));
    }
}
