//! A LAN of machines with daemons, a listener, and invariants of all of them together.

use std::net::IpAddr;
use std::process::Command;
use std::time::Duration;

use ipnetwork::IpNetwork;
use vip_lab::frame::Advert;
use vip_lab::{Host, Lab, Stamp};

use super::conf::Variant;
use super::hosts::{Maker, Router};
use super::wire::Wire;
use super::{always, eventually};

/// Machines `a`, `b` … with addresses .1, .2 …, and a listener. When a test fails, it shows what happened.
#[derive(Debug)]
pub struct Lan {
    pub routers: Vec<Router>,
    pub wire: Wire,
    pub lab: Lab,
    pub listener: Host,
    watched: Vec<IpAddr>,
}

impl Lan {
    /// One machine for each maker; `vips` are the last numbers of the addresses to watch.
    pub fn new(variant: Variant, makers: &[Maker], vips: &[u8]) -> Self {
        let network = |last: u8| IpNetwork::new(variant.address(last), variant.prefix()).unwrap();
        let names = ["a", "b", "c", "d"];
        let members: Vec<_> = makers
            .iter()
            .zip(names)
            .zip(1..)
            .map(|((maker, name), last)| (name, *maker, network(last)))
            .collect();
        let watched: Vec<IpAddr> = vips.iter().map(|last| variant.address(*last)).collect();
        let lan = Self::of(&members, network(250), &watched);
        if variant.unicast {
            lan.flood();
        }
        lan
    }

    /// Machines with these names, daemons and addresses; the listener's address; the addresses to watch.
    pub fn of(members: &[(&str, Maker, IpNetwork)], listener: IpNetwork, watched: &[IpAddr]) -> Self {
        let mut lab = Lab::new().unwrap();
        let listener = lab.host("listener", "eth0", &[listener]).unwrap();
        let wire = Wire::listen(&listener).unwrap();
        let mut routers = Vec::new();
        for (name, maker, address) in members {
            let host = lab.host(name, "eth0", &[*address]).unwrap();
            routers.push(Router::new(host, *maker, watched));
        }
        Self { routers, wire, lab, listener, watched: watched.to_vec() }
    }

    /// Lets the switch forget at once the places of all machines, so that the listener hears what is sent to one
    /// machine, too.
    fn flood(&self) {
        let mut command = Command::new("ip");
        command.args(["link", "set", "lan", "type", "bridge", "ageing_time", "0"]);
        assert!(self.lab.switch().spawn(command).unwrap().wait().unwrap().success());
    }

    /// The watched address with this last number.
    #[track_caller]
    pub fn vip(&self, last: u8) -> IpAddr {
        let ends_so = |ip: &&IpAddr| match ip {
            IpAddr::V4(ip) => ip.octets()[3] == last,
            IpAddr::V6(ip) => ip.octets()[15] == last,
        };
        *self.watched.iter().find(ends_so).expect("that address is watched")
    }

    /// Waits until this router, and no other that is trusted to know, holds the address.
    #[track_caller]
    pub fn expect_holder(&self, address: IpAddr, router: usize, bound: Duration) -> Duration {
        let name = self.routers[router].host.name();
        eventually(&format!("{address} is at {name} and nowhere else"), bound, || {
            self.is_holder(address, router)
        })
    }

    /// Checks for a while that this router, and no other, holds the address.
    #[track_caller]
    pub fn stays_with(&self, address: IpAddr, router: usize, time: Duration) {
        let name = self.routers[router].host.name();
        always(&format!("{address} is at {name} and nowhere else"), time, || self.is_holder(address, router));
    }

    fn is_holder(&self, address: IpAddr, router: usize) -> bool {
        self.routers.iter().enumerate().all(|(index, other)| {
            let dead_but_configured = other.is_excused();
            if index == router { other.holds(address) } else { dead_but_configured || !other.holds(address) }
        })
    }

    /// Checks over the whole life of the LAN that no two trusted routers held an address for longer than a change
    /// of hands takes.
    #[track_caller]
    pub fn never_two(&self, bound: Duration) {
        for address in &self.watched {
            let held: Vec<_> = self.routers.iter().map(|router| router.held(*address)).collect();
            for (index, one) in held.iter().enumerate() {
                for other in &held[index + 1..] {
                    for ((from, to), (other_from, other_to)) in
                        one.iter().flat_map(|span| other.iter().map(move |other| (span, other)))
                    {
                        let both = to.min(other_to).since(*from.max(other_from));
                        assert!(
                            both <= bound,
                            "two held {address} for {both:?}, from {}",
                            from.max(other_from)
                        );
                    }
                }
            }
        }
    }

    /// The adverts of one router from a moment on.
    pub fn adverts_of(&self, router: usize, vrid: u8, since: Stamp) -> Vec<(Stamp, Advert)> {
        let sources = self.routers[router].sources();
        let is_its = |advert: &Advert| advert.vrid == vrid && sources.contains(&advert.source);
        self.wire.adverts(since).into_iter().filter(|(_, advert)| is_its(advert)).collect()
    }

    fn story(&self) -> String {
        let mut lines: Vec<(Stamp, String)> = Vec::new();
        for router in &self.routers {
            let name = router.host.name();
            for line in router.log() {
                lines.push((line.at, format!("{name} {:?}: {}", router.maker, line.text)));
            }
            for (address, holding) in self.watched.iter().map(|address| (address, router.holding(*address))) {
                for (at, held) in holding.changes() {
                    lines.push((
                        at,
                        format!("{name} {} {address}", if held { "HOLDS" } else { "does not hold" }),
                    ));
                }
            }
        }
        let sources: Vec<IpAddr> = self.routers.iter().flat_map(Router::sources).collect();
        let mut last = None;
        for (at, advert) in self.wire.adverts(Stamp::from_epoch(Duration::ZERO)) {
            // A steady row of the same adverts says nothing.
            if sources.contains(&advert.source) && last.replace(advert) != Some(advert) {
                lines.push((at, format!("wire: {advert:?}")));
            }
        }
        lines.sort();
        let skip = lines.len().saturating_sub(400);
        let lines: Vec<_> = lines.iter().skip(skip).map(|(at, text)| format!("{at} {text}")).collect();
        lines.join("\n")
    }
}

impl Drop for Lan {
    fn drop(&mut self) {
        if std::thread::panicking() {
            println!("events of the test:\n{}", self.story());
            for router in &self.routers {
                println!("{}: scripts were called with {:#?}", router.host.name(), router.record());
            }
        }
    }
}
