//! A configuration without its secrets, to be shown.

use super::lvs::{Checker, CheckerKind};
use super::{Auth, Config};

/// The text in the place of a secret.
pub const HIDDEN: &str = "********";

impl Config {
    /// Replaces every password, key and value of a header; whether there is one, and the names of users, stay.
    ///
    /// ```
    /// let text = "global_defs {\n smtp_server 192.0.2.25\n smtp_auth lb hunter2\n}\n";
    /// let mut config = keepalived_conf::load_str(text).config;
    /// config.hide_secrets();
    /// assert_eq!(config.global.mail.auth.unwrap().password, "********");
    /// ```
    pub fn hide_secrets(&mut self) {
        if let Some(auth) = &mut self.global.mail.auth {
            hide(&mut auth.password);
        }
        self.instances.iter_mut().for_each(|instance| instance.auth.hide_secrets());
        for server in &mut self.virtual_servers {
            let real = server.real_servers.iter_mut().flat_map(|real| &mut real.checkers);
            let sorry = server.sorry_server.iter_mut().flat_map(|sorry| &mut sorry.checkers);
            real.chain(sorry).for_each(Checker::hide_secrets);
        }
    }
}

impl Auth {
    fn hide_secrets(&mut self) {
        match self {
            Self::None | Self::UnusableHmac => {}
            Self::Password(password) | Self::Ah(password) => *password = *b"********",
            Self::Hmac(hmac) => {
                hmac.keys.iter_mut().for_each(|key| key.secret = HIDDEN.as_bytes().to_vec());
            }
        }
    }
}

impl Checker {
    /// As [`Config::hide_secrets`], for one checker.
    pub fn hide_secrets(&mut self) {
        match &mut self.kind {
            CheckerKind::Http(_, http) => {
                http.headers.iter_mut().for_each(|(_, value)| hide(value));
                http.basic_auth.iter_mut().for_each(|(_, password)| hide(password));
            }
            // A check without a login has no password.
            CheckerKind::Server(_, server) if !server.password.is_empty() => hide(&mut server.password),
            CheckerKind::Server(..)
            | CheckerKind::Tcp(_)
            | CheckerKind::Smtp(..)
            | CheckerKind::Dns { .. }
            | CheckerKind::Udp(..)
            | CheckerKind::Ping(_)
            | CheckerKind::Misc { .. }
            | CheckerKind::File { .. }
            | CheckerKind::Bfd(_)
            | CheckerKind::Agent(..)
            | CheckerKind::Grpc(..)
            | CheckerKind::Talk(..) => {}
        }
    }
}

fn hide(secret: &mut String) {
    HIDDEN.clone_into(secret);
}
