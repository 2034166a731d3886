//! The outcome of a check, in words.

use std::time::Duration;

use lvs_health::{Administration, Outcome, WeightUpdate};

use crate::report::{CheckReport, CheckResult};

/// The result of an outcome, in words.
pub(super) fn judged(report: CheckReport, outcome: &Outcome, took: Duration) -> CheckReport {
    let (result, reason) = match outcome {
        Outcome::Pass(update) => (CheckResult::Passed, weight(*update)),
        Outcome::Fail(failure) => (CheckResult::Failed, failure.to_string()),
        Outcome::Agent(said) => {
            let is_out = said.operation.is_some_and(|operation| operation != lvs_health::Operation::Up)
                || said.administration == Some(Administration::Maintenance);
            let result = if is_out { CheckResult::Failed } else { CheckResult::Passed };
            let operation = said.operation.map(|operation| format!("{operation:?}").to_lowercase());
            let administration = said.administration.map(|what| format!("{what:?}").to_lowercase());
            let percent = said.percent.map(|percent| format!("{percent}% of its weight"));
            let words: Vec<String> = [operation, administration, percent].into_iter().flatten().collect();
            (result, format!("the agent says {}", words.join(", ")))
        }
    };
    let duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    CheckReport { result, reason, duration_us, ..report }
}

fn weight(update: WeightUpdate) -> String {
    match update {
        WeightUpdate::Unchanged => String::new(),
        WeightUpdate::Configured => "with the configured weight".to_owned(),
        WeightUpdate::Exactly(weight) => format!("with weight {weight}"),
        WeightUpdate::Percent(percent) => format!("with {percent}% of the configured weight"),
        WeightUpdate::Plus(change) => format!("with the configured weight {change:+}"),
    }
}
