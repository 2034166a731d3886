//! Mail, from the mailer process to the daemon: against scripted servers on loopback, against exim, and from the change
//! of a virtual router to the octets that a server gets.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

#[path = "../common/mod.rs"]
mod common;
mod daemon;
mod exim;
mod mailer;
mod process;
mod server;
mod tls;
