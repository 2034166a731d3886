//! Remarks about the adverts that a configuration leads to, logged once when it is taken.

use std::net::IpAddr;

use keepalived_conf::model::VrrpInstance;
use vrrp_election::RouterId;
use vrrp_linux::sysctl::{self, Family};

use super::plan::{Plan, Reach, RouterPlan};

/// One line for each thing worth a warning.
pub(super) fn remarks(plan: &Plan) -> Vec<String> {
    let routers = (0..).map(RouterId).zip(&plan.routers).zip(&plan.config.instances);
    routers
        .flat_map(|((id, router), instance)| {
            let name = plan.name(id);
            let lines = [odd_first_address(router), own_peer(router, instance), redirects(router)];
            lines.into_iter().flatten().map(move |line| format!("({name}) {line}"))
        })
        .collect()
}

/// RFC 9568 §5.2.9: receivers that are strict discard such adverts. keepalived sends them all the same.
fn odd_first_address(router: &RouterPlan) -> Option<String> {
    match router.advertised.borrow().first() {
        Some(IpAddr::V6(first)) if !first.is_unicast_link_local() => Some(format!(
            "the first IPv6 address {first} is not link-local: adverts are sent as keepalived sends them, but strict \
             VRRPv3 routers discard them; put a link-local address first in virtual_ipaddress"
        )),
        _ => None,
    }
}

/// RFC 9568 §8.1.1: hosts that follow an ICMP redirect leave the virtual router. The kernel sends them if the setting of
/// all interfaces says so, whatever that of the interface is.
fn redirects(router: &RouterPlan) -> Option<String> {
    let mode = router.rfc.filter(|_| router.is_ipv4())?;
    let sends = sysctl::read(Family::V4, "all", "send_redirects").is_ok_and(|value| value != 0);
    sends.then(|| {
        format!(
            "`{}`: the kernel sends ICMP redirects, which lead hosts away from the virtual router, if this machine \
             forwards; set net.ipv4.conf.all.send_redirects=0 with sysctl",
            mode.keyword()
        )
    })
}

/// A file may be the same on all machines of a group. keepalived sends such adverts to itself.
fn own_peer(router: &RouterPlan, instance: &VrrpInstance) -> Option<String> {
    let (Reach::Unicast { peers, .. }, Some(source)) = (&router.reach, instance.source) else { return None };
    peers.iter().any(|peer| peer.address == source).then(|| {
        format!("unicast_peer {source} is unicast_src_ip of this router, too: nothing is sent there; remove that line")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::Generation;

    fn remarks_on(addresses: &str) -> Vec<String> {
        let text = format!(
            "vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n version 3\n priority 150\n \
             virtual_ipaddress {{\n{addresses} }}\n}}"
        );
        remarks(&Plan::new(Generation::default(), keepalived_conf::load_str(&text).config))
    }

    #[test]
    fn a_first_ipv6_address_that_is_not_link_local_is_told() {
        let [line] = &remarks_on("2001:db8::1\nfe80::1\n")[..] else { panic!("one line") };
        assert!(line.starts_with("(V) the first IPv6 address 2001:db8::1 is not link-local"), "{line}");
        assert_eq!(remarks_on("fe80::1\n2001:db8::1\n"), [""; 0]);
        assert_eq!(remarks_on("192.0.2.1\n"), [""; 0]);
    }

    #[test]
    fn a_unicast_peer_that_is_the_own_source_is_told() {
        let remarks_with = |source: &str| {
            let text = format!(
                "vrrp_instance V {{\n interface eth0\n virtual_router_id 51\n version 3\n priority 150\n \
                 unicast_src_ip {source}\n unicast_peer {{\n192.0.2.1\n192.0.2.2\n}}\n \
                 virtual_ipaddress {{\n192.0.2.100\n}}\n}}"
            );
            remarks(&Plan::new(Generation::default(), keepalived_conf::load_str(&text).config))
        };
        assert_eq!(remarks_with("192.0.2.3"), [""; 0]);
        let [line] = &remarks_with("192.0.2.1")[..] else { panic!("one line") };
        assert!(line.starts_with("(V) unicast_peer 192.0.2.1 "), "{line}");
    }
}
