//! LDAP (RFC 4511): a simple bind, its answer, and an unbind.
//!
//! ```text
//! LDAPMessage  30 len, 02 01 id, operation
//! bind         60 len, 02 01 03 (version), 04 len name, 80 len password      answer  61 len, 0a 01 code, 04 dn, 04 words
//! unbind       42 00
//! ```

use super::{Inbox, Ldap, Login, refused};
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// An `LDAP_CHECK`'s dialogue.
#[derive(Debug)]
pub(crate) struct Check {
    login: Login,
    inbox: Inbox,
}

impl Check {
    pub(crate) fn new(config: &Ldap) -> Self {
        Self { login: config.login.clone(), inbox: Inbox::default() }
    }

    fn read(&mut self, out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        let Some((header, length)) = header(&self.inbox.0, 0x30)? else { return Ok(None) };
        let Some(message) = self.inbox.take(header + length)? else { return Ok(None) };
        let mut reader = Reader(message.get(header..).unwrap_or_default());
        let id = reader.element(0x02)?;
        if id != [1] {
            return Err(Failure::Malformed("an answer to another LDAP message"));
        }
        let mut answer = Reader(reader.element(0x61)?);
        let code = answer.element(0x0a)?;
        let _matched = answer.element(0x04)?;
        let words = answer.element(0x04)?;
        match code {
            [0] => {
                out.extend_from_slice(&[0x30, 5, 0x02, 1, 2, 0x42, 0]);
                Ok(Some(Outcome::Pass(WeightUpdate::Unchanged)))
            }
            [code] => {
                let words = String::from_utf8_lossy(words);
                Err(refused("LDAP", format!("result code {code} {words}").trim().as_bytes()))
            }
            _ => Err(BAD),
        }
    }
}

/// Elements of BER, one after the other.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The content of the next element, which must have this tag.
    fn element(&mut self, tag: u8) -> Result<&'a [u8], Failure> {
        let (header, length) = header(self.0, tag)?.ok_or(BAD)?;
        let (content, rest) =
            self.0.get(header..).and_then(|rest| rest.split_at_checked(length)).ok_or(BAD)?;
        self.0 = rest;
        Ok(content)
    }
}

/// Lengths of the header and the content of an element with this tag; `None` if more has to come.
fn header(bytes: &[u8], tag: u8) -> Result<Option<(usize, usize)>, Failure> {
    match bytes {
        [] | [_] if bytes.first().is_none_or(|first| *first == tag) => Ok(None),
        [first, ..] if *first != tag => Err(BAD),
        [_, short @ 0..=0x7f, ..] => Ok(Some((2, usize::from(*short)))),
        [_, long @ 0x81..=0x84, rest @ ..] => {
            let count = usize::from(long - 0x80);
            let Some(digits) = rest.get(..count) else { return Ok(None) };
            let length = digits.iter().fold(0_usize, |length, digit| length << 8 | usize::from(*digit));
            Ok(Some((2 + count, length)))
        }
        _ => Err(BAD),
    }
}

/// Appends an element.
fn element(tag: u8, content: &[u8], out: &mut Vec<u8>) {
    out.push(tag);
    let [_, _, _, _, a, b, c, d] = (content.len() as u64).to_be_bytes();
    match (a, b, c, d) {
        (0, 0, 0, 0..=0x7f) => out.push(d),
        _ => out.extend_from_slice(&[0x84, a, b, c, d]),
    }
    out.extend_from_slice(content);
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        let (mut bind, mut message) = (vec![0x02, 1, 3], vec![0x02, 1, 1]);
        element(0x04, self.login.user.as_bytes(), &mut bind);
        element(0x80, self.login.password.as_bytes(), &mut bind);
        element(0x60, &bind, &mut message);
        element(0x30, &message, out);
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
        "answer to the bind"
    }
}

const BAD: Failure = Failure::Malformed("no message of LDAP");

#[cfg(test)]
mod tests {
    use super::super::testing::{is_robust, talk};
    use super::*;

    const PASS: Option<Outcome> = Some(Outcome::Pass(WeightUpdate::Unchanged));
    const SUCCESS: [u8; 14] = [0x30, 12, 2, 1, 1, 0x61, 7, 0x0a, 1, 0, 4, 0, 4, 0];

    fn check(user: &str, password: &str) -> Check {
        Check::new(&Ldap { login: Login { user: user.into(), password: password.into() } })
    }

    #[test]
    fn an_anonymous_bind_that_succeeds_passes() {
        let (said, outcome) = talk(check("", ""), [&SUCCESS[..]]);
        assert_eq!(outcome, PASS);
        let bind = [0x30, 12, 2, 1, 1, 0x60, 7, 2, 1, 3, 4, 0, 0x80, 0];
        assert_eq!(said, [&bind[..], &[0x30, 5, 2, 1, 2, 0x42, 0]].concat());
        is_robust(|| check("cn=lb", "secret"), &SUCCESS);
    }

    #[test]
    fn a_bind_that_is_refused_fails_with_the_servers_words() {
        let words = b"invalid credentials";
        let length = u8::try_from(words.len()).unwrap();
        let mut answer = vec![0x30, length + 12, 2, 1, 1, 0x61, length + 7, 0x0a, 1, 49, 4, 0, 4, length];
        answer.extend_from_slice(words);
        let Some(Outcome::Fail(failure)) = talk(check("cn=lb", "x"), [&answer[..]]).1 else {
            panic!("it has to fail")
        };
        assert_eq!(failure.to_string(), "LDAP refuses: result code 49 invalid credentials");
    }

    #[test]
    fn lengths_in_long_form_are_read() {
        let long = [0x30, 0x84, 0, 0, 0, 16, 2, 1, 1, 0x61, 0x84, 0, 0, 0, 7, 0x0a, 1, 0, 4, 0, 4, 0];
        assert_eq!(talk(check("", ""), [&long[..]]).1, PASS);
        let endless = [0x30, 0x84, 0xff, 0xff, 0xff, 0xff];
        let failure = Failure::TooLong { what: "message", limit: super::super::MAX_MESSAGE };
        assert_eq!(talk(check("", ""), [&endless[..]]).1, Some(Outcome::Fail(failure)));
    }
}
