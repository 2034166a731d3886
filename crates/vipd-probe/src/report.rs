//! What was seen, as values with a JSON form.

use serde::Serialize;

/// The checks of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct ProbeReport {
    v: u32,
    is: &'static str,
    /// The virtual server.
    pub service: String,
    /// The real server.
    pub server: String,
    /// The result over all checks.
    pub result: CheckResult,
    /// Each check; of one with several pages, each page.
    pub checks: Vec<CheckReport>,
}

/// One check, or one page of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct CheckReport {
    /// Its keyword in the configuration.
    pub check: String,
    /// The address, script, file or session that it reaches for.
    pub target: String,
    /// The page of an HTTP check.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// In the order in which they were made.
    pub steps: Vec<Step>,
    /// The result.
    pub result: CheckResult,
    /// Why, in words; empty for one that passed and says no more.
    pub reason: String,
    /// Facts for the operator besides the result.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Microseconds from the first packet to the result.
    pub duration_us: u64,
}

/// A result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckResult {
    /// The server is as the check wants it.
    Passed,
    /// The check could not be made here.
    #[default]
    NotMade,
    /// The server is not as the check wants it.
    Failed,
}

/// One step of an attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Step {
    /// Microseconds from the start.
    pub at_us: u64,
    /// The kind: connecting, connected, sent, received, closed, secured, sent-inside-tls, received-inside-tls.
    pub what: &'static str,
    /// Number of bytes that were sent or received.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<usize>,
    /// Their text, if it may be shown and is readable; cut at some length.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Their first bytes in hexadecimal numbers, if they may be shown and are no text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hex: Option<String>,
    /// Why they are not shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hidden: Option<&'static str>,
    /// More about the step.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl ProbeReport {
    pub(super) fn new(service: String, server: String, checks: Vec<CheckReport>) -> Self {
        let result = checks.iter().map(|check| check.result).max().unwrap_or_default();
        Self { v: 1, is: "probe", service, server, result, checks }
    }

    /// The exit status: 0 all passed, 1 one could not be made, 5 one failed.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self.result {
            CheckResult::Passed => 0,
            CheckResult::NotMade => 1,
            CheckResult::Failed => 5,
        }
    }

    /// One line of JSON.
    #[must_use]
    pub fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use CheckResult::{Failed, NotMade, Passed};

    #[test]
    fn a_server_that_fails_weighs_more_than_a_check_that_was_not_made() {
        let check = |result| CheckReport { result, ..CheckReport::default() };
        let report = |results: &[CheckResult]| {
            let checks = results.iter().map(|&result| check(result)).collect();
            ProbeReport::new("vs".to_owned(), "rs".to_owned(), checks)
        };
        for (results, status) in
            [(&[Passed, Passed][..], 0), (&[Passed, NotMade], 1), (&[NotMade, Failed, Passed], 5)]
        {
            assert_eq!(report(results).exit_status(), status);
        }
    }
}
