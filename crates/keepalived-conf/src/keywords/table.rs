//! The types a keyword is declared with.

use std::fmt;

use super::Context;

/// One keyword in the places where it means the same.
///
/// ```
/// use keepalived_conf::keywords::{self, Context, Status};
///
/// let priority = keywords::find(Context::VrrpInstance, "priority").expect("in the table");
/// assert_eq!(priority.to_string(), "priority <1..255>");
/// assert_eq!(priority.status, Status::Acts);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keyword {
    /// Where it may stand.
    pub contexts: &'static [Context],
    /// The word itself, or [`LINE`] for the lines of a list block.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: Arguments,
    /// Whether keepalived ends at once, with status 2, when the argument is missing (other keywords complain and keep
    /// their default).
    pub aborts: bool,
    /// The default without it, as a person would say it; empty where nothing sensible can be said.
    pub default: &'static str,
    /// The first keepalived release known to have it. The history before 1.2.1 is not told apart (nor that of
    /// checkers before 1.2.13), and 2.4.4 stands for what came after 2.4.3. [`OWN`] for those of vipd.
    pub since: &'static str,
    /// Its status in this implementation.
    pub status: Status,
    /// Its meaning, in a sentence.
    pub meaning: &'static str,
}

/// Value of [`Keyword::since`] for a keyword that no keepalived knows: it is vipd's own.
pub const OWN: &str = "vipd only";

impl Keyword {
    /// Whether no keepalived knows it: a file that uses it is vipd's alone.
    pub fn is_own(&self) -> bool {
        self.since == OWN
    }
}

/// The name under which the lines of a list block (`virtual_ipaddress`, `track_script`, …) are declared: they
/// begin with a value, not with a keyword.
pub const LINE: &str = "<line>";

/// Status of a keyword in this implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It does what it says.
    Acts,
    /// An old spelling, reported as keepalived does; this is what to use in its place.
    Deprecated(&'static str),
    /// An old spelling that keepalived takes in silence; this is what to use in its place.
    OldSpelling(&'static str),
    /// It has no effect in keepalived either.
    Ignored,
    /// It has no effect here, and nothing is lost by that: this is why.
    NoEffect(&'static str),
    /// It is not done here: this is why, and what to do instead.
    Refused(&'static str),
}

/// Unit of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Itself.
    None,
    /// Seconds.
    Seconds,
    /// Milliseconds.
    Milliseconds,
    /// Microseconds.
    Microseconds,
    /// Octets.
    Octets,
}

impl Unit {
    /// The unit with its colon as the grammar prints it, empty for [`Unit::None`].
    fn prefix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Seconds => "seconds:",
            Self::Milliseconds => "milliseconds:",
            Self::Microseconds => "microseconds:",
            Self::Octets => "octets:",
        }
    }
}

/// Arguments of a keyword. Prints as grammar: `<1..255>`, `[on|true|yes|off|false|no]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arguments {
    /// Nothing.
    None,
    /// Anything, and it is not looked at.
    Ignored,
    /// An optional boolean; the bare keyword means on.
    Switch,
    /// A whole number.
    Integer {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
        /// Its unit.
        unit: Unit,
    },
    /// A whole number that may be left out.
    OptionalInteger {
        /// Least value.
        min: i64,
        /// Greatest value.
        max: i64,
        /// Its unit.
        unit: Unit,
    },
    /// A number with decimals.
    Decimal {
        /// Least value, in millionths of the unit.
        min: u64,
        /// Greatest value, in millionths of the unit.
        max: u64,
        /// Decimal places that mean something.
        places: u8,
        /// Its unit.
        unit: Unit,
    },
    /// A priority weight from `-limit` to `limit`.
    Weight {
        /// 253 or 254; more for the weights of real servers.
        limit: u32,
        /// Whether `noreverse` may follow as well as `reverse`.
        noreverse: bool,
    },
    /// One of these words.
    Choice(&'static [&'static str]),
    /// One of these words in any case of letters.
    ChoiceAnyCase(&'static [&'static str]),
    /// One of these words, or nothing.
    OptionalChoice(&'static [&'static str]),
    /// One word, described.
    Word(&'static str),
    /// One word or none, described.
    OptionalWord(&'static str),
    /// One word or more, described.
    Words(&'static str),
    /// An IP address.
    Address,
    /// An IPv4 multicast address.
    Multicast4,
    /// An IPv6 multicast address.
    Multicast6,
    /// A multicast address of either family.
    Multicast,
    /// An IP address with an optional prefix length.
    Prefix,
    /// The name of a network interface, at most 15 octets.
    Interface,
    /// A command, quoted if it has arguments, and optionally the user and group to run it as.
    Command,
    /// The same, or nothing.
    OptionalCommand,
    /// A user and optionally a group.
    User,
    /// The path of a FIFO and optionally its user and group.
    Fifo,
    /// A grammar of its own, spelled out; checked beyond its presence only where it acts.
    Form(&'static str),
    /// A grammar of its own that holds a secret, which is never shown.
    Secret(&'static str),
    /// A block of keywords.
    Block(Context),
    /// A block of keywords, with a name.
    NamedBlock(Context),
    /// A block of keywords behind a key with a grammar of its own.
    KeyedBlock(Context, &'static str),
    /// A block that holds one entry per line.
    Lines(Context),
    /// The same, with a name.
    NamedLines(Context),
}

impl Arguments {
    /// The block that the keyword opens.
    pub fn block(&self) -> Option<Context> {
        match *self {
            Self::Block(context)
            | Self::NamedBlock(context)
            | Self::KeyedBlock(context, _)
            | Self::Lines(context)
            | Self::NamedLines(context) => Some(context),
            _ => None,
        }
    }

    /// Whether the keyword may stand alone on its line (or before its `{`).
    pub fn may_be_empty(&self) -> bool {
        match self {
            Self::None
            | Self::Ignored
            | Self::Switch
            | Self::OptionalInteger { .. }
            | Self::OptionalChoice(_)
            | Self::OptionalWord(_)
            | Self::OptionalCommand
            | Self::Block(_)
            | Self::Lines(_) => true,
            Self::Form(grammar) => grammar.starts_with('['),
            _ => false,
        }
    }
}

impl fmt::Display for Arguments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::None | Self::Ignored => Ok(()),
            Self::Switch => f.write_str("[on|true|yes|off|false|no]"),
            Self::Integer { min, max, unit } => write!(f, "<{}{min}..{max}>", unit.prefix()),
            Self::OptionalInteger { min, max, unit } => write!(f, "[<{}{min}..{max}>]", unit.prefix()),
            Self::Decimal { min, max, places, unit } => {
                write!(f, "<{}{}..{}, {places} decimals>", unit.prefix(), Millionths(min), Millionths(max))
            }
            Self::Weight { limit, noreverse: false } => write!(f, "<-{limit}..{limit}> [reverse]"),
            Self::Weight { limit, noreverse: true } => write!(f, "<-{limit}..{limit}> [reverse|noreverse]"),
            Self::Choice(words) | Self::ChoiceAnyCase(words) => f.write_str(&words.join("|")),
            Self::OptionalChoice(words) => write!(f, "[{}]", words.join("|")),
            Self::Word(what) => write!(f, "<{what}>"),
            Self::OptionalWord(what) => write!(f, "[<{what}>]"),
            Self::Words(what) => write!(f, "<{what}> ..."),
            Self::Address => f.write_str("<ip>"),
            Self::Multicast4 => f.write_str("<ipv4 multicast>"),
            Self::Multicast6 => f.write_str("<ipv6 multicast>"),
            Self::Multicast => f.write_str("<multicast ip>"),
            Self::Prefix => f.write_str("<ip>[/<length>]"),
            Self::Interface => f.write_str("<interface>"),
            Self::Command => f.write_str("\"<command>\" [<user> [<group>]]"),
            Self::OptionalCommand => f.write_str("[\"<command>\" [<user> [<group>]]]"),
            Self::User => f.write_str("<user> [[:]<group>]"),
            Self::Fifo => f.write_str("<path> [<user> [<group>]]"),
            Self::Form(grammar) | Self::Secret(grammar) => f.write_str(grammar),
            Self::Block(_) => f.write_str("{ ... }"),
            Self::NamedBlock(_) => f.write_str("<name> { ... }"),
            Self::KeyedBlock(_, key) => write!(f, "{key} {{ ... }}"),
            Self::Lines(_) => f.write_str("{ one per line }"),
            Self::NamedLines(_) => f.write_str("<name> { one per line }"),
        }
    }
}

impl fmt::Display for Keyword {
    /// Name and grammar of the arguments.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arguments = self.arguments.to_string();
        match (self.name, arguments.as_str()) {
            (LINE, arguments) => f.write_str(arguments),
            (name, "") => f.write_str(name),
            (name, arguments) => write!(f, "{name} {arguments}"),
        }
    }
}

/// Prints millionths as a decimal number without trailing zeros.
pub(crate) struct Millionths(pub(crate) u64);

impl fmt::Display for Millionths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{rest:06}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

// Short forms the declarations are written with.

pub(super) const U32: i64 = 4_294_967_295;

/// A decimal number of seconds, microseconds at the finest, as long as keepalived's 32 bits of them allow.
pub(super) const SECONDS: Arguments =
    Arguments::Decimal { min: 0, max: U32_SECONDS, places: 6, unit: Unit::Seconds };

/// The same, but more than nothing.
pub(super) const TIME: Arguments =
    Arguments::Decimal { min: 1, max: U32_SECONDS, places: 6, unit: Unit::Seconds };

/// A time as long as 64 bits of microseconds allow.
pub(super) const LONG: Arguments =
    Arguments::Decimal { min: 0, max: U64_SECONDS, places: 6, unit: Unit::Seconds };

/// The same, but more than nothing.
pub(super) const LONG_TIME: Arguments =
    Arguments::Decimal { min: 1, max: U64_SECONDS, places: 6, unit: Unit::Seconds };

/// The longest whole number of seconds that 64 bits of microseconds hold, in microseconds.
const U64_SECONDS: u64 = 18_446_744_073_709_000_000;

/// The longest time 32 bits of microseconds hold, in microseconds.
pub(super) const U32_SECONDS: u64 = 4_294_967_295;

/// The longest delay of a second burst: its microseconds are counted in 32 bits.
pub(super) const DELAY_MAX: i64 = 4_294;

/// Every scheduler keepalived knows.
pub(super) const SCHEDULERS: &[&str] =
    &["rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos"];

pub(super) const fn integer(min: i64, max: i64, unit: Unit) -> Arguments {
    Arguments::Integer { min, max, unit }
}

/// A decimal number between whole ones.
pub(super) const fn decimal(min: u64, max: u64, places: u8, unit: Unit) -> Arguments {
    Arguments::Decimal { min: min * 1_000_000, max: max * 1_000_000, places, unit }
}

/// `[Context, ...] "name": arguments [=> aborts], default "text", since "version", Status, "Meaning.";`
macro_rules! keywords {
    (@aborts) => { false };
    (@aborts aborts) => { true };
    ($([$($context:ident),+] $name:literal: $arguments:expr $(=> $aborts:ident)?, default $default:literal, since $since:literal,
        $status:ident $(($instead:literal))?, $meaning:literal;)*) => {{
        #[allow(unused_imports, reason = "each table uses some of the short forms")]
        use $crate::keywords::{
            Context, Keyword, Status, Unit,
            table::{decimal, integer, DELAY_MAX, LONG, LONG_TIME, SCHEDULERS, SECONDS, TIME, U32, U32_SECONDS},
        };
        #[allow(clippy::enum_glob_use, clippy::wildcard_imports, reason = "the table reads as a table")]
        use $crate::keywords::Arguments::*;
        &[$(Keyword {
            contexts: &[$(Context::$context),+],
            name: $name,
            arguments: $arguments,
            aborts: $crate::keywords::table::keywords!(@aborts $($aborts)?),
            default: $default,
            since: $since,
            status: Status::$status $(($instead))?,
            meaning: $meaning,
        }),*]
    }};
}
pub(super) use keywords;
