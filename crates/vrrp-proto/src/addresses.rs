//! The virtual addresses in an advertisement, borrowed from wherever they are.

use core::fmt;
use core::hash::{Hash, Hasher};
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
///
/// Octets and addresses are the same to it:
///
/// ```
/// use core::net::Ipv4Addr;
/// use vrrp_proto::Addresses;
///
/// let list = [Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2)];
/// assert_eq!(Addresses::from(&list[..]), Addresses::V4(&[[192, 0, 2, 1], [192, 0, 2, 2]]));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Addresses<'a> {
    /// IPv4 addresses as they stand in a packet, in network byte order.
    V4(&'a [[u8; 4]]),
    /// IPv6 addresses as they stand in a packet, in network byte order.
    V6(&'a [[u8; 16]]),
    /// IPv4 addresses as a configuration has them.
    Ipv4(&'a [Ipv4Addr]),
    /// IPv6 addresses as a configuration has them.
    Ipv6(&'a [Ipv6Addr]),
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
            Self::V4(_) | Self::Ipv4(_) => Family::Ipv4,
            Self::V6(_) | Self::Ipv6(_) => Family::Ipv6,
        }
    }

    /// Number of addresses.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::V4(list) => list.len(),
            Self::V6(list) => list.len(),
            Self::Ipv4(list) => list.len(),
            Self::Ipv6(list) => list.len(),
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

    /// Octets of all addresses in a packet.
    #[inline(always)]
    pub(crate) const fn octets_len(self) -> usize {
        self.len() * self.family().address_len()
    }

    /// Writes the addresses to `slots`, which has the length of [`Addresses::octets_len`].
    #[inline(always)]
    pub(crate) fn write(self, slots: &mut [u8]) {
        match self {
            Self::V4(list) => write(list, slots),
            Self::V6(list) => write(list, slots),
            Self::Ipv4(list) => write(list, slots),
            Self::Ipv6(list) => write(list, slots),
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
            (Self::V4(a), Addresses::Ipv4(b)) => same_set(a, b),
            (Self::Ipv4(a), Addresses::V4(b)) => same_set(a, b),
            (Self::V6(a), Addresses::Ipv6(b)) => same_set(a, b),
            (Self::Ipv6(a), Addresses::V6(b)) => same_set(a, b),
            (Self::Ipv4(a), Addresses::Ipv4(b)) => same_set(a, b),
            (Self::Ipv6(a), Addresses::Ipv6(b)) => same_set(a, b),
            (Self::V4(_) | Self::Ipv4(_), Addresses::V6(_) | Addresses::Ipv6(_))
            | (Self::V6(_) | Self::Ipv6(_), Addresses::V4(_) | Addresses::Ipv4(_)) => false,
        }
    }
}

/// The same addresses in the same order, however they are kept.
impl PartialEq for Addresses<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.family() == other.family() && self.iter().eq(other.iter())
    }
}

impl Eq for Addresses<'_> {}

impl Hash for Addresses<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.family().hash(state);
        self.len().hash(state);
        self.iter().for_each(|address| address.hash(state));
    }
}

impl<'a> From<&'a [Ipv4Addr]> for Addresses<'a> {
    fn from(list: &'a [Ipv4Addr]) -> Self {
        Self::Ipv4(list)
    }
}

impl<'a> From<&'a [Ipv6Addr]> for Addresses<'a> {
    fn from(list: &'a [Ipv6Addr]) -> Self {
        Self::Ipv6(list)
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
            Addresses::Ipv4(list) => list.split_off_first().copied().map(IpAddr::V4),
            Addresses::Ipv6(list) => list.split_off_first().copied().map(IpAddr::V6),
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
            Addresses::Ipv4(list) => list.split_off_last().copied().map(IpAddr::V4),
            Addresses::Ipv6(list) => list.split_off_last().copied().map(IpAddr::V6),
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

/// An address, however it is kept.
trait Octets<const N: usize>: Copy {
    fn octets(self) -> [u8; N];
}

impl<const N: usize> Octets<N> for [u8; N] {
    #[inline(always)]
    fn octets(self) -> [u8; N] {
        self
    }
}

impl Octets<4> for Ipv4Addr {
    #[inline(always)]
    fn octets(self) -> [u8; 4] {
        Self::octets(&self)
    }
}

impl Octets<16> for Ipv6Addr {
    #[inline(always)]
    fn octets(self) -> [u8; 16] {
        Self::octets(&self)
    }
}

#[inline(always)]
fn write<const N: usize>(list: &[impl Octets<N>], slots: &mut [u8]) {
    for (slot, address) in slots.as_chunks_mut::<N>().0.iter_mut().zip(list) {
        *slot = address.octets();
    }
}

#[inline(always)]
fn same_set<const N: usize>(a: &[impl Octets<N>], b: &[impl Octets<N>]) -> bool {
    if a.len() != b.len() {
        return false;
    }
    // Not `a == b`: for the few addresses of a usual list, calling `memcmp` costs more than comparing.
    let same_order = a.iter().zip(b).all(|(a, b)| a.octets() == b.octets());
    same_order || same_elements(a, b)
}

#[cold]
fn same_elements<const N: usize>(a: &[impl Octets<N>], b: &[impl Octets<N>]) -> bool {
    a.iter().all(|address| count(a, address.octets()) == count(b, address.octets()))
}

fn count<const N: usize>(list: &[impl Octets<N>], address: [u8; N]) -> usize {
    list.iter().filter(|other| other.octets() == address).count()
}

#[cfg(test)]
mod tests {
    extern crate std;

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

    #[test]
    fn addresses_are_the_same_however_they_are_kept() {
        const A: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
        const B: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 2);
        const C: Ipv6Addr = Ipv6Addr::LOCALHOST;
        let octets = [A.octets(), B.octets()];
        let (packet, kept) = (Addresses::V4(&octets), Addresses::from(&[A, B][..]));
        let (turned, other) = (Addresses::Ipv4(&[B, A]), Addresses::Ipv4(&[A, A]));
        assert_eq!(packet, kept);
        assert_ne!(kept, turned);
        for (a, b) in [(packet, turned), (turned, packet), (kept, turned)] {
            assert!(a.same_set(b));
        }
        assert!(!packet.same_set(other) && !other.same_set(kept));
        let octets = [C.octets()];
        let (packet, kept) = (Addresses::V6(&octets), Addresses::from(&[C][..]));
        assert_eq!((packet, kept.family(), kept.len()), (kept, Family::Ipv6, 1));
        assert!(packet.same_set(kept) && kept.same_set(packet) && kept.same_set(kept));
        assert!(!kept.same_set(other) && !other.same_set(packet));
        assert_ne!(Addresses::V4(&[]), Addresses::V6(&[]), "no address of another family");
        assert!(Addresses::V4(&[]).is_empty() && !kept.is_empty());
        assert_eq!(std::format!("{turned}"), "192.0.2.2, 192.0.2.1");
    }

    #[test]
    fn both_ends_of_a_list_are_read() {
        let (a, b) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
        let octets = [a.octets(), b.octets()];
        for list in [Addresses::V4(&octets), Addresses::Ipv4(&[a, b])] {
            assert_eq!((list.first(), list.iter().next_back()), (Some(IpAddr::V4(a)), Some(IpAddr::V4(b))));
            assert_eq!(list.iter().len(), 2);
        }
        let (a, b) = (Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
        let octets = [a.octets(), b.octets()];
        for list in [Addresses::V6(&octets), Addresses::Ipv6(&[a, b])] {
            assert_eq!((list.first(), list.iter().next_back()), (Some(IpAddr::V6(a)), Some(IpAddr::V6(b))));
        }
    }
}
