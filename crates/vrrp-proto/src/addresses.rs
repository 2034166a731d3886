//! The virtual addresses in an advertisement, borrowed from wherever they are.

use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::types::Family;

/// A list of addresses of one family, in the order of the packet or of the configuration.
///
/// The order matters to people only: routers of one VRID should send the same (RFC 9568 §5.2.9), and in IPv6
/// the first one is the link-local address of the virtual router.
///
/// ```
/// use vrrp_proto::Addresses;
///
/// let ours = Addresses::V4(&[[192, 0, 2, 1], [192, 0, 2, 2]]);
/// let theirs = Addresses::V4(&[[192, 0, 2, 2], [192, 0, 2, 1]]);
/// assert_eq!(ours.len(), 2);
/// assert_ne!(ours, theirs);
/// assert!(ours.same_set(theirs));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Addresses<'a> {
    /// IPv4 addresses, in network byte order.
    V4(&'a [[u8; 4]]),
    /// IPv6 addresses, in network byte order.
    V6(&'a [[u8; 16]]),
}

impl<'a> Addresses<'a> {
    /// The whole addresses at the start of `bytes`, at most `count`.
    #[inline(always)]
    pub(crate) fn at_start_of(bytes: &'a [u8], family: Family, count: usize) -> Self {
        match family {
            Family::Ipv4 => Self::V4(at_most(bytes.as_chunks::<4>().0, count)),
            Family::Ipv6 => Self::V6(at_most(bytes.as_chunks::<16>().0, count)),
        }
    }

    /// The family of every address in the list.
    #[must_use]
    pub const fn family(self) -> Family {
        match self {
            Self::V4(_) => Family::Ipv4,
            Self::V6(_) => Family::Ipv6,
        }
    }

    /// How many addresses there are.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::V4(list) => list.len(),
            Self::V6(list) => list.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The first address.
    #[must_use]
    pub fn first(self) -> Option<IpAddr> {
        self.iter().next()
    }

    /// All addresses, in order.
    pub fn iter(self) -> impl ExactSizeIterator<Item = IpAddr> + DoubleEndedIterator + use<'a> {
        AddressIter { list: self }
    }

    /// The addresses as they stand in a packet.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        match self {
            Self::V4(list) => list.as_flattened(),
            Self::V6(list) => list.as_flattened(),
        }
    }

    /// Writes the addresses to `slots`, which has the length of [`Addresses::as_bytes`].
    #[inline(always)]
    pub(crate) fn write(self, slots: &mut [u8]) {
        match self {
            Self::V4(list) => write(list, slots),
            Self::V6(list) => write(list, slots),
        }
    }

    /// Whether both lists hold the same addresses equally often, in whatever order.
    ///
    /// Equal order, the usual case, costs one comparison of memory. Otherwise the time grows with the product of
    /// the lengths; lists of different lengths differ at once, so a peer cannot make this longer than the
    /// square of our own list.
    #[must_use]
    #[inline(always)]
    pub fn same_set(self, other: Addresses<'_>) -> bool {
        match (self, other) {
            (Self::V4(a), Addresses::V4(b)) => same_set(a, b),
            (Self::V6(a), Addresses::V6(b)) => same_set(a, b),
            (Self::V4(_), Addresses::V6(_)) | (Self::V6(_), Addresses::V4(_)) => false,
        }
    }
}

impl fmt::Display for Addresses<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, address) in self.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            address.fmt(f)?;
        }
        Ok(())
    }
}

struct AddressIter<'a> {
    list: Addresses<'a>,
}

impl Iterator for AddressIter<'_> {
    type Item = IpAddr;

    fn next(&mut self) -> Option<IpAddr> {
        match &mut self.list {
            Addresses::V4(list) => list.split_off_first().copied().map(v4),
            Addresses::V6(list) => list.split_off_first().copied().map(v6),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.list.len(), Some(self.list.len()))
    }
}

impl DoubleEndedIterator for AddressIter<'_> {
    fn next_back(&mut self) -> Option<IpAddr> {
        match &mut self.list {
            Addresses::V4(list) => list.split_off_last().copied().map(v4),
            Addresses::V6(list) => list.split_off_last().copied().map(v6),
        }
    }
}

impl ExactSizeIterator for AddressIter<'_> {}

fn v4(octets: [u8; 4]) -> IpAddr {
    IpAddr::V4(Ipv4Addr::from(octets))
}

fn v6(octets: [u8; 16]) -> IpAddr {
    IpAddr::V6(Ipv6Addr::from(octets))
}

fn at_most<T>(list: &[T], count: usize) -> &[T] {
    list.get(..count).unwrap_or(list)
}

#[inline(always)]
fn write<const N: usize>(list: &[[u8; N]], slots: &mut [u8]) {
    for (slot, address) in slots.as_chunks_mut::<N>().0.iter_mut().zip(list) {
        *slot = *address;
    }
}

#[inline(always)]
fn same_set<const N: usize>(a: &[[u8; N]], b: &[[u8; N]]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Not `a == b`: for the few addresses of a usual list, calling `memcmp` costs more than comparing.
    let same_order = a.iter().zip(b).all(|(a, b)| a == b);
    same_order || same_elements(a, b)
}

#[cold]
fn same_elements<const N: usize>(a: &[[u8; N]], b: &[[u8; N]]) -> bool {
    let count = |list: &[[u8; N]], address| list.iter().filter(|other| *other == address).count();
    a.iter().all(|address| count(a, address) == count(b, address))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_that_is_listed_twice_counts_twice() {
        const A: [u8; 4] = [192, 0, 2, 1];
        const B: [u8; 4] = [192, 0, 2, 2];
        let same = |a: &[[u8; 4]], b: &[[u8; 4]]| Addresses::V4(a).same_set(Addresses::V4(b));
        assert!(same(&[A, A, B], &[B, A, A]));
        assert!(!same(&[A, A, B], &[A, B, B]));
        assert!(!same(&[A, B, B], &[A, A, B]));
        assert!(!same(&[A, B], &[A, B, B]));
    }
}
