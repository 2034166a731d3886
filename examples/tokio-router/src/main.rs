//! Two virtual routers as tokio tasks. The better one serves and stops after a second; the other one takes over.
//!
//! They talk through UDP on loopback so that anybody can run this. A real router sends the same messages through a raw
//! socket (protocol 112) to the multicast group and adds the virtual addresses where this prints a line.

use std::{net::Ipv4Addr, time::Duration};

use tokio::net::UdpSocket;
use tokio::time::{Instant as Clock, sleep_until};
use vrrp_election::{Action, Instant, Received, Report, RouterConfig, State, VirtualRouter};
use vrrp_proto::{
    Addresses, AuthData, ChecksumRule, Datagram, Family, IPV4_GROUP, Ipv4Header, RouterInterval,
    RouterPriority, Vrid,
};

type Fallible<T> = Result<T, Box<dyn std::error::Error>>;
const VIRTUAL: [Ipv4Addr; 1] = [Ipv4Addr::new(192, 0, 2, 1)];

#[tokio::main(flavor = "current_thread")]
async fn main() -> Fallible<()> {
    let (first, second) = (UdpSocket::bind("127.0.0.1:0").await?, UdpSocket::bind("127.0.0.1:0").await?);
    first.connect(second.local_addr()?).await?;
    second.connect(first.local_addr()?).await?;
    let start = Clock::now();
    let better = run(start, first, Ipv4Addr::new(192, 0, 2, 2), 200, Duration::from_secs(1));
    let other = run(start, second, Ipv4Addr::new(192, 0, 2, 3), 100, Duration::from_secs(2));
    assert_eq!(tokio::try_join!(better, other)?, (State::Active, State::Active), "states at their ends");
    Ok(())
}

/// One router, until `end`; gives the state that it was in then.
async fn run(start: Clock, socket: UdpSocket, own: Ipv4Addr, priority: u8, end: Duration) -> Fallible<State> {
    let interval = RouterInterval::centiseconds(10)?;
    let config = RouterConfig::new(Vrid::new(51)?, Family::Ipv4, interval);
    let mut router = VirtualRouter::new(RouterConfig { priority: RouterPriority::new(priority)?, ..config });
    let now = || Instant::ZERO + start.elapsed();
    router.handle_startup(now(), own.into());
    let mut packet = [0; 1500];
    loop {
        perform(&mut router, &socket, own).await?;
        let due = router.poll_timeout().map_or(end, |due| end.min(due.since(Instant::ZERO)));
        tokio::select! {
            biased; // everything that arrived comes before time: see `handle_timeout`
            Ok(len) = socket.recv(&mut packet) => {
                let accepted = router.config().receiver().check(&Datagram::from_ipv4(&packet[..len])?)?;
                router.handle_advert(now(), now(), &Received::from(&accepted))?;
            }
            () = sleep_until(start + due) => router.handle_timeout(now()),
        }
        if start.elapsed() >= end {
            let state = router.state();
            router.handle_shutdown(now()); // asks for an advert with priority 0: the other one need not wait
            perform(&mut router, &socket, own).await?;
            return Ok(state);
        }
    }
}

/// Does everything that the router asks for.
async fn perform(router: &mut VirtualRouter, socket: &UdpSocket, own: Ipv4Addr) -> Fallible<()> {
    while let Some(action) = router.poll_action() {
        match action {
            Action::SendAdvert(priority) => {
                let advert = router.config().advert(priority, Addresses::from(&VIRTUAL[..]), AuthData::None);
                let (header, mut packet) = (Ipv4Header::new(own, IPV4_GROUP), [0; 60]);
                let len = header.emit(&mut packet, &advert, ChecksumRule::PseudoHeader)?;
                let _ = socket.send(&packet[..len]).await; // a peer that has stopped refuses it
            }
            Action::AddAddresses => println!("{own} adds {VIRTUAL:?}"),
            Action::RemoveAddresses => println!("{own} removes {VIRTUAL:?}"),
            Action::Announce { repeat } => println!("{own} announces {VIRTUAL:?} {repeat} times"),
            Action::Report(Report::Transition { from, to, cause }) => {
                println!("{own} {from} -> {to}: {cause}");
            }
            Action::Report(report) => println!("{own} {report}"),
        }
    }
    Ok(())
}
