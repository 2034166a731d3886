//! Reigns: the times during which each host served, read from a timeline.

use std::collections::BTreeMap;
use std::time::Duration;

use vrrp_election::{Event, Instant, LinkId, RouterId, Standing};

use crate::{Fault, HostId, Timeline, What};

/// A time in which a router of a host was Active, its daemon ran and its interface was up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reign {
    /// The host.
    pub host: HostId,
    /// The router of it.
    pub router: RouterId,
    /// Since when.
    pub from: Instant,
    /// Until when; at most the time that was asked for.
    pub until: Instant,
}

/// Times between two instants during which no host and several hosts served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Coverage {
    /// Nobody served.
    pub none: Duration,
    /// More than one served.
    pub several: Duration,
}

impl Timeline {
    /// Every reign until `end`, in the order in which they began. `lan` says on which interface a router speaks.
    #[must_use]
    pub fn reigns(&self, end: Instant, lan: impl Fn(HostId, RouterId) -> Option<LinkId>) -> Vec<Reign> {
        let mut open: BTreeMap<(HostId, RouterId), Instant> = BTreeMap::new();
        let mut reigns = Vec::new();
        for moment in self.moments() {
            let ends = |host: HostId, router: RouterId| match moment.what {
                What::Told(teller, Event::Standing { router: told, to, .. }) => {
                    (teller, told) == (host, router) && to != Standing::Active
                }
                What::Fault(Fault::PowerOff(other) | Fault::Kill(other) | Fault::LinkDown(other)) => {
                    other == host
                }
                What::Fault(Fault::OneLinkDown(other, link)) => {
                    other == host && lan(host, router) == Some(link)
                }
                _ => false,
            };
            open.retain(|(host, router), from| {
                let ends = ends(*host, *router);
                if ends {
                    reigns.push(Reign { host: *host, router: *router, from: *from, until: moment.at });
                }
                !ends
            });
            if let What::Told(host, Event::Standing { router, to: Standing::Active, .. }) = moment.what {
                open.entry((host, router)).or_insert(moment.at);
            }
        }
        reigns.extend(open.into_iter().map(|((host, router), from)| Reign {
            host,
            router,
            from,
            until: end,
        }));
        reigns.retain(|reign| reign.from < reign.until);
        reigns.sort_by_key(|reign| reign.from);
        reigns
    }
}

impl Coverage {
    /// Coverage of one virtual router by these reigns between two instants.
    #[must_use]
    pub fn between(reigns: &[Reign], from: Instant, to: Instant) -> Self {
        let mut edges = vec![from, to];
        edges.extend(reigns.iter().flat_map(|reign| [reign.from, reign.until]));
        edges.retain(|edge| (from..=to).contains(edge));
        edges.sort();
        let mut coverage = Self::default();
        for pair in edges.windows(2) {
            let [begin, end] = *pair else { continue };
            let serving = reigns.iter().filter(|reign| reign.from <= begin && end <= reign.until).count();
            match serving {
                0 => coverage.none += end - begin,
                1 => {}
                _ => coverage.several += end - begin,
            }
        }
        coverage
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Duration::from_secs(secs)
    }

    fn reign(host: usize, from: u64, until: u64) -> Reign {
        Reign { host: HostId(host), router: RouterId(0), from: at(from), until: at(until) }
    }

    #[test]
    fn gaps_and_overlaps_are_summed_within_the_bounds() {
        let reigns = [reign(0, 0, 10), reign(1, 13, 20), reign(0, 18, 30)];
        let secs = Duration::from_secs;
        let between = |from, to| {
            let coverage = Coverage::between(&reigns, at(from), at(to));
            (coverage.none, coverage.several)
        };
        assert_eq!(between(5, 30), (secs(3), secs(2)));
        assert_eq!(between(11, 19), (secs(2), secs(1)));
        assert_eq!(between(31, 40), (secs(9), secs(0)));
    }
}
