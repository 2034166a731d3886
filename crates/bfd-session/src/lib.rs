#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod authentication;
mod demultiplexer;
mod encapsulation;
mod fields;
mod instant;
mod packet;
mod session;
mod timers;

pub use authentication::{Authentication, AuthenticationError};
pub use demultiplexer::{Demultiplexer, Discarded, Peer, SessionId, Taken};
pub use encapsulation::{CONTROL_PORT, HopRule, LEAST_SOURCE_PORT, MULTIHOP_CONTROL_PORT, SourcePorts};
pub use fields::{Diagnostic, Discriminator, Interval, State};
pub use instant::Instant;
pub use packet::{MAX_LEN, Packet, ParseError};
pub use session::{Change, Config, Event, Ignored, Memory, Role, Session};
pub use timers::Timers;
