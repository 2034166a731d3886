//! Counts of processes by kind: which processes to look at, when, and the counts that follow. No I/O.
//!
//! A process is looked at when it begins, when it runs another program, and when it changes its name; a look that comes
//! late sees what is there then, and one that finds nothing says that the process has ended. Where nobody tells of such
//! events, the table is [surveyed](ProcessTable::survey): all that are there are compared with those that were. Only
//! processes that are counted, and the numbers of those that were there, are kept.

use std::collections::{BTreeMap, BTreeSet};

/// The number of a process.
pub type Pid = u32;

/// Which processes are counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// Those of this name; of a longer one the first 15 octets count, which is all that the kernel keeps.
    Name(Vec<u8>),
    /// Those of this command line.
    CommandLine {
        /// The program as it was called.
        program: Vec<u8>,
        /// The parameters that are compared.
        parameters: Vec<Vec<u8>>,
        /// Rule by which they are compared.
        comparison: Comparison,
    },
}

/// Rule by which parameters are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// There are these and no others.
    All,
    /// These are the first ones.
    First,
    /// These are the first ones, of which the last may be only the beginning.
    Beginning,
}

/// A process as it was looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// Its name, at most 15 octets.
    pub name: Vec<u8>,
    /// Its words; empty for threads of the kernel, and where no pattern asks for them.
    pub command_line: Vec<Vec<u8>>,
}

/// An event of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessEvent {
    /// It began, as a copy of another one.
    Began(Pid),
    /// It runs another program.
    Ran(Pid),
    /// It has another name.
    Renamed(Pid),
    /// It ended.
    Ended(Pid),
}

/// Depth of a survey.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survey {
    /// At processes that are new or counted.
    Quick,
    /// At all.
    Thorough,
}

/// The processes that are counted.
///
/// ```
/// use vrrp_linux::process_table::{Pattern, Process, ProcessEvent, ProcessTable};
///
/// let mut table = ProcessTable::new(vec![Pattern::Name(b"nginx".to_vec())]);
/// table.handle_event(ProcessEvent::Began(42));
/// while let Some(pid) = table.poll_look() {
///     let seen = Process { name: b"nginx".to_vec(), ..Process::default() };
///     table.handle_look(pid, Some(&seen));
/// }
/// assert_eq!(table.counts(), [1]);
/// table.handle_event(ProcessEvent::Ended(42));
/// assert_eq!(table.counts(), [0]);
/// ```
#[derive(Debug, Default)]
pub struct ProcessTable {
    patterns: Vec<Pattern>,
    counts: Vec<u32>,
    /// Each process that is counted, with the places of its patterns.
    counted: BTreeMap<Pid, Vec<usize>>,
    to_look: BTreeSet<Pid>,
    /// Those that were there at the last survey.
    present: Vec<Pid>,
    /// Those that were new at the last survey: they may be about to run another program.
    young: BTreeSet<Pid>,
}

impl ProcessTable {
    /// Nothing is counted before the first survey.
    pub fn new(patterns: Vec<Pattern>) -> Self {
        Self { counts: vec![0; patterns.len()], patterns, ..Self::default() }
    }

    /// Number of processes of each pattern.
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// Whether any pattern asks for command lines.
    pub fn compares_command_lines(&self) -> bool {
        self.patterns.iter().any(|pattern| matches!(pattern, Pattern::CommandLine { .. }))
    }

    /// Something happened.
    pub fn handle_event(&mut self, event: ProcessEvent) {
        match event {
            ProcessEvent::Began(pid) | ProcessEvent::Ran(pid) | ProcessEvent::Renamed(pid) => {
                self.to_look.insert(pid);
            }
            ProcessEvent::Ended(pid) => {
                self.to_look.remove(&pid);
                self.forget(pid);
            }
        }
    }

    /// These processes are there, and no others; in any order.
    pub fn survey(&mut self, present: impl IntoIterator<Item = Pid>, survey: Survey) {
        let mut present: Vec<Pid> = present.into_iter().collect();
        present.sort_unstable();
        present.dedup();
        let gone = self.counted.keys().filter(|pid| present.binary_search(pid).is_err());
        for pid in gone.copied().collect::<Vec<_>>() {
            self.forget(pid);
        }
        self.to_look.retain(|pid| present.binary_search(pid).is_ok());
        let is_new = |pid: &Pid| self.present.binary_search(pid).is_err();
        let new: BTreeSet<Pid> = present.iter().copied().filter(is_new).collect();
        match survey {
            Survey::Thorough => self.to_look.extend(&present),
            Survey::Quick => {
                self.to_look.extend(&new);
                self.to_look.extend(self.young.iter().filter(|pid| present.binary_search(pid).is_ok()));
                self.to_look.extend(self.counted.keys());
            }
        }
        self.young = new;
        self.present = present;
    }

    /// The next process to look at.
    pub fn poll_look(&mut self) -> Option<Pid> {
        self.to_look.pop_first()
    }

    /// Whether there are processes to look at.
    pub fn has_looks(&self) -> bool {
        !self.to_look.is_empty()
    }

    /// A process is like this now; `None` if it has ended.
    pub fn handle_look(&mut self, pid: Pid, process: Option<&Process>) {
        self.forget(pid);
        let Some(process) = process else { return };
        let matching = self.patterns.iter().enumerate().filter(|(_, pattern)| pattern.matches(process));
        let places: Vec<usize> = matching.map(|(place, _)| place).collect();
        if places.is_empty() {
            return;
        }
        for &place in &places {
            if let Some(count) = self.counts.get_mut(place) {
                *count += 1;
            }
        }
        self.counted.insert(pid, places);
    }

    fn forget(&mut self, pid: Pid) {
        for place in self.counted.remove(&pid).unwrap_or_default() {
            if let Some(count) = self.counts.get_mut(place) {
                *count -= 1;
            }
        }
    }
}

impl Pattern {
    /// Whether it is a process of this kind.
    pub fn matches(&self, process: &Process) -> bool {
        match self {
            Self::Name(name) => process.name == name.get(..NAME_LEN).unwrap_or(name),
            Self::CommandLine { program, parameters, comparison } => {
                let Some((called, words)) = process.command_line.split_first() else { return false };
                called == program && comparison.holds(parameters, words)
            }
        }
    }
}

impl Comparison {
    fn holds(self, parameters: &[Vec<u8>], words: &[Vec<u8>]) -> bool {
        match self {
            Self::All => parameters == words,
            Self::First => words.starts_with(parameters),
            Self::Beginning => {
                let Some((last, others)) = parameters.split_last() else { return true };
                let at = words.get(others.len());
                words.starts_with(others) && at.is_some_and(|word| word.starts_with(last))
            }
        }
    }
}

/// Octets of a name that the kernel keeps.
const NAME_LEN: usize = 15;

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Vec<u8>> {
        line.split(' ').filter(|word| !word.is_empty()).map(|word| word.as_bytes().to_vec()).collect()
    }

    fn process(name: &str, line: &str) -> Process {
        Process { name: name.as_bytes().to_vec(), command_line: words(line) }
    }

    fn name(name: &str) -> Pattern {
        Pattern::Name(name.as_bytes().to_vec())
    }

    fn table() -> ProcessTable {
        ProcessTable::new(vec![name("haproxy"), name("nginx")])
    }

    /// Looks at everything that is asked for; processes that `there` does not hold have ended.
    fn look(table: &mut ProcessTable, there: &[(Pid, &str)]) -> Vec<Pid> {
        let mut looked = Vec::new();
        while let Some(pid) = table.poll_look() {
            let found = there.iter().find(|(other, _)| *other == pid);
            table.handle_look(pid, found.map(|(_, name)| process(name, "")).as_ref());
            looked.push(pid);
        }
        looked
    }

    fn survey(table: &mut ProcessTable, kind: Survey, there: &[(Pid, &str)]) -> Vec<Pid> {
        table.survey(there.iter().map(|(pid, _)| *pid), kind);
        look(table, there)
    }

    #[test]
    fn processes_are_counted_from_their_beginning_to_their_end() {
        let mut table = table();
        table.handle_event(ProcessEvent::Began(7));
        table.handle_event(ProcessEvent::Ran(7));
        assert_eq!(look(&mut table, &[(7, "nginx")]), [7], "once, whatever happened before");
        assert_eq!(table.counts(), [0, 1]);
        table.handle_event(ProcessEvent::Renamed(7));
        look(&mut table, &[(7, "haproxy")]);
        assert_eq!(table.counts(), [1, 0]);
        table.handle_event(ProcessEvent::Ended(7));
        table.handle_event(ProcessEvent::Ended(7));
        assert_eq!(table.counts(), [0, 0]);
    }

    #[test]
    fn a_process_that_ends_before_it_is_looked_at_is_not_looked_at() {
        let mut table = table();
        for pid in 1..1000 {
            table.handle_event(ProcessEvent::Began(pid));
            table.handle_event(ProcessEvent::Ended(pid));
        }
        assert!(!table.has_looks());
    }

    #[test]
    fn a_survey_finds_processes_whose_events_were_lost() {
        let mut table = table();
        survey(&mut table, Survey::Thorough, &[(1, "init"), (7, "nginx"), (8, "nginx")]);
        assert_eq!(table.counts(), [0, 2]);
        survey(&mut table, Survey::Thorough, &[(1, "init"), (8, "haproxy"), (9, "nginx")]);
        assert_eq!(table.counts(), [1, 1]);
        survey(&mut table, Survey::Thorough, &[]);
        assert_eq!(table.counts(), [0, 0]);
    }

    #[test]
    fn a_quick_survey_looks_at_new_and_counted_processes_only() {
        let mut table = table();
        let before: Vec<(Pid, &str)> = (1..2000).map(|pid| (pid, "idle")).chain([(3000, "nginx")]).collect();
        for _ in 0..2 {
            survey(&mut table, Survey::Thorough, &before);
        }
        let mut now = before.clone();
        now.push((4000, "sh"));
        assert_eq!(survey(&mut table, Survey::Quick, &now), [3000, 4000]);
        now.pop();
        now.push((4000, "haproxy"));
        assert_eq!(
            survey(&mut table, Survey::Quick, &now),
            [3000, 4000],
            "a new process may run another program by now"
        );
        assert_eq!(table.counts(), [1, 1]);
        assert_eq!(survey(&mut table, Survey::Quick, &now), [3000, 4000], "both are counted");
    }

    #[test]
    fn a_name_is_the_whole_name_and_at_most_15_octets() {
        assert!(name("ssh").matches(&process("ssh", "")));
        assert!(!name("ssh").matches(&process("sshd", "")));
        assert!(name("averylongprocessname").matches(&process("averylongproces", "")));
    }

    #[test]
    fn parameters_are_compared_as_asked_for() {
        use Comparison::*;
        let matches = |comparison, parameters: &str, line: &str| {
            let pattern = Pattern::CommandLine {
                program: b"/bin/x".to_vec(),
                parameters: words(parameters),
                comparison,
            };
            pattern.matches(&process("x", line))
        };
        for (comparison, parameters, line, expected) in [
            (All, "a b", "/bin/x a b", true),
            (All, "a b", "/bin/x a b c", false),
            (All, "", "/bin/x", true),
            (All, "", "/bin/x a", false),
            (All, "a", "x a", false),
            (First, "a", "/bin/x a b", true),
            (First, "a", "/bin/x ab", false),
            (First, "", "/bin/x a", true),
            (Beginning, "a b", "/bin/x a bcd e", true),
            (Beginning, "a b", "/bin/x ac b", false),
            (Beginning, "a b", "/bin/x a", false),
            (Beginning, "", "/bin/x", true),
            (All, "a", "", false),
        ] {
            assert_eq!(matches(comparison, parameters, line), expected, "{comparison:?} {parameters} {line}");
        }
    }
}
