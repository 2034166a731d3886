//! Unicast peers, Authentication Headers, and wall clocks that are wrong.

use vrrp_election::{LinkId, RouterConfig, RouterSetup, Transport};
use vrrp_proto::{AuthKey, Family};
use vrrp_sim::{Fault, Host, HostAuth, HostId, Scenario};

use crate::lab::{A, B, C, run, secs, service, takeovers, v2};

/// A host that knows its peers by address, with an Authentication Header.
fn host(config: RouterConfig, peers: &[HostId]) -> Host {
    let peers = peers.iter().map(|peer| peer.address(LinkId(0), Family::Ipv4));
    let setup = RouterSetup { transport: Transport::unicast(peers), ..RouterSetup::new(config, LinkId(0)) };
    Host { auth: HostAuth::Ah(AuthKey::new(b"secret")), ..Host::new().setup(setup) }
}

fn pair() -> Scenario {
    Scenario::new().host(host(v2(200), &[B])).host(host(v2(100), &[A]))
}

#[test]
fn unicast_peers_elect_and_a_host_that_nobody_names_is_not_heard() {
    let stranger = Scenario::new()
        .host(host(v2(200), &[B]))
        .host(host(v2(100), &[A]))
        .host(Host { routers: Vec::new(), ..host(v2(50), &[A, B]) });
    let run = run(&stranger.at(secs(10), Fault::PowerOff(A)), secs(20));
    assert_eq!(takeovers(run.timeline()), [(3_218, A), (12_828, B)]);
    assert_eq!(run.neighbours(C).map(|known| known.iter().count()), Some(0));
}

#[test]
fn a_clock_that_is_set_moves_nothing() {
    let hour = 3_600_000;
    let scenario = pair()
        .at(secs(10), Fault::ClockSet(A, hour))
        .at(secs(20), Fault::ClockSet(A, -2 * hour))
        .at(secs(30), Fault::ClockSet(B, -hour))
        .at(secs(40), Fault::ClockSet(B, hour));
    assert_eq!(takeovers(run(&scenario, secs(60)).timeline()), [(3_218, A)]);
}

#[test]
fn a_daemon_that_starts_again_with_a_right_clock_is_heard_at_once() {
    let scenario = pair().at(secs(10), Fault::Kill(A)).at(secs(11), Fault::Start(A));
    assert_eq!(takeovers(run(&scenario, secs(40)).timeline()), [(3_218, A), (11_000, A)]);
}

/// Its numbers begin an hour behind, and the peer takes over. One advert of the peer tells the number that has to be passed.
#[test]
fn a_daemon_that_starts_again_with_a_clock_set_back_is_heard_after_one_advert_of_its_peer() {
    let scenario = pair()
        .at(secs(10), Fault::Kill(A))
        .at(secs(10), Fault::ClockSet(A, -3_600_000))
        .at(secs(11), Fault::Start(A));
    let run = run(&scenario, secs(40));
    let after: Vec<_> = takeovers(run.timeline()).into_iter().filter(|(at, _)| *at > 10_000).collect();
    assert_eq!(after, [(11_000, A), (12_828, B)]);
    assert_eq!(run.serving(service()), [A]);
    run.check_settled().unwrap();
}
