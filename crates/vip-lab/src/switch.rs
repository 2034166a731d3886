//! The switch of the lab, and the cables into it.

use std::io;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use ipnetwork::IpNetwork;
use vrrp_linux::CommandError;
use vrrp_linux::links::LinkCommands;

use super::Host;
use super::host::interface_index;

/// Why a lab or a part of it could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LabError {
    /// A system call or a file.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The kernel refused an interface or an address.
    #[error(transparent)]
    Link(#[from] CommandError),
    /// No host of that name was plugged in.
    #[error("no cable leads to {0}")]
    NoSuchHost(String),
}

/// A switch: a bridge in a namespace of its own, with one port for each cable.
#[derive(Debug)]
pub struct Lab {
    links: LinkCommands,
    bridge: u32,
    ports: Vec<Port>,
    host: Host,
}

/// One end of a cable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Name of the host at the other end.
    pub host: String,
    /// Interface of the host at the other end.
    pub interface: String,
    /// Index of the port's interface at the switch.
    pub index: u32,
}

impl Lab {
    /// A switch without cables. [`enter`](super::enter()) comes first.
    pub fn new() -> Result<Self, LabError> {
        let host = Host::new("switch")?;
        // A switch has no addresses, and answers nobody.
        let _ = host.set_sysctl("ipv6/conf/default/disable_ipv6", "1");
        let mut links = host.run(LinkCommands::open)??;
        let bridge = links.create_bridge("lan")?;
        links.set_up(bridge)?;
        Ok(Self { links, bridge, ports: Vec::new(), host })
    }

    /// A new host with one interface plugged into the switch, ready to talk: link up, addresses usable.
    pub fn host(&mut self, name: &str, interface: &str, addresses: &[IpNetwork]) -> Result<Host, LabError> {
        let host = Host::new(name)?;
        let mut links = host.run(LinkCommands::open)??;
        let loopback = links.index_of("lo")?;
        links.set_up(loopback)?;
        self.connect(&host, interface, addresses)?;
        Ok(host)
    }

    /// Plugs one more interface of `host` into the switch.
    pub fn connect(&mut self, host: &Host, interface: &str, addresses: &[IpNetwork]) -> Result<(), LabError> {
        let port_name = format!("port{}", self.ports.len());
        let port = self.links.create_veth(&port_name, interface, Some(host.network()))?;
        self.links.set_master(port, Some(self.bridge))?;
        self.links.set_up(port)?;
        let mut links = host.run(LinkCommands::open)??;
        let index = links.index_of(interface)?;
        for address in addresses {
            links.add_address(index, *address)?;
        }
        links.set_up(index)?;
        self.ports.push(Port { host: host.name().to_owned(), interface: interface.to_owned(), index: port });
        wait_for_link_local(host, interface)?;
        Ok(())
    }

    /// Pulls the cables of a host: its interfaces lose their carrier.
    pub fn unplug(&mut self, host: &str) -> Result<(), LabError> {
        self.each_port(host, |links, port, _| links.set_down(port))
    }

    /// Puts the cables of a host back.
    pub fn plug(&mut self, host: &str) -> Result<(), LabError> {
        self.each_port(host, |links, port, _| links.set_up(port))
    }

    /// Cuts a host off without its noticing: the carrier stays, no frame passes in either direction.
    pub fn isolate(&mut self, host: &str) -> Result<(), LabError> {
        self.each_port(host, |links, port, _| links.set_master(port, None))
    }

    /// Ends an [`isolate`](Self::isolate).
    pub fn rejoin(&mut self, host: &str) -> Result<(), LabError> {
        self.each_port(host, |links, port, bridge| links.set_master(port, Some(bridge)))
    }

    /// The cables, in the order they were plugged in.
    pub fn ports(&self) -> &[Port] {
        &self.ports
    }

    /// The switch as a host, to listen there.
    pub fn switch(&self) -> &Host {
        &self.host
    }

    fn each_port(
        &mut self,
        host: &str,
        change: impl Fn(&mut LinkCommands, u32, u32) -> Result<(), CommandError>,
    ) -> Result<(), LabError> {
        let mut found = false;
        for port in self.ports.iter().filter(|port| port.host == host) {
            change(&mut self.links, port.index, self.bridge)?;
            found = true;
        }
        if found { Ok(()) } else { Err(LabError::NoSuchHost(host.to_owned())) }
    }
}

/// Waits until the kernel has given the interface its link-local address: VRRP over IPv6 needs it as a source.
/// Gives up silently after a second: the machine may have IPv6 switched off.
fn wait_for_link_local(host: &Host, interface: &str) -> io::Result<()> {
    let wanted = interface.to_owned();
    host.run(move || {
        let deadline = Instant::now() + Duration::from_secs(1);
        let off = format!("/proc/sys/net/ipv6/conf/{wanted}/disable_ipv6");
        if std::fs::read_to_string(off).is_ok_and(|off| off.trim() == "0") {
            while Instant::now() < deadline && !has_link_local(&wanted) {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        interface_index(&wanted).map(drop)
    })?
}

fn has_link_local(interface: &str) -> bool {
    let link_local = |ip: &IpAddr| matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    super::local_addresses()
        .is_ok_and(|addresses| addresses.iter().any(|(name, ip)| name == interface && link_local(ip)))
}
