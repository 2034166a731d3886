//! The kernel's table of virtual servers in a host, as anybody can read it: `/proc/net/ip_vs`.
//!
//! Read here and not over netlink, so that a mistake in our own netlink code cannot hide itself.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::{Host, Stamp};

/// The virtual servers of a host, in the order of their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Each with its real servers.
    pub services: Vec<Service>,
}

/// One virtual server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Service {
    /// Address or mark that clients use.
    pub id: ServiceId,
    /// Name of the scheduler, such as `rr`.
    pub scheduler: String,
    /// The real servers, in the order of their addresses.
    pub servers: Vec<RealServer>,
}

/// Property by which a connection belongs to a virtual server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceId {
    /// A TCP connection to this address.
    Tcp(SocketAddr),
    /// A UDP datagram to it.
    Udp(SocketAddr),
    /// An SCTP association with it.
    Sctp(SocketAddr),
    /// A packet with this firewall mark.
    Mark(u32),
}

/// One real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RealServer {
    /// Its address and port.
    pub address: SocketAddr,
    /// Forwarding method.
    pub method: Method,
    /// Its share; 0 means no new connections.
    pub weight: i32,
}

/// Forwarding method: the way of a packet to a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// With the real server's address in place of the virtual one.
    Nat,
    /// Unchanged, to the real server's MAC address.
    Direct,
    /// In another packet.
    Tunnel,
    /// Not at all: the real server is the host itself.
    Local,
}

impl Table {
    /// Reads the text of `/proc/net/ip_vs`; lines that are not understood are left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut services: Vec<Service> = Vec::new();
        // Three lines of heading.
        for line in text.lines().skip(3) {
            if let Some(server) = line.trim_start().strip_prefix("->") {
                if let (Some(service), Some(server)) = (services.last_mut(), real_server(server)) {
                    service.servers.push(server);
                }
            } else {
                services.extend(service(line));
            }
        }
        for service in &mut services {
            service.servers.sort_unstable();
        }
        services.sort_unstable();
        Self { services }
    }

    /// The table of the calling thread's network.
    pub fn read() -> io::Result<Self> {
        // Not /proc/net: that is the network of the process's first thread.
        std::fs::read_to_string("/proc/thread-self/net/ip_vs").map(|text| Self::parse(&text))
    }

    /// The real servers of a virtual one; none where there is no such virtual server.
    pub fn servers(&self, of: ServiceId) -> &[RealServer] {
        self.services
            .iter()
            .find(|service| service.id == of)
            .map_or(&[], |service| service.servers.as_slice())
    }
}

/// Whether the kernel has IPVS; loads its module where that is possible.
#[must_use]
pub fn kernel_has_ipvs() -> bool {
    let there = || Path::new("/proc/net/ip_vs").exists();
    if !there() {
        let mut load = Command::new("modprobe");
        load.args(["-q", "ip_vs"]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // Without that program, or without the right, the file will not be there.
        let _ = load.status();
    }
    there()
}

/// A running watch of one host's table. Ends when dropped.
#[derive(Debug)]
pub struct TableWatch {
    changes: Arc<Mutex<Vec<(Stamp, Table)>>>,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<io::Result<()>>>,
}

impl TableWatch {
    /// Looks every `period`; a change shorter than that may go unseen.
    pub fn start(host: &Host, period: Duration) -> io::Result<Self> {
        let changes = Arc::new(Mutex::new(Vec::<(Stamp, Table)>::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (into, until) = (Arc::clone(&changes), Arc::clone(&stop));
        let body = move || {
            while !until.load(Ordering::Relaxed) {
                if let Ok(table) = Table::read() {
                    let mut changes = into.lock().unwrap_or_else(PoisonError::into_inner);
                    if changes.last().is_none_or(|(_, last)| *last != table) {
                        changes.push((Stamp::now(), table));
                    }
                }
                std::thread::sleep(period);
            }
        };
        let worker = host.thread("table", body)?;
        Ok(Self { changes, stop, worker: Some(worker) })
    }

    /// Every change so far, the first state included: when it was seen, and the table from then on.
    pub fn changes(&self) -> Vec<(Stamp, Table)> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The table now.
    pub fn table(&self) -> Table {
        let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
        changes.last().map(|(_, table)| table.clone()).unwrap_or_default()
    }
}

impl Drop for TableWatch {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// `TCP  C0000264:0050 rr persistent 36000 FFFFFFFF`
fn service(line: &str) -> Option<Service> {
    let mut words = line.split_whitespace();
    let (kind, address) = (words.next()?, words.next()?);
    let id = match kind {
        "TCP" => ServiceId::Tcp(socket(address)?),
        "UDP" => ServiceId::Udp(socket(address)?),
        "SCTP" => ServiceId::Sctp(socket(address)?),
        "FWM" => ServiceId::Mark(u32::from_str_radix(address, 16).ok()?),
        _ => return None,
    };
    Some(Service { id, scheduler: words.next()?.to_owned(), servers: Vec::new() })
}

/// `0A00000B:0050      Masq    1      0          0`
fn real_server(line: &str) -> Option<RealServer> {
    let mut words = line.split_whitespace();
    let address = socket(words.next()?)?;
    let method = match words.next()? {
        "Masq" => Method::Nat,
        "Route" => Method::Direct,
        "Tunnel" => Method::Tunnel,
        "Local" => Method::Local,
        _ => return None,
    };
    Some(RealServer { address, method, weight: words.next()?.parse().ok()? })
}

/// `C0000264:0050` or `[2001:0db8:0000:0000:0000:0000:0000:0001]:0050`
fn socket(text: &str) -> Option<SocketAddr> {
    let (address, port) = text.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let ip = match address.strip_prefix('[') {
        Some(address) => IpAddr::V6(address.strip_suffix(']')?.parse::<Ipv6Addr>().ok()?),
        None => IpAddr::V4(Ipv4Addr::from(u32::from_str_radix(address, 16).ok()?)),
    };
    Some(SocketAddr::new(ip, port))
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "TCP {address}"),
            Self::Udp(address) => write!(f, "UDP {address}"),
            Self::Sctp(address) => write!(f, "SCTP {address}"),
            Self::Mark(mark) => write!(f, "mark {mark}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
UDP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0035 wlc persistent 6000 80000000
  -> [2001:0db8:0000:0000:0000:0000:0000:0002]:0035      Tunnel  1      0          0         
TCP  01020304:0050 rr  
  -> 0A000002:0050      Route   1      0          0         
  -> 0A000001:0050      Masq    3      0          0         
FWM  00000007 wlc 
  -> 0A000009:0000      Local   0      0          0         
";

    #[test]
    fn the_kernels_text_is_read_and_put_in_order() {
        let table = Table::parse(TEXT);
        let ids: Vec<String> = table.services.iter().map(|service| service.id.to_string()).collect();
        assert_eq!(ids, ["TCP 1.2.3.4:80", "UDP [2001:db8::1]:53", "mark 7"]);
        let schedulers: Vec<_> = table.services.iter().map(|service| service.scheduler.as_str()).collect();
        assert_eq!(schedulers, ["rr", "wlc", "wlc"]);
        let server =
            |address: &str, method, weight| RealServer { address: address.parse().unwrap(), method, weight };
        assert_eq!(
            table.servers(ServiceId::Tcp("1.2.3.4:80".parse().unwrap())),
            [server("10.0.0.1:80", Method::Nat, 3), server("10.0.0.2:80", Method::Direct, 1)]
        );
        assert_eq!(
            table.servers(ServiceId::Udp("[2001:db8::1]:53".parse().unwrap())),
            [server("[2001:db8::2]:53", Method::Tunnel, 1)]
        );
        assert_eq!(table.servers(ServiceId::Mark(7)), [server("10.0.0.9:0", Method::Local, 0)]);
        assert_eq!(table.servers(ServiceId::Mark(8)), []);
    }

    #[test]
    fn no_cut_of_the_text_is_a_panic() {
        for length in 0..TEXT.len() {
            let _ = Table::parse(&TEXT[..length]);
        }
        assert_eq!(Table::parse("a\nb\nc\nTCP x rr\nTCP [::]:zz rr\n -> 1:2 Masq x\n"), Table::default());
    }
}
