//! The story as a picture: a lane for each director, each real server and each client.

use super::observe::{SERVICES, Seen, in_table};
use crate::losses::LossRun;
use crate::svg::{Bar, DOWN, GOOD, LOST, Lane, OTHER, READY, Timeline, spans};
use vip_lab::Stamp;

/// All observations. All lists are in order of time.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    pub(super) start: Stamp,
    pub(super) end: Stamp,
    /// For each director: when its daemon started and ended.
    pub(super) running: [Vec<(Stamp, bool)>; 2],
    /// For each real server: when it was opened and closed.
    pub(super) open: [Vec<(Stamp, bool)>; 2],
    /// For each service: the questions without an answer.
    pub(super) losses: [Vec<LossRun>; 2],
    /// Everything else.
    pub(super) seen: Seen,
}

type Span = (Stamp, Stamp);

impl Picture {
    /// The picture, with what was done and when.
    pub(super) fn timeline(&self, subtitle: String, events: Vec<(Stamp, String)>) -> Timeline {
        let whole = (self.start, self.end);
        let directors = ["director A", "director B"].iter().zip(&self.running).zip(&self.seen.holding);
        let directors = directors.map(|((name, running), holding)| {
            let backup = bars(spans(running, self.end), READY, "Backup");
            let active = bars(spans(holding, self.end), GOOD, "Active");
            Lane::new(
                *name,
                std::iter::once(Bar::new(whole, DOWN, "down")).chain(backup).chain(active).collect(),
            )
        });
        let servers = ["s1", "s2"].iter().zip(&self.open).map(|(name, open)| self.server(name, open));
        let clients = SERVICES.iter().zip(&self.losses);
        let clients =
            clients.map(|(offer, losses)| Lane::client(format!("client, {}", offer.name), whole, losses));
        Timeline {
            title: "Active director, and servers that answer",
            subtitle,
            start: self.start,
            end: self.end,
            legend: vec![
                ("in charge", GOOD),
                ("ready", READY),
                ("still listed", OTHER),
                ("down", DOWN),
                ("lost", LOST),
            ],
            lanes: directors.chain(servers).chain(clients).collect(),
            events,
        }
    }

    /// Ready while it is open, in charge while the Active director's table has it, and both at once it should be.
    fn server(&self, name: &str, open: &[(Stamp, bool)]) -> Lane {
        let open = spans(open, self.end);
        let closed = complement(&open, (self.start, self.end));
        let listed: Vec<Span> = (0..2).flat_map(|director| self.listed(director, name)).collect();
        let down = Bar::new((self.start, self.end), DOWN, "down");
        let still = intersection(&closed, &listed);
        let all = std::iter::once(down)
            .chain(bars(open, READY, "ready"))
            .chain(bars(listed, GOOD, "in the table"))
            .chain(bars(still, OTHER, "down, and still in the table"));
        Lane::new(name, all.collect())
    }

    /// When a director was Active with this server in its table for any service.
    fn listed(&self, director: usize, name: &str) -> Vec<Span> {
        let (Some(tables), Some(holding)) = (self.seen.tables.get(director), self.seen.holding.get(director))
        else {
            return Vec::new();
        };
        let has = |(at, table): &(Stamp, _)| (*at, in_table(table).iter().any(|names| names.contains(&name)));
        let listed: Vec<(Stamp, bool)> = tables.iter().map(has).collect();
        intersection(&spans(&listed, self.end), &spans(holding, self.end))
    }
}

fn bars(spans: Vec<Span>, colour: &'static str, title: &str) -> impl Iterator<Item = Bar> {
    spans.into_iter().map(move |span| Bar::new(span, colour, title))
}

/// The times that are in both lists.
fn intersection(one: &[Span], other: &[Span]) -> Vec<Span> {
    let common = |a: &Span, b: &Span| (a.0.max(b.0), a.1.min(b.1));
    let all = one.iter().flat_map(|a| other.iter().map(move |b| common(a, b)));
    all.filter(|(from, to)| from < to).collect()
}

/// The times of `whole` that are not in the list.
fn complement(spans: &[Span], whole: Span) -> Vec<Span> {
    let starts = std::iter::once(whole.0).chain(spans.iter().map(|(_, to)| *to));
    let ends = spans.iter().map(|(from, _)| *from).chain([whole.1]);
    starts.zip(ends).filter(|(from, to)| from < to).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(ms: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_millis(ms))
    }

    #[test]
    fn times_in_both_and_times_in_neither() {
        let open = [(at(10), at(20)), (at(30), at(40))];
        assert_eq!(complement(&open, (at(0), at(50))), [(at(0), at(10)), (at(20), at(30)), (at(40), at(50))]);
        assert_eq!(complement(&open, (at(10), at(40))), [(at(20), at(30))]);
        assert_eq!(intersection(&open, &[(at(15), at(35))]), [(at(15), at(20)), (at(30), at(35))]);
        assert_eq!(intersection(&open, &[(at(20), at(30))]), []);
    }
}
