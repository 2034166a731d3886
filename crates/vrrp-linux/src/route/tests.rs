use super::*;

fn default_by(via: &str) -> RouteSpec {
    RouteSpec::new("0.0.0.0/0".parse().unwrap(), vec![Hop::new(Some("eth0"), Some(via.parse().unwrap()))])
}

#[test]
fn a_route_reads_as_ip_route_writes_it() {
    let mut route = default_by("192.0.2.254");
    assert_eq!(route.to_string(), "default via 192.0.2.254 dev eth0");
    (route.table, route.metric, route.source) = (7, 100, Some("192.0.2.1".parse().unwrap()));
    assert_eq!(route.to_string(), "default via 192.0.2.254 dev eth0 table 7 metric 100 src 192.0.2.1");
    let mut blackhole = RouteSpec::new("10.1.2.3/16".parse().unwrap(), Vec::new());
    blackhole.kind = RouteKind::BLACKHOLE;
    assert_eq!(blackhole.to_string(), "blackhole 10.1.0.0/16");
}

#[test]
fn a_route_described_by_a_predecessor_becomes_the_request_that_removes_it() {
    let mut route = default_by("192.0.2.254");
    for hop in &mut route.hops {
        hop.index = 3;
    }
    route.table = 1000;
    let (expected, _) = RouteChange::Remove(route.clone()).request().unwrap();
    let (former, flags) = RouteChange::RemoveFormer(route.removal()).request().unwrap();
    assert_eq!((former, flags), (expected, 0));
    for length in 0..12 {
        let cut = route.removal()[..length].to_vec();
        assert!(RouteChange::RemoveFormer(cut).request().is_none(), "{length}");
    }
}

#[test]
fn an_ipv6_route_without_metric_has_that_of_the_kernel() {
    let route =
        RouteSpec::new("::/0".parse().unwrap(), vec![Hop::new(None, Some("fe80::1".parse().unwrap()))]);
    assert_eq!(route.slot().metric, 1024);
    assert_eq!(default_by("192.0.2.254").slot().metric, 0);
}

#[test]
fn the_removal_of_one_route_takes_another_only_if_they_share_slot_and_hops() {
    let (one, other) = (default_by("192.0.2.254"), default_by("192.0.2.253"));
    assert!(!one.may_hit(&other));
    let mut same_hop = one.clone();
    same_hop.path.values = vec![(2, 1400)];
    assert!(one.may_hit(&same_hop));
    same_hop.metric = 5;
    assert!(!one.may_hit(&same_hop));
}
