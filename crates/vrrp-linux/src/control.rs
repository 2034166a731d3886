//! Control messages: those of the kernel about a received packet, and those to it about one to send.
//!
//! ```text
//! length (a word, with this header) | level i32 | type i32 | data, padded to a word | next message ..
//! ```

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// Room for everything that is asked for: 120 bytes with IPv6 and a timestamp of 64-bit seconds.
pub(crate) const CONTROL_LEN: usize = 128;

/// Ancillary data of a received packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Ancillary {
    /// When it arrived, on `CLOCK_REALTIME`, since 1970.
    pub(crate) timestamp: Option<Duration>,
    /// The interface it came in by.
    pub(crate) index: Option<u32>,
    /// IPv6: the address it was sent to.
    pub(crate) destination: Option<Ipv6Addr>,
    /// IPv4: the address it was sent to.
    pub(crate) destination_v4: Option<Ipv4Addr>,
    /// Its hop limit; for IPv4 only where it was asked for.
    pub(crate) hop_limit: Option<u8>,
    /// Number of packets that the socket had dropped before this one; absent while it is 0.
    pub(crate) dropped: Option<u32>,
}

impl Ancillary {
    /// Reads control messages; stops silently at the first malformed one.
    pub(crate) fn read(control: &[u8]) -> Self {
        let mut ancillary = Self::default();
        let mut rest = control;
        while let Some((level, kind, data, after)) = split(rest) {
            ancillary.note(level, kind, data);
            rest = after;
        }
        ancillary
    }

    fn note(&mut self, level: i32, kind: i32, data: &[u8]) {
        match (level, kind) {
            (libc::SOL_SOCKET, libc::SCM_TIMESTAMPNS) => self.timestamp = timespec(data),
            (libc::SOL_SOCKET, libc::SO_RXQ_OVFL) => {
                self.dropped = data.first_chunk::<4>().map(|count| u32::from_ne_bytes(*count));
            }
            (libc::IPPROTO_IP, libc::IP_PKTINFO) => {
                self.index = data.first_chunk::<4>().map(|index| u32::from_ne_bytes(*index));
                // Behind the index and the address that an answer would have.
                let destination = data.get(8..).and_then(<[u8]>::first_chunk::<4>);
                self.destination_v4 = destination.map(|address| Ipv4Addr::from(*address));
            }
            (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO) => {
                if let Some((address, index)) = data.split_first_chunk::<16>() {
                    self.destination = Some(Ipv6Addr::from(*address));
                    self.index = index.first_chunk::<4>().map(|index| u32::from_ne_bytes(*index));
                }
            }
            (libc::IPPROTO_IP, libc::IP_TTL) | (libc::IPPROTO_IPV6, libc::IPV6_HOPLIMIT) => {
                let limit = data.first_chunk::<4>().map(|limit| i32::from_ne_bytes(*limit));
                self.hop_limit = limit.and_then(|limit| u8::try_from(limit).ok());
            }
            _ => {}
        }
    }
}

/// Control messages that choose source, interface and hop limit of an outgoing IPv6 packet.
pub(crate) fn outgoing_v6(source: Ipv6Addr, index: u32, hop_limit: u8) -> [u8; OUTGOING_V6_LEN] {
    let mut messages = [0; OUTGOING_V6_LEN];
    let (information, limit) = messages.split_at_mut(INFORMATION_LEN);
    write(information, libc::IPV6_PKTINFO, [source.octets().as_slice(), &index.to_ne_bytes()]);
    write(limit, libc::IPV6_HOPLIMIT, [i32::from(hop_limit).to_ne_bytes().as_slice(), &[]]);
    messages
}

/// Writes one message of IPv6; the rest of `place` is padding.
fn write(place: &mut [u8], kind: i32, data: [&[u8]; 2]) {
    let length = HEADER_LEN + data.iter().map(|part| part.len()).sum::<usize>();
    let [first, second] = data;
    let (length, level, kind) = (length.to_ne_bytes(), libc::IPPROTO_IPV6.to_ne_bytes(), kind.to_ne_bytes());
    let parts: [&[u8]; 5] = [&length, &level, &kind, first, second];
    for (place, byte) in place.iter_mut().zip(parts.into_iter().flatten()) {
        *place = *byte;
    }
}

/// A control message's level, type and data, and what follows it.
fn split(control: &[u8]) -> Option<(i32, i32, &[u8], &[u8])> {
    let (length, rest) = control.split_first_chunk::<WORD>()?;
    let length = usize::from_ne_bytes(*length);
    let (level, rest) = rest.split_first_chunk::<4>()?;
    let (kind, _) = rest.split_first_chunk::<4>()?;
    let data = control.get(HEADER_LEN..length)?;
    let after = control.get(length.checked_next_multiple_of(WORD)?..).unwrap_or_default();
    Some((i32::from_ne_bytes(*level), i32::from_ne_bytes(*kind), data, after))
}

/// Seconds and nanoseconds, each a word of the kernel's choice.
fn timespec(data: &[u8]) -> Option<Duration> {
    let (seconds, nanoseconds) = match data.len() {
        16 => {
            let (seconds, nanoseconds) = data.split_first_chunk::<8>()?;
            (i64::from_ne_bytes(*seconds), i64::from_ne_bytes(*nanoseconds.first_chunk::<8>()?))
        }
        8 => {
            let (seconds, nanoseconds) = data.split_first_chunk::<4>()?;
            let nanoseconds = nanoseconds.first_chunk::<4>()?;
            (i32::from_ne_bytes(*seconds).into(), i32::from_ne_bytes(*nanoseconds).into())
        }
        _ => return None,
    };
    let nanoseconds = u32::try_from(nanoseconds).ok().filter(|n| *n < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(seconds).ok()?, nanoseconds))
}

const WORD: usize = size_of::<usize>();
const HEADER_LEN: usize = WORD + 8;
/// The length of the packet information within [`outgoing_v6`].
const INFORMATION_LEN: usize = (HEADER_LEN + 20).next_multiple_of(WORD);
/// The length of [`outgoing_v6`].
pub(crate) const OUTGOING_V6_LEN: usize = INFORMATION_LEN + (HEADER_LEN + 4).next_multiple_of(WORD);

/// The address that an IPv4 packet was sent to, and its time to live, from its header.
pub(crate) fn ipv4_destination_and_ttl(packet: &[u8]) -> Option<(Ipv4Addr, u8)> {
    let (header, _) = packet.split_first_chunk::<20>()?;
    let [_, _, _, _, _, _, _, _, ttl, .., a, b, c, d] = *header;
    Some((Ipv4Addr::new(a, b, c, d), ttl))
}

#[cfg(all(test, target_pointer_width = "64", target_endian = "little"))]
mod tests {
    use super::*;

    /// Ancillary data of a packet of protocol 112 to ff02::12 on Linux 6.18 (x86_64): timestamp, packet information,
    /// hop limit.
    #[rustfmt::skip]
    const CAPTURED: [u8; 96] = [
        32, 0, 0, 0, 0, 0, 0, 0,  1, 0, 0, 0,  35, 0, 0, 0,
        0x80, 0xf6, 0x02, 0x6b, 0, 0, 0, 0,  0xd5, 0x13, 0x21, 0x27, 0, 0, 0, 0,
        36, 0, 0, 0, 0, 0, 0, 0,  41, 0, 0, 0,  50, 0, 0, 0,
        0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12,  2, 0, 0, 0,  0, 0, 0, 0,
        20, 0, 0, 0, 0, 0, 0, 0,  41, 0, 0, 0,  52, 0, 0, 0,
        255, 0, 0, 0,  0, 0, 0, 0,
    ];

    #[test]
    fn everything_asked_for_is_found() {
        let expected = Ancillary {
            timestamp: Some(Duration::new(1_795_356_288, 656_479_189)),
            index: Some(2),
            destination: Some("ff02::12".parse().unwrap()),
            destination_v4: None,
            hop_limit: Some(255),
            dropped: None,
        };
        assert_eq!(Ancillary::read(&CAPTURED), expected);
    }

    #[test]
    fn control_data_cut_anywhere_gives_the_messages_before_the_cut() {
        for length in 0..CAPTURED.len() {
            let ancillary = Ancillary::read(&CAPTURED[..length]);
            assert_eq!(ancillary.timestamp.is_some(), length >= 32, "cut at {length}");
            assert_eq!(ancillary.destination.is_some(), length >= 32 + 36, "cut at {length}");
            assert_eq!(ancillary.hop_limit.is_some(), length >= 72 + 20, "cut at {length}");
        }
    }

    #[test]
    fn any_flipped_bit_is_read_without_panic() {
        for bit in 0..CAPTURED.len() * 8 {
            let mut bytes = CAPTURED;
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_ne!(Ancillary::read(&bytes), Ancillary { index: Some(u32::MAX), ..Ancillary::default() });
        }
    }

    #[test]
    fn the_chosen_source_and_hop_limit_are_read_back() {
        let source = "fe80::1".parse().unwrap();
        let ancillary = Ancillary::read(&outgoing_v6(source, 9, 254));
        assert_eq!((ancillary.destination, ancillary.index), (Some(source), Some(9)));
        assert_eq!(ancillary.hop_limit, Some(254));
    }

    #[test]
    fn an_ipv4_header_says_where_to_and_how_far() {
        let header = [0x45, 0xc0, 0, 32, 0, 1, 0, 0, 255, 112, 0, 0, 192, 0, 2, 1, 224, 0, 0, 18];
        assert_eq!(ipv4_destination_and_ttl(&header), Some((Ipv4Addr::new(224, 0, 0, 18), 255)));
        assert_eq!(ipv4_destination_and_ttl(&header[..19]), None);
    }
}
