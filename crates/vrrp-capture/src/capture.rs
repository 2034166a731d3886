//! Frames in, a report out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use vrrp_proto::{
    Addresses, Advert, AuthTrailer, Datagram, IpError, ParseError, Version, checksum_readings, peek,
};

use crate::frame::{Link, Packet, packet};
use crate::report::{Change, ChangeKind, Report, RouterId, Span};
use crate::router::{Heard, Router, RouterEvent, millis};
use crate::{Finding, FindingKind};

/// Takes the frames of a link.
#[derive(Clone, Debug, Default)]
pub struct Capture {
    begin: Option<Duration>,
    now: Duration,
    frames: u64,
    adverts: u64,
    cut: u64,
    left_out: u64,
    routers: BTreeMap<RouterId, Router>,
    changes: Vec<Change>,
    findings: BTreeMap<Key, Finding>,
}

/// Findings with the same key are one.
type Key = (FindingKind, Option<RouterId>, Option<IpAddr>, u32);

impl Capture {
    /// Takes a frame of which `octets` were captured, and which had `length` octets on the link, at a time since 1970.
    /// A time before that of the frame before counts as the same.
    pub fn handle_frame(&mut self, at: Duration, link: Link, octets: &[u8], length: usize) {
        self.handle_end(at);
        self.frames += 1;
        if let Some(packet) = packet(link, octets) {
            self.handle(&packet, length > octets.len());
        }
    }

    /// Takes an IP packet, whole, that somebody else took out of a frame without a VLAN tag.
    pub fn handle_packet(&mut self, at: Duration, mac: Option<[u8; 6]>, octets: &[u8]) {
        self.handle_end(at);
        self.frames += 1;
        self.handle(&Packet { mac, vlan: None, octets }, false);
    }

    /// Says that the link was listened to until now, with no more frames.
    pub fn handle_end(&mut self, at: Duration) {
        let begin = *self.begin.get_or_insert(at);
        self.now = self.now.max(at.saturating_sub(begin));
    }

    /// Changes of masters until now, in their order.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Everything that was found until now.
    pub fn report(&self) -> Report {
        let mut whole = self.clone();
        for (id, router) in &self.routers {
            whole.compare(*id, router);
        }
        let mut findings: Vec<Finding> = whole.findings.into_values().collect();
        findings.sort_by_key(|finding| finding.severity);
        let begin = self.begin.and_then(|begin| {
            Timestamp::new(begin.as_secs().try_into().ok()?, begin.subsec_nanos().try_into().ok()?).ok()
        });
        Report {
            v: 1,
            begin,
            length_ms: millis(self.now),
            frames: self.frames,
            adverts: self.adverts,
            cut: self.cut,
            left_out: whole.left_out,
            routers: self.routers.iter().map(|(id, router)| router.report(*id)).collect(),
            changes: self.changes.clone(),
            findings,
        }
    }

    fn handle(&mut self, packet: &Packet<'_>, is_cut: bool) {
        let Some(is_vrrp) = is_vrrp(packet.octets) else { return };
        if is_cut {
            self.cut += u64::from(is_vrrp);
            return;
        }
        let is_v4 = packet.octets.first().is_some_and(|first| first >> 4 == 4);
        let read = if is_v4 { Datagram::from_ipv4 } else { Datagram::from_ipv6 };
        match read(packet.octets) {
            Ok(datagram) => self.handle_datagram(packet, &datagram),
            Err(IpError::Protocol { .. }) => {}
            Err(error) if is_vrrp => {
                let source = source(packet.octets);
                self.find(FindingKind::IpHeader, None, source, 0, format!("its IP header is wrong: {error}"));
            }
            Err(_) => {}
        }
    }

    fn handle_datagram(&mut self, packet: &Packet<'_>, datagram: &Datagram<'_>) {
        let endpoints = &datagram.endpoints;
        let (source, destination) = (endpoints.source(), endpoints.destination());
        let id = peek(datagram.message).map(|peek| RouterId {
            vlan: packet.vlan,
            vrid: peek.vrid,
            ipv6: source.is_ipv6(),
            group: destination.is_multicast().then_some(destination),
        });
        let advert = match parse(datagram) {
            Ok(advert) => advert,
            Err(error) => {
                let text = format!("its message is no advert: {error}");
                return self.find(FindingKind::Malformed, id, Some(source), 0, text);
            }
        };
        if destination.is_multicast() && datagram.ttl != vrrp_proto::TTL {
            let text = format!("TTL {} instead of 255: receivers discard it", datagram.ttl);
            self.find(FindingKind::Ttl, id, Some(source), 0, text);
        }
        if !has_right_checksum(&advert, datagram) {
            let text = "the checksum is wrong: receivers discard it".to_owned();
            return self.find(FindingKind::Checksum, id, Some(source), 0, text);
        }
        self.adverts += 1;
        if let Some(id) = id {
            self.handle_advert(id, heard(self.now, source, packet.mac, &advert));
        }
    }

    fn handle_advert(&mut self, id: RouterId, heard: Heard) {
        if !self.routers.contains_key(&id) && self.routers.len() >= MOST_ROUTERS {
            self.left_out += 1;
            return;
        }
        let source = heard.source;
        let mut told = Vec::new();
        self.routers.entry(id).or_default().handle(heard, &mut |what| told.push(what));
        for what in told {
            self.tell(id, source, what);
        }
    }

    fn tell(&mut self, id: RouterId, source: IpAddr, told: RouterEvent) {
        match told {
            RouterEvent::Change(what) => self.change(id, source, what),
            RouterEvent::LeftOut => self.left_out += 1,
            RouterEvent::Gap { silent, interval } => {
                let text = format!("{silent:.3?} between two adverts of an interval of {interval:?}");
                self.find_since(FindingKind::Gap, (id, source), silent, 0, text);
            }
            RouterEvent::Silence { silent } => {
                let text = format!("no master was heard for {silent:.3?} before this one");
                self.find_since(FindingKind::Silence, (id, source), silent, 0, text);
            }
            RouterEvent::TwoMasters { other, from, until } => {
                let (one, two) = (source.min(other), source.max(other));
                let text = format!("{one} and {two} were master at the same time");
                let place = u32::try_from(from.as_millis()).unwrap_or(u32::MAX);
                self.find(FindingKind::TwoMasters, Some(id), Some(one), place, text);
                let key = (FindingKind::TwoMasters, Some(id), Some(one), place);
                if let Some(found) = self.findings.get_mut(&key) {
                    found.span = Span { from_ms: millis(from), until_ms: millis(until) };
                    found.count = 1;
                    found.other = Some(two);
                }
            }
        }
    }

    fn change(&mut self, router: RouterId, source: IpAddr, what: ChangeKind) {
        if what == ChangeKind::Goodbye {
            let text = "it left with priority 0".to_owned();
            self.find(FindingKind::PriorityZero, Some(router), Some(source), 0, text);
        }
        if self.changes.len() >= MOST_CHANGES {
            self.left_out += 1;
            return;
        }
        self.changes.push(Change { at_ms: millis(self.now), router, source, what });
    }

    /// A finding that began a while ago.
    fn find_since(
        &mut self,
        kind: FindingKind,
        (id, source): (RouterId, IpAddr),
        silent: Duration,
        place: u32,
        text: String,
    ) {
        let is_new = !self.findings.contains_key(&(kind, Some(id), Some(source), place));
        self.find(kind, Some(id), Some(source), place, text);
        let from_ms = millis(self.now.saturating_sub(silent));
        if is_new && let Some(found) = self.findings.get_mut(&(kind, Some(id), Some(source), place)) {
            found.span.from_ms = from_ms;
        }
    }

    fn find(
        &mut self,
        kind: FindingKind,
        router: Option<RouterId>,
        source: Option<IpAddr>,
        place: u32,
        text: String,
    ) {
        let now = millis(self.now);
        let key = (kind, router, source, place);
        if let Some(found) = self.findings.get_mut(&key) {
            found.count += 1;
            found.span.until_ms = now;
        } else if self.findings.len() >= MOST_FINDINGS {
            self.left_out += 1;
        } else {
            let span = Span { from_ms: now, until_ms: now };
            let severity = kind.severity();
            self.findings
                .insert(key, Finding { kind, severity, router, source, other: None, count: 1, span, text });
        }
    }

    /// Differences between the speakers of a router.
    fn compare(&mut self, id: RouterId, router: &Router) {
        let mut speakers = router.speakers();
        let Some(first) = speakers.next() else { return };
        for other in speakers {
            let one = first.source;
            let mut differ = |kind, text| self.find(kind, Some(id), Some(other.source), 0, text);
            if other.version != first.version {
                let text = format!("version {}, but {one} speaks {}", other.version, first.version);
                differ(FindingKind::Version, text);
            }
            if other.interval != first.interval {
                let text = format!("interval {:?}, but {:?} at {one}", other.interval, first.interval);
                differ(FindingKind::Interval, text);
            }
            if sorted(&other.addresses) != sorted(&first.addresses) {
                let text = format!(
                    "virtual addresses {}, but {} at {one}: another cluster with this VRID?",
                    list(&other.addresses),
                    list(&first.addresses)
                );
                differ(FindingKind::Addresses, text);
            }
            if other.priority == first.priority {
                let text = format!("priority {}, as {one} has", other.priority);
                differ(FindingKind::SamePriority, text);
            }
        }
    }
}

/// Reads a message. A trailer that signs it is none of the advert.
fn parse<'a>(datagram: &Datagram<'a>) -> Result<Advert<'a>, ParseError> {
    let family = datagram.endpoints.family();
    match Advert::parse(datagram.message, family) {
        Err(ParseError::Length { expected, actual }) if actual == expected + AuthTrailer::LEN => {
            Advert::parse(datagram.message.get(..expected).unwrap_or_default(), family)
        }
        read => read,
    }
}

/// Whether a receiver of VRRP takes the checksum.
fn has_right_checksum(advert: &Advert<'_>, datagram: &Datagram<'_>) -> bool {
    let message = datagram.message.get(..advert.buffer_len()).unwrap_or(datagram.message);
    let readings = checksum_readings(message, &datagram.endpoints);
    match (advert.version(), datagram.endpoints.source()) {
        (Version::V2, _) => readings.message_only,
        (Version::V3, IpAddr::V4(_)) => {
            let multicast =
                matches!(datagram.endpoints.destination(), IpAddr::V4(group) if group.is_multicast());
            readings.message_only || readings.pseudo_header || readings.old_unicast && !multicast
        }
        (Version::V3, IpAddr::V6(_)) => readings.pseudo_header,
    }
}

fn heard(at: Duration, source: IpAddr, mac: Option<[u8; 6]>, advert: &Advert<'_>) -> Heard {
    Heard {
        at,
        source,
        mac,
        version: advert.version().number(),
        priority: advert.priority.get(),
        interval: advert.interval.duration(),
        addresses: Addresses::iter(advert.addresses).collect(),
    }
}

/// Whether an IP packet is one of VRRP for certain; none: certainly not.
fn is_vrrp(packet: &[u8]) -> Option<bool> {
    match packet.first()? >> 4 {
        4 => match packet.get(9)? {
            112 => Some(true),
            // An authentication header, of whatever.
            51 => Some(packet.get(16..20)? == vrrp_proto::IPV4_GROUP.octets()),
            _ => None,
        },
        6 => match packet.get(6)? {
            112 => Some(true),
            // Extension headers come first.
            0 | 43 | 44 | 60 => Some(packet.get(24..40)? == vrrp_proto::IPV6_GROUP.octets()),
            _ => None,
        },
        _ => None,
    }
}

/// The sender of a packet that is damaged otherwise.
fn source(packet: &[u8]) -> Option<IpAddr> {
    if packet.first()? >> 4 == 4 {
        return packet.get(12..)?.first_chunk::<4>().map(|octets| IpAddr::from(*octets));
    }
    packet.get(8..)?.first_chunk::<16>().map(|octets| IpAddr::from(*octets))
}

fn sorted(addresses: &[IpAddr]) -> Vec<IpAddr> {
    let mut sorted = addresses.to_vec();
    sorted.sort();
    sorted.dedup();
    sorted
}

fn list(addresses: &[IpAddr]) -> String {
    let shown: Vec<String> = addresses.iter().take(4).map(ToString::to_string).collect();
    let more = if addresses.len() > shown.len() { ", …" } else { "" };
    format!("{}{more}", shown.join(", "))
}

const MOST_ROUTERS: usize = 4096;
const MOST_CHANGES: usize = 10_000;
const MOST_FINDINGS: usize = 1000;
