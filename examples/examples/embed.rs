//! Two virtual routers in one program, talking through real packets: what an embedding looks like.
//!
//! Replace the array of inboxes by a socket and the counted time by a clock, and this is a router.

use std::collections::VecDeque;
use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use vrrp_election::{Action, Instant, Received, RouterConfig, State, VirtualRouter};
use vrrp_proto::{
    Addresses, AuthData, ChecksumRule, Datagram, Family, IPV4_GROUP, Ipv4Header, RouterInterval,
    RouterPriority, Vrid,
};

fn main() -> Result<(), Box<dyn Error>> {
    let config = RouterConfig::new(Vrid::new(51)?, Family::Ipv4, RouterInterval::centiseconds(100)?);
    let own = [Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(192, 0, 2, 3)];
    let better = RouterConfig { priority: RouterPriority::new(150)?, ..config.clone() };
    let mut routers = [better, config].map(VirtualRouter::new);
    let mut inboxes: [VecDeque<Vec<u8>>; 2] = Default::default();
    for (router, address) in routers.iter_mut().zip(own) {
        router.handle_startup(Instant::ZERO, address.into());
    }

    let end = Instant::ZERO + Duration::from_secs(5);
    let mut now = Instant::ZERO;
    while now < end {
        for (index, router) in routers.iter_mut().enumerate() {
            // The packets that arrived, checked as RFC 9568 §7.1 says.
            while let Some(packet) = inboxes[index].pop_front() {
                let accepted = router.config().receiver().check(&Datagram::from_ipv4(&packet)?)?;
                router.handle_advert(now, now, &Received::from(&accepted))?;
            }
            router.handle_timeout(now);
            // The actions that it asks for.
            while let Some(action) = router.poll_action() {
                println!("{now} {}: {action:?}", own[index]);
                if let Action::SendAdvert(priority) = action {
                    let addresses = Addresses::V4(&[[192, 0, 2, 1]]);
                    let advert = router.config().advert(priority, addresses, AuthData::None);
                    let mut packet = vec![0; 20 + advert.buffer_len()];
                    Ipv4Header::new(own[index], IPV4_GROUP).emit(
                        &mut packet,
                        &advert,
                        ChecksumRule::PseudoHeader,
                    )?;
                    inboxes[1 - index].push_back(packet);
                }
            }
        }
        now += Duration::from_millis(1);
    }
    assert_eq!(routers.map(|router| router.state()), [State::Active, State::Backup]);
    Ok(())
}
