//! PostgreSQL: frontend/backend protocol 3.0, as far as a login and one question.
//!
//! ```text
//! start      4 bytes length, 196608, "user" NUL name NUL "database" NUL name NUL NUL
//! message    1 byte type, 4 bytes length (with itself), payload
//! R          authentication: 0 done, 3 plain password, 5 MD5 with 4 bytes of salt, 10 SASL, 11 SASL goes on, 12 SASL ends
//! E          error: fields of a letter and a text that ends in NUL (M the words, C the SQLSTATE)
//! Z          ready for a query          D  a row: 2 bytes count, for each column 4 bytes length and its text
//! ```

use md5::{Digest as _, Md5};

use super::scram::Scram;
use super::{Inbox, Postgresql, Role, judge_role, refused};
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// A `PGSQL_CHECK`'s dialogue.
#[derive(Debug)]
pub(crate) struct Check {
    config: Postgresql,
    inbox: Inbox,
    scram: Scram,
    /// The server said that the login is done.
    logged_in: bool,
}

impl Check {
    /// A dialogue that has not begun; `nonce` is a number that the last attempt did not have.
    pub(crate) fn new(config: &Postgresql, nonce: u32) -> Self {
        Self { config: config.clone(), inbox: Inbox::default(), scram: Scram::new(nonce), logged_in: false }
    }

    fn read(&mut self, out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        while let [kind, a, b, c, d, ..] = *self.inbox.0.as_slice() {
            let length = u32::from_be_bytes([a, b, c, d]) as usize;
            if length < 4 {
                return Err(BAD);
            }
            let Some(message) = self.inbox.take(1 + length)? else { break };
            if let Some(outcome) = self.handle_message(kind, message.get(5..).unwrap_or_default(), out)? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    fn handle_message(
        &mut self,
        kind: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>, Failure> {
        match kind {
            b'R' => self.handle_authentication(payload, out),
            b'E' => Err(error(payload)),
            b'Z' if self.logged_in => {
                message(b'Q', b"SELECT pg_is_in_recovery()\0", out);
                Ok(None)
            }
            b'D' if self.logged_in => {
                let actual = match payload.last() {
                    Some(b'f') => Role::Primary,
                    Some(b't') => Role::Replica,
                    _ => return Err(BAD),
                };
                judge_role(self.config.role, actual)?;
                Ok(Some(pass(out)))
            }
            // Parameters, keys, notices, and what surrounds a row.
            b'S' | b'K' | b'N' | b'T' | b'C' | b'v' => Ok(None),
            _ => Err(BAD),
        }
    }

    fn handle_authentication(
        &mut self,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>, Failure> {
        let (code, data) = payload.split_first_chunk().ok_or(BAD)?;
        let code = u32::from_be_bytes(*code);
        if code == 0 {
            self.logged_in = true;
            return Ok(self.config.role.is_none().then(|| pass(out)));
        }
        if self.config.login.password.is_empty() {
            // The server takes logins: without a password that is all there is to know.
            return Ok(Some(pass(out)));
        }
        match code {
            3 => password(self.config.login.password.as_bytes(), out),
            5 => password(self.md5(data).as_bytes(), out),
            10 => self.begin_scram(data, out)?,
            11 => {
                let text = std::str::from_utf8(data).map_err(|_| BAD)?;
                let last = self.scram.last(&self.config.login.password, text);
                let last = last.map_err(|broken| Failure::Malformed(broken.0))?;
                message(b'p', last.as_bytes(), out);
            }
            12 => {
                let text = std::str::from_utf8(data).map_err(|_| BAD)?;
                if !self.scram.is_proven(text) {
                    return Err(Failure::Malformed("the server does not prove that it knows the password"));
                }
            }
            _ => return Err(refused("PostgreSQL", b"it wants a login method that is unknown here")),
        }
        Ok(None)
    }

    fn begin_scram(&self, methods: &[u8], out: &mut Vec<u8>) -> Result<(), Failure> {
        if !methods.split(|byte| *byte == 0).any(|method| method == SCRAM) {
            return Err(refused("PostgreSQL", b"it wants a SASL method that is unknown here"));
        }
        let first = self.scram.first();
        let length = u32::try_from(first.len()).unwrap_or(0).to_be_bytes();
        message(b'p', &[SCRAM, b"\0", &length, first.as_bytes()].concat(), out);
        Ok(())
    }

    /// `md5` and the digest of the digest of password and name, and the salt.
    fn md5(&self, salt: &[u8]) -> String {
        let login = &self.config.login;
        let inner =
            hexadecimal(&Md5::new().chain_update(&login.password).chain_update(&login.user).finalize());
        format!("md5{}", hexadecimal(&Md5::new().chain_update(inner).chain_update(salt).finalize()))
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Ends the connection in order, so that the server logs nothing.
fn pass(out: &mut Vec<u8>) -> Outcome {
    message(b'X', b"", out);
    Outcome::Pass(WeightUpdate::Unchanged)
}

fn password(text: &[u8], out: &mut Vec<u8>) {
    message(b'p', &[text, b"\0"].concat(), out);
}

fn message(kind: u8, payload: &[u8], out: &mut Vec<u8>) {
    out.push(kind);
    out.extend_from_slice(&u32::try_from(payload.len() + 4).unwrap_or(4).to_be_bytes());
    out.extend_from_slice(payload);
}

fn error(fields: &[u8]) -> Failure {
    let words = fields.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"M"));
    refused("PostgreSQL", words.unwrap_or(b"no reason given"))
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        let mut start = VERSION.to_be_bytes().to_vec();
        for (name, value) in [("user", &self.config.login.user), ("database", &self.config.database)] {
            // A name of nothing is the checking program's own.
            let value = if value.is_empty() && name == "user" { DEFAULT_USER } else { value };
            if !value.is_empty() {
                let value = value.replace('\0', "");
                start.extend_from_slice(format!("{name}\0{value}\0").as_bytes());
            }
        }
        start.push(0);
        out.extend_from_slice(&u32::try_from(start.len() + 4).unwrap_or(4).to_be_bytes());
        out.extend_from_slice(&start);
        None
    }

    fn handle_input(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<Outcome> {
        let read = self.inbox.add(input).and_then(|()| self.read(out));
        read.unwrap_or_else(|failure| Some(Outcome::Fail(failure)))
    }

    fn handle_end(&mut self) -> Outcome {
        Outcome::Fail(Failure::Closed(self.awaits()))
    }

    fn awaits(&self) -> &'static str {
        if self.logged_in { "answer to the query" } else { "answer to the login" }
    }
}

const BAD: Failure = Failure::Malformed("no message of PostgreSQL");
const SCRAM: &[u8] = b"SCRAM-SHA-256";
/// Protocol 3.0.
const VERSION: u32 = 196_608;
const DEFAULT_USER: &str = "healthcheck";

#[cfg(test)]
mod tests {
    use super::super::Login;
    use super::super::testing::{is_robust, talk};
    use super::*;

    const PASS: Option<Outcome> = Some(Outcome::Pass(WeightUpdate::Unchanged));

    fn check(user: &str, password: &str, role: Option<Role>) -> Check {
        let login = Login { user: user.into(), password: password.into() };
        Check::new(&Postgresql { login, database: "app".into(), role }, 1)
    }

    fn said(kind: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        message(kind, payload, &mut out);
        out
    }

    #[test]
    fn a_server_that_asks_for_a_password_takes_logins() {
        let (sent, outcome) = talk(check("lb", "", None), [&said(b'R', &[0, 0, 0, 5, 1, 2, 3, 4])[..]]);
        assert_eq!(outcome, PASS);
        assert_eq!(&sent[..8], &[0, 0, 0, 30, 0, 3, 0, 0]);
        assert_eq!(&sent[8..30], b"user\0lb\0database\0app\0\0");
        assert_eq!(&sent[30..], b"X\0\0\0\x04");
    }

    #[test]
    fn a_server_that_starts_up_fails() {
        let error = said(b'E', b"SFATAL\0C57P03\0Mthe database system is starting up\0\0");
        let Some(Outcome::Fail(failure)) = talk(check("lb", "", None), [&error[..]]).1 else {
            panic!("it has to fail")
        };
        assert_eq!(failure.to_string(), "PostgreSQL refuses: the database system is starting up");
    }

    #[test]
    fn an_md5_login_is_as_in_the_manual() {
        // md5(md5("secret" + "lb") + salt), computed with Python's hashlib.
        let (sent, outcome) = talk(
            check("lb", "secret", None),
            [&said(b'R', &[0, 0, 0, 5, 1, 2, 3, 4])[..], &said(b'R', &[0, 0, 0, 0])],
        );
        assert_eq!(outcome, PASS);
        assert!(sent.windows(MD5_PROOF.len()).any(|window| window == MD5_PROOF.as_bytes()), "{sent:x?}");
    }

    const MD5_PROOF: &str = "md536507163f20dc0a8a8bfafa8b76f371e";

    #[test]
    fn the_role_is_asked_for_after_the_login() {
        let done = [said(b'R', &[0, 0, 0, 0]), said(b'S', b"x\0y\0"), said(b'Z', b"I")].concat();
        let row =
            |value: &[u8]| [said(b'T', b"\0\0"), said(b'D', &[&[0, 1, 0, 0, 0, 1], value].concat())].concat();
        let answers = [done.clone(), row(b"f")].concat();
        assert_eq!(talk(check("lb", "x", Some(Role::Primary)), [&answers[..]]).1, PASS);
        is_robust(|| check("lb", "x", Some(Role::Primary)), &answers);
        let failure = Failure::Role { wanted: Role::Primary, actual: Role::Replica };
        let outcome = talk(check("lb", "x", Some(Role::Primary)), [&done[..], &row(b"t")]).1;
        assert_eq!(outcome, Some(Outcome::Fail(failure)));
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_refused() {
        let begin = said(b'R', &[&[0, 0, 0, 10], &b"SCRAM-SHA-256\0\0"[..]].concat());
        let nonce = Scram::new(1).first();
        let nonce = nonce.rsplit("r=").next().unwrap_or_default();
        let go_on = [&[0, 0, 0, 11], format!("r={nonce}X,s=AAAA,i=10").as_bytes()].concat();
        let end = [&[0, 0, 0, 12], &b"v=AAAA"[..]].concat();
        let answers = [begin, said(b'R', &go_on), said(b'R', &end)].concat();
        let failure = Failure::Malformed("the server does not prove that it knows the password");
        assert_eq!(talk(check("lb", "x", None), [&answers[..]]).1, Some(Outcome::Fail(failure)));
    }
}
