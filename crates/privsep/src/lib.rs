//! Shared parts of a daemon of several processes, of any kind.
//!
//! Programs are started without waiting for them ([`process`]), give up rights ([`rights`], [`unprivileged`]), are scheduled
//! ([`scheduling`]), give back memory ([`heap`], [`relocations`]) and talk over a socket ([`channel`]). No protocol and no
//! configuration is known here.

pub mod channel;
pub mod daemonize;
pub mod heap;
pub mod image;
pub mod process;
pub mod relocations;
pub mod rights;
pub mod scheduling;
pub mod systemd;
pub mod unprivileged;
