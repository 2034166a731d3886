//! The stage of the story: the farm with its directors and clients, and everything that watches them.

use std::time::Duration;

use ipnetwork::IpNetwork;

use super::observe::{SERVICES, Seen, in_table, lost};
use super::pace::Pace;
use crate::actor::{Actor, CONFIGURATION};
use crate::live::Live;
use crate::options::Options;
use vip_lab::daemon::Program;
use vip_lab::farm::{DIRECT, Farm, GATEWAY, NAT};
use vip_lab::stalls::Stalls;
use vip_lab::table::{Table, TableWatch};
use vip_lab::visitor::{PATIENCE, Visit, Visitor};
use vip_lab::{LabError, Stamp};

/// Everything on the stage.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) live: Live,
    pub(super) directors: Vec<Director>,
    /// When each real server was opened and closed.
    pub(super) open: [Vec<(Stamp, bool)>; 2],
    stalls: Stalls,
    visitors: Vec<Visitor>,
    farm: Farm,
    verbose: bool,
    shown_losses: [usize; 2],
}

/// A director with all that belongs to it.
#[derive(Debug)]
pub(super) struct Director {
    pub(super) actor: Actor,
    tables: TableWatch,
    shown_tables: usize,
}

/// Interval between two looks at a director; in user-mode-linux each of its system calls is slow.
const LOOK: Duration = Duration::from_millis(40);

impl Stage {
    /// Builds the farm. The clients ask every `period`, and nobody answers yet.
    pub(super) fn build(
        pace: Pace,
        program: &Program,
        period: Duration,
        options: &Options,
    ) -> Result<Self, LabError> {
        let mut farm = Farm::new(&["A", "B"])?;
        let mut directors = Vec::new();
        for (host, text) in farm.directors.drain(..).zip(pace.configurations()) {
            host.write_file(CONFIGURATION, text)?;
            let tables = TableWatch::start(&host, LOOK)?;
            let actor = Actor::new(host, program, NAT.address, LOOK)?;
            directors.push(Director { actor, tables, shown_tables: 0 });
        }
        let live = Live::new(Stamp::now(), options.live);
        let mut visitors = Vec::new();
        for offer in SERVICES {
            visitors.push(Visitor::start(&farm.client, offer.client, offer.socket(), period)?);
        }
        let now = Stamp::now();
        let open = [vec![(now, true)], vec![(now, true)]];
        let stalls = Stalls::watch()?;
        Ok(Self {
            live,
            directors,
            open,
            stalls,
            visitors,
            farm,
            verbose: options.verbose,
            shown_losses: [0; 2],
        })
    }

    /// Starts a director's daemon.
    pub(super) fn start(&mut self, director: usize) -> Result<(), LabError> {
        self.directors.get_mut(director).map_or(Ok(()), |director| Ok(director.actor.start(CONFIGURATION)?))
    }

    /// Takes the power from a director: no frame leaves it any more, every process is gone, and so is every address.
    pub(super) fn power_off(&mut self, director: usize) -> Result<(), LabError> {
        let Some(director) = self.directors.get_mut(director) else { return Ok(()) };
        self.farm.isolate(director.actor.host.name())?;
        let on = |interface: &str, address| {
            IpNetwork::new(address, 24).ok().map(|network| (interface.to_owned(), network))
        };
        let addresses = [on("eth0", NAT.address), on("eth0", DIRECT.address), on("eth1", GATEWAY)];
        director.actor.lose_power(addresses.into_iter().flatten().collect())
    }

    /// Gives a director its power back, and starts its daemon.
    pub(super) fn power_on(&mut self, director: usize) -> Result<(), LabError> {
        let Some(found) = self.directors.get(director) else { return Ok(()) };
        self.farm.rejoin(found.actor.host.name())?;
        self.start(director)
    }

    /// Opens the web server of a real server, or closes it.
    pub(super) fn set_open(&mut self, server: usize, open: bool) -> Result<(), LabError> {
        let Some(found) = self.farm.servers.get_mut(server) else { return Ok(()) };
        if open {
            found.open()?;
        } else {
            found.close();
        }
        if let Some(changes) = self.open.get_mut(server) {
            changes.push((Stamp::now(), open));
        }
        Ok(())
    }

    /// Everything that was seen so far.
    pub(super) fn seen(&self) -> Seen {
        let mut seen = Seen { stalls: self.stalls.spans(), ..Seen::default() };
        for (into, director) in seen.holding.iter_mut().zip(&self.directors) {
            *into = director.actor.holding.changes();
        }
        for (into, director) in seen.tables.iter_mut().zip(&self.directors) {
            *into = director.tables.changes();
        }
        for (into, visitor) in seen.visits.iter_mut().zip(&self.visitors) {
            *into = in_order(visitor.after(0));
        }
        seen
    }

    /// Shows what is new.
    pub(super) fn refresh(&mut self) {
        for director in &mut self.directors {
            director.refresh(self.verbose, &mut self.live);
        }
        let mut lines: Vec<String> =
            self.directors.iter().map(|director| director.status(&self.live)).collect();
        let now = Stamp::now();
        for ((offer, visitor), shown) in SERVICES.iter().zip(&self.visitors).zip(&mut self.shown_losses) {
            // Only what nobody can still come before.
            let mut visits = in_order(visitor.after(0));
            visits.retain(|visit| now.since(visit.asked) > PATIENCE);
            let losses = lost(&visits);
            let last = visits.last().map(|visit| visit.asked);
            let ended = losses.iter().filter(|run| last.is_some_and(|last| last > run.to));
            for run in ended.skip(*shown) {
                self.live.losses(offer.name, "answer", run);
                *shown += 1;
            }
            let cells: Vec<usize> =
                visits.iter().rev().take(60).map(|visit| usize::from(visit.page.is_err())).collect();
            let cells: Vec<usize> = cells.into_iter().rev().collect();
            let count: usize = losses.iter().map(|run| run.count).sum();
            lines.push(format!("  {:<4} {}  {count} without an answer", offer.name, self.live.bar(&cells)));
        }
        self.live.status(lines);
    }

    /// The last lines of both daemons, for a story that went wrong.
    pub(super) fn last_words(&self) -> String {
        self.directors.iter().map(|director| director.actor.last_words()).collect()
    }
}

impl Director {
    fn refresh(&mut self, verbose: bool, live: &mut Live) {
        self.actor.refresh("addresses", verbose, live);
        let changes = self.tables.changes();
        for (index, (at, table)) in changes.iter().enumerate().skip(self.shown_tables) {
            let before = index.checked_sub(1).and_then(|before| changes.get(before));
            let before = in_table(&before.map(|(_, table)| table.clone()).unwrap_or_default());
            for ((offer, now), before) in SERVICES.iter().zip(in_table(table)).zip(before) {
                if now != before {
                    let name = self.actor.host.name();
                    live.event(*at, &format!("{name}: {} goes to {}", offer.name, names(&now)));
                }
            }
        }
        self.shown_tables = changes.len();
    }

    /// Its line below the events.
    fn status(&self, live: &Live) -> String {
        let (state, colour) = match (self.actor.is_up(), self.actor.holding.holds()) {
            (false, _) => ("down", "31"),
            (true, true) => ("ACTIVE", "1;32"),
            (true, false) => ("backup", "34"),
        };
        let state = live.paint(colour, &format!("{state:<8}"));
        let table: Table = self.tables.table();
        let goes = SERVICES.iter().zip(in_table(&table));
        let goes: Vec<String> = goes.map(|(offer, to)| format!("{} to {}", offer.name, names(&to))).collect();
        format!("  {}  {state} {}", self.actor.host.name(), goes.join(", "))
    }
}

fn names(names: &[&str]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(" ") }
}

/// Visits overtake each other: one without an answer ends late.
fn in_order(mut visits: Vec<Visit>) -> Vec<Visit> {
    visits.sort_by_key(|visit| visit.asked);
    visits
}
