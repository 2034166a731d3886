//! Directors in front of web servers, on a kernel with IPVS.

use std::collections::BTreeMap;
use std::panic::Location;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use vip_lab::Stamp;
use vip_lab::address_watch::AddressWatch;
use vip_lab::farm::{Farm, NAT, Offer, SERVERS};
use vip_lab::stalls::{Stalls, stalled};
use vip_lab::table::kernel_has_ipvs;
use vip_lab::visitor::Visit;

use super::hosts::{CONFIGURATION, Maker, Router};
use super::{lab_test, skip};

/// Longest time until a script that was started has run, on a machine where a process takes 20 ms to start.
const PATIENCE: Duration = Duration::from_secs(5);

/// Runs a test with the lab on a kernel with IPVS, or says on standard output why it cannot be run here.
pub fn ipvs_test(test: &str, programs: &[&str], body: impl FnOnce()) {
    if !kernel_has_ipvs() {
        return skip(test, "this kernel has no IPVS");
    }
    lab_test(test, &[&["/usr/sbin/ipvsadm"], programs].concat(), body);
}

/// Directors, each with a daemon, and what stands behind and before them.
#[derive(Debug)]
pub struct Balancers {
    pub farm: Farm,
    pub directors: Vec<Router>,
    holdings: Vec<AddressWatch>,
    stalls: Stalls,
}

impl Balancers {
    /// One director for each maker, called A, B, ...
    pub fn new(makers: &[Maker]) -> Self {
        let names: Vec<&str> = ["A", "B", "C", "D"].into_iter().take(makers.len()).collect();
        let mut farm = Farm::new(&names).unwrap();
        let hosts = std::mem::take(&mut farm.directors);
        // Often enough for takeovers of tenths of a second; looking is dear in user-mode-linux.
        let holding = |host| AddressWatch::start(host, NAT.address, Duration::from_millis(40)).unwrap();
        let holdings = hosts.iter().map(holding).collect();
        let director = |(host, maker): (_, &Maker)| {
            let mut router = Router::new(host, *maker, &[]);
            router.program = maker.whole_program();
            router
        };
        let directors = hosts.into_iter().zip(makers).map(director).collect();
        Self { farm, directors, holdings, stalls: Stalls::watch().unwrap() }
    }

    /// For how long this machine stood still since then.
    pub fn stalled(&self, since: Stamp) -> Duration {
        stalled(&self.stalls.spans(), since, Stamp::now())
    }

    /// For how long this machine stood still within `margin` of that moment, or longer.
    pub fn stalled_around(&self, at: Stamp, margin: Duration) -> Duration {
        let is_near = |(from, to): &&(Stamp, Stamp)| {
            (*from <= at || from.since(at) <= margin) && (*to >= at || at.since(*to) <= margin)
        };
        self.stalls.spans().iter().filter(is_near).map(|(from, to)| to.since(*from)).sum()
    }

    /// Writes the configuration of every director and starts its daemon.
    pub fn start(&mut self, configuration: &str) {
        for director in &mut self.directors {
            director.start(configuration);
        }
    }

    /// Gives every daemon a new configuration.
    pub fn reload(&self, configuration: &str) {
        for director in &self.directors {
            director.host.write_file(CONFIGURATION, configuration).unwrap();
            director.signal(Signal::SIGHUP);
        }
    }

    /// Opens the web servers of this list and closes the others; the sorry server stays as it is.
    pub fn open_only(&mut self, names: &[&str]) {
        for server in self.farm.servers.iter_mut().filter(|server| server.host.name() != "sorry") {
            if names.contains(&server.host.name()) {
                server.open().unwrap();
            } else {
                server.close();
            }
        }
    }

    /// Waits until the kernel's table of every director is this, as [`saved`] gives it.
    #[track_caller]
    pub fn expect_tables(&self, what: &str, bound: Duration, expected: &[String]) {
        let mut expected = expected.to_vec();
        expected.sort();
        for director in &self.directors {
            let maker = director.maker;
            let mut last = Vec::new();
            let reached = || {
                last = saved(director);
                last == expected
            };
            match self.within(&format!("{what}, {maker:?}"), bound, reached) {
                Ok(took) => println!("{what}: {maker:?} after {:.3} s", took.as_secs_f64()),
                Err(late) => {
                    let log: Vec<_> = director.log().into_iter().map(|line| line.text).collect();
                    panic!("{}: {late}\n{}", Location::caller(), differences(&last, &expected, &log));
                }
            }
        }
    }

    /// Waits until the director of this number has the address of the services.
    #[track_caller]
    pub fn expect_holder(&self, director: usize, bound: Duration) {
        let what = format!("{} holds the address", self.directors[director].host.name());
        if let Err(late) = self.within(&what, bound, || self.holdings[director].holds()) {
            panic!("{}: {late}", Location::caller());
        }
    }

    /// Waits until this holds; gives how long it took. The bound does not count while the machine stands still, for
    /// the daemons stand still with it, and so much is said.
    pub fn within(
        &self,
        what: &str,
        bound: Duration,
        mut reached: impl FnMut() -> bool,
    ) -> Result<Duration, String> {
        const PAUSE: Duration = Duration::from_millis(50);
        let start = Stamp::now();
        let bound = bound + super::MARGIN;
        let mut excused = Duration::ZERO;
        loop {
            // Before the look: one begins after the time is up, however late this thread goes on.
            let waited = Stamp::now().since(start);
            if reached() {
                let waited = Stamp::now().since(start);
                if !excused.is_zero() {
                    println!(
                        "{what}: LATE, {waited:?} of {bound:?}, but the machine stood still for {excused:?}"
                    );
                }
                return Ok(waited);
            }
            if waited > bound + excused {
                // The watching thread may have been woken after this one.
                std::thread::sleep(PAUSE);
                let stalled = self.stalled(start);
                if stalled == excused {
                    return Err(format!(
                        "{what}: not within {bound:?}; the machine stood still for {stalled:?}"
                    ));
                }
                excused = stalled;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Checks for this long that the table of every director is this.
    #[track_caller]
    pub fn stays(&self, what: &str, time: Duration, expected: &[String]) {
        let mut expected = expected.to_vec();
        expected.sort();
        let (place, start) = (Location::caller(), Instant::now());
        while start.elapsed() < time {
            for director in &self.directors {
                assert_eq!(saved(director), expected, "{place}: {what}, {:?}", director.maker);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Waits until the scripts of every director were called like this since the last time, in any order: keepalived
    /// starts scripts at once and lets them overtake each other.
    #[track_caller]
    pub fn expect_calls(&self, what: &str, expected: &[&str]) {
        let mut expected: Vec<String> = expected.iter().map(|&line| line.to_owned()).collect();
        expected.sort();
        let place = Location::caller();
        for director in &self.directors {
            let calls = || {
                let mut calls = director.record();
                calls.sort();
                calls
            };
            let deadline = Instant::now() + PATIENCE;
            while calls() != expected && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            assert_eq!(calls(), expected, "{place}: {what}, scripts of {:?}", director.maker);
            director.host.write_file(super::conf::RECORD, "").unwrap();
        }
    }
}

/// The kernel's table of a director as `ipvsadm` would be given it, a line for each virtual and each real server,
/// in order.
pub fn saved(director: &Router) -> Vec<String> {
    let mut lines: Vec<String> =
        director.shell("/usr/sbin/ipvsadm -Sn").lines().map(|line| line.trim().to_owned()).collect();
    lines.sort();
    lines
}

/// The lines of a virtual server with real servers and their weights, as [`saved`] gives them.
pub fn service(offer: Offer, scheduler: &str, method: &str, servers: &[(&str, u32)]) -> Vec<String> {
    let address = offer.socket();
    let head = format!("-A -t {address} -s {scheduler}");
    let server =
        |(server, weight): &(&str, u32)| format!("-a -t {address} -r {server}:80 {method} -w {weight}");
    std::iter::once(head).chain(servers.iter().map(server)).collect()
}

fn differences(found: &[String], expected: &[String], log: &[String]) -> String {
    let missing = expected.iter().filter(|line| !found.contains(line)).map(|line| format!("missing  {line}"));
    let surplus = found.iter().filter(|line| !expected.contains(line)).map(|line| format!("surplus  {line}"));
    let log = log.iter().rev().take(15).rev().map(|line| format!("log      {line}"));
    missing.chain(surplus).chain(log).collect::<Vec<_>>().join("\n")
}

/// Number of requests that each server answered, and of those that ended without an answer, by reason.
pub fn answers(visits: &[Visit]) -> BTreeMap<String, usize> {
    let mut count = BTreeMap::new();
    for visit in visits {
        *count.entry(visit.page.clone().unwrap_or_else(|kind| format!("{kind:?}"))).or_default() += 1;
    }
    count
}

/// The servers that answered these requests, and the refusals. A busy machine lets requests time out at any time: these
/// say nothing.
pub fn answered_by(visits: &[Visit]) -> Vec<String> {
    let refused = "ConnectionRefused".to_owned();
    let says = |who: &String| SERVERS.iter().any(|(server, _)| server == who) || *who == refused;
    answers(visits).into_keys().filter(says).collect()
}

/// The longest time without a good answer between `from` and `to`.
pub fn longest_gap(visits: &[Visit], from: Stamp, to: Stamp) -> Duration {
    let mut good: Vec<Stamp> =
        visits.iter().filter(|visit| visit.page.is_ok()).map(|visit| visit.over).collect();
    good.retain(|at| *at > from && *at < to);
    good.extend([from, to]);
    good.sort_unstable();
    good.windows(2).map(|pair| pair[1].since(pair[0])).max().unwrap_or_default()
}
