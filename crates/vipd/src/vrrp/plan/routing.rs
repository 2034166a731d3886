//! Routes and rules of the configuration as the kernel knows them.

use vrrp_linux::address::AddressSpec;
use vrrp_linux::route::RouteSpec;
use vrrp_linux::rule::RuleSpec;

/// Routes and rules, each with whether it is put back when somebody removes it.
#[derive(Debug, Default)]
pub(in crate::vrrp) struct Routing {
    pub(in crate::vrrp) routes: Vec<(RouteSpec, bool)>,
    pub(in crate::vrrp) rules: Vec<(RuleSpec, bool)>,
}

/// What is there as long as the daemon runs (`static_ipaddress`, `static_routes`, `static_rules`).
#[derive(Debug, Default)]
pub(in crate::vrrp) struct Statics {
    /// Each with the name of its interface.
    pub(in crate::vrrp) addresses: Vec<(String, AddressSpec)>,
    pub(in crate::vrrp) routing: Routing,
}
