//! Findings in frames that were made for them.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests")]

mod common;

use std::time::Duration;

use common::{Frame, capture};
use jiff::tz::TimeZone;
use vrrp_capture::{Capture, ChangeKind, FindingKind, Link, Report};

fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

fn row(last: u8, priority: u8, times: impl IntoIterator<Item = u64>) -> Vec<(u64, Vec<u8>)> {
    times.into_iter().map(|at| (at, Frame::new(last, priority).octets())).collect()
}

fn merged(rows: impl IntoIterator<Item = Vec<(u64, Vec<u8>)>>) -> Vec<(u64, Vec<u8>)> {
    let mut all: Vec<_> = rows.into_iter().flatten().collect();
    all.sort();
    all
}

#[test]
fn a_steady_master_has_one_reign_and_no_finding() {
    let report = capture(&row(1, 150, [0, 1000, 2010, 3000])).report();
    assert_eq!(kinds(&report), []);
    let speaker = &report.routers[0].speakers[0];
    assert_eq!((speaker.priority, speaker.version, speaker.adverts), (150, 3, 4));
    assert_eq!(speaker.mac.as_deref(), Some("02:00:00:00:00:01"));
    assert_eq!(speaker.longest_gap_ms, Some(1010.0));
    assert_eq!(speaker.jitter_max_ms, Some(10.0));
    assert_eq!(speaker.reigns.len(), 1);
    assert_eq!(report.begin.unwrap().as_second(), 1000);
    assert_eq!(report.changes.len(), 1);
}

#[test]
fn a_takeover_by_priority_is_no_time_with_two_masters_even_if_an_advert_crosses() {
    let frames = merged([row(1, 100, [0, 1000, 2000, 3001]), row(2, 150, [3000, 4000, 5000])]);
    let report = capture(&frames).report();
    assert_eq!(kinds(&report), []);
    let change = &report.changes[1];
    let of = "192.0.2.1".parse().unwrap();
    assert_eq!(change.what, ChangeKind::Preempts { of, its_priority: 100, priority: 150 });
}

#[test]
fn two_masters_are_found_with_their_time() {
    let frames = merged([row(1, 100, [0, 1000, 2000, 3000, 4000]), row(2, 150, [1500, 2500, 3500])]);
    let report = capture(&frames).report();
    assert_eq!(kinds(&report), [FindingKind::TwoMasters]);
    assert_eq!((report.findings[0].span.from_ms, report.findings[0].span.until_ms), (1500.0, 3500.0));
    assert!(report.findings[0].text.contains("192.0.2.1 and 192.0.2.2"), "{}", report.findings[0].text);
}

#[test]
fn a_goodbye_and_a_silence_are_told_apart() {
    let frames = merged([row(1, 150, [0, 1000]), row(1, 0, [1500]), row(2, 100, [2100, 3100])]);
    let report = capture(&frames).report();
    assert_eq!(kinds(&report), [FindingKind::PriorityZero]);
    let of = "192.0.2.1".parse().unwrap();
    assert_eq!(report.changes[1].what, ChangeKind::Goodbye);
    assert_eq!(report.changes[2].what, ChangeKind::AfterGoodbye { of, silent_ms: 600.0 });

    let frames = merged([row(1, 150, [0, 1000]), row(2, 100, [4600, 5600])]);
    let report = capture(&frames).report();
    assert_eq!(kinds(&report), []);
    assert_eq!(report.changes[1].what, ChangeKind::AfterSilence { of, silent_ms: 3600.0 });
}

#[test]
fn a_lost_advert_is_a_gap_and_a_long_outage_a_silence() {
    let report = capture(&row(1, 150, [0, 1000, 3000])).report();
    assert_eq!(kinds(&report), [FindingKind::Gap]);
    assert_eq!(report.findings[0].span.from_ms, 1000.0);
    let report = capture(&row(1, 150, [0, 1000, 9000, 10_000])).report();
    assert_eq!(kinds(&report), [FindingKind::Silence]);
    assert_eq!(report.changes[1].what, ChangeKind::Returns { silent_ms: 8000.0 });
    assert_eq!(report.routers[0].speakers[0].reigns.len(), 2);
}

#[test]
fn an_advert_that_receivers_reject_is_an_error() {
    let forwarded = Frame { ttl: 254, ..Frame::new(1, 100) }.octets();
    let mut damaged = Frame::new(1, 100).octets();
    *damaged.last_mut().unwrap() ^= 1;
    let mut damaged_header = Frame::new(1, 100).octets();
    damaged_header[18] ^= 1;
    let mut other_type = Frame::new(1, 100).octets();
    other_type[34] = 0x32;
    for (frame, kind) in [
        (forwarded, FindingKind::Ttl),
        (damaged, FindingKind::Checksum),
        (damaged_header, FindingKind::IpHeader),
        (other_type, FindingKind::Malformed),
    ] {
        let report = capture(&[(0, frame.clone()), (5, frame)]).report();
        assert_eq!(kinds(&report), [kind]);
        assert_eq!(report.findings[0].count, 2, "{kind:?}");
        assert_eq!(report.findings[0].source, Some("192.0.2.1".parse().unwrap()));
    }
}

#[test]
fn speakers_that_differ_are_compared() {
    let other = Frame { interval_ms: 500, vip: 101, ..Frame::new(2, 100) }.octets();
    let report = capture(&[(0, Frame::new(1, 100).octets()), (100, other)]).report();
    assert_eq!(
        kinds(&report),
        [FindingKind::Interval, FindingKind::Addresses, FindingKind::SamePriority],
        "{report:#?}"
    );
}

#[test]
fn a_vlan_is_a_link_of_its_own_and_padding_does_not_matter() {
    let frame = Frame::new(1, 100).octets();
    let mut tagged = frame[..12].to_vec();
    tagged.extend([0x81, 0, 0, 7]);
    tagged.extend(&frame[12..]);
    tagged.resize(64, 0);
    let report = capture(&[(0, frame), (500, tagged)]).report();
    let vlans: Vec<_> = report.routers.iter().map(|router| router.id.vlan).collect();
    assert_eq!(vlans, [None, Some(7)]);
    assert_eq!(kinds(&report), []);
}

#[test]
fn a_packet_that_was_cut_is_counted_and_not_judged() {
    let frame = Frame::new(1, 100).octets();
    let mut capture = Capture::default();
    capture.handle_frame(Duration::ZERO, Link::Ethernet, &frame[..40], frame.len());
    let report = capture.report();
    assert_eq!((report.cut, report.adverts), (1, 0));
    assert_eq!(kinds(&report), []);
}

#[test]
fn frames_that_are_cut_anywhere_or_have_any_bit_flipped_do_no_harm() {
    let frame = Frame::new(1, 100).octets();
    let mut capture = Capture::default();
    for link in [Link::Ethernet, Link::LinuxCooked, Link::LinuxCooked2, Link::Ip] {
        for length in 0..=frame.len() {
            capture.handle_frame(Duration::ZERO, link, &frame[..length], length);
            capture.handle_frame(Duration::ZERO, link, &frame[frame.len() - length..], length);
        }
        for bit in 0..frame.len() * 8 {
            let mut flipped = frame.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            capture.handle_frame(Duration::MAX, link, &flipped, flipped.len());
        }
    }
    let report = capture.report();
    assert!(!vrrp_capture::text::report(&report, &TimeZone::UTC).is_empty());
}

#[test]
fn many_speakers_and_changes_are_bounded() {
    let frames: Vec<_> =
        (0..30_000).map(|at: u64| (at, Frame::new(u8::try_from(at % 250).unwrap(), 100).octets())).collect();
    let report = capture(&frames).report();
    assert_eq!(report.routers[0].speakers.len(), 64);
    assert!(report.changes.len() <= 10_000 && report.findings.len() <= 1000);
    assert!(report.left_out > 0);
}

#[test]
fn a_report_is_the_same_after_json_and_reads_well() {
    let frames = merged([row(1, 150, [0, 1000]), row(1, 0, [1500]), row(2, 100, [2100, 3100])]);
    let report = capture(&frames).report();
    let json = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    let text = vrrp_capture::text::report(&report, &TimeZone::UTC);
    let expected = "\
5 adverts of 1 virtual router in 3.100 s from 1970-01-01 00:16:40
- VRID 51 IPv4: 192.0.2.1: it left with priority 0 (at 1.500 s)

VRID 51 IPv4
  192.0.2.1 (02:00:00:00:00:01) version 3, priority 150, every 1.000 s, 3 adverts, longest gap 1.000 s, jitter 0.000 ms \
(at most 0.000 ms), for 192.0.2.100
  192.0.2.2 (02:00:00:00:00:02) version 3, priority 100, every 1.000 s, 2 adverts, longest gap 1.000 s, jitter 0.000 ms \
(at most 0.000 ms), for 192.0.2.100

     0.000 s  VRID 51 IPv4: 192.0.2.1 is master
     1.500 s  VRID 51 IPv4: 192.0.2.1 gives up (priority 0)
     2.100 s  VRID 51 IPv4: 192.0.2.2 takes over from 192.0.2.1, which left 0.600 s before
";
    assert_eq!(text, expected);
}
