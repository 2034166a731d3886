//! The advertisement, VRRP's only message (RFC 9568 §5, RFC 3768 §5, RFC 2338 §5.3.6).
//!
//! An [`Advert`] in the words of a person: router 51, priority 100, every second, these addresses.
//! Everything that follows from that (version, count, length, checksum) is derived on [`Advert::emit`].
//! Everything that only the IP header has (family, source, destination) is a parameter.
//!
//! `parse` is structural: it says what a message means, not whether it should be believed. Checksum, TTL,
//! authentication and the comparison with the own configuration are the business of
//! [`Receiver`](crate::Receiver).

use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use crate::addresses::Addresses;
use crate::assigned::IPV4_GROUP;
use crate::auth::AuthData;
use crate::checksum::Sum;
use crate::endpoints::Endpoints;
use crate::interval::AdvertInterval;
use crate::message::{ADVERTISEMENT, AUTH_DATA_LEN, HEAD_LEN, Message};
use crate::priority::Priority;
use crate::types::{Family, Version, Vrid};
use crate::warnings::Warnings;

/// One advertisement.
///
/// ```
/// use core::net::Ipv4Addr;
/// use vrrp_proto::{Addresses, Advert, AdvertInterval, AuthData, Centiseconds, ChecksumRule, Endpoints};
/// use vrrp_proto::{Family, IPV4_GROUP, Priority, Vrid};
///
/// let advert = Advert {
///     vrid: Vrid::new(51)?,
///     priority: Priority::new(100),
///     interval: AdvertInterval::V3(Centiseconds::new(100)?),
///     addresses: Addresses::V4(&[[192, 0, 2, 1]]),
///     auth: AuthData::None,
/// };
/// let endpoints = Endpoints::V4 { source: Ipv4Addr::new(192, 0, 2, 251), destination: IPV4_GROUP };
///
/// let mut buffer = [0xaa; 64];
/// let len = advert.emit(&mut buffer, &endpoints, ChecksumRule::PseudoHeader)?;
/// let message = &buffer[..len];
/// assert_eq!(message, [0x31, 51, 100, 1, 0, 100, 0x04, 0xdb, 192, 0, 2, 1]);
/// assert_eq!(Advert::parse(message, Family::Ipv4)?, advert);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert<'a> {
    /// The virtual router.
    pub vrid: Vrid,
    /// Priority of its sender; 0 says that it leaves.
    pub priority: Priority,
    /// Interval between the sender's adverts. Its unit says which version the message has.
    pub interval: AdvertInterval,
    /// The virtual addresses, at most 255. Their family is that of the carrying packet.
    pub addresses: Addresses<'a>,
    /// Authentication: [`AuthData::None`] in VRRPv3.
    pub auth: AuthData,
}

impl<'a> Advert<'a> {
    /// Reads a message that came in an IP packet of `family`.
    ///
    /// The reserved bits of VRRPv3, and the authentication data of types 0 and 2, are ignored
    /// (RFC 9568 §5.2.6, RFC 3768 §5.3.10). The checksum is not looked at: see [`checksum_readings`].
    ///
    /// # Errors
    /// The first that applies, in the order of the variants of [`ParseError`].
    pub fn parse(message: &'a [u8], family: Family) -> Result<Self, ParseError> {
        let actual = message.len();
        let message = Message::split(message).ok_or(ParseError::Short { needed: HEAD_LEN, actual })?;
        let version = match (message.version(), family) {
            (2, Family::Ipv4) => Version::V2,
            (3, Family::Ipv4 | Family::Ipv6) => Version::V3,
            (actual, _) => return Err(ParseError::Version { actual }),
        };
        if message.message_type() != ADVERTISEMENT {
            return Err(ParseError::Type { actual: message.message_type() });
        }
        let vrid = Vrid::new(message.vrid()).map_err(|_| ParseError::VridZero)?;
        let body = message.body(version, family);
        if body.expected != body.actual {
            return Err(ParseError::Length { expected: body.expected, actual: body.actual });
        }
        Ok(Self {
            vrid,
            priority: Priority::new(message.priority()),
            interval: message.interval(version),
            addresses: body.addresses,
            auth: match version {
                Version::V3 => AuthData::None,
                Version::V2 => AuthData::read(message.auth_type(), body.auth_data.unwrap_or_default())
                    .ok_or(ParseError::AuthType { actual: message.auth_type() })?,
            },
        })
    }

    /// The version, which the unit of the interval tells.
    #[must_use]
    #[inline(always)]
    pub const fn version(&self) -> Version {
        self.interval.version()
    }

    /// Octets that [`Advert::emit`] writes: 16 + 4n for VRRPv2, 8 + 4n or 8 + 16n for VRRPv3.
    #[must_use]
    #[inline(always)]
    pub const fn buffer_len(&self) -> usize {
        HEAD_LEN
            + self.addresses.octets_len()
            + match self.version() {
                Version::V2 => AUTH_DATA_LEN,
                Version::V3 => 0,
            }
    }

    /// Writes the message to the start of `buffer` and gives its length. Every octet of it is written,
    /// whatever was there; the rest of `buffer` is left alone.
    ///
    /// `rule` decides about VRRPv3 over IPv4 only: VRRPv2 never has a pseudo-header, IPv6 always has one.
    ///
    /// The defect for which a [`Receiver`](crate::Receiver) with [`Policy::RFC9568`](crate::Policy::RFC9568) would
    /// reject for its contents is not written.
    ///
    /// # Errors
    /// The first that applies, in the order of the variants of [`EmitError`]; `buffer` is then untouched.
    #[inline]
    pub fn emit(
        &self,
        buffer: &mut [u8],
        endpoints: &Endpoints,
        rule: ChecksumRule,
    ) -> Result<usize, EmitError> {
        let count = self.check_emittable(endpoints.family())?;
        if let Some(actual) = self.first_address_not_link_local() {
            return Err(EmitError::FirstAddressNotLinkLocal { actual });
        }
        self.write(buffer, endpoints, rule, count)
    }

    /// Writes the message as [`Advert::emit`] does, and does it as well where RFC 9568 §5.2.9 forbids it and keepalived
    /// does it all the same: with a first IPv6 address that is not link-local. Such configurations are common; every
    /// known receiver but one that is strict takes them. The warnings say so: tell the operator once.
    ///
    /// # Errors
    /// As [`Advert::emit`], but never [`EmitError::FirstAddressNotLinkLocal`].
    pub fn emit_as_keepalived(
        &self,
        buffer: &mut [u8],
        endpoints: &Endpoints,
        rule: ChecksumRule,
    ) -> Result<(usize, Warnings), EmitError> {
        let count = self.check_emittable(endpoints.family())?;
        let mut warnings = Warnings::empty();
        warnings.set(Warnings::FIRST_ADDRESS_NOT_LINK_LOCAL, self.first_address_not_link_local().is_some());
        Ok((self.write(buffer, endpoints, rule, count)?, warnings))
    }

    #[inline(always)]
    fn write(
        &self,
        buffer: &mut [u8],
        endpoints: &Endpoints,
        rule: ChecksumRule,
        count: u8,
    ) -> Result<usize, EmitError> {
        let (len, actual) = (self.buffer_len(), buffer.len());
        let too_small = EmitError::BufferTooSmall { needed: len, actual };
        let (message, _rest) = buffer.split_at_mut_checked(len).ok_or(too_small)?;
        let (head, body) = message.split_first_chunk_mut::<HEAD_LEN>().ok_or(too_small)?;

        let [octet4, octet5] = match self.interval {
            AdvertInterval::V2(seconds) => [self.auth.number(), seconds.0],
            AdvertInterval::V3(centiseconds) => centiseconds.get().to_be_bytes(),
        };
        let version_type = (self.version().number() << 4) | ADVERTISEMENT;
        *head = [version_type, self.vrid.get(), self.priority.get(), count, octet4, octet5, 0, 0];
        match self.version() {
            Version::V2 => {
                let (list, data) = body.split_last_chunk_mut().ok_or(too_small)?;
                self.addresses.write(list);
                *data = self.auth.data();
            }
            Version::V3 => self.addresses.write(body),
        }

        let sum = self.outside_message(endpoints, rule, len).add(head).add(body);
        let [.., high, low] = head;
        [*high, *low] = sum.complement().to_be_bytes();
        Ok(len)
    }

    /// The count octet, if the message can be written at all.
    fn check_emittable(&self, endpoints: Family) -> Result<u8, EmitError> {
        let addresses = self.addresses.family();
        if addresses != endpoints {
            return Err(EmitError::Family { addresses, endpoints });
        }
        match self.version() {
            Version::V2 if addresses == Family::Ipv6 => return Err(EmitError::V2OverIpv6),
            Version::V3 if self.auth != AuthData::None => return Err(EmitError::AuthInV3),
            Version::V2 | Version::V3 => {}
        }
        let actual = self.addresses.len();
        let count = u8::try_from(actual).map_err(|_| EmitError::AddressCount { actual })?;
        if count == 0 && self.version() == Version::V3 {
            return Err(EmitError::NoAddresses);
        }
        if self.interval.is_zero() {
            return Err(EmitError::IntervalZero);
        }
        Ok(count)
    }

    fn first_address_not_link_local(&self) -> Option<Ipv6Addr> {
        let first = match self.addresses {
            Addresses::V6([first, ..]) => Ipv6Addr::from(*first),
            Addresses::Ipv6([first, ..]) => *first,
            Addresses::V6([]) | Addresses::Ipv6([]) | Addresses::V4(_) | Addresses::Ipv4(_) => return None,
        };
        (!first.is_unicast_link_local()).then_some(first)
    }

    /// The pseudo-header that the checksum covers besides the message.
    fn outside_message(&self, endpoints: &Endpoints, rule: ChecksumRule, len: usize) -> Sum {
        match (self.version(), endpoints, rule) {
            (Version::V2, _, _) | (Version::V3, Endpoints::V4 { .. }, ChecksumRule::MessageOnly) => {
                Sum::default()
            }
            (Version::V3, Endpoints::V6 { .. }, _)
            | (Version::V3, Endpoints::V4 { .. }, ChecksumRule::PseudoHeader) => endpoints.pseudo_header(len),
            (Version::V3, Endpoints::V4 { source, .. }, ChecksumRule::OldUnicast) => {
                as_to_the_group(*source).pseudo_header(len)
            }
        }
    }
}

impl fmt::Display for Advert<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { vrid, priority, interval, addresses, auth } = self;
        write!(f, "{} router {vrid}, priority {priority}, every {interval}", self.version())?;
        if *auth != AuthData::None {
            write!(f, ", {auth}")?;
        }
        write!(f, ", addresses [{addresses}]")
    }
}

/// Coverage of the checksum of VRRPv3 over IPv4. VRRPv2 and IPv6 leave no choice.
///
/// RFC 5798 can be read either way, and both are in the field: keepalived, FRR, RouterOS and Arista EOS
/// send the pseudo-header by default; Cisco IOS and holo do not, as RFC 9568 §5.2.8 says. Routers that
/// disagree reject each other's advertisements, so a [`Receiver`](crate::Receiver) may take both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChecksumRule {
    /// A pseudo-header of source, destination, protocol and length, and the message (keepalived, RFC 5798).
    #[default]
    PseudoHeader,
    /// The message alone (RFC 9568).
    MessageOnly,
    /// As [`PseudoHeader`](Self::PseudoHeader), with 224.0.0.18 as the destination whatever the destination is: what keepalived before
    /// 1.3.7 sends to unicast peers, and the only thing that it takes from them.
    OldUnicast,
}

/// Under which readings the checksum of a message is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChecksumReadings {
    /// The message alone adds up: right for VRRPv2, and for VRRPv3 over IPv4 by RFC 9568.
    pub message_only: bool,
    /// The message and its pseudo-header add up: right for IPv6, and for VRRPv3 over IPv4 by keepalived.
    pub pseudo_header: bool,
    /// The message and a pseudo-header to 224.0.0.18 add up, and neither of the others does: over IPv4 to a unicast peer right
    /// by keepalived before 1.3.7.
    pub old_unicast: bool,
}

/// Adds up `message` each way; the version in it is not looked at.
#[must_use]
#[inline(always)]
pub fn checksum_readings(message: &[u8], endpoints: &Endpoints) -> ChecksumReadings {
    let sum = Sum::of(message);
    let message_only = sum.is_intact();
    let pseudo_header = sum.join(endpoints.pseudo_header(message.len())).is_intact();
    let old_unicast = match *endpoints {
        Endpoints::V4 { source, .. } if !message_only && !pseudo_header => {
            sum.join(as_to_the_group(source).pseudo_header(message.len())).is_intact()
        }
        Endpoints::V4 { .. } | Endpoints::V6 { .. } => false,
    };
    ChecksumReadings { message_only, pseudo_header, old_unicast }
}

/// The endpoints that keepalived before 1.3.7 has in mind when it sums up a message to a unicast peer.
const fn as_to_the_group(source: Ipv4Addr) -> Endpoints {
    Endpoints::V4 { source, destination: IPV4_GROUP }
}

/// Why some octets are not an advertisement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// The part that every message has is incomplete.
    #[error("{actual} octets, but the shortest message has {needed}")]
    Short {
        /// Octets of the shortest message.
        needed: usize,
        /// Octets that there are.
        actual: usize,
    },
    /// Neither VRRPv2 over IPv4 nor VRRPv3.
    #[error("version {actual} is not VRRP over this IP version")]
    Version {
        /// The version nibble.
        actual: u8,
    },
    /// Not an advertisement, and there is no other message.
    #[error("message type {actual}, but only 1 is known")]
    Type {
        /// The type nibble.
        actual: u8,
    },
    /// No virtual router has VRID 0.
    #[error("VRID 0")]
    VridZero,
    /// The length is not what the count of addresses makes it.
    #[error("{actual} octets, but its count of addresses makes it {expected}")]
    Length {
        /// Octets by the count.
        expected: usize,
        /// Octets that there are.
        actual: usize,
    },
    /// A VRRPv2 authentication type that no RFC knows.
    #[error("unknown authentication type {actual}")]
    AuthType {
        /// The authentication type octet.
        actual: u8,
    },
}

/// Why an advertisement cannot be written. All are mistakes of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The packet is of another family than the addresses in the message.
    #[error("{addresses} addresses in an {endpoints} packet")]
    Family {
        /// Family of the virtual addresses.
        addresses: Family,
        /// Family of the carrying packet.
        endpoints: Family,
    },
    /// There is no VRRPv2 for IPv6.
    #[error("VRRPv2 over IPv6")]
    V2OverIpv6,
    /// VRRPv3 has no authentication.
    #[error("authentication in VRRPv3")]
    AuthInV3,
    /// The count has 8 bits.
    #[error("{actual} addresses, but an advertisement holds 255")]
    AddressCount {
        /// Addresses that were given.
        actual: usize,
    },
    /// RFC 9568 §5.2.5: a VRRPv3 advertisement has at least one address.
    #[error("no addresses in VRRPv3")]
    NoAddresses,
    /// RFC 9568 §5.2.7 and its erratum 8301.
    #[error("advertisement interval 0")]
    IntervalZero,
    /// RFC 9568 §5.2.9: the first IPv6 address is the link-local one of the virtual router.
    #[error("first address {actual} is not link-local")]
    FirstAddressNotLinkLocal {
        /// The first address.
        actual: Ipv6Addr,
    },
    /// The authentication type promises an Authentication Header that is not there, or the other way round.
    #[error("authentication type 2 and the authentication header go together")]
    AhMismatch,
    /// The buffer is too small.
    #[error("{actual} octets of buffer, {needed} needed")]
    BufferTooSmall {
        /// Octets to be written.
        needed: usize,
        /// Octets of buffer.
        actual: usize,
    },
}

#[cfg(test)]
mod tests {
    use core::net::Ipv4Addr;

    use super::*;
    use crate::interval::{Centiseconds, Seconds};

    const ENDPOINTS: Endpoints =
        Endpoints::V4 { source: Ipv4Addr::new(10, 9, 0, 2), destination: IPV4_GROUP };

    fn advert(interval: AdvertInterval) -> Advert<'static> {
        Advert {
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::DEFAULT,
            interval,
            addresses: Addresses::V4(&[[10, 9, 0, 100]]),
            auth: AuthData::None,
        }
    }

    fn v3() -> AdvertInterval {
        AdvertInterval::V3(Centiseconds::MAX)
    }

    #[test]
    fn reserved_bits_are_sent_as_zero_and_ignored() {
        let mut message = [0xff; 12];
        advert(v3()).emit(&mut message, &ENDPOINTS, ChecksumRule::MessageOnly).unwrap();
        assert_eq!(message[4..6], [0x0f, 0xff]);
        message[4] = 0xff;
        assert_eq!(Advert::parse(&message, Family::Ipv4), Ok(advert(v3())));
    }

    #[test]
    fn version_2_ends_with_eight_zeros_unless_it_has_a_password() {
        let mut message = [0xff; 20];
        let v2 = advert(AdvertInterval::V2(Seconds(1)));
        assert_eq!(v2.emit(&mut message, &ENDPOINTS, ChecksumRule::PseudoHeader), Ok(20));
        assert_eq!(message[12..], [0; 8]);
        message[19] = 1;
        assert_eq!(Advert::parse(&message, Family::Ipv4), Ok(v2));
    }

    #[test]
    fn an_impossible_advert_cannot_be_emitted() {
        let mut buffer = [0; 2000];
        let mut emit = |advert: Advert<'_>, endpoints: &Endpoints| {
            advert.emit(&mut buffer, endpoints, ChecksumRule::PseudoHeader).unwrap_err()
        };
        let v6 = Endpoints::V6 { source: crate::IPV6_GROUP, destination: crate::IPV6_GROUP };
        let v6_list = Addresses::V6(&[[0xfe; 16]]);
        let v2 = AdvertInterval::V2(Seconds(1));
        assert_eq!(
            emit(advert(v3()), &v6),
            EmitError::Family { addresses: Family::Ipv4, endpoints: Family::Ipv6 }
        );
        assert_eq!(emit(Advert { addresses: v6_list, ..advert(v2) }, &v6), EmitError::V2OverIpv6);
        assert_eq!(emit(Advert { auth: AuthData::Ah, ..advert(v3()) }, &ENDPOINTS), EmitError::AuthInV3);
        let none = Advert { addresses: Addresses::V4(&[]), ..advert(v3()) };
        assert_eq!(emit(none, &ENDPOINTS), EmitError::NoAddresses);
        for zero in [AdvertInterval::V3(Centiseconds::new(0).unwrap()), AdvertInterval::V2(Seconds(0))] {
            assert_eq!(emit(advert(zero), &ENDPOINTS), EmitError::IntervalZero);
        }
        let many = Advert { addresses: Addresses::V4(&[[0; 4]; 256]), ..advert(v3()) };
        assert_eq!(emit(many, &ENDPOINTS), EmitError::AddressCount { actual: 256 });
        let most = Advert { addresses: Addresses::V4(&[[0; 4]; 255]), ..advert(v2) };
        let mut buffer = [0; 2000];
        assert_eq!(most.emit(&mut buffer, &ENDPOINTS, ChecksumRule::PseudoHeader), Ok(16 + 4 * 255));
    }

    #[test]
    fn a_global_first_ipv6_address_is_written_as_keepalived_does_or_not_at_all() {
        let mut buffer = [0; 100];
        let endpoints = Endpoints::V6 { source: Ipv6Addr::LOCALHOST, destination: crate::IPV6_GROUP };
        let global = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
        let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let rule = ChecksumRule::PseudoHeader;
        let (wrong, right) = ([global.octets(), link_local.octets()], [link_local.octets(), global.octets()]);
        let wrong = Advert { addresses: Addresses::V6(&wrong), ..advert(v3()) };
        let right = Advert { addresses: Addresses::V6(&right), ..wrong };
        let refused = EmitError::FirstAddressNotLinkLocal { actual: global };
        assert_eq!(wrong.emit(&mut buffer, &endpoints, rule), Err(refused));
        assert_eq!(buffer, [0; 100]);
        let warned = (40, Warnings::FIRST_ADDRESS_NOT_LINK_LOCAL);
        assert_eq!(wrong.emit_as_keepalived(&mut buffer, &endpoints, rule), Ok(warned));
        assert_eq!(Advert::parse(&buffer[..40], Family::Ipv6), Ok(wrong));
        assert_eq!(right.emit(&mut buffer, &endpoints, rule), Ok(40));
        assert_eq!(right.emit_as_keepalived(&mut buffer, &endpoints, rule), Ok((40, Warnings::empty())));
    }

    #[test]
    fn addresses_of_a_configuration_are_written_like_those_of_a_packet() {
        let (v4, v6) = ([Ipv4Addr::new(10, 9, 0, 100)], [Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1)]);
        let octets = [v6[0].octets()];
        let to_group = Endpoints::V6 { source: v6[0], destination: crate::IPV6_GROUP };
        for (kept, packet, endpoints) in [
            (Addresses::from(&v4[..]), Addresses::V4(&[[10, 9, 0, 100]]), ENDPOINTS),
            (Addresses::from(&v6[..]), Addresses::V6(&octets), to_group),
        ] {
            let (mut ours, mut theirs) = ([1; 40], [2; 40]);
            let rule = ChecksumRule::PseudoHeader;
            let len = Advert { addresses: kept, ..advert(v3()) }.emit(&mut ours, &endpoints, rule).unwrap();
            let same = Advert { addresses: packet, ..advert(v3()) };
            assert_eq!(same.emit(&mut theirs, &endpoints, rule), Ok(len));
            assert_eq!(ours[..len], theirs[..len]);
        }
    }

    #[test]
    fn version_2_may_have_no_addresses() {
        let mut buffer = [0; 16];
        let empty = Advert { addresses: Addresses::V4(&[]), ..advert(AdvertInterval::V2(Seconds(1))) };
        assert_eq!(empty.emit(&mut buffer, &ENDPOINTS, ChecksumRule::PseudoHeader), Ok(16));
    }

    #[test]
    fn there_is_no_version_2_over_ipv6_and_no_vrid_0() {
        let mut message = [0; 16];
        message[0] = 0x21;
        message[1] = 1;
        assert!(Advert::parse(&message, Family::Ipv4).is_ok());
        assert_eq!(Advert::parse(&message, Family::Ipv6), Err(ParseError::Version { actual: 2 }));
        message[1] = 0;
        assert_eq!(Advert::parse(&message, Family::Ipv4), Err(ParseError::VridZero));
        message[1] = 1;
        message[4] = 3;
        assert_eq!(Advert::parse(&message, Family::Ipv4), Err(ParseError::AuthType { actual: 3 }));
    }

    #[test]
    fn an_advert_reads_like_a_sentence() {
        extern crate std;
        let shown = std::format!("{}", advert(v3()));
        assert_eq!(shown, "VRRPv3 router 51, priority 100, every 40.95 s, addresses [10.9.0.100]");
    }
}
