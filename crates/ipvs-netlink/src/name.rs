//! Names that the kernel turns into module names: schedulers and persistence engines.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// Why a text cannot name a kernel module's scheduler or persistence engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// It is empty.
    #[error("empty name")]
    Empty,
    /// It does not fit the kernel's 16 octets with the NUL behind it.
    #[error("name of {actual} octets, the kernel takes at most {MOST_OCTETS}")]
    TooLong {
        /// Its octets.
        actual: usize,
    },
    /// It has a character that no module's name has. The kernel would pass it to `modprobe`.
    #[error("{character:?} in a name")]
    Character {
        /// The first such character.
        character: char,
    },
}

macro_rules! names {
    ($(#[$doc:meta])* $type:ident { $($(#[$const_doc:meta])* $constant:ident = $name:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
        #[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
        pub struct $type(Cow<'static, str>); // as `check` wants it

        impl $type {
            $($(#[$const_doc])* pub const $constant: Self = Self(Cow::Borrowed($name));)*

            /// Checks a name; whether the kernel has a module for it turns out when it is used.
            ///
            /// # Errors
            /// When `name` is empty, is longer than 15 octets, or has anything but ASCII letters, digits, `_`
            /// and `-`.
            pub fn new(name: &str) -> Result<Self, NameError> {
                check(name)?;
                Ok(Self(Cow::Owned(name.to_owned())))
            }

            /// The name.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $type {
            type Error = NameError;

            fn try_from(name: String) -> Result<Self, NameError> {
                Self::new(&name)
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> Self {
                name.0.into_owned()
            }
        }

        impl FromStr for $type {
            type Err = NameError;

            fn from_str(name: &str) -> Result<Self, NameError> {
                Self::new(name)
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

names! {
    /// The algorithm by which a service chooses among its destinations.
    ///
    /// The kernel finds a scheduler by its name and loads `ip_vs_NAME` for it, so any name is possible here; the
    /// constants are those of Linux itself.
    Scheduler {
        /// Round robin.
        RR = "rr";
        /// Weighted round robin.
        WRR = "wrr";
        /// Least connections.
        LC = "lc";
        /// Weighted least connections, what ipvsadm and keepalived use if nothing else is said.
        WLC = "wlc";
        /// Locality-based least connections.
        LBLC = "lblc";
        /// Locality-based least connections with replication.
        LBLCR = "lblcr";
        /// Destination hashing.
        DH = "dh";
        /// Source hashing.
        SH = "sh";
        /// Maglev hashing (Linux 4.18).
        MH = "mh";
        /// Shortest expected delay.
        SED = "sed";
        /// Never queue.
        NQ = "nq";
        /// Weighted fail-over: all to the heaviest (Linux 3.18).
        FO = "fo";
        /// Weighted overflow: to the heaviest until it is full (Linux 4.3).
        OVF = "ovf";
        /// Power of two random choices (Linux 5.12).
        TWOS = "twos";
        /// No scheduler: the service takes no new connection.
        NONE = "none";
    }
}

names! {
    /// The module by which a persistent service tells clients apart besides their address; the kernel loads
    /// `ip_vs_pe_NAME` for it.
    PersistenceEngine {
        /// The Call-ID of SIP messages over UDP.
        SIP = "sip";
    }
}

fn check(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > MOST_OCTETS {
        return Err(NameError::TooLong { actual: name.len() });
    }
    match name.chars().find(|c| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-')) {
        Some(character) => Err(NameError::Character { character }),
        None => Ok(()),
    }
}

/// `IP_VS_SCHEDNAME_MAXLEN` and `IP_VS_PENAME_MAXLEN` less the NUL.
const MOST_OCTETS: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_and_plain() {
        assert_eq!(Scheduler::new("wlc"), Ok(Scheduler::WLC));
        assert!(Scheduler::new("abcdefghijklmno").is_ok());
        assert_eq!(Scheduler::new("abcdefghijklmnop"), Err(NameError::TooLong { actual: 16 }));
        assert_eq!(Scheduler::new(""), Err(NameError::Empty));
        assert_eq!(Scheduler::new("../x"), Err(NameError::Character { character: '.' }));
        assert_eq!("sip".parse(), Ok(PersistenceEngine::SIP));
    }

    #[test]
    fn a_constant_and_a_parsed_name_are_equal_keys() {
        let set: std::collections::HashSet<Scheduler> = ["rr".parse().unwrap()].into();
        assert!(set.contains(&Scheduler::RR));
    }
}
