//! A load balancer of the lab: its configuration, and the process that checks.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use vip_lab::Host;
use vip_lab::daemon::Daemon;

use crate::Failure;
use crate::contender::{CONFIGURATION, Contender};
use crate::processes::{Cpu, pin, tree_of};
use crate::theory::seconds;

/// A virtual server of the configuration and its real servers, all with the same check.
#[derive(Clone, Debug)]
pub(crate) struct Pool {
    /// Tells the virtual servers apart.
    pub(crate) number: u32,
    pub(crate) servers: Vec<(IpAddr, u16)>,
    pub(crate) delay_loop: Duration,
    /// The block of the checker, such as `TCP_CHECK { … }`.
    pub(crate) checker: String,
}

/// The text of the file.
pub(crate) fn configuration(pools: &[Pool]) -> String {
    let mut text = String::from("global_defs {\n  router_id bench\n}\n");
    for pool in pools {
        // Writing to a String cannot fail.
        let _ = pool.write(&mut text);
    }
    text
}

impl Pool {
    fn write(&self, text: &mut String) -> std::fmt::Result {
        let [.., high, low] = self.number.to_be_bytes();
        writeln!(text, "virtual_server 10.200.{high}.{low} 80 {{")?;
        writeln!(
            text,
            "  delay_loop {}\n  lvs_sched rr\n  lvs_method NAT\n  protocol TCP",
            seconds(self.delay_loop)
        )?;
        for (address, port) in &self.servers {
            writeln!(text, "  real_server {address} {port} {{\n    {}\n  }}", self.checker)?;
        }
        writeln!(text, "}}")
    }
}

/// Virtual servers of [`POOL`] servers each, all with the same check.
pub(crate) fn pools(servers: &[IpAddr], port: u16, delay_loop: Duration, checker: &str) -> Vec<Pool> {
    let pool = |(number, servers): (u32, &[IpAddr])| Pool {
        number,
        servers: servers.iter().map(|&address| (address, port)).collect(),
        delay_loop,
        checker: checker.to_owned(),
    };
    (0..).zip(servers.chunks(POOL)).map(pool).collect()
}

/// A check by a connection.
pub(crate) const TCP: &str = "TCP_CHECK {\n      connect_timeout 3\n    }";

/// A check by a page.
pub(crate) const HTTP: &str = "HTTP_GET {\n      url {\n        path /\n        status_code 200\n      }\n      connect_timeout 3\n    }";

/// Real servers of a virtual server.
const POOL: usize = 100;

/// Starts a load balancer.
pub(crate) fn start(host: &Host, contender: &Contender, pools: &[Pool]) -> Result<Daemon, Failure> {
    host.write_file(CONFIGURATION, configuration(pools))?;
    Ok(Daemon::start(host, contender.command())?)
}

/// The process that checks: the child of the daemon's first process. From now on it has the first processor, the
/// servers and the network have the other.
pub(crate) fn worker(daemon: &Daemon) -> Result<u32, Failure> {
    let tree = tree_of(daemon.id());
    let busiest = tree.iter().skip(1).max_by_key(|pid| Cpu::of(**pid).total).copied();
    busiest
        .inspect(|pid| pin(*pid, 0))
        .ok_or_else(|| format!("no worker runs\n{}", last_words(daemon)).into())
}

/// The end of the daemon's log.
pub(crate) fn last_words(daemon: &Daemon) -> String {
    let log = daemon.log();
    let end = log.get(log.len().saturating_sub(12)..).unwrap_or_default();
    end.iter().flat_map(|line| ["  ", &line.text, "\n"]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire;

    #[test]
    fn every_server_stands_in_one_pool() {
        let servers: Vec<IpAddr> = (0..250).map(wire::address).collect();
        let pools = pools(&servers, 8080, Duration::from_secs(1), TCP);
        let sizes: Vec<usize> = pools.iter().map(|pool| pool.servers.len()).collect();
        assert_eq!(sizes, [100, 100, 50]);
        let text = configuration(&pools);
        assert_eq!(text.matches("real_server 10.65.").count(), 250);
        assert!(text.contains("virtual_server 10.200.0.2 80 {\n  delay_loop 1\n"), "{text}");
    }
}
