//! State of the virtual servers that the parent keeps for a successor of this worker, should it die.
//!
//! A virtual server is the same as long as it has one of its kernel services, or at least its name, whatever else
//! changes: see [`identify`].

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Instant;

use keepalived_conf::model::lvs::{Forwarding, LvsService, RealServer, VirtualServer};
use lvs_health::director::ServiceMemory;
use serde::{Deserialize, Serialize};

use crate::ipc::{Generation, Memory, Monotonic};

/// Kernel settings of a real server that a reload dropped, while it drains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct DroppedServer {
    pub(super) address: SocketAddr,
    pub(super) forwarding: Forwarding,
    pub(super) upper_threshold: u32,
    pub(super) lower_threshold: u32,
}

impl From<&RealServer> for DroppedServer {
    fn from(real: &RealServer) -> Self {
        Self {
            address: real.address,
            forwarding: real.forwarding,
            upper_threshold: real.upper_threshold,
            lower_threshold: real.lower_threshold,
        }
    }
}

/// One virtual server as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Remembered {
    /// Its kernel services.
    pub(super) services: Vec<LvsService>,
    pub(super) standing: ServiceMemory,
    /// Kernel settings of its servers and of those that drain, should a reload drop them.
    pub(super) servers: Vec<DroppedServer>,
    /// Its place in the configuration of that generation, and how many of the servers are configured there: the first ones.
    pub(super) place: (Generation, u32),
    pub(super) configured: usize,
}

/// The moment that remembered times count from: the machine's start, the same for every process.
pub(super) fn origin() -> Instant {
    let now = Instant::now();
    now.checked_sub(std::time::Duration::from_nanos(Monotonic::now().0)).unwrap_or(now)
}

/// The virtual servers that a predecessor remembered, by identity, and the number of those that are left out: another
/// release wrote them.
pub(super) fn recall(memory: &Memory) -> (HashMap<String, Remembered>, usize) {
    let mut known = HashMap::new();
    let mut foreign = 0;
    for (key, value) in memory.iter() {
        let Some(identity) = key.strip_prefix(SERVICE) else { continue };
        match decode(value) {
            Some(remembered) => _ = known.insert(identity.to_owned(), remembered),
            None => foreign += 1,
        }
    }
    (known, foreign)
}

fn decode(value: &[u8]) -> Option<Remembered> {
    let body = value.strip_prefix(&format_mark())?;
    postcard::from_bytes(body).ok()
}

pub(super) fn encode(remembered: &Remembered) -> Vec<u8> {
    // Plain values always can be encoded.
    postcard::to_extend(remembered, format_mark().to_vec()).unwrap_or_default()
}

/// The numbers of the format here and of that of the director.
pub(super) fn format() -> u64 {
    u64::from(FORMAT) << 32 | u64::from(ServiceMemory::FORMAT)
}

/// Before each value: the number of the format here, and of that of the director.
fn format_mark() -> [u8; 8] {
    format().to_be_bytes()
}

/// Number of the format of [`Remembered`]; it changes whenever a field does.
const FORMAT: u32 = 2;

/// The identity of each virtual server: that of the one known before with the same name and one of its kernel services,
/// else with one of its kernel services, else with its name.
pub(super) fn identify<'a>(
    servers: &[VirtualServer],
    known: impl Iterator<Item = (&'a str, &'a [LvsService])>,
) -> Vec<String> {
    let (mut by_service, mut names) = (HashMap::new(), HashSet::new());
    for (identity, services) in known {
        names.insert(identity);
        by_service.extend(services.iter().map(|service| (*service, identity)));
    }
    let mut identities: Vec<Option<String>> = vec![None; servers.len()];
    let mut claimed: HashSet<String> = HashSet::new();
    let sharing = |server: &VirtualServer| -> Vec<&str> {
        server.services.iter().filter_map(|service| by_service.get(service).copied()).collect()
    };
    let same = |server: &VirtualServer| sharing(server).into_iter().find(|known| *known == server.name);
    let akin = |server: &VirtualServer, claimed: &HashSet<String>| {
        sharing(server).into_iter().find(|known| !claimed.contains(*known))
    };
    for pass in 0..3 {
        for (server, identity) in servers.iter().zip(&mut identities).filter(|(_, known)| known.is_none()) {
            let found = match pass {
                0 => same(server),
                1 => akin(server, &claimed),
                _ => names.get(server.name.as_str()).copied(),
            };
            if let Some(found) = found.filter(|found| !claimed.contains(*found)) {
                claimed.insert(found.to_owned());
                *identity = Some(found.to_owned());
            }
        }
    }
    let fresh = |server: &VirtualServer, claimed: &mut HashSet<String>| {
        let mut name = server.name.clone();
        while !claimed.insert(name.clone()) {
            name.push('\'');
        }
        name
    };
    servers
        .iter()
        .zip(identities)
        .map(|(server, known)| known.unwrap_or_else(|| fresh(server, &mut claimed)))
        .collect()
}

pub(super) const SERVICE: &str = "service ";

#[cfg(test)]
mod tests;
