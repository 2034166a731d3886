//! VRRPv2 and VRRPv3 packets: bytes to meaning and back, and the receive checks.
//!
//! | RFC | section | here |
//! | --- | --- | --- |
//! | 9568 (VRRPv3), 5798 | 5 | [`Advert`], [`Addresses`], [`ChecksumRule`] |
//! | | 5.1, 7.3 | [`Ipv4Header`], [`virtual_mac`], the constants |
//! | | 7.1 | [`Receiver`], [`Rejection`], [`Warnings`], [`Policy`] |
//! | | 6.4, 8.1.2, 8.2.2 | [`GratuitousArp`], [`UnsolicitedNa`] |
//! | 3768 (VRRPv2) | 5, 7.1 | the same types: the unit of [`AdvertInterval`] tells the versions apart |
//! | 2338 (VRRPv2 authentication) | 5.3.6 | [`AuthData`], [`AuthKey`], [`AuthHeader`] |
//! | 6527, 2787 (MIBs) | | [`Counter`] |
//! | none: `auth_hmac` of keepalived 2.4 | | `AuthTrailer`, `TrailerSigner`, `ExpectedTrailer`, `ReplayGuard` (feature `auth-trailer`) |
//!
//! Invariants:
//!
//! - No function panics, whatever octets come; none allocates; there is no `unsafe`.
//! - A value holds what a person would say. Count, length and checksum are derived when it is written.
//! - Values that only the IP header has (source, destination, TTL) are parameters: [`Endpoints`], [`Datagram`].
//! - Writing fills every octet that it claims, so a buffer can be reused dirty.
//! - There is no state. The things to remember between packets are in [`Accepted`]: `ah_sequence` (`AhSequence` keeps it), and
//!   the stamp of a `trailer`.
//!
//! # From socket to election
//!
//! ```
//! use vrrp_proto::{Datagram, Family, Receiver, Rejection, RouterInterval, Vrid, peek};
//!
//! /// One packet as an IPv4 raw socket delivers it.
//! fn on_packet(packet: &[u8], routers: &[Receiver<'_>]) -> Result<&'static str, Rejection> {
//!     let datagram = Datagram::from_ipv4(packet)?;
//!     // Which of our virtual routers is it for? Its version, authentication and counters apply.
//!     let vrid = peek(datagram.message).map(|peek| peek.vrid);
//!     let Some(router) = routers.iter().find(|router| Some(router.vrid.get()) == vrid) else {
//!         return Ok("for a virtual router that is not ours");
//!     };
//!     let accepted = router.check(&datagram)?;
//!     // accepted.advert, accepted.source and accepted.warnings go to the state machine and the log.
//!     Ok(if accepted.advert.priority.is_stop() { "it leaves" } else { "it is there" })
//! }
//!
//! let router = Receiver::new(Family::Ipv4, Vrid::new(20)?, RouterInterval::seconds(1)?);
//! let packet = [
//!     0x45, 0xc0, 0, 0x28, 0x20, 0xfa, 0, 0, 255, 112, 0x8f, 0x3e, 198, 51, 100, 39, 224, 0, 0, 18, //
//!     0x21, 20, 0, 1, 0, 1, 0xa2, 0xe1, 203, 0, 113, 7, 0, 0, 0, 0, 0, 0, 0, 0,
//! ];
//! assert_eq!(on_packet(&packet, &[router])?, "it leaves");
//! assert!(on_packet(&packet[..30], &[router]).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Where this differs from keepalived, and why
//!
//! | point | keepalived | here, by default |
//! | --- | --- | --- |
//! | checksum of VRRPv3 over IPv4 | demands the pseudo-header, or checks nothing (`v3_checksum_as_v2`) | accepts both
//! readings, rejects what fits neither, so mixed networks work and damage is noticed |
//! | VRRPv3 interval 0 | accepted, takes over at once | rejected (RFC 9568 erratum 8301) |
//! | VRRPv3 without addresses | accepted since 2.3.3 | rejected (RFC 9568 §5.2.5) |
//! | other addresses than ours | 2.2.7 rejects; since 2.3.3 logs | warns, or rejects by [`Policy::address_list`] |
//! | VRRPv2 interval differs | dropped without a trace | rejected and counted, since two routers then serve at once |
//! | VRRPv2 owner hears another | processes | warns, so that two owners hear each other; rejects by [`Policy::RFC3768`]
//! |
//! | first IPv6 address not link-local | sent as configured | not sent (RFC 9568 §5.2.9), or by
//! [`Advert::emit_as_keepalived`] |
//! | length field of the Authentication Header | not looked at | must be right |
//! | 28-octet HMAC trailer (2.4) | checked if configured | the same with the feature `auth-trailer`, else too long: rejected |
//!
//! The digest of the Authentication Header is as keepalived computes it, not as RFC 2402 says ([`AuthHeader`]).
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]
#![allow(
    clippy::inline_always,
    reason = "a packet is read in many small steps; only when all are inlined do its pieces stay in registers, \
              which makes receiving three times faster (benches/codec.rs)"
)]

mod addresses;
mod advert;
mod ah;
#[cfg(feature = "ah")]
mod ah_sequence;
mod arp;
mod assigned;
mod auth;
#[cfg(feature = "auth-trailer")]
mod auth_trailer;
mod checksum;
mod datagram;
mod endpoints;
mod frame;
mod interval;
mod ipv4;
mod message;
mod ndp;
mod priority;
mod receive;
mod types;
mod value_error;
mod warnings;

pub use addresses::Addresses;
pub use advert::{Advert, ChecksumReadings, ChecksumRule, EmitError, ParseError, checksum_readings};
pub use ah::{AuthHeader, Icv};
#[cfg(feature = "ah")]
pub use ah_sequence::AhSequence;
pub use arp::{ArpOperation, GRATUITOUS_ARP_LEN, GratuitousArp};
pub use assigned::{
    AH_PROTOCOL, BROADCAST_MAC, IP_PROTOCOL, IPV4_GROUP, IPV4_GROUP_MAC, IPV6_ALL_NODES, IPV6_ALL_NODES_MAC,
    IPV6_GROUP, IPV6_GROUP_MAC, MacAddr, TRAFFIC_CLASS, TTL, group, virtual_mac,
};
pub use auth::{AuthData, AuthKey};
#[cfg(feature = "auth-trailer")]
pub use auth_trailer::{
    AntiReplay, AuthTrailer, ReplayGuard, StampError, TrailerError, TrailerKey, TrailerSigner, TrailerStamp,
};
pub use datagram::{Datagram, Envelope, IpError};
pub use endpoints::Endpoints;
pub use frame::{ETHERNET_HEADER_LEN, IPV6_HEADER_LEN, ethernet_header, ipv6_header};
pub use interval::{AdvertInterval, Centiseconds, RouterInterval, Seconds};
pub use ipv4::Ipv4Header;
pub use message::{Peek, peek};
pub use ndp::{UNSOLICITED_NA_LEN, UnsolicitedNa};
pub use priority::{Priority, RouterPriority};
pub use receive::{
    Accepted, AcceptedChecksum, Counter, ExpectedAuth, Explanation, Failures, Mode, Peer, Policy, Reaction,
    Receiver, ReceiverError, Rejection, TtlRange,
};
#[cfg(feature = "auth-trailer")]
pub use receive::{ExpectedTrailer, TrailerRejection, Unsigned};
pub use types::{Family, Version, Vrid};
pub use value_error::ValueError;
pub use warnings::Warnings;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
