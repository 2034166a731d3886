//! Forwarding methods: ways of packets to a destination.
//!
//! ```text
//! FWD_METHOD  0 NAT, 1 local, 2 tunnel, 3 direct route, 4 bypass (the low three bits)
//! TUN_TYPE    0 IPIP, 1 GUE, 2 GRE      TUN_PORT  GUE alone      TUN_FLAGS  0 no checksum, 1 checksum, 2 remote
//! ```

use std::fmt;

/// Forwarding method: the way of packets to a destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Forwarding {
    /// The address is translated in both directions; answers must come back this way (`-m`, keepalived `NAT`).
    Nat,
    /// The frame goes to the destination's link-layer address; it must have the virtual address itself (`-g`, `DR`).
    DirectRoute,
    /// The packet travels inside another (`-i`, `TUN`). The only one that takes a destination of another family
    /// than the service's.
    Tunnel(Tunnel),
    /// The packet stays on this machine. The kernel does this by itself for local addresses with any method.
    Local,
    /// The packet goes where it was going, past IPVS.
    Bypass,
}

/// Encapsulation of a tunnelled packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Tunnel {
    /// IP in IP.
    Ipip,
    /// Generic UDP encapsulation (Linux 5.2).
    Gue {
        /// The destination's UDP port; the kernel refuses 0.
        port: u16,
        /// Checksum of the UDP header.
        checksum: TunnelChecksum,
    },
    /// GRE (Linux 5.3).
    Gre {
        /// Checksum of the GRE header; [`TunnelChecksum::Remote`] means nothing here.
        checksum: TunnelChecksum,
    },
}

/// Checksum of the outer header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum TunnelChecksum {
    /// Not at all.
    #[default]
    None,
    /// With a checksum.
    Full,
    /// With a checksum that the receiver's hardware can use (remote checksum offload, GUE).
    Remote,
}

/// The four numbers that say it to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Numbers {
    pub(crate) method: u32,
    pub(crate) tunnel_type: u8,
    pub(crate) tunnel_port: u16,
    pub(crate) tunnel_flags: u16,
}

/// A number among [`Numbers`] that has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unknown {
    Method,
    TunnelType,
}

impl Forwarding {
    /// Tunnelling as it always was.
    pub const IPIP: Self = Self::Tunnel(Tunnel::Ipip);

    pub(crate) const fn numbers(self) -> Numbers {
        let (method, tunnel) = match self {
            Self::Nat => (0, Tunnel::Ipip),
            Self::Local => (1, Tunnel::Ipip),
            Self::Tunnel(tunnel) => (2, tunnel),
            Self::DirectRoute => (3, Tunnel::Ipip),
            Self::Bypass => (4, Tunnel::Ipip),
        };
        let (tunnel_type, tunnel_port, tunnel_flags) = match tunnel {
            Tunnel::Ipip => (0, 0, 0),
            Tunnel::Gue { port, checksum } => (1, port, checksum.number()),
            Tunnel::Gre { checksum } => (2, 0, checksum.number()),
        };
        Numbers { method, tunnel_type, tunnel_port, tunnel_flags }
    }

    pub(crate) const fn from_numbers(numbers: Numbers) -> Result<Self, Unknown> {
        Ok(match numbers.method & METHOD_MASK {
            0 => Self::Nat,
            1 => Self::Local,
            2 => {
                let checksum = TunnelChecksum::from_number(numbers.tunnel_flags);
                Self::Tunnel(match numbers.tunnel_type {
                    0 => Tunnel::Ipip,
                    1 => Tunnel::Gue { port: numbers.tunnel_port, checksum },
                    2 => Tunnel::Gre { checksum },
                    _ => return Err(Unknown::TunnelType),
                })
            }
            3 => Self::DirectRoute,
            4 => Self::Bypass,
            _ => return Err(Unknown::Method),
        })
    }
}

impl TunnelChecksum {
    const fn number(self) -> u16 {
        match self {
            Self::None => 0,
            Self::Full => 1,
            Self::Remote => 2,
        }
    }

    /// Flags that come later in history are passed over.
    const fn from_number(number: u16) -> Self {
        match number & 3 {
            0 => Self::None,
            1 => Self::Full,
            _ => Self::Remote,
        }
    }
}

impl fmt::Display for Forwarding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nat => f.write_str("NAT"),
            Self::DirectRoute => f.write_str("DR"),
            Self::Tunnel(tunnel) => tunnel.fmt(f),
            Self::Local => f.write_str("local"),
            Self::Bypass => f.write_str("bypass"),
        }
    }
}

impl fmt::Display for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ipip => f.write_str("TUN"),
            Self::Gue { port, checksum } => write!(f, "TUN gue port {port}{checksum}"),
            Self::Gre { checksum } => write!(f, "TUN gre{checksum}"),
        }
    }
}

/// With a blank before it, and nothing for nothing.
impl fmt::Display for TunnelChecksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "",
            Self::Full => " csum",
            Self::Remote => " remcsum",
        })
    }
}

/// `IP_VS_CONN_F_FWD_MASK`.
const METHOD_MASK: u32 = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_survives_its_numbers() {
        let checksums = [TunnelChecksum::None, TunnelChecksum::Full, TunnelChecksum::Remote];
        let tunnels = checksums.into_iter().flat_map(|checksum| {
            [Tunnel::Ipip, Tunnel::Gue { port: 6080, checksum }, Tunnel::Gre { checksum }]
        });
        let plain = [Forwarding::Nat, Forwarding::DirectRoute, Forwarding::Local, Forwarding::Bypass];
        for forwarding in tunnels.map(Forwarding::Tunnel).chain(plain) {
            assert_eq!(Forwarding::from_numbers(forwarding.numbers()), Ok(forwarding));
        }
    }

    #[test]
    fn unknown_numbers_are_not_guessed_at() {
        let method = Numbers { method: 7, ..Numbers::default() };
        assert_eq!(Forwarding::from_numbers(method), Err(Unknown::Method));
        let tunnel = Numbers { method: 2, tunnel_type: 3, ..Numbers::default() };
        assert_eq!(Forwarding::from_numbers(tunnel), Err(Unknown::TunnelType));
    }

    #[test]
    fn connection_flags_above_the_method_do_not_matter() {
        let numbers = Numbers { method: 0x100 | 3, ..Numbers::default() };
        assert_eq!(Forwarding::from_numbers(numbers), Ok(Forwarding::DirectRoute));
    }
}
