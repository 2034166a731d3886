//! VRRP as the frames of a link show it.
//!
//! A [`Capture`] takes frames with their times, in their order, and finds virtual routers, their speakers, gaps and
//! jitter of adverts, times with two masters, and adverts that receivers reject. [`Capture::report`] gives all of it as
//! one value with a JSON form; [`text`] makes lines of that for people. There is no I/O here: [`read_file`] takes any
//! reader of octets in the formats pcap and pcapng.
//!
//! Frames come from anybody. Nothing here panics, and memory is bounded: findings beyond a bound are counted in
//! [`Report::left_out`].
#![forbid(unsafe_code)]

mod capture;
mod file;
mod finding;
mod frame;
mod report;
mod router;
pub mod text;

pub use capture::Capture;
pub use file::{FileError, read_file};
pub use finding::{Finding, FindingKind, Severity};
pub use frame::Link;
pub use report::{Change, ChangeKind, Report, Router, RouterId, Span, Speaker};
