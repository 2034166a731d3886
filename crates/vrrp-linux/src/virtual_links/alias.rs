//! The alias of an interface that we made: its owner, its base, and the earlier settings of the base.
//!
//! After its daemon was killed, the interface can be taken over or removed, and the settings restored, by its alias.

use std::fmt;
use std::str::FromStr;

/// Settings of a base interface that are different while it carries a virtual MAC interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseSettings {
    /// `arp_ignore`
    pub arp_ignore: i32,
    /// `arp_announce`
    pub arp_announce: i32,
}

/// The text that we write, as values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Alias {
    /// The mark of the daemon, see [`Mark`](crate::mark::Mark).
    pub(super) mark: u8,
    /// The index of its base. The kernel names another one where the base is a macvlan itself.
    pub(super) base: u32,
    /// The settings of the base as they were.
    pub(super) former: BaseSettings,
}

impl fmt::Display for Alias {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { mark, base, former: BaseSettings { arp_ignore, arp_announce } } = self;
        write!(f, "{PREFIX}{mark} on {base} with arp_ignore={arp_ignore} arp_announce={arp_announce}")
    }
}

impl FromStr for Alias {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let rest = text.strip_prefix(PREFIX).ok_or(())?;
        let (mark, rest) = rest.split_once(" on ").ok_or(())?;
        let (base, rest) = rest.split_once(" with arp_ignore=").ok_or(())?;
        let (arp_ignore, arp_announce) = rest.split_once(" arp_announce=").ok_or(())?;
        let number = |text: &str| text.parse::<i32>().map_err(drop);
        let former = BaseSettings { arp_ignore: number(arp_ignore)?, arp_announce: number(arp_announce)? };
        Ok(Self { mark: mark.parse().map_err(drop)?, base: base.parse().map_err(drop)?, former })
    }
}

const PREFIX: &str = "vrrp-linux ";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_read_as_it_was_written_and_nothing_else_is_one() {
        let former = BaseSettings { arp_ignore: 0, arp_announce: 2 };
        let alias = Alias { mark: 113, base: 7, former };
        assert_eq!(alias.to_string(), "vrrp-linux 113 on 7 with arp_ignore=0 arp_announce=2");
        assert_eq!(alias.to_string().parse(), Ok(alias));
        for text in ["", "uplink", "vrrp-linux ", "vrrp-linux 300 on 7 with arp_ignore=0 arp_announce=2"] {
            assert_eq!(text.parse::<Alias>(), Err(()), "{text}");
        }
    }
}
