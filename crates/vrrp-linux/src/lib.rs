#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg(target_os = "linux")]

pub mod address;
pub mod announce;
pub mod clock;
pub mod commands;
pub mod firewall;
pub mod holdings;
pub mod interfaces;
pub mod links;
pub mod mark;
pub mod monitor;
pub mod namespace;
pub mod overhear;
pub mod peer_groups;
pub mod process_events;
pub mod process_table;
pub mod route;
pub mod rule;
pub mod socket;
pub mod sysctl;
pub mod udp;
pub mod virtual_links;
pub mod watched_files;

mod batch;
mod control;
mod netlink;
mod sockaddr;

pub use netlink::CommandError;
