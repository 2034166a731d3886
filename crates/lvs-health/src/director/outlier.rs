//! Passive detection (`outlier_detection`): a server whose new connections are never completed while its neighbours' are.
//!
//! The caller looks every so often at what the kernel counts and hands in, for each server, how many connections it was
//! given since the look before and how many are still not complete. In one look a server is an outlier if at least half
//! of its new connections are not complete, and the share is at least four times the median of its neighbours'. Errors
//! of clients (a flood of SYNs) affect all servers alike and make none of them an outlier. With fewer than
//! [`MIN_OPENED`] new connections, or without a neighbour that has as many, nothing is said.
//!
//! After [`LOOKS`] such looks in a row it is suspected, for [`HOLD`] at least, twice as long each time that it happens again soon.
//! Then it is cleared once the last attempt of each of its checks is a good one that ended meanwhile, and the look does not find it
//! an outlier again. Suspected is at most one server, or a third of those that serve, and never the last one.

use std::time::{Duration, Instant};

use super::service::{Member, Pool};
use super::suspicion::Suspicion;
use super::{Director, Event, ServerId, ServiceId, later};

/// Connections of one server between two looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// The server.
    pub server: ServerId,
    /// New connections that it was given since the look before.
    pub opened: u64,
    /// Its connections that are not complete now (`SYN_RECV`), however old.
    pub unfinished: u64,
}

/// Result of one look at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finding {
    /// Per cent of its new connections that are not complete, and the median of its neighbours.
    Outlier { unfinished: u8, neighbours: u8 },
    /// They are completed.
    Good,
    /// Too little was seen, or it is between the two.
    Unknown,
}

impl Member {
    /// Whether passive detection holds something against it.
    pub(super) fn is_suspected(&self) -> bool {
        self.suspicion.as_ref().is_some_and(|suspicion| suspicion.span.is_some())
    }

    /// Since when it is suspected, until when at least, and for which time in a row.
    pub(super) fn suspected(&self) -> Option<(Instant, Instant, u8)> {
        let suspicion = self.suspicion.as_ref()?;
        suspicion.span.map(|(since, until)| (since, until, suspicion.times))
    }

    /// As a predecessor remembered it.
    pub(super) fn suspect_again(&mut self, since: Instant, until: Instant, times: u8) {
        let suspicion = Suspicion { times, span: Some((since, until)), ..Suspicion::default() };
        self.suspicion = Some(Box::new(suspicion));
    }
}

impl Pool {
    /// Less of its weight for a server that is suspected, while another one is there to take the rest.
    pub(super) fn weight_in_doubt(&self, member: &Member, weight: u32) -> u32 {
        let Some(percent) = self.outlier_weight.filter(|_| member.is_suspected()) else { return weight };
        if !self.members.iter().any(|other| self.is_reliable(other)) {
            return weight;
        }
        let scaled = (u64::from(weight) * u64::from(percent.min(100))).div_ceil(100);
        u32::try_from(scaled).unwrap_or(weight)
    }

    /// Whether connections can be left to it.
    fn is_reliable(&self, member: &Member) -> bool {
        self.takes_part(member) && !member.is_suspected()
    }

    fn takes_part(&self, member: &Member) -> bool {
        self.serves(member) && !self.stands_by(member) && member.is_meant_to_serve() && member.weight > 0
    }

    /// Whether one more server may be suspected.
    fn may_suspect(&self, id: ServerId) -> bool {
        let parts = self.members.iter().filter(|member| self.takes_part(member)).count();
        let suspected = self.members.iter().filter(|member| member.is_suspected()).count();
        let others = self.members.iter().enumerate().filter(|(place, _)| *place != id.index());
        suspected < (parts / 3).max(1) && others.into_iter().any(|(_, other)| self.is_reliable(other))
    }
}

impl Director {
    /// A look at the connections of a virtual server with `outlier_detection`. Say also that there is nothing to say, every ten
    /// seconds or so: suspicion ends in no other way. Servers that are not mentioned had no connections.
    pub fn handle_traffic(&mut self, now: Instant, service: ServiceId, traffic: &[Traffic]) {
        let Some(pool) = self.pools.get(service.index()).filter(|pool| pool.outlier_weight.is_some()) else {
            return;
        };
        if self.stopping {
            return;
        }
        let places = 0..super::status::number(pool.members.len());
        let findings: Vec<(ServerId, Finding)> =
            places.map(|place| ServerId { service, place }).map(|id| (id, finding(id, traffic))).collect();
        for &(id, finding) in &findings {
            self.note_finding(now, id, finding);
        }
        let mut outliers: Vec<(u8, u8, ServerId)> = Vec::new();
        for (id, finding) in findings {
            if let Finding::Outlier { unfinished, neighbours } = finding {
                outliers.push((unfinished, neighbours, id));
            } else {
                self.clear_if_proven(now, id);
            }
        }
        // The worst first, if not all may be suspected.
        outliers.sort_by_key(|&(unfinished, _, id)| (std::cmp::Reverse(unfinished), id));
        for (unfinished, neighbours, id) in outliers {
            self.suspect(now, id, (unfinished, neighbours));
        }
    }

    fn note_finding(&mut self, now: Instant, id: ServerId, finding: Finding) {
        let Some(member) = self.member_mut(id) else { return };
        match finding {
            Finding::Outlier { .. } => {
                let suspicion = member.suspicion.get_or_insert_default();
                suspicion.looks = suspicion.looks.saturating_add(1);
            }
            Finding::Good => {
                let Some(suspicion) = &mut member.suspicion else { return };
                suspicion.looks = 0;
                let long_ago = |at: Instant| now.saturating_duration_since(at) > FORGIVEN;
                if suspicion.span.is_none() && suspicion.cleared.is_none_or(long_ago) {
                    member.suspicion = None;
                }
            }
            Finding::Unknown => {}
        }
    }

    fn suspect(&mut self, now: Instant, id: ServerId, (unfinished, neighbours): (u8, u8)) {
        let Some(pool) = self.pools.get_mut(id.service.index()) else { return };
        let allowed = pool.may_suspect(id);
        let Some(member) = pool.members.get(id.index()) else { return };
        let due = member.suspicion.as_ref().is_some_and(|it| it.looks >= LOOKS && it.span.is_none());
        if !due || !allowed || !pool.takes_part(member) {
            return;
        }
        let Some(suspicion) = pool.members.get_mut(id.index()).and_then(|it| it.suspicion.as_mut()) else {
            return;
        };
        let hold = HOLD * (1 << suspicion.times.min(MAX_DOUBLINGS));
        suspicion.span = Some((now, later(now, hold)));
        suspicion.times = suspicion.times.saturating_add(1);
        self.outbox.program(id.service);
        self.recollection.change(id.service);
        self.outbox.tell(Event::Outlier { server: id, suspected: true, unfinished, neighbours });
    }

    /// Ends the suspicion of a server when its time is over and its checks found it good meanwhile.
    fn clear_if_proven(&mut self, now: Instant, id: ServerId) {
        let Some((since, until, _)) = self.member(id).and_then(Member::suspected) else { return };
        let Some(member) = self.member(id) else { return };
        let runners = member.checks.iter().filter_map(|slot| self.checks.at(*slot));
        let proven = runners.into_iter().all(|runner| {
            let history = &runner.history;
            runner.health.up() && history.passes() > 0 && history.ended().is_some_and(|ended| ended > since)
        });
        if until > now || !proven {
            return;
        }
        if let Some(suspicion) = self.member_mut(id).and_then(|member| member.suspicion.as_mut()) {
            (suspicion.span, suspicion.looks, suspicion.cleared) = (None, 0, Some(now));
        }
        self.outbox.program(id.service);
        self.recollection.change(id.service);
        self.outbox.tell(Event::Outlier { server: id, suspected: false, unfinished: 0, neighbours: 0 });
    }
}

/// The finding about one server in one look.
fn finding(id: ServerId, traffic: &[Traffic]) -> Finding {
    let share = |one: &Traffic| {
        let share = one.unfinished.saturating_mul(100) / one.opened.max(1);
        u8::try_from(share.min(100)).unwrap_or(100)
    };
    let enough = || traffic.iter().filter(|one| one.opened >= MIN_OPENED);
    let Some(own) = enough().find(|one| one.server == id).map(share) else { return Finding::Unknown };
    let mut neighbours: Vec<u8> = enough().filter(|one| one.server != id).map(share).collect();
    neighbours.sort_unstable();
    let Some(&median) = neighbours.get(neighbours.len() / 2) else { return Finding::Unknown };
    if own >= BAD_SHARE && u16::from(own) >= 4 * u16::from(median) {
        Finding::Outlier { unfinished: own, neighbours: median }
    } else if own < GOOD_SHARE {
        Finding::Good
    } else {
        Finding::Unknown
    }
}

/// New connections between two looks that it takes to say something about a server.
const MIN_OPENED: u64 = 10;

/// Per cent of new connections that are not complete.
const BAD_SHARE: u8 = 50;

/// Below it they are completed, per cent.
const GOOD_SHARE: u8 = 25;

/// Looks in a row.
const LOOKS: u8 = 3;

/// Longer than the kernel keeps a connection that was not completed (60 s).
const HOLD: Duration = Duration::from_secs(90);

/// Twelve minutes at most.
const MAX_DOUBLINGS: u8 = 3;

/// After so long without suspicion it counts as the first time again.
const FORGIVEN: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    /// Servers by their place, with what they were given and what is not complete; the finding about the first.
    #[test]
    fn a_look_compares_a_server_with_the_median_of_its_neighbours() {
        let outlier = |unfinished, neighbours| Finding::Outlier { unfinished, neighbours };
        let table: [(&[(u64, u64)], Finding); 11] = [
            (&[], Finding::Unknown),
            (&[(10, 10)], Finding::Unknown),
            (&[(9, 9), (10, 0)], Finding::Unknown),
            (&[(10, 10), (9, 0)], Finding::Unknown),
            (&[(10, 10), (10, 0)], outlier(100, 0)),
            (&[(10, 60), (10, 2)], outlier(100, 20)),
            (&[(10, 10), (100, 26)], Finding::Unknown),
            (&[(10, 4), (10, 0)], Finding::Unknown),
            (&[(10, 2), (10, 0)], Finding::Good),
            (&[(20, 20), (20, 20), (20, 0)], Finding::Unknown),
            (&[(20, 20), (20, 20), (20, 0), (20, 0)], outlier(100, 0)),
        ];
        for (numbers, expected) in table {
            let id = |place| ServerId { service: ServiceId(0), place };
            let sample = |(place, &(opened, unfinished))| Traffic { server: id(place), opened, unfinished };
            let traffic: Vec<Traffic> = (0..).zip(numbers).map(sample).collect();
            assert_eq!(finding(id(0), &traffic), expected, "{numbers:?}");
        }
    }
}
