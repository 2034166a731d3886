//! A line of the log: a sentence for people, and fields for programs.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::LogLevel;

/// One line, as a worker sends it and as a sink writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// Its weight.
    pub level: LogLevel,
    /// The text, without time and name.
    pub text: String,
    /// The subject of the line, where programs may want to know.
    pub about: Option<Box<About>>,
}

impl LogLine {
    /// A line that is a sentence only.
    pub fn new(level: LogLevel, text: impl Into<String>) -> Self {
        Self { level, text: text.into(), about: None }
    }

    /// The same line with fields.
    #[must_use]
    pub fn about(self, about: About) -> Self {
        Self { about: Some(Box::new(about)), ..self }
    }
}

/// A kind of event, and the fields that tell it from others of its kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    event: EventKind,
    fields: Vec<(Field, Cow<'static, str>)>,
}

impl About {
    /// An event of this kind.
    pub fn new(event: EventKind) -> Self {
        // As many as most events have.
        Self { event, fields: Vec::with_capacity(6) }
    }

    /// With one more field.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<Cow<'static, str>>) -> Self {
        self.fields.push((field, value.into()));
        self
    }

    /// With one more field, if it is known.
    #[must_use]
    pub fn with_some(self, field: Field, value: Option<impl Into<Cow<'static, str>>>) -> Self {
        match value {
            Some(value) => self.with(field, value),
            None => self,
        }
    }

    /// The kind.
    pub fn event(&self) -> EventKind {
        self.event
    }

    /// Names and values, in the order in which they were given.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.iter().map(|(field, value)| (field.name(), value.as_ref()))
    }
}

/// Defines an enum whose variants have names.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            /// All of them.
            #[cfg(test)]
            pub(crate) const ALL: &[Self] = &[$(Self::$variant,)*];

            /// Its name, in small letters.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)*
                }
            }
        }
    };
}

named! {
    /// Meaning of a field. In the journal its name is in capital letters behind `VIPD_`.
    Field {
        /// Name of a VRRP instance.
        Instance = "instance",
        /// Virtual router identifier of the instance.
        Vrid = "vrid",
        /// Name of a sync group.
        Group = "group",
        /// State, priority or weight before.
        From = "from",
        /// State, priority or weight now.
        To = "to",
        /// Why, as one word.
        Cause = "cause",
        /// Why, as a sentence with its evidence.
        Reason = "reason",
        /// Address of another router.
        Peer = "peer",
        /// Name of a check script.
        Script = "script",
        /// A virtual server.
        Service = "service",
        /// A real server.
        Server = "server",
        /// Name of a BFD session.
        Session = "session",
    }
}

named! {
    /// Kind of event.
    EventKind {
        /// A worker runs its first configuration.
        Start = "start",
        /// All workers run a new configuration.
        Reload = "reload",
        /// A new configuration was not taken.
        ReloadRefused = "reload_refused",
        /// A worker process died.
        WorkerDied = "worker_died",
        /// A VRRP instance changed its state.
        Transition = "transition",
        /// A sync group changed its state.
        GroupTransition = "group_transition",
        /// An operator's intent for an instance began, went on or ended.
        Intent = "intent",
        /// The effective priority of an instance changed.
        Priority = "priority",
        /// An advert that an operator should know of.
        Advert = "advert",
        /// The machine was late by its own fault: a timer was given more time.
        Stall = "stall",
        /// A `vrrp_script` has another result, or none.
        Script = "script",
        /// A check of a real server failed or passes again.
        Check = "check",
        /// A real server is used, or no longer.
        Server = "server",
        /// The weight of a real server changed.
        Weight = "weight",
        /// A virtual server gained or lost its quorum.
        Quorum = "quorum",
        /// A virtual server changed what it uses as a whole: its sorry server, or servers that failed.
        Fallback = "fallback",
        /// A BFD session changed its state.
        Session = "session",
    }
}

impl EventKind {
    /// `MESSAGE_ID` in the journal.
    pub(super) fn message_id(self) -> &'static str {
        match self {
            Self::Start => "5ad3188ab95743f99a18dd209d417e1e",
            Self::Reload => "b7e95195b19a431e81f670dd3f76cd75",
            Self::ReloadRefused => "209ce7fd9b8f4d48986aa86a45c119cc",
            Self::WorkerDied => "372e32b45a744371b67596203a75b6da",
            Self::Transition => "054430435e534d4e86f75ae4800e3b58",
            Self::GroupTransition => "89b3061d60964bcaa293293475ce29bc",
            Self::Intent => "e98dd6f48e9044d5bff23113af2b1bb5",
            Self::Priority => "a5756a6544c047c9a6366531d16c76d5",
            Self::Advert => "5bd8299fc9a441068f91c6edd8504eb5",
            Self::Stall => "f487acbcf5d1491bab589f9bc8f4ebce",
            Self::Script => "5dd83ae8120a4bb3bc048c858c059237",
            Self::Check => "072e867231544108a0d907f60ebbb148",
            Self::Server => "adbfff81d6d3468ea1d9136a3d09fe8a",
            Self::Weight => "a27baad701ef43f3859ef09d0bb3fb7b",
            Self::Quorum => "7732f8775a5243d0b3233d4e27ac5067",
            Self::Fallback => "919a9559b3b3493aa2ee7e07e28ddaa6",
            Self::Session => "007474a6580948f3808e72522e6dd455",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_kind_of_event_has_an_identifier_of_its_own_in_the_documentation() {
        let text = include_str!("../../../docs/logs.md");
        let mut seen = BTreeSet::new();
        for kind in EventKind::ALL {
            let id = kind.message_id();
            assert!(id.len() == 32 && id.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f')), "{id}");
            assert!(seen.insert(id), "{id} twice");
            let row = format!("| `{}` | `{id}` |", kind.name());
            assert!(text.contains(&row), "docs/logs.md lacks {row}");
        }
    }

    #[test]
    fn every_field_is_in_the_documentation() {
        let text = include_str!("../../../docs/logs.md");
        for field in Field::ALL {
            let row = format!("| `{}` | `VIPD_{}` |", field.name(), field.name().to_uppercase());
            assert!(text.contains(&row), "docs/logs.md lacks {row}");
        }
    }
}
