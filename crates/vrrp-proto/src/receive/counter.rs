//! Counters of rejected advertisements, under the names that monitoring already knows.

/// A reason to count a rejected advertisement. Several [`Rejection`](crate::Rejection)s share one, as in the MIBs.
///
/// ```
/// use vrrp_proto::{Counter, Rejection};
///
/// let mut counts = [0_u64; Counter::ALL.len()];
/// counts[Rejection::AhMissing.counter().index()] += 1;
/// assert_eq!(counts[Counter::AuthTypeMismatch.index()], 1);
/// assert_eq!(Counter::AuthTypeMismatch.keepalived(), Some("authtype_mismatch"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Counter {
    /// Another protocol or family. No MIB counts these.
    NotForUs,
    /// Wrong length, in the IP header or the message.
    PacketLength,
    /// To or from an address that is not ours to hear.
    Endpoints,
    /// Wrong TTL or hop limit.
    Ttl,
    /// Wrong version.
    Version,
    /// Wrong message type.
    Type,
    /// Unknown authentication type.
    AuthTypeUnknown,
    /// Not the configured authentication type.
    AuthTypeMismatch,
    /// Authentication failed.
    AuthFailure,
    /// No authentication trailer where one is required. No MIB counts this or the other errors of trailers.
    TrailerMissing,
    /// Octets that are no authentication trailer.
    TrailerMalformed,
    /// An authentication trailer signed with a key that is not configured.
    TrailerUnknownKey,
    /// Wrong digest in the authentication trailer.
    TrailerDigest,
    /// An authentication trailer too far from this machine's clock.
    TrailerStale,
    /// A repeated authentication trailer.
    TrailerReplay,
    /// Wrong checksum.
    Checksum,
    /// Wrong VRID.
    Vrid,
    /// Wrong advertisement interval.
    Interval,
    /// Wrong virtual addresses.
    AddressList,
    /// Discarded since the local router owns the addresses. No MIB counts these.
    LocalIsOwner,
}

impl Counter {
    /// Every counter, so that `ALL[counter.index()] == counter`.
    pub const ALL: &'static [Self] = &[
        Self::NotForUs,
        Self::PacketLength,
        Self::Endpoints,
        Self::Ttl,
        Self::Version,
        Self::Type,
        Self::AuthTypeUnknown,
        Self::AuthTypeMismatch,
        Self::AuthFailure,
        Self::TrailerMissing,
        Self::TrailerMalformed,
        Self::TrailerUnknownKey,
        Self::TrailerDigest,
        Self::TrailerStale,
        Self::TrailerReplay,
        Self::Checksum,
        Self::Vrid,
        Self::Interval,
        Self::AddressList,
        Self::LocalIsOwner,
    ];

    /// The position in [`Counter::ALL`], for a table of counts.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// Its name in words, as in a status: `ip-ttl`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotForUs => "not-for-us",
            Self::PacketLength => "packet-length",
            Self::Endpoints => "endpoints",
            Self::Ttl => "ip-ttl",
            Self::Version => "version",
            Self::Type => "type",
            Self::AuthTypeUnknown => "authentication-type-unknown",
            Self::AuthTypeMismatch => "authentication-type",
            Self::AuthFailure => "authentication",
            Self::TrailerMissing => "trailer-missing",
            Self::TrailerMalformed => "trailer-malformed",
            Self::TrailerUnknownKey => "trailer-unknown-key",
            Self::TrailerDigest => "trailer-digest",
            Self::TrailerStale => "trailer-stale",
            Self::TrailerReplay => "trailer-replay",
            Self::Checksum => "checksum",
            Self::Vrid => "vrid",
            Self::Interval => "interval",
            Self::AddressList => "address-list",
            Self::LocalIsOwner => "local-is-owner",
        }
    }

    /// The object of RFC 6527 (or, for authentication, RFC 2787) that counts this.
    #[must_use]
    pub const fn mib(self) -> Option<&'static str> {
        match self {
            Self::PacketLength => Some("vrrpv3StatisticsPacketLengthErrors"),
            Self::Ttl => Some("vrrpv3StatisticsIpTtlErrors"),
            Self::Version => Some("vrrpv3RouterVersionErrors"),
            Self::Type => Some("vrrpv3StatisticsRcvdInvalidTypePackets"),
            Self::AuthTypeUnknown => Some("vrrpStatsInvalidAuthType"),
            Self::AuthTypeMismatch => Some("vrrpStatsAuthTypeMismatch"),
            Self::AuthFailure => Some("vrrpStatsAuthFailures"),
            Self::Checksum => Some("vrrpv3RouterChecksumErrors"),
            Self::Vrid => Some("vrrpv3RouterVrIdErrors"),
            Self::Interval => Some("vrrpv3StatisticsAdvIntervalErrors"),
            Self::AddressList => Some("vrrpv3StatisticsAddressListErrors"),
            Self::NotForUs
            | Self::Endpoints
            | Self::LocalIsOwner
            | Self::TrailerMissing
            | Self::TrailerMalformed
            | Self::TrailerUnknownKey
            | Self::TrailerDigest
            | Self::TrailerStale
            | Self::TrailerReplay => None,
        }
    }

    /// The key under `stats` in keepalived's JSON that counts this.
    ///
    /// keepalived counts a unicast packet for a multicast instance, or the reverse, as an address list error;
    /// wrong checksums, versions and VRIDs it does not count.
    #[must_use]
    pub const fn keepalived(self) -> Option<&'static str> {
        match self {
            Self::PacketLength => Some("packet_len_err"),
            Self::Ttl => Some("ip_ttl_err"),
            Self::Type => Some("invalid_type_rcvd"),
            Self::AuthTypeUnknown => Some("invalid_authtype"),
            Self::AuthTypeMismatch => Some("authtype_mismatch"),
            Self::AuthFailure => Some("auth_failure"),
            Self::TrailerMissing => Some("auth_ext_missing"),
            Self::TrailerMalformed => Some("auth_ext_malformed"),
            Self::TrailerUnknownKey => Some("auth_ext_unknown_key"),
            Self::TrailerDigest => Some("auth_ext_invalid_hmac"),
            Self::TrailerStale => Some("auth_ext_stale"),
            Self::TrailerReplay => Some("auth_ext_replay"),
            Self::Interval => Some("advert_interval_err"),
            Self::AddressList | Self::Endpoints => Some("addr_list_err"),
            Self::NotForUs | Self::Version | Self::Checksum | Self::Vrid | Self::LocalIsOwner => None,
        }
    }
}
