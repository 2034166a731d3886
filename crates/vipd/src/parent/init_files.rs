//! Files with a number that are made for the instances that track them (`init_file`): missing ones at the start and on
//! a reload; at the start those that are to be overwritten as well. The path process makes them.

use keepalived_conf::model::InitFile;

use crate::paths::Job;

/// When files are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    /// The daemon starts.
    Start,
    /// It takes another configuration.
    Reload,
}

/// The job that makes a file on this occasion.
pub(super) fn job(file: &InitFile, occasion: Occasion) -> Job {
    Job::Init(file.clone(), file.overwrite && occasion == Occasion::Start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_overwritten_at_the_start_only() {
        let file = |overwrite| InitFile { path: "/x".into(), value: 5, overwrite };
        let overwrites = |file: &InitFile, occasion| match job(file, occasion) {
            Job::Init(_, overwrite) => overwrite,
            other => panic!("{other:?}"),
        };
        assert!(overwrites(&file(true), Occasion::Start));
        assert!(!overwrites(&file(true), Occasion::Reload));
        assert!(!overwrites(&file(false), Occasion::Start));
    }
}
