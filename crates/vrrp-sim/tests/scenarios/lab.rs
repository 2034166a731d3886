//! Hosts that share virtual router 51, and what became of them.

use std::time::Duration;

use vrrp_election::{RouterConfig, RouterId, Standing};
use vrrp_proto::{Family, RouterInterval, RouterPriority, ValueError, Vrid};
use vrrp_sim::{Host, HostId, Scenario, Service, Simulation, Timeline, What};

pub(crate) const A: HostId = HostId(0);
pub(crate) const B: HostId = HostId(1);
pub(crate) const C: HostId = HostId(2);
pub(crate) const R0: RouterId = RouterId(0);

pub(crate) const fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn service() -> Service {
    Service { vrid: Vrid::new(51).unwrap(), family: Family::Ipv4 }
}

/// VRRPv2, every second.
pub(crate) fn v2(priority: u8) -> RouterConfig {
    config(priority, RouterInterval::seconds(1))
}

/// VRRPv3, ten times a second.
pub(crate) fn fast(priority: u8) -> RouterConfig {
    config(priority, RouterInterval::centiseconds(10))
}

fn config(priority: u8, interval: Result<RouterInterval, ValueError>) -> RouterConfig {
    RouterConfig {
        priority: RouterPriority::new(priority).unwrap(),
        ..RouterConfig::new(service().vrid, Family::Ipv4, interval.unwrap())
    }
}

pub(crate) fn scenario(configs: impl IntoIterator<Item = RouterConfig>) -> Scenario {
    configs.into_iter().fold(Scenario::new(), |scenario, config| scenario.host(Host::new().router(config)))
}

/// Runs a scenario of one seed, and fails with everything that happened.
pub(crate) fn run(scenario: &Scenario, time: Duration) -> Simulation {
    scenario.run(1, time).unwrap_or_else(|violation| panic!("{violation}"))
}

pub(crate) fn go_on(simulation: &mut Simulation, time: Duration) {
    simulation.run_for(time).unwrap_or_else(|violation| panic!("{violation}"));
}

/// The hosts that became Active and the times, in whole milliseconds.
pub(crate) fn takeovers(timeline: &Timeline) -> Vec<(u64, HostId)> {
    timeline
        .moments()
        .iter()
        .filter_map(|moment| match moment.what {
            What::Told(host, vrrp_election::Event::Standing { to: Standing::Active, .. }) => {
                Some((moment.at.as_nanos() / 1_000_000, host))
            }
            _ => None,
        })
        .collect()
}
