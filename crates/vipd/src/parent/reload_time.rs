//! `reload_time_file`: a file that holds the time of a reload, looked at once a second.
//!
//! No file is touched here: what to do with it is asked of the path process, and a file system that hangs postpones the
//! reload, nothing else.

use std::path::Path;
use std::time::{Duration, Instant};

use keepalived_conf::model::daemon::ReloadTimeFile;

use crate::ipc::LogLevel;
use crate::paths::Job;

/// The clock on the wall: seconds since 1970, and how many local time is ahead of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wall {
    pub(super) seconds: i64,
    pub(super) offset: i64,
}

/// A request of the reload timer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Log(LogLevel, String),
    Reload,
    /// The file has done its service.
    Remove(Job),
}

/// The file of the configuration in force, and what it says.
#[derive(Debug, Default)]
pub(super) struct ReloadTime {
    file: Option<ReloadTimeFile>,
    look_at: Option<Instant>,
    /// The file's content when it was last read.
    text: Option<String>,
    due: Option<i64>,
}

impl ReloadTime {
    /// Another configuration is in force.
    pub(super) fn arrange(&mut self, now: Instant, file: Option<&ReloadTimeFile>) {
        if self.file.as_ref() != file {
            *self = Self { file: file.cloned(), look_at: file.map(|_| now), ..Self::default() };
        }
    }

    /// When [`ReloadTime::timeout`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.look_at
    }

    /// Time passed: gives what the path process is asked. It is asked again once it has answered.
    pub(super) fn timeout(&mut self, now: Instant) -> Option<Job> {
        self.look_at.take_if(|at| *at <= now)?;
        self.file.as_ref().map(|file| Job::ReadStart(file.path.clone()))
    }

    /// Handles the file's present content; no text if it is not there.
    pub(super) fn handle_text(&mut self, now: Instant, text: Option<String>, wall: Wall) -> Vec<Act> {
        let Some(file) = self.file.clone() else { return Vec::new() };
        self.look_at = Some(now + LOOK_EVERY);
        let mut acts = Vec::new();
        if self.text != text {
            acts.extend(self.schedule(text.as_deref(), &file.path, wall));
            self.text = text;
        }
        if self.due.take_if(|due| *due <= wall.seconds).is_some() {
            acts.push(Act::Reload);
            let daily =
                self.text.as_deref().and_then(parse).filter(|time| file.repeat && time.date.is_none());
            match daily {
                Some(time) => self.due = time.next(wall),
                None => acts.push(Act::Remove(Job::Remove(file.path))),
            }
        }
        acts
    }

    fn schedule(&mut self, text: Option<&str>, path: &Path, wall: Wall) -> Option<Act> {
        let before = self.due.take();
        let path = path.display();
        let Some(text) = text else {
            let text = format!("{path} is gone: the reload that it asked for is cancelled");
            return before.map(|_| Act::Log(LogLevel::Info, text));
        };
        self.due = parse(text).and_then(|time| time.next(wall));
        let line = text.lines().next().unwrap_or_default().escape_debug();
        Some(match (self.due, parse(text)) {
            (Some(due), _) => {
                let seconds = due - wall.seconds;
                Act::Log(LogLevel::Info, format!("Reload scheduled in {seconds} s, as {path} says ({line})"))
            }
            (None, Some(_)) => Act::Log(LogLevel::Warning, format!("{path}: {line} is past: it is ignored")),
            (None, None) => Act::Log(
                LogLevel::Warning,
                format!(
                    "{path}: `{line}` is no time: write HH:MM:SS or YYYY-MM-DD HH:MM:SS, with Z behind it for UTC"
                ),
            ),
        })
    }
}

/// A time as the file has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Time {
    /// Days since 1970.
    date: Option<i64>,
    second_of_day: i64,
    utc: bool,
}

impl Time {
    /// When it is next, in seconds since 1970; a date may be past.
    fn next(self, wall: Wall) -> Option<i64> {
        let offset = if self.utc { 0 } else { wall.offset };
        let at = |day: i64| day * DAY + self.second_of_day - offset;
        let today = (wall.seconds + offset).div_euclid(DAY);
        match self.date {
            Some(date) => Some(at(date)).filter(|&at| at > wall.seconds),
            None => [at(today), at(today + 1)].into_iter().find(|&at| at > wall.seconds),
        }
    }
}

/// `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, with `Z` behind it for UTC, and nothing else on the line.
fn parse(text: &str) -> Option<Time> {
    let line = text.lines().next()?;
    let (line, utc) = line.strip_suffix('Z').map_or((line, false), |line| (line, true));
    let (date, time) = match line.split_once(' ') {
        Some((date, time)) => (Some(days(date)?), time),
        None => (None, line),
    };
    let [hour, minute, second] = numbers(time, ':')?;
    let is_time = time.len() == 8 && hour < 24 && minute < 60 && second < 60;
    is_time.then_some(Time { date, second_of_day: hour * 3600 + minute * 60 + second, utc })
}

/// Days since 1970 of a date.
fn days(date: &str) -> Option<i64> {
    let [year, month, day] = numbers(date, '-')?;
    let year = match date.len() {
        8 => year + 2000,
        10 => year,
        _ => return None,
    };
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        2 => 28 + i64::from(is_leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=last).contains(&day) {
        return None;
    }
    // Years that begin in March end with their leap day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let day_of_year = (153 * month + 2) / 5 + day - 1;
    Some(
        year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468,
    )
}

/// Three numbers of digits only.
fn numbers(text: &str, between: char) -> Option<[i64; 3]> {
    let mut parts = text.split(between).map(|part| {
        let is_number = (2..=4).contains(&part.len()) && part.bytes().all(|octet| octet.is_ascii_digit());
        is_number.then(|| part.parse().ok()).flatten()
    });
    let numbers = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(numbers)
}

const DAY: i64 = 86_400;

/// Between two looks at the file.
const LOOK_EVERY: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 December 2026, 12:00:00 UTC.
    const NOON: i64 = 1_796_126_400;

    fn next(text: &str, offset: i64) -> Option<i64> {
        Some(parse(text)?.next(Wall { seconds: NOON, offset })? - NOON)
    }

    #[test]
    fn times_are_those_of_the_manual_and_nothing_else() {
        assert_eq!(next("12:00:05Z", 0), Some(5));
        assert_eq!(next("12:00:05\n", 0), Some(5));
        assert_eq!(next("13:00:05", 3600), Some(5), "local time is an hour ahead");
        assert_eq!(next("11:59:59Z", 0), Some(DAY - 1), "tomorrow");
        assert_eq!(next("12:00:00Z", 0), Some(DAY));
        assert_eq!(next("2026-12-02 12:00:00Z", 0), Some(DAY));
        assert_eq!(next("26-12-01 13:00:00", 0), Some(3600));
        assert_eq!(next("2028-02-29 12:00:00Z", 0), Some(455 * DAY));
        assert_eq!(next("2026-11-30 12:00:00Z", 0), None, "past");
        for wrong in [
            "",
            "12:00",
            "1:00:00",
            "24:00:00",
            "12:60:00",
            " 12:00:00",
            "12:00:00 ",
            "12:00:00 Z",
            "noon",
            "2026-13-01 12:00:00",
            "2026-02-29 12:00:00",
            "2026-12-01  12:00:00",
            "026-12-01 12:00:00",
            "+1:00:00",
        ] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    const A_DAY: u32 = 86_400;

    struct Scene {
        reload: ReloadTime,
        now: Instant,
        seconds: i64,
    }

    impl Scene {
        fn new(repeat: bool) -> Self {
            let mut scene = Self { reload: ReloadTime::default(), now: Instant::now(), seconds: NOON };
            scene.reload.arrange(scene.now, Some(&ReloadTimeFile::new("/t".into(), repeat)));
            scene
        }

        /// A look at the file, after so many seconds.
        fn look(&mut self, after: u32, text: Option<&str>) -> Vec<Act> {
            self.now += Duration::from_secs(after.into());
            self.seconds += i64::from(after);
            assert_eq!(self.reload.timeout(self.now), Some(Job::ReadStart("/t".into())));
            assert_eq!(self.reload.timeout(self.now), None, "it has not answered");
            let wall = Wall { seconds: self.seconds, offset: 0 };
            self.reload.handle_text(self.now, text.map(str::to_owned), wall)
        }
    }

    fn reloads(acts: &[Act]) -> bool {
        acts.contains(&Act::Reload)
    }

    #[test]
    fn a_reload_comes_when_its_time_is_there_and_the_file_goes() {
        let mut scene = Scene::new(false);
        assert_eq!(scene.look(0, None), []);
        assert!(matches!(&scene.look(1, Some("12:00:04Z"))[..], [Act::Log(LogLevel::Info, _)]));
        assert_eq!(scene.look(2, Some("12:00:04Z")), []);
        assert_eq!(scene.look(1, Some("12:00:04Z")), [Act::Reload, Act::Remove(Job::Remove("/t".into()))]);
        assert_eq!(scene.look(1, None), [], "nothing was cancelled");
        assert_eq!(scene.look(A_DAY, None), []);
    }

    #[test]
    fn a_file_that_goes_or_changes_takes_its_reload_along() {
        let mut scene = Scene::new(false);
        scene.look(0, Some("12:00:03Z"));
        assert!(
            matches!(&scene.look(1, None)[..], [Act::Log(LogLevel::Info, text)] if text.contains("cancelled"))
        );
        assert!(!reloads(&scene.look(5, None)));
        scene.look(1, Some("12:01:00Z"));
        scene.look(1, Some("12:02:00Z"));
        assert!(!reloads(&scene.look(60, Some("12:02:00Z"))));
        assert!(reloads(&scene.look(60, Some("12:02:00Z"))));
    }

    #[test]
    fn a_time_without_a_date_comes_every_day_if_it_repeats() {
        let mut scene = Scene::new(true);
        scene.look(0, Some("12:00:01Z"));
        for day in 0..3 {
            let acts = scene.look(if day == 0 { 1 } else { A_DAY }, Some("12:00:01Z"));
            assert_eq!(acts, [Act::Reload], "day {day}");
            assert!(!reloads(&scene.look(1, Some("12:00:01Z"))));
            scene.seconds -= 1;
        }
        let mut once = Scene::new(true);
        once.look(0, Some("2026-12-01 12:00:01Z"));
        assert_eq!(once.look(1, Some("2026-12-01 12:00:01Z")).len(), 2, "a date does not come again");
    }

    #[test]
    fn nonsense_and_the_past_are_reported_once() {
        let mut scene = Scene::new(false);
        for text in ["soon", "2020-01-01 00:00:00"] {
            assert!(matches!(&scene.look(1, Some(text))[..], [Act::Log(LogLevel::Warning, _)]), "{text}");
            assert_eq!(scene.look(1, Some(text)), []);
        }
    }
}
