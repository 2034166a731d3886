//! A machine of a story with its daemon: it starts, stops, loses its power, and all of that is shown.

use std::fmt::Write as _;
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use ipnetwork::IpNetwork;
use nix::sys::signal::Signal;
use vrrp_linux::links::LinkCommands;

use super::live::Live;
use vip_lab::address_watch::AddressWatch;
use vip_lab::daemon::{Daemon, Program};
use vip_lab::{Host, LabError, Stamp};

/// Where a configuration is put in its machine.
pub(super) const CONFIGURATION: &str = "/etc/keepalived/keepalived.conf";

/// Where daemons, and the scripts of their configurations, may want to write.
const WRITTEN: [&str; 4] = ["/etc/keepalived", "/etc/vipd", "/run/keepalived", "/run/vipd"];

/// A machine with a daemon that may hold an address.
#[derive(Debug)]
pub(super) struct Actor {
    pub(super) host: Host,
    /// When it got the watched address and lost it.
    pub(super) holding: AddressWatch,
    /// When its daemon was started and ended.
    pub(super) running: Vec<(Stamp, bool)>,
    program: Program,
    daemon: Option<Daemon>,
    shown_changes: usize,
    shown_lines: usize,
}

impl Actor {
    /// Nothing runs yet. `watched` is the address to look for, `period` how often.
    pub(super) fn new(
        host: Host,
        program: &Program,
        watched: IpAddr,
        period: Duration,
    ) -> Result<Self, LabError> {
        for directory in WRITTEN {
            host.private_directory(directory)?;
        }
        let holding = AddressWatch::start(&host, watched, period)?;
        let program = program.clone();
        Ok(Self {
            host,
            holding,
            running: Vec::new(),
            program,
            daemon: None,
            shown_changes: 0,
            shown_lines: 0,
        })
    }

    /// Starts the daemon with the configuration at this path.
    pub(super) fn start(&mut self, configuration: &str) -> io::Result<()> {
        // One that was asked to stop is given up here, if it still runs.
        drop(self.daemon.take());
        self.running.push((Stamp::now(), true));
        self.daemon = Some(Daemon::start(&self.host, self.program.command(configuration))?);
        self.shown_lines = 0;
        Ok(())
    }

    /// Asks the daemon to stop in order.
    pub(super) fn stop(&mut self) -> io::Result<()> {
        self.running.push((Stamp::now(), false));
        self.daemon.as_ref().map_or(Ok(()), |daemon| daemon.signal(Signal::SIGTERM))
    }

    /// Does what a power failure does, but for the cables: every process is gone, and so are these addresses.
    pub(super) fn lose_power(&mut self, addresses: Vec<(String, IpNetwork)>) -> Result<(), LabError> {
        self.running.push((Stamp::now(), false));
        drop(self.daemon.take());
        self.host.power_off()?;
        self.host.run(move || {
            let mut links = LinkCommands::open()?;
            for (interface, address) in addresses {
                // An address that the daemon did not hold cannot be removed.
                let _ = links.index_of(&interface).and_then(|index| links.delete_address(index, address));
            }
            Ok::<_, io::Error>(())
        })??;
        Ok(())
    }

    /// Whether the daemon is supposed to run.
    pub(super) fn is_up(&self) -> bool {
        self.running.last().is_some_and(|(_, running)| *running)
    }

    /// Shows what is new of it; `address` is what to call the watched one.
    pub(super) fn refresh(&mut self, address: &str, verbose: bool, live: &mut Live) {
        let name = self.host.name();
        let changes = self.holding.changes();
        for (index, (at, held)) in changes.iter().enumerate().skip(self.shown_changes) {
            match held {
                true => live.event(*at, &format!("{name} HOLDS the {address}")),
                // The first state of all is no change.
                false if index == 0 => {}
                false => live.event(*at, &format!("{name} no longer holds the {address}")),
            }
        }
        self.shown_changes = changes.len();
        let is_up = self.is_up();
        let Some(daemon) = &mut self.daemon else { return };
        if verbose {
            let lines = daemon.log();
            for line in lines.iter().skip(self.shown_lines) {
                live.event(line.at, &format!("{name}: {}", line.text));
            }
            self.shown_lines = lines.len();
        }
        if is_up && !daemon.is_running() {
            live.event(Stamp::now(), &format!("{name}: its daemon ended by itself"));
            self.running.push((Stamp::now(), false));
        }
    }

    /// The last lines of the daemon, for a story that went wrong.
    pub(super) fn last_words(&self) -> String {
        let lines = self.daemon.as_ref().map(Daemon::log).unwrap_or_default();
        let mut text = format!("\nlast lines of {}:\n", self.host.name());
        for line in lines.iter().skip(lines.len().saturating_sub(12)) {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {}", line.text);
        }
        text
    }
}
