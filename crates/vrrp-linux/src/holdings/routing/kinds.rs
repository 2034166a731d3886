//! Common ground of routes and rules, and their differences.

use super::{Effect, Object};
use crate::interfaces::{Change, Interfaces};
use crate::netlink::decode::{removed_route, removed_rule};
use crate::route::{RouteChange, RouteSpec};
use crate::rule::{RuleChange, RuleSpec};

impl Object for RouteSpec {
    type Change = RouteChange;

    fn resolved(&self, interfaces: &Interfaces) -> Option<Self> {
        self.resolved(interfaces)
    }

    fn effect(&self, change: &Change) -> Effect {
        // The kernel may have found an interface on its own.
        let uses = |index: u32| self.hops.iter().any(|hop| hop.index == index || hop.index == 0);
        let is_on = |index: u32| self.hops.iter().any(|hop| hop.index == index);
        match change {
            Change::LinkRemoved { index, .. } if is_on(*index) => Effect::Gone,
            Change::LinkDown { index } if uses(*index) => Effect::Doubt,
            Change::LinkUp { index } | Change::LinkChanged { index } | Change::LinkRemoved { index, .. }
                if uses(*index) =>
            {
                Effect::Check
            }
            // Without its last address, an interface loses all of its routes; without its source address, a route is
            // removed. The kernel does not tell of either.
            Change::AddressRemoved { index, network }
                if uses(*index) || self.source == Some(network.ip()) =>
            {
                Effect::Check
            }
            Change::AddressAdded { .. } | Change::AddressChanged { .. } => Effect::Retry,
            Change::RouteRemoved(removed)
                if removed.slot == self.slot() && removed.protocol == self.protocol =>
            {
                Effect::Removed
            }
            _ => Effect::None,
        }
    }

    fn is_down(&self, interfaces: &Interfaces) -> bool {
        self.hops.iter().any(|hop| interfaces.by_index(hop.index).is_some_and(|interface| !interface.up))
    }

    fn may_hit(&self, other: &Self) -> bool {
        self.may_hit(other)
    }

    fn may_be_hit_by(&self, former: &[u8]) -> bool {
        removed_route(former).is_some_and(|former| former.slot == self.slot())
    }

    fn removal(&self) -> Vec<u8> {
        self.removal()
    }

    fn added(self) -> RouteChange {
        RouteChange::Add(self)
    }

    fn removed(self) -> RouteChange {
        RouteChange::Remove(self)
    }

    fn former(removal: Vec<u8>) -> RouteChange {
        RouteChange::RemoveFormer(removal)
    }
}

impl Object for RuleSpec {
    type Change = RuleChange;

    /// Rules name interfaces, present or not.
    fn resolved(&self, _: &Interfaces) -> Option<Self> {
        Some(self.clone())
    }

    fn effect(&self, change: &Change) -> Effect {
        match change {
            Change::RuleRemoved(removed)
                if (removed.ipv6, removed.priority, removed.protocol)
                    == (self.ipv6, self.priority, self.protocol) =>
            {
                Effect::Removed
            }
            _ => Effect::None,
        }
    }

    fn is_down(&self, _: &Interfaces) -> bool {
        false
    }

    fn may_hit(&self, other: &Self) -> bool {
        self.may_hit(other)
    }

    fn may_be_hit_by(&self, former: &[u8]) -> bool {
        removed_rule(former)
            .is_some_and(|former| (former.ipv6, former.priority) == (self.ipv6, self.priority))
    }

    fn removal(&self) -> Vec<u8> {
        self.removal()
    }

    fn added(self) -> RuleChange {
        RuleChange::Add(self)
    }

    fn removed(self) -> RuleChange {
        RuleChange::Remove(self)
    }

    fn former(removal: Vec<u8>) -> RuleChange {
        RuleChange::RemoveFormer(removal)
    }
}
