//! A load balancer and the host of its servers, with a cable between them.
//!
//! The network's own work is left to another processor where there is one, as with a network card's interrupts:
//! otherwise the work of the server's end of each connection would be counted for the client.

use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;

use vip_lab::{Host, Lab};

use crate::Failure;

/// The two hosts. Any number of servers are on the second one, at addresses of their own.
#[derive(Debug)]
pub(crate) struct Wire {
    pub(crate) balancer: Host,
    pub(crate) servers: Host,
    _lab: Lab,
}

impl Wire {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut lab = Lab::new()?;
        // The switch's ports hand on what comes to the second processor; with one processor there is no such bit.
        let _ = lab.switch().set_sysctl("core/rps_default_mask", "2");
        let balancer = lab.host("balancer", "eth0", &["192.0.2.1/24".parse()?])?;
        let servers = lab.host("servers", "eth0", &["192.0.2.2/24".parse()?])?;
        route(&balancer, &format!("{SERVERS} via 192.0.2.2"))?;
        route(&servers, &format!("local {SERVERS} dev lo"))?;
        Ok(Self { balancer, servers, _lab: lab })
    }
}

/// The address of the server with this number. None ends in 0 or 255.
pub(crate) fn server(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x0a41_0000 + number / PER_NET * 256 + number % PER_NET + 1)
}

/// See [`server`].
pub(crate) fn address(number: u32) -> IpAddr {
    IpAddr::V4(server(number))
}

fn route(host: &Host, route: &str) -> Result<(), Failure> {
    let mut command = Command::new("ip");
    command.args(["route", "add"]).args(route.split(' '));
    let status = host.spawn(command)?.wait()?;
    if status.success() { Ok(()) } else { Err(format!("ip route add {route}: {status}").into()) }
}

const SERVERS: &str = "10.65.0.0/16";
const PER_NET: u32 = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_addresses_of_their_own_in_one_net() {
        assert_eq!(address(0).to_string(), "10.65.0.1");
        assert_eq!(address(249).to_string(), "10.65.0.250");
        assert_eq!(address(250).to_string(), "10.65.1.1");
        assert!(server(60_000) < Ipv4Addr::new(10, 65, 255, 255));
    }
}
