//! Processes that a router depends on.

use std::fmt;

use keepalived_conf::model::trackers::{ParameterPattern, ProcessPattern, TrackProcess};
use serde::{Deserialize, Serialize};
use vrrp_election::Delays;

/// When there are as many processes as should be.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct ProcessCheck {
    pub(crate) pattern: ProcessPattern,
    least: u32,
    most: Option<u32>,
    pub(crate) delays: Delays,
}

impl ProcessCheck {
    pub(crate) fn new(process: &TrackProcess) -> Self {
        Self {
            pattern: process.pattern.clone(),
            least: process.quorum,
            most: process.quorum_max,
            delays: Delays { up: process.fork_delay, down: process.terminate_delay },
        }
    }

    /// Whether so many are neither too few nor too many.
    pub(crate) fn is_met(&self, count: i32) -> bool {
        // Where none are allowed, none are enough.
        let least = self.most.map_or(self.least, |most| self.least.min(most));
        let count = u32::try_from(count).unwrap_or(0);
        count >= least && self.most.is_none_or(|most| count <= most)
    }

    /// Whether it asks for the same, whatever the delays.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        (&self.pattern, self.least, self.most) == (&other.pattern, other.least, other.most)
    }
}

impl fmt::Display for ProcessCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            ProcessPattern::Name(name) => write!(f, "process {name}"),
            ProcessPattern::CommandLine { program, parameters } => {
                write!(f, "process {program}")?;
                let (ParameterPattern::Exactly(words)
                | ParameterPattern::First(words)
                | ParameterPattern::Beginning(words)) = parameters
                else {
                    return Ok(());
                };
                words.iter().try_for_each(|word| write!(f, " {word}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(least: u32, most: Option<u32>) -> ProcessCheck {
        let pattern = ProcessPattern::Name("haproxy".to_owned());
        ProcessCheck { pattern, least, most, delays: Delays::default() }
    }

    #[test]
    fn neither_too_few_nor_too_many_processes_are_a_quorum() {
        let met = |check: &ProcessCheck| [0, 1, 2, 3].map(|count| check.is_met(count));
        assert_eq!(met(&check(1, None)), [false, true, true, true]);
        assert_eq!(met(&check(2, None)), [false, false, true, true]);
        assert_eq!(met(&check(1, Some(2))), [false, true, true, false]);
        assert_eq!(met(&check(1, Some(0))), [true, false, false, false], "none is to run");
    }
}
