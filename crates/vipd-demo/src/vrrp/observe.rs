//! From what was seen on the wire and by the client to the figures of one step. Pure, so that it can be tested.

use std::time::Duration;

use super::theory::{Adverts, Cause, Promise, Verdict};
use crate::losses::{LossRun, loss_runs};
use crate::svg::spans;
use vip_lab::Stamp;
use vip_lab::capture::Sighting;
use vip_lab::frame::Frame;
use vip_lab::probe::Shot;

/// Time that an answer may take before the question counts as lost.
pub(super) const PATIENCE: Duration = Duration::from_millis(200);

/// A question that was under way when something happened counts to what happened.
const UNDER_WAY: Duration = Duration::from_millis(10);

/// Subjects to look for on the wire: cable numbers as in [`Sighting::port`], and the address that is asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watched {
    /// Cables of router A and B.
    pub(super) ports: [usize; 2],
    /// The virtual router.
    pub(super) vrid: u8,
    /// The virtual address that the client asks.
    pub(super) target: std::net::IpAddr,
    /// Advertisements that have to be missing before a Backup takes over.
    pub(super) down_adverts: u8,
}

/// One change of the story: what happens, and which router should serve afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Its name in the table.
    pub(super) title: String,
    /// Why the address should move.
    pub(super) cause: Cause,
    /// Router that should serve afterwards: 0 is A, 1 is B.
    pub(super) to: usize,
    /// When it was done.
    pub(super) event: Stamp,
}

/// The figures of one step. Times count from the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) change: Change,
    /// First advertisement of the new Active.
    pub(super) advert: Option<Duration>,
    /// Its first gratuitous ARP or neighbour advertisement.
    pub(super) announcement: Option<Duration>,
    /// First answer to the client that came from it.
    pub(super) answer: Option<Duration>,
    /// Questions that were never answered in time.
    pub(super) lost: usize,
    /// Questions asked.
    pub(super) asked: usize,
    pub(super) promise: Option<Promise>,
    pub(super) verdict: Verdict,
}

impl Row {
    /// Measures `change` from the frames and the questions since its event; `now` is the end of the step.
    pub(super) fn measure(
        change: &Change,
        watched: &Watched,
        seen: &[Sighting],
        shots: &[Shot],
        now: Stamp,
    ) -> Self {
        let since = |at: Stamp| at.since(change.event);
        let new = move |seen: &&Sighting| {
            seen.at >= change.event && watched.ports.get(change.to) == Some(&seen.port)
        };
        let announcement = seen.iter().filter(new).find(
            |seen| matches!(seen.frame, Frame::Announcement { address, .. } if address == watched.target),
        );
        let answer = seen
            .iter()
            .filter(new)
            .find(|seen| matches!(seen.frame, Frame::Probe { source, .. } if source == watched.target));
        let adverts = adverts(change, watched, seen);
        let promise = adverts.map(|adverts| Promise::new(change.cause, watched.down_adverts, &adverts));
        let advert = adverts.map(|adverts| since(adverts.first.0));
        let verdict = match (&promise, advert, answer) {
            (Some(promise), Some(advert), Some(_)) => promise.verdict(advert),
            _ => Verdict::Missed,
        };
        let from = change.event.minus(UNDER_WAY);
        let asked = shots.iter().filter(|shot| shot.sent >= from);
        Self {
            change: change.clone(),
            advert,
            announcement: announcement.map(|seen| since(seen.at)),
            answer: answer.map(|seen| since(seen.at)),
            lost: asked.clone().filter(|shot| shot.is_lost(now, PATIENCE)).count(),
            asked: asked.count(),
            promise,
            verdict,
        }
    }

    /// Whether the expected router serves.
    pub(super) fn is_served(&self) -> bool {
        self.answer.is_some() && self.advert.is_some()
    }
}

/// The advertisements that decide what was promised; `None` until the new Active has spoken.
fn adverts(change: &Change, watched: &Watched, seen: &[Sighting]) -> Option<Adverts> {
    let of = |router: usize| {
        let port = watched.ports.get(router).copied();
        seen.iter().filter_map(move |seen| match seen.frame {
            Frame::Advert(advert) if Some(seen.port) == port && advert.vrid == watched.vrid => {
                Some((seen.at, advert))
            }
            _ => None,
        })
    };
    let first = of(change.to).find(|(at, advert)| *at >= change.event && advert.priority > 0)?;
    let before = of(1 - change.to.min(1)).filter(|(at, _)| *at < first.0);
    let respected = before.clone().rfind(|(_, advert)| advert.priority >= first.1.priority);
    let stop = before.clone().rfind(|(at, advert)| *at >= change.event && advert.priority == 0);
    Some(Adverts { first, respected: respected.map(|(at, _)| at), stop: stop.map(|(at, _)| at) })
}

/// The runs of questions that were not answered in time, `now` being the time to judge.
pub(super) fn lost(shots: &[Shot], now: Stamp) -> Vec<LossRun> {
    loss_runs(shots.iter().map(|shot| (shot.sent, shot.is_lost(now, PATIENCE))))
}

/// The longest time in which both routers held the address. Each list holds changes in order.
pub(super) fn longest_overlap(held: [&[(Stamp, bool)]; 2], end: Stamp) -> Duration {
    let [a, b] = held.map(|changes| spans(changes, end));
    let overlap = |one: &(Stamp, Stamp), other: &(Stamp, Stamp)| one.1.min(other.1).since(one.0.max(other.0));
    a.iter().flat_map(|one| b.iter().map(move |other| overlap(one, other))).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use vip_lab::frame::Advert;

    fn at(ms: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_millis(ms))
    }

    fn advert(ms: u64, port: usize, priority: u8) -> Sighting {
        let interval = Duration::from_secs(1);
        let source = "192.0.2.1".parse().unwrap();
        Sighting {
            at: at(ms),
            port,
            frame: Frame::Advert(Advert { source, version: 2, vrid: 51, priority, interval }),
        }
    }

    fn watched() -> Watched {
        Watched { ports: [0, 1], vrid: 51, target: "192.0.2.100".parse().unwrap(), down_adverts: 3 }
    }

    fn shot(sent: u64, answered: Option<u64>) -> Shot {
        Shot { sent: at(sent), answered: answered.map(at) }
    }

    #[test]
    fn a_takeover_is_measured_from_the_event_to_each_sign_of_it() {
        let target = watched().target;
        let answer = Frame::Probe { number: 9, source: target, destination: "192.0.2.9".parse().unwrap() };
        let seen = [
            advert(9_000, 0, 200),
            Sighting { at: at(9_100), port: 1, frame: answer },
            advert(13_219, 1, 200),
            Sighting { at: at(13_220), port: 1, frame: Frame::Announcement { address: target, mac: [2; 6] } },
            Sighting { at: at(13_222), port: 0, frame: answer },
            Sighting { at: at(13_225), port: 1, frame: answer },
        ];
        let shots =
            [shot(9_900, Some(9_901)), shot(9_995, None), shot(10_500, None), shot(13_224, Some(13_225))];
        let change = Change { title: String::new(), cause: Cause::Silence, to: 1, event: at(10_000) };
        let row = Row::measure(&change, &watched(), &seen, &shots, at(14_000));
        assert_eq!(row.advert, Some(Duration::from_millis(3219)));
        assert_eq!(row.announcement, Some(Duration::from_millis(3220)));
        assert_eq!(row.answer, Some(Duration::from_millis(3225)));
        assert_eq!((row.lost, row.asked), (2, 3), "with the one that was under way");
        // Not before 2.219 s after the event, exactly 4.219 s after the last advert - which is 1 s too long.
        assert_eq!(row.promise.unwrap().late, Some(Duration::from_micros(1_000_250)));
    }

    #[test]
    fn a_router_that_never_speaks_has_missed() {
        let change = Change { title: String::new(), cause: Cause::Silence, to: 1, event: at(10_000) };
        let row = Row::measure(&change, &watched(), &[advert(9_000, 0, 200)], &[], at(20_000));
        assert_eq!((row.verdict, row.is_served()), (Verdict::Missed, false));
    }

    #[test]
    fn an_advert_of_lower_priority_is_not_one_that_was_respected() {
        let seen = [advert(1_000, 0, 105), advert(2_000, 0, 103), advert(4_594, 1, 104)];
        let change = Change { title: String::new(), cause: Cause::Silence, to: 1, event: at(1_500) };
        let found = adverts(&change, &watched(), &seen).unwrap();
        assert_eq!(found.respected, Some(at(1_000)));
        assert_eq!(found.stop, None);
    }

    #[test]
    fn a_young_question_is_not_lost_yet() {
        let shots = [shot(0, None), shot(10, None), shot(20, Some(21)), shot(990, None)];
        assert_eq!(lost(&shots, at(1_000)), [LossRun { from: at(0), to: at(10), count: 2 }]);
    }

    #[test]
    fn overlap_is_the_longest_time_with_two_holders() {
        let a = [(at(0), true), (at(100), false), (at(500), true)];
        let b = [(at(0), false), (at(90), true), (at(503), false)];
        assert_eq!(longest_overlap([&a, &b], at(1000)), Duration::from_millis(10));
        assert_eq!(longest_overlap([&a, &[]], at(1000)), Duration::ZERO);
    }
}
