//! Holdings of this daemon in the kernel: the addresses, routes and rules that are wanted, with their owners, those
//! that are there, and those that are ours.
//!
//! A pure machine. Inputs are wishes ([`Holdings::want`], [`Holdings::release`]), what the interface table reports
//! ([`Holdings::handle_changes`]) and the kernel's answers ([`Holdings::handle_answer`]); outputs are changes to
//! carry out ([`Holdings::take_changes`]) and losses ([`Holdings::take_losses`], [`Holdings::take_repairs`]).
//!
//! Invariants:
//!
//! - An object that several owners want stays until the last of them lets go.
//! - New objects are added before old ones are removed, and an object that needs another one is added after it and
//!   removed before it: addresses, then routes, then rules. No packet meets a rule whose table is empty, or a route
//!   whose source address is gone.
//! - Objects of others are never removed. [`addresses`] and [`routing`] say how that is known.
//!
//! ```
//! use vrrp_linux::address::AddressSpec;
//! use vrrp_linux::holdings::{Holdings, WantedAddress, WantedHoldings};
//! use vrrp_linux::interfaces::Interfaces;
//! use vrrp_linux::route::{Hop, RouteSpec};
//!
//! # fn example(interfaces: &Interfaces) -> Result<(), Box<dyn std::error::Error>> {
//! let mut holdings = Holdings::new(112, true);
//! let address = AddressSpec::new(0, "198.51.100.1/24".parse()?);
//! let default = RouteSpec::new("0.0.0.0/0".parse()?, vec![Hop::new(None, Some("198.51.100.254".parse()?))]);
//! let wanted = WantedHoldings::default()
//!     .address(WantedAddress { link: "eth0", address: &address, native: false })
//!     .route(&default, true);
//! holdings.want("router 51", wanted, interfaces);
//! let now = std::time::Duration::ZERO;
//! for change in holdings.take_changes(now, interfaces) {
//!     println!("{change:?}"); // hand it to `Commands`
//! }
//! holdings.release("router 51", interfaces);
//! # Ok(())
//! # }
//! # example(&Interfaces::new())?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::time::Duration;

use netlink_frame::Refusal;

use crate::address::{AddressChange, AddressSpec};
use crate::commands::{Command, Outcome};
use crate::interfaces::{self, Interfaces};
use crate::route::{RouteChange, RouteSpec};
use crate::rule::{RuleChange, RuleSpec};
use addresses::Addresses;
use routing::Routing;

pub mod addresses;
pub mod routing;

pub use addresses::{Leftover, Loss, LossCause, Origin, Recognition, WantedAddress};
pub use routing::{Repair, WantedRouting};

/// The machine. `O` names an owner: a virtual router, or the daemon itself.
#[derive(Debug, Clone)]
pub struct Holdings<O> {
    addresses: Addresses<O>,
    routes: Routing<O, RouteSpec>,
    rules: Routing<O, RuleSpec>,
}

/// Everything that one owner wants.
#[derive(Debug, Clone, Default)]
pub struct WantedHoldings<'a> {
    /// Addresses.
    pub addresses: Vec<WantedAddress<'a>>,
    /// Routes.
    pub routes: Vec<WantedRouting<'a, RouteSpec>>,
    /// Rules.
    pub rules: Vec<WantedRouting<'a, RuleSpec>>,
}

/// Something to do, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Until the changes taken with this one are carried out, the kernel has to promote secondary addresses of this
    /// interface (`promote_secondaries`): the removal that follows would take addresses of others with it.
    PromoteSecondaries {
        /// The interface.
        index: u32,
    },
    /// Tell the kernel.
    Command(Command),
}

/// The result of a command, as far as the caller has to know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing to tell.
    Silent,
    /// The kernel refused it, and this was not told before.
    Refused,
}

impl<'a> WantedHoldings<'a> {
    /// With this address too.
    #[must_use]
    pub fn address(mut self, wanted: WantedAddress<'a>) -> Self {
        self.addresses.push(wanted);
        self
    }

    /// With this route too. `restored`: it is put back when somebody removes it.
    #[must_use]
    pub fn route(mut self, route: &'a RouteSpec, restored: bool) -> Self {
        self.routes.push(WantedRouting { object: route, restored });
        self
    }

    /// With this rule too.
    #[must_use]
    pub fn rule(mut self, rule: &'a RuleSpec, restored: bool) -> Self {
        self.rules.push(WantedRouting { object: rule, restored });
        self
    }
}

impl<O: Copy + Ord> Holdings<O> {
    /// A machine that holds nothing, for a daemon whose addresses carry `mark`. `marks_kept`: whether the kernel
    /// stores marks at all, see [`kernel_keeps_marks`](crate::commands::kernel_keeps_marks).
    pub fn new(mark: u8, marks_kept: bool) -> Self {
        Self {
            addresses: Addresses::new(mark, marks_kept),
            routes: Routing::default(),
            rules: Routing::default(),
        }
    }

    /// `owner` wants exactly this. Objects that it wanted before and does not want now are removed, those that have
    /// other properties are changed, those that somebody else removed are restored. Gives whether there is anything to
    /// do.
    pub fn want(&mut self, owner: O, wanted: WantedHoldings<'_>, interfaces: &Interfaces) -> bool {
        let addresses = self.addresses.want(owner, wanted.addresses, interfaces);
        let routes = self.routes.want(owner, &wanted.routes, interfaces);
        let rules = self.rules.want(owner, &wanted.rules, interfaces);
        addresses | routes | rules
    }

    /// `owner` wants nothing any more. Gives whether there is anything to do.
    pub fn release(&mut self, owner: O, interfaces: &Interfaces) -> bool {
        let addresses = self.addresses.release(owner, interfaces);
        let (routes, rules) = (self.routes.release(owner), self.rules.release(owner));
        addresses | routes | rules
    }

    /// After a reload, owners have other names; one that gets none lets go of everything.
    pub fn rename(&mut self, name: impl Fn(O) -> Option<O>, interfaces: &Interfaces) {
        self.addresses.rename(&name, interfaces);
        self.routes.rename(&name);
        self.rules.rename(&name);
    }

    /// The interface table reports changes; hand in each batch once the table is up to date.
    pub fn handle_changes(&mut self, changes: &[interfaces::Change], interfaces: &Interfaces) {
        self.addresses.handle_changes(changes, interfaces);
        self.routes.handle_changes(changes, interfaces);
        self.rules.handle_changes(changes, interfaces);
    }

    /// Events were lost, and the table was read anew: everything is looked for.
    pub fn handle_lost_events(&mut self, interfaces: &Interfaces) {
        self.addresses.handle_lost_events(interfaces);
        self.routes.handle_lost_events(interfaces);
        self.rules.handle_lost_events(interfaces);
    }

    /// Queues the removal of addresses that others left and nobody wants, and gives what that is; see
    /// [`Addresses::clean`].
    pub fn clean(&mut self, recognition: &Recognition<'_>, interfaces: &Interfaces) -> Vec<Leftover> {
        self.addresses.clean(recognition, interfaces)
    }

    /// Queues the removal of routes and rules that others may have left and nobody wants: those of the routers that
    /// start now, and what a predecessor put there, as [`RouteSpec::removal`] and [`RuleSpec::removal`] described it.
    pub fn clean_routing(
        &mut self,
        configured: &WantedHoldings<'_>,
        former: Former,
        interfaces: &Interfaces,
    ) {
        self.routes.clean(configured.routes.iter().map(|wanted| wanted.object), former.routes, interfaces);
        self.rules.clean(configured.rules.iter().map(|wanted| wanted.object), former.rules, interfaces);
    }

    /// Whether [`take_changes`](Self::take_changes) may give any.
    pub fn has_changes(&self, now: Duration) -> bool {
        self.addresses.has_changes() || self.routes.has_changes(now) || self.rules.has_changes(now)
    }

    /// When something that waits will be due.
    pub fn poll_timeout(&self) -> Option<Duration> {
        self.routes.poll_timeout().into_iter().chain(self.rules.poll_timeout()).min()
    }

    /// The changes that are due, in order. Each change is given once: it is up to the caller to carry it out and to say
    /// how it ended ([`handle_answer`](Self::handle_answer)). `now` never goes back.
    pub fn take_changes(&mut self, now: Duration, interfaces: &Interfaces) -> Vec<Change> {
        let mut changes = self.addresses.take_changes(interfaces);
        let adds = |change: &addresses::Change| {
            matches!(change, addresses::Change::Address(AddressChange::Add(_) | AddressChange::Set(_)))
        };
        let removals = changes.split_off(changes.iter().rposition(adds).map_or(0, |last| last + 1));
        let (routes, rules) = (self.routes.take_changes(now), self.rules.take_changes(now));
        let address = |change| match change {
            addresses::Change::PromoteSecondaries { index } => Change::PromoteSecondaries { index },
            addresses::Change::Address(change) => Change::Command(change.into()),
        };
        let command = Change::Command;
        let mut all: Vec<_> = changes.into_iter().map(address).collect();
        all.extend(routes.first.into_iter().map(|change| command(change.into())));
        all.extend(rules.first.into_iter().map(|change| command(change.into())));
        all.extend(rules.last.into_iter().map(|change| command(change.into())));
        all.extend(routes.last.into_iter().map(|change| command(change.into())));
        all.extend(removals.into_iter().map(address));
        all
    }

    /// The kernel answered a command.
    pub fn handle_answer(
        &mut self,
        now: Duration,
        command: &Command,
        result: Result<Outcome, &Refusal>,
    ) -> Verdict {
        let errno = result.map_err(|refusal| refusal.errno);
        match command {
            Command::Address(change) => {
                self.addresses.handle_answer(change, errno.ok());
                if errno.is_err() { Verdict::Refused } else { Verdict::Silent }
            }
            Command::Route(RouteChange::Add(route)) => self.routes.handle_added(now, route, errno),
            Command::Rule(RuleChange::Add(rule)) => self.rules.handle_added(now, rule, errno),
            Command::Route(_) | Command::Rule(_) => {
                if errno.is_err() {
                    Verdict::Refused
                } else {
                    Verdict::Silent
                }
            }
        }
    }

    /// Whether an IPv6 address is wanted on the interface with this index.
    pub fn wants_ipv6_on(&self, index: u32) -> bool {
        self.addresses.wants_ipv6_on(index)
    }

    /// The addresses of an owner, with the index of the interface: these may be announced.
    pub fn held(&self, owner: O) -> impl Iterator<Item = &AddressSpec> {
        self.addresses.held(owner)
    }

    /// Whether a route of an owner is where it should be.
    pub fn has_route(&self, owner: O, route: &RouteSpec, interfaces: &Interfaces) -> bool {
        self.routes.has(owner, route, interfaces)
    }

    /// Whether a rule of an owner is where it should be.
    pub fn has_rule(&self, owner: O, rule: &RuleSpec, interfaces: &Interfaces) -> bool {
        self.rules.has(owner, rule, interfaces)
    }

    /// Whether a route of an owner is where it should be, or will be in a moment.
    pub fn can_have_route(&self, owner: O, route: &RouteSpec, interfaces: &Interfaces) -> bool {
        self.routes.can_have(owner, route, interfaces)
    }

    /// Whether a rule of an owner is where it should be, or will be in a moment.
    pub fn can_have_rule(&self, owner: O, rule: &RuleSpec, interfaces: &Interfaces) -> bool {
        self.rules.can_have(owner, rule, interfaces)
    }

    /// Whether an owner wants routes or rules.
    pub fn has_routing(&self, owner: O) -> bool {
        self.routes.has_owner(owner) || self.rules.has_owner(owner)
    }

    /// Whether any route or rule is wanted: their events have to be heard then.
    pub fn wants_routing(&self) -> bool {
        !self.routes.is_empty() || !self.rules.is_empty()
    }

    /// Whether nothing of ours is in the kernel, and nothing is wanted there.
    pub fn is_empty(&self) -> bool {
        self.addresses.is_empty() && !self.wants_routing()
    }

    /// Wanted addresses that are gone, or can be tried again. Each is reported once; it is put back by the next
    /// [`want`](Self::want) of its owner.
    pub fn take_losses(&mut self) -> Vec<Loss<O>> {
        self.addresses.take_losses()
    }

    /// Routes and rules that somebody removed and that were put back since the last call, in words.
    pub fn take_repairs(&mut self) -> Vec<Repair<O>> {
        let mut repairs = self.routes.take_repairs();
        repairs.append(&mut self.rules.take_repairs());
        repairs
    }
}

/// Routes and rules that a predecessor put into the kernel, or was about to.
#[derive(Debug, Clone, Default)]
pub struct Former {
    /// As [`RouteSpec::removal`] described them.
    pub routes: Vec<Vec<u8>>,
    /// As [`RuleSpec::removal`] described them.
    pub rules: Vec<Vec<u8>>,
}
