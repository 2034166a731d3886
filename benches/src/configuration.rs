//! keepalived.conf for any number of instances.

use std::fmt::Write as _;
use std::net::Ipv4Addr;

use crate::theory::{Protocol, seconds};

/// Instances on one link: a VRID has eight bits.
pub(crate) const PER_LINK: u16 = 250;

/// The configuration of one router.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Configuration {
    /// The protocol of all routers.
    pub(crate) protocol: Protocol,
    /// Number of instances, each with one address, [`PER_LINK`] on a link.
    pub(crate) instances: u16,
    /// The priority of all of them.
    pub(crate) priority: u8,
    /// Whether this is the router that should serve.
    pub(crate) serves: bool,
    /// One more address for the first instance, not advertised.
    pub(crate) excluded: Option<Ipv4Addr>,
}

impl Configuration {
    /// The text of the file.
    pub(crate) fn text(&self) -> String {
        let mut text = String::from("global_defs {\n  router_id bench\n}\n");
        for number in 0..self.instances {
            // Writing to a String cannot fail.
            let _ = self.instance(&mut text, number);
        }
        text
    }

    fn instance(&self, text: &mut String, number: u16) -> std::fmt::Result {
        let state = if self.serves { "MASTER" } else { "BACKUP" };
        let Protocol { version, interval } = self.protocol;
        writeln!(text, "vrrp_instance V{number} {{\n  state {state}\n  interface eth{}", number / PER_LINK)?;
        writeln!(text, "  virtual_router_id {}\n  version {version}", number % PER_LINK + 1)?;
        writeln!(text, "  priority {}\n  advert_int {}", self.priority, seconds(interval))?;
        writeln!(text, "  virtual_ipaddress {{\n    {}/32\n  }}", address(number))?;
        if let Some(excluded) = self.excluded.filter(|_| number == 0) {
            writeln!(text, "  virtual_ipaddress_excluded {{\n    {excluded}/32\n  }}")?;
        }
        writeln!(text, "}}")
    }
}

/// Links that so many instances need.
pub(crate) const fn links(instances: u16) -> u16 {
    instances.div_ceil(PER_LINK)
}

/// Instances on one link, the first being 0.
pub(crate) fn instances_on(link: u16, instances: u16) -> u16 {
    instances.saturating_sub(link.saturating_mul(PER_LINK)).min(PER_LINK)
}

/// The virtual address of an instance: its link, counted from 0 in 256, and its VRID.
pub(crate) fn address(number: u16) -> Ipv4Addr {
    let [high, low] = (number / PER_LINK).to_be_bytes();
    let vrid = u8::try_from(number % PER_LINK + 1).unwrap_or(u8::MAX);
    Ipv4Addr::new(10, low, 100 + high, vrid)
}

/// The own address of a host on a link.
pub(crate) fn own_address(link: u16, host: u8) -> Ipv4Addr {
    let [_, low] = link.to_be_bytes();
    Ipv4Addr::new(10, low, 0, host)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn configuration(instances: u16) -> Configuration {
        let protocol = Protocol { version: 3, interval: Duration::from_millis(100) };
        let excluded = Some(Ipv4Addr::new(10, 0, 200, 1));
        Configuration { protocol, instances, priority: 101, serves: true, excluded }
    }

    #[test]
    fn an_instance_says_everything_that_a_router_needs() {
        let expected = "\
global_defs {
  router_id bench
}
vrrp_instance V0 {
  state MASTER
  interface eth0
  virtual_router_id 1
  version 3
  priority 101
  advert_int 0.1
  virtual_ipaddress {
    10.0.100.1/32
  }
  virtual_ipaddress_excluded {
    10.0.200.1/32
  }
}
";
        assert_eq!(configuration(1).text(), expected);
    }

    #[test]
    fn every_instance_of_ten_thousand_has_its_own_address_and_a_vrid_free_on_its_link() {
        let addresses: std::collections::BTreeSet<_> = (0..10_000).map(address).collect();
        assert_eq!(addresses.len(), 10_000);
        assert_eq!(links(10_000), 40);
        assert_eq!((links(1), links(250), links(251)), (1, 1, 2));
        assert_eq!((instances_on(0, 255), instances_on(1, 255), instances_on(2, 255)), (250, 5, 0));
    }
}
