//! From the configuration to what a session and its socket need: pure translation, no decision.

use std::net::SocketAddr;
use std::num::NonZeroU8;
use std::time::Duration;

use bfd_session::{CONTROL_PORT, Config, HopRule, Interval, MULTIHOP_CONTROL_PORT, Peer, Role};
use keepalived_conf::model::bfd::BfdInstance;

/// The parameters of a session.
pub(super) fn config(instance: &BfdInstance) -> Config {
    let detect_mult = NonZeroU8::new(instance.multiplier).unwrap_or(NonZeroU8::MIN);
    let mut config = Config::new(interval(instance.min_tx), detect_mult);
    config.required_min_rx = interval(instance.min_rx);
    config.idle_tx = interval(instance.idle_tx);
    config.role = if instance.passive { Role::Passive } else { Role::Active };
    config
}

/// Between which addresses it is.
pub(super) fn peer(instance: &BfdInstance) -> Peer {
    Peer { neighbor: instance.neighbor, local: instance.source, multihop: instance.multihop }
}

/// The TTL that a packet for it must have.
pub(super) fn hops(instance: &BfdInstance) -> HopRule {
    HopRule { least: instance.least_ttl }
}

/// Where its packets go.
pub(super) fn destination(instance: &BfdInstance) -> SocketAddr {
    SocketAddr::new(instance.neighbor, port(instance.multihop))
}

/// The port of control packets.
pub(super) fn port(multihop: bool) -> u16 {
    if multihop { MULTIHOP_CONTROL_PORT } else { CONTROL_PORT }
}

fn interval(time: Duration) -> Interval {
    Interval::from_micros(u32::try_from(time.as_micros()).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(lines: &str) -> BfdInstance {
        let loaded = keepalived_conf::load_str(&format!("bfd_instance B {{\nneighbor_ip {lines}\n}}\n"));
        loaded.config.bfd_instances[0].clone()
    }

    #[test]
    fn the_parameters_are_the_files() {
        let session =
            config(&instance("192.0.2.2\nmin_rx 3.312\nmin_tx 50\nidle_tx 2000\nmultiplier 3\npassive"));
        assert_eq!(session.required_min_rx, Interval::from_micros(3312));
        assert_eq!(session.desired_min_tx, Interval::from_millis(50));
        assert_eq!(session.idle_tx, Interval::from_millis(2000));
        assert_eq!((session.detect_mult.get(), session.role), (3, Role::Passive));
        let most = config(&instance("192.0.2.2\nmin_rx 4294967"));
        assert_eq!(most.required_min_rx, Interval::from_micros(4_294_967_000));
    }

    #[test]
    fn a_multihop_session_has_a_port_of_its_own() {
        assert_eq!(destination(&instance("192.0.2.2")).to_string(), "192.0.2.2:3784");
        assert_eq!(destination(&instance("2001:db8::2\nmultihop")).to_string(), "[2001:db8::2]:4784");
        assert!(peer(&instance("192.0.2.2\nmultihop")).multihop);
    }

    #[test]
    fn hops_are_counted_down_from_the_ttl() {
        assert_eq!(hops(&instance("192.0.2.2")), HopRule::SINGLE_HOP);
        assert_eq!(hops(&instance("192.0.2.2\nmax_hops 3")).least, 252);
    }
}
