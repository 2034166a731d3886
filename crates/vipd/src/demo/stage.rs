//! The stage of the story: the lab with its routers and client, and everything that watches them.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use nix::sys::signal::Signal;
use vrrp_linux::links::LinkCommands;

use super::live::{Live, RouterStatus, Status};
use super::observe::{PATIENCE, Watched, loss_runs};
use super::setup::{Configuration, Router, SERVICE_PORT, Setup};
use super::stand_in;
use crate::lab::capture::{Capture, Sighting};
use crate::lab::daemon::{Daemon, Program};
use crate::lab::frame::Frame;
use crate::lab::holding::Holding;
use crate::lab::probe::{Probe, Via};
use crate::lab::{Host, Lab, LabError, Stamp};

/// Where a built-in configuration is put in its router.
const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";

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
    pub(super) holding: Holding,
    /// When its daemon was started and ended.
    pub(super) running: Vec<(Stamp, bool)>,
    program: Program,
    daemon: Option<Daemon>,
    services: Vec<Daemon>,
    host: Host,
    status: RouterStatus,
    shown_changes: usize,
    shown_lines: usize,
}

impl Stage {
    /// Builds the lab for `setup`. Nothing runs yet but the client.
    pub(super) fn build(
        setup: &Setup,
        program: &Program,
        period: Duration,
        verbose: bool,
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
        let live = Live::new(Stamp::now());
        let probe = Probe::start(&client, setup.target, via, period)?;
        let seen = Vec::new();
        Ok(Self {
            live,
            players,
            probe,
            watched,
            seen,
            verbose,
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
        self.lab.isolate(player.host.name())?;
        player.lose_power()
    }

    /// Gives a router its power back, without starting anything.
    pub(super) fn power_on(&mut self, router: usize) -> Result<(), LabError> {
        self.players.get(router).map_or(Ok(()), |player| self.lab.rejoin(player.host.name()))
    }

    /// Asks a router's daemon to stop in order.
    pub(super) fn stop(&mut self, router: usize) -> Result<(), LabError> {
        let Some(player) = self.players.get_mut(router) else { return Ok(()) };
        player.running.push((Stamp::now(), false));
        player.status.running = false;
        Ok(player.daemon.as_ref().map_or(Ok(()), |daemon| daemon.signal(Signal::SIGTERM))?)
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
        let done = if exists { player.host.write_file(path, "") } else { player.host.remove_file(path) };
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
        let runs = loss_runs(decided, now);
        let ended = runs.iter().filter(|run| decided.last().is_some_and(|last| last.sent > run.to));
        for run in ended.skip(self.shown_losses) {
            self.live.losses(run);
            self.shown_losses += 1;
        }
        let status = Status {
            routers: self.players.each_ref().map(|player| player.status),
            losses: losses_by_tenth(decided, now, self.period),
            lost: runs.iter().map(|run| run.count).sum(),
        };
        self.live.status(&status);
    }

    /// The last lines of both daemons, for a story that went wrong.
    pub(super) fn last_words(&self) -> String {
        let mut text = String::new();
        for player in &self.players {
            let lines = player.daemon.as_ref().map(Daemon::log).unwrap_or_default();
            let start = lines.len().saturating_sub(12);
            let _ = writeln!(text, "\nlast lines of router {}:", player.router.name);
            for line in lines.iter().skip(start) {
                let _ = writeln!(text, "  {}", line.text);
            }
        }
        text
    }
}

/// Losses in each of the last sixty tenths of a second of these questions.
fn losses_by_tenth(shots: &[crate::lab::probe::Shot], now: Stamp, period: Duration) -> Vec<usize> {
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
        let holding = Holding::start(&host, setup.target, Duration::from_millis(4))?;
        Ok(Self {
            router: router.clone(),
            holding,
            running: Vec::new(),
            host,
            program: program.clone(),
            daemon: None,
            services: Vec::new(),
            status: RouterStatus::default(),
            shown_changes: 0,
            shown_lines: 0,
        })
    }

    fn start_services(&mut self, setup: &Setup) -> io::Result<()> {
        let sockets = setup.service_sockets();
        for (index, name) in setup.services.iter().enumerate() {
            let sockets = if index == 0 { sockets.as_slice() } else { &[] };
            self.services.push(stand_in::start(&self.host, name, sockets)?);
        }
        Ok(())
    }

    fn start_daemon(&mut self) -> io::Result<()> {
        // One that was asked to stop is given up here, if it still runs.
        drop(self.daemon.take());
        let configuration = match &self.router.configuration {
            Configuration::Text(_) => CONFIGURATION.into(),
            Configuration::File(path) => path.display().to_string(),
        };
        self.running.push((Stamp::now(), true));
        self.daemon = Some(Daemon::start(&self.host, self.program.command(&configuration))?);
        self.status.running = true;
        self.shown_lines = 0;
        Ok(())
    }

    fn lose_power(&mut self) -> Result<(), LabError> {
        self.running.push((Stamp::now(), false));
        self.status = RouterStatus { running: false, priority: None, ..self.status };
        drop(self.daemon.take());
        self.services.clear();
        self.host.power_off()?;
        let addresses = self.router.virtual_addresses.clone();
        self.host.run(move || {
            let mut links = LinkCommands::open()?;
            for (interface, address) in addresses {
                // What the daemon did not hold cannot be removed.
                let _ = links.index_of(&interface).and_then(|index| links.delete_address(index, address));
            }
            Ok::<_, io::Error>(())
        })??;
        Ok(())
    }

    fn heard(&mut self, at: Stamp, priority: u8, live: &mut Live) {
        let name = self.router.name;
        match (self.status.priority, priority) {
            (_, 0) => live.event(at, &format!("{name} says that it leaves (priority 0)")),
            (Some(before), now) if before == now => {}
            (None | Some(0), now) => live.event(at, &format!("{name} advertises with priority {now}")),
            (Some(before), now) => {
                live.event(at, &format!("{name} changes its priority from {before} to {now}"));
            }
        }
        self.status.priority = Some(priority);
        self.status.adverts += 1;
    }

    fn refresh(&mut self, verbose: bool, live: &mut Live) {
        let name = self.router.name;
        let changes = self.holding.changes();
        for (index, (at, held)) in changes.iter().enumerate().skip(self.shown_changes) {
            match held {
                true => live.event(*at, &format!("{name} HOLDS the address")),
                // The first state of all is no change.
                false if index == 0 => {}
                false => live.event(*at, &format!("{name} no longer holds the address")),
            }
            if !held {
                self.status.priority = None;
            }
        }
        self.shown_changes = changes.len();
        self.status.holds = changes.last().is_some_and(|(_, held)| *held);
        let Some(daemon) = &mut self.daemon else { return };
        if verbose {
            let lines = daemon.log();
            lines
                .iter()
                .skip(self.shown_lines)
                .for_each(|line| live.event(line.at, &format!("{name}: {}", line.text)));
            self.shown_lines = lines.len();
        }
        if self.status.running && !daemon.is_running() {
            self.running.push((Stamp::now(), false));
            self.status.running = false;
            live.event(Stamp::now(), &format!("{name}: its daemon ended by itself"));
        }
    }
}
