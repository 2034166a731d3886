//! One virtual server: its servers, its quorum, and what the kernel should hold of it.

use std::collections::HashSet;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use super::ramp::Ramp;
use super::suspicion::Suspicion;
use super::{DestinationKey, Intent, Mode, Server, ServerId, Service, ServiceId, Sorry, Wanted};

/// A virtual server as it stands.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "keywords, and answers to independent questions")]
pub(super) struct Pool {
    pub(super) name: String,
    pub(super) quorum: u32,
    pub(super) hysteresis: u32,
    pub(super) omega: bool,
    pub(super) ha_suspend: Vec<IpAddr>,
    pub(super) sorry: Option<SorryMember>,
    pub(super) panic_threshold: u8,
    pub(super) panic_hysteresis: u8,
    pub(super) outlier_weight: Option<u8>,
    pub(super) initial_notifies: bool,
    pub(super) members: Vec<Member>,
    pub(super) drained: Vec<Drained>,
    /// There is a quorum.
    pub(super) up: bool,
    /// Too few members are good: those that are down are used.
    pub(super) panics: bool,
    /// The sorry server was told to serve.
    pub(super) sorry_serves: bool,
    /// When the quorum changed last.
    pub(super) since: Option<Instant>,
    /// Its backup servers are used.
    pub(super) backups_serve: bool,
    /// Its checks are not made.
    pub(super) suspended: bool,
    /// The weights of the members that are up.
    pub(super) live: u64,
}

/// The sorry server as it stands.
#[derive(Clone, Debug)]
pub(super) struct SorryMember {
    pub(super) inhibit: bool,
    /// Its health; of its address the caller knows.
    pub(super) member: Member,
}

/// A server as it stands.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "keywords, and answers to independent questions")]
pub(super) struct Member {
    pub(super) address: SocketAddr,
    pub(super) configured: u32,
    pub(super) inhibit: bool,
    pub(super) backup: bool,
    pub(super) slow_start: Duration,
    /// Slots of its checks, in the plan's order.
    pub(super) checks: Vec<u32>,
    /// No check of it is down.
    pub(super) alive: bool,
    /// As its checks say, without slow start.
    pub(super) weight: u32,
    /// Known to be down, not only assumed to be: it went down since it was up last, or a check of it failed.
    pub(super) known_down: bool,
    /// When it went up or down last.
    pub(super) since: Option<Instant>,
    /// Set while it comes back slowly, which few do at a time; its timer is armed.
    pub(super) ramp: Option<Box<Ramp>>,
    /// The present intent for it; its timer is armed.
    pub(super) intent: Option<Box<Intent>>,
    /// Its suspicion by passive detection; most servers have none.
    pub(super) suspicion: Option<Box<Suspicion>>,
}

/// A server that a reload dropped.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drained {
    pub(super) address: SocketAddr,
    /// It stays until then; that timer is armed.
    pub(super) until: Instant,
}

impl Pool {
    /// Of a new virtual server, without members yet.
    pub(super) fn new(service: &Service) -> Self {
        Self {
            name: service.name.clone(),
            quorum: service.quorum,
            hysteresis: service.hysteresis,
            omega: service.omega,
            ha_suspend: service.ha_suspend.clone(),
            sorry: service.sorry.as_ref().map(SorryMember::new),
            panic_threshold: service.panic_threshold,
            panic_hysteresis: service.panic_hysteresis,
            outlier_weight: service.outlier_weight,
            initial_notifies: service.initial_notifies,
            members: Vec::with_capacity(service.servers.len()),
            drained: Vec::new(),
            up: false,
            panics: false,
            sorry_serves: false,
            since: None,
            backups_serve: false,
            suspended: false,
            live: 0,
        }
    }

    /// Whether there is a quorum now: it takes `hysteresis` more than `quorum` to gain it, and less to lose it.
    pub(super) fn has_quorum(&self) -> bool {
        self.live >= self.needed()
    }

    /// The weight that it takes.
    pub(super) fn needed(&self) -> u64 {
        let (quorum, hysteresis) = (u64::from(self.quorum), u64::from(self.hysteresis));
        if self.up { quorum.saturating_sub(hysteresis).max(1) } else { (quorum + hysteresis).max(1) }
    }

    /// The member, or the sorry server.
    pub(super) fn member(&self, id: ServerId) -> Option<&Member> {
        if id.is_sorry() {
            return self.sorry.as_ref().map(|sorry| &sorry.member);
        }
        self.members.get(id.index())
    }

    /// The same to change it.
    pub(super) fn member_mut(&mut self, id: ServerId) -> Option<&mut Member> {
        if id.is_sorry() {
            return self.sorry.as_mut().map(|sorry| &mut sorry.member);
        }
        self.members.get_mut(id.index())
    }

    /// The members, and the sorry server.
    pub(super) fn everybody(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().chain(self.sorry.as_ref().map(|sorry| &sorry.member))
    }

    /// Whether the sorry server serves in place of the members.
    pub(super) fn is_sorry(&self) -> bool {
        !self.up && self.sorry.as_ref().is_some_and(|sorry| sorry.member.alive)
    }

    /// Whether the other members give no quorum, so that the backup servers are to be used. `hysteresis` counts as for the quorum.
    pub(super) fn needs_backups(&self) -> bool {
        if !self.members.iter().any(|member| member.backup) {
            return false;
        }
        let live: u64 = self.members.iter().filter(|member| !member.backup).map(Member::live).sum();
        let (quorum, hysteresis) = (u64::from(self.quorum), u64::from(self.hysteresis));
        let needed = if self.backups_serve { quorum + hysteresis } else { quorum.saturating_sub(hysteresis) };
        live < needed.max(1)
    }

    /// Whether it is a backup server that is not needed.
    pub(super) fn stands_by(&self, member: &Member) -> bool {
        member.backup && !self.backups_serve
    }

    /// Whether too few of the members that are meant to serve are good. One that is only assumed to be down (`alpha`) is none
    /// that failed. Backup servers that give a quorum are used before those that failed, and count only while they are used.
    pub(super) fn should_panic(&self) -> bool {
        if self.panic_threshold == 0 || (self.backups_serve && self.up) {
            return false;
        }
        let counts = |member: &&Member| member.is_meant_to_serve() && !self.stands_by(member);
        let meant = || self.members.iter().filter(counts);
        let (all, failed) = (meant().count(), meant().filter(|member| member.has_failed()).count());
        let margin = if self.panics { self.panic_hysteresis } else { 0 };
        let threshold = self.panic_threshold.saturating_add(margin).min(100);
        (all - failed) * 100 < all * usize::from(threshold)
    }

    /// Whether a member is used although it is down.
    fn is_desperate_for(&self, member: &Member) -> bool {
        let is_used = self.panics && !self.is_sorry() && !self.stands_by(member);
        is_used && member.has_failed() && member.is_meant_to_serve()
    }

    /// Whether none of the addresses is there that its checks wait for.
    pub(super) fn lacks_all(&self, present: &HashSet<IpAddr>) -> bool {
        !self.ha_suspend.is_empty() && !self.ha_suspend.iter().any(|address| present.contains(address))
    }

    /// The wanted destinations in the kernel, in no particular order.
    pub(super) fn destinations(&self, id: ServiceId) -> impl Iterator<Item = Wanted> + use<'_> {
        let members = (0..).zip(&self.members).filter_map(move |(place, member)| {
            let who = DestinationKey::Server(ServerId { service: id, place });
            Some(Wanted { who, weight: self.weight(member)? })
        });
        let drained = self
            .drained
            .iter()
            .map(|drained| Wanted { who: DestinationKey::Drained(drained.address), weight: 0 });
        let sorry = self.sorry.as_ref().and_then(|sorry| match (self.is_sorry(), sorry.inhibit) {
            (true, _) => Some(Wanted { who: DestinationKey::Sorry, weight: 1 }),
            (false, true) => Some(Wanted { who: DestinationKey::Sorry, weight: 0 }),
            (false, false) => None,
        });
        members.chain(drained).chain(sorry)
    }

    /// Whether a member is up, and no sorry server stands in for it.
    pub(super) fn serves(&self, member: &Member) -> bool {
        member.alive && !self.is_sorry()
    }

    /// The weight that the kernel should give to a member; `None`: it should not hold it.
    pub(super) fn weight(&self, member: &Member) -> Option<u32> {
        let out = member.inhibit.then_some(0);
        match member.mode() {
            Some(Mode::Drain { finished: true, .. }) => return out,
            Some(Mode::Drain { .. } | Mode::Maintenance) if self.serves(member) => return Some(0),
            Some(Mode::Weight(weight)) if self.serves(member) => return Some(weight),
            Some(Mode::Weight(weight)) if self.is_desperate_for(member) => return Some(weight),
            _ => {}
        }
        if self.is_desperate_for(member) {
            return Some(member.weight);
        }
        if self.serves(member) && self.stands_by(member) {
            return Some(0);
        }
        if self.serves(member) {
            let weight = member.ramp().map_or(member.weight, |ramp| ramp.weight(member.weight));
            return Some(self.weight_in_doubt(member, weight));
        }
        out
    }
}

impl SorryMember {
    /// Of a new one, down and without checks yet.
    fn new(sorry: &Sorry) -> Self {
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { inhibit: sorry.inhibit, member: Member::new(&Server::new(nowhere)) }
    }
}

impl Member {
    /// Of a new server, down and without checks yet.
    pub(super) fn new(server: &Server) -> Self {
        Self {
            address: server.address,
            configured: server.weight,
            inhibit: server.inhibit_on_failure,
            backup: server.backup,
            slow_start: server.slow_start,
            checks: Vec::with_capacity(server.checks.len()),
            alive: false,
            weight: server.weight,
            known_down: false,
            since: None,
            ramp: None,
            intent: None,
            suspicion: None,
        }
    }

    /// Its slow start.
    pub(super) fn ramp(&self) -> Option<Ramp> {
        self.ramp.as_deref().copied()
    }

    /// It is down, and not only assumed to be.
    fn has_failed(&self) -> bool {
        !self.alive && self.known_down
    }

    /// The weight that it adds to the quorum.
    pub(super) fn live(&self) -> u64 {
        if self.alive && self.is_meant_to_serve() { self.weight.into() } else { 0 }
    }
}
