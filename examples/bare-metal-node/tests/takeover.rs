//! Two machines on a cable: the better one serves, and the other one when its link is down.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::time::Duration;

use bare_metal_node::{Machine, Port};
use vrrp_election::{Instant, LinkId, RouterConfig, RouterSetup};
use vrrp_proto::{Family, RouterInterval, RouterPriority, Vrid};

const VIRTUAL: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

type Wire = RefCell<VecDeque<Vec<u8>>>;

struct Cable<'a> {
    to_us: &'a Wire,
    to_them: &'a Wire,
    is_plugged: bool,
    serves: bool,
}

impl Port for Cable<'_> {
    fn receive<'b>(&mut self, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
        let packet = self.to_us.borrow_mut().pop_front()?;
        let room = buffer.get_mut(..packet.len())?;
        room.copy_from_slice(&packet);
        Some(room)
    }

    fn send(&mut self, packet: &[u8]) {
        if self.is_plugged {
            self.to_them.borrow_mut().push_back(packet.to_vec());
        }
    }

    fn serve(&mut self, address: Ipv4Addr, is_active: bool) {
        assert_eq!(address, VIRTUAL);
        self.serves = is_active;
    }
}

fn machine(last: u8, priority: u8) -> Machine<1> {
    let interval = RouterInterval::centiseconds(100).expect("in range");
    let config = RouterConfig {
        priority: RouterPriority::new(priority).expect("in range"),
        ..RouterConfig::new(Vrid::new(51).expect("in range"), Family::Ipv4, interval)
    };
    let routers = [(RouterSetup::new(config, LinkId(0)), VIRTUAL)];
    Machine::new(Instant::ZERO, Ipv4Addr::new(192, 0, 2, last), routers)
}

#[test]
fn the_other_machine_serves_when_the_cable_of_the_better_one_is_pulled() {
    let (wire_a, wire_b) = (Wire::default(), Wire::default());
    let mut a =
        (machine(2, 200), Cable { to_us: &wire_a, to_them: &wire_b, is_plugged: true, serves: false });
    let mut b =
        (machine(3, 100), Cable { to_us: &wire_b, to_them: &wire_a, is_plugged: true, serves: false });
    let mut now = Instant::ZERO;
    let mut run = |seconds: u64, a: &mut (Machine<1>, Cable<'_>), b: &mut (Machine<1>, Cable<'_>)| {
        for _ in 0..seconds * 100 {
            now += Duration::from_millis(10);
            a.0.turn(now, a.1.is_plugged, &mut a.1);
            b.0.turn(now, b.1.is_plugged, &mut b.1);
        }
    };
    run(5, &mut a, &mut b);
    assert_eq!((a.1.serves, b.1.serves), (true, false));
    a.1.is_plugged = false;
    run(5, &mut a, &mut b);
    assert_eq!((a.1.serves, b.1.serves), (false, true));
}
