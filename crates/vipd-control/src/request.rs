//! Requests of clients.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{Rights, VERSION};

/// One request, with the version of the protocol.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// [`VERSION`]
    pub v: u32,
    /// The verb.
    #[serde(flatten)]
    pub verb: Verb,
}

/// Verbs that a client can ask for. Unknown members are an error: an option that this daemon does not know must not be
/// ignored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", rename_all_fields = "kebab-case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Verb {
    /// Everything that the daemon knows of itself: one `status`.
    Status {},
    /// The last events, then `end`, or everything that follows.
    Events {
        /// Go on with the events that follow.
        #[serde(default)]
        follow: bool,
    },
    /// Read the configuration anew.
    Reload {
        /// Only say what would change.
        #[serde(default)]
        dry_run: bool,
        /// Go back to the configuration that ran before unless somebody confirms within so many seconds.
        #[serde(default)]
        confirm_s: Option<u64>,
        /// Answer when the reload is over.
        #[serde(default)]
        wait: bool,
    },
    /// The last reload stays.
    Confirm {},
    /// Go back to the configuration that ran before the last reload.
    Undo {},
    /// The configuration that runs, without secrets.
    Config {
        /// The part of it.
        show: Shown,
    },
    /// An instance gives its addresses to a peer and takes them back only if nobody else serves.
    Maintenance {
        /// It begins; else it ends.
        on: bool,
        /// Name of the instance; none: all of them.
        #[serde(default)]
        instance: Option<String>,
        /// It ends by itself after so many seconds.
        #[serde(default)]
        for_s: Option<u64>,
        /// The reason.
        #[serde(default)]
        reason: String,
        /// Do not serve even if nobody else does.
        #[serde(default)]
        hard: bool,
    },
    /// An instance gives its addresses to a peer, once.
    Handover {
        /// Its name.
        instance: String,
        /// The reason.
        #[serde(default)]
        reason: String,
    },
    /// An instance that is master announces its addresses again.
    Announce {
        /// Its name.
        instance: String,
    },
    /// A real server serves, drains, or has another weight than its checks say.
    Server {
        /// Virtual server, as in the status.
        service: String,
        /// Real server, as in the status.
        server: String,
        /// The wanted mode.
        set: ServerIntentKind,
        /// The weight, for [`ServerIntentKind::Weight`].
        #[serde(default)]
        weight: Option<u32>,
        /// It ends by itself after so many seconds.
        #[serde(default)]
        for_s: Option<u64>,
        /// The reason.
        #[serde(default)]
        reason: String,
        /// It outlives the daemon.
        #[serde(default)]
        persist: bool,
    },
    /// The inputs of an instance around its last changes of state: one `recorder`.
    Recorder {
        /// Its name.
        instance: String,
    },
    /// Another program takes over from the one that runs.
    Upgrade {
        /// Its file; none: that of the running program, as it is now.
        #[serde(default)]
        program: Option<String>,
        /// Only say whether it could.
        #[serde(default)]
        check: bool,
    },
    /// Run the checks of a real server now.
    Probe {
        /// Virtual server, as in the status.
        service: String,
        /// Real server, as in the status.
        server: String,
    },
}

/// Modes of a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerIntentKind {
    /// As its checks say.
    Ready,
    /// No new connections.
    Drain,
    /// Out of service.
    Maintenance,
    /// This weight.
    Weight,
}

/// Views of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shown {
    /// With every default, as text.
    Resolved,
    /// With every default, as JSON.
    Json,
    /// Differences between the running configuration and the file as it is now.
    Diff,
}

/// Why a line is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It is not a JSON object.
    #[error("not a JSON object: {0}")]
    NotJson(String),
    /// The version is missing or another one.
    #[error("the version is {actual}, and this daemon speaks {VERSION}")]
    Version {
        /// The text in its place.
        actual: String,
    },
    /// The object is no request: an unknown verb or member, or one that is missing.
    #[error("not understood: {0}")]
    Unknown(String),
    /// A value is out of its range.
    #[error("{0}")]
    Value(&'static str),
}

impl Request {
    /// A request of this version.
    pub fn new(verb: Verb) -> Self {
        Self { v: VERSION, verb }
    }

    /// The line to send, with its end.
    pub fn line(&self) -> String {
        let mut line = serde_json::to_string(self).unwrap_or_default();
        line.push('\n');
        line
    }

    /// Understands one line, without its end.
    ///
    /// # Errors
    /// The reason, to be told to the client.
    pub fn parse(line: &[u8]) -> Result<Self, RequestError> {
        let mut members: Map<String, Value> =
            serde_json::from_slice(line).map_err(|error| RequestError::NotJson(error.to_string()))?;
        match members.remove("v") {
            Some(Value::Number(v)) if v.as_u64() == Some(u64::from(VERSION)) => {}
            other => {
                let actual = other.map_or_else(|| "missing".to_owned(), |other| short(&other.to_string()));
                return Err(RequestError::Version { actual });
            }
        }
        let mut verb: Verb = serde_json::from_value(Value::Object(members))
            .map_err(|error| RequestError::Unknown(short(&error.to_string())))?;
        verb.check()?;
        if let Some(reason) = verb.reason_mut() {
            *reason = reason.replace(char::is_control, " ");
        }
        Ok(Self::new(verb))
    }
}

impl Verb {
    /// The right that a client needs for it.
    pub fn needs(&self) -> Rights {
        match self {
            Self::Status {} | Self::Events { .. } | Self::Config { .. } | Self::Recorder { .. } => {
                Rights::Read
            }
            Self::Reload { .. }
            | Self::Confirm {}
            | Self::Undo {}
            | Self::Maintenance { .. }
            | Self::Handover { .. }
            | Self::Announce { .. }
            | Self::Server { .. }
            | Self::Probe { .. } => Rights::Act,
            Self::Upgrade { .. } => Rights::Root,
        }
    }

    fn check(&self) -> Result<(), RequestError> {
        let seconds = match self {
            Self::Reload { confirm_s: seconds, .. }
            | Self::Maintenance { for_s: seconds, .. }
            | Self::Server { for_s: seconds, .. } => *seconds,
            _ => None,
        };
        if seconds.is_some_and(|seconds| !(1..=MAX_SECONDS).contains(&seconds)) {
            return Err(RequestError::Value("a time is from 1 second to 366 days"));
        }
        let reason = match self {
            Self::Maintenance { reason, .. }
            | Self::Handover { reason, .. }
            | Self::Server { reason, .. } => reason,
            _ => "",
        };
        if reason.len() > MAX_REASON {
            return Err(RequestError::Value("a reason has at most 256 bytes"));
        }
        if let Self::Upgrade { program: Some(program), .. } = self
            && (program.len() > MAX_PATH || !program.starts_with('/') || program.contains('\0'))
        {
            return Err(RequestError::Value("a program is an absolute path of at most 4095 bytes"));
        }
        if self.names().into_iter().flatten().any(|name| name.len() > MAX_NAME) {
            return Err(RequestError::Value("a name has at most 512 bytes"));
        }
        if let Self::Server { set, weight, .. } = self {
            if (*set == ServerIntentKind::Weight) != weight.is_some() {
                return Err(RequestError::Value("`weight` has a number, and nothing else has one"));
            }
            if weight.is_some_and(|weight| weight > MAX_WEIGHT) {
                return Err(RequestError::Value("a weight is from 0 to 65535"));
            }
        }
        Ok(())
    }
}

impl Verb {
    fn reason_mut(&mut self) -> Option<&mut String> {
        match self {
            Self::Maintenance { reason, .. }
            | Self::Handover { reason, .. }
            | Self::Server { reason, .. } => Some(reason),
            _ => None,
        }
    }

    fn names(&self) -> [Option<&str>; 2] {
        match self {
            Self::Maintenance { instance, .. } => [instance.as_deref(), None],
            Self::Handover { instance, .. } | Self::Announce { instance } | Self::Recorder { instance } => {
                [Some(instance), None]
            }
            Self::Server { service, server, .. } | Self::Probe { service, server } => {
                [Some(service), Some(server)]
            }
            _ => [None, None],
        }
    }
}

/// The beginning of what the client itself said, for an error message.
fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

const MAX_SECONDS: u64 = 366 * 86_400;
const MAX_REASON: usize = 256;
const MAX_NAME: usize = 512;
const MAX_PATH: usize = 4095;
const MAX_WEIGHT: u32 = 65_535;

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Verb, RequestError> {
        Request::parse(line.as_bytes()).map(|request| request.verb)
    }

    #[test]
    fn a_sent_request_is_understood() {
        let verbs = [
            Verb::Status {},
            Verb::Events { follow: true },
            Verb::Reload { dry_run: false, confirm_s: Some(60), wait: true },
            Verb::Confirm {},
            Verb::Undo {},
            Verb::Config { show: Shown::Diff },
            Verb::Maintenance {
                on: true,
                instance: None,
                for_s: Some(1800),
                reason: "kernel".to_owned(),
                hard: false,
            },
            Verb::Handover { instance: "VI_1".to_owned(), reason: String::new() },
            Verb::Announce { instance: "VI_1".to_owned() },
            Verb::Server {
                service: "[192.0.2.10]:tcp:80".to_owned(),
                server: "[10.0.0.14]:tcp:80".to_owned(),
                set: ServerIntentKind::Weight,
                weight: Some(5),
                for_s: None,
                reason: String::new(),
                persist: true,
            },
            Verb::Upgrade { program: Some("/usr/sbin/vipd".to_owned()), check: true },
            Verb::Probe { service: "a".to_owned(), server: "b".to_owned() },
        ];
        for verb in verbs {
            let line = Request::new(verb.clone()).line();
            assert_eq!(parse(line.trim_end()), Ok(verb), "{line}");
        }
    }

    #[test]
    fn a_short_request_is_written_by_hand() {
        assert_eq!(parse(r#"{"v":1,"do":"status"}"#), Ok(Verb::Status {}));
        assert_eq!(parse(r#"{"do":"events","v":1}"#), Ok(Verb::Events { follow: false }));
    }

    #[test]
    fn an_option_that_is_not_known_refuses_the_request() {
        let error = parse(r#"{"v":1,"do":"reload","dry-runn":true}"#).unwrap_err();
        assert!(matches!(error, RequestError::Unknown(text) if text.contains("dry-runn")));
        assert!(matches!(parse(r#"{"v":1,"do":"status","x":1}"#), Err(RequestError::Unknown(_))));
        assert!(matches!(parse(r#"{"v":1,"do":"shutdown"}"#), Err(RequestError::Unknown(_))));
    }

    #[test]
    fn another_version_is_refused_before_anything_else() {
        for (line, actual) in
            [(r#"{"do":"status"}"#, "missing"), (r#"{"v":2,"do":"new"}"#, "2"), (r#"{"v":"1"}"#, "\"1\"")]
        {
            assert_eq!(parse(line), Err(RequestError::Version { actual: actual.to_owned() }));
        }
        assert!(matches!(parse("status"), Err(RequestError::NotJson(_))));
        assert!(matches!(parse("[1]"), Err(RequestError::NotJson(_))));
    }

    #[test]
    fn values_out_of_range_are_refused() {
        let lines = [
            r#"{"v":1,"do":"reload","confirm-s":0}"#,
            r#"{"v":1,"do":"maintenance","on":true,"for-s":99999999}"#,
            r#"{"v":1,"do":"upgrade","program":"vipd"}"#,
            r#"{"v":1,"do":"upgrade","program":"/a\u0000b"}"#,
            r#"{"v":1,"do":"server","service":"a","server":"b","set":"weight"}"#,
            r#"{"v":1,"do":"server","service":"a","server":"b","set":"drain","weight":3}"#,
            r#"{"v":1,"do":"server","service":"a","server":"b","set":"weight","weight":65536}"#,
        ];
        for line in lines {
            assert!(matches!(parse(line), Err(RequestError::Value(_))), "{line}");
        }
        let long = format!(r#"{{"v":1,"do":"handover","instance":"A","reason":"{}"}}"#, "x".repeat(257));
        assert!(matches!(parse(&long), Err(RequestError::Value(_))));
        let long = format!(r#"{{"v":1,"do":"announce","instance":"{}"}}"#, "x".repeat(513));
        assert!(matches!(parse(&long), Err(RequestError::Value(_))));
    }

    #[test]
    fn control_characters_in_a_reason_become_spaces() {
        let line = r#"{"v":1,"do":"handover","instance":"A","reason":"a\nb\u001b[31m\u0085c"}"#;
        let verb = Verb::Handover { instance: "A".to_owned(), reason: "a b [31m c".to_owned() };
        assert_eq!(parse(line), Ok(verb));
    }

    #[test]
    fn only_requests_that_show_are_for_readers() {
        assert_eq!(Verb::Status {}.needs(), Rights::Read);
        assert_eq!(Verb::Config { show: Shown::Json }.needs(), Rights::Read);
        assert_eq!(Verb::Recorder { instance: "VI_1".to_owned() }.needs(), Rights::Read);
        assert_eq!(Verb::Reload { dry_run: true, confirm_s: None, wait: false }.needs(), Rights::Act);
        assert_eq!(Verb::Undo {}.needs(), Rights::Act);
        // A client that chooses the program that root runs has to be root.
        assert_eq!(Verb::Upgrade { program: None, check: true }.needs(), Rights::Root);
    }
}
