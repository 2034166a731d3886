//! The story itself: the faults of the pair, one step after the other.

use std::time::{Duration, Instant};

use super::observe::{Change, Row, longest_overlap, lost};
use super::picture::Seen;
use super::report::Report;
use super::setup::Setup;
use super::stage::Stage;
use super::theory::{Cause, Verdict};
use crate::options::Options;
use crate::seconds;
use crate::svg::Timeline;
use vip_lab::daemon::Program;
use vip_lab::{LabError, Stamp};

/// Router that should serve when all is well, and the one behind it.
const A: usize = 0;
const B: usize = 1;

/// The story in progress.
struct Story<'a> {
    setup: &'a Setup,
    stage: Stage,
    start: Stamp,
    rows: Vec<Row>,
    broken: bool,
    not_reached: usize,
}

/// Tells the whole story and gives what came out of it.
pub(super) fn tell(
    setup: &Setup,
    program: &Program,
    subtitle: String,
    options: &Options,
) -> Result<(Report, Timeline), LabError> {
    let period = if setup.interval < Duration::from_secs(1) { 2 } else { 10 };
    let period = Duration::from_millis(period);
    let stage = Stage::build(setup, program, period, options)?;
    let mut story =
        Story { setup, stage, start: Stamp::now(), rows: Vec::new(), broken: false, not_reached: 0 };
    story.play()?;
    Ok(story.finish(period, subtitle))
}

impl Story<'_> {
    fn play(&mut self) -> Result<(), LabError> {
        let setup = self.setup;
        self.step("both routers start", Cause::Start(setup.startup_delay), A, |stage| {
            stage.start(A, setup)?;
            // Their timers differ by a few milliseconds only; which one starts first is not the story.
            std::thread::sleep(Duration::from_millis(200));
            stage.start(B, setup)
        })?;
        self.step("A loses power", Cause::Silence, B, |stage| stage.power_off(A))?;
        match setup.preempt_after {
            Some(delay) => self.play_with_preemption(Cause::Return(delay + setup.startup_delay)),
            None => self.play_without_preemption(),
        }
    }

    /// The better router takes back over each time.
    fn play_with_preemption(&mut self, returns: Cause) -> Result<(), LabError> {
        let setup = self.setup;
        self.step("A comes back", returns, A, |stage| {
            stage.power_on(A)?;
            stage.start(A, setup)
        })?;
        if let Some((path, notice)) = &setup.checks.maintenance {
            let dropped = Cause::Demotion(*notice);
            let moved =
                self.step("A: maintenance file dropped", dropped, B, |stage| stage.file(A, path, true))?;
            let removed = Cause::Promotion(*notice + setup.preempt_after.unwrap_or_default());
            if moved {
                self.step("A: maintenance file removed", removed, A, |stage| stage.file(A, path, false))?;
            } else {
                self.stage.file(A, path, false)?;
            }
        }
        self.step("A: daemon stopped in order", Cause::Stop, B, |stage| stage.stop(A))?;
        if let Some((name, notice)) = &setup.checks.service {
            self.step("A: daemon started again", returns, A, |stage| stage.start_daemon(A))?;
            self.step(&format!("A: {name} dies"), Cause::Demotion(*notice), B, |stage| {
                stage.kill_services(A);
                Ok(())
            })?;
        }
        Ok(())
    }

    /// The serving router goes on until it fails.
    fn play_without_preemption(&mut self) -> Result<(), LabError> {
        let setup = self.setup;
        if self.broken {
            self.not_reached += 1;
            return Ok(());
        }
        self.stage.live.chapter("A comes back, and waits");
        self.stage.power_on(A)?;
        self.stage.start(A, setup)?;
        self.watch(setup.startup_delay + setup.interval * 5 + Duration::from_secs(1), |_| false);
        self.step("B: daemon stopped in order", Cause::Stop, A, |stage| stage.stop(B)).map(drop)
    }

    /// Does something and waits until the expected router serves, then a moment longer. Gives whether it did.
    fn step(
        &mut self,
        title: &str,
        cause: Cause,
        to: usize,
        act: impl FnOnce(&mut Stage) -> Result<(), LabError>,
    ) -> Result<bool, LabError> {
        if self.broken {
            self.not_reached += 1;
            return Ok(false);
        }
        self.stage.live.chapter(title);
        self.stage.refresh();
        let change = Change { title: title.to_owned(), cause, to, event: Stamp::now() };
        act(&mut self.stage)?;
        let served = self.watch(self.patience(cause), |story| story.measure(&change).is_served());
        if served {
            self.watch(self.settle(), |_| false);
        }
        let row = self.measure(&change);
        self.tell_outcome(&row);
        // Where a check does not move the address, the router that should have it still has it.
        self.broken = row.verdict == Verdict::Missed && !matches!(cause, Cause::Demotion(_));
        self.rows.push(row);
        Ok(served)
    }

    /// Shows what happens until `done`, at most for `bound`; gives whether it was.
    fn watch(&mut self, bound: Duration, done: impl Fn(&Self) -> bool) -> bool {
        let deadline = Instant::now() + bound;
        loop {
            self.stage.refresh();
            if done(self) {
                return true;
            }
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn measure(&self, change: &Change) -> Row {
        let stage = &self.stage;
        Row::measure(change, &stage.watched, &stage.seen, &stage.probe.after(0), Stamp::now())
    }

    fn tell_outcome(&mut self, row: &Row) {
        let (Some(advert), Some(answer)) = (row.advert, row.answer) else {
            let text = "the expected router did not take over".to_owned() + &self.stage.last_words();
            return self.stage.live.event(Stamp::now(), &text);
        };
        let rule = row.promise.as_ref().map_or("", |promise| promise.rule.as_str());
        let text = format!(
            "=> first advert after {}, first answer after {}, {} lost; theory: {rule}: {}",
            seconds(advert),
            seconds(answer),
            row.lost,
            row.verdict.word()
        );
        self.stage.live.event(Stamp::now(), &text);
    }

    /// Far more than any theory allows: a pair that does not move must not hold the story up for ever.
    fn patience(&self, cause: Cause) -> Duration {
        let notice = match cause {
            Cause::Demotion(check) | Cause::Promotion(check) => check,
            Cause::Start(delay) | Cause::Return(delay) => delay + Duration::from_secs(2),
            Cause::Silence | Cause::Stop => Duration::ZERO,
        };
        notice + self.setup.interval * (u32::from(self.setup.down_adverts) + 2) + Duration::from_secs(3)
    }

    /// Time to see the second half of a hand-over before the next thing happens.
    fn settle(&self) -> Duration {
        (self.setup.interval * 12 / 10).clamp(Duration::from_millis(500), Duration::from_secs(2))
    }

    fn finish(mut self, period: Duration, subtitle: String) -> (Report, Timeline) {
        self.stage.refresh();
        self.stage.live.finish();
        let end = Stamp::now();
        let holding = self.stage.players.each_ref().map(|player| player.actor.holding.changes());
        let [a, b] = &holding;
        let shots = self.stage.probe.after(0);
        let losses = lost(&shots, end);
        let report = Report {
            asked: shots.len(),
            lost: losses.iter().map(|run| run.count).sum(),
            overlap: longest_overlap([a, b], end),
            interval: self.setup.interval,
            period,
            not_reached: self.not_reached,
            rows: self.rows.clone(),
        };
        let events = self.rows.iter().map(|row| (row.change.event, caption(row))).collect();
        let running = self.stage.players.each_ref().map(|player| player.actor.running.clone());
        let seen = Seen { start: self.start, end, running, holding, losses };
        (report, seen.timeline(subtitle, events))
    }
}

/// A step in the picture.
fn caption(row: &Row) -> String {
    let Row { change, answer, lost, .. } = row;
    match answer {
        Some(answer) => {
            format!("{} - first answer after {}, {lost} packets lost", change.title, seconds(*answer))
        }
        None => format!("{} - the expected router did not take over", change.title),
    }
}
