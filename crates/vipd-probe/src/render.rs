//! The report as text.

use std::fmt;
use std::fmt::Write as _;

use vipd_status::clean;

use crate::report::{CheckReport, CheckResult, ProbeReport, Step};

impl fmt::Display for ProbeReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of {}", clean(&self.server), clean(&self.service))?;
        for check in &self.checks {
            write!(f, "{check}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{} {}", self.check, clean(&self.target))?;
        if let Some(url) = &self.url {
            write!(f, " {}", clean(url))?;
        }
        writeln!(f)?;
        for step in &self.steps {
            write!(f, "{step}")?;
        }
        for note in &self.notes {
            writeln!(f, "  note: {}", clean(note))?;
        }
        let result = match self.result {
            CheckResult::Passed => "passed",
            CheckResult::NotMade => "not made",
            CheckResult::Failed => "FAILED",
        };
        write!(f, "  {result}")?;
        if !self.reason.is_empty() {
            write!(f, ": {}", clean(&self.reason))?;
        }
        if self.result == CheckResult::NotMade {
            writeln!(f)
        } else {
            writeln!(f, " ({})", seconds(self.duration_us))
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "  {:>9}  {}", seconds(self.at_us), self.what.replace('-', " "))?;
        if let Some(bytes) = self.bytes {
            write!(f, " {bytes} {}", if bytes == 1 { "byte" } else { "bytes" })?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " {}", clean(detail))?;
        }
        match self.hidden {
            Some(why) => writeln!(f, " ({why})")?,
            None => writeln!(f)?,
        }
        for line in self.text.iter().flat_map(|text| text.lines()) {
            writeln!(f, "             | {}", clean(line))?;
        }
        for line in self.hex.iter().flat_map(|hex| hex.as_bytes().chunks(HEX_LINE)) {
            writeln!(f, "             # {}", spaced(line))?;
        }
        Ok(())
    }
}

/// Digits of 16 bytes.
const HEX_LINE: usize = 32;

fn spaced(digits: &[u8]) -> String {
    let mut text = String::new();
    for pair in digits.chunks(2) {
        let _ = write!(text, "{} ", String::from_utf8_lossy(pair));
    }
    text.truncate(text.trim_end().len());
    text
}

fn seconds(microseconds: u64) -> String {
    format!("{}.{:04} s", microseconds / 1_000_000, microseconds % 1_000_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_reads_as_a_dialogue() {
        let step = |at_us, what| Step { at_us, what, ..Step::default() };
        let sent =
            Step { bytes: Some(9), text: Some("GET /\u{1b}[0m\r\n\r\n".to_owned()), ..step(1_200, "sent") };
        let received = Step { bytes: Some(2), hex: Some("00ff".to_owned()), ..step(1_000_400, "received") };
        let check = CheckReport {
            check: "HTTP_GET".to_owned(),
            target: "192.0.2.11:80".to_owned(),
            url: Some("/".to_owned()),
            steps: vec![step(0, "connecting"), sent, received],
            result: CheckResult::Failed,
            reason: "HTTP status 503".to_owned(),
            notes: Vec::new(),
            duration_us: 1_000_500,
        };
        assert_eq!(
            check.to_string(),
            "\nHTTP_GET 192.0.2.11:80 /\n   0.0000 s  connecting\n   0.0012 s  sent 9 bytes\n             | GET /\u{fffd}[0m\n\
             \x20            | \n   1.0004 s  received 2 bytes\n             # 00 ff\n  FAILED: HTTP status 503 (1.0005 s)\n"
        );
    }
}
