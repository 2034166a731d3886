//! Losses of a client: questions without an answer, one after the other.

use vip_lab::Stamp;

/// Questions lost one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LossRun {
    /// When the first was sent.
    pub(super) from: Stamp,
    /// When the last was sent.
    pub(super) to: Stamp,
    /// Number of questions.
    pub(super) count: usize,
}

/// The runs of lost questions, those at the end included. Each question says when it was sent and whether it is
/// lost; they come in the order they were sent.
pub(super) fn loss_runs(questions: impl IntoIterator<Item = (Stamp, bool)>) -> Vec<LossRun> {
    let mut runs: Vec<LossRun> = Vec::new();
    let mut running = false;
    for (sent, lost) in questions {
        match runs.last_mut() {
            Some(run) if lost && running => {
                run.to = sent;
                run.count += 1;
            }
            _ if lost => runs.push(LossRun { from: sent, to: sent, count: 1 }),
            _ => {}
        }
        running = lost;
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn losses_in_a_row_are_one_run() {
        let at = |ms| Stamp::from_epoch(Duration::from_millis(ms));
        let questions = [(at(0), true), (at(10), true), (at(20), false), (at(30), true), (at(990), false)];
        let expected =
            [LossRun { from: at(0), to: at(10), count: 2 }, LossRun { from: at(30), to: at(30), count: 1 }];
        assert_eq!(loss_runs(questions), expected);
    }
}
