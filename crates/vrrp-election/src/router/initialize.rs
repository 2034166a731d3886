//! The Initialize state (RFC 9568 §6.4.1).
//!
//! Nothing is armed, adverts are not processed. Nobody leaves it without the address that adverts are sent from:
//! without it, no tie between equal priorities could be decided. A Startup leads to Active for the owner, to Backup for all
//! others. Unlike the RFC, an owner may be told to start as Backup (keepalived's `state BACKUP` with priority
//! 255), and the addresses are removed on the way to Backup: a predecessor may have left them.

use core::net::IpAddr;

use super::{Action, Cause, Phase, VirtualRouter};
use crate::Instant;
use crate::router::backup::Backup;

impl VirtualRouter {
    pub(super) fn start(&mut self, now: Instant, address: IpAddr) {
        self.begin(address);
        if self.config.priority.is_owner() && self.config.owner_starts_active && !self.held {
            return self.become_active(now, Cause::Owner, self.learned_interval);
        }
        self.push(Action::RemoveAddresses);
        let backup = Backup::new(now + self.active_down_interval());
        self.enter(Phase::Backup(backup), Cause::Startup);
    }

    pub(super) fn resume(&mut self, now: Instant, address: IpAddr) {
        self.begin(address);
        self.become_active(now, Cause::Resumed, self.learned_interval);
    }

    /// Values learned before the last shutdown are forgotten.
    fn begin(&mut self, address: IpAddr) {
        self.address = Some(address);
        self.learned_interval = self.config.advert_interval();
    }
}
