//! Layout of the lab for a pair of configurations.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use ipnetwork::IpNetwork;

/// Everything the story needs to know about the pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Setup {
    /// The router that should serve, and the one behind it.
    pub(super) routers: [Router; 2],
    /// Addresses of the client.
    pub(super) client: Vec<IpNetwork>,
    /// The virtual address that the client asks.
    pub(super) target: IpAddr,
    /// The virtual router it belongs to.
    pub(super) vrid: u8,
    /// Interval between advertisements.
    pub(super) interval: Duration,
    /// Advertisements that have to be missing before a Backup takes over: 3 in the RFCs.
    pub(super) down_adverts: u8,
    /// Time that a started daemon waits before it takes part.
    pub(super) startup_delay: Duration,
    /// Time that the better router waits before it takes back over; `None` means that it never does.
    pub(super) preempt_after: Option<Duration>,
    /// Names of the services whose life the checks look at; the first one answers the client.
    pub(super) services: Vec<String>,
    /// Files without which the checks fail.
    pub(super) required_files: Vec<PathBuf>,
    /// Checks of the serving router that move the address.
    pub(super) checks: Checks,
    /// Steps that the story has to leave out, and the reasons.
    pub(super) remarks: Vec<String>,
}

/// Which checks move the address when they fail on the serving router, and after how long they notice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks {
    /// The file that announces maintenance.
    pub(super) maintenance: Option<(PathBuf, Duration)>,
    /// The service that must live.
    pub(super) service: Option<(String, Duration)>,
}

/// One router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Router {
    /// `A` or `B`.
    pub(super) name: &'static str,
    /// Its configuration.
    pub(super) configuration: Configuration,
    /// Its interfaces; the first one gets the addresses.
    pub(super) interfaces: Vec<String>,
    /// Addresses of the router itself.
    pub(super) addresses: Vec<IpNetwork>,
    /// Virtual addresses with their interfaces.
    pub(super) virtual_addresses: Vec<(String, IpNetwork)>,
}

/// Where a configuration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Configuration {
    /// Text, to be written into the router.
    Text(String),
    /// A file of this machine, which the router sees under the same name.
    File(PathBuf),
}

/// The port on which the service answers.
pub(super) const SERVICE_PORT: u16 = 80;

impl Setup {
    /// The built-in pair: one address in front of HAProxy, with a file for maintenance.
    pub(super) fn built_in(fast: bool) -> Self {
        let interval = if fast { Duration::from_millis(100) } else { Duration::from_secs(1) };
        let check = Duration::from_secs(1);
        Self {
            routers: [built_in_router("A", fast), built_in_router("B", fast)],
            client: network("192.0.2.9/24").into_iter().collect(),
            target: IpAddr::from([192, 0, 2, 100]),
            vrid: 51,
            interval,
            down_adverts: 3,
            startup_delay: Duration::ZERO,
            preempt_after: Some(Duration::ZERO),
            required_files: Vec::new(),
            services: vec!["haproxy".to_owned()],
            checks: Checks {
                maintenance: Some((PathBuf::from("/etc/keepalived/down"), check)),
                service: Some(("haproxy".to_owned(), check)),
            },
            remarks: Vec::new(),
        }
    }

    /// Sockets on which the service of each router answers: the virtual addresses only, as HAProxy would bind them.
    pub(super) fn service_sockets(&self) -> Vec<SocketAddr> {
        vec![SocketAddr::new(self.target, SERVICE_PORT)]
    }
}

fn built_in_router(name: &'static str, fast: bool) -> Router {
    let (priority, own) = if name == "A" { ("101", "192.0.2.1/24") } else { ("100", "192.0.2.2/24") };
    let (version, interval) = if fast { ("3", "0.1") } else { ("2", "1") };
    let text = include_str!("active-standby.conf")
        .replace("@ROUTER@", name)
        .replace("@PRIORITY@", priority)
        .replace("@VERSION@", version)
        .replace("@INTERVAL@", interval);
    Router {
        name,
        configuration: Configuration::Text(text),
        interfaces: vec!["eth0".to_owned()],
        addresses: network(own).into_iter().collect(),
        virtual_addresses: network("192.0.2.100/24")
            .map(|vip| ("eth0".to_owned(), vip))
            .into_iter()
            .collect(),
    }
}

fn network(text: &str) -> Option<IpNetwork> {
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_configuration_has_no_blank_left_to_fill_in() {
        for fast in [false, true] {
            for router in Setup::built_in(fast).routers {
                let Configuration::Text(text) = router.configuration else { panic!("not built in") };
                assert!(!text.contains('@'), "{text}");
            }
        }
    }

    #[test]
    fn the_built_in_addresses_share_one_subnet() {
        let setup = Setup::built_in(false);
        let [a, b] = &setup.routers;
        let subnet: IpNetwork = "192.0.2.0/24".parse().unwrap();
        for address in a.addresses.iter().chain(&b.addresses).chain(&setup.client) {
            assert!(subnet.contains(address.ip()), "{address}");
        }
        assert!(subnet.contains(setup.target));
    }
}
