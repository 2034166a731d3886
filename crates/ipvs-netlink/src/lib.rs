//! The load balancer in the Linux kernel (IPVS, also known as LVS) over generic netlink.
//!
//! A virtual service is an address and port (or a firewall mark) that clients connect to; the kernel passes each
//! connection on to one of the service's destinations, by a scheduler's choice. This crate has a value for each:
//! [`Service`], known by its [`ServiceKey`], and [`Destination`], known by its address within the service. A [`Table`]
//! is all of them.
//!
//! # Plan, then apply
//!
//! [`diff`] compares two tables and gives the [`Change`]s that make one of the other, in an order that never leaves a
//! service without servers on the way. [`Client::table`] reads what is, [`Client::apply`] carries the changes out.
//! Comparing is pure, so it is tested, printed (`--dry-run`) and simulated ([`Change::apply_to`]) without a kernel.
//! A program that starts after a crash does the same as one that reloads: it reads the table and changes the
//! difference.
//!
//! Several programs may share the table. [`Scope`] says which services may be removed; those with a wanted key are
//! set, others are nobody's business.
//!
//! # Properties that cannot be changed in place
//!
//! Identity, and nothing else. The key of a service and the address of a destination are what the kernel knows them by;
//! a service on another port is another service. Scheduler, flags, persistence, forwarding method, weight and
//! thresholds change in place, and connections and counters stay.
//!
//! # Weights and draining
//!
//! A destination with weight 0 keeps its connections and gets no new ones. One that is removed does not keep them: the
//! kernel drops their packets until they time out (or forgets them at once if `net.ipv4.vs.expire_nodest_conn` is set).
//! So a server that goes down for maintenance is set to 0 first, and removed when its
//! [`connections`](DestinationStatus::connections) are gone.
//!
//! # Layers
//!
//! Values and [`diff`] know no bytes, [`wire`] knows no socket, [`Client`] is the only one that does I/O. Types of
//! other netlink crates do not appear in this interface.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]

pub mod proc;
pub mod wire;

mod client;
mod config;
mod daemon;
mod destination;
mod diff;
mod error;
mod family;
mod forwarding;
mod key;
mod module;
mod name;
mod rules;
mod service;
mod socket;
mod statistics;
mod table;

pub use self::client::{Client, Failure, Report, Snapshot};
pub use self::config::{Info, Timeouts, Version};
pub use self::daemon::{SyncDaemon, SyncRole};
pub use self::destination::{Connections, Destination, DestinationStatus, Thresholds};
pub use self::diff::{Change, Scope, diff};
pub use self::error::Error;
pub use self::family::{Family, Protocol};
pub use self::forwarding::{Forwarding, Tunnel, TunnelChecksum};
pub use self::key::ServiceKey;
pub use self::module::load_module;
pub use self::name::{NameError, PersistenceEngine, Scheduler};
pub use self::rules::{RuleError, Rules, RulesError};
pub use self::service::{Persistence, Service, ServiceFlags, ServiceStatus};
pub use self::statistics::{Counters, Statistics};
pub use self::table::{Entry, Table};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
