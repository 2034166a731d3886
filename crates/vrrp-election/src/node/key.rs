//! Which virtual router is which: the one place that decides it.
//!
//! A [`RouterKey`] is what peers on the wire can tell routers apart by, and nothing else: not the name of an
//! instance, nor a parameter like its priority, interval, version or addresses. Two routers of one configuration
//! with the same key would answer the same adverts: the later one is a duplicate and stays in fault. Two routers of
//! different configurations with the same key are the same router, which goes on over a reload and over a restart.
//!
//! Unicast routers may get other peers or another source and still be the same one to their operator: if their
//! interface, VRID and family leave no doubt which one is meant, [`pairs`] takes it so.

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use vrrp_proto::{Family, Vrid, group};

use super::{NodeConfig, RouterId, RouterSetup};

/// Identity of a virtual router among those of one machine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct RouterKey {
    /// The name of its interface; `None` if it needs none.
    pub link: Option<String>,
    /// Its identifier.
    pub vrid: Vrid,
    /// Which addresses it serves.
    pub family: Family,
    /// Multicast group, or unicast peers.
    pub transport: Transport,
    /// The configured source address of a unicast router. One of a multicast router is no part of its identity.
    pub source: Option<IpAddr>,
}

/// Where the adverts of a router go.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Transport {
    /// To a group.
    Multicast {
        /// Its address.
        group: IpAddr,
    },
    /// To each of some peers.
    Unicast {
        /// Their addresses.
        peers: BTreeSet<IpAddr>,
    },
}

impl Transport {
    /// The group of RFC 9568 §5.1.1.2 or §5.1.2.2.
    #[must_use]
    pub fn multicast(family: Family) -> Self {
        Self::Multicast { group: group(family) }
    }

    /// These peers, in any order.
    #[must_use]
    pub fn unicast(peers: impl IntoIterator<Item = IpAddr>) -> Self {
        Self::Unicast { peers: peers.into_iter().collect() }
    }

    fn is_unicast(&self) -> bool {
        matches!(self, Self::Unicast { .. })
    }
}

impl RouterKey {
    /// The keys of all routers of a configuration, in its order.
    #[must_use]
    pub fn all(config: &NodeConfig) -> Vec<Self> {
        let link = |setup: &RouterSetup| Some(config.links.get(setup.link?.index())?.name.clone());
        config.routers.iter().map(|setup| Self::new(link(setup), setup)).collect()
    }

    fn new(link: Option<String>, setup: &RouterSetup) -> Self {
        Self {
            link,
            vrid: setup.config.vrid,
            family: setup.config.family,
            transport: setup.transport.clone(),
            source: setup.source.filter(|_| setup.transport.is_unicast()),
        }
    }

    /// For each of these routers of one configuration the earlier one that has the same key, if there is one: then
    /// it cannot take part.
    #[must_use]
    pub fn duplicates(keys: &[Self]) -> Vec<Option<RouterId>> {
        let mut first = BTreeMap::new();
        let ids = (0..).map(RouterId);
        keys.iter()
            .zip(ids)
            .map(|(key, id)| Some(*first.entry(key).or_insert(id)).filter(|first| *first != id))
            .collect()
    }
}

impl fmt::Display for RouterKey {
    /// For example `eth0 IPv4 51`, `eth0 IPv4 51 192.0.2.1>192.0.2.2,192.0.2.3`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let link = self.link.as_deref().unwrap_or("-");
        write!(f, "{link} {} {} ", self.family, self.vrid)?;
        match &self.transport {
            Transport::Multicast { group } => group.fmt(f),
            Transport::Unicast { peers } => {
                if let Some(source) = self.source {
                    source.fmt(f)?;
                }
                let mut separator = '>';
                peers
                    .iter()
                    .try_for_each(|peer| write!(f, "{}{peer}", core::mem::replace(&mut separator, ',')))
            }
        }
    }
}

/// For each router of a configuration which one of those before it is; each is taken once.
///
/// The same key first. Then unicast routers of the same interface, VRID and family: with the same source, with the
/// same peers, and at last with neither, each only where there is one on either side.
pub(super) fn pairs<'k>(
    before: impl IntoIterator<Item = Option<&'k RouterKey>>,
    now: &'k [RouterKey],
) -> Vec<Option<RouterId>> {
    let mut left: BTreeMap<RouterId, &RouterKey> =
        (0..).map(RouterId).zip(before).filter_map(|(id, key)| Some((id, key?))).collect();
    let mut found = alloc::vec![None; now.len()];

    let mut same: BTreeMap<&RouterKey, VecDeque<RouterId>> = BTreeMap::new();
    for (id, key) in &left {
        same.entry(*key).or_default().push_back(*id);
    }
    for (found, key) in found.iter_mut().zip(now) {
        *found = same.get_mut(key).and_then(VecDeque::pop_front);
        if let Some(id) = found {
            left.remove(id);
        }
    }
    pair_where(&mut left, now, &mut found, |key| (place(key), key.source));
    pair_where(&mut left, now, &mut found, |key| (place(key), &key.transport));
    pair_where(&mut left, now, &mut found, place);
    found
}

type Place<'k> = (Option<&'k str>, Vrid, Family);

fn place(key: &RouterKey) -> Place<'_> {
    (key.link.as_deref(), key.vrid, key.family)
}

/// Pairs unicast routers that agree in `view` with nobody else on either side.
fn pair_where<'k, V: Ord>(
    left: &mut BTreeMap<RouterId, &'k RouterKey>,
    now: &'k [RouterKey],
    found: &mut [Option<RouterId>],
    view: impl Fn(&'k RouterKey) -> V,
) {
    let mut candidates: BTreeMap<V, (Vec<RouterId>, Vec<usize>)> = BTreeMap::new();
    for (id, key) in left.iter().filter(|(_, key)| key.transport.is_unicast()) {
        candidates.entry(view(key)).or_default().0.push(*id);
    }
    let unpaired = now
        .iter()
        .enumerate()
        .filter(|(index, key)| key.transport.is_unicast() && found.get(*index).is_some_and(Option::is_none));
    for (index, key) in unpaired {
        if let Some((_, indices)) = candidates.get_mut(&view(key)) {
            indices.push(index);
        }
    }
    for (ids, indices) in candidates.into_values() {
        if let ([id], [index]) = (&ids[..], &indices[..])
            && let Some(found) = found.get_mut(*index)
        {
            *found = Some(*id);
            left.remove(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;
    use core::slice::from_ref;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn multicast(link: &str, vrid: u8, family: Family) -> RouterKey {
        RouterKey {
            link: Some(link.into()),
            vrid: Vrid::new(vrid).unwrap(),
            family,
            transport: Transport::multicast(family),
            source: None,
        }
    }

    fn unicast(vrid: u8, source: &str, peers: &[&str]) -> RouterKey {
        RouterKey {
            transport: Transport::unicast(peers.iter().map(|peer| ip(peer))),
            source: Some(ip(source)),
            ..multicast("eth0", vrid, Family::Ipv4)
        }
    }

    fn paired(before: &[RouterKey], now: &[RouterKey]) -> Vec<Option<u32>> {
        pairs(before.iter().map(Some), now).into_iter().map(|id| id.map(|id| id.0)).collect()
    }

    #[test]
    fn interface_vrid_family_and_group_tell_multicast_routers_apart() {
        let key = multicast("eth0", 51, Family::Ipv4);
        let other_group =
            RouterKey { transport: Transport::Multicast { group: ip("224.0.0.99") }, ..key.clone() };
        for other in [
            multicast("eth1", 51, Family::Ipv4),
            multicast("eth0", 52, Family::Ipv4),
            multicast("eth0", 51, Family::Ipv6),
            other_group,
            RouterKey { link: None, ..key.clone() },
            unicast(51, "192.0.2.1", &["192.0.2.2"]),
        ] {
            assert_eq!(RouterKey::duplicates(&[key.clone(), other.clone()]), [None, None], "{other}");
            assert_eq!(paired(from_ref(&key), from_ref(&other)), [None], "{other}");
        }
        assert_eq!(
            RouterKey::duplicates(&[key.clone(), key.clone(), key]),
            [None, Some(RouterId(0)), Some(RouterId(0))]
        );
    }

    #[test]
    fn unicast_routers_of_one_vrid_with_other_peers_or_sources_are_no_duplicates() {
        let keys = [
            unicast(51, "192.0.2.1", &["192.0.2.2"]),
            unicast(51, "192.0.2.1", &["192.0.2.3"]),
            unicast(51, "192.0.2.9", &["192.0.2.2"]),
            unicast(51, "192.0.2.1", &["192.0.2.2", "192.0.2.3"]),
        ];
        assert_eq!(RouterKey::duplicates(&keys), [None; 4]);
        let again = [unicast(51, "192.0.2.1", &["192.0.2.3", "192.0.2.2"]), keys[3].clone()];
        assert_eq!(
            RouterKey::duplicates(&again),
            [None, Some(RouterId(0))],
            "the order of peers is no difference"
        );
    }

    #[test]
    fn places_in_the_file_are_no_identity() {
        let [a, b, c] = [51, 52, 53].map(|vrid| multicast("eth0", vrid, Family::Ipv4));
        assert_eq!(paired(&[a.clone(), b.clone()], &[c, b, a]), [None, Some(1), Some(0)]);
    }

    #[test]
    fn a_unicast_router_with_other_peers_or_another_source_goes_on_where_there_is_no_doubt() {
        let key = unicast(51, "192.0.2.1", &["192.0.2.2"]);
        for changed in [
            unicast(51, "192.0.2.1", &["192.0.2.2", "192.0.2.3"]),
            unicast(51, "192.0.2.9", &["192.0.2.2"]),
            unicast(51, "192.0.2.9", &["192.0.2.8"]),
        ] {
            assert_eq!(paired(from_ref(&key), from_ref(&changed)), [Some(0)], "{changed}");
        }
        assert_eq!(paired(&[key], &[unicast(52, "192.0.2.1", &["192.0.2.2"])]), [None]);
    }

    #[test]
    fn of_two_unicast_routers_the_source_decides_first_and_then_the_peers() {
        let before = [unicast(51, "192.0.2.1", &["192.0.2.2"]), unicast(51, "192.0.2.9", &["192.0.2.8"])];
        let now = [unicast(51, "192.0.2.9", &["192.0.2.2"]), unicast(51, "192.0.2.1", &["192.0.2.8"])];
        assert_eq!(paired(&before, &now), [Some(1), Some(0)], "both kept their source");
        let now = [unicast(51, "192.0.2.7", &["192.0.2.8"]), unicast(51, "192.0.2.6", &["192.0.2.2"])];
        assert_eq!(paired(&before, &now), [Some(1), Some(0)], "both kept their peers");
        let now = [unicast(51, "192.0.2.7", &["192.0.2.6"]), unicast(51, "192.0.2.5", &["192.0.2.4"])];
        assert_eq!(paired(&before, &now), [None, None], "nothing tells which is which");
        let now = [unicast(51, "192.0.2.9", &["192.0.2.8"]), unicast(51, "192.0.2.5", &["192.0.2.4"])];
        assert_eq!(paired(&before, &now), [Some(1), Some(0)], "one is found by its key, the other is left");
    }

    #[test]
    fn the_duplicate_of_a_router_that_was_removed_takes_its_place() {
        let key = multicast("eth0", 51, Family::Ipv4);
        let both = [key.clone(), key.clone()];
        assert_eq!(paired(&both, &both), [Some(0), Some(1)]);
        assert_eq!(paired(&both, &[key]), [Some(0)]);
    }

    #[test]
    fn a_retired_router_matches_no_key() {
        let key = multicast("eth0", 51, Family::Ipv4);
        assert_eq!(pairs([None, Some(&key)], from_ref(&key)), [Some(RouterId(1))]);
    }

    #[test]
    fn a_key_is_written_in_one_line_that_tells_all_of_it() {
        assert_eq!(multicast("eth0", 51, Family::Ipv4).to_string(), "eth0 IPv4 51 224.0.0.18");
        let unicast = unicast(7, "192.0.2.1", &["192.0.2.3", "192.0.2.2"]);
        assert_eq!(unicast.to_string(), "eth0 IPv4 7 192.0.2.1>192.0.2.2,192.0.2.3");
    }
}
