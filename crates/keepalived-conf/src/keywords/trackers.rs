//! Trackers, which a priority may depend on: `vrrp_script`, `vrrp_track_process`, `track_file`.

use super::Keyword;
use super::table::keywords;

pub(super) static TRACKERS: &[Keyword] = keywords![
    [VrrpScript] "script": Command, default "required", since "1.2.1", Acts,
        "Command; \"</path>\" form tests only that a file exists.";
    [VrrpScript] "interval": decimal(0, 4_294_967, 3, Unit::Seconds) => aborts,
        default "1", since "1.2.1", Acts,
        "Gap between runs; 0 becomes 1.";
    [VrrpScript] "timeout": decimal(0, 4_294_967, 3, Unit::Seconds) => aborts,
        default "interval", since "1.2.6", Acts,
        "Run limit; exceeding counts as failure; 0 becomes 1.";
    [VrrpScript] "weight": Weight { limit: 253, noreverse: false } => aborts, default "0", since "1.2.1", Acts,
        "Priority effect; 0 makes failure a FAULT.";
    [VrrpScript] "rise": integer(1, 2_147_483_647, Unit::None) => aborts, default "1", since "1.2.1", Acts,
        "Successes needed for OK.";
    [VrrpScript] "fall": integer(1, 2_147_483_647, Unit::None) => aborts, default "1", since "1.2.1", Acts,
        "Failures needed for KO.";
    [VrrpScript] "user": User => aborts, default "script_user", since "1.3.0", Acts,
        "Credentials.";
    [VrrpScript] "init_fail": None, default "off (unknown)", since "1.3.2", Acts,
        "Assume failed until first success run(s).";

    [TrackProcess] "process": Words("name|path") => aborts, default "required", since "2.0.11", Acts,
        "Process to match; parameters imply exact match on full command line.";
    [TrackProcess] "param_match": OptionalChoice(&["initial", "partial"]),
        default "none; bare = exact", since "2.0.16", Acts,
        "Rule by which parameters must match.";
    [TrackProcess] "weight": Weight { limit: 254, noreverse: false }, default "0", since "2.0.11", Acts,
        "Priority effect; 0 = FAULT.";
    [TrackProcess] "quorum": integer(1, 65_535, Unit::None) => aborts, default "1", since "2.0.11", Acts,
        "Minimum number of processes.";
    [TrackProcess] "quorum_max": integer(0, 65_535, Unit::None) => aborts,
        default "unlimited", since "2.0.16", Acts,
        "Maximum number of processes.";
    [TrackProcess] "delay": Decimal { min: 1, max: 3_600_000_000, places: 6, unit: Unit::Seconds } => aborts,
        default "0", since "2.0.11", Acts,
        "Sets both fork_delay and terminate_delay.";
    [TrackProcess] "fork_delay": Decimal { min: 1, max: 3_600_000_000, places: 6, unit: Unit::Seconds } => aborts,
        default "0", since "2.0.16", Acts,
        "Wait after quorum gained.";
    [TrackProcess] "terminate_delay": Decimal { min: 1, max: 3_600_000_000, places: 6, unit: Unit::Seconds } => aborts,
        default "0", since "2.0.16", Acts,
        "Wait after quorum lost.";
    [TrackProcess] "full_command": None, default "off", since "2.0.11", Acts,
        "Compare the whole path/cmdline rather than the 15 character comm.";

    [TrackFile] "file": Word("path"), default "required", since "2.1.0", Acts,
        "File to watch with inotify; directory must exist.";
    [TrackFile] "weight": Weight { limit: 254, noreverse: false }, default "1", since "2.1.0", Acts,
        "Multiplier for the value; 0 = non-zero value means FAULT.";
    [TrackFile] "init_file": Form("[<value>] [overwrite]"),
        default "do not create; value 0", since "2.1.0", Acts,
        "Create file with value at start; overwrite also when present.";

    [OldTrackFile] "file": Word("path"), default "required", since "2.0.0", Acts,
        "File to watch with inotify; directory must exist.";
    [OldTrackFile] "weight": Weight { limit: 254, noreverse: false }, default "1", since "2.0.0", Acts,
        "Multiplier for the value; 0 = non-zero value means FAULT.";
    [OldTrackFile] "init_file": Form("[<value>] [overwrite]"),
        default "do not create; value 0", since "2.0.0", Acts,
        "Create file with value at start; overwrite also when present.";
];
