//! Routers and a client on one or more switches, and the moment at which they have settled.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use ipnetwork::{IpNetwork, Ipv4Network};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use vip_lab::capture::{Capture, Sighting};
use vip_lab::daemon::{Daemon, LogLine};
use vip_lab::frame::Frame;
use vip_lab::{Host, Lab, Stamp};

use crate::Failure;
use crate::configuration::{Configuration, instances_on, links, own_address};
use crate::contender::{CONFIGURATION, Contender};
use crate::theory::Protocol;

/// A lab with routers. Each link is a switch of its own, so that the same VRIDs can be used on all of them; the
/// routers' ports come first, in their order.
#[derive(Debug)]
pub(crate) struct Stage {
    // Dropped in this order: daemons end before the network does.
    daemons: Vec<Daemon>,
    routers: Vec<Host>,
    /// On the first link only.
    pub(crate) client: Host,
    labs: Vec<Lab>,
}

impl Stage {
    /// So many routers, and enough links for so many instances.
    pub(crate) fn new(routers: usize, instances: u16) -> Result<Self, Failure> {
        let mut first = Lab::new()?;
        let mut hosts = Vec::new();
        for number in 1..=u8::try_from(routers)? {
            hosts.push(first.host(&format!("router{number}"), "eth0", &[own_network(0, number)?])?);
        }
        let client = first.host("client", "eth0", &[own_network(0, 200)?])?;
        let mut labs = vec![first];
        for link in 1..links(instances) {
            let mut lab = Lab::new()?;
            for (number, host) in (1..).zip(&hosts) {
                lab.connect(host, &format!("eth{link}"), &[own_network(link, number)?])?;
            }
            labs.push(lab);
        }
        Ok(Self { daemons: Vec::new(), routers: hosts, client, labs })
    }

    /// Starts the next router, in the order of the routers.
    pub(crate) fn start(
        &mut self,
        contender: &Contender,
        configuration: &Configuration,
    ) -> Result<(), Failure> {
        self.start_with(contender, &configuration.text())
    }

    /// The same with any text as the configuration.
    pub(crate) fn start_with(&mut self, contender: &Contender, text: &str) -> Result<(), Failure> {
        let host = self.router(self.daemons.len())?;
        host.write_file(CONFIGURATION, text)?;
        self.daemons.push(Daemon::start(host, contender.command())?);
        Ok(())
    }

    /// Starts the daemon of a router again, with the configuration that is there, after it has ended.
    pub(crate) fn restart(&mut self, number: usize, contender: &Contender) -> Result<(), Failure> {
        let again = Daemon::start(self.router(number)?, contender.command())?;
        *self.daemon(number)? = again;
        Ok(())
    }

    /// Kills (SIGKILL) one process of a daemon: its first one, or its first child. One that has ended is left alone.
    pub(crate) fn strike(&mut self, number: usize, child: bool) -> Result<(), Failure> {
        let daemon = self.daemon(number)?;
        if !daemon.is_running() {
            return Ok(());
        }
        let first = daemon.id();
        let victim = if child { first_child(first) } else { Some(first) };
        if let Some(pid) = victim.and_then(|pid| i32::try_from(pid).ok()) {
            // It may have ended since.
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        if !child {
            daemon.wait(Duration::from_secs(1))?;
        }
        Ok(())
    }

    /// The output of a router's daemon.
    pub(crate) fn log(&self, number: usize) -> Result<Vec<LogLine>, Failure> {
        Ok(self.daemons.get(number).ok_or("no such daemon")?.log())
    }

    /// Gives a router another configuration, which it does not read by itself.
    pub(crate) fn configure(&self, number: usize, configuration: &Configuration) -> Result<(), Failure> {
        Ok(self.router(number)?.write_file(CONFIGURATION, configuration.text())?)
    }

    pub(crate) fn router(&self, number: usize) -> Result<&Host, Failure> {
        self.routers.get(number).ok_or_else(|| "no such router".into())
    }

    pub(crate) fn daemon(&mut self, number: usize) -> Result<&mut Daemon, Failure> {
        self.daemons.get_mut(number).ok_or_else(|| "no such daemon".into())
    }

    /// The first link.
    pub(crate) fn lab(&mut self) -> Result<&mut Lab, Failure> {
        self.labs.first_mut().ok_or_else(|| "no link".into())
    }

    /// Listens on every link.
    pub(crate) fn listen(&self) -> Result<Vec<Capture>, Failure> {
        Ok(self.labs.iter().map(Capture::start).collect::<Result<_, _>>()?)
    }

    /// Waits until the first router alone has advertised all instances for two intervals.
    pub(crate) fn settle(
        &mut self,
        captures: &[Capture],
        protocol: Protocol,
        instances: u16,
    ) -> Result<(), Failure> {
        let deadline = Instant::now() + protocol.interval * 12 + Duration::from_secs(15);
        let window = protocol.interval * 2 + Duration::from_millis(20);
        let start = Stamp::now();
        while Instant::now() < deadline {
            std::thread::sleep(
                protocol.interval.clamp(Duration::from_millis(20), Duration::from_millis(100)),
            );
            let now = Stamp::now();
            let settled = now.since(start) > window
                && (0..).zip(captures).all(|(link, capture)| {
                    let seen = capture.after(0);
                    let recent = seen.iter().rev().take_while(|seen| now.since(seen.at) < window);
                    serves_alone(recent, instances_on(link, instances))
                });
            if settled {
                return Ok(());
            }
        }
        Err(format!("the first router never served alone\n{}", self.last_words()).into())
    }

    /// The end of every daemon's log.
    pub(crate) fn last_words(&self) -> String {
        let mut text = String::new();
        for (daemon, host) in self.daemons.iter().zip(&self.routers) {
            let log = daemon.log();
            for line in log.iter().skip(log.len().saturating_sub(12)) {
                text.extend(["  ", host.name(), ": ", &line.text, "\n"]);
            }
        }
        text
    }
}

/// The first child of a process.
fn first_child(pid: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_ascii_whitespace().next()?.parse().ok()
}

/// Whether exactly so many VRIDs were advertised by the first port, and none by another.
fn serves_alone<'a>(seen: impl Iterator<Item = &'a Sighting>, instances: u16) -> bool {
    let mut vrids = BTreeSet::new();
    for sighting in seen {
        match sighting.frame {
            Frame::Advert(advert) if sighting.port == 0 => drop(vrids.insert(advert.vrid)),
            Frame::Advert(_) => return false,
            _ => {}
        }
    }
    vrids.len() == usize::from(instances)
}

fn own_network(link: u16, host: u8) -> Result<IpNetwork, Failure> {
    let address: Ipv4Addr = own_address(link, host);
    Ok(Ipv4Network::new(address, 16)?.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use vip_lab::frame::Advert;

    fn advert(port: usize, vrid: u8) -> Sighting {
        let source = Ipv4Addr::LOCALHOST.into();
        let advert = Advert { source, version: 3, vrid, priority: 100, interval: Duration::from_secs(1) };
        Sighting { at: Stamp::from_epoch(Duration::ZERO), port, frame: Frame::Advert(advert) }
    }

    #[test]
    fn every_instance_must_be_heard_and_no_other_name() {
        let both = [advert(0, 1), advert(0, 2), advert(0, 1)];
        assert!(serves_alone(both.iter(), 2));
        assert!(!serves_alone(both.iter(), 3));
        let rival = [advert(0, 1), advert(1, 1)];
        assert!(!serves_alone(rival.iter(), 1));
    }
}
