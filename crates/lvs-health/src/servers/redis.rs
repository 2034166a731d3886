//! Redis and Valkey: `AUTH`, `PING`, `ROLE` in RESP.
//!
//! ```text
//! *1\r\n$4\r\nPING\r\n    -> +PONG\r\n
//! *1\r\n$4\r\nROLE\r\n    -> *3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n     (or $5\r\nslave\r\n ...)
//! ```

use super::{Inbox, Redis, Role, judge_role, refused};
use crate::dialogue::Exchange;
use crate::outcome::{Failure, Outcome, WeightUpdate};

/// A `REDIS_CHECK`'s dialogue.
#[derive(Debug)]
pub(crate) struct Check {
    config: Redis,
    inbox: Inbox,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Login,
    Ping,
    /// The first word of the answer to `ROLE` is in its third line.
    Role {
        line: u8,
    },
}

impl Check {
    pub(crate) fn new(config: &Redis) -> Self {
        Self { config: config.clone(), inbox: Inbox::default(), state: State::Login }
    }

    fn read(&mut self, out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        while let Some(end) = self.inbox.0.windows(2).position(|pair| pair == b"\r\n") {
            let Some(line) = self.inbox.take(end + 2)? else { break };
            let line = line.get(..end).unwrap_or_default();
            if let Some(words) = line.strip_prefix(b"-") {
                return Err(refused("Redis", words));
            }
            if let Some(outcome) = self.handle_line(line, out)? {
                return Ok(Some(outcome));
            }
        }
        Ok(None)
    }

    fn handle_line(&mut self, line: &[u8], out: &mut Vec<u8>) -> Result<Option<Outcome>, Failure> {
        match (self.state, line) {
            (State::Login, b"+OK") => {
                self.state = State::Ping;
                command(&["PING"], out);
                Ok(None)
            }
            (State::Ping, b"+PONG") if self.config.role.is_none() => {
                Ok(Some(Outcome::Pass(WeightUpdate::Unchanged)))
            }
            (State::Ping, b"+PONG") => {
                self.state = State::Role { line: 0 };
                command(&["ROLE"], out);
                Ok(None)
            }
            (State::Role { line: count @ 0..2 }, _) => {
                self.state = State::Role { line: count + 1 };
                Ok(None)
            }
            (State::Role { .. }, word) => {
                let actual = match word {
                    b"master" => Role::Primary,
                    b"slave" | b"replica" => Role::Replica,
                    _ => return Err(Failure::Malformed("no role of Redis")),
                };
                judge_role(self.config.role, actual).map(|()| Some(Outcome::Pass(WeightUpdate::Unchanged)))
            }
            _ => Err(Failure::Malformed("no answer of Redis")),
        }
    }
}

/// Appends a command: an array of texts.
fn command(words: &[&str], out: &mut Vec<u8>) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n{word}\r\n", word.len()).as_bytes());
    }
}

impl Exchange for Check {
    fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
        let login = &self.config.login;
        if login.user.is_empty() && login.password.is_empty() {
            self.state = State::Ping;
            command(&["PING"], out);
        } else if login.user.is_empty() {
            command(&["AUTH", &login.password], out);
        } else {
            command(&["AUTH", &login.user, &login.password], out);
        }
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
            State::Login => "answer to AUTH",
            State::Ping => "answer to PING",
            State::Role { .. } => "answer to ROLE",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Login;
    use super::super::testing::{is_robust, talk};
    use super::*;

    fn check(login: (&str, &str), role: Option<Role>) -> Check {
        let login = Login { user: login.0.into(), password: login.1.into() };
        Check::new(&Redis { login, role })
    }

    const PASS: Option<Outcome> = Some(Outcome::Pass(WeightUpdate::Unchanged));

    #[test]
    fn a_ping_that_is_answered_passes() {
        let (said, outcome) = talk(check(("", ""), None), [&b"+PONG\r\n"[..]]);
        assert_eq!((said.as_slice(), outcome), (&b"*1\r\n$4\r\nPING\r\n"[..], PASS));
    }

    #[test]
    fn a_login_comes_first() {
        let (said, outcome) = talk(check(("lb", "secret"), None), [&b"+OK\r\n"[..], b"+PONG\r\n"]);
        let expected = b"*3\r\n$4\r\nAUTH\r\n$2\r\nlb\r\n$6\r\nsecret\r\n*1\r\n$4\r\nPING\r\n";
        assert_eq!((said.as_slice(), outcome), (&expected[..], PASS));
        let (said, _) = talk(check(("", "secret"), None), []);
        assert_eq!(said, b"*2\r\n$4\r\nAUTH\r\n$6\r\nsecret\r\n");
        let refusal = b"-WRONGPASS invalid username-password pair\r\n";
        let failure = refused("Redis", b"WRONGPASS invalid username-password pair");
        assert_eq!(talk(check(("lb", "x"), None), [&refusal[..]]).1, Some(Outcome::Fail(failure)));
    }

    #[test]
    fn a_server_that_loads_its_data_fails() {
        let words = b"-LOADING Redis is loading the dataset in memory\r\n";
        let Some(Outcome::Fail(failure)) = talk(check(("", ""), None), [&words[..]]).1 else {
            panic!("it has to fail")
        };
        assert_eq!(failure.to_string(), "Redis refuses: LOADING Redis is loading the dataset in memory");
    }

    #[test]
    fn the_role_that_is_wanted_counts() {
        let primary = b"+PONG\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
        let replica = b"+PONG\r\n*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:6379\r\n$9\r\nconnected\r\n:0\r\n";
        assert_eq!(talk(check(("", ""), Some(Role::Primary)), [&primary[..]]).1, PASS);
        assert_eq!(talk(check(("", ""), Some(Role::Replica)), [&replica[..]]).1, PASS);
        let failure = Failure::Role { wanted: Role::Primary, actual: Role::Replica };
        assert_eq!(
            talk(check(("", ""), Some(Role::Primary)), [&replica[..]]).1,
            Some(Outcome::Fail(failure))
        );
        is_robust(|| check(("", ""), Some(Role::Primary)), primary);
    }
}
