//! Interfaces that a virtual router brings with it: `use_vmac`, `use_ipvlan`.

use ipnetwork::IpNetwork;

/// The interfaces of one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualLinks {
    /// `use_vmac` or `use_ipvlan`
    pub own: Option<VirtualLink>,
    /// `vmac_xmit_base`, or what implies it: adverts leave by the interface below.
    pub transmit_on_base: bool,
    /// `use_vmac_addr`, or `use_vmac` of an address: those of addresses on other interfaces or of the other family.
    pub of_addresses: Vec<VirtualLink>,
}

/// An interface that is made on top of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VirtualLink {
    /// Its name, at most 15 octets; no other one of the configuration has it.
    pub name: String,
    /// The interface below.
    pub base: String,
    /// Kind of the interface.
    pub kind: VirtualLinkKind,
    /// `group`; `None`: that of the interface below.
    pub group: Option<u32>,
}

/// The kind of a [`VirtualLink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum VirtualLinkKind {
    /// With a MAC address of its own: the virtual router's (RFC 9568 §7.3), or the one of the file.
    Macvlan {
        /// That address.
        mac: [u8; 6],
    },
    /// With the MAC address of the interface below.
    Ipvlan {
        /// Visibility among several of them.
        mode: IpvlanMode,
        /// An address of its own, where adverts come from.
        address: Option<IpNetwork>,
    },
}

/// Visibility among the ipvlans of one interface; it has to be the same for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum IpvlanMode {
    /// `bridge`: directly.
    #[default]
    Bridge,
    /// `private`: not at all.
    Private,
    /// `vepa`: by way of the switch.
    Vepa,
}

/// The MAC address of a virtual router (RFC 9568 §7.3).
#[must_use]
pub fn virtual_mac(vrid: u8, ipv6: bool) -> [u8; 6] {
    [0x00, 0x00, 0x5e, 0x00, if ipv6 { 2 } else { 1 }, vrid]
}
