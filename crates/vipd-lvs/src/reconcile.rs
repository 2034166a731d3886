//! The comparison of what the kernel holds with what it is to hold, and what becomes of the differences.
//!
//! Weights that somebody else set are taken as what somebody wants (`lvs_reconcile`); everything else in a virtual server
//! of ours is put right. It is made every so often, after interfaces changed, and as soon as the kernel's answer to a
//! change shows that somebody else changes the tables.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use ipvs_netlink::{Change, Table};
use keepalived_conf::model::lvs::Reconcile;

use super::tables::{Applied, ForeignWeight};
use super::{SETTLE, Worker};
use crate::ipc::LogLevel;

impl Worker {
    /// Compares everything with the kernel.
    pub(super) fn reconcile(&mut self, now: Instant) {
        let wanted = self.wanted();
        self.reconcile_at = now + interval(&wanted);
        let compared = self.tables.read(&wanted).and_then(|foreign| {
            let wanted = if self.take_weights(now, &foreign) { self.wanted() } else { wanted };
            self.tables.repair(&wanted)
        });
        match compared {
            Ok((changes, applied)) => {
                let others: Vec<&Change> =
                    changes.iter().filter(|change| !self.refused.contains(&change.to_string())).collect();
                for line in summary(&others) {
                    self.parent.log(LogLevel::Warning, line);
                }
                // A change that succeeds now, and is refused another time, is logged again.
                let refused: HashSet<String> =
                    applied.failed.iter().map(|failure| failure.change.to_string()).collect();
                self.refused.retain(|change| refused.contains(change));
                self.retry = if refused.is_empty() { RETRY } else { (self.retry * 2).min(LONGEST_INTERVAL) };
                if applied.surprised {
                    self.reconcile_at = self.reconcile_at.min(now + SETTLE);
                }
                self.report(now, applied);
            }
            Err(error) => self.parent.log(LogLevel::Error, format!("IPVS: {error}")),
        }
        self.arrange_sync();
    }

    /// All that the kernel is to hold.
    fn wanted(&self) -> Table {
        let mut wanted = Table::new();
        for service in self.director.services() {
            let destinations: Vec<_> = self.director.destinations(service).collect();
            self.plan.fill(service, &destinations, &mut wanted);
        }
        wanted
    }

    /// Weights that somebody else set are somebody's wish, unless they are to be put right at once; whether there is one.
    fn take_weights(&mut self, now: Instant, foreign: &[ForeignWeight]) -> bool {
        let until = match self.plan.config.global.lvs.reconcile {
            Reconcile::Restore(Duration::ZERO) => return false,
            Reconcile::Restore(time) => now.checked_add(time),
            Reconcile::Report => None,
        };
        let mut taken = false;
        for ForeignWeight { service, address, weight } in foreign {
            if let Some(server) = self.plan.server_at(service, *address) {
                taken |= self.director.handle_foreign_weight(now, server, *weight, until);
            }
        }
        if taken {
            self.settle(now);
        }
        taken
    }

    /// Logs the changes that the kernel refused, and those that a dry run did not make.
    pub(super) fn report(&mut self, now: Instant, applied: Applied) {
        for change in applied.withheld {
            self.parent.log(LogLevel::Info, format!("IPVS dry run: {change}"));
        }
        for failure in applied.failed {
            // Tried again with the next comparison, but said once.
            if self.refused.insert(failure.change.to_string()) {
                self.parent.log(LogLevel::Error, format!("IPVS: {failure}"));
            }
            self.reconcile_at = self.reconcile_at.min(now + self.retry);
        }
    }
}

/// Interval at which the tables are compared when nothing else asks for it: small ones cost nothing to read.
pub(super) fn interval(wanted: &Table) -> Duration {
    let mut destinations = wanted.services().flat_map(ipvs_netlink::Entry::destinations);
    if destinations.nth(SMALL).is_none() { SHORTEST_INTERVAL } else { LONGEST_INTERVAL }
}

/// Log lines about changes that restore the tables after another program changed them: a line each for a few, one for
/// many.
fn summary(changes: &[&Change]) -> Vec<String> {
    match changes {
        [first, _, _, _, ..] => {
            vec![format!(
                "IPVS: reverted what another program changed: {} changes, the first: {first}",
                changes.len()
            )]
        }
        few => few
            .iter()
            .map(|change| format!("IPVS: reverted what another program changed: {change}"))
            .collect(),
    }
}

/// Between a refusal of the kernel and the next try; twice as long after each that is refused as well.
pub(super) const RETRY: Duration = Duration::from_secs(5);

/// A table with no more destinations is small.
const SMALL: usize = 1000;

pub(super) const SHORTEST_INTERVAL: Duration = Duration::from_secs(10);

pub(super) const LONGEST_INTERVAL: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use ipvs_netlink::ServiceKey;

    use super::*;

    #[test]
    fn many_repairs_are_one_line() {
        let change = |port: u16| Change::RemoveService(ServiceKey::tcp(([192, 0, 2, 1], port).into()));
        let changes: Vec<Change> = (1..=100).map(change).collect();
        let lines = |count: usize| summary(&changes.iter().take(count).collect::<Vec<_>>());
        assert_eq!((lines(0).len(), lines(3).len(), lines(4).len()), (0, 3, 1));
        let line = &lines(100)[0];
        assert!(
            line.starts_with("IPVS: reverted what another program changed: 100 changes, the first: "),
            "{line}"
        );
    }
}
