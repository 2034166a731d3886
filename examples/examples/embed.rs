//! Two virtual routers in one program, talking through real packets: what an embedding looks like.
//!
//! Replace the array of inboxes by a socket and the counted time by a clock, and this is a router.

use std::collections::VecDeque;
use std::error::Error;
use std::net::Ipv4Addr;
use std::time::Duration;

use vrrp_election::{Action, Instant, Received, RouterConfig, State, VirtualRouter};
use vrrp_proto::{
    Addresses, Advert, AdvertInterval, AuthData, Centiseconds, ChecksumRule, Datagram, Family, IPV4_GROUP,
    Ipv4Header, Priority, Receiver, Vrid,
};

fn main() -> Result<(), Box<dyn Error>> {
    let vrid = Vrid::new(51).ok_or("0 is no VRID")?;
    let interval = AdvertInterval::V3(Centiseconds::new(100).ok_or("above 4095")?);
    let own = [Ipv4Addr::new(192, 0, 2, 2), Ipv4Addr::new(192, 0, 2, 3)];
    let mut routers = [150, 100].map(|priority| {
        let config = RouterConfig::new(vrid, Family::Ipv4, interval);
        VirtualRouter::new(RouterConfig { priority: Priority::new(priority), ..config })
    });
    let mut inboxes: [VecDeque<Vec<u8>>; 2] = Default::default();
    for (router, address) in routers.iter_mut().zip(own) {
        router.handle_startup(Instant::ZERO, address.into());
    }

    let end = Instant::ZERO + Duration::from_secs(5);
    let mut now = Instant::ZERO;
    while now < end {
        for (index, router) in routers.iter_mut().enumerate() {
            // What arrived, checked as RFC 9568 §7.1 says.
            while let Some(packet) = inboxes[index].pop_front() {
                let receiver = Receiver::new(Family::Ipv4, vrid, interval);
                let accepted = receiver.check(&Datagram::from_ipv4(&packet)?)?;
                router.handle_advert(now, now, &Received::from(&accepted))?;
            }
            router.handle_timeout(now);
            // What it asks for.
            while let Some(action) = router.poll_action() {
                println!("{now} {}: {action:?}", own[index]);
                if let Action::SendAdvert(priority) = action {
                    let addresses = Addresses::V4(&[[192, 0, 2, 1]]);
                    let advert = Advert { vrid, priority, interval, addresses, auth: AuthData::None };
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
