//! The text that `ipvsadm --save -n` writes and `ipvsadm --restore` reads: one rule a line. Unlike ipvsadm 1.31, this
//! writes thresholds too.
//!
//! ```text
//! -A -t 192.0.2.1:80 -s wlc -p 360 -M 255.255.255.0
//! -a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3 -x 100 -y 50
//! ```

mod parse;
mod words;

use std::fmt;
use std::net::Ipv4Addr;

use crate::{
    Change, Destination, Family, Forwarding, Persistence, Protocol, Scheduler, Service, ServiceFlags,
    ServiceKey, Table, Tunnel, TunnelChecksum,
};

pub use parse::{RuleError, RulesError};

/// A table or a change as the rules of ipvsadm, without a line end after the last.
///
/// ```
/// use ipvs_netlink::{Rules, Table};
///
/// let text = "-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -g -w 1";
/// let table: Table = text.parse()?;
/// assert_eq!(Rules(&table).to_string(), text);
/// # Ok::<(), ipvs_netlink::RulesError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a, T>(pub &'a T);

/// The lines of `ipvsadm --save -n`, with thresholds, in the order of keys and addresses.
impl fmt::Display for Rules<'_, Table> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, entry) in self.0.services().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write_service(f, "-A", entry.service())?;
            for destination in entry.destinations() {
                writeln!(f)?;
                write_destination(f, "-a", &entry.service().key, destination)?;
            }
        }
        Ok(())
    }
}

/// The arguments with which `ipvsadm` makes the change.
impl fmt::Display for Rules<'_, Change> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Change::AddService(service) => write_service(f, "-A", service),
            Change::SetService(service) => write_service(f, "-E", service),
            Change::RemoveService(key) => write!(f, "-D {}", Key(key)),
            Change::AddDestination { service, destination } => {
                write_destination(f, "-a", service, destination)
            }
            Change::SetDestination { service, destination } => {
                write_destination(f, "-e", service, destination)
            }
            Change::RemoveDestination { service, address } => write!(f, "-d {} -r {address}", Key(service)),
        }
    }
}

/// The arguments that name a service.
struct Key<'a>(&'a ServiceKey);

impl fmt::Display for Key<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ServiceKey::Address { protocol: Protocol::Tcp, address } => write!(f, "-t {address}"),
            ServiceKey::Address { protocol: Protocol::Udp, address } => write!(f, "-u {address}"),
            ServiceKey::Address { protocol: Protocol::Sctp, address } => {
                write!(f, "--sctp-service {address}")
            }
            ServiceKey::Fwmark { family: Family::V4, mark } => write!(f, "-f {mark}"),
            ServiceKey::Fwmark { family: Family::V6, mark } => write!(f, "-f {mark} -6"),
        }
    }
}

fn write_service(f: &mut fmt::Formatter<'_>, command: &str, service: &Service) -> fmt::Result {
    write!(f, "{command} {} -s {}", Key(&service.key), service.scheduler)?;
    if let Some(persistence) = &service.persistence {
        write_persistence(f, service.key.family(), persistence)?;
    }
    if service.flags.contains(ServiceFlags::ONE_PACKET) {
        f.write_str(" -o")?;
    }
    let mut separator = " -b ";
    for (flag, name) in flag_names(&service.scheduler) {
        if service.flags.contains(flag) {
            write!(f, "{separator}{name}")?;
            separator = ",";
        }
    }
    Ok(())
}

fn write_persistence(f: &mut fmt::Formatter<'_>, family: Family, persistence: &Persistence) -> fmt::Result {
    write!(f, " -p {}", persistence.timeout.as_secs())?;
    let bits = persistence.prefix_len;
    if let Some(mask) = persistence.mask.filter(|_| family == Family::V4) {
        write!(f, " -M {mask}")?;
    } else if bits < family.address_bits() {
        match family {
            Family::V4 => {
                let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or(0);
                write!(f, " -M {}", Ipv4Addr::from(mask))?;
            }
            Family::V6 => write!(f, " -M {bits}")?,
        }
    }
    match &persistence.engine {
        Some(engine) => write!(f, " --pe {engine}"),
        None => Ok(()),
    }
}

fn write_destination(
    f: &mut fmt::Formatter<'_>,
    command: &str,
    service: &ServiceKey,
    destination: &Destination,
) -> fmt::Result {
    let Destination { address, forwarding, weight, thresholds } = destination;
    let method = match forwarding {
        Forwarding::Nat => "-m",
        Forwarding::Tunnel(_) => "-i",
        // ipvsadm cannot ask for the other two: the kernel chooses them by itself for addresses of the machine.
        Forwarding::DirectRoute | Forwarding::Local | Forwarding::Bypass => "-g",
    };
    write!(f, "{command} {} -r {address} {method} -w {weight}", Key(service))?;
    if thresholds.upper > 0 || thresholds.lower > 0 {
        write!(f, " -x {} -y {}", thresholds.upper, thresholds.lower)?;
    }
    match forwarding {
        Forwarding::Tunnel(tunnel) => write_tunnel(f, *tunnel),
        _ => Ok(()),
    }
}

fn write_tunnel(f: &mut fmt::Formatter<'_>, tunnel: Tunnel) -> fmt::Result {
    let checksum = match tunnel {
        Tunnel::Ipip => return f.write_str(" --tun-type ipip"),
        Tunnel::Gue { port, checksum } => {
            write!(f, " --tun-type gue --tun-port {port}")?;
            checksum
        }
        Tunnel::Gre { checksum } => {
            f.write_str(" --tun-type gre")?;
            checksum
        }
    };
    f.write_str(match checksum {
        TunnelChecksum::None => " --tun-nocsum",
        TunnelChecksum::Full => " --tun-csum",
        TunnelChecksum::Remote => " --tun-remcsum",
    })
}

/// ipvsadm's names of the switches of a scheduler.
fn flag_names(scheduler: &Scheduler) -> [(ServiceFlags, &'static str); 3] {
    let [first, second] = match scheduler.as_str() {
        "sh" => ["sh-fallback", "sh-port"],
        "mh" => ["mh-fallback", "mh-port"],
        _ => ["flag-1", "flag-2"],
    };
    [(ServiceFlags::SCHED_1, first), (ServiceFlags::SCHED_2, second), (ServiceFlags::SCHED_3, "flag-3")]
}

#[cfg(test)]
mod tests;
