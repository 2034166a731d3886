//! The typed model: what a keepalived.conf means, with every default filled in.
//!
//! Units are in the types; dependencies of later keywords (for example a `track_script` on the weight of its
//! `vrrp_script`) are resolved here, so that a reader of the model never looks anything up twice.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

pub mod bfd;
mod conversations;
pub mod daemon;
pub mod fifo;
mod hmac;
mod instance;
pub mod lvs;
mod lvs_global;
pub mod mail;
mod rfc;
pub mod routing;
mod secrets;
mod sync_group;
pub mod trackers;
pub mod virtual_link;

use bfd::{BfdGlobal, BfdInstance};
use daemon::Daemon;
use fifo::Fifo;
pub use hmac::{Hmac, HmacKey, HmacMode};
pub use instance::{
    Auth, Garp, GarpElsewhere, Notify, TrackInterface, TrackScript, UnicastPeer, VirtualAddress, VrrpInstance,
};
use lvs::{LvsGlobal, VirtualServer};
use mail::Mail;
pub use rfc::RfcMode;
use routing::Statics;
pub use secrets::HIDDEN;
pub use sync_group::SyncGroup;
use trackers::{InterfaceDelays, TrackFile, TrackProcess};

/// A whole configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Config {
    /// `global_defs`, all of them merged.
    pub global: Global,
    /// Every `vrrp_script`, in file order; [`TrackScript::script`] is an index into this.
    pub scripts: Vec<VrrpScript>,
    /// Every usable `vrrp_instance`, in file order.
    pub instances: Vec<VrrpInstance>,
    /// `static_ipaddress`, `static_routes` and `static_rules`.
    pub statics: Statics,
    /// Every `vrrp_sync_group` with members, in file order.
    pub sync_groups: Vec<SyncGroup>,
    /// Every usable `virtual_server`, in file order.
    pub virtual_servers: Vec<VirtualServer>,
    /// The scripts of `MISC_CHECK`s, in file order.
    pub checks: Vec<Command>,
    /// Every usable `bfd_instance`, in file order; names in `track_bfd` are indices into this.
    pub bfd_instances: Vec<BfdInstance>,
    /// Every `track_file` with `init_file`, in file order.
    pub init_files: Vec<InitFile>,
    /// Every `track_file`, in file order.
    pub track_files: Vec<TrackFile>,
    /// Every `vrrp_track_process`, in file order.
    pub track_processes: Vec<TrackProcess>,
    /// `interface_up_down_delays`; of an interface that is named twice, the last line.
    pub interface_delays: Vec<InterfaceDelays>,
}

/// A file with a number, to be made when the daemon starts, and where it is missing on a reload.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InitFile {
    /// Its path.
    pub path: PathBuf,
    /// The number.
    pub value: i32,
    /// One that is there at the start is written anew.
    pub overwrite: bool,
}

/// `global_defs` (only what acts today; the rest is validated and reported).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub struct Global {
    /// `router_id`; `None` means the host name.
    pub router_id: Option<String>,
    /// `enable_script_security`.
    pub script_security: bool,
    /// `script_user`: the last one of the file.
    pub script_user: Option<User>,
    /// `dynamic_interfaces`: interfaces may appear later.
    pub dynamic_interfaces: bool,
    /// `default_interface`.
    pub default_interface: Option<String>,
    /// `vrrp_mcast_group4`, default 224.0.0.18.
    pub multicast_v4: Ipv4Addr,
    /// `vrrp_mcast_group6`, default ff02::12.
    pub multicast_v6: Ipv6Addr,
    /// `vrrp_startup_delay`.
    pub startup_delay: Duration,
    /// `vrrp_garp_interval`: least gap between gratuitous ARPs on an interface.
    pub garp_interval: Duration,
    /// `vrrp_gna_interval`: the same for unsolicited NAs.
    pub gna_interval: Duration,
    /// `garp_group`, in file order: interfaces with gaps of their own.
    pub garp_groups: Vec<GarpGroup>,
    /// `log_unknown_vrids`.
    pub log_unknown_vrids: bool,
    /// `child_wait_time`, default 5 s: how long a stop waits for workers and scripts.
    pub child_wait_time: Duration,
    /// `notify_timeout`: time limit of a notify script; `None` is no limit (vipd's own).
    pub notify_timeout: Option<Duration>,
    /// `worker_user`: the user that workers run as; `None` is `vipd` if it exists, else `nobody` (vipd's own).
    pub worker_user: Option<String>,
    /// `worker_timeout`, default 5 s: a worker that does not answer for so long is replaced; zero for never (vipd's
    /// own).
    pub worker_timeout: Duration,
    /// `stop_handover`: longest time that a stop serves on until another machine has taken over the addresses; zero is
    /// not at all (vipd's own).
    pub stop_handover: Duration,
    /// `vrrp_rt_priority`: SCHED_RR priority of the VRRP worker, 1 to 99.
    pub vrrp_rt_priority: Option<u8>,
    /// `vrrp_priority`: nice value of the VRRP worker, -20 to 19.
    pub vrrp_nice: Option<i8>,
    /// `vrrp_no_swap`: lock the VRRP worker's memory.
    pub vrrp_no_swap: bool,
    /// `vrrp_netlink_monitor_rcv_bufs`, octets.
    pub netlink_monitor_receive_buffer: Option<u32>,
    /// `instance`: suffix of pid files and log identity.
    pub instance: Option<String>,
    /// `net_namespace`.
    pub net_namespace: Option<String>,
    /// `use_pid_dir`, or implied by `instance` and `net_namespace`.
    pub use_pid_dir: bool,
    /// `reload_check_config`: a reload with errors is refused.
    pub reload_check_config: bool,
    /// `state_dump_file`.
    pub state_dump_file: Option<PathBuf>,
    /// `umask`, default 0o177.
    pub umask: Option<u32>,
    /// `nftables*`.
    pub nftables: Nftables,
    /// `notification_email*`, `smtp_*`.
    pub mail: Mail,
    /// `vrrp_notify_fifo`, `lvs_notify_fifo` and `notify_fifo`, in that order.
    pub fifos: Vec<Fifo>,
    /// `fifo_write_vrrp_states_on_reload`: FIFOs get the states of instances after each reload.
    pub fifo_states_on_reload: bool,
    /// `lvs_*`, `checker_*`.
    pub lvs: LvsGlobal,
    /// Settings of the daemon itself.
    pub daemon: Daemon,
    /// `bfd_*`.
    pub bfd: BfdGlobal,
}

/// `garp_group`: interfaces that have gaps of their own between announcements.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct GarpGroup {
    /// `garp_interval`; zero, so no gap, where the group does not set it.
    pub garp_interval: Duration,
    /// `gna_interval`; zero, so no gap, where the group does not set it.
    pub gna_interval: Duration,
    /// `interface` and `interfaces`: one announcement in each gap on all of them together.
    pub interfaces: Vec<String>,
}

/// `nftables*`: how packets to addresses are dropped that no packets are accepted for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Nftables {
    /// `nftables`: the name of the table, default `keepalived`.
    pub table: String,
    /// `nftables_priority`, default -1.
    pub priority: i32,
    /// `nftables_counters`: rules count packets.
    pub counters: bool,
}

impl Default for Nftables {
    fn default() -> Self {
        Self { table: "keepalived".to_owned(), priority: -1, counters: false }
    }
}

/// A user (and group) by name or number, as written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct User {
    /// Name or number.
    pub user: String,
    /// Group name or number; `None` is the user's own.
    pub group: Option<String>,
}

/// A command with the user it runs as: what `script` and `notify*` hold.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Command {
    /// The command text as the author wrote it, outer quotes removed.
    pub text: String,
    /// The way in which it is run.
    pub run: Run,
    /// `[user [group]]` behind the command, or `user` of the `vrrp_script`, or the `script_user` of the file.
    pub user: Option<User>,
}

/// The way in which a [`Command`] is run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Run {
    /// Directly: program and arguments, no shell.
    Exec(Vec<String>),
    /// The text holds shell syntax: it is given to a shell as `-c TEXT`.
    Shell {
        /// The text uses bash's own syntax (`[[ … ]]`, …), so `sh` would not do.
        bash: bool,
    },
    /// `</path>`: no process; succeeds when the file can be opened.
    FileReadable(PathBuf),
}

/// A `vrrp_script`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct VrrpScript {
    /// Its name.
    pub name: String,
    /// `script`.
    pub command: Command,
    /// `interval`, start to start; default 1 s.
    pub interval: Duration,
    /// `timeout`; default `interval`.
    pub timeout: Duration,
    /// `weight`, -253 to 253; 0 makes a failure a FAULT.
    pub weight: i16,
    /// `weight N reverse`.
    pub reverse: bool,
    /// `rise`, at least 1.
    pub rise: u32,
    /// `fall`, at least 1.
    pub fall: u32,
    /// `init_fail`.
    pub init_fail: bool,
    /// `on_shortage` (vipd's own); default `keep`.
    pub on_shortage: OnShortage,
}

/// `on_shortage`: treatment of a check that cannot be run for long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum OnShortage {
    /// `keep`: its last result stays.
    #[default]
    Keep,
    /// `fail`: it counts as failed.
    Fail,
}

/// `state`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum InitialState {
    /// `MASTER`
    Master,
    /// `BACKUP`
    Backup,
}

/// `preempt`, `nopreempt` and `preempt_delay` together, after keepalived's rules for refusing them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Preempt {
    /// `nopreempt`
    Never,
    /// The default.
    AtOnce,
    /// `preempt_delay`
    After(Duration),
}
