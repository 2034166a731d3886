//! Checks of well-known servers: each says who it is in their own protocol and asks the least that proves service.

mod ldap;
#[cfg(feature = "logins")]
mod mysql;
#[cfg(feature = "logins")]
mod postgresql;
mod redis;
#[cfg(feature = "logins")]
mod scram;

use std::fmt;

use crate::Failure;

pub(crate) use ldap::Check as LdapCheck;
#[cfg(feature = "logins")]
pub(crate) use mysql::Check as MysqlCheck;
#[cfg(feature = "logins")]
pub(crate) use postgresql::Check as PostgresqlCheck;
pub(crate) use redis::Check as RedisCheck;

/// `REDIS_CHECK`: Redis or Valkey answers `PING`, perhaps after a login, and has the role that is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Redis {
    /// The account to log in with; a login without a user is the old `AUTH PASSWORD`.
    pub login: Login,
    /// The role that the server must have.
    pub role: Option<Role>,
}

/// `MYSQL_CHECK`: MySQL or MariaDB greets; with a user, the login succeeds.
///
/// Without a user the connection ends before a login, which the server counts as an error of this host: it blocks a
/// host after `max_connect_errors` of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Mysql {
    /// The account to log in with, by `mysql_native_password` or `caching_sha2_password`.
    pub login: Login,
}

/// `PGSQL_CHECK`: PostgreSQL is ready for a login; with a password, the login succeeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Postgresql {
    /// The account to log in with, by SCRAM-SHA-256 (RFC 7677), MD5 or a plain password.
    pub login: Login,
    /// The database; empty is that of the user's name.
    pub database: String,
    /// Whether the server must accept writes (primary) or replay them (replica). Needs a login.
    pub role: Option<Role>,
}

/// `LDAP_CHECK`: an LDAP server answers a bind (RFC 4511 §4.2), an anonymous one without a user.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Ldap {
    /// Distinguished name and password.
    pub login: Login,
}

/// A name and a password; both may be empty. `Debug` does not show the password.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Login {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({}:********)", self.user)
    }
}

/// Role of a server among its replicas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It accepts writes.
    Primary,
    /// It follows a primary.
    Replica,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Primary => "primary",
            Self::Replica => "replica",
        })
    }
}

/// A server's own words for a refusal, fit for a log.
fn refused(server: &'static str, words: &[u8]) -> Failure {
    let text = String::from_utf8_lossy(words);
    let text = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect();
    Failure::Refused { server, text }
}

/// Fails if a role is wanted and the server has the other one.
fn judge_role(wanted: Option<Role>, actual: Role) -> Result<(), Failure> {
    match wanted {
        Some(wanted) if wanted != actual => Err(Failure::Role { wanted, actual }),
        _ => Ok(()),
    }
}

/// Characters of a refusal that are kept.
const MAX_WORDS: usize = 160;
/// The longest message that is read, bytes: greetings and refusals are far shorter.
const MAX_MESSAGE: usize = 16 * 1024;

/// Input that is not read yet: messages are cut from its front.
#[derive(Debug, Default)]
struct Inbox(Vec<u8>);

impl Inbox {
    /// Adds what came, up to a bound.
    fn add(&mut self, input: &[u8]) -> Result<(), Failure> {
        if self.0.len() + input.len() > 2 * MAX_MESSAGE {
            return Err(Failure::TooLong { what: "answer", limit: 2 * MAX_MESSAGE });
        }
        self.0.extend_from_slice(input);
        Ok(())
    }

    /// Removes a message whose whole length is known; `None` if it is not all there.
    fn take(&mut self, length: usize) -> Result<Option<Vec<u8>>, Failure> {
        if length > MAX_MESSAGE {
            return Err(Failure::TooLong { what: "message", limit: MAX_MESSAGE });
        }
        if self.0.len() < length {
            return Ok(None);
        }
        let rest = self.0.split_off(length);
        Ok(Some(std::mem::replace(&mut self.0, rest)))
    }
}

#[cfg(test)]
mod testing;
