//! The receive checks (RFC 9568 §7.1, RFC 3768 §7.1, RFC 2338 §7.1).
//!
//! A [`Receiver`] is one virtual router as far as it judges packets: the adverts that it is configured to accept. It
//! holds only numbers and borrowed lists, so a daemon makes one on the spot from its own data for each packet. It keeps
//! no state. The things to remember come in and go out: the last sequence number of an Authentication Header with
//! [`ExpectedAuth::Ah`] and [`Accepted::ah_sequence`], the last stamp of an authentication trailer with
//! `ExpectedTrailer::guard` and `Accepted::trailer`.
//!
//! The RFCs give a set of checks and no order. Ours is that of [`Failures`]: cheap before expensive, and what makes
//! later fields meaningful first. [`Receiver::check`] stops at the first failure, [`Receiver::explain`]
//! goes on as long as the packet can be read; both run the same checks.
//!
//! Unlike keepalived (2.2.7) we reject VRRPv3 advertisements with interval 0, count authentication and interval
//! errors under their own names, accept both readings of the IPv4 checksum, and warn about a different
//! address list where it discards.

mod checks;
mod counter;
mod mode;
mod policy;
mod rejection;
#[cfg(test)]
mod tests;
#[cfg(feature = "auth-trailer")]
mod trailer;

use core::fmt;
use core::net::IpAddr;

pub use self::counter::Counter;
pub use self::mode::{Mode, Peer, TtlRange};
pub use self::policy::{AcceptedChecksum, Policy, Reaction};
pub use self::rejection::{Failures, Rejection};
#[cfg(feature = "auth-trailer")]
pub use self::trailer::{ExpectedTrailer, TrailerRejection, Unsigned};

#[cfg(not(feature = "auth-trailer"))]
use self::checks::check_length;
use self::checks::check_type;
use crate::addresses::Addresses;
#[cfg(not(feature = "auth-trailer"))]
use crate::advert::checksum_readings;
use crate::advert::{Advert, ChecksumReadings, ChecksumRule};
use crate::assigned::group;
use crate::auth::AuthKey;
#[cfg(feature = "auth-trailer")]
use crate::auth_trailer::AuthTrailer;
use crate::datagram::Datagram;
use crate::interval::RouterInterval;
use crate::message::{Body, HEAD_LEN, Message};
use crate::priority::Priority;
use crate::types::{Family, Version, Vrid};
use crate::warnings::Warnings;

/// One virtual router's expectations.
///
/// ```
/// use vrrp_proto::*;
///
/// let receiver = Receiver {
///     addresses: Some(Addresses::V4(&[[10, 9, 0, 100], [10, 9, 0, 101]])),
///     auth: ExpectedAuth::Password(AuthKey::new(b"secret")),
///     ..Receiver::new(Family::Ipv4, Vrid::new(51)?, RouterInterval::seconds(1)?)
/// };
///
/// // Captured from keepalived 2.4.
/// let packet = [
///     0x45, 0xc0, 0, 0x2c, 0, 1, 0, 0, 255, 112, 0xd0, 0x83, 10, 9, 0, 2, 224, 0, 0, 18, //
///     0x21, 51, 100, 2, 1, 1, 0x28, 0xa2, 10, 9, 0, 100, 10, 9, 0, 101, //
///     b's', b'e', b'c', b'r', b'e', b't', 0, 0,
/// ];
/// let accepted = receiver.check(&Datagram::from_ipv4(&packet)?)?;
/// assert_eq!(accepted.advert.priority, Priority::new(100));
/// assert!(accepted.warnings.is_empty());
///
/// let other = Receiver { auth: ExpectedAuth::None, ..receiver };
/// let rejection = other.check(&Datagram::from_ipv4(&packet)?).unwrap_err();
/// assert_eq!(rejection, Rejection::AuthTypeMismatch { expected: 0, actual: 1 });
/// assert_eq!(rejection.counter(), Counter::AuthTypeMismatch);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Receiver<'a> {
    /// The IP version that carries the advertisements.
    pub family: Family,
    /// The virtual router.
    pub vrid: Vrid,
    /// The configured advertisement interval. Its unit says which version is expected.
    pub interval: RouterInterval,
    /// Destinations of advertisements, and their senders.
    pub mode: Mode<'a>,
    /// VRRPv2 authentication. VRRPv3 has none, whatever stands here.
    pub auth: ExpectedAuth,
    /// The authentication trailer of keepalived 2.4. `None` expects none: 28 octets more are a wrong length.
    #[cfg(feature = "auth-trailer")]
    pub trailer: Option<ExpectedTrailer<'a>>,
    /// Whether this router owns the addresses (its configured priority is 255).
    pub owner: bool,
    /// The configured addresses to compare with; `None` does not compare.
    pub addresses: Option<Addresses<'a>>,
    /// What to do where receivers differ.
    pub policy: Policy,
}

impl Receiver<'_> {
    /// A receiver for the standard group, without authentication, that compares no addresses and is not the owner.
    #[must_use]
    pub const fn new(family: Family, vrid: Vrid, interval: RouterInterval) -> Self {
        Self {
            family,
            vrid,
            interval,
            mode: Mode::Multicast { group: group(family) },
            auth: ExpectedAuth::None,
            #[cfg(feature = "auth-trailer")]
            trailer: None,
            owner: false,
            addresses: None,
            policy: Policy::INTEROP,
        }
    }

    /// Whether this router could hear anybody at all: its parts fit together. Ask once, when it is configured.
    ///
    /// # Errors
    /// The first that applies, in the order of the variants of [`ReceiverError`].
    pub fn validate(&self) -> Result<(), ReceiverError> {
        let family = self.family;
        if family == Family::Ipv6 && self.interval.version() == Version::V2 {
            return Err(ReceiverError::V2OverIpv6);
        }
        match self.mode {
            Mode::Multicast { group } if !group.is_multicast() => {
                return Err(ReceiverError::NoGroup { actual: group });
            }
            Mode::Multicast { group } if Family::of(group) != family => {
                return Err(ReceiverError::AddressFamily { expected: family, actual: group });
            }
            Mode::Multicast { .. } => {}
            Mode::Unicast { peers, .. } => {
                if let Some(peer) = peers.iter().find(|peer| Family::of(peer.address) != family) {
                    return Err(ReceiverError::AddressFamily { expected: family, actual: peer.address });
                }
            }
        }
        match self.addresses.and_then(Addresses::first).filter(|first| Family::of(*first) != family) {
            Some(actual) => Err(ReceiverError::AddressFamily { expected: family, actual }),
            None => Ok(()),
        }
    }

    /// Judges a packet and stops at the first check that fails.
    ///
    /// # Errors
    /// The first failed check, in the order of [`Failures`].
    #[inline(always)]
    pub fn check<'p>(&self, datagram: &Datagram<'p>) -> Result<Accepted<'p>, Rejection> {
        let findings = self.run(datagram, &mut FirstFailure)?;
        Ok(Accepted {
            advert: Advert {
                vrid: self.vrid,
                priority: Priority::new(findings.message.priority()),
                interval: findings.message.interval(self.interval.version()),
                addresses: findings.body.addresses,
                auth: self.auth_accepted(),
            },
            source: datagram.endpoints.source(),
            warnings: findings.warnings,
            checksum: match findings.opened.readings {
                ChecksumReadings { pseudo_header: true, .. } => ChecksumRule::PseudoHeader,
                ChecksumReadings { old_unicast: true, .. } => ChecksumRule::OldUnicast,
                ChecksumReadings { pseudo_header: false, .. } => ChecksumRule::MessageOnly,
            },
            ah_sequence: datagram.envelope.map(|envelope| envelope.header.sequence),
            #[cfg(feature = "auth-trailer")]
            trailer: findings.opened.trailer,
        })
    }

    /// Judges a packet and makes every check that still has a meaning after those that failed: for people who ask
    /// why, not for every packet.
    #[must_use]
    pub fn explain(&self, datagram: &Datagram<'_>) -> Explanation {
        let mut all = AllFailures::default();
        let warnings = match self.run(datagram, &mut all) {
            Ok(findings) => findings.warnings,
            Err(_) => Warnings::empty(),
        };
        Explanation { rejection: all.first, failures: all.failures, warnings }
    }

    /// The one sequence of checks.
    #[inline(always)]
    fn run<'p>(&self, datagram: &Datagram<'p>, judge: &mut impl Judge) -> Result<Findings<'p>, Rejection> {
        self.check_carrier(datagram, judge)?;
        let message = Message::split(datagram.message)
            .ok_or(Rejection::Short { needed: HEAD_LEN, actual: datagram.message.len() });
        judge.note(message.map(drop))?;
        let message = message?;
        judge.note(self.check_version(message))?;
        judge.note(check_type(message))?;
        self.check_auth_kind(datagram, message, judge)?;

        let body = message.body(self.interval.version(), self.family);
        let opened = self.open(datagram, body, judge)?;
        judge.note(self.check_checksum(opened.readings, message))?;
        judge.note(self.check_vrid(message))?;
        judge.note(self.check_password(&body))?;
        #[cfg(feature = "ah")]
        self.check_auth_header(datagram, judge)?;

        let warnings = self.check_meaning(datagram, message, &body, judge)?;
        Ok(Findings { message, body, warnings: warnings | opened.warnings, opened })
    }

    /// The length, and the trailer if one is expected.
    #[cfg(not(feature = "auth-trailer"))]
    #[inline(always)]
    #[expect(clippy::unused_self, reason = "the one of the feature has to be told which trailer to expect")]
    fn open<'p>(
        &self,
        datagram: &Datagram<'p>,
        body: Body<'p>,
        judge: &mut impl Judge,
    ) -> Result<Opened, Rejection> {
        judge.note(check_length(&body))?;
        let readings = checksum_readings(datagram.message, &datagram.endpoints);
        Ok(Opened { readings, warnings: Warnings::empty() })
    }
}

/// Why a [`Receiver`] can hear nobody. All are mistakes of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiverError {
    /// There is no VRRPv2 for IPv6.
    #[error("VRRPv2 over IPv6")]
    V2OverIpv6,
    /// The group is not a multicast address.
    #[error("{actual} is not a multicast address")]
    NoGroup {
        /// The configured group.
        actual: IpAddr,
    },
    /// The group, a peer or a virtual address is of the other family.
    #[error("{actual} in an {expected} virtual router")]
    AddressFamily {
        /// The family of the virtual router.
        expected: Family,
        /// The address.
        actual: IpAddr,
    },
}

/// The authentication that VRRPv2 advertisements must have (RFC 2338 §5.3.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedAuth {
    /// Not at all: type 0.
    #[default]
    None,
    /// By this password in clear text: type 1.
    Password(AuthKey),
    /// By an Authentication Header: type 2.
    #[cfg(feature = "ah")]
    Ah {
        /// The shared key.
        key: AuthKey,
        /// The greatest sequence number accepted so far; 0 before the first. After an advertisement was accepted
        /// it must become [`Accepted::ah_sequence`].
        last_sequence: u32,
    },
}

impl ExpectedAuth {
    /// The number on the wire: 0, 1 or 2.
    #[must_use]
    #[inline(always)]
    pub const fn number(&self) -> u8 {
        match self {
            Self::None => 0,
            Self::Password(_) => 1,
            #[cfg(feature = "ah")]
            Self::Ah { .. } => 2,
        }
    }
}

/// An advertisement that passed every check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Accepted<'p> {
    /// Its content.
    pub advert: Advert<'p>,
    /// Its sender: the address that decides between equal priorities (RFC 9568 §6.4.3).
    pub source: IpAddr,
    /// Findings that are worth a log line.
    pub warnings: Warnings,
    /// Under which reading the checksum was right; a sender of VRRPv3 over IPv4 may want to follow its peer.
    pub checksum: ChecksumRule,
    /// The sequence number of the Authentication Header, to be remembered.
    pub ah_sequence: Option<u32>,
    /// The authentication trailer that was verified; its stamp is to be remembered, by sender.
    #[cfg(feature = "auth-trailer")]
    pub trailer: Option<AuthTrailer>,
}

/// Everything that is wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// The first failed check, which [`Receiver::check`] gives; `None` if it accepts.
    pub rejection: Option<Rejection>,
    /// All failed checks.
    pub failures: Failures,
    /// Further findings that are worth a log line.
    pub warnings: Warnings,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.rejection {
            Some(rejection) => write!(f, "discarded: {rejection} (failed: {})", self.failures)?,
            None => f.write_str("accepted")?,
        }
        if !self.warnings.is_empty() {
            write!(f, ", warnings: {}", self.warnings)?;
        }
        Ok(())
    }
}

/// Values that the checks read on their way.
struct Findings<'p> {
    message: Message<'p>,
    body: Body<'p>,
    warnings: Warnings,
    opened: Opened,
}

/// Findings about the octets behind the head.
struct Opened {
    readings: ChecksumReadings,
    warnings: Warnings,
    #[cfg(feature = "auth-trailer")]
    trailer: Option<AuthTrailer>,
}

/// Decides whether the checks go on after a failed one.
trait Judge {
    fn note(&mut self, outcome: Result<(), Rejection>) -> Result<(), Rejection>;
}

struct FirstFailure;

impl Judge for FirstFailure {
    #[inline(always)]
    fn note(&mut self, outcome: Result<(), Rejection>) -> Result<(), Rejection> {
        outcome
    }
}

#[derive(Default)]
struct AllFailures {
    first: Option<Rejection>,
    failures: Failures,
}

impl Judge for AllFailures {
    fn note(&mut self, outcome: Result<(), Rejection>) -> Result<(), Rejection> {
        let Err(rejection) = outcome else { return Ok(()) };
        self.first.get_or_insert(rejection);
        self.failures |= rejection.failure();
        if rejection.ends_decoding() { outcome } else { Ok(()) }
    }
}
