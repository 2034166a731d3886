//! Shared parts of the workers: the end of the channel to the parent, scheduling, and rights.

mod intake;
mod parent;
pub mod scheduling;

pub use intake::take_in;
pub use parent::{Parent, Start};
pub use privsep::rights;
