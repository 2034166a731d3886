//! The UDP checker over the loopback interface.

#![allow(clippy::unwrap_used, reason = "tests")]

mod small;

use std::net::{SocketAddr, UdpSocket};
use std::thread;
use std::time::Duration;

use lvs_health::{Failure, Outcome, Protocol, Reply, Udp, WeightUpdate, udp};
use small::{PATIENCE, attempt};

const PASS: Outcome = Outcome::Pass(WeightUpdate::Unchanged);

fn check(reply: Option<Reply>) -> Protocol {
    Protocol::Udp(Udp { payload: udp::DEFAULT_PAYLOAD.to_vec(), reply }.into())
}

fn echo() -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut datagram = [0; 512];
        while let Ok((len, client)) = socket.recv_from(&mut datagram) {
            socket.send_to(&datagram[..len], client).unwrap();
        }
    });
    address
}

/// `6b 65 6x`
const KE: [(u8, u8); 3] = [(0x6b, 0xff), (0x65, 0xff), (0x60, 0xf0)];

#[test]
fn a_reply_is_compared_with_what_is_wanted() {
    let reply = |min_length| Some(Reply { pattern: KE.to_vec(), min_length, max_length: 255 });
    assert_eq!(attempt(echo(), check(reply(32)), PATIENCE), PASS);
    assert_eq!(attempt(echo(), check(reply(33)), PATIENCE), Outcome::Fail(Failure::Reply));
    let any = Reply { pattern: Vec::new(), min_length: 0, max_length: 0 };
    assert_eq!(attempt(echo(), check(Some(any)), PATIENCE), PASS);
}

#[test]
fn silence_is_good_unless_a_reply_is_required() {
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let soon = Duration::from_millis(100);
    assert_eq!(attempt(address, check(None), soon), PASS);
    let any = Reply { pattern: Vec::new(), min_length: 0, max_length: 255 };
    assert_eq!(attempt(address, check(Some(any)), soon), Outcome::Fail(Failure::Silent("reply")));
}

#[test]
fn a_port_without_a_server_is_reported_by_its_host() {
    let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(
        attempt(address, check(None), PATIENCE),
        Outcome::Fail(Failure::Io(std::io::ErrorKind::ConnectionRefused))
    );
}
