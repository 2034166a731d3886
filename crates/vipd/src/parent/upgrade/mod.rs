//! Another version of the program takes over from the one that runs, in the same process.
//!
//! The parent executes the new program in its own place: process id, pid file, control socket and children stay. The state for
//! the new one is in a sealed memory file ([`state`]), whose number an environment variable names. Before that the new program is
//! started as a child, with the same file, and says whether it can read it ([`trial`]). [`image`] names the descriptors that stay, and executes.

mod image;
mod state;
mod trial;

pub(super) use image::{Next, Takeover, open_program};
pub(super) use state::{Descriptors, HandedOver, memory_file, sealed};
pub use trial::main as try_main;
pub(super) use trial::{Accepted, Trial};

/// The version of this program.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");
