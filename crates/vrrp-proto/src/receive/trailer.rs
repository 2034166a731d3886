//! The authentication trailer, as far as a receiver judges it.
//!
//! The order is keepalived's: a missing trailer, its form, the clock (before any digest is computed), the key, the
//! digest, and last whether the stamp is new. Nothing is remembered here: the caller hands in what it knows of the sender
//! ([`ExpectedTrailer::guard`]) and keeps the stamp of what was accepted ([`Accepted::trailer`](super::Accepted::trailer)).

use core::time::Duration;

use super::checks::check_length;
use super::{Counter, Failures, Judge, Opened, Receiver, Rejection, Warnings};
use crate::advert::{ChecksumReadings, checksum_readings};
use crate::auth_trailer::{AntiReplay, AuthTrailer, ReplayGuard, StampError, TrailerError, TrailerKey};
use crate::datagram::Datagram;
use crate::endpoints::Endpoints;
use crate::message::Body;

/// Expectations of the authentication trailer of advertisements.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "callers make one for each packet")]
pub struct ExpectedTrailer<'a> {
    /// The keys that verify, with their numbers.
    pub keys: &'a [(u8, TrailerKey)],
    /// The reaction to an advertisement without a trailer.
    pub unsigned: Unsigned,
    /// The rule by which stamps are compared with the clock.
    pub rule: AntiReplay,
    /// The memory of the sender of this packet.
    pub guard: ReplayGuard,
    /// The clock of this machine, since 1970.
    pub since_1970: Duration,
}

/// Reactions to an advertisement without a trailer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsigned {
    /// It is rejected (keepalived: `enforce`).
    Discard,
    /// It is accepted with [`Warnings::UNSIGNED`] (`permissive`).
    Warn,
    /// It is accepted (`receive-only`).
    Accept,
}

/// Reasons against an authentication trailer, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TrailerRejection {
    /// There is none.
    #[error("no authentication trailer")]
    Missing,
    /// The octets are no trailer.
    #[error(transparent)]
    Malformed(TrailerError),
    /// The stamp is too far from the clock of this machine.
    #[error("stale authentication trailer: its stamp is {seconds} s from the clock of this machine")]
    Stale {
        /// Their distance.
        seconds: u64,
    },
    /// No key with this number is configured.
    #[error("authentication trailer with unknown key {actual}")]
    UnknownKey {
        /// The number in the trailer.
        actual: u8,
    },
    /// Another secret under this number, or a message that was changed.
    #[error("wrong digest in the authentication trailer (key {key_id})")]
    Digest {
        /// The number in the trailer.
        key_id: u8,
    },
    /// The stamp is not after the last one of this sender.
    #[error("authentication trailer with a stamp that is not after the last one: a repeated packet")]
    Replay,
}

impl TrailerRejection {
    pub(super) const fn counter(self) -> Counter {
        match self {
            Self::Missing => Counter::TrailerMissing,
            Self::Malformed(_) => Counter::TrailerMalformed,
            Self::Stale { .. } => Counter::TrailerStale,
            Self::UnknownKey { .. } => Counter::TrailerUnknownKey,
            Self::Digest { .. } => Counter::TrailerDigest,
            Self::Replay => Counter::TrailerReplay,
        }
    }

    pub(super) const fn failure(self) -> Failures {
        match self {
            Self::Missing => Failures::TRAILER_MISSING,
            Self::Malformed(_) => Failures::TRAILER_MALFORMED,
            Self::Stale { .. } => Failures::TRAILER_STALE,
            Self::UnknownKey { .. } => Failures::TRAILER_UNKNOWN_KEY,
            Self::Digest { .. } => Failures::TRAILER_DIGEST,
            Self::Replay => Failures::TRAILER_REPLAY,
        }
    }
}

impl ExpectedTrailer<'_> {
    fn check(
        &self,
        octets: Option<&[u8; AuthTrailer::LEN]>,
        message: &[u8],
        endpoints: &Endpoints,
    ) -> Result<(Option<AuthTrailer>, Warnings), TrailerRejection> {
        let Some(octets) = octets else {
            return match self.unsigned {
                Unsigned::Discard => Err(TrailerRejection::Missing),
                Unsigned::Warn => Ok((None, Warnings::UNSIGNED)),
                Unsigned::Accept => Ok((None, Warnings::empty())),
            };
        };
        let trailer = AuthTrailer::parse(octets).map_err(TrailerRejection::Malformed)?;
        ReplayGuard::check_clock(self.rule, trailer.stamp, self.since_1970).map_err(stamp_rejection)?;
        let unknown = TrailerRejection::UnknownKey { actual: trailer.key_id };
        let (_, key) = self.keys.iter().find(|(id, _)| *id == trailer.key_id).ok_or(unknown)?;
        if !trailer.verify(key, endpoints.source(), message) {
            return Err(TrailerRejection::Digest { key_id: trailer.key_id });
        }
        // A copy: the caller remembers the stamp once every other check has passed.
        let mut guard = self.guard;
        guard.accept(self.rule, trailer.stamp, self.since_1970).map_err(stamp_rejection)?;
        let mut warnings = Warnings::empty();
        warnings.set(Warnings::CLOCK_DIFFERS, self.rule.is_nearly_stale(trailer.stamp, self.since_1970));
        Ok((Some(trailer), warnings))
    }
}

fn stamp_rejection(error: StampError) -> TrailerRejection {
    match error {
        StampError::Stale { seconds } => TrailerRejection::Stale { seconds },
        StampError::Replay => TrailerRejection::Replay,
    }
}

impl Receiver<'_> {
    /// The length, and the trailer if one is expected.
    #[inline(always)]
    pub(super) fn open<'p>(
        &self,
        datagram: &Datagram<'p>,
        mut body: Body<'p>,
        judge: &mut impl Judge,
    ) -> Result<Opened, Rejection> {
        let Some(expected) = &self.trailer else {
            judge.note(check_length(&body))?;
            let readings = checksum_readings(datagram.message, &datagram.endpoints);
            return Ok(Opened { readings, warnings: Warnings::empty(), trailer: None });
        };
        let (message, octets) = match datagram.message.split_last_chunk() {
            Some((message, octets)) if message.len() == body.expected => (message, Some(octets)),
            _ => (datagram.message, None),
        };
        body.actual = message.len();
        judge.note(check_length(&body))?;
        let readings = readings_before_trailer(message, datagram, octets.is_some());
        let (trailer, warnings) = match expected.check(octets, message, &datagram.endpoints) {
            Ok(found) => found,
            Err(rejection) => {
                judge.note(Err(Rejection::Trailer(rejection)))?;
                (None, Warnings::empty())
            }
        };
        Ok(Opened { readings, warnings, trailer })
    }
}

/// The readings of a message before its trailer. Over IPv6 a kernel computes the checksum, and covers the trailer.
fn readings_before_trailer(message: &[u8], datagram: &Datagram<'_>, has_trailer: bool) -> ChecksumReadings {
    let alone = checksum_readings(message, &datagram.endpoints);
    match datagram.endpoints {
        Endpoints::V6 { .. } if has_trailer && !alone.pseudo_header => {
            checksum_readings(datagram.message, &datagram.endpoints)
        }
        Endpoints::V4 { .. } | Endpoints::V6 { .. } => alone,
    }
}

#[cfg(test)]
mod tests;
