//! `bfd_instance`, and how its process runs.

use std::net::IpAddr;
use std::time::Duration;

/// A `bfd_instance`: a session with one neighbor (RFC 5880).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[expect(clippy::struct_excessive_bools, reason = "each is a keyword of its own")]
pub struct BfdInstance {
    /// Its name.
    pub name: String,
    /// `neighbor_ip`
    pub neighbor: IpAddr,
    /// `source_ip`, of the same family; `None` leaves the address to the kernel.
    pub source: Option<IpAddr>,
    /// `min_rx`, default 10 ms.
    pub min_rx: Duration,
    /// `min_tx`, default 10 ms.
    pub min_tx: Duration,
    /// `idle_tx`, default 1 s: the interval between packets while the session is not Up.
    pub idle_tx: Duration,
    /// `multiplier`, default 5.
    pub multiplier: u8,
    /// `passive`
    pub passive: bool,
    /// `ttl` or `hoplimit`: that of packets that are sent; default 255.
    pub ttl: u8,
    /// The least TTL or Hop Limit of a packet that is taken: `ttl` less `max_hops`. For IPv6 without `hoplimit` it counts from
    /// 64, because that is what keepalived sends there.
    pub least_ttl: u8,
    /// `multihop`: RFC 5883's port.
    pub multihop: bool,
    /// `weight`, -253 to 253; 0 makes a session that is down a FAULT.
    pub weight: i16,
    /// `weight N reverse`
    pub reverse: bool,
    /// VRRP instances may track it (`vrrp`, or neither `vrrp` nor `checker`).
    pub for_vrrp: bool,
    /// A `BFD_CHECK` may name it (`checker`, or neither).
    pub for_checkers: bool,
}

/// `bfd_*` of `global_defs`: how the BFD worker runs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct BfdGlobal {
    /// `bfd_priority`: nice value, -20 to 19.
    pub nice: Option<i8>,
    /// `bfd_rt_priority`: SCHED_RR priority, 1 to 99.
    pub rt_priority: Option<u8>,
    /// `bfd_rlimit_rttime`, microseconds.
    pub rlimit_rttime: Option<u32>,
    /// `bfd_no_swap`
    pub no_swap: bool,
    /// `bfd_cpu_affinity`
    pub cpu_affinity: Vec<u16>,
}
