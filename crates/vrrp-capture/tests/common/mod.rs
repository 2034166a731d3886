//! Frames for tests.

#![allow(unreachable_pub, reason = "a module of several tests")]

use std::net::Ipv4Addr;
use std::time::Duration;

use vrrp_capture::{Capture, Link};
use vrrp_proto::{
    Addresses, Advert, AuthData, ChecksumRule, IPV4_GROUP, Ipv4Header, Priority, RouterInterval, Version,
    Vrid, ethernet_header,
};

/// An advert of version 3 from 192.0.2.`last`, whole with its Ethernet header.
#[derive(Clone, Copy)]
pub struct Frame {
    pub last: u8,
    pub priority: u8,
    pub interval_ms: u64,
    pub ttl: u8,
    pub vip: u8,
}

impl Frame {
    pub fn new(last: u8, priority: u8) -> Self {
        Self { last, priority, interval_ms: 1000, ttl: 255, vip: 100 }
    }

    pub fn octets(self) -> Vec<u8> {
        let interval = RouterInterval::nearest(Version::V3, Duration::from_millis(self.interval_ms));
        let advert = Advert {
            vrid: Vrid::new(51).unwrap(),
            priority: Priority::new(self.priority),
            interval: interval.into(),
            addresses: Addresses::V4(&[[192, 0, 2, self.vip]]),
            auth: AuthData::None,
        };
        let source = Ipv4Addr::new(192, 0, 2, self.last);
        let header = Ipv4Header { ttl: self.ttl, ..Ipv4Header::new(source, IPV4_GROUP) };
        let mut packet = [0; 64];
        let length = header.emit(&mut packet, &advert, ChecksumRule::PseudoHeader).unwrap();
        let mut frame = ethernet_header([2, 0, 0, 0, 0, self.last], IPV4_GROUP.into()).to_vec();
        frame.extend(&packet[..length]);
        frame
    }
}

/// A capture that begins 1,000 s after 1970 with some frames at milliseconds after that.
pub fn capture(frames: &[(u64, Vec<u8>)]) -> Capture {
    let mut capture = Capture::default();
    for (ms, frame) in frames {
        let at = Duration::from_secs(1000) + Duration::from_millis(*ms);
        capture.handle_frame(at, Link::Ethernet, frame, frame.len());
    }
    capture
}

/// A pcap file with these frames.
#[allow(dead_code, reason = "not every test reads files")]
pub fn pcap(frames: &[(u64, Vec<u8>)]) -> Vec<u8> {
    let mut file = Vec::new();
    file.extend(0xa1b2_c3d4_u32.to_le_bytes());
    file.extend([2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 1, 0, 0, 0]);
    for (ms, frame) in frames {
        let length = u32::try_from(frame.len()).unwrap();
        let seconds = u32::try_from(1000 + ms / 1000).unwrap();
        for word in [seconds, u32::try_from(ms % 1000).unwrap() * 1000, length, length] {
            file.extend(word.to_le_bytes());
        }
        file.extend(frame);
    }
    file
}
