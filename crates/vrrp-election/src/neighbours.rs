//! Others that speak VRRP on our links and that no virtual router of ours obeys: foreign VRIDs, and adverts that were rejected.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use vrrp_proto::{Advert, AdvertInterval, Counter, Family, Priority};

use crate::{Instant, LinkId};

/// Speakers that were heard and not obeyed, on each link the 64 that were heard last.
///
/// It decides nothing. An advert of a speaker that is known costs a search among those of its link; its content is
/// examined once a second.
///
/// ```
/// use vrrp_election::{Instant, LinkId, NeighbourKey, Neighbours};
///
/// let mut neighbours = Neighbours::default();
/// let key = NeighbourKey { source: "192.0.2.7".parse()?, vrid: 99 };
/// let message = [0x31, 99, 100, 1, 0, 100, 0, 0, 192, 0, 2, 9];
/// neighbours.note(Instant::ZERO, LinkId(0), key, None, &message);
/// let (link, neighbour) = neighbours.iter().next().ok_or("it was heard")?;
/// assert_eq!((link, neighbour.key.vrid, neighbour.priority.get()), (LinkId(0), 99, 100));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    links: BTreeMap<LinkId, Vec<Neighbour>>,
}

/// A speaker on a link: one for each VRID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NeighbourKey {
    /// Where its adverts come from.
    pub source: IpAddr,
    /// The VRID that they name, as on the wire.
    pub vrid: u8,
}

/// A speaker, by its last advert.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Neighbour {
    /// Which.
    pub key: NeighbourKey,
    /// The version that it speaks.
    pub version: u8,
    /// Its priority; 0 also if that could not be read.
    pub priority: Priority,
    /// Its interval, if that could be read.
    pub interval: Option<AdvertInterval>,
    /// The addresses that it names, at most 16.
    pub addresses: Vec<IpAddr>,
    /// Why our router of the same VRID rejects its adverts; `None` if there is no such router.
    pub rejected: Option<Counter>,
    /// Adverts that were heard.
    pub count: u64,
    /// When the last one was.
    pub last_heard: Instant,
    /// When one was last looked at.
    read: Instant,
}

impl Neighbours {
    /// An advert came that nobody obeys: it was rejected for this reason, or names a VRID that is not ours.
    pub fn note(
        &mut self,
        now: Instant,
        link: LinkId,
        key: NeighbourKey,
        rejected: Option<Counter>,
        message: &[u8],
    ) {
        let known = self.links.entry(link).or_default();
        if let Some(neighbour) = known.iter_mut().find(|neighbour| neighbour.key == key) {
            neighbour.count = neighbour.count.saturating_add(1);
            neighbour.last_heard = now;
            if neighbour.rejected != rejected || now.since(neighbour.read) >= READ_AGAIN {
                neighbour.rejected = rejected;
                neighbour.read(now, message);
            }
            return;
        }
        if known.len() >= MAX_NEIGHBOURS
            && let Some((oldest, _)) = known.iter().enumerate().min_by_key(|(_, other)| other.last_heard)
        {
            known.swap_remove(oldest);
        }
        let mut neighbour = Neighbour {
            key,
            version: 0,
            priority: Priority::STOP,
            interval: None,
            addresses: Vec::new(),
            rejected,
            count: 1,
            last_heard: now,
            read: now,
        };
        neighbour.read(now, message);
        known.push(neighbour);
    }

    /// All of them, with their links.
    pub fn iter(&self) -> impl Iterator<Item = (LinkId, &Neighbour)> {
        self.links.iter().flat_map(|(link, known)| known.iter().map(|neighbour| (*link, neighbour)))
    }

    /// The numbers of links mean others now.
    pub fn renumber(&mut self, now: impl Fn(LinkId) -> Option<LinkId>) {
        let before = core::mem::take(&mut self.links);
        self.links = before.into_iter().filter_map(|(link, known)| Some((now(link)?, known))).collect();
    }
}

impl Neighbour {
    fn read(&mut self, now: Instant, message: &[u8]) {
        self.read = now;
        self.version = vrrp_proto::peek(message).map_or(0, |peek| peek.version);
        let family = if self.key.source.is_ipv4() { Family::Ipv4 } else { Family::Ipv6 };
        let Ok(advert) = Advert::parse(message, family) else { return };
        self.priority = advert.priority;
        self.interval = Some(advert.interval);
        self.addresses.clear();
        self.addresses.extend(advert.addresses.iter().take(MAX_ADDRESSES));
    }
}

/// Speakers that are remembered of one link.
const MAX_NEIGHBOURS: usize = 64;

/// Addresses that are remembered of one speaker.
const MAX_ADDRESSES: usize = 16;

/// Interval at which the content of a speaker's adverts is examined.
const READ_AGAIN: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    const L0: LinkId = LinkId(0);

    fn at(ms: u64) -> Instant {
        Instant::ZERO + Duration::from_millis(ms)
    }

    fn key(last: u8, vrid: u8) -> NeighbourKey {
        NeighbourKey { source: [192, 0, 2, last].into(), vrid }
    }

    fn advert(priority: u8) -> [u8; 12] {
        [0x31, 99, priority, 1, 0, 100, 0, 0, 192, 0, 2, 9]
    }

    #[test]
    fn a_speaker_is_known_by_its_address_and_vrid_and_read_once_a_second() {
        let mut neighbours = Neighbours::default();
        neighbours.note(at(0), L0, key(2, 99), None, &advert(100));
        neighbours.note(at(900), L0, key(2, 99), None, &advert(50));
        neighbours.note(at(900), L0, key(3, 99), Some(Counter::AuthFailure), &advert(7));
        let of = |neighbours: &Neighbours| {
            neighbours.iter().map(|(_, known)| (known.priority.get(), known.count)).collect::<Vec<_>>()
        };
        assert_eq!(of(&neighbours), [(100, 2), (7, 1)]);
        neighbours.note(at(1_000), L0, key(2, 99), None, &advert(50));
        assert_eq!(of(&neighbours), [(50, 3), (7, 1)]);
        let (_, first) = neighbours.iter().next().unwrap();
        assert_eq!(
            (first.version, first.addresses.as_slice()),
            (3, [IpAddr::from([192, 0, 2, 9])].as_slice())
        );
    }

    #[test]
    fn a_reason_that_changes_is_known_at_once() {
        let mut neighbours = Neighbours::default();
        neighbours.note(at(0), L0, key(2, 99), Some(Counter::Interval), &advert(100));
        neighbours.note(at(1), L0, key(2, 99), Some(Counter::AuthFailure), &advert(101));
        let (_, known) = neighbours.iter().next().unwrap();
        assert_eq!((known.rejected, known.priority.get()), (Some(Counter::AuthFailure), 101));
    }

    #[test]
    fn a_flood_of_addresses_displaces_the_one_that_was_silent_longest() {
        let mut neighbours = Neighbours::default();
        for (ms, last) in (0..200).zip(0..) {
            neighbours.note(at(ms), L0, key(last, 99), None, &advert(1));
            neighbours.note(at(ms), L0, key(255, 1), None, &[0x31]);
            neighbours.note(at(ms), LinkId(1), key(1, 1), None, &[]);
        }
        assert_eq!(neighbours.iter().filter(|(link, _)| *link == L0).count(), MAX_NEIGHBOURS);
        let sources: Vec<_> = neighbours.iter().map(|(_, known)| known.key.source).collect();
        assert!(sources.contains(&[192, 0, 2, 255].into()), "it goes on speaking");
        assert!(!sources.contains(&[192, 0, 2, 100].into()));
        assert!(sources.contains(&[192, 0, 2, 199].into()));
    }

    #[test]
    fn a_reload_keeps_those_of_links_that_are_still_there() {
        let mut neighbours = Neighbours::default();
        neighbours.note(at(0), L0, key(2, 99), None, &advert(1));
        neighbours.note(at(0), LinkId(1), key(3, 99), None, &advert(1));
        neighbours.renumber(|link| (link == LinkId(1)).then_some(L0));
        let left: Vec<_> = neighbours.iter().map(|(link, known)| (link, known.key)).collect();
        assert_eq!(left, [(L0, key(3, 99))]);
    }
}
