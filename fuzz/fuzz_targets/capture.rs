//! Any bytes as a pcap or pcapng file: no panic, a bounded report, and the same one as JSON and as text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use vrrp_capture::{Capture, Report, read_file, text};

fuzz_target!(|bytes: &[u8]| {
    let mut capture = Capture::default();
    // What came before a defect counts.
    let _ = read_file(bytes, &mut capture);
    let report = capture.report();
    assert!(report.findings.len() <= MAX_FINDINGS && report.changes.len() <= MAX_CHANGES, "bounded");
    let json = serde_json::to_string(&report).expect("a report has a JSON form");
    // A span of centuries loses its last digits as a floating-point number: the report is read back, but may not be equal.
    let _: Report = serde_json::from_str(&json).expect("it is read back");
    let shown = text::report(&report, &jiff::tz::TimeZone::UTC);
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "it is safe to show");
});

const MAX_FINDINGS: usize = 1000;
const MAX_CHANGES: usize = 10_000;
