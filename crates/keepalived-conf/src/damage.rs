//! The difference between a damaged text and one that is merely wrong in places.
//!
//! A misspelt option costs that option. A missing brace, a cut file or an error page in the place of the file leaves
//! open what the rest means, so a daemon that has a good configuration in force is better off with that one.

/// A kind of damage to the text of a configuration.
///
/// ```
/// use keepalived_conf::{Damage, load_str};
///
/// let cut = load_str("vrrp_instance V {\n interface eth0\n virtual_rou");
/// let damage: Vec<_> = cut.diagnostics.damage().filter_map(|finding| finding.damage).collect();
/// assert_eq!(damage, [Damage::Braces]);
///
/// let misspelt = load_str("vrrp_instance V {\n interface eth0\n virtual_router_id 1\n prioritty 100\n}\n");
/// assert_eq!(misspelt.diagnostics.damage().count(), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Damage {
    /// The main file, or a file it includes, is there and cannot be read, or the main file is not there.
    #[error("a file cannot be read")]
    Unreadable,
    /// Braces do not pair, or a block ends where the file ends.
    #[error("braces do not pair")]
    Braces,
    /// A double quote is opened and not closed.
    #[error("a quote is not closed")]
    Quote,
    /// No keyword opens this block, or no keyword of the top level is this word.
    #[error("it holds what is no configuration")]
    Unknown,
    /// Octets that are no text.
    #[error("it holds what is no text")]
    NotText,
    /// The text or what it expands to is larger than what is read.
    #[error("it is too large")]
    TooLarge,
}
