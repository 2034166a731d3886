//! A load balancer's place: directors, web servers behind them and a client.
//!
//! ```text
//!   client 192.0.2.9, 198.51.100.9
//!      |
//!   ---+---+---------+-------+------ front: 192.0.2.0/24
//!          |         |       |
//!        A .1      B .2    s1 .11, s2 .12, sorry .10
//!          |         |       |
//!   -------+---------+-------+------ back:  10.0.0.0/24, gateway 10.0.0.1
//! ```
//!
//! Two services can be offered at once. [`NAT`] leads to the servers' addresses at the back; their answers must
//! pass the director that changed the question, so the directors share the servers' default gateway as one more
//! virtual address, and the client asks from 198.51.100.9, which the servers reach through that gateway only.
//! [`DIRECT`] leads to the servers' addresses at the front: they hold the service's address themselves, on their
//! loopback interface where nobody sees it, and answer the client without the director.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnetwork::IpNetwork;
use vrrp_linux::links::LinkCommands;

use super::web::WebServer;
use super::{Host, Lab, LabError};

/// A service at its virtual address, and the address from which the client asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What to call it.
    pub name: &'static str,
    /// The virtual address.
    pub address: IpAddr,
    /// Where the client asks from.
    pub client: IpAddr,
}

impl Offer {
    /// The virtual address with the port.
    #[must_use]
    pub fn socket(self) -> SocketAddr {
        SocketAddr::new(self.address, PORT)
    }

    /// The address of a server, by its last octet, to which this service leads.
    #[must_use]
    pub fn server(self, last: u8) -> IpAddr {
        if self == NAT { at_the_back(last) } else { at_the_front(last) }
    }
}

/// The service by address translation.
pub const NAT: Offer = Offer { name: "NAT", address: v4(192, 0, 2, 100), client: v4(198, 51, 100, 9) };
/// The service by direct routing.
pub const DIRECT: Offer = Offer { name: "DR", address: v4(192, 0, 2, 101), client: v4(192, 0, 2, 9) };
/// The virtual address at the back: the servers' default gateway.
pub const GATEWAY: IpAddr = v4(10, 0, 0, 1);
/// Everything is offered here.
pub const PORT: u16 = 80;
/// Names and last octets of the servers; the last one stands in when the others are gone.
pub const SERVERS: [(&str, u8); 3] = [("s1", 11), ("s2", 12), ("sorry", 10)];

/// The address of a server for [`NAT`].
#[must_use]
pub const fn at_the_back(last: u8) -> IpAddr {
    v4(10, 0, 0, last)
}

/// The address of a server, or a director, for [`DIRECT`].
#[must_use]
pub const fn at_the_front(last: u8) -> IpAddr {
    v4(192, 0, 2, last)
}

/// The place.
#[derive(Debug)]
pub struct Farm {
    /// The directors, as many as were asked for. Their interfaces are `eth0` at the front and `eth1` at the back.
    pub directors: Vec<Host>,
    /// The web servers as in [`SERVERS`].
    pub servers: Vec<Server>,
    /// The client.
    pub client: Host,
    front: Lab,
    back: Lab,
}

/// A machine with a web server.
#[derive(Debug)]
pub struct Server {
    /// The machine. Its interfaces are `eth0` at the front and `eth1` at the back.
    pub host: Host,
    web: Option<WebServer>,
}

impl Farm {
    /// Everything but daemons, with all web servers at work. Needs a kernel with IPVS.
    pub fn new(directors: &[&str]) -> Result<Self, LabError> {
        let (mut front, mut back) = (Lab::new()?, Lab::new()?);
        let mut machines = Vec::new();
        for (last, name) in (1..).zip(directors) {
            machines.push(director(&mut front, &mut back, name, last)?);
        }
        let mut servers = Vec::new();
        for (name, last) in SERVERS {
            let mut server = server(&mut front, &mut back, name, last)?;
            server.open()?;
            servers.push(server);
        }
        let (near, far) = (network(DIRECT.client, 24)?, network(NAT.client, 24)?);
        let client = front.host("client", "eth0", &[near, far])?;
        Ok(Self { directors: machines, servers, client, front, back })
    }

    /// Cuts a director off on both sides without its noticing.
    pub fn isolate(&mut self, director: &str) -> Result<(), LabError> {
        self.front.isolate(director)?;
        self.back.isolate(director)
    }

    /// Ends an [`isolate`](Self::isolate).
    pub fn rejoin(&mut self, director: &str) -> Result<(), LabError> {
        self.front.rejoin(director)?;
        self.back.rejoin(director)
    }

    /// The network of the clients and the virtual addresses.
    pub fn front(&self) -> &Lab {
        &self.front
    }
}

impl Server {
    /// Starts its web server, unless it is at work.
    pub fn open(&mut self) -> io::Result<()> {
        if self.web.is_none() {
            let any = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), PORT);
            self.web = Some(WebServer::start(&self.host, any, self.host.name())?);
        }
        Ok(())
    }

    /// Stops its web server: the port is closed, and a client is refused at once.
    pub fn close(&mut self) {
        self.web = None;
    }

    /// Whether its web server is at work.
    pub fn is_open(&self) -> bool {
        self.web.is_some()
    }
}

const fn v4(a: u8, b: u8, c: u8, d: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(a, b, c, d))
}

fn network(address: IpAddr, prefix: u8) -> io::Result<IpNetwork> {
    IpNetwork::new(address, prefix).map_err(io::Error::other)
}

fn director(front: &mut Lab, back: &mut Lab, name: &str, last: u8) -> Result<Host, LabError> {
    let host = front.host(name, "eth0", &[network(at_the_front(last), 24)?])?;
    // .1 at the back is the gateway that they share.
    back.connect(&host, "eth1", &[network(at_the_back(1 + last), 24)?])?;
    host.set_sysctl("ipv4/ip_forward", "1")?;
    // The client is far away for the service by address translation, but lives on the same wire.
    let far = network(NAT.client, 24)?;
    route(&host, "eth0", IpNetwork::new(far.network(), far.prefix()).map_err(io::Error::other)?, None)?;
    Ok(host)
}

fn server(front: &mut Lab, back: &mut Lab, name: &str, last: u8) -> Result<Server, LabError> {
    let host = front.host(name, "eth0", &[network(at_the_front(last), 24)?])?;
    back.connect(&host, "eth1", &[network(at_the_back(last), 24)?])?;
    // The address of the service is on lo, and no question for it on the wire is answered with our MAC address.
    for (setting, value) in [("ipv4/conf/all/arp_ignore", "1"), ("ipv4/conf/all/arp_announce", "2")] {
        host.set_sysctl(setting, value)?;
    }
    let own = network(DIRECT.address, 32)?;
    host.run(move || {
        let mut links = LinkCommands::open()?;
        let lo = links.index_of("lo")?;
        Ok::<_, LabError>(links.add_address(lo, own)?)
    })??;
    route(&host, "eth1", network(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0)?, Some(GATEWAY))?;
    Ok(Server { host, web: None })
}

fn route(host: &Host, interface: &'static str, to: IpNetwork, via: Option<IpAddr>) -> Result<(), LabError> {
    host.run(move || {
        let mut links = LinkCommands::open()?;
        let index = links.index_of(interface)?;
        links.add_route(to, via, Some(index))?;
        Ok(())
    })?
}
