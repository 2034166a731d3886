//! A Backup takes over from an Active that falls silent, on counted time: `cargo run --example takeover`.
//!
//! No socket, no clock, no thread: the program around the router brings these.

use std::error::Error;
use std::time::Duration;

use vrrp_election::{Instant, Received, RouterConfig, State, VirtualRouter};
use vrrp_proto::{Family, Priority, RouterInterval, Vrid};

fn main() -> Result<(), Box<dyn Error>> {
    let config = RouterConfig::new(Vrid::new(51)?, Family::Ipv4, RouterInterval::centiseconds(100)?);
    let interval = config.interval.into();
    let mut router = VirtualRouter::new(config);
    let mut now = Instant::ZERO;
    router.handle_startup(now, "192.0.2.3".parse()?);

    // An Active with a higher priority advertises each second for three seconds, and then nothing more.
    let advert = Received { source: "192.0.2.2".parse()?, priority: Priority::new(200), interval };
    for _ in 0..3 {
        now += Duration::from_secs(1);
        router.handle_advert(now, now, &advert)?;
    }
    println!("{now}: the last advertisement of 192.0.2.2");

    while router.state() != State::Active {
        now = router.poll_timeout().ok_or("a Backup always waits")?;
        router.handle_timeout(now);
    }
    while let Some(action) = router.poll_action() {
        println!("{now}: {action:?}");
    }
    Ok(())
}
