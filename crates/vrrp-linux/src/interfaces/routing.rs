//! Routes and rules beside the interfaces: what the kernel removed, and the interfaces that a route names.

use netlink_frame::Frame;
use netlink_packet_core::NLM_F_REPLACE;

use super::{Change, Interfaces};
use crate::netlink::decode::{removed_route, removed_rule};
use crate::route::{PROTOCOL, RemovedRoute, RouteSpec};

impl RouteSpec {
    /// With the indexes of its interfaces; `None` if one is missing.
    pub fn resolved(&self, interfaces: &Interfaces) -> Option<Self> {
        let mut route = self.clone();
        if let Some(vrf) = &self.vrf {
            route.table = interfaces.vrf_table(interfaces.by_name(vrf)?.index)?;
        }
        for hop in &mut route.hops {
            if let Some(link) = &hop.link {
                hop.index = interfaces.by_name(link)?.index;
            }
        }
        Some(route)
    }
}

/// The removed route or rule that a message reports.
pub(super) fn routing_change(frame: &Frame<'_>) -> Option<Change> {
    match frame.kind {
        libc::RTM_DELROUTE => removed_route(frame.payload).map(Change::RouteRemoved),
        // The kernel does not tell which route it replaced: it may have been ours, that would carry our protocol.
        libc::RTM_NEWROUTE if frame.flags & NLM_F_REPLACE != 0 => removed_route(frame.payload)
            .map(|route| Change::RouteRemoved(RemovedRoute { protocol: PROTOCOL, ..route })),
        libc::RTM_DELRULE => removed_rule(frame.payload).map(Change::RuleRemoved),
        _ => None,
    }
}
