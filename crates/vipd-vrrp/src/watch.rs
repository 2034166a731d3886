//! Events of the kernel: interfaces that come and go, addresses that somebody removed.

use std::collections::BTreeSet;
use std::time::Duration;

use ipnetwork::IpNetwork;
use vrrp_election::{Instant, LinkState, RouterId};
use vrrp_linux::holdings::{Loss, LossCause};

use super::Worker;
use super::judge::Kind;
use super::kernel::{News, Owner};
use super::plan::{Observe, RouterPlan, WatchedFact};
use super::seen::Seen;
use super::wire::now;
use crate::ipc::LogLevel;

impl Worker {
    /// Interfaces and addresses as the kernel has them now.
    pub(super) fn look_at_kernel(&mut self) {
        let now = now();
        let news = match self.kernel.look() {
            Ok(news) => news,
            Err(error) => {
                self.kernel_retry = Some(now + RETRY_GAP);
                let text = || format!("cannot read the kernel's tables, trying again every second: {error}");
                let line = self.complaints.about(now, None, Kind::Tables, text);
                return self.parent.log_some(LogLevel::Error, line);
            }
        };
        self.kernel_unread = news.more;
        if news.changed && self.kernel.has_links() {
            self.mend_links(now, &news);
        }
        if news.changed {
            let moved = self.macs.changed(self.kernel.interfaces().iter());
            if !moved.is_empty() {
                self.announce_again(now, &moved);
            }
            self.wire.note(&news.memberships);
            self.connect();
            self.trackers.look(now, &self.plan, |name| self.kernel.is_up(name));
            self.tell_bounces(now, &news.others_down);
            self.tell_facts(now);
        }
        for (router, loss) in news.lost {
            self.note_loss(now, router, &loss);
        }
        for loss in news.lost_statics {
            let text = || format!("somebody removed the static address {}", loss.address.network.ip());
            let line = self.complaints.about(now, None, Kind::Lost, text);
            self.parent.log_some(LogLevel::Warning, line);
        }
    }

    /// An interface that went down was down although it is up again by the time of this look, unless its changes have to
    /// last to count.
    fn tell_bounces(&mut self, now: Instant, went_down: &BTreeSet<String>) {
        if went_down.is_empty() {
            return;
        }
        let seen = Seen::new(&self.kernel, &self.plan, &self.trackers);
        for (link, name) in self.plan.links.iter() {
            if went_down.contains(name) && self.trackers.link(name).is_none() {
                self.node.handle_link(now, link, LinkState { up: false, ..seen.link(name) });
            }
        }
    }

    /// Tells the election how interfaces and facts are.
    pub(super) fn tell_facts(&mut self, now: Instant) {
        for line in self.trackers.news(&self.plan) {
            self.parent.log(LogLevel::Info, line);
        }
        let seen = Seen::new(&self.kernel, &self.plan, &self.trackers);
        for (link, name) in self.plan.links.iter() {
            self.node.handle_link(now, link, seen.link(name));
        }
        for (id, fact) in self.plan.facts.iter() {
            if !matches!(fact, WatchedFact::Socket(_)) {
                self.node.handle_fact(now, id, seen.fact(fact));
            }
        }
        self.note_changes(now);
    }

    /// Makes interfaces again that somebody removed, or whose base came back. Nobody is told that they were away if that
    /// works: the routers go on.
    pub(super) fn mend_links(&mut self, now: Instant, news: &News) {
        let text = match self.kernel.mend_links(news) {
            Ok(arranged) => {
                // Their events were read ahead.
                self.kernel_unread |= arranged.changed;
                arranged.log(&mut self.parent);
                return self.settle_rfc_settings();
            }
            Err(error) => format!("cannot make virtual interfaces: {error}"),
        };
        let line = self.complaints.about(now, None, Kind::Tables, || text);
        self.parent.log_some(LogLevel::Error, line);
    }

    /// Looks again after an error: the tables are read anew then.
    pub(super) fn retry_kernel(&mut self, now: Instant) {
        if self.kernel_retry.is_some_and(|at| at <= now) {
            self.kernel_retry = None;
            self.look_at_kernel();
        }
    }

    fn note_loss(&mut self, now: Instant, router: RouterId, loss: &Loss<Owner>) {
        if loss.cause == LossCause::Removed {
            let text =
                || format!("({}) somebody removed {}", self.plan.name(router), loss.address.network.ip());
            let line = self.complaints.about(now, Some(router), Kind::Lost, text);
            self.parent.log_some(LogLevel::Warning, line);
        }
        if self.plan.routers.get(router.0 as usize).is_none_or(|plan| restores(plan, loss.address.network)) {
            self.node.handle_address_lost(now, router);
        }
    }
}

/// Whether a virtual address that is missing is restored: not if it is `no_track`.
fn restores(router: &RouterPlan, network: IpNetwork) -> bool {
    !router.addresses.iter().any(|vip| vip.untracked && vip.spec.network == network)
}

/// Time without reading after an error.
pub(super) const RETRY_GAP: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::Generation;
    use crate::plan::Plan;

    #[test]
    fn an_address_that_is_not_tracked_is_not_restored() {
        let text = "vrrp_instance V {\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {\n \
                    192.0.2.100/24\n 192.0.2.101/24 no_track\n }\n}";
        let plan = Plan::new(Generation::default(), keepalived_conf::load_str(text).config);
        let restores = |network: &str| restores(&plan.routers[0], network.parse().unwrap());
        assert!(restores("192.0.2.100/24"));
        assert!(!restores("192.0.2.101/24"));
    }
}
