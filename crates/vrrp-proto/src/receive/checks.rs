//! The single checks, in the order in which [`Receiver`] makes them.

use core::net::Ipv6Addr;

use super::{AcceptedChecksum, ExpectedAuth, Judge, Mode, Reaction, Receiver, Rejection, TtlRange};
use crate::addresses::Addresses;
use crate::advert::ChecksumReadings;
use crate::ah::AH_WORDS;
use crate::auth::{AuthData, AuthKey};
use crate::datagram::Datagram;
#[cfg(feature = "ah")]
use crate::datagram::Envelope;
use crate::endpoints::Endpoints;
use crate::interval::{AdvertInterval, Centiseconds};
use crate::message::{ADVERTISEMENT, Body, Message};
use crate::priority::Priority;
use crate::types::{Family, Version};
use crate::warnings::Warnings;

/// 1 to 4: what the headers around the message say.
impl Receiver<'_> {
    #[inline(always)]
    pub(super) fn check_carrier(
        &self,
        datagram: &Datagram<'_>,
        judge: &mut impl Judge,
    ) -> Result<(), Rejection> {
        let endpoints = &datagram.endpoints;
        judge.note(self.check_family(endpoints.family()))?;
        judge.note(check_ah_length(datagram))?;
        judge.note(self.mode.check_destination(endpoints))?;
        let ttl = self.mode.ttl_from(endpoints);
        judge.note(ttl.map(drop))?;
        // Nothing is known about the distance of a stranger.
        judge.note(ttl.unwrap_or(TtlRange::ANY).check(datagram.ttl))
    }

    #[inline(always)]
    fn check_family(&self, actual: Family) -> Result<(), Rejection> {
        require(actual == self.family, || Rejection::Family { expected: self.family, actual })
    }
}

#[inline(always)]
fn check_ah_length(datagram: &Datagram<'_>) -> Result<(), Rejection> {
    match datagram.envelope {
        Some(envelope) if envelope.header.length != AH_WORDS => {
            Err(Rejection::AhLength { expected: AH_WORDS, actual: envelope.header.length })
        }
        _ => Ok(()),
    }
}

/// 5 to 11: whether the message is whole and of this virtual router.
impl Receiver<'_> {
    /// RFC 9568 §7.1: "MUST verify that the VRRP version is 3". There is no VRRPv2 for IPv6.
    #[inline(always)]
    pub(super) fn check_version(&self, message: Message<'_>) -> Result<(), Rejection> {
        let expected = self.interval.version();
        let exists = !matches!((expected, self.family), (Version::V2, Family::Ipv6));
        require(exists && message.version() == expected.number(), || Rejection::Version {
            expected,
            actual: message.version(),
        })
    }

    /// The kind of authentication: VRRPv2's type field, and for both versions the header in front.
    #[inline(always)]
    pub(super) fn check_auth_kind(
        &self,
        datagram: &Datagram<'_>,
        message: Message<'_>,
        judge: &mut impl Judge,
    ) -> Result<(), Rejection> {
        let mut needs_header = false;
        if self.interval.version() == Version::V2 {
            let (expected, actual) = (self.auth.number(), message.auth_type());
            let known = AuthData::read(actual, [0; 8]).is_some();
            judge.note(require(known, || Rejection::AuthTypeUnknown { actual }))?;
            // An unknown type is not also a mismatch: it is counted once.
            judge.note(require(actual == expected || !known, || Rejection::AuthTypeMismatch {
                expected,
                actual,
            }))?;
            needs_header = expected == AuthData::Ah.number();
        }
        match datagram.envelope {
            None if needs_header => judge.note(Err(Rejection::AhMissing)),
            Some(_) if !needs_header => judge.note(Err(Rejection::AhUnexpected)),
            _ => Ok(()),
        }
    }

    /// RFC 9568 §5.2.8, RFC 3768 §5.3.8; VRRPv3 over IPv4 by policy.
    #[inline(always)]
    pub(super) fn check_checksum(
        &self,
        readings: ChecksumReadings,
        message: Message<'_>,
    ) -> Result<(), Rejection> {
        let ChecksumReadings { message_only, pseudo_header, old_unicast } = readings;
        let takes_old = self.policy.old_unicast_checksum
            && matches!((self.interval.version(), self.mode), (Version::V3, Mode::Unicast { .. }));
        let right = match (self.interval.version(), self.family, self.policy.v3_ipv4_checksum) {
            (Version::V2, _, _) | (Version::V3, Family::Ipv4, AcceptedChecksum::MessageOnly) => message_only,
            (Version::V3, Family::Ipv6, _) | (Version::V3, Family::Ipv4, AcceptedChecksum::PseudoHeader) => {
                pseudo_header
            }
            (Version::V3, Family::Ipv4, AcceptedChecksum::Either) => message_only || pseudo_header,
        };
        require(right || takes_old && old_unicast, || Rejection::Checksum { actual: message.checksum() })
    }

    #[inline(always)]
    pub(super) fn check_vrid(&self, message: Message<'_>) -> Result<(), Rejection> {
        let (expected, actual) = (self.vrid, message.vrid());
        require(actual == expected.get(), || Rejection::Vrid { expected, actual })
    }
}

#[inline(always)]
pub(super) fn check_type(message: Message<'_>) -> Result<(), Rejection> {
    let actual = message.message_type();
    require(actual == ADVERTISEMENT, || Rejection::Type { actual })
}

#[inline(always)]
pub(super) fn check_length(body: &Body<'_>) -> Result<(), Rejection> {
    let Body { expected, actual, .. } = *body;
    match actual.cmp(&expected) {
        core::cmp::Ordering::Less => Err(Rejection::LengthShort { expected, actual }),
        core::cmp::Ordering::Equal => Ok(()),
        core::cmp::Ordering::Greater => Err(Rejection::LengthLong { expected, actual }),
    }
}

/// 12: whether a VRRPv2 sender knows the secret.
impl Receiver<'_> {
    /// RFC 2338 §5.3.6.2: all 8 octets are compared. The length check has found missing octets.
    #[inline(always)]
    pub(super) fn check_password(&self, body: &Body<'_>) -> Result<(), Rejection> {
        match (self.interval.version(), self.auth, body.auth_data) {
            (Version::V2, ExpectedAuth::Password(expected), Some(data)) => {
                require(AuthKey::from(data) == expected, || Rejection::AuthPassword)
            }
            _ => Ok(()),
        }
    }

    /// RFC 2402 §3.4. A missing header has been noted by [`Receiver::check_auth_kind`].
    #[cfg(feature = "ah")]
    #[inline(always)]
    pub(super) fn check_auth_header(
        &self,
        datagram: &Datagram<'_>,
        judge: &mut impl Judge,
    ) -> Result<(), Rejection> {
        match (self.interval.version(), self.auth, &datagram.envelope) {
            (Version::V2, ExpectedAuth::Ah { key, last_sequence }, Some(envelope)) => {
                check_ah(key, last_sequence, envelope, datagram, judge)
            }
            _ => Ok(()),
        }
    }

    /// The authentication of a packet that passed every check.
    #[inline(always)]
    pub(super) fn auth_accepted(&self) -> AuthData {
        match (self.interval.version(), self.auth) {
            (Version::V3, _) | (Version::V2, ExpectedAuth::None) => AuthData::None,
            (Version::V2, ExpectedAuth::Password(password)) => AuthData::Password(password),
            #[cfg(feature = "ah")]
            (Version::V2, ExpectedAuth::Ah { .. }) => AuthData::Ah,
        }
    }
}

#[cfg(feature = "ah")]
fn check_ah(
    key: AuthKey,
    last: u32,
    envelope: &Envelope<'_>,
    datagram: &Datagram<'_>,
    judge: &mut impl Judge,
) -> Result<(), Rejection> {
    let Envelope { header, ip_header } = envelope;
    judge.note(require(header.verify(key, ip_header, datagram.message), || Rejection::AhIcv))?;
    if let Endpoints::V4 { source, .. } = datagram.endpoints {
        let (expected, actual) = (source.to_bits(), header.spi);
        judge.note(require(actual == expected, || Rejection::AhSpi { expected, actual }))?;
    }
    judge.note(require(header.sequence > last, || Rejection::AhReplay { last, actual: header.sequence }))
}

/// 13 to 16 and the warnings: what the message says.
impl Receiver<'_> {
    #[inline(always)]
    pub(super) fn check_meaning(
        &self,
        datagram: &Datagram<'_>,
        message: Message<'_>,
        body: &Body<'_>,
        judge: &mut impl Judge,
    ) -> Result<Warnings, Rejection> {
        let mut warnings = Warnings::empty();
        let version = self.interval.version();
        let v3 = version == Version::V3;

        if v3 && message.count() == 0 {
            let how = (self.policy.v3_count_zero, Warnings::COUNT_ZERO);
            react(how, Rejection::CountZero, &mut warnings, judge)?;
        }
        self.check_interval(message.interval(version), &mut warnings, judge)?;
        if let Addresses::V6([first, ..]) = body.addresses
            && let actual = Ipv6Addr::from(*first)
            && !actual.is_unicast_link_local()
        {
            let how = (self.policy.first_address_not_link_local, Warnings::FIRST_ADDRESS_NOT_LINK_LOCAL);
            react(how, Rejection::FirstAddressNotLinkLocal { actual }, &mut warnings, judge)?;
        }
        if self.owner {
            let reaction = if v3 { self.policy.v3_local_is_owner } else { self.policy.v2_local_is_owner };
            react((reaction, Warnings::LOCAL_IS_OWNER), Rejection::LocalIsOwner, &mut warnings, judge)?;
        }
        if self.addresses.is_some_and(|ours| !ours.same_set(body.addresses)) {
            // RFC 3768 §7.1: "If the packet was not generated by the address owner ..., the receiver MUST drop".
            let from_owner = Priority::new(message.priority()).is_owner();
            let reaction = if from_owner { Reaction::Warn } else { self.policy.address_list };
            react((reaction, Warnings::ADDRESS_LIST_DIFFERS), Rejection::AddressList, &mut warnings, judge)?;
        }
        warnings.set(Warnings::SOURCE_NOT_LINK_LOCAL, is_source_odd(&datagram.endpoints));
        Ok(warnings)
    }

    /// VRRPv2: "MUST verify that the Adver Interval in the packet is the same as the locally configured".
    /// VRRPv3: the sender's interval is learned, so it must not be 0.
    #[inline(always)]
    fn check_interval(
        &self,
        actual: AdvertInterval,
        warnings: &mut Warnings,
        judge: &mut impl Judge,
    ) -> Result<(), Rejection> {
        match (AdvertInterval::from(self.interval), actual) {
            (AdvertInterval::V2(expected), AdvertInterval::V2(actual)) => {
                judge.note(require(actual == expected, || Rejection::IntervalMismatch { expected, actual }))
            }
            (AdvertInterval::V3(_), AdvertInterval::V3(Centiseconds::ZERO)) => {
                let how = (self.policy.v3_interval_zero, Warnings::INTERVAL_ZERO);
                react(how, Rejection::IntervalZero, warnings, judge)
            }
            (expected, actual) => {
                warnings.set(Warnings::INTERVAL_DIFFERS, expected != actual);
                Ok(())
            }
        }
    }
}

/// RFC 9568 §5.1.2.1. Unicast is not in the RFCs and may come from anywhere.
#[inline(always)]
fn is_source_odd(endpoints: &Endpoints) -> bool {
    match endpoints {
        Endpoints::V6 { source, destination } => {
            destination.is_multicast() && !source.is_unicast_link_local()
        }
        Endpoints::V4 { .. } => false,
    }
}

#[inline(always)]
fn react(
    (reaction, warning): (Reaction, Warnings),
    rejection: Rejection,
    warnings: &mut Warnings,
    judge: &mut impl Judge,
) -> Result<(), Rejection> {
    match reaction {
        Reaction::Discard => judge.note(Err(rejection)),
        Reaction::Warn => {
            *warnings |= warning;
            Ok(())
        }
    }
}

#[inline(always)]
fn require(holds: bool, otherwise: impl FnOnce() -> Rejection) -> Result<(), Rejection> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
