//! The settings of IPVS: `net.ipv4.vs.*`, one set for each network namespace.

use std::num::ParseIntError;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::{fs, io};

macro_rules! settings {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $range:expr;)*) => {
        /// A setting of IPVS that is one number. A switch is 0 or 1.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Setting {
            $($(#[$doc])* $variant,)*
        }

        impl Setting {
            /// All that this crate knows. A kernel may lack some.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name below `net.ipv4.vs`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The values that make sense; the kernel may refuse fewer.
            pub const fn range(self) -> RangeInclusive<u32> {
                match self {
                    $(Self::$variant => $range,)*
                }
            }
        }
    };
}

settings! {
    /// One packet in so many is dropped while `drop_packet` defends memory.
    DropRate = "am_droprate", 1..=u32::MAX;
    /// Below so many free pages memory is defended.
    AvailableMemoryThreshold = "amemthresh", 0..=u32::MAX;
    /// Switch: forward nothing while this machine only receives connections from a sync daemon.
    BackupOnly = "backup_only", 0..=1;
    /// Switch: packets of services without destinations go where the routing table says.
    CacheBypass = "cache_bypass", 0..=1;
    /// Treatment of a new connection from a port that was used before: 0 goes to the same destination, 1 is scheduled
    /// anew, 2 as 1 without a connection that is waited for.
    ConnectionReuse = "conn_reuse_mode", 0..=3;
    /// Switch: connections are known to conntrack, so that the packet filter sees them.
    Conntrack = "conntrack", 0..=1;
    /// Defend memory by dropping connections: 0 never, 1 and 2 automatically, 3 always.
    DropEntry = "drop_entry", 0..=3;
    /// Defend memory by dropping packets: 0 never, 1 and 2 automatically, 3 always.
    DropPacket = "drop_packet", 0..=3;
    /// Switch: a connection whose destination was removed is forgotten with its next packet.
    ExpireNoDestination = "expire_nodest_conn", 0..=1;
    /// Switch: a client does not stay with a destination of weight 0.
    ExpireQuiescentTemplate = "expire_quiescent_template", 0..=1;
    /// Switch: packets that came through a tunnel are not balanced again.
    IgnoreTunneled = "ignore_tunneled", 0..=1;
    /// Switch: ICMP errors of NAT destinations reach clients.
    NatIcmpSend = "nat_icmp_send", 0..=1;
    /// Switch: path MTU discovery through tunnels.
    PathMtuDiscovery = "pmtu_disc", 0..=1;
    /// Switch: rates are estimated.
    RunEstimation = "run_estimation", 0..=1;
    /// Switch: ICMP that belongs to no connection is balanced.
    ScheduleIcmp = "schedule_icmp", 0..=1;
    /// Time-outs that defend memory: 0 never, 1 and 2 automatically, 3 always.
    SecureTcp = "secure_tcp", 0..=3;
    /// Switch: SCTP connections may begin with any packet.
    SloppySctp = "sloppy_sctp", 0..=1;
    /// Switch: TCP connections may begin with any packet.
    SloppyTcp = "sloppy_tcp", 0..=1;
    /// Switch: NAT answers are routed anew, by the address that they get.
    SnatReroute = "snat_reroute", 0..=1;
    /// Switch: only persistence is synchronized.
    SyncPersistMode = "sync_persist_mode", 0..=1;
    /// Threads and ports of a sync daemon; read when it starts.
    SyncPorts = "sync_ports", 1..=64;
    /// Messages that wait for a slow sync daemon.
    SyncQueueLength = "sync_qlen_max", 0..=u32::MAX;
    /// Seconds until an unchanged connection is synchronized again; 0 uses `sync_threshold`.
    SyncRefreshPeriod = "sync_refresh_period", 0..=u32::MAX;
    /// Number of times that a change is synchronized, at an eighth of the refresh period.
    SyncRetries = "sync_retries", 0..=3;
    /// Buffer of a sync daemon's socket in bytes; 0 is the kernel's default.
    SyncSocketSize = "sync_sock_size", 0..=2_147_483_647;
    /// Version of the sync protocol.
    SyncVersion = "sync_version", 0..=1;
}

impl Setting {
    /// The value in the calling thread's network namespace.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if the kernel lacks IPVS or the setting.
    pub fn read(self) -> io::Result<u32> {
        fs::read_to_string(path(self.name()))?.trim().parse().map_err(no_number)
    }

    /// Sets it, as root.
    ///
    /// # Errors
    /// [`io::ErrorKind::InvalidInput`] for a value outside of [`range`](Self::range), or what the kernel says.
    pub fn write(self, value: u32) -> io::Result<()> {
        if !self.range().contains(&value) {
            let (name, range) = (self.name(), self.range());
            let message = format!("{name} takes {} to {}, not {value}", range.start(), range.end());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        fs::write(path(self.name()), value.to_string())
    }
}

/// `net.ipv4.vs.sync_threshold`: which packets of a connection have it synchronized.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncThreshold {
    /// After so many packets for the first time.
    pub packets: u32,
    /// And after every so many again; above `packets`, or 0 for never.
    pub period: u32,
}

impl SyncThreshold {
    /// The value in the calling thread's network namespace.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] if the kernel lacks IPVS.
    pub fn read() -> io::Result<Self> {
        let text = fs::read_to_string(path("sync_threshold"))?;
        let mut numbers = text.split_ascii_whitespace().map(|word| word.parse().map_err(no_number));
        let mut next = || numbers.next().unwrap_or(Err(io::ErrorKind::InvalidData.into()));
        Ok(Self { packets: next()?, period: next()? })
    }

    /// Sets it, as root.
    ///
    /// # Errors
    /// The kernel's answer.
    pub fn write(self) -> io::Result<()> {
        fs::write(path("sync_threshold"), format!("{} {}", self.packets, self.period))
    }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("/proc/sys/net/ipv4/vs").join(name)
}

fn no_number(error: ParseIntError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_out_of_range_is_refused_before_the_kernel_is_asked() {
        let error = Setting::Conntrack.write(2).unwrap_err();
        assert_eq!(error.to_string(), "conntrack takes 0 to 1, not 2");
    }

    #[test]
    fn no_name_stands_for_two_settings() {
        let names: std::collections::BTreeSet<_> =
            Setting::ALL.iter().map(|setting| setting.name()).collect();
        assert_eq!(names.len(), Setting::ALL.len());
    }
}
