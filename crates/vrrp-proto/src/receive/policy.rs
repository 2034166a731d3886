//! Where the RFCs differ from each other, or from what is in the field.

/// What to do about the points on which receivers differ.
///
/// Start from one of the constants and change what the administrator asks for:
///
/// ```
/// use vrrp_proto::{Policy, Reaction};
///
/// let strict_lists = Policy { address_list: Reaction::Discard, ..Policy::INTEROP };
/// assert_eq!(strict_lists.v3_count_zero, Reaction::Discard);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "callers change single fields of the constants")]
pub struct Policy {
    /// Accepted coverage of the checksum of VRRPv3 over IPv4.
    pub v3_ipv4_checksum: AcceptedChecksum,
    /// Whether [`ChecksumRule::OldUnicast`](crate::ChecksumRule::OldUnicast) is accepted from unicast peers besides.
    pub old_unicast_checksum: bool,
    /// A VRRPv3 advertisement without addresses (RFC 9568 §5.2.5).
    pub v3_count_zero: Reaction,
    /// A VRRPv3 advertisement with interval 0 (RFC 9568 erratum 8301).
    pub v3_interval_zero: Reaction,
    /// A first IPv6 address that is not link-local (RFC 9568 §5.2.9, erratum 8300).
    pub first_address_not_link_local: Reaction,
    /// A VRRPv2 advertisement to a router of priority 255 (RFC 3768 §7.1: discard).
    pub v2_local_is_owner: Reaction,
    /// A VRRPv3 advertisement to a router of priority 255 (RFC 5798 §7.1: discard; RFC 9568 erratum 8298: log).
    pub v3_local_is_owner: Reaction,
    /// Other addresses than ours (RFC 9568 §7.1: log). RFC 3768 §7.1 drops them once it looks, unless the sender
    /// is the owner, which [`Reaction::Discard`] does.
    pub address_list: Reaction,
}

impl Policy {
    /// Accepts what routers in the field send, and nothing that would do harm: the default, and what `vipd` does.
    /// An owner hears others in both versions, since otherwise two of them would never yield to each other.
    pub const INTEROP: Self = Self {
        v3_ipv4_checksum: AcceptedChecksum::Either,
        old_unicast_checksum: true,
        v3_count_zero: Reaction::Discard,
        v3_interval_zero: Reaction::Discard,
        first_address_not_link_local: Reaction::Warn,
        v2_local_is_owner: Reaction::Warn,
        v3_local_is_owner: Reaction::Warn,
        address_list: Reaction::Warn,
    };

    /// RFC 3768 to the letter: an owner hears nobody, and other addresses than ours are discarded unless the owner
    /// sent them (§7.1). Two routers that both have priority 255 then serve at the same time for ever.
    pub const RFC3768: Self =
        Self { v2_local_is_owner: Reaction::Discard, address_list: Reaction::Discard, ..Self::INTEROP };

    /// RFC 9568 with its verified errata 8298 to 8301.
    pub const RFC9568: Self = Self {
        v3_ipv4_checksum: AcceptedChecksum::MessageOnly,
        old_unicast_checksum: false,
        first_address_not_link_local: Reaction::Discard,
        ..Self::INTEROP
    };

    /// RFC 5798, which has a pseudo-header in both families and fewer checks.
    pub const RFC5798: Self = Self {
        v3_ipv4_checksum: AcceptedChecksum::PseudoHeader,
        old_unicast_checksum: false,
        v3_count_zero: Reaction::Warn,
        v3_interval_zero: Reaction::Warn,
        v3_local_is_owner: Reaction::Discard,
        ..Self::INTEROP
    };
}

impl Default for Policy {
    fn default() -> Self {
        Self::INTEROP
    }
}

/// The consequence of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reaction {
    /// The advertisement is rejected.
    Discard,
    /// The advertisement is accepted and the finding is among its [`Warnings`](crate::Warnings).
    Warn,
}

/// Which reading of the checksum of VRRPv3 over IPv4 is accepted; see [`ChecksumRule`](crate::ChecksumRule).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AcceptedChecksum {
    /// Both. A damaged message then passes twice as often: 2 in 65,536.
    Either,
    /// Only with pseudo-header.
    PseudoHeader,
    /// Only without.
    MessageOnly,
}
