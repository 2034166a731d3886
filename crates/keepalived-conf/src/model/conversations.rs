//! Checks that hold a conversation: `TCP_CHECK` with steps, and well-known servers. All of it is vipd's own.

use std::fmt;

use super::lvs::TlsCheck;

/// `TCP_CHECK` with `send`, `expect`, `expect_line` or `tls`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct TalkCheck {
    /// In the order of the file.
    pub steps: Vec<TalkStep>,
    /// `tls`
    pub tls: Option<TlsCheck>,
    /// `virtualhost`: TLS server name.
    pub server_name: Option<String>,
}

/// One step of a [`TalkCheck`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TalkStep {
    /// `send`
    Send(Vec<u8>),
    /// `expect`
    Expect(Vec<u8>),
    /// `expect_line`: a pattern in PCRE syntax.
    ExpectLine(String),
}

/// `REDIS_CHECK`, `MYSQL_CHECK`, `PGSQL_CHECK` or `LDAP_CHECK`. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ServerCheck {
    /// Which of them.
    pub kind: ServerKind,
    /// `login`: the user; empty without a login.
    pub user: String,
    /// `login` or `password`: the password.
    pub password: String,
    /// `database` of PostgreSQL; empty: that of the user's name.
    pub database: String,
    /// `role`: whether the server must be the primary (or a replica).
    pub wants_primary: Option<bool>,
}

/// A kind of server that is checked in its own protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum ServerKind {
    /// `REDIS_CHECK`: Redis and Valkey.
    Redis,
    /// `MYSQL_CHECK`: MySQL and MariaDB.
    Mysql,
    /// `PGSQL_CHECK`
    Postgresql,
    /// `LDAP_CHECK`
    Ldap,
}

impl fmt::Debug for ServerCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, user, password: _, database, wants_primary } = self;
        write!(f, "ServerCheck({kind:?} {user}:******** {database} primary {wants_primary:?})")
    }
}
