//! A virtual server with everything below it, for programs that show its state.

use super::{CheckStatus, Director, Intent, ServerId, ServerStatus, ServiceId, ServiceStatus};

/// A virtual server and its servers at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServiceSnapshot<'d> {
    /// Its place in the plan.
    pub id: ServiceId,
    /// Its present state.
    pub status: ServiceStatus<'d>,
    /// Its servers, in the plan's order.
    pub servers: Vec<ServerSnapshot<'d>>,
    /// The checks of its sorry server.
    pub sorry_checks: Vec<CheckStatus>,
}

/// A server and its checks at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerSnapshot<'d> {
    /// Its place in the plan.
    pub id: ServerId,
    /// Its present state.
    pub status: ServerStatus,
    /// The intent for it, if there is one.
    pub intent: Option<&'d Intent>,
    /// Its checks, in the plan's order.
    pub checks: Vec<CheckStatus>,
}

impl Director {
    /// A virtual server as it stands; nothing changes by it. `None`: there is no such virtual server.
    pub fn snapshot(&self, id: ServiceId) -> Option<ServiceSnapshot<'_>> {
        let servers = self.members(id).filter_map(|id| self.server_snapshot(id)).collect();
        let sorry_checks = self.check_statuses(ServerId::sorry(id));
        Some(ServiceSnapshot { id, status: self.service_status(id)?, servers, sorry_checks })
    }

    fn server_snapshot(&self, id: ServerId) -> Option<ServerSnapshot<'_>> {
        let (status, intent) = (self.server_status(id)?, self.intent(id));
        Some(ServerSnapshot { id, status, intent, checks: self.check_statuses(id) })
    }

    fn check_statuses(&self, id: ServerId) -> Vec<CheckStatus> {
        self.checks_of(id).filter_map(|check| self.check_status(check)).collect()
    }
}
