//! Invariants that are checked all the time.

use std::collections::BTreeMap;
use std::fmt;

use vrrp_election::{Instant, LinkId, RouterId, Standing, State};
use vrrp_proto::{Family, Vrid};

use crate::machine::View;
use crate::{HostId, Limits, Timeline};

/// One virtual router as the hosts share it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Service {
    /// Its identifier.
    pub vrid: Vrid,
    /// Which addresses it serves.
    pub family: Family,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "virtual router {} ({})", self.vrid, self.family)
    }
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Two hosts that hear each other have served for too long.
    TwoActive {
        /// The virtual router that they serve.
        service: Service,
        /// The hosts.
        hosts: [HostId; 2],
        /// Since when.
        since: Instant,
    },
    /// A host listens and could serve, and nobody does.
    Unserved {
        /// The virtual router that nobody serves.
        service: Service,
        /// A host that could serve.
        host: HostId,
        /// Since when.
        since: Instant,
    },
    /// A host holds the addresses and is not Active, or the other way round.
    Addresses {
        /// Which host.
        host: HostId,
        /// Which router of it.
        router: RouterId,
        /// Its state.
        state: State,
        /// Whether the addresses are on its interface.
        holds: bool,
    },
    /// A host announces addresses that it does not hold.
    Announces {
        /// Which host.
        host: HostId,
        /// Which router of it.
        router: RouterId,
    },
    /// Members of a sync group are in different states.
    Split {
        /// Which host.
        host: HostId,
        /// A member, and its state.
        one: (RouterId, State),
        /// Another.
        other: (RouterId, State),
    },
    /// A change was told twice, or does not follow from the one before.
    Told {
        /// Which host.
        host: HostId,
        /// Which router of it.
        router: RouterId,
        /// The standing reported before.
        known: Standing,
        /// The old standing in the next report.
        from: Standing,
        /// And to what it led.
        to: Standing,
    },
    /// In the end not exactly one host serves.
    Serving {
        /// The virtual router that they serve.
        service: Service,
        /// The hosts.
        hosts: Vec<HostId>,
    },
    /// In the end one serves although another should have taken over.
    NotTheBest {
        /// The virtual router.
        service: Service,
        /// The host that serves.
        serving: HostId,
        /// The host that should serve.
        better: HostId,
    },
    /// In the end the network sends packets for the addresses to another host than the one that serves.
    Misdirected {
        /// The virtual router.
        service: Service,
        /// The host that serves.
        serving: HostId,
        /// Where packets go.
        reached: Option<HostId>,
    },
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TwoActive { service, hosts: [one, other], since } => {
                write!(
                    f,
                    "{one} and {other} both serve {service} since {since} although they hear each other"
                )
            }
            Self::Unserved { service, host, since } => {
                write!(f, "nobody serves {service} since {since} although {host} could")
            }
            Self::Addresses { host, router, state, holds } => {
                let holds = if *holds { "holds" } else { "does not hold" };
                write!(f, "{host} router {router} is {state:?} and {holds} its addresses")
            }
            Self::Announces { host, router } => {
                write!(f, "{host} router {router} announces addresses that it does not hold")
            }
            Self::Split { host, one, other } => {
                let ((one, is), (other, differs)) = (one, other);
                write!(f, "the group of {host} is split: router {one} is {is:?}, router {other} {differs:?}")
            }
            Self::Told { host, router, known, from, to } => {
                write!(f, "{host} router {router} told {from:?} -> {to:?} when it was {known:?}")
            }
            Self::Serving { service, hosts } => write!(f, "in the end {hosts:?} serve {service}"),
            Self::NotTheBest { service, serving, better } => {
                write!(f, "in the end {serving} serves {service} although {better} is better")
            }
            Self::Misdirected { service, serving, reached } => {
                write!(f, "in the end {serving} serves {service} and packets go to {reached:?}")
            }
        }
    }
}

/// A broken promise, and everything needed to see it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise.
    pub problem: Problem,
    /// When it was noticed.
    pub at: Instant,
    /// The seed of the run.
    pub seed: u64,
    /// The events that led to it.
    pub timeline: Timeline,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "at {}: {}", self.at, self.problem)?;
        writeln!(f, "seed {}", self.seed)?;
        self.timeline.fmt(f)
    }
}

impl std::error::Error for Violation {}

/// Present faults with their beginnings, and the standings reported last.
#[derive(Debug)]
pub(crate) struct Checks {
    limits: Limits,
    two_active: BTreeMap<(Service, HostId, HostId), Instant>,
    unserved: BTreeMap<(Service, HostId), Instant>,
    told: BTreeMap<(HostId, RouterId), Standing>,
}

impl Checks {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, two_active: BTreeMap::new(), unserved: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// A host's daemon starts: it begins to tell anew.
    pub(crate) fn forget(&mut self, host: HostId) {
        self.told.retain(|(teller, _), _| *teller != host);
    }

    /// Ids of a host mean another configuration now. A router that is gone begins anew, should it come back.
    pub(crate) fn renumber(&mut self, host: HostId, before: &[Option<RouterId>]) {
        let told = std::mem::take(&mut self.told);
        for (id, old) in (0..).map(RouterId).zip(before) {
            let known = old.and_then(|old| told.get(&(host, old)));
            self.told.extend(known.map(|standing| ((host, id), *standing)));
        }
        self.told.extend(told.into_iter().filter(|((teller, _), _)| *teller != host));
    }

    /// The first problem that has lasted too long by `now`.
    pub(crate) fn overdue(&self, now: Instant) -> Option<Problem> {
        let two = self.two_active.iter().find(|(_, since)| now - **since > self.limits.two_active);
        let two = two.map(|((service, one, other), since)| Problem::TwoActive {
            service: *service,
            hosts: [*one, *other],
            since: *since,
        });
        let unserved = || {
            let found = self.unserved.iter().find(|(_, since)| now - **since > self.limits.unserved);
            found.map(|((service, host), since)| Problem::Unserved {
                service: *service,
                host: *host,
                since: *since,
            })
        };
        two.or_else(unserved)
    }

    /// A host told that a router's standing changed.
    pub(crate) fn told(
        &mut self,
        host: HostId,
        router: RouterId,
        from: Standing,
        to: Standing,
    ) -> Result<(), Problem> {
        let known = self.told.insert((host, router), to).unwrap_or(Standing::Waiting);
        if known == from && from != to {
            Ok(())
        } else {
            Err(Problem::Told { host, router, known, from, to })
        }
    }

    /// Looks at everybody. `hear` says whether two hosts hear each other.
    pub(crate) fn observe(
        &mut self,
        now: Instant,
        views: &[View],
        hear: impl Fn(LinkId, HostId, HostId) -> bool,
    ) -> Result<(), Problem> {
        if let Some(view) = views.iter().find(|view| view.attentive && !view.is_consistent()) {
            let View { host, router, state, holds, .. } = *view;
            return Err(Problem::Addresses { host, router, state, holds });
        }
        for view in views.iter().filter(|view| view.attentive) {
            if let Some(other) = view.companions(views).find(|other| other.state != view.state) {
                let (one, other) = ((view.router, view.state), (other.router, other.state));
                return Err(Problem::Split { host: view.host, one, other });
            }
        }
        let serving: Vec<_> = views.iter().filter(|view| view.serves()).collect();

        let mut two = BTreeMap::new();
        for (index, one) in serving.iter().enumerate() {
            let others = serving.iter().skip(index + 1).filter(|other| other.service == one.service);
            for other in others.filter(|other| hear(one.lan, one.host, other.host)) {
                let key = (one.service, one.host, other.host);
                two.insert(key, self.two_active.get(&key).copied().unwrap_or(now));
            }
        }
        self.two_active = two;

        let mut unserved = BTreeMap::new();
        // A group takes over when it can as a whole.
        let is_free =
            |view: &View| view.could_serve() && !serving.iter().any(|other| other.service == view.service);
        for view in views.iter().filter(|view| is_free(view) && view.companions(views).all(is_free)) {
            if !serving.iter().any(|other| other.service == view.service) {
                let key = (view.service, view.host);
                unserved.insert(key, self.unserved.get(&key).copied().unwrap_or(now));
            }
        }
        self.unserved = unserved;
        Ok(())
    }
}

impl View {
    /// Addresses belong to an Active. Leftovers of a predecessor are not counted until the router begins.
    fn is_consistent(&self) -> bool {
        self.standing == Standing::Waiting || self.holds == (self.state == State::Active)
    }

    pub(crate) fn serves(&self) -> bool {
        self.state == State::Active && self.attentive && self.connected
    }

    /// The other members of its group.
    pub(crate) fn companions<'v>(&self, views: &'v [Self]) -> impl Iterator<Item = &'v Self> + use<'v> {
        let View { host, router, group, .. } = *self;
        let others = move |other: &&Self| {
            group.is_some() && other.host == host && other.group == group && other.router != router
        };
        views.iter().filter(others)
    }

    fn could_serve(&self) -> bool {
        self.state == State::Backup && self.attentive && self.connected
    }
}
