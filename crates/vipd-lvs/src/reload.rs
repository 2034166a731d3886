//! From one reading of the configuration to the next.

use std::collections::HashSet;
use std::time::Instant;

use ipvs_netlink::{ServiceKey, Table};
use lvs_health::Shared;

use super::Worker;
use super::certificates::Certificates;
use super::plan::{Former, Plan};
use crate::ipc::{Generation, LvsConfig, Steer};
use privsep::heap as tidy;

impl Worker {
    /// Goes on with another reading of the configuration; connections never end by it.
    pub(super) fn reload(
        &mut self,
        now: Instant,
        generation: Generation,
        config: LvsConfig,
        intents: &[Steer],
    ) {
        self.perform(now);
        let mut plan = Plan::new(generation, config).after(&self.plan);
        let wanted = plan.take_director();
        let kept: HashSet<ServiceKey> = plan.keys().collect();
        let dropped: Vec<ServiceKey> = self.plan.keys().filter(|key| !kept.contains(key)).collect();
        self.former = Former::of(&self.plan);
        self.plan = plan;
        self.director.reload(now, wanted);
        self.plan.forget_drained(&self.director);
        self.tidy_at = Some(now + tidy::AFTER);
        // Certificates may have changed on the disk.
        self.files.outdate_certificates();
        self.certificates = Certificates::default();
        self.shared = Shared::new(self.certificates.clone());
        self.prepared.clear();
        self.certificate_ends.retain(|check, _| self.director.check(*check).is_some());
        self.noted.clear();
        self.refused.clear();
        self.steer_as_kept(now, intents);
        self.look_at_addresses(now);
        self.take_plan_into_force(now);
        // After the new ones are there: nobody waits for an answer in between.
        self.set_tables(now, dropped, &Table::new());
    }
}
