//! What every worker has: its end of the channel to the parent, and how it is scheduled.

mod parent;
pub(crate) mod scheduling;

pub(crate) use parent::{Parent, Start};
