//! `vrrp_sync_group` and the trackers it lends its members.

use super::Keyword;
use super::table::keywords;

pub(super) static SYNC_GROUP: &[Keyword] = keywords![
    [SyncGroup] "group": Lines(Context::SyncGroupMembers), default "", since "1.2.1", Acts,
        "Member instances; names may be defined later in the file; one group per instance.";
    [SyncGroup] "track_interface": Lines(Context::SyncGroupTrackInterface),
        default "", since "2.0.0", Acts,
        "interface trackers applied to every member.";
    [SyncGroup] "track_script": Lines(Context::SyncGroupTrackScript), default "", since "2.0.0", Acts,
        "script trackers applied to every member.";
    [SyncGroup] "track_file": Lines(Context::SyncGroupTrackFile), default "", since "2.0.0", Acts,
        "file trackers applied to every member.";
    [SyncGroup] "track_process": Lines(Context::SyncGroupTrackProcess),
        default "", since "2.0.11", Acts,
        "process trackers applied to every member.";
    [SyncGroup] "track_bfd": Lines(Context::SyncGroupTrackBfd), default "", since "2.0.0", Acts,
        "bfd trackers applied to every member.";
    [SyncGroup] "notify_backup": Command => aborts, default "none", since "1.2.1", Acts,
        "Run when the group becomes BACKUP.";
    [SyncGroup] "notify_master": Command => aborts, default "none", since "1.2.1", Acts,
        "Run when the group becomes MASTER.";
    [SyncGroup] "notify_fault": Command => aborts, default "none", since "1.2.1", Acts,
        "Run when the group becomes FAULT.";
    [SyncGroup] "notify_stop": Command => aborts, default "none", since "2.0.0", Acts,
        "Run when the group becomes stopped.";
    [SyncGroup] "notify": Command => aborts, default "none", since "1.2.1", Acts,
        "Run on every change with appended: GROUP name STATE 0.";
    [SyncGroup] "smtp_alert": Switch, default "off", since "1.2.1", Acts,
        "Mail on group state change.";
    [SyncGroup] "global_tracking": None,
        default "off", since "1.2.3", Deprecated("sync_group_tracking_weight"),
        "Deprecated (reports an error) but still enables sync_group_tracking_weight.";
    [SyncGroup] "sync_group_tracking_weight": None, default "off", since "2.0.0", Acts,
        "Allow non-zero weight trackers for grouped instances (all members must use equal trackers).";
    [SyncGroup] "notify_priority_changes": Switch, default "global", since "2.2.0", Acts,
        "Write member priority changes to FIFO.";

    [SyncGroupTrackInterface] "<line>": Form("<ifname> [weight <-254..254> [reverse]]"),
        default "weight 0", since "2.0.0", Acts,
        "Weight 0: down means FAULT. ±254 is reduced to ±253.";

    [SyncGroupTrackScript] "<line>": Form("<vrrp_script> [weight <-254..254> [reverse|noreverse]]"),
        default "script weight", since "2.0.0", Acts,
        "Reference to an earlier vrrp_script; weight overrides. Unknown name ignored with error.";

    [SyncGroupTrackFile] "<line>": Form("<track_file> [weight <-254..254> [reverse|noreverse]]"),
        default "file weight", since "2.0.0", Acts,
        "Reference to an earlier track_file; weight multiplies the file value.";

    [SyncGroupTrackProcess] "<line>": Form("<vrrp_track_process> [weight <-254..254> [reverse|noreverse]]"),
        default "process weight", since "2.0.11", Acts,
        "Reference to an earlier vrrp_track_process.";

    [SyncGroupTrackBfd] "<line>": Form("<bfd_instance> [weight <-253..253> [reverse|noreverse]]"),
        default "bfd weight", since "2.0.0", Acts,
        "Reference to an earlier bfd_instance.";
];
