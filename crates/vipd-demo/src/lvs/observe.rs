//! From what was seen to the figures of one step. Pure, so that it can be tested.

use std::collections::BTreeMap;
use std::io;
use std::time::Duration;

use super::promise::{Promise, Verdict};
use crate::losses::{LossRun, loss_runs};
use vip_lab::Stamp;
use vip_lab::farm::{self, DIRECT, NAT};
use vip_lab::stalls::stalled;
use vip_lab::table::{ServiceId, Table};
use vip_lab::visitor::Visit;

/// The services, in the order of every pair below.
pub(super) const SERVICES: [farm::Offer; 2] = [NAT, DIRECT];

/// Everything that was seen so far; in pairs by director or by service.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// For each director: when it got the address and lost it.
    pub(super) holding: [Vec<(Stamp, bool)>; 2],
    /// For each director: its table from when on.
    pub(super) tables: [Vec<(Stamp, Table)>; 2],
    /// For each service: what its client asked, in that order.
    pub(super) visits: [Vec<Visit>; 2],
    /// When this machine stood still.
    pub(super) stalls: Vec<(Stamp, Stamp)>,
}

/// One change of the story, and how things should be afterwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    /// Its name in the table.
    pub(super) title: &'static str,
    /// When it was done.
    pub(super) event: Stamp,
    /// The director that should serve: 0 is A, 1 is B.
    pub(super) director: usize,
    /// The servers that should answer.
    pub(super) servers: &'static [&'static str],
    pub(super) promise: Promise,
}

/// The figures of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) change: Change,
    /// From the event until all was as it should be.
    pub(super) took: Option<Duration>,
    /// Longest time without an answer, of either service.
    pub(super) gap: Duration,
    /// Questions without an answer, of both services.
    pub(super) failed: usize,
    /// Number of answers of each server since all was as it should be, for each service.
    pub(super) answered: [BTreeMap<String, usize>; 2],
    /// For how long this machine stood still meanwhile, which nobody can be blamed for.
    pub(super) stalled: Duration,
    pub(super) verdict: Verdict,
}

impl Seen {
    /// When all was as it should be after a change: the address, the table, and an answer of each service.
    pub(super) fn reached(&self, change: &Change) -> Option<Stamp> {
        let holding = since(self.holding.get(change.director)?, |held| *held)?;
        let table =
            since(self.tables.get(change.director)?, |table| in_table(table) == servers(change.servers))?;
        let answers = self.visits.each_ref().map(|visits| {
            let good = |visit: &&Visit| visit.asked >= change.event && visit.page.is_ok();
            visits.iter().filter(good).map(|visit| visit.over).min()
        });
        let [one, other] = answers;
        Some(change.event.max(holding).max(table).max(one?).max(other?))
    }

    /// Measures a change; `now` is the end of the step.
    pub(super) fn measure(&self, change: &Change, now: Stamp) -> Row {
        let reached = self.reached(change);
        let answered =
            self.visits.each_ref().map(|visits| reached.map_or_else(BTreeMap::new, |at| answers(visits, at)));
        let gap =
            self.visits.iter().map(|visits| longest_gap(visits, change.event, now)).max().unwrap_or_default();
        let during = |visit: &&Visit| visit.asked >= change.event;
        let failed = self.visits.iter().flatten().filter(during).filter(|visit| visit.page.is_err()).count();
        let took = reached.map(|at| at.since(change.event));
        let stalled = stalled(&self.stalls, change.event, now);
        let refused = reached.is_some_and(|at| self.visits.iter().any(|visits| refused(visits, at)));
        let right = answered.iter().all(|names| names.keys().eq(&sorted(change.servers)));
        let verdict = match took {
            None => Verdict::Missed,
            Some(_) if refused => Verdict::Refused,
            Some(_) if !right => Verdict::Wrong,
            Some(took) => change.promise.verdict(took, gap, stalled),
        };
        Row { change: change.clone(), took, gap, failed, answered, stalled, verdict }
    }
}

impl Row {
    /// Whether the answering servers are known: some dozens of answers of each service.
    pub(super) fn is_told(&self) -> bool {
        self.answered.iter().all(|names| names.values().sum::<usize>() >= 24)
    }
}

/// Questions of a client that were not answered.
pub(super) fn lost(visits: &[Visit]) -> Vec<LossRun> {
    loss_runs(visits.iter().map(|visit| (visit.asked, visit.page.is_err())))
}

/// Names of the servers that a table sends new connections to, for each service.
pub(super) fn in_table(table: &Table) -> [Vec<&'static str>; 2] {
    SERVICES.map(|offer| {
        let listed = table.servers(ServiceId::Tcp(offer.socket()));
        let has =
            |last: u8| listed.iter().any(|real| real.weight > 0 && real.address.ip() == offer.server(last));
        farm::SERVERS.iter().filter(|(_, last)| has(*last)).map(|(name, _)| *name).collect()
    })
}

/// The same for both services.
fn servers(names: &[&'static str]) -> [Vec<&'static str>; 2] {
    [names.to_vec(), names.to_vec()]
}

/// Since when it has been so, if it is so in the end.
fn since<T>(changes: &[(Stamp, T)], is_so: impl Fn(&T) -> bool) -> Option<Stamp> {
    changes.iter().rev().take_while(|(_, state)| is_so(state)).last().map(|(at, _)| *at)
}

/// The servers that answered the requests from then on.
fn answers(visits: &[Visit], from: Stamp) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for visit in visits.iter().filter(|visit| visit.asked >= from) {
        if let Ok(page) = &visit.page {
            *count.entry(page.clone()).or_default() += 1;
        }
    }
    count
}

/// Whether anything asked from then on was refused: somebody is still sent to a server that is not there.
fn refused(visits: &[Visit], from: Stamp) -> bool {
    let refused = |visit: &Visit| visit.page == Err(io::ErrorKind::ConnectionRefused);
    visits.iter().any(|visit| visit.asked >= from && refused(visit))
}

/// The longest time without a good answer between two moments.
fn longest_gap(visits: &[Visit], from: Stamp, to: Stamp) -> Duration {
    let good = visits.iter().filter(|visit| visit.page.is_ok()).map(|visit| visit.over);
    let mut moments: Vec<Stamp> = good.filter(|at| *at > from && *at < to).chain([from, to]).collect();
    moments.sort_unstable();
    moments.windows(2).filter_map(|pair| Some(pair.last()?.since(*pair.first()?))).max().unwrap_or_default()
}

fn sorted(names: &[&str]) -> Vec<String> {
    let mut names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    names.sort();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_millis(ms))
    }

    fn visit(asked: u64, over: u64, page: Result<&str, io::ErrorKind>) -> Visit {
        Visit { asked: at(asked), over: at(over), page: page.map(str::to_owned) }
    }

    fn table(lasts: &[u8]) -> Table {
        let line = |net: &str| {
            let lines: Vec<_> =
                lasts.iter().map(|last| format!("  -> {net}{last:02X}:0050 Masq 1 0 0\n")).collect();
            lines.concat()
        };
        let text = format!(
            "\n\n\nTCP  C0000264:0050 rr\n{}TCP  C0000265:0050 rr\n{}",
            line("0A0000"),
            line("C00002")
        );
        Table::parse(&text)
    }

    fn change(servers: &'static [&'static str]) -> Change {
        let promise = Promise {
            earliest: Duration::ZERO,
            latest: Duration::from_millis(700),
            gap: Some(Duration::from_secs(1)),
        };
        Change { title: "s1 dies", event: at(1_000), director: 0, servers, promise }
    }

    fn seen(visits: Vec<Visit>) -> Seen {
        Seen {
            holding: [vec![(at(0), false), (at(10), true)], Vec::new()],
            tables: [vec![(at(0), table(&[11, 12])), (at(1_600), table(&[12]))], Vec::new()],
            visits: [visits.clone(), visits],
            stalls: Vec::new(),
        }
    }

    const REFUSED: io::ErrorKind = io::ErrorKind::ConnectionRefused;

    #[test]
    fn a_dead_server_is_out_when_the_table_says_so_and_no_client_is_refused_from_then_on() {
        let seen = seen(vec![
            visit(900, 910, Ok("s1")),
            visit(1_100, 1_101, Err(REFUSED)),
            visit(1_200, 1_210, Ok("s2")),
            visit(1_700, 1_720, Ok("s2")),
        ]);
        let row = seen.measure(&change(&["s2"]), at(1_800));
        assert_eq!(row.took, Some(Duration::from_millis(600)));
        assert_eq!((row.failed, row.gap), (2, Duration::from_millis(510)));
        assert_eq!(row.answered[0], BTreeMap::from([("s2".to_owned(), 1)]));
        assert_eq!(row.verdict, Verdict::Kept);
    }

    #[test]
    fn a_later_refusal_means_that_a_dead_server_was_used() {
        let seen = seen(vec![
            visit(1_200, 1_210, Ok("s2")),
            visit(1_700, 1_701, Err(REFUSED)),
            visit(1_750, 1_760, Ok("s2")),
        ]);
        assert_eq!(seen.measure(&change(&["s2"]), at(1_800)).verdict, Verdict::Refused);
    }

    #[test]
    fn answers_of_somebody_else_are_wrong() {
        let seen = seen(vec![visit(1_200, 1_210, Ok("s2")), visit(1_700, 1_710, Ok("sorry"))]);
        assert_eq!(seen.measure(&change(&["s2"]), at(1_800)).verdict, Verdict::Wrong);
    }

    #[test]
    fn a_table_that_does_not_follow_is_missed() {
        let seen = seen(vec![visit(1_200, 1_210, Ok("s2"))]);
        let row = seen.measure(&change(&["s1", "s2"]), at(1_800));
        assert_eq!((row.took, row.verdict), (None, Verdict::Missed));
    }
}
