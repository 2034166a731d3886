//! Processes: the kernel tells of them where it does so; where not, `/proc` is read every now and then.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use keepalived_conf::model::trackers::{ParameterPattern, ProcessPattern};
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use vrrp_linux::process_events::{ProcessEvents, ReceivedEvents};
use vrrp_linux::process_table::{Comparison, Pattern, Pid, Process, ProcessEvent, ProcessTable, Survey};

/// The processes that are counted, and the source of their events.
#[derive(Debug)]
pub(super) struct Processes {
    wanted: Vec<ProcessPattern>,
    table: ProcessTable,
    /// `None` where the kernel does not tell.
    events: Option<ProcessEvents>,
    /// Whether it was asked to.
    asked: bool,
    /// There may be more events than were read.
    unread: bool,
    /// The count last reported for each pattern.
    told: Vec<Option<u32>>,
    /// Everything was looked at since the patterns are these.
    complete: bool,
    /// When to look at what happened.
    look_at: Option<Instant>,
    survey_at: Option<Instant>,
    thorough_at: Instant,
}

impl Processes {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            wanted: Vec::new(),
            table: ProcessTable::default(),
            events: None,
            asked: false,
            unread: false,
            told: Vec::new(),
            complete: false,
            look_at: None,
            survey_at: None,
            thorough_at: now,
        }
    }

    /// Counts these and no others. Gives a line for the log if the kernel tells of no process.
    pub(super) fn watch(
        &mut self,
        now: Instant,
        wanted: Vec<ProcessPattern>,
        registry: &Registry,
        token: Token,
    ) -> Option<String> {
        if wanted == self.wanted {
            return None;
        }
        let known: Vec<_> = std::mem::take(&mut self.wanted).into_iter().zip(self.told.drain(..)).collect();
        let before = |pattern: &ProcessPattern| known.iter().find(|(other, _)| other == pattern)?.1;
        self.told = wanted.iter().map(before).collect();
        self.table = ProcessTable::new(wanted.iter().map(pattern).collect());
        self.wanted = wanted;
        self.complete = false;
        if self.wanted.is_empty() {
            if let Some(events) = self.events.take() {
                let _ = registry.deregister(&mut SourceFd(&events.as_raw_fd()));
            }
            (self.asked, self.survey_at, self.look_at) = (false, None, None);
            return None;
        }
        let complaint =
            if std::mem::replace(&mut self.asked, true) { None } else { self.open(registry, token) };
        (self.survey_at, self.thorough_at) = (Some(now), now);
        complaint
    }

    fn open(&mut self, registry: &Registry, token: Token) -> Option<String> {
        let opened = ProcessEvents::open().and_then(|events| {
            registry.register(&mut SourceFd(&events.as_raw_fd()), token, Interest::READABLE)?;
            Ok(events)
        });
        match opened {
            Ok(events) => {
                self.events = Some(events);
                None
            }
            Err(error) => Some(format!(
                "the kernel does not report processes to this daemon ({error}; in a container it never does): /proc is read \
                 {} times a second instead, less often where there are many processes",
                1000 / QUICK.as_millis()
            )),
        }
    }

    /// Takes in what happened and looks at what is due.
    pub(super) fn look(&mut self, now: Instant, registry: &Registry) {
        if self.wanted.is_empty() {
            return;
        }
        self.hear(now, registry);
        if self.survey_at.is_some_and(|at| at <= now) {
            self.survey(now);
        }
        if self.look_at.is_some_and(|at| at <= now) {
            self.look_at_some(now);
        }
    }

    /// Whether there is more to do at once.
    pub(super) fn has_backlog(&self) -> bool {
        self.unread
    }

    /// When [`look`](Self::look) is due.
    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        [self.look_at, self.survey_at].into_iter().flatten().min()
    }

    /// The counts that changed.
    pub(super) fn changes(&mut self) -> Vec<(ProcessPattern, u32)> {
        if !self.complete {
            return Vec::new();
        }
        let mut changes = Vec::new();
        for ((pattern, &count), told) in self.wanted.iter().zip(self.table.counts()).zip(&mut self.told) {
            if told.replace(count) != Some(count) {
                changes.push((pattern.clone(), count));
            }
        }
        changes
    }

    fn hear(&mut self, now: Instant, registry: &Registry) {
        let Some(events) = &mut self.events else { return };
        self.unread = true;
        for _ in 0..MOST_HEARD {
            match events.hear() {
                Ok(ReceivedEvents::Events(news)) => {
                    for event in news {
                        self.table.handle_event(event);
                    }
                }
                Ok(ReceivedEvents::Lost) => {
                    self.thorough_at = now;
                    self.survey_at = Some(self.survey_at.map_or(now, |at| at.min(now + LOST_PAUSE)));
                }
                Ok(ReceivedEvents::Nothing) => {
                    self.unread = false;
                    break;
                }
                Err(_) => {
                    let _ = registry.deregister(&mut SourceFd(&events.as_raw_fd()));
                    self.events = None;
                    (self.unread, self.survey_at, self.thorough_at) = (false, Some(now), now);
                    break;
                }
            }
        }
        self.look_soon(now);
    }

    /// A new process mostly runs another program at once, and a short-lived one is not looked at.
    fn look_soon(&mut self, now: Instant) {
        if self.table.has_looks() {
            self.look_at.get_or_insert(now + LOOK_PAUSE);
        }
    }

    fn survey(&mut self, now: Instant) {
        let begun = Instant::now();
        let kind = if self.thorough_at <= now { Survey::Thorough } else { Survey::Quick };
        let Ok(present) = numbers() else {
            // An error of this machine: the counts stay.
            self.survey_at = Some(now + THOROUGH);
            return;
        };
        let count = present.len();
        self.table.survey(present, kind);
        // The time of a look is estimated from earlier ones: the looks of a survey are to take a 20th of the time.
        let looks = u32::try_from(count).unwrap_or(u32::MAX);
        let listing = begun.elapsed();
        let is_told = self.events.is_some();
        if kind == Survey::Thorough {
            let pause = (LOOK_COST * looks + listing).saturating_mul(SPARE);
            self.thorough_at = now + pause.max(if is_told { RARELY } else { THOROUGH });
        }
        self.survey_at =
            Some(if is_told { self.thorough_at } else { now + listing.saturating_mul(SPARE).max(QUICK) });
        self.look_at = Some(now);
    }

    fn look_at_some(&mut self, now: Instant) {
        self.look_at = None;
        let with_words = self.table.compares_command_lines();
        for _ in 0..MOST_LOOKS {
            let Some(pid) = self.table.poll_look() else {
                self.complete = true;
                return;
            };
            let Ok(process) = process(pid, with_words) else {
                // No descriptor, no memory: it is looked at again.
                self.table.handle_event(ProcessEvent::Renamed(pid));
                self.look_at = Some(now + LOST_PAUSE);
                return;
            };
            self.table.handle_look(pid, process.as_ref());
        }
        if self.table.has_looks() {
            self.look_at = Some(now);
        } else {
            self.complete = true;
        }
    }
}

fn pattern(pattern: &ProcessPattern) -> Pattern {
    match pattern {
        ProcessPattern::Name(name) => Pattern::Name(name.clone().into_bytes()),
        ProcessPattern::CommandLine { program, parameters } => {
            let (words, comparison): (&[String], _) = match parameters {
                ParameterPattern::Any => (&[], Comparison::First),
                ParameterPattern::Exactly(words) => (words, Comparison::All),
                ParameterPattern::First(words) => (words, Comparison::First),
                ParameterPattern::Beginning(words) => (words, Comparison::Beginning),
            };
            Pattern::CommandLine {
                program: program.clone().into_bytes(),
                parameters: words.iter().map(|word| word.clone().into_bytes()).collect(),
                comparison,
            }
        }
    }
}

/// The processes that there are.
fn numbers() -> io::Result<Vec<Pid>> {
    let mut numbers = Vec::new();
    for entry in fs::read_dir("/proc")? {
        numbers.extend(entry?.file_name().to_str().and_then(|name| name.parse::<Pid>().ok()));
    }
    Ok(numbers)
}

/// The process of this id; `None` if it has ended.
fn process(pid: Pid, with_words: bool) -> io::Result<Option<Process>> {
    let stat = match beginning(&format!("/proc/{pid}/stat"), STAT_LEN) {
        Ok(stat) => stat,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let Some(name) = name_of_living(&stat) else { return Ok(None) };
    let mut process = Process { name: name.to_vec(), command_line: Vec::new() };
    if with_words {
        match beginning(&format!("/proc/{pid}/cmdline"), COMMAND_LINE_LEN) {
            Ok(line) => process.command_line = words(&line),
            // One that this process may not look at has no words that could be compared.
            Err(error) if is_gone(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(Some(process))
}

fn is_gone(error: &io::Error) -> bool {
    let errno = error.raw_os_error();
    errno.is_some_and(|errno| [libc::ENOENT, libc::ESRCH, libc::EACCES, libc::EPERM].contains(&errno))
}

/// The name in a `stat` file, `PID (NAME) STATE …`; `None` of a process that has ended and waits for its parent.
fn name_of_living(stat: &[u8]) -> Option<&[u8]> {
    let begin = stat.iter().position(|&octet| octet == b'(')? + 1;
    let end = stat.iter().rposition(|&octet| octet == b')')?;
    let state = *stat.get(end + 2)?;
    (!matches!(state, b'Z' | b'X' | b'x')).then(|| stat.get(begin..end))?
}

/// The words of a command line, each of which ends with a zero.
fn words(line: &[u8]) -> Vec<Vec<u8>> {
    let line = line.strip_suffix(b"\0").unwrap_or(line);
    if line.is_empty() {
        return Vec::new();
    }
    line.split(|&octet| octet == 0).map(<[u8]>::to_vec).collect()
}

fn beginning(path: &str, most: u64) -> io::Result<Vec<u8>> {
    let mut content = Vec::new();
    File::open(path)?.take(most).read_to_end(&mut content)?;
    Ok(content)
}

/// Time for which events are gathered before a look.
const LOOK_PAUSE: Duration = Duration::from_millis(5);
/// The least time between two surveys after losses.
const LOST_PAUSE: Duration = Duration::from_millis(100);
/// Where the kernel does not tell: the least time between two surveys, and between two thorough ones.
const QUICK: Duration = Duration::from_millis(250);
const THOROUGH: Duration = Duration::from_secs(2);
/// Where the kernel tells, everything is compared all the same.
const RARELY: Duration = Duration::from_secs(60);
/// A survey takes one of so many parts of the time.
const SPARE: u32 = 20;
/// Reading one process.
const LOOK_COST: Duration = Duration::from_micros(25);

/// Datagrams that are read, and processes that are looked at, before others have their turn.
const MOST_HEARD: usize = 4096;
const MOST_LOOKS: usize = 512;

/// Octets.
const STAT_LEN: u64 = 512;
const COMMAND_LINE_LEN: u64 = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything_and_the_dead_are_not_counted() {
        assert_eq!(name_of_living(b"7 (nginx) S 1 7"), Some(&b"nginx"[..]));
        assert_eq!(name_of_living(b"7 (a) b (c) R 1"), Some(&b"a) b (c"[..]));
        assert_eq!(name_of_living(b"7 (nginx) Z 1 7"), None);
        for damaged in [&b""[..], b"7", b"7 (", b"7 )", b"7 (x)", b")(", b") ( S"] {
            assert_eq!(name_of_living(damaged), None);
        }
    }

    #[test]
    fn words_end_with_zeros_and_may_be_empty() {
        assert_eq!(words(b"/bin/x\0a b\0\0c\0"), [&b"/bin/x"[..], b"a b", b"", b"c"]);
        assert_eq!(words(b"renamed itself"), [b"renamed itself"]);
        assert!(words(b"").is_empty() && words(b"\0").is_empty());
    }

    #[test]
    fn this_process_is_found() {
        let ours = std::process::id();
        assert!(numbers().unwrap().contains(&ours));
        let process = process(ours, true).unwrap().unwrap();
        assert!(!process.name.is_empty() && !process.command_line.is_empty());
        assert_eq!(super::process(Pid::MAX, true).unwrap(), None);
    }
}
