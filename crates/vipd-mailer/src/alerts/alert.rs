//! Subjects and bodies of mails, in keepalived's words: people filter by them.

/// Subject and body of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    /// `[router_id] …`
    pub subject: String,
    /// One line, without the arrows.
    pub body: String,
}

/// States that instances are mailed about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum State {
    /// MASTER
    Master,
    /// BACKUP
    Backup,
    /// FAULT
    Fault,
}

/// A real server, or one checker of it, is up or down. Servers as the log names them: `[192.0.2.1]:tcp:80`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RealServerChange<'a> {
    /// Name of the virtual server.
    pub virtual_server: &'a str,
    /// Name of the real server.
    pub real_server: &'a str,
    /// The real server changed its state; otherwise only one of its checkers did, which `no_checker_emails` keeps
    /// quiet.
    pub is_whole: bool,
    /// Whether it is up now.
    pub up: bool,
    /// Why, in keepalived's words: `TCP CHECK failed on service`.
    pub because: &'a str,
}

impl State {
    /// keepalived's word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Master => "MASTER",
            Self::Backup => "BACKUP",
            Self::Fault => "FAULT",
        }
    }
}

impl Alert {
    /// A VRRP instance entered a state.
    ///
    /// ```
    /// use vipd_mailer::alerts::{Alert, State};
    ///
    /// let alert = Alert::instance("lb1", "VI_1", State::Master);
    /// assert_eq!(alert.subject, "[lb1] VRRP Instance VI_1 - Entering MASTER state");
    /// assert_eq!(alert.body, "VRRP Instance is now owning VRRP VIPs");
    /// ```
    pub fn instance(router_id: &str, name: &str, state: State) -> Self {
        let owning = if state == State::Master { "now" } else { "no longer" };
        Self {
            subject: format!("[{router_id}] VRRP Instance {name} - Entering {} state", state.word()),
            body: format!("VRRP Instance is {owning} owning VRRP VIPs"),
        }
    }

    /// A VRRP sync group entered a state.
    pub fn group(router_id: &str, name: &str, state: State) -> Self {
        let state = state.word();
        Self {
            subject: format!("[{router_id}] VRRP Group {name} - Entering {state} state"),
            body: format!("All VRRP group instances are now in {state} state"),
        }
    }

    /// A real server, or one checker of it, is up or down.
    pub fn real_server(router_id: &str, change: &RealServerChange<'_>) -> Self {
        let RealServerChange { virtual_server, real_server, up, because, .. } = change;
        Self {
            subject: format!(
                "[{router_id}] Realserver {real_server} of virtual server {virtual_server} - {}",
                up_or_down(*up)
            ),
            body: (*because).to_owned(),
        }
    }

    /// A virtual server has its quorum or not, and why: `Lost quorum 1-0=1 > 0`.
    pub fn virtual_server(router_id: &str, virtual_server: &str, up: bool, because: &str) -> Self {
        Self {
            subject: format!("[{router_id}] Virtualserver {virtual_server} - {}", up_or_down(up)),
            body: because.to_owned(),
        }
    }
}

fn up_or_down(up: bool) -> &'static str {
    if up { "UP" } else { "DOWN" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is(alert: &Alert, subject: &str, body: &str) {
        assert_eq!((alert.subject.as_str(), alert.body.as_str()), (subject, body));
    }

    #[test]
    fn subjects_and_bodies_are_keepalived_s() {
        is(
            &Alert::instance("Ra", "V1", State::Fault),
            "[Ra] VRRP Instance V1 - Entering FAULT state",
            "VRRP Instance is no longer owning VRRP VIPs",
        );
        is(
            &Alert::group("Ra", "G", State::Master),
            "[Ra] VRRP Group G - Entering MASTER state",
            "All VRRP group instances are now in MASTER state",
        );
        let (vs, rs) = ("[192.0.2.1]:tcp:80", "[10.0.0.1]:tcp:8080");
        let down = RealServerChange {
            virtual_server: vs,
            real_server: rs,
            is_whole: true,
            up: false,
            because: "TCP CHECK failed on service",
        };
        is(
            &Alert::real_server("Ra", &down),
            "[Ra] Realserver [10.0.0.1]:tcp:8080 of virtual server [192.0.2.1]:tcp:80 - DOWN",
            "TCP CHECK failed on service",
        );
        is(
            &Alert::virtual_server("Ra", vs, true, "Gained quorum 3+1=4 <= 4"),
            "[Ra] Virtualserver [192.0.2.1]:tcp:80 - UP",
            "Gained quorum 3+1=4 <= 4",
        );
    }
}
