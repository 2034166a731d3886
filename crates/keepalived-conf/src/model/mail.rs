//! Recipients of mail, and the server for it.

use std::path::PathBuf;
use std::time::Duration;

/// The mail keywords of `global_defs`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Mail {
    /// `notification_email`: recipients as written (`user@host` or `Name <user@host>`); empty: no mail.
    pub recipients: Vec<String>,
    /// `notification_email_from`; `None` is the daemon's user at this host.
    pub from: Option<String>,
    /// `smtp_server`; `None`: no mail.
    pub server: Option<SmtpServer>,
    /// `smtp_helo_name`; `None` is the host's name.
    pub helo_name: Option<String>,
    /// `smtp_connect_timeout`, default 30 s: limit for connecting and for each answer.
    pub timeout: Duration,
    /// `smtp_tls`, default [`MailTls::Off`].
    pub tls: MailTls,
    /// `smtp_tls_ca_file` (PEM): the server's certificate must lead to it; `None` takes any certificate.
    pub ca_file: Option<PathBuf>,
    /// `smtp_auth`
    pub auth: Option<MailAuth>,
    /// `no_email_faults`: no mail when an instance or group enters FAULT.
    pub no_faults: bool,
    /// `no_checker_emails`: no mail about a single checker, only when its real server changes.
    pub no_checkers: bool,
}

/// `smtp_server`
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct SmtpServer {
    /// An address or a host name; it is looked up for each mail.
    pub host: String,
    /// Default 25.
    pub port: u16,
}

/// `smtp_tls`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MailTls {
    /// `off`: plain text, as keepalived.
    #[default]
    Off,
    /// `starttls`: STARTTLS is required (RFC 3207).
    StartTls,
    /// `on`: TLS from the first octet (RFC 8314, usually port 465).
    Implicit,
}

/// `smtp_auth USER PASSWORD`. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MailAuth {
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for MailAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MailAuth({}:********)", self.user)
    }
}

impl Default for Mail {
    fn default() -> Self {
        Self {
            recipients: Vec::new(),
            from: None,
            server: None,
            helo_name: None,
            timeout: Duration::from_secs(30),
            tls: MailTls::Off,
            ca_file: None,
            auth: None,
            no_faults: false,
            no_checkers: false,
        }
    }
}
