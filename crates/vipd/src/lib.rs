//! The thin daemon around the project's libraries.
//!
//! No protocol decision is made here: `vrrp-election` decides, `keepalived-conf` says what was asked for,
//! `vrrp-linux` knows the kernel. This crate moves bytes between them and runs scripts.

pub mod bfd;
mod capture;
pub mod check;
pub mod cli;
pub mod client;
pub mod genhash;
pub mod ipc;
pub mod lvs;
pub mod mailer;
pub mod outlets;
mod packed;
pub mod parent;
pub mod paths;
pub mod peers;
pub mod vrrp;
pub mod watcher;
pub mod web;
mod worker;

use privsep::{heap as tidy, unprivileged};
pub use vipd_log as log;
