//! Taking a configuration: routers go on, begin and end; sockets and settings become what it wants.

use std::collections::HashMap;

use vrrp_election::{RouterId, Standing};
use vrrp_linux::sysctl;

use super::kernel::want_links;
use super::perform::Release;
use super::plan::Plan;
use super::seen::Seen;
use super::wire::now;
use super::{Beginning, Worker, hold_statics, remarks, router_id};
use crate::ipc::{FromWorker, Generation, LogLevel, VrrpConfig};
use crate::tidy;

impl Worker {
    /// Goes on with another reading of the configuration; adverts never stop.
    pub(super) fn reload(&mut self, generation: Generation, config: VrrpConfig) {
        let plan = Plan::new(generation, config);
        // Links that are not wanted any more are removed once nothing is on them.
        want_links(&mut self.kernel, &mut self.parent, &plan.virtual_links, true);
        if let Err(error) = hold_statics(&mut self.kernel, &mut self.parent, &plan) {
            self.parent
                .log(LogLevel::Error, format!("cannot change static addresses, routes and rules: {error}"));
        }
        self.kernel_unread |= self.kernel.catch_up();
        self.trackers.look(now(), &plan, |name| self.kernel.is_up(name));
        let seen = Seen::new(&self.kernel, &plan, &self.trackers);
        let wanted = plan.node_config(&seen);
        self.next_plan = Some(plan);
        self.node.handle_reload(now(), wanted);
        self.perform_all(Release::Remove);
        want_links(&mut self.kernel, &mut self.parent, &self.plan.virtual_links, false);
        self.kernel_unread = true;
        // Behind the changes of the reload, so that the parent's next messages have the present states and priorities.
        self.parent.send(&FromWorker::Running(self.plan.generation));
    }

    /// The election goes on with the plan that it was told of last. `before` says which router each of it was.
    pub(super) fn switch_plan(&mut self, before: &[Option<RouterId>]) {
        let Some(plan) = self.next_plan.take() else { return };
        let old = std::mem::replace(&mut self.plan, plan);
        self.neighbours.renumber(|id| self.plan.links.known(old.links.name(id)?));
        self.node.renumber_facts(|id| self.plan.facts.known(old.facts.name(id)?));
        self.trackers.retain(&self.plan);
        let mut old = std::mem::take(&mut self.records);
        let mut record = |id: &Option<RouterId>| Some(std::mem::take(old.get_mut((*id)?.0 as usize)?));
        self.records = before.iter().map(|id| record(id).unwrap_or_default()).collect();
        let numbers: HashMap<RouterId, RouterId> =
            before.iter().enumerate().filter_map(|(index, old)| Some(((*old)?, router_id(index)))).collect();
        self.kernel.renumber(|id| numbers.get(&id).copied());
        self.filter.renumber(|id| numbers.get(&id).copied());
        self.announcements.renumber(|id| numbers.get(&id).copied());
        self.stamp_keeper.retain(&self.node, self.plan.routers.len(), &mut self.parent);
        self.renew_routing();
        self.complaints.forget();
        self.source_repeats.forget();
        self.script_reasons.clear();
        let new = before.iter().enumerate().filter(|(_, before)| before.is_none());
        let routers = new.map(|(index, _)| router_id(index)).collect();
        self.beginning = Some(Beginning { routers, ..Beginning::default() });
        self.take_plan_into_force();
    }

    /// Routers that go on as Active have their new routes and rules; the election knows of addresses only.
    fn renew_routing(&mut self) {
        for (id, router) in (0..).map(RouterId).zip(&self.plan.routers) {
            let has_any = router.routing.is_some() || self.kernel.has_routing(id);
            if has_any && self.node.standing(id) == Some(Standing::Active) {
                self.kernel.add(id, router, &self.plan.links);
            }
        }
    }

    /// Sockets and settings as the plan wants them.
    pub(super) fn take_plan_into_force(&mut self) {
        self.announcements.take_plan(now(), &self.plan);
        self.wire.arrange(&self.plan, self.poll.registry());
        self.unread = (0..self.wire.len()).collect();
        self.connect();
        self.promote_secondaries();
        self.settle_rfc_settings();
        for remark in remarks::remarks(&self.plan) {
            self.parent.log(LogLevel::Warning, remark);
        }
        self.arrange_filter();
        self.note_changes(now());
        self.plan.settle();
        self.tidy_at = Some(now() + tidy::AFTER);
    }

    fn promote_secondaries(&mut self) {
        for (instance, name) in self.plan.promotions() {
            if self.sysctls.contains_key(name) {
                continue;
            }
            match sysctl::set(sysctl::Family::V4, name, "promote_secondaries", 1) {
                Ok(before) => _ = self.sysctls.insert(name.to_owned(), before),
                Err(error) => {
                    let text = format!("({instance}) promote_secondaries on {name}: {error}");
                    self.parent.log(LogLevel::Warning, text);
                }
            }
        }
    }
}
