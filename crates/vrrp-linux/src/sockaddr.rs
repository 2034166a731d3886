//! Socket addresses as the bytes that system calls take and give.
//!
//! ```text
//! AF_INET    family u16 | port, big endian u16 | address 4 | zero 8
//! AF_INET6   family u16 | port, big endian u16 | flow u32 | address 16 | scope (interface index) u32
//! AF_PACKET  family u16 | EtherType, big endian u16 | interface index i32 | type u16 | 0 | address length u8 | 8
//! ```
//!
//! The family and all that is not marked is in host order.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The longest of the three.
pub(crate) const NAME_LEN: usize = 28;

/// A socket address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Name {
    bytes: [u8; NAME_LEN],
    len: usize,
}

impl Name {
    /// The address of a raw IPv4 socket.
    pub(crate) fn v4(address: Ipv4Addr) -> Self {
        let mut bytes = [0; NAME_LEN];
        put(&mut bytes, 0, &family(libc::AF_INET));
        put(&mut bytes, 4, &address.octets());
        Self { bytes, len: 16 }
    }

    /// The address of a raw IPv6 socket; `scope` is an interface index, 0 for addresses that need none.
    pub(crate) fn v6(address: Ipv6Addr, scope: u32) -> Self {
        let mut bytes = [0; NAME_LEN];
        put(&mut bytes, 0, &family(libc::AF_INET6));
        put(&mut bytes, 8, &address.octets());
        put(&mut bytes, 24, &scope.to_ne_bytes());
        Self { bytes, len: 28 }
    }

    /// An interface, for a whole Ethernet frame with this EtherType.
    pub(crate) fn interface(index: u32, ether_type: [u8; 2]) -> Self {
        let mut bytes = [0; NAME_LEN];
        put(&mut bytes, 0, &family(libc::AF_PACKET));
        put(&mut bytes, 2, &ether_type);
        put(&mut bytes, 4, &index.to_ne_bytes());
        put(&mut bytes, 11, &[6]);
        Self { bytes, len: 20 }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

/// The IP address in a socket address, if it is one of IP.
pub(crate) fn address(name: &[u8; NAME_LEN]) -> Option<IpAddr> {
    let [f0, f1, _, _, a, b, c, d, v6 @ ..] = name;
    match i32::from(u16::from_ne_bytes([*f0, *f1])) {
        libc::AF_INET => Some(Ipv4Addr::new(*a, *b, *c, *d).into()),
        libc::AF_INET6 => v6.first_chunk::<16>().map(|octets| Ipv6Addr::from(*octets).into()),
        _ => None,
    }
}

/// The interface in a socket address, if it is one of a packet socket.
pub(crate) fn interface(name: &[u8; NAME_LEN]) -> Option<u32> {
    let [f0, f1, _, _, i0, i1, i2, i3, ..] = name;
    let is_packet = i32::from(u16::from_ne_bytes([*f0, *f1])) == libc::AF_PACKET;
    is_packet.then(|| u32::from_ne_bytes([*i0, *i1, *i2, *i3]))
}

/// The Ethernet address of the sender in a socket address of a packet socket.
pub(crate) fn ethernet_address(name: &[u8; NAME_LEN]) -> Option<[u8; 6]> {
    interface(name)?;
    let (length, address) = name.get(11..)?.split_first()?;
    address.first_chunk().copied().filter(|_| *length == 6)
}

fn put(bytes: &mut [u8; NAME_LEN], at: usize, value: &[u8]) {
    for (byte, value) in bytes.iter_mut().skip(at).zip(value) {
        *byte = *value;
    }
}

fn family(number: libc::c_int) -> [u8; 2] {
    let [low, high, ..] = number.to_le_bytes();
    u16::from_le_bytes([low, high]).to_ne_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_endian = "little")]
    #[test]
    fn the_bytes_are_those_of_the_kernels_structures() {
        #[rustfmt::skip]
        let v6 = [
            10, 0,  0, 0,  0, 0, 0, 0,
            0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x12,
            7, 0, 0, 0,
        ];
        assert_eq!(Name::v6("ff02::12".parse().unwrap(), 7).as_bytes(), v6);
        let v4 = [2, 0, 0, 0, 224, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Name::v4(Ipv4Addr::new(224, 0, 0, 18)).as_bytes(), v4);
        let arp_on_7 = [17, 0, 8, 6, 7, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(Name::interface(7, [8, 6]).as_bytes(), arp_on_7);
    }

    #[test]
    fn an_address_survives_the_way_there_and_back() {
        for text in ["192.0.2.1", "fe80::53:1"] {
            let expected: IpAddr = text.parse().unwrap();
            let name = match expected {
                IpAddr::V4(address) => Name::v4(address),
                IpAddr::V6(address) => Name::v6(address, 3),
            };
            assert_eq!(address(&name.bytes), Some(expected));
        }
        assert_eq!(address(&[0; NAME_LEN]), None);
    }
}
