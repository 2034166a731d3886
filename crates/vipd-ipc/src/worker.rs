//! Shared parts of the workers: their set-up, the end of the channel to the parent, scheduling, and rights.

mod intake;
mod parent;
mod setup;

pub use intake::take_in;
pub use parent::Parent;
pub use privsep::{rights, scheduling};
pub use setup::{SetUp, exit_code};
