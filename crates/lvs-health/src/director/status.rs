//! A director's state, for reports.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::checks::{Phase, Runner};
use super::{CheckId, Director, LastFailure, ServerId, ServiceId, Wanted};
use crate::{Check, WeightUpdate};

/// State of a virtual server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(clippy::struct_excessive_bools, reason = "answers to independent questions")]
pub struct ServiceStatus<'a> {
    /// [`Service::name`](super::Service::name)
    pub name: &'a str,
    /// There is a quorum.
    pub up: bool,
    /// Since when; `None` before the first change.
    pub since: Option<Instant>,
    /// The weight that is needed for one now, with `hysteresis`.
    pub needed: u64,
    /// Weights of the servers that are up, without `slow_start`.
    pub live: u64,
    /// The sorry server serves in place of the servers.
    pub sorry: bool,
    /// Too few servers are good, so those that are down are used (`panic_threshold`), unless the sorry server serves.
    pub panics: bool,
    /// The backup servers are used, since the others give no quorum.
    pub backups: bool,
    /// Whether the sorry server's checks are good; `None`: there is none.
    pub sorry_up: Option<bool>,
    /// Checks are not made (`ha_suspend`).
    pub suspended: bool,
    /// Number of its servers.
    pub servers: usize,
    /// Number of its servers that are up.
    pub alive: usize,
    /// Number of dropped servers that still drain.
    pub draining: usize,
}

/// State of a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerStatus {
    /// [`Server::address`](super::Server::address)
    pub address: SocketAddr,
    /// No check of it is down.
    pub up: bool,
    /// Since when; `None` before the first change.
    pub since: Option<Instant>,
    /// The weight in the plan.
    pub configured: u32,
    /// It is known to be down, not only assumed to be (`alpha`).
    pub known_down: bool,
    /// The weight that its checks make of the configured one.
    pub weight: u32,
    /// The weight that the kernel should have, with `slow_start`; `None`: it should not hold the server.
    pub programmed: Option<u32>,
    /// Its new connections are never completed while its neighbours' are (`outlier_detection`).
    pub suspected: bool,
}

/// State of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckStatus {
    /// Definition of the check.
    pub definition: Arc<Check>,
    /// Its result, or what is assumed before the first.
    pub up: bool,
    /// There was a result.
    pub settled: bool,
    /// When this director saw it change last, or come for the first time.
    pub since: Option<Instant>,
    /// Tolerated failures in a row; 0 while down.
    pub failures: u32,
    /// Good results in a row that did not bring it up yet (`rise`); 0 while up.
    pub successes: u32,
    /// The weight of its last result.
    pub weigh: WeightUpdate,
    /// An attempt is under way.
    pub running: bool,
    /// When the next attempt is due; `None` while one is under way, or while suspended.
    pub next: Option<Instant>,
    /// When the last attempt ended; `None` before the first of this director.
    pub last_attempt: Option<Instant>,
    /// From when the director asked for the last attempt to its end; `None` if there was none, or a result came without one.
    pub last_duration: Option<Duration>,
    /// Why and when an attempt of this director failed last, even if others passed since.
    pub last_failure: Option<LastFailure>,
    /// Attempts in a row that passed, up to now; 0 if the last one failed. Each url of several is one.
    pub passes_in_a_row: u32,
    /// Attempts in a row that failed, up to now, whether or not they counted; 0 if the last one passed.
    pub failures_in_a_row: u32,
}

impl Director {
    /// Every virtual server.
    pub fn services(&self) -> impl Iterator<Item = ServiceId> + use<> {
        (0..number(self.pools.len())).map(ServiceId)
    }

    /// Every server of a virtual server.
    pub fn members(&self, service: ServiceId) -> impl Iterator<Item = ServerId> + use<> {
        let count = self.pools.get(service.index()).map_or(0, |pool| pool.members.len());
        (0..number(count)).map(move |place| ServerId { service, place })
    }

    /// Every check, in no particular order.
    pub fn checks(&self) -> impl Iterator<Item = CheckId> + use<'_> {
        self.checks.iter().map(|runner| runner.id)
    }

    /// The checks of a server, or of a [sorry server](ServerId::sorry), in the plan's order.
    pub fn checks_of(&self, server: ServerId) -> impl Iterator<Item = CheckId> + use<'_> {
        let slots = self.member(server).map_or(&[][..], |member| &member.checks);
        slots.iter().filter_map(|slot| Some(self.checks.at(*slot)?.id))
    }

    /// The servers that a check decides about: one, unless checks are shared.
    pub fn servers(&self, check: CheckId) -> &[ServerId] {
        self.checks.find(check).map_or(&[], |runner| &runner.servers)
    }

    /// The definition of a check; `None` if the check is no longer one.
    pub fn check(&self, check: CheckId) -> Option<&Arc<Check>> {
        self.checks.find(check).map(|runner| &runner.check)
    }

    /// The wanted destinations of a virtual server in the kernel: nothing more, nothing less, in no particular order.
    /// Changes only with [`Action::Program`](super::Action::Program) for it, or with a reload.
    pub fn destinations(&self, service: ServiceId) -> impl Iterator<Item = Wanted> + use<'_> {
        let pool = self.pools.get(service.index()).filter(|_| !self.stopping);
        pool.into_iter().flat_map(move |pool| pool.destinations(service))
    }

    /// State of a virtual server.
    pub fn service_status(&self, service: ServiceId) -> Option<ServiceStatus<'_>> {
        let pool = self.pools.get(service.index())?;
        Some(ServiceStatus {
            name: &pool.name,
            up: pool.up,
            since: pool.since,
            needed: pool.needed(),
            live: pool.live,
            sorry: pool.is_sorry(),
            panics: pool.panics,
            backups: pool.backups_serve,
            sorry_up: pool.sorry.as_ref().map(|sorry| sorry.member.alive),
            suspended: pool.suspended,
            servers: pool.members.len(),
            alive: pool.members.iter().filter(|member| member.alive).count(),
            draining: pool.drained.len(),
        })
    }

    /// State of a server.
    pub fn server_status(&self, server: ServerId) -> Option<ServerStatus> {
        let pool = self.pools.get(server.service.index())?;
        let member = pool.members.get(server.index())?;
        Some(ServerStatus {
            address: member.address,
            up: member.alive,
            since: member.since,
            configured: member.configured,
            known_down: !member.alive && member.known_down,
            weight: member.weight,
            programmed: pool.weight(member).filter(|_| !self.stopping),
            suspected: member.is_suspected(),
        })
    }

    /// State of a check.
    pub fn check_status(&self, check: CheckId) -> Option<CheckStatus> {
        let Runner { check, health, phase, history, .. } = self.checks.find(check)?;
        Some(CheckStatus {
            definition: Arc::clone(check),
            up: health.up(),
            settled: health.settled(),
            since: history.turned(),
            failures: health.failures(),
            successes: health.successes(),
            weigh: health.weigh(),
            running: matches!(phase, Phase::Runs(_)),
            next: match phase {
                Phase::Waits(at) => Some(*at),
                Phase::Asleep | Phase::Runs(_) => None,
            },
            last_attempt: history.ended(),
            last_duration: history.duration(),
            last_failure: history.last_failure().cloned(),
            passes_in_a_row: history.passes(),
            failures_in_a_row: history.failures(),
        })
    }
}

/// A plan has far fewer members than `u32` can count; one beyond has no name.
pub(super) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
