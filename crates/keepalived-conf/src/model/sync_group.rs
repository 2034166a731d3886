//! `vrrp_sync_group`

use super::trackers::Tracked;
use super::{Notify, TrackInterface, TrackScript};

/// Instances that change their state together.
///
/// Trackers of the group count for each member, in place of the member's tracker of the same name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct SyncGroup {
    /// Its name.
    pub name: String,
    /// Indices into [`Config::instances`](super::Config::instances); no instance is a member of two groups.
    pub members: Vec<usize>,
    /// `sync_group_tracking_weight`: without it, members follow no weight of their own. They do not have any, then.
    pub tracking_weight: bool,
    /// `track_interface`
    pub track_interfaces: Vec<TrackInterface>,
    /// `track_script`
    pub track_scripts: Vec<TrackScript>,
    /// `track_file`
    pub track_files: Vec<Tracked>,
    /// `track_process`
    pub track_processes: Vec<Tracked>,
    /// `track_bfd`
    pub track_bfd: Vec<Tracked>,
    /// `notify`, `notify_master`, `notify_backup`, `notify_fault` and `notify_stop`
    pub notify: Notify,
    /// Whether changes of the group are mailed (`smtp_alert` after its precedence).
    pub smtp_alert: bool,
}
