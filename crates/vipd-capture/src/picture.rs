//! A report as a picture.

use std::time::Duration;

use vrrp_capture::{FindingKind, Report, Router, Severity, Speaker, text};
use vrrp_sim::{Bar, Chart, Mark, Row};

/// A row for each speaker with the times in which it was master, red while another one was too; a line for each of the first
/// findings.
pub(super) fn chart(report: &Report) -> Chart {
    let length = duration(report.length_ms);
    let rows = report.routers.iter().flat_map(|router| {
        router.speakers.iter().map(|speaker| row(report, router, speaker)).collect::<Vec<_>>()
    });
    let marks = report.findings.iter().filter(|finding| finding.severity != Severity::Note);
    let marks = marks.map(|finding| Mark { at: finding.span.durations().0, label: text::finding(finding) });
    Chart {
        title: "Masters as heard".to_owned(),
        length,
        rows: rows.take(MOST_ROWS).collect(),
        marks: marks.take(MOST_MARKS).collect(),
    }
}

fn row(report: &Report, router: &Router, speaker: &Speaker) -> Row {
    let interval = duration(speaker.interval_ms);
    let length = duration(report.length_ms);
    let mut bars: Vec<Bar> = speaker
        .reigns
        .iter()
        .map(|reign| {
            let (from, until) = reign.durations();
            // A master serves on after its last advert; the end of the capture hides when it stops.
            let until = if until + interval * 2 > length { length } else { until };
            Bar { from, until, alarming: false }
        })
        .collect();
    let twice = report.findings.iter().filter(|finding| {
        finding.kind == FindingKind::TwoMasters
            && finding.router == Some(router.id)
            && [finding.source, finding.other].contains(&Some(speaker.source))
    });
    bars.extend(twice.map(|finding| {
        let (from, until) = finding.span.durations();
        Bar { from, until, alarming: true }
    }));
    Row { label: format!("{} {}", router.id, speaker.source), bars }
}

fn duration(ms: f64) -> Duration {
    Duration::try_from_secs_f64(ms / 1000.0).unwrap_or_default()
}

const MOST_ROWS: usize = 500;
const MOST_MARKS: usize = 50;

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use vrrp_capture::{Finding, RouterId, Span};

    use super::*;

    #[test]
    fn a_time_with_two_masters_is_red_in_both_rows() {
        let id = RouterId { vlan: None, vrid: 51, ipv6: false, group: None };
        let address = |last| IpAddr::from(Ipv4Addr::new(192, 0, 2, last));
        let speaker = |last, from_ms, until_ms| Speaker {
            source: address(last),
            mac: None,
            version: 3,
            priority: 100,
            interval_ms: 1000.0,
            addresses: Vec::new(),
            adverts: 5,
            longest_gap_ms: None,
            jitter_ms: None,
            jitter_max_ms: None,
            reigns: vec![Span { from_ms, until_ms }],
        };
        let span = Span { from_ms: 3000.0, until_ms: 5000.0 };
        let report = Report {
            v: 1,
            begin: None,
            length_ms: 20_000.0,
            frames: 10,
            adverts: 10,
            cut: 0,
            left_out: 0,
            routers: vec![Router {
                id,
                speakers: vec![speaker(1, 0.0, 5000.0), speaker(12, 3000.0, 19_500.0)],
            }],
            changes: Vec::new(),
            findings: vec![Finding {
                kind: FindingKind::TwoMasters,
                severity: Severity::Error,
                router: Some(id),
                source: Some(address(1)),
                other: Some(address(12)),
                count: 1,
                span,
                text: "192.0.2.1 and 192.0.2.12 were master at the same time".to_owned(),
            }],
        };
        let chart = chart(&report);
        let secs = Duration::from_secs;
        let red = Bar { from: secs(3), until: secs(5), alarming: true };
        let green = |from, until| Bar { from: secs(from), until: secs(until), alarming: false };
        assert_eq!(chart.rows[0].bars, [green(0, 5), red]);
        assert_eq!(chart.rows[1].bars, [green(3, 20), red]);
        assert_eq!(chart.marks.len(), 1);
    }
}
