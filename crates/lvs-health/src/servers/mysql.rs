//! MySQL and MariaDB: the greeting (protocol 10), and a login with `mysql_native_password` or `caching_sha2_password`.
//!
//! ```text
//! packet     3 bytes length, 1 byte sequence number, payload
//! greeting   0a, version NUL, 4 bytes, 8 bytes of salt, 0, 2 + 1 + 2 + 2 bytes, length of the salt, 10 bytes, 12 bytes of salt, NUL,
//!            name of the method NUL
//! then       00 success, ff error, fe another method and salt, 01 more (03 success follows, 04 the password itself is wanted)
//! ```

use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use super::{Inbox, Login, Mysql, refused};
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// A `MYSQL_CHECK`'s dialogue.
#[derive(Debug)]
pub(crate) struct Check {
    login: Login,
    inbox: Inbox,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    Login,
}

/// A proof of a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Native,
    CachingSha2,
}

impl Method {
    const fn name(self) -> &'static str {
        match self {
            Self::Native => "mysql_native_password",
            Self::CachingSha2 => "caching_sha2_password",
        }
    }

    fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Native, Self::CachingSha2].into_iter().find(|method| method.name().as_bytes() == name)
    }

    /// The proof that the password is known: nothing for none.
    fn proof(self, password: &str, salt: &[u8]) -> Vec<u8> {
        match self {
            _ if password.is_empty() => Vec::new(),
            Self::Native => {
                let once = Sha1::digest(password);
                xor(&once, &Sha1::new().chain_update(salt).chain_update(Sha1::digest(once)).finalize())
            }
            Self::CachingSha2 => {
                let once = Sha256::digest(password);
                xor(
                    &once,
                    &Sha256::new()
                        .chain_update(Sha256::digest(Sha256::digest(password)))
                        .chain_update(salt)
                        .finalize(),
                )
            }
        }
    }
}

fn xor(left: &[u8], right: &[u8]) -> Vec<u8> {
    left.iter().zip(right).map(|(left, right)| left ^ right).collect()
}

impl Check {
    pub(crate) fn new(config: &Mysql) -> Self {
        Self { login: config.login.clone(), inbox: Inbox::default(), state: State::Greeting }
    }

    fn read(&mut self, out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        while let [low, middle, high, sequence, ..] = *self.inbox.0.as_slice() {
            let length = u32::from_le_bytes([low, middle, high, 0]) as usize;
            let Some(packet) = self.inbox.take(4 + length)? else { break };
            let payload = packet.get(4..).unwrap_or_default();
            if let Some(outcome) = self.handle_packet(sequence.wrapping_add(1), payload, out)? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    fn handle_packet(
        &mut self,
        sequence: u8,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>, Failure> {
        match (self.state, payload) {
            (_, [0xff, rest @ ..]) => Err(error(rest)),
            (State::Greeting, [10, rest @ ..]) => self.handle_greeting(sequence, rest, out),
            (State::Login, [0, ..]) => {
                packet(0, &[QUIT], out);
                Ok(Some(Outcome::Pass(WeightUpdate::Unchanged)))
            }
            (State::Login, [0xfe, rest @ ..]) => {
                let (name, salt) = split(rest).ok_or(BAD)?;
                let method = Method::from_name(name).ok_or_else(|| unknown(name))?;
                let salt = salt.strip_suffix(&[0]).unwrap_or(salt);
                packet(sequence, &method.proof(&self.login.password, salt), out);
                Ok(None)
            }
            (State::Login, [1, 3]) => Ok(None),
            (State::Login, [1, 4]) => Err(Failure::Malformed(
                "the server wants the password itself, which is not sent without TLS (log in elsewhere once, \
                 or use mysql_native_password)",
            )),
            _ => Err(BAD),
        }
    }

    fn handle_greeting(
        &mut self,
        sequence: u8,
        rest: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Option<Outcome>, Failure> {
        let greeting = Greeting::parse(rest).ok_or(BAD)?;
        if self.login.user.is_empty() {
            return Ok(Some(Outcome::Pass(WeightUpdate::Unchanged)));
        }
        // A method that is unknown here is only the server's first choice: it asks for another one.
        let method = Method::from_name(greeting.method).unwrap_or(Method::Native);
        let proof = method.proof(&self.login.password, &greeting.salt);
        let mut response = Vec::new();
        response.extend_from_slice(&CAPABILITIES.to_le_bytes());
        response.extend_from_slice(&MAX_PACKET.to_le_bytes());
        response.push(UTF8);
        response.extend_from_slice(&[0; 23]);
        response.extend_from_slice(without_nul(&self.login.user).as_bytes());
        response.push(0);
        response.push(u8::try_from(proof.len()).unwrap_or(0));
        response.extend_from_slice(&proof);
        response.extend_from_slice(method.name().as_bytes());
        response.push(0);
        packet(sequence, &response, out);
        self.state = State::Login;
        Ok(None)
    }
}

/// The parts of a greeting that a login needs.
struct Greeting<'a> {
    salt: Vec<u8>,
    method: &'a [u8],
}

impl<'a> Greeting<'a> {
    fn parse(rest: &'a [u8]) -> Option<Self> {
        let (_version, rest) = split(rest)?;
        let first = rest.get(4..12)?;
        let more = rest.get(31..).unwrap_or_default();
        let (second, method) = more.split_at_checked(13).unwrap_or((more, &[]));
        let second = second.split(|byte| *byte == 0).next().unwrap_or_default();
        let method = method.split(|byte| *byte == 0).next().unwrap_or_default();
        Some(Self { salt: [first, second].concat(), method })
    }
}

/// A text that ends in NUL, and what follows.
fn split(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().position(|byte| *byte == 0)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}

fn without_nul(text: &str) -> String {
    text.chars().filter(|c| *c != '\0').collect()
}

/// Appends a packet. Ours are far shorter than the 16 MiB that its length can say.
fn packet(sequence: u8, payload: &[u8], out: &mut Vec<u8>) {
    let [low, middle, high, _] = u32::try_from(payload.len()).unwrap_or(0).to_le_bytes();
    out.extend_from_slice(&[low, middle, high, sequence]);
    out.extend_from_slice(payload);
}

/// Two bytes of error number, perhaps `#` and five of SQLSTATE, words.
fn error(rest: &[u8]) -> Failure {
    let words = rest.get(2..).unwrap_or_default();
    let words = if words.starts_with(b"#") { words.get(6..).unwrap_or_default() } else { words };
    refused("MySQL", words)
}

fn unknown(method: &[u8]) -> Failure {
    let method = String::from_utf8_lossy(method);
    refused("MySQL", format!("it wants the login method {method}, which is unknown here").as_bytes())
}

impl Exchange for Check {
    fn handle_connected(&mut self, _out: &mut Vec<u8>) -> Option<Outcome> {
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
        match self.state {
            State::Greeting => "MySQL greeting",
            State::Login => "answer to the login",
        }
    }
}

const BAD: Failure = Failure::Malformed("no message of MySQL");
/// `COM_QUIT`
const QUIT: u8 = 1;
/// `LONG_PASSWORD`, `PROTOCOL_41`, `SECURE_CONNECTION`, `PLUGIN_AUTH`
const CAPABILITIES: u32 = 0x1 | 0x200 | 0x8000 | 0x8_0000;
const MAX_PACKET: u32 = 0xff_ffff;
/// `utf8_general_ci`
const UTF8: u8 = 33;

#[cfg(test)]
mod tests {
    use super::super::testing::{is_robust, talk};
    use super::*;

    const PASS: Option<Outcome> = Some(Outcome::Pass(WeightUpdate::Unchanged));

    fn check(user: &str, password: &str) -> Check {
        Check::new(&Mysql { login: Login { user: user.into(), password: password.into() } })
    }

    fn greeting(method: &str) -> Vec<u8> {
        let mut payload = b"\x0a8.0.36\0\x08\0\0\0".to_vec();
        payload.extend_from_slice(b"abcdefgh\0");
        payload.extend_from_slice(&[0xff, 0xff, 33, 2, 0, 0xff, 0xc3, 21]);
        payload.extend_from_slice(&[0; 10]);
        payload.extend_from_slice(b"ijklmnopqrst\0");
        payload.extend_from_slice(method.as_bytes());
        payload.push(0);
        let mut out = Vec::new();
        packet(0, &payload, &mut out);
        out
    }

    fn message(sequence: u8, payload: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        packet(sequence, payload, &mut out);
        out
    }

    #[test]
    fn a_greeting_is_enough_without_a_user() {
        let (said, outcome) = talk(check("", ""), [&greeting("mysql_native_password")[..]]);
        assert_eq!((said.len(), outcome), (0, PASS));
    }

    #[test]
    fn a_login_proves_the_password_and_ends_in_order() {
        let ok = message(2, &[0, 0, 0, 2, 0, 0, 0]);
        let (said, outcome) = talk(check("lb", "secret"), [&greeting("mysql_native_password")[..], &ok]);
        assert_eq!(outcome, PASS);
        // SHA1("secret") ^ SHA1(salt + SHA1(SHA1("secret"))), computed with Python's hashlib.
        let proof = NATIVE_PROOF;
        assert!(said.windows(20).any(|window| window == proof), "{said:x?}");
        assert!(said.ends_with(&[1, 0, 0, 0, 1]), "COM_QUIT");
    }

    /// As Python's hashlib says for the salt `abcdefghijklmnopqrst` and the password `secret`.
    const NATIVE_PROOF: [u8; 20] = [
        0x88, 0x17, 0xc5, 0x0f, 0xa7, 0x79, 0xda, 0xef, 0x01, 0x0e, 0xe7, 0x57, 0x78, 0x25, 0xb0, 0x84, 0x7d,
        0xf9, 0x84, 0x2e,
    ];
    const SHA2_PROOF: [u8; 32] = [
        0xc7, 0x6e, 0x28, 0x98, 0x61, 0x2a, 0x4c, 0xf0, 0x42, 0xc7, 0x7f, 0xa8, 0xc4, 0x70, 0x2c, 0x4c, 0x64,
        0xc0, 0xc2, 0xc5, 0x57, 0xc5, 0x3c, 0x4d, 0x75, 0x59, 0x5a, 0xaa, 0x6a, 0xba, 0xe8, 0x09,
    ];

    #[test]
    fn another_method_is_taken_up() {
        let switch = [&[0xfe][..], b"caching_sha2_password\0abcdefghijklmnopqrst\0"].concat();
        let answers = [
            greeting("client_ed25519"),
            message(2, &switch),
            message(4, &[1, 3]),
            message(5, &[0, 0, 0, 2, 0, 0, 0]),
        ]
        .concat();
        let (said, outcome) = talk(check("lb", "secret"), [&answers[..]]);
        assert_eq!(outcome, PASS);
        assert!(said.windows(32).any(|window| window == SHA2_PROOF), "{said:x?}");
        is_robust(|| check("lb", "secret"), &answers);
    }

    #[test]
    fn a_refusal_is_told_in_the_servers_words() {
        let denied = message(2, b"\xff\x15\x04#28000Access denied for user 'lb'@'10.0.0.1'");
        let outcome = talk(check("lb", "x"), [&greeting("mysql_native_password")[..], &denied]).1;
        let Some(Outcome::Fail(failure)) = outcome else { panic!("it has to fail") };
        assert_eq!(failure.to_string(), "MySQL refuses: Access denied for user 'lb'@'10.0.0.1'");
        let full = message(0, b"\xff\x10\x04Too many connections");
        let Some(Outcome::Fail(failure)) = talk(check("", ""), [&full[..]]).1 else {
            panic!("it has to fail")
        };
        assert_eq!(failure.to_string(), "MySQL refuses: Too many connections");
    }
}
