//! Shared parts of the workers: the end of the channel to the parent, scheduling, and rights.

mod parent;
pub(crate) mod scheduling;

pub(crate) use parent::{Parent, Start};
pub(crate) use privsep::rights;
