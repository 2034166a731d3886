//! The table at the end: measured times beside the protocol's theory, and the verdict.

use std::fmt::Write as _;
use std::time::Duration;

use super::observe::Row;
use super::theory::{Verdict, longest_overlap};
use crate::seconds;

/// The whole story, measured.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) rows: Vec<Row>,
    /// Longest time in which both routers held the address.
    pub(super) overlap: Duration,
    /// Interval between advertisements.
    pub(super) interval: Duration,
    /// Time between two questions of the client.
    pub(super) period: Duration,
    /// Questions the client asked in all.
    pub(super) asked: usize,
    /// Those that were not answered in time.
    pub(super) lost: usize,
    /// Steps that were not reached.
    pub(super) not_reached: usize,
}

impl Report {
    /// Whether the address behaved: every step as promised, and never two holders for longer than the protocol
    /// allows.
    pub(super) fn behaved(&self) -> bool {
        self.not_reached == 0
            && !self.rows.is_empty()
            && self.rows.iter().all(|row| row.verdict == Verdict::Kept)
            && self.overlap <= longest_overlap(self.interval)
    }

    /// As text for the terminal.
    pub(super) fn to_text(&self) -> String {
        let mut text = String::from(HEAD);
        for row in &self.rows {
            let title = &row.change.title;
            let [advert, announcement, answer] = [row.advert, row.announcement, row.answer].map(cell);
            let promise = row.promise.as_ref();
            let theory = promise.map_or_else(String::new, |promise| range(promise.earliest, promise.latest));
            let late = promise.and_then(|promise| promise.late).map_or_else(|| "-".to_owned(), milliseconds);
            let (lost, verdict) = (row.lost, row.verdict.word());
            let _ = writeln!(
                text,
                "{title:<28} {advert:>8} {theory:>16} {late:>8} {announcement:>9} {answer:>8} {lost:>6}  {verdict}"
            );
        }
        let Self { lost, asked, .. } = self;
        let allowed = longest_overlap(self.interval);
        let _ = writeln!(
            text,
            "\n'late by' counts from the protocol's own timer, where the adverts on the wire tell when it started.\n\
             The client asked every {} and lost {lost} of {asked}.\n\
             Both routers held the address at once for {} at most (allowed: {}).",
            milliseconds(self.period),
            milliseconds(self.overlap),
            milliseconds(allowed)
        );
        if self.not_reached > 0 {
            let _ = writeln!(text, "{} steps of the story were not reached.", self.not_reached);
        }
        text.push_str(if self.behaved() {
            "The address behaved.\n"
        } else {
            "The address DID NOT behave.\n"
        });
        text
    }
}

const HEAD: &str = "\
Times from the event to the new router's first …
step                           advert   protocol says  late by      GARP   answer   lost  verdict
";

fn range(from: Duration, to: Duration) -> String {
    let seconds = |duration: Duration| format!("{:.3}", duration.as_secs_f64());
    if from == to { format!("{} s", seconds(to)) } else { format!("{} - {} s", seconds(from), seconds(to)) }
}

fn cell(duration: Option<Duration>) -> String {
    duration.map_or_else(|| "never".to_owned(), seconds)
}

fn milliseconds(duration: Duration) -> String {
    let ms = duration.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::observe::Change;
    use crate::vrrp::theory::Cause;
    use vip_lab::Stamp;

    fn report(verdict: Verdict, overlap_ms: u64) -> Report {
        let change =
            Change { title: "A loses power".to_owned(), cause: Cause::Silence, to: 1, event: Stamp::now() };
        let after = Some(Duration::from_millis(3100));
        let row = Row {
            change,
            advert: after,
            announcement: None,
            answer: after,
            lost: 310,
            asked: 400,
            promise: None,
            verdict,
        };
        Report {
            rows: vec![row],
            overlap: Duration::from_millis(overlap_ms),
            interval: Duration::from_secs(1),
            period: Duration::from_millis(10),
            asked: 400,
            lost: 310,
            not_reached: 0,
        }
    }

    #[test]
    fn the_address_behaved_only_if_every_promise_was_kept() {
        assert!(report(Verdict::Kept, 5).behaved());
        assert!(!report(Verdict::Early, 5).behaved());
        assert!(!report(Verdict::Missed, 5).behaved());
        assert!(!Report { not_reached: 1, ..report(Verdict::Kept, 5) }.behaved());
    }

    #[test]
    fn two_holders_for_longer_than_an_advert_is_misbehaviour() {
        assert!(!report(Verdict::Kept, 1300).behaved());
    }

    #[test]
    fn the_table_shows_what_never_came() {
        let text = report(Verdict::Missed, 5).to_text();
        assert!(text.contains("never  3.100 s    310  NEVER"), "{text}");
    }
}
