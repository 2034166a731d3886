//! The IPv4 packet around an advertisement, for sockets that take whole packets (`IP_HDRINCL`).
//!
//! A sender that lets the kernel write the header does not need this, except for authentication type 2: the
//! digest in the Authentication Header covers the IPv4 header, so both must come from one hand.

use core::net::Ipv4Addr;

use crate::advert::{Advert, ChecksumRule, EmitError};
#[cfg(feature = "ah")]
use crate::ah::{AH_LEN, AuthHeader};
use crate::assigned::{IP_PROTOCOL, TRAFFIC_CLASS, TTL};
use crate::auth::AuthData;
#[cfg(feature = "auth-trailer")]
use crate::auth_trailer::{AuthTrailer, TrailerSigner};
use crate::checksum::Sum;
use crate::endpoints::Endpoints;
#[cfg(feature = "ah")]
use crate::{assigned::AH_PROTOCOL, auth::AuthKey};

/// The fields of an IPv4 header that a sender chooses. The rest is fixed: no options, no fragments, TOS 0xc0 (CS6).
///
/// ```
/// use core::net::Ipv4Addr;
/// use vrrp_proto::{IPV4_GROUP, Ipv4Header};
/// # use vrrp_proto::{Addresses, Advert, AdvertInterval, AuthData, ChecksumRule, Datagram, Priority, Seconds, Vrid};
/// # let advert = Advert {
/// #     vrid: Vrid::new(51)?,
/// #     priority: Priority::DEFAULT,
/// #     interval: AdvertInterval::V2(Seconds(1)),
/// #     addresses: Addresses::V4(&[[192, 0, 2, 1]]),
/// #     auth: AuthData::None,
/// # };
///
/// let header = Ipv4Header::new(Ipv4Addr::new(192, 0, 2, 251), IPV4_GROUP);
/// let mut buffer = [0; 64];
/// let len = header.emit(&mut buffer, &advert, ChecksumRule::PseudoHeader)?;
/// assert_eq!(len, 20 + 8 + 4 + 8);
/// assert_eq!(Datagram::from_ipv4(&buffer[..len])?.ttl, 255);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4Header {
    /// The primary address of the sending interface.
    pub source: Ipv4Addr,
    /// 224.0.0.18, or a unicast peer.
    pub destination: Ipv4Addr,
    /// Time to live: 255, except to unicast peers behind routers.
    pub ttl: u8,
    /// Identification. Linux replaces 0 by a number of its own when it sends, which an Authentication Header
    /// does not survive: give another one then.
    pub identification: u16,
}

impl Ipv4Header {
    /// A header with TTL 255 and identification 0.
    #[must_use]
    pub const fn new(source: Ipv4Addr, destination: Ipv4Addr) -> Self {
        Self { source, destination, ttl: TTL, identification: 0 }
    }

    /// Both addresses.
    #[must_use]
    pub const fn endpoints(&self) -> Endpoints {
        Endpoints::V4 { source: self.source, destination: self.destination }
    }

    /// Writes the IP header and `advert` to the start of `buffer` and gives the length of the packet.
    ///
    /// # Errors
    /// [`EmitError::AhMismatch`] for [`AuthData::Ah`], which needs [`Ipv4Header::emit_ah`]; otherwise as
    /// [`Advert::emit`].
    pub fn emit(
        &self,
        buffer: &mut [u8],
        advert: &Advert<'_>,
        rule: ChecksumRule,
    ) -> Result<usize, EmitError> {
        if advert.auth == AuthData::Ah {
            return Err(EmitError::AhMismatch);
        }
        let (needed, actual) = (IPV4_HEADER_LEN + advert.buffer_len(), buffer.len());
        let too_small = EmitError::BufferTooSmall { needed, actual };
        let (header, message) = buffer.split_first_chunk_mut().ok_or(too_small)?;
        let len = advert.emit(message, &self.endpoints(), rule).map_err(|error| within(error, too_small))?;
        *header = self.octets(IP_PROTOCOL, len);
        Ok(IPV4_HEADER_LEN + len)
    }

    /// As [`Ipv4Header::emit`], with an authentication trailer behind the message.
    ///
    /// # Errors
    /// As [`Ipv4Header::emit`].
    #[cfg(feature = "auth-trailer")]
    pub fn emit_signed(
        &self,
        buffer: &mut [u8],
        advert: &Advert<'_>,
        rule: ChecksumRule,
        signer: &TrailerSigner<'_>,
    ) -> Result<usize, EmitError> {
        let needed = IPV4_HEADER_LEN + advert.buffer_len() + AuthTrailer::LEN;
        let too_small = EmitError::BufferTooSmall { needed, actual: buffer.len() };
        let len = self.emit(buffer, advert, rule).map_err(|error| within(error, too_small))?;
        let (header, message) = buffer.split_first_chunk_mut().ok_or(too_small)?;
        let len = signer.sign(message, len - IPV4_HEADER_LEN, &self.endpoints()).ok_or(too_small)?;
        *header = self.octets(IP_PROTOCOL, len);
        Ok(IPV4_HEADER_LEN + len)
    }

    /// Writes the IP header, an Authentication Header and `advert` to the start of `buffer` and gives the length
    /// of the packet. The SPI is the source address, as keepalived has it.
    ///
    /// `sequence` must be greater than that of every earlier advertisement of this virtual router, by anybody.
    ///
    /// # Errors
    /// [`EmitError::AhMismatch`] unless `advert.auth` is [`AuthData::Ah`]; otherwise as [`Advert::emit`].
    #[cfg(feature = "ah")]
    pub fn emit_ah(
        &self,
        buffer: &mut [u8],
        advert: &Advert<'_>,
        key: AuthKey,
        sequence: u32,
    ) -> Result<usize, EmitError> {
        if advert.auth != AuthData::Ah {
            return Err(EmitError::AhMismatch);
        }
        let (needed, actual) = (IPV4_HEADER_LEN + AH_LEN + advert.buffer_len(), buffer.len());
        let too_small = EmitError::BufferTooSmall { needed, actual };
        let (header, rest) = buffer.split_first_chunk_mut().ok_or(too_small)?;
        let (auth_header, rest) = rest.split_first_chunk_mut().ok_or(too_small)?;
        let len = advert
            .emit(rest, &self.endpoints(), ChecksumRule::MessageOnly)
            .map_err(|error| within(error, too_small))?;
        let (message, _rest) = rest.split_at_checked(len).ok_or(too_small)?;

        *header = self.octets(AH_PROTOCOL, AH_LEN + len);
        let unsigned = AuthHeader::unsigned(self.source, sequence);
        *auth_header = unsigned.signed(key, header, message).octets();
        Ok(needed)
    }

    fn octets(&self, protocol: u8, payload_len: usize) -> [u8; IPV4_HEADER_LEN] {
        // The longest message has 1036 octets, so the total length always fits.
        let total = u16::try_from(IPV4_HEADER_LEN + payload_len).unwrap_or(u16::MAX);
        let [total_high, total_low] = total.to_be_bytes();
        let [id_high, id_low] = self.identification.to_be_bytes();
        let [s0, s1, s2, s3] = self.source.octets();
        let [d0, d1, d2, d3] = self.destination.octets();
        let head = [VERSION_AND_LENGTH, TRAFFIC_CLASS, total_high, total_low, id_high, id_low, 0, 0];
        let [h0, h1, h2, h3, h4, h5, h6, h7] = head;
        let sum = Sum::of(&head)
            .add(&[self.ttl, protocol])
            .add_number(self.source.to_bits())
            .add_number(self.destination.to_bits());
        let [sum_high, sum_low] = sum.complement().to_be_bytes();
        [
            h0, h1, h2, h3, h4, h5, h6, h7, self.ttl, protocol, sum_high, sum_low, s0, s1, s2, s3, d0, d1,
            d2, d3,
        ]
    }
}

/// The whole packet did not fit, not just the message.
fn within(error: EmitError, too_small: EmitError) -> EmitError {
    if matches!(error, EmitError::BufferTooSmall { .. }) { too_small } else { error }
}

/// Octets of an IPv4 header without options.
pub(crate) const IPV4_HEADER_LEN: usize = 20;
/// Version 4, five words.
const VERSION_AND_LENGTH: u8 = 0x45;
