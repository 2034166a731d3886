//! A virtual LAN on this machine: hosts with their own network, processes and files, cables and a switch.
//!
//! Made of namespaces only, so nothing outside of it is touched and no program but `sh` is needed. It is what
//! the demonstration, the tests with real daemons and the measurements run in.
//!
//! A [`Lab`] is the switch; [`Host`]s are plugged into it. A [`capture::Capture`] listens on the switch and knows
//! by the port which host sent a frame; a [`probe::Probe`] is the client that counts what it lost; a
//! [`daemon::Daemon`] is a daemon under test. For load balancers there is a whole place, [`farm::Farm`], with
//! [`web`] servers, a [`visitor::Visitor`] and the kernel's [`table`]. All moments are [`Stamp`]s of one clock.
//!
//! ```no_run
//! use vip_lab::Lab;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! vip_lab::enter()?; // first thing in `main`, while there is one thread
//! let mut lab = Lab::new()?;
//! let a = lab.host("a", "eth0", &["192.0.2.1/24".parse()?])?;
//! let b = lab.host("b", "eth0", &["192.0.2.2/24".parse()?])?;
//! lab.unplug("a")?;
//! # Ok(())
//! # }
//! ```

mod clock;
mod enter;
mod host;
mod process;
mod root;
mod spawn;
mod switch;

pub mod address_watch;
pub mod capture;
pub mod daemon;
pub mod farm;
pub mod frame;
pub mod probe;
pub mod stalls;
pub mod table;
pub mod visitor;
pub mod web;

pub use clock::Stamp;
pub use enter::{Denied, enter, run_test};
pub use host::{Host, local_addresses};
pub use switch::{Lab, LabError};
