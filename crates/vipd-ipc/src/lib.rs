//! Messages between parent and worker, and their framing.
//!
//! One stream socket pair for each worker. A message is a length (u32, little endian) and a postcard-encoded
//! value. The worker never asks for a command line: it names a script by its index in the configuration of a
//! given generation, and only the parent, which read that configuration, runs it.

mod act;
mod bfd;
mod lvs;
mod memory;
mod messages;
pub mod packed;
mod role;
mod scripts;
mod vrrp;
pub mod watcher;
pub mod worker;

use serde::{Deserialize, Serialize};

pub use act::{
    Act, ActKind, ActOutcome, ActRefusal, ActResult, OutcomeKind, ServerIntent, Steer, SteerRefusal, Whom,
    server_address,
};
pub use bfd::{Bfd, BfdStart, FromBfd, SessionKey, ToBfd};
pub use lvs::{FromLvs, Lvs, LvsConfig, LvsStart, ToLvs};
pub use memory::{Memory, MemoryFull};
pub use messages::{FromWorker, Messages, Nothing, Predecessor, Start, Task, ToAnyWorker, ToWorker, Told};
pub use privsep::channel::{Channel, ChannelError};
pub use privsep::rights::RunAs;
pub use role::{PerRole, Role};
pub use scripts::{ScriptAct, ScriptOutcome, ScriptRun};
pub use vipd_log::LogLevel;
pub use vrrp::{FromVrrp, GroupEvent, InstanceEvent, ToVrrp, Vrrp, VrrpConfig, VrrpStart};

/// Which reading of the configuration an index belongs to: 0 at the start, one more with each reload.
pub type Generation = u32;

/// A moment, in nanoseconds of `CLOCK_MONOTONIC`: the same in every process of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Monotonic(pub u64);

impl Monotonic {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self(u64::try_from(vrrp_linux::clock::monotonic().as_nanos()).unwrap_or(u64::MAX))
    }
}

/// Which state file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DumpKind {
    /// SIGUSR1: keepalived.data
    Data,
    /// SIGUSR2: keepalived.stats
    Stats,
    /// SIGRTMAX-1: keepalived.stats, counters cleared afterwards
    StatsClear,
    /// SIGRTMIN+2: keepalived.json
    Json,
}
