//! The story itself: the faults of directors and servers, one step after the other.

use std::time::{Duration, Instant};

use super::observe::{Change, Row, lost};
use super::pace::Pace;
use super::picture::Picture;
use super::promise::{Cause, Promise, Verdict};
use super::report::{Report, answered};
use super::stage::Stage;
use crate::options::Options;
use crate::seconds;
use crate::svg::Timeline;
use vip_lab::daemon::Program;
use vip_lab::{LabError, Stamp};

/// Director that should serve when all is well, and the one behind it.
const A: usize = 0;
const B: usize = 1;
/// The real servers.
const S1: usize = 0;
const S2: usize = 1;

const BOTH: &[&str] = &["s1", "s2"];
const SECOND: &[&str] = &["s2"];
const SORRY: &[&str] = &["sorry"];

/// Time between two questions of a client.
const PERIOD: Duration = Duration::from_millis(60);

/// The story in progress.
struct Story {
    pace: Pace,
    stage: Stage,
    start: Stamp,
    rows: Vec<Row>,
    not_reached: usize,
}

/// Tells the whole story and gives what came out of it.
pub(super) fn tell(
    pace: Pace,
    program: &Program,
    subtitle: String,
    options: &Options,
) -> Result<(Report, Timeline), LabError> {
    let stage = Stage::build(pace, program, PERIOD, options)?;
    let mut story = Story { pace, stage, start: Stamp::now(), rows: Vec::new(), not_reached: 0 };
    story.play()?;
    Ok(story.finish(subtitle))
}

impl Story {
    fn play(&mut self) -> Result<(), LabError> {
        self.step("both directors start", Cause::Start, A, BOTH, |stage| {
            stage.start(A)?;
            // Their timers differ; which one starts first is not the story.
            std::thread::sleep(Duration::from_millis(200));
            stage.start(B)
        })?;
        self.step("all is well", Cause::Nothing, A, BOTH, |_| Ok(()))?;
        self.step("s1 dies", Cause::SomeDie, A, SECOND, |stage| stage.set_open(S1, false))?;
        self.step("s1 comes back", Cause::Return, A, BOTH, |stage| stage.set_open(S1, true))?;
        self.step("A loses power", Cause::Silence, B, BOTH, |stage| stage.power_off(A))?;
        self.step("A comes back", Cause::Preemption, A, BOTH, |stage| stage.power_on(A))?;
        self.step("s1 and s2 die", Cause::AllDie, A, SORRY, |stage| {
            stage.set_open(S1, false)?;
            stage.set_open(S2, false)
        })?;
        self.step("s1 and s2 come back", Cause::Return, A, BOTH, |stage| {
            stage.set_open(S1, true)?;
            stage.set_open(S2, true)
        })
    }

    /// Does something and waits until all is as it should be, then some moments longer.
    fn step(
        &mut self,
        title: &'static str,
        cause: Cause,
        director: usize,
        servers: &'static [&'static str],
        act: impl FnOnce(&mut Stage) -> Result<(), LabError>,
    ) -> Result<(), LabError> {
        if self.rows.last().is_some_and(|row| row.verdict == Verdict::Missed) {
            self.not_reached += 1;
            return Ok(());
        }
        self.stage.live.chapter(title);
        self.stage.refresh();
        let promise = Promise::new(cause, self.pace);
        let change = Change { title, event: Stamp::now(), director, servers, promise };
        act(&mut self.stage)?;
        // Far more than promised: an event that does not come must not hold the story up for ever.
        let patience = promise.latest + Duration::from_secs(5);
        if self.watch(patience, |stage| stage.seen().reached(&change).is_some()) {
            self.watch(SETTLE, |_| false);
            // A busy machine takes longer to ask so many questions.
            self.watch(SETTLE * 2, |stage| stage.seen().measure(&change, Stamp::now()).is_told());
        }
        let row = self.stage.seen().measure(&change, Stamp::now());
        self.tell_outcome(&row);
        self.rows.push(row);
        Ok(())
    }

    /// Shows what happens until `done`, at most for `bound`; gives whether it was.
    fn watch(&mut self, bound: Duration, done: impl Fn(&Stage) -> bool) -> bool {
        let deadline = Instant::now() + bound;
        loop {
            self.stage.refresh();
            if done(&self.stage) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn tell_outcome(&mut self, row: &Row) {
        let Some(took) = row.took else {
            let text = "the expected state was not reached".to_owned() + &self.stage.last_words();
            return self.stage.live.event(Stamp::now(), &text);
        };
        let text = format!(
            "=> after {} (promised: {}), longest gap {}, {} without an answer, then {}: {}",
            seconds(took),
            seconds(row.change.promise.latest),
            seconds(row.gap),
            row.failed,
            answered(&row.answered),
            row.verdict.word()
        );
        self.stage.live.event(Stamp::now(), &text);
    }

    fn finish(mut self, subtitle: String) -> (Report, Timeline) {
        self.stage.refresh();
        self.stage.live.finish();
        let seen = self.stage.seen();
        let events = self.rows.iter().map(|row| (row.change.event, caption(row))).collect();
        let report = Report {
            period: PERIOD,
            asked: seen.visits.iter().map(Vec::len).sum(),
            not_reached: self.not_reached,
            rows: self.rows,
        };
        let running = |director: usize| {
            self.stage
                .directors
                .get(director)
                .map(|director| director.actor.running.clone())
                .unwrap_or_default()
        };
        let picture = Picture {
            start: self.start,
            end: Stamp::now(),
            running: [running(A), running(B)],
            open: self.stage.open.clone(),
            losses: seen.visits.each_ref().map(|visits| lost(visits)),
            seen,
        };
        (report, picture.timeline(subtitle, events))
    }
}

/// Time to see the answering servers before the next event: some dozens of questions.
const SETTLE: Duration = Duration::from_millis(2500);

/// A step in the picture.
fn caption(row: &Row) -> String {
    let Row { change, took, gap, failed, .. } = row;
    match took {
        Some(took) => {
            let (took, gap) = (seconds(*took), seconds(*gap));
            format!(
                "{} - as expected after {took}, longest gap {gap}, {failed} without an answer",
                change.title
            )
        }
        None => format!("{} - the expected state was not reached", change.title),
    }
}
