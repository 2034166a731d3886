//! Tells the parent what a successor has to know.

use std::time::Instant;

use lvs_health::director::{Director, ServiceMemory};

use super::memory::{DroppedServer, Remembered, SERVICE, encode};
use super::plan::Plan;
use crate::Parent;

/// Tells the parent what changed.
pub(super) fn remember(director: &mut Director, plan: &Plan, origin: Instant, parent: &mut Parent) {
    let mut told = false;
    while let Some((identity, standing)) = director.poll_memory(origin) {
        let (key, value) = entry(&identity, standing, plan);
        parent.remember(key, value);
        told = true;
    }
    if told {
        // Before anything is done about it.
        parent.flush();
    }
}

pub(super) fn entry(
    identity: &str,
    standing: Option<ServiceMemory>,
    plan: &Plan,
) -> (String, Option<Vec<u8>>) {
    let remembered = standing.and_then(|standing| {
        let server = plan.identified(identity)?;
        let servers = server.real_servers.iter().map(DroppedServer::from);
        let drained = standing.drained().filter_map(|address| plan.dropped(identity, address).cloned());
        let servers = servers.chain(drained).collect();
        let (place, configured) = (plan.place(identity)?, server.real_servers.len());
        Some(Remembered { services: server.services.clone(), standing, servers, place, configured })
    });
    (format!("{SERVICE}{identity}"), remembered.as_ref().map(encode))
}
