//! Properties by which an interface of our own is recognised.

use netlink_packet_route::link::{InfoData, InfoKind, InfoMacVlan, LinkInfo, MacVlanMode};

/// Kind, group and alias of an interface.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Details {
    /// Its kind.
    pub kind: LinkKind,
    /// Its group (`ip link show group`).
    pub group: u32,
    /// Its alias (`ip link set ... alias`): a text for people, and for programs that mark what is theirs.
    pub alias: Option<Box<str>>,
}

/// The kind of an interface, as far as anybody here asks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkKind {
    /// Any other.
    #[default]
    Other,
    /// A macvlan in private mode.
    PrivateMacvlan,
    /// A macvlan in another mode.
    Macvlan,
    /// An ipvlan.
    Ipvlan,
    /// A VRF.
    Vrf,
}

pub(super) fn link_kind(info: &[LinkInfo]) -> LinkKind {
    let kind = info.iter().find_map(|part| match part {
        LinkInfo::Kind(kind) => Some(kind),
        _ => None,
    });
    let is_private = |part: &LinkInfo| match part {
        LinkInfo::Data(InfoData::MacVlan(data)) => {
            data.iter().any(|item| matches!(item, InfoMacVlan::Mode(MacVlanMode::Private)))
        }
        _ => false,
    };
    match kind {
        Some(InfoKind::MacVlan) if info.iter().any(is_private) => LinkKind::PrivateMacvlan,
        Some(InfoKind::MacVlan) => LinkKind::Macvlan,
        Some(InfoKind::IpVlan) => LinkKind::Ipvlan,
        Some(InfoKind::Vrf) => LinkKind::Vrf,
        _ => LinkKind::Other,
    }
}
