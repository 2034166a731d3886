//! The story as a picture: a lane for each router, one for the address, one for what the client lost.

use crate::losses::LossRun;
use crate::svg::{Bar, DOWN, GOOD, LOST, Lane, ONE, OTHER, READY, Timeline, spans};
use vip_lab::Stamp;

/// All observations. All lists are in order of time.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) start: Stamp,
    pub(super) end: Stamp,
    /// For each router: when its daemon started and ended.
    pub(super) running: [Vec<(Stamp, bool)>; 2],
    /// For each router: when it got the address and lost it.
    pub(super) holding: [Vec<(Stamp, bool)>; 2],
    /// Losses of the client.
    pub(super) losses: Vec<LossRun>,
}

impl Seen {
    /// The picture, with what was done and when.
    pub(super) fn timeline(&self, subtitle: String, events: Vec<(Stamp, String)>) -> Timeline {
        let whole = (self.start, self.end);
        let [running_a, running_b] = &self.running;
        let [holding_a, holding_b] = &self.holding;
        let router = |name: &str, running, holding| {
            let down = Bar::new(whole, DOWN, "down");
            let backup = self.bars(running, READY, "Backup");
            Lane::new(
                name,
                std::iter::once(down).chain(backup).chain(self.bars(holding, GOOD, "Active")).collect(),
            )
        };
        let holders =
            self.bars(holding_a, ONE, "A holds it").chain(self.bars(holding_b, OTHER, "B holds it"));
        Timeline {
            title: "Holder of the address",
            subtitle,
            start: self.start,
            end: self.end,
            legend: vec![("Active", GOOD), ("Backup", READY), ("down", DOWN), ("lost", LOST)],
            lanes: vec![
                router("router A", running_a, holding_a),
                router("router B", running_b, holding_b),
                Lane::new("address", holders.collect()),
                Lane::client("client", whole, &self.losses),
            ],
            events,
        }
    }

    fn bars<'a>(
        &self,
        changes: &'a [(Stamp, bool)],
        colour: &'static str,
        title: &'a str,
    ) -> impl Iterator<Item = Bar> + use<'a> {
        spans(changes, self.end).into_iter().map(move |span| Bar::new(span, colour, title))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_active_bar_ends_where_the_address_was_lost() {
        let at = |ms| Stamp::from_epoch(Duration::from_millis(ms));
        let seen = Seen {
            start: at(0),
            end: at(10_600),
            running: [vec![(at(0), true), (at(5_000), false)], vec![(at(0), true)]],
            holding: [vec![(at(1_000), true), (at(5_000), false)], vec![(at(8_000), true)]],
            losses: Vec::new(),
        };
        let svg = seen.timeline(String::new(), Vec::new()).to_svg();
        let active: Vec<_> = svg.lines().filter(|line| line.contains("<title>Active, ")).collect();
        assert_eq!(active.len(), 2);
        assert!(active[0].contains("Active, 4.000 s"), "{}", active[0]);
        assert!(active[1].contains("Active, 2.600 s"), "{}", active[1]);
    }
}
