//! What every worker has: its end of the channel to the parent, how it is scheduled, and what it may do.

mod parent;
pub(crate) mod scheduling;

pub(crate) use parent::{Parent, Start};
pub(crate) use privsep::rights;
