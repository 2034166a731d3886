//! Every frame on the switch that the lab understands, with its octets, so that it can be checked to the last one.

use std::io::{self, Read};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};
use vip_lab::frame::{Advert, Frame};
use vip_lab::{Host, Stamp};
use vrrp_proto::{Addresses, Family, RouterInterval, Version};
use vrrp_proto::{AuthKey, Datagram, ExpectedAuth, Mode, Peer, Receiver, TtlRange, Vrid};

use super::conf::Instance;

/// A frame and when it was read.
#[derive(Clone, Debug)]
pub struct Seen {
    pub at: Stamp,
    pub octets: Vec<u8>,
    pub frame: Frame,
}

/// The octets of a frame, and when they came.
type RawFrame = (Stamp, Vec<u8>);

/// A listener plugged into the LAN like any machine: it hears what is sent to groups and to everybody.
#[derive(Debug)]
pub struct Wire {
    seen: Arc<Mutex<Vec<Seen>>>,
    /// All frames, those that the lab does not understand too.
    raw: Arc<Mutex<Vec<RawFrame>>>,
    stop: Arc<AtomicBool>,
    reader: Option<JoinHandle<()>>,
}

impl Wire {
    pub fn listen(host: &Host) -> io::Result<Self> {
        let mut socket = host.run(open)??;
        let (seen, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let raw = Arc::new(Mutex::new(Vec::new()));
        let (into, raw_into, until) = (Arc::clone(&seen), Arc::clone(&raw), Arc::clone(&stop));
        let body = move || {
            let mut buffer = [0; 2048];
            while !until.load(Ordering::Relaxed) {
                let Ok(length) = socket.read(&mut buffer) else { continue };
                let octets = &buffer[..length];
                let mut raw = raw_into.lock().unwrap();
                if raw.len() < MOST {
                    raw.push((Stamp::now(), octets.to_vec()));
                }
                drop(raw);
                let Some(frame) = Frame::parse(octets) else { continue };
                let mut seen = into.lock().unwrap();
                if seen.len() < MOST {
                    seen.push(Seen { at: Stamp::now(), octets: octets.to_vec(), frame });
                }
            }
        };
        let reader = std::thread::Builder::new().name("wire".to_owned()).spawn(body)?;
        Ok(Self { seen, raw, stop, reader: Some(reader) })
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The frames from this Ethernet address from a moment on, of whatever kind.
    pub fn from(&self, mac: [u8; 6], since: Stamp) -> Vec<Vec<u8>> {
        let raw = self.raw.lock().unwrap();
        let frames = raw.iter().filter(|(at, octets)| *at >= since && octets.get(6..12) == Some(&mac));
        frames.map(|(_, octets)| octets.clone()).collect()
    }

    /// The adverts from a moment on.
    pub fn adverts(&self, since: Stamp) -> Vec<(Stamp, Advert)> {
        let advert = |seen: &Seen| match seen.frame {
            Frame::Advert(advert) if seen.at >= since => Some((seen.at, advert)),
            _ => None,
        };
        self.seen.lock().unwrap().iter().filter_map(advert).collect()
    }

    /// Number of announcements of an address from a moment on.
    pub fn announcements(&self, address: IpAddr, since: Stamp) -> usize {
        let is_it = |frame| matches!(frame, Frame::Announcement { address: of, .. } if of == address);
        self.seen.lock().unwrap().iter().filter(|seen| seen.at >= since && is_it(seen.frame)).count()
    }

    /// Checks every advert of a virtual router as a strict receiver does, down to the Ethernet address.
    #[track_caller]
    pub fn check_adverts(&self, instance: &Instance) {
        let is_its = |frame| matches!(frame, Frame::Advert(advert) if advert.vrid == instance.vrid);
        let mut count = 0;
        for seen in self.seen().iter().filter(|seen| is_its(seen.frame)) {
            count += 1;
            if let Err(problem) = check(instance, &seen.octets) {
                panic!("{}: advert {:?} {:02x?}: {problem}", seen.at, seen.frame, seen.octets);
            }
        }
        assert!(count > 0, "no advert of {} was seen", instance.name);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

/// Frames kept at most.
const MOST: usize = 200_000;
const ETH_P_ALL: u16 = 3;

fn open() -> io::Result<Socket> {
    let protocol = Protocol::from(i32::from(ETH_P_ALL.to_be()));
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(protocol))?;
    socket.set_recv_buffer_size(8 << 20)?;
    socket.set_read_timeout(Some(Duration::from_millis(20)))?;
    Ok(socket)
}

fn check(instance: &Instance, octets: &[u8]) -> Result<(), String> {
    let variant = instance.variant;
    let (family, group_mac) = if variant.ipv6 {
        (Family::Ipv6, [0x33, 0x33, 0, 0, 0, 0x12])
    } else {
        (Family::Ipv4, [0x01, 0x00, 0x5e, 0, 0, 0x12])
    };
    let (head, packet) = octets.split_at_checked(14).ok_or("too short")?;
    if !variant.unicast && head[..6] != group_mac {
        return Err("not sent to the group's Ethernet address".to_owned());
    }
    let version = if variant.version == 2 { Version::V2 } else { Version::V3 };
    let v4: Vec<[u8; 4]> = addresses(instance, |ip| match ip {
        IpAddr::V4(ip) => Some(ip.octets()),
        IpAddr::V6(_) => None,
    });
    let v6: Vec<[u8; 16]> = addresses(instance, |ip| match ip {
        IpAddr::V6(ip) => Some(ip.octets()),
        IpAddr::V4(_) => None,
    });
    let key = variant.password.map(|password| AuthKey::new(password.as_bytes()));
    let peers = [1, 2].map(|last| Peer { address: variant.address(last), ttl: TtlRange::ANY });
    let receiver = Receiver {
        auth: match key {
            None => ExpectedAuth::None,
            Some(key) if variant.ah => ExpectedAuth::Ah { key, last_sequence: 0 },
            Some(password) => ExpectedAuth::Password(password),
        },
        mode: if variant.unicast {
            Mode::Unicast { peers: &peers, strangers: None }
        } else {
            Mode::Multicast { group: vrrp_proto::group(family) }
        },
        addresses: Some(if variant.ipv6 { Addresses::V6(&v6) } else { Addresses::V4(&v4) }),
        ..Receiver::new(
            family,
            Vrid::new(instance.vrid).map_err(|error| error.to_string())?,
            RouterInterval::nearest(version, variant.interval),
        )
    };
    let datagram = if variant.ipv6 { Datagram::from_ipv6(packet) } else { Datagram::from_ipv4(packet) };
    let datagram = datagram.map_err(|error| error.to_string())?;
    if datagram.ttl != variant.ttl.unwrap_or(vrrp_proto::TTL) {
        return Err(format!("TTL or hop limit {}", datagram.ttl));
    }
    let accepted = receiver.check(&datagram).map_err(|rejection| rejection.to_string())?;
    // Test addresses of IPv6 are global ones; nothing else may be remarked on.
    let remarked = accepted.warnings - vrrp_proto::Warnings::FIRST_ADDRESS_NOT_LINK_LOCAL;
    if remarked.is_empty() { Ok(()) } else { Err(remarked.to_string()) }
}

fn addresses<T>(instance: &Instance, octets: impl Fn(IpAddr) -> Option<T>) -> Vec<T> {
    instance.vips.iter().filter_map(|last| octets(instance.variant.address(*last))).collect()
}
