//! The stage of the story: the lab with its routers and client, and everything that watches them.

use std::io;
use std::time::Duration;

use super::observe::{PATIENCE, Watched, lost};
use super::setup::{Configuration, Router, SERVICE_PORT, Setup};
use super::stand_in;
use crate::actor::{Actor, CONFIGURATION};
use crate::live::Live;
use crate::options::Options;
use vip_lab::capture::{Capture, Sighting};
use vip_lab::daemon::{Daemon, Program};
use vip_lab::frame::Frame;
use vip_lab::probe::{Probe, Via};
use vip_lab::{Host, Lab, LabError, Stamp};

/// Everything on the stage.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) live: Live,
    pub(super) players: [Player; 2],
    pub(super) probe: Probe,
    pub(super) watched: Watched,
    /// Every frame so far.
    pub(super) seen: Vec<Sighting>,
    verbose: bool,
    capture: Capture,
    lab: Lab,
    shown_losses: usize,
    period: Duration,
    _client: Host,
}

/// A router with all that belongs to it.
#[derive(Debug)]
pub(super) struct Player {
    pub(super) router: Router,
    pub(super) actor: Actor,
    services: Vec<Daemon>,
    /// Priority of its last advertisement while it holds the address.
    priority: Option<u8>,
    /// Its advertisements so far.
    adverts: usize,
    shown_changes: usize,
}

impl Stage {
    /// Builds the lab for `setup`. Nothing runs yet but the client.
    pub(super) fn build(
        setup: &Setup,
        program: &Program,
        period: Duration,
        options: &Options,
    ) -> Result<Self, LabError> {
        let mut lab = Lab::new()?;
        let [a, b] = &setup.routers;
        let players = [Player::new(&mut lab, a, setup, program)?, Player::new(&mut lab, b, setup, program)?];
        let client = lab.host("client", "eth0", &setup.client)?;
        let port = |name| lab.ports().iter().position(|port| port.host == name).unwrap_or(usize::MAX);
        let watched = Watched {
            ports: [port("A"), port("B")],
            vrid: setup.vrid,
            target: setup.target,
            down_adverts: setup.down_adverts,
        };
        let capture = Capture::start(&lab)?;
        let via = if setup.services.is_empty() { Via::Echo } else { Via::Udp(SERVICE_PORT) };
        let live = Live::new(Stamp::now(), options.live);
        let probe = Probe::start(&client, setup.target, via, period)?;
        let seen = Vec::new();
        Ok(Self {
            live,
            players,
            probe,
            watched,
            seen,
            verbose: options.verbose,
            capture,
            lab,
            shown_losses: 0,
            period,
            _client: client,
        })
    }

    /// Starts the services of a router, and its daemon.
    pub(super) fn start(&mut self, router: usize, setup: &Setup) -> Result<(), LabError> {
        let Some(player) = self.players.get_mut(router) else { return Ok(()) };
        player.start_services(setup)?;
        Ok(player.start_daemon()?)
    }

    /// Starts the daemon of a router again; its services went on.
    pub(super) fn start_daemon(&mut self, router: usize) -> Result<(), LabError> {
        self.players.get_mut(router).map_or(Ok(()), |player| Ok(player.start_daemon()?))
    }

    /// Takes the power from a router: no frame leaves it any more, every process is gone, and so is every address.
    pub(super) fn power_off(&mut self, router: usize) -> Result<(), LabError> {
        let Some(player) = self.players.get_mut(router) else { return Ok(()) };
        self.lab.isolate(player.actor.host.name())?;
        player.lose_power()
    }

    /// Gives a router its power back, without starting anything.
    pub(super) fn power_on(&mut self, router: usize) -> Result<(), LabError> {
        self.players.get(router).map_or(Ok(()), |player| self.lab.rejoin(player.actor.host.name()))
    }

    /// Asks a router's daemon to stop in order.
    pub(super) fn stop(&mut self, router: usize) -> Result<(), LabError> {
        self.players.get_mut(router).map_or(Ok(()), |player| Ok(player.actor.stop()?))
    }

    /// Kills the services of a router.
    pub(super) fn kill_services(&mut self, router: usize) {
        if let Some(player) = self.players.get_mut(router) {
            player.services.clear();
        }
    }

    /// Writes a file in a router, or removes it.
    pub(super) fn file(&self, router: usize, path: &std::path::Path, exists: bool) -> Result<(), LabError> {
        let Some(player) = self.players.get(router) else { return Ok(()) };
        let done =
            if exists { player.actor.host.write_file(path, "") } else { player.actor.host.remove_file(path) };
        Ok(done?)
    }

    /// Shows what is new.
    pub(super) fn refresh(&mut self) {
        let new = self.capture.after(self.seen.len());
        for sighting in &new {
            let Frame::Advert(advert) = sighting.frame else { continue };
            let router = self.watched.ports.iter().position(|port| *port == sighting.port);
            if advert.vrid == self.watched.vrid
                && let Some(player) = router.and_then(|router| self.players.get_mut(router))
            {
                player.heard(sighting.at, advert.priority, &mut self.live);
            }
        }
        self.seen.extend(new);
        for player in &mut self.players {
            player.refresh(self.verbose, &mut self.live);
        }
        self.refresh_losses();
    }

    fn refresh_losses(&mut self) {
        let now = Stamp::now();
        let shots = self.probe.after(0);
        let undecided = shots.iter().rev().take_while(|shot| now.since(shot.sent) <= PATIENCE).count();
        let decided = shots.get(..shots.len() - undecided).unwrap_or_default();
        let runs = lost(decided, now);
        let ended = runs.iter().filter(|run| decided.last().is_some_and(|last| last.sent > run.to));
        for run in ended.skip(self.shown_losses) {
            self.live.losses("client", "packet", run);
            self.shown_losses += 1;
        }
        let tenths = losses_by_tenth(decided, now, self.period);
        let count: usize = runs.iter().map(|run| run.count).sum();
        let client = format!("  client {}  {count} lost", self.live.bar(&tenths));
        let routers = self.players.iter().map(|player| player.status(&self.live));
        let lines = routers.chain([client]).collect();
        self.live.status(lines);
    }

    /// The last lines of both daemons, for a story that went wrong.
    pub(super) fn last_words(&self) -> String {
        self.players.iter().map(|player| player.actor.last_words()).collect()
    }
}

/// Losses in each of the last sixty tenths of a second of these questions.
fn losses_by_tenth(shots: &[vip_lab::probe::Shot], now: Stamp, period: Duration) -> Vec<usize> {
    const TENTH: Duration = Duration::from_millis(100);
    let each = usize::try_from(TENTH.as_micros() / period.as_micros().max(1)).unwrap_or(1).max(1);
    let tenths = shots.len() / each;
    let cells = shots.get(tenths.saturating_sub(60) * each..tenths * each).unwrap_or_default().chunks(each);
    cells.map(|cell| cell.iter().filter(|shot| shot.is_lost(now, PATIENCE)).count()).collect()
}

impl Player {
    fn new(lab: &mut Lab, router: &Router, setup: &Setup, program: &Program) -> Result<Self, LabError> {
        let mut interfaces = router.interfaces.iter();
        let first = interfaces.next().map_or("eth0", String::as_str);
        let host = lab.host(router.name, first, &router.addresses)?;
        for interface in interfaces {
            lab.connect(&host, interface, &[])?;
        }
        if let Configuration::Text(text) = &router.configuration {
            host.write_file(CONFIGURATION, text.as_str())?;
        }
        for path in &setup.required_files {
            host.write_file(path, "")?;
        }
        let actor = Actor::new(host, program, setup.target, Duration::from_millis(4))?;
        Ok(Self {
            router: router.clone(),
            actor,
            services: Vec::new(),
            priority: None,
            adverts: 0,
            shown_changes: 0,
        })
    }

    fn start_services(&mut self, setup: &Setup) -> io::Result<()> {
        let sockets = setup.service_sockets();
        for (index, name) in setup.services.iter().enumerate() {
            let sockets = if index == 0 { sockets.as_slice() } else { &[] };
            self.services.push(stand_in::start(&self.actor.host, name, sockets)?);
        }
        Ok(())
    }

    fn start_daemon(&mut self) -> io::Result<()> {
        match &self.router.configuration {
            Configuration::Text(_) => self.actor.start(CONFIGURATION),
            Configuration::File(path) => self.actor.start(&path.display().to_string()),
        }
    }

    fn lose_power(&mut self) -> Result<(), LabError> {
        self.priority = None;
        self.services.clear();
        self.actor.lose_power(self.router.virtual_addresses.clone())
    }

    fn heard(&mut self, at: Stamp, priority: u8, live: &mut Live) {
        let name = self.router.name;
        match (self.priority, priority) {
            (_, 0) => live.event(at, &format!("{name} says that it leaves (priority 0)")),
            (Some(before), now) if before == now => {}
            (None | Some(0), now) => live.event(at, &format!("{name} advertises with priority {now}")),
            (Some(before), now) => {
                live.event(at, &format!("{name} changes its priority from {before} to {now}"));
            }
        }
        self.priority = Some(priority);
        self.adverts += 1;
    }

    fn refresh(&mut self, verbose: bool, live: &mut Live) {
        let held = self.actor.holding.changes().len();
        self.actor.refresh("address", verbose, live);
        if held > self.shown_changes && !self.actor.holding.holds() {
            self.priority = None;
        }
        self.shown_changes = held;
    }

    /// Its line below the events.
    fn status(&self, live: &Live) -> String {
        let holds = self.actor.holding.holds();
        let (state, colour) = match (self.actor.is_up(), holds) {
            (false, _) => ("down", "31"),
            (true, true) => ("ACTIVE", "1;32"),
            (true, false) => ("backup", "34"),
        };
        let state = live.paint(colour, &format!("{state:<8}"));
        let holds = if holds { "holds the address" } else { "" };
        let priority = self.priority.map_or_else(String::new, |priority| format!("priority {priority}"));
        format!("  {}  {state} {priority:<13} {:>4} adverts  {holds}", self.router.name, self.adverts)
    }
}
