//! Authentication trailers (`auth_hmac`) of one router: its keys, and the stamps that were used.
//!
//! A successor must neither accept again what its predecessor accepted, nor use a stamp again. So the parent remembers the
//! last stamp of each sender, and our own while it is ahead of the clock; otherwise the clock gives a later one.

use std::net::IpAddr;
use std::time::Duration;

use keepalived_conf::model::{Hmac, HmacMode};
use serde::{Deserialize, Serialize};
use vrrp_proto::{
    AntiReplay, AuthTrailer, ExpectedTrailer, ReplayGuard, TrailerKey, TrailerSigner, TrailerStamp, Unsigned,
};

/// The configuration of a router's trailers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TrailerPlan {
    keys: Vec<(u8, TrailerKey)>,
    /// The number of the key that signs; `None` signs nothing.
    signs: Option<u8>,
    unsigned: Unsigned,
    rule: AntiReplay,
    /// Senders that are remembered.
    max_senders: usize,
}

impl TrailerPlan {
    pub(super) fn new(hmac: &Hmac, peers: usize) -> Self {
        let key = |key: &keepalived_conf::model::HmacKey| Some((key.id, TrailerKey::new(&key.secret)?));
        let (signs, unsigned) = match hmac.mode {
            HmacMode::Enforce => (true, Unsigned::Discard),
            HmacMode::Permissive => (true, Unsigned::Warn),
            HmacMode::ReceiveOnly => (false, Unsigned::Accept),
        };
        Self {
            keys: hmac.keys.iter().filter_map(key).collect(),
            signs: signs.then_some(hmac.active),
            unsigned,
            rule: hmac.window.map_or(AntiReplay::Monotonic, |window| AntiReplay::Time { window }),
            max_senders: peers.max(MULTICAST_SENDERS),
        }
    }

    /// The signer of an advert with this stamp.
    pub(super) fn signer(&self, stamp: TrailerStamp) -> Option<TrailerSigner<'_>> {
        let key_id = self.signs?;
        let (_, key) = self.keys.iter().find(|(id, _)| *id == key_id)?;
        Some(TrailerSigner { key_id, key, stamp })
    }
}

/// The stamps of one router.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamps {
    /// Of the advert that was sent last.
    sent: Option<TrailerStamp>,
    /// Of the advert that was accepted last of each sender; the sender that was heard last stands last.
    heard: Vec<(IpAddr, ReplayGuard)>,
    /// There is something that the parent does not know.
    #[serde(skip)]
    pub(super) untold: bool,
}

impl Stamps {
    /// The expectations of a packet from this sender.
    pub(super) fn expected<'p>(
        &self,
        plan: &'p TrailerPlan,
        source: IpAddr,
        since_1970: Duration,
    ) -> ExpectedTrailer<'p> {
        let guard = self.heard.iter().find(|(sender, _)| *sender == source);
        ExpectedTrailer {
            keys: &plan.keys,
            unsigned: plan.unsigned,
            rule: plan.rule,
            guard: guard.map(|(_, guard)| *guard).unwrap_or_default(),
            since_1970,
        }
    }

    /// Remembers an advert that was accepted.
    pub(super) fn note(
        &mut self,
        plan: &TrailerPlan,
        source: IpAddr,
        trailer: AuthTrailer,
        since_1970: Duration,
    ) {
        let place = self.heard.iter().position(|(sender, _)| *sender == source);
        let mut guard = place.map(|place| self.heard.remove(place).1).unwrap_or_default();
        // The receive checks have just found that it is new.
        let _ = guard.accept(plan.rule, trailer.stamp, since_1970);
        if self.heard.len() >= plan.max_senders {
            self.heard.remove(0);
        }
        self.heard.push((source, guard));
        self.untold = true;
    }

    /// The stamp of the next advert.
    pub(super) fn next(&mut self, plan: &TrailerPlan, since_1970: Duration) -> TrailerStamp {
        let stamp = plan.rule.next_stamp(self.sent, since_1970);
        self.untold |= stamp != TrailerStamp::at(since_1970);
        self.sent = Some(stamp);
        stamp
    }

    /// As a successor has them: it leaves out the stamps that its predecessor may have used without telling.
    pub(super) fn resumed(mut self) -> Self {
        self.sent = self.sent.map(|stamp| TrailerStamp(stamp.0.wrapping_add(UNTOLD_STAMPS)));
        self
    }
}

/// Multicast: routers of one VRID whose stamps are remembered. Only those that know a key are.
const MULTICAST_SENDERS: usize = 16;
/// 1/256 of a second, and more adverts than anybody sends between two reports to the parent.
const UNTOLD_STAMPS: u64 = 1 << 24;

#[cfg(test)]
mod tests;
