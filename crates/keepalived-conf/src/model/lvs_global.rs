//! Keywords of `global_defs` about the LVS worker.

use std::net::IpAddr;
use std::time::Duration;

/// Keywords of `global_defs` about the LVS worker.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
#[derive(Default)]
pub struct LvsGlobal {
    /// `lvs_timeouts`
    pub timeouts: LvsTimeouts,
    /// `lvs_flush`: clear the whole table at the start.
    pub flush: bool,
    /// `lvs_flush_on_stop`
    pub flush_on_stop: FlushOnStop,
    /// `lvs_sync_daemon`
    pub sync_daemon: Option<LvsSyncDaemon>,
    /// `checker_log_all_failures` is resolved into each checker; `checker_priority`: nice value.
    pub nice: Option<i8>,
    /// `checker_rt_priority`: SCHED_RR priority, 1 to 99.
    pub rt_priority: Option<u8>,
    /// `checker_no_swap`
    pub no_swap: bool,
    /// `checker_cpu_affinity`
    pub cpu_affinity: Vec<u16>,
    /// `checker_rlimit_rttime`, microseconds.
    pub rlimit_rttime: Option<u32>,
    /// `lvs_netlink_monitor_rcv_bufs`, octets.
    pub netlink_monitor_receive_buffer: Option<u32>,
    /// `rs_init_notifies`: notify_up also for servers that are up at the start.
    pub initial_notifies: bool,
    /// `lvs_share_checks`: equal checks of the same server are made once for all virtual servers (vipd's own).
    pub share_checks: bool,
    /// `lvs_reconcile`: what becomes of a weight that somebody else sets (vipd's own).
    pub reconcile: Reconcile,
}

/// `lvs_reconcile`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Reconcile {
    /// It is reported and stays.
    Report,
    /// It is reported and stays for so long; zero: it is put right when it is seen.
    Restore(Duration),
}

impl Default for Reconcile {
    /// An hour: time to look after a server.
    fn default() -> Self {
        Self::Restore(Duration::from_secs(3600))
    }
}

/// `lvs_timeouts`, seconds; `None` leaves the kernel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LvsTimeouts {
    /// Established TCP connections.
    pub tcp: Option<u32>,
    /// TCP connections after a FIN.
    pub tcp_fin: Option<u32>,
    /// UDP.
    pub udp: Option<u32>,
}

/// `lvs_flush_on_stop`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum FlushOnStop {
    /// Not given: real servers, then their virtual servers, one by one.
    #[default]
    Off,
    /// Bare: the whole table, also services of other programs.
    Everything,
    /// `VS`: virtual servers as a whole.
    VirtualServers,
}

/// `lvs_sync_daemon`
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LvsSyncDaemon {
    /// Interface of the multicast.
    pub interface: String,
    /// Name of the VRRP instance whose state it follows; `None`: both daemons run always.
    pub instance: Option<String>,
    /// `id`: 0 to 255; default the instance's VRID, or 0.
    pub id: u8,
    /// `maxlen`
    pub max_length: Option<u16>,
    /// `port`
    pub port: Option<u16>,
    /// `ttl`
    pub ttl: Option<u8>,
    /// `group`
    pub group: Option<IpAddr>,
}
