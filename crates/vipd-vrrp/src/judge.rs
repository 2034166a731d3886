//! Is this packet an advertisement for one of our routers? Defects are counted and reported, rarely.

use std::collections::HashMap;
use std::mem::Discriminant;
use std::time::Duration;

use vrrp_election::{Instant, Report, RouterId};
use vrrp_proto::{
    Accepted, AhSequence, AuthData, ChecksumRule, Counter, Datagram, ExpectedAuth, Mode, Receiver, Rejection,
    TrailerStamp, Warnings,
};

use super::plan::{Reach, RouterAuth, RouterPlan};
use super::rejections::Rejections;
use super::trailer::Stamps;

/// Memory of the receive checks about one router.
#[derive(Clone, Debug, Default)]
pub(super) struct Record {
    pub(super) rejected: Rejections,
    /// Of Authentication Headers.
    ah: AhSequence,
    /// The last peer that was heard sums up as keepalived before 1.3.7 does.
    hears_old_checksum: bool,
    /// Of authentication trailers.
    pub(super) stamps: Option<Box<Stamps>>,
    /// When its standing last changed, on the wall clock since 1970: only to be shown.
    pub(super) last_transition: Duration,
}

impl Record {
    /// Runs the receive checks of RFC 9568 §7.1 and RFC 3768 §7.1 for one router. `since_1970` is the wall clock.
    pub(super) fn judge<'p>(
        &mut self,
        router: &RouterPlan,
        datagram: &Datagram<'p>,
        since_1970: Duration,
    ) -> Result<Accepted<'p>, Rejection> {
        let mut receiver = self.receiver(router);
        if let RouterAuth::Trailer(plan) = &router.auth {
            let source = datagram.endpoints.source();
            receiver.trailer = Some(self.stamps.get_or_insert_default().expected(plan, source, since_1970));
        }
        let result = receiver.check(datagram);
        match &result {
            Ok(accepted) => {
                self.hears_old_checksum = accepted.checksum == ChecksumRule::OldUnicast;
                if let Some(sequence) = accepted.ah_sequence {
                    self.ah.note(sequence);
                }
                if let (RouterAuth::Trailer(plan), Some(trailer)) = (&router.auth, accepted.trailer) {
                    let stamps = self.stamps.get_or_insert_default();
                    stamps.note(plan, accepted.source, trailer, since_1970);
                }
            }
            Err(rejection) => self.rejected.add(rejection.counter()),
        }
        result
    }

    /// The sequence number of the next advert that leaves, if it has an Authentication Header.
    pub(super) fn next_ah_sequence(&mut self, auth: &RouterAuth, since_1970: Duration) -> u32 {
        if let RouterAuth::Ah(_) = auth { self.ah.next(since_1970) } else { 0 }
    }

    /// The stamp of the next advert that leaves, if it is signed.
    pub(super) fn next_stamp(&mut self, auth: &RouterAuth, since_1970: Duration) -> Option<TrailerStamp> {
        let RouterAuth::Trailer(plan) = auth else { return None };
        Some(self.stamps.get_or_insert_default().next(plan, since_1970))
    }

    /// Checksum rule of the next advert.
    pub(super) const fn checksum(&self, router: &RouterPlan) -> ChecksumRule {
        if self.hears_old_checksum { ChecksumRule::OldUnicast } else { router.checksum }
    }

    fn receiver<'r>(&self, router: &'r RouterPlan) -> Receiver<'r> {
        Receiver {
            mode: match &router.reach {
                Reach::Multicast { group } => Mode::Multicast { group: *group },
                Reach::Unicast { peers, strangers, .. } => Mode::Unicast { peers, strangers: *strangers },
            },
            auth: match router.auth {
                RouterAuth::None | RouterAuth::Trailer(_) => ExpectedAuth::None,
                RouterAuth::Password(password) => ExpectedAuth::Password(password),
                RouterAuth::Ah(key) => self.ah.expected(key),
            },
            addresses: router.checks_list.then(|| router.advertised.borrow()),
            policy: router.policy(),
            ..router.config.receiver()
        }
    }
}

/// The authentication that a router's own adverts carry.
pub(super) fn auth_data(auth: &RouterAuth) -> AuthData {
    match auth {
        RouterAuth::None | RouterAuth::Trailer(_) => AuthData::None,
        RouterAuth::Password(password) => AuthData::Password(*password),
        RouterAuth::Ah(_) => AuthData::Ah,
    }
}

/// Says the same thing about the same router at most once a minute, and how often it was kept to itself.
///
/// Bounded: there are few kinds of complaints, and as many routers as the configuration has.
#[derive(Debug, Default)]
pub(super) struct Complaints {
    last: HashMap<(Option<RouterId>, Kind), (Instant, u64)>,
}

/// Subject of a complaint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Rejected(Counter),
    Warned(u32),
    NotSent,
    UnknownVrid,
    NotAPacket,
    Announcement,
    Socket,
    Lost,
    Reported(Discriminant<Report>),
    Tables,
    Changes,
}

impl Kind {
    pub(super) fn warned(warnings: Warnings) -> Self {
        Self::Warned(warnings.bits().into())
    }
}

impl Complaints {
    /// The text to log, if it is time to.
    pub(super) fn about(
        &mut self,
        now: Instant,
        router: Option<RouterId>,
        kind: Kind,
        text: impl FnOnce() -> String,
    ) -> Option<String> {
        match self.last.get_mut(&(router, kind)) {
            Some((last, unsaid)) if now.since(*last) < PAUSE => {
                *unsaid += 1;
                None
            }
            known => {
                let unsaid = known.map_or(0, |(_, unsaid)| *unsaid);
                self.last.insert((router, kind), (now, 0));
                Some(match unsaid {
                    0 => text(),
                    _ => format!("{} ({unsaid} more of this kind since)", text()),
                })
            }
        }
    }

    /// The numbers of routers mean something else now.
    pub(super) fn forget(&mut self) {
        self.last.clear();
    }
}

const PAUSE: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use vrrp_proto::{IPV4_GROUP, Ipv4Header, Priority};

    use super::*;
    use crate::ipc::Generation;
    use crate::plan::Plan;

    #[test]
    fn a_unicast_router_accepts_its_peers_and_with_check_unicast_src_no_other_router() {
        let text = "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n unicast_src_ip 192.0.2.1\n \
                    check_unicast_src\n unicast_peer {\n 192.0.2.2\n }\n virtual_ipaddress {\n 192.0.2.100\n }\n}";
        let plan = Plan::new(Generation::default(), keepalived_conf::load_str(text).config);
        let router = &plan.routers[0];
        let advert = router.config.advert(Priority::new(90), router.advertised.borrow(), AuthData::None);
        let heard = |last: u8| {
            let mut buffer = [0; 64];
            let header = Ipv4Header::new([192, 0, 2, last].into(), [192, 0, 2, 1].into());
            let length = header.emit(&mut buffer, &advert, router.checksum).unwrap();
            let datagram = Datagram::from_ipv4(&buffer[..length]).unwrap();
            Record::default().judge(router, &datagram, Duration::ZERO).is_ok()
        };
        assert!(heard(2));
        assert!(!heard(3));
    }

    /// The packet is that of keepalived 2.2.7 with `old_unicast_checksum`.
    #[test]
    fn a_peer_that_sums_up_as_old_keepaliveds_is_heard_and_spoken_to_in_the_same_way() {
        let packet = [
            0x45, 0xc0, 0x00, 0x20, 0x00, 0x01, 0x00, 0x00, 0xff, 0x70, 0x37, 0x47, 0xc0, 0xa8, 0x01, 0x0a,
            0xc0, 0xa8, 0x01, 0x0b, 0x31, 0x33, 0x96, 0x01, 0x00, 0x14, 0xd4, 0x68, 0xc0, 0xa8, 0x01, 0x64,
        ];
        let heard = |keyword: &str| {
            let text = format!(
                "vrrp_instance V {{\n interface eth0\n version 3\n virtual_router_id 51\n {keyword}\n unicast_peer {{\n \
                 192.168.1.10\n }}\n virtual_ipaddress {{\n 192.168.1.100\n }}\n}}"
            );
            let plan = Plan::new(Generation::default(), keepalived_conf::load_str(&text).config);
            let (router, mut record) = (&plan.routers[0], Record::default());
            let before = record.checksum(router);
            let datagram = Datagram::from_ipv4(&packet).unwrap();
            let is_heard = record.judge(router, &datagram, Duration::ZERO).is_ok();
            (before, is_heard, record.checksum(router))
        };
        let (plain, old) = (ChecksumRule::PseudoHeader, ChecksumRule::OldUnicast);
        assert_eq!(heard(""), (plain, true, old));
        assert_eq!(heard("old_unicast_checksum"), (old, true, old));
        assert_eq!(heard("old_unicast_checksum never"), (plain, false, plain));
    }

    /// They would stay Active side by side for ever, and neither would say so.
    #[test]
    fn an_address_owner_hears_another_owner_in_both_versions() {
        for version in [2, 3] {
            let text = format!(
                "vrrp_instance V {{\n interface eth0\n version {version}\n virtual_router_id 51\n priority 255\n \
                 virtual_ipaddress {{\n 192.0.2.1\n }}\n}}"
            );
            let plan = Plan::new(Generation::default(), keepalived_conf::load_str(&text).config);
            let router = &plan.routers[0];
            let advert =
                router.config.advert(Priority::OWNER, router.advertised.borrow(), auth_data(&router.auth));
            let mut buffer = [0; 64];
            let header = Ipv4Header::new([192, 0, 2, 2].into(), IPV4_GROUP);
            let length = header.emit(&mut buffer, &advert, router.checksum).unwrap();
            let datagram = Datagram::from_ipv4(&buffer[..length]).unwrap();
            assert!(Record::default().judge(router, &datagram, Duration::ZERO).is_ok(), "version {version}");
        }
    }

    /// After a partition both are Active, and the one that has to be obeyed may have sent less.
    #[test]
    fn an_authentication_header_is_compared_with_received_numbers_only() {
        let text = "vrrp_instance V {\n interface eth0\n version 2\n virtual_router_id 51\n authentication {\n auth_type AH\n \
                    auth_pass secret\n }\n virtual_ipaddress {\n 192.0.2.1\n }\n}";
        let plan = Plan::new(Generation::default(), keepalived_conf::load_str(text).config);
        let router = &plan.routers[0];
        let RouterAuth::Ah(key) = router.auth else { panic!("{:?}", router.auth) };
        let advert =
            router.config.advert(Priority::new(200), router.advertised.borrow(), auth_data(&router.auth));
        let mut record = Record::default();
        assert_eq!(record.next_ah_sequence(&router.auth, Duration::ZERO), 1);
        for _ in 0..9 {
            record.next_ah_sequence(&router.auth, Duration::ZERO);
        }
        let mut receive = |sequence| {
            let mut buffer = [0; 128];
            let header = Ipv4Header::new([192, 0, 2, 2].into(), IPV4_GROUP);
            let length = header.emit_ah(&mut buffer, &advert, key, sequence).unwrap();
            let datagram = Datagram::from_ipv4(&buffer[..length]).unwrap();
            let is_heard = record.judge(router, &datagram, Duration::ZERO).is_ok();
            (is_heard, record.next_ah_sequence(&router.auth, Duration::ZERO))
        };
        assert_eq!(receive(3), (true, 11));
        assert_eq!(receive(3), (false, 12), "a repeated packet");
        assert_eq!(receive(50), (true, 51), "peers that heard 50 must hear us");
    }

    #[test]
    fn a_flood_of_the_same_complaint_is_one_line_a_minute() {
        let mut complaints = Complaints::default();
        let mut say = |second| {
            let now = Instant::ZERO + Duration::from_secs(second);
            complaints.about(now, None, Kind::NotAPacket, || "bad".to_owned())
        };
        assert_eq!(say(0).as_deref(), Some("bad"));
        assert_eq!(say(1), None);
        assert_eq!(say(59), None);
        assert_eq!(say(60).as_deref(), Some("bad (2 more of this kind since)"));
        assert_eq!(say(61), None);
        complaints.forget();
        let now = Instant::ZERO + Duration::from_secs(62);
        let after_a_reload = complaints.about(now, None, Kind::NotAPacket, || "bad".to_owned());
        assert_eq!(after_a_reload.as_deref(), Some("bad"));
    }

    #[test]
    fn reports_of_one_kind_are_one_line_a_minute_whatever_is_reported_between() {
        let source = std::net::Ipv4Addr::new(192, 0, 2, 3).into();
        let leaves = std::mem::discriminant(&Report::ActiveLeaves { source });
        let owners = std::mem::discriminant(&Report::TwoOwners { source });
        let mut complaints = Complaints::default();
        let mut lines = 0;
        for millisecond in (0..59_999).step_by(100) {
            let now = Instant::ZERO + Duration::from_millis(millisecond);
            for kind in [leaves, owners] {
                let line =
                    complaints.about(now, Some(RouterId(0)), Kind::Reported(kind), || "said".to_owned());
                lines += usize::from(line.is_some());
            }
        }
        assert_eq!(lines, 2, "one of each kind");
    }
}
