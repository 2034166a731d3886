//! The table at the end: measured times beside the promised ones, and the verdict.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use super::observe::{Row, SERVICES};
use super::promise::Verdict;
use crate::seconds;

/// The whole story, measured.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    /// Time between two questions of a client.
    pub(super) period: Duration,
    /// Questions asked in all.
    pub(super) asked: usize,
    /// Steps that were not reached.
    pub(super) not_reached: usize,
}

impl Report {
    /// Whether every promise was kept.
    pub(super) fn behaved(&self) -> bool {
        self.not_reached == 0
            && !self.rows.is_empty()
            && self.rows.iter().all(|row| row.verdict == Verdict::Kept)
    }

    /// As text for the terminal.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::from(HEAD);
        for row in &self.rows {
            let promise = &row.change.promise;
            let took = row.took.map_or_else(|| "never".to_owned(), seconds);
            let (from, to) = (promise.earliest.as_secs_f64(), promise.latest.as_secs_f64());
            let promised =
                if promise.latest.is_zero() { "-".to_owned() } else { format!("{from:.3} - {to:.3} s") };
            let gap = promise.gap.map_or_else(|| "-".to_owned(), |_| seconds(row.gap));
            let (title, failed, who, verdict) =
                (row.change.title, row.failed, answered(&row.answered), row.verdict.word());
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{title:<22} {took:>9} {promised:>16} {gap:>9} {failed:>7}  {who:<37}  {verdict}"
            );
        }
        let (asked, period) = (self.asked, self.period.as_millis());
        let failed: usize = self.rows.iter().map(|row| row.failed).sum();
        let _ = writeln!(
            text,
            "\nEach service was asked every {period} ms: {asked} questions, {failed} without an answer.\n\
             A real server is out when the checks have noticed; until then the questions that go there are refused."
        );
        let stalled: Duration = self.rows.iter().map(|row| row.stalled).sum();
        if stalled > Duration::from_millis(100) {
            let _ = writeln!(
                text,
                "This machine stood still for {} in all; these times do not count.",
                seconds(stalled)
            );
        }
        if self.not_reached > 0 {
            let _ = writeln!(text, "{} steps of the story were not reached.", self.not_reached);
        }
        text.push_str(if self.behaved() {
            "The service behaved.\n"
        } else {
            "The service DID NOT behave.\n"
        });
        text
    }
}

const HEAD: &str = "\
Time from the event until address, table and answers are as they should be
step                        took         promised       gap  failed  answered afterwards                    verdict
";

/// Number of answers of each server: `NAT s1 12, s2 12; DR s1 12, s2 12`.
pub(super) fn answered(names: &[BTreeMap<String, usize>; 2]) -> String {
    let each = |(offer, names): (vip_lab::farm::Offer, &BTreeMap<String, usize>)| {
        let names: Vec<String> = names.iter().map(|(name, count)| format!("{name} {count}")).collect();
        format!("{} {}", offer.name, if names.is_empty() { "nobody".to_owned() } else { names.join(", ") })
    };
    SERVICES.into_iter().zip(names).map(each).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lvs::observe::Change;
    use crate::lvs::pace::Pace;
    use crate::lvs::promise::{Cause, Promise};
    use vip_lab::Stamp;

    fn report(verdict: Verdict) -> Report {
        let change = Change {
            title: "s1 dies",
            event: Stamp::now(),
            director: 0,
            servers: &["s2"],
            promise: Promise::new(Cause::SomeDie, Pace::new(false)),
        };
        let nat = BTreeMap::from([("s2".to_owned(), 25)]);
        let row = Row {
            change,
            took: Some(Duration::from_millis(1234)),
            gap: Duration::from_millis(120),
            failed: 7,
            answered: [nat, BTreeMap::new()],
            stalled: Duration::ZERO,
            verdict,
        };
        Report { rows: vec![row], period: Duration::from_millis(60), asked: 100, not_reached: 0 }
    }

    #[test]
    fn the_service_behaved_only_if_every_promise_was_kept() {
        assert!(report(Verdict::Kept).behaved());
        assert!(!report(Verdict::Refused).behaved());
        assert!(!Report { not_reached: 1, ..report(Verdict::Kept) }.behaved());
        assert!(!Report { rows: Vec::new(), ..report(Verdict::Kept) }.behaved());
    }

    #[test]
    fn the_table_shows_who_answered_and_how_many_did_not() {
        let text = report(Verdict::Late).to_text();
        assert!(text.contains("1.234 s"), "{text}");
        assert!(text.contains("      7  NAT s2 25; DR nobody "), "{text}");
        assert!(text.contains(" LATE\n"), "{text}");
    }
}
