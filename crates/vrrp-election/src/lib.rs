//! Election of the router that serves a virtual address: the VRRP state machine as a library without I/O.
//!
//! - [`VirtualRouter`] is one virtual router: the state machine of RFC 9568 §6.4 (VRRPv3) and RFC 3768 §6.4
//!   (VRRPv2), for IPv4 and IPv6.
//! - [`Node`] is one machine: all its virtual routers, what they depend on (interfaces, check scripts, any other fact), and the
//!   order in which adverts, addresses, announcements and reports leave.
//! - [`Settling`] stands before it where changes have to last before they count.
//!
//! There is no socket, thread, clock or randomness inside: inputs are `handle_*(now, ..)`, outputs are `poll_*`.
//! So a whole machine is a value that can be simulated, model-checked, fuzzed and replayed.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod histogram;
mod instant;
mod neighbours;
mod node;
mod router;
mod script;
mod script_run;
mod settling;
mod termination;

pub use histogram::Histogram;
pub use instant::Instant;
pub use neighbours::{Neighbour, NeighbourKey, Neighbours};
pub use node::{
    ChangedBy, Event, Evidence, Fact, FactId, Fault, GroupId, GroupSetup, GroupSnapshot, Intent, IntentEnd,
    IntentKind, LinkId, LinkSetup, LinkState, Node, NodeAction, NodeConfig, NodeMemory, PriorityChange,
    Progress, Refusal, Remember, RouterId, RouterKey, RouterSetup, RouterSnapshot, ScriptId, ScriptSetup,
    ScriptSnapshot, Snapshot, Standing, Term, Track, TrackTarget, Transition, TransitionReason, Transport,
    VirtualAddress, Waits,
};
pub use router::{
    Action, AnnounceConfig, Cause, Change, CloseCalls, Counters, Heard, Ignored, Input, Obeyed, Observed,
    Preempt, Received, Recorded, Recording, Report, RouterConfig, RouterMemory, Stall, Start, State,
    VirtualRouter, active_down_interval, skew_time,
};
pub use script::{NoResult, OnShortage, ScriptAct, ScriptConfig, ScriptResult};
pub use script_run::{RunEnd, ScriptReport, ScriptRun};
pub use settling::{Delays, Pending, Settling};
pub use termination::{EndSignal, Termination};

/// The examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
