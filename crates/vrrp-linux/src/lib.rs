#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg(target_os = "linux")]

pub mod address;
pub mod address_commands;
pub mod announce;
pub mod clock;
pub mod holdings;
pub mod interfaces;
pub mod links;
pub mod mark;
pub mod monitor;
pub mod namespace;
pub mod socket;
pub mod sysctl;

mod batch;
mod control;
mod netlink;
mod sockaddr;

pub use netlink::CommandError;
