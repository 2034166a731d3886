//! Findings that do not discard an advertisement.

use core::fmt::{self, Write as _};

use bitflags::bitflags;

bitflags! {
    /// Findings that are worth a (rate-limited) log line, but do not discard.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Warnings: u16 {
        /// VRRPv3: the sender's interval is not ours. It is learned (RFC 9568 §6.4.2).
        const INTERVAL_DIFFERS = 1 << 0;
        /// The virtual addresses are not ours; the order does not matter.
        const ADDRESS_LIST_DIFFERS = 1 << 1;
        /// The first IPv6 address is not link-local.
        const FIRST_ADDRESS_NOT_LINK_LOCAL = 1 << 2;
        /// The source of an IPv6 multicast advertisement is not link-local (RFC 9568 §5.1.2.1).
        const SOURCE_NOT_LINK_LOCAL = 1 << 3;
        /// We own the addresses, yet somebody advertises them.
        const LOCAL_IS_OWNER = 1 << 4;
        /// VRRPv3: no addresses.
        const COUNT_ZERO = 1 << 5;
        /// VRRPv3: interval 0.
        const INTERVAL_ZERO = 1 << 6;
        /// No authentication trailer, where all senders should have one by now.
        const UNSIGNED = 1 << 7;
        /// The stamp of the authentication trailer is more than half of the window from this machine's clock.
        const CLOCK_DIFFERS = 1 << 8;
    }
}

impl fmt::Display for Warnings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_names(f, self.iter_names().map(|(name, _)| name))
    }
}

/// The names in small letters with commas between, such as `checksum, vrid`.
pub(crate) fn write_names(
    f: &mut fmt::Formatter<'_>,
    names: impl Iterator<Item = &'static str>,
) -> fmt::Result {
    for (i, name) in names.enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        for letter in name.chars() {
            f.write_char(letter.to_ascii_lowercase())?;
        }
    }
    Ok(())
}
