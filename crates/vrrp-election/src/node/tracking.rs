//! From facts to priority: what a router's links and scripts make of it.
//!
//! The result is derived from the facts each time, nothing is counted up and down, so no order of events can
//! leave a router in a fault that no longer exists.

use vrrp_proto::Priority;

use super::{LinkId, LinkState, RouterSetup, ScriptId, Track};

/// Why a router takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// Its own interface is down or missing.
    LinkDown(LinkId),
    /// It has no address to send from.
    NoAddress,
    /// A tracked interface is down (or up, if reversed).
    TrackedLink(LinkId),
    /// A tracked script failed (or succeeded, if reversed).
    TrackedScript(ScriptId),
}

/// What the facts make of a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Assessment {
    /// The first thing that keeps it from taking part.
    pub(super) fault: Option<Fault>,
    /// A check that could be a fault has not reported yet.
    pub(super) pending: bool,
    /// The effective priority.
    pub(super) priority: Priority,
}

/// Looks at everything `setup` depends on. `script_up` gives `None` for a script that has not reported.
pub(super) fn assess(
    setup: &RouterSetup,
    links: &[LinkState],
    script_up: impl Fn(ScriptId) -> Option<bool>,
) -> Assessment {
    let link_up = |id: LinkId| Some(links.get(id.index()).is_some_and(|link| link.up));
    let mut pending = false;
    let mut sum = 0;
    let mut fault = own_fault(setup, links);

    for track in &setup.track_links {
        match effect(track, link_up(track.target)) {
            Effect::Fault => fault = fault.or(Some(Fault::TrackedLink(track.target))),
            Effect::Pending => pending = true,
            Effect::Weight(weight) => sum += weight,
        }
    }
    for track in &setup.track_scripts {
        match effect(track, script_up(track.target)) {
            Effect::Fault => fault = fault.or(Some(Fault::TrackedScript(track.target))),
            Effect::Pending => pending = true,
            Effect::Weight(weight) => sum += weight,
        }
    }
    Assessment { fault, pending, priority: weighted(setup.config.priority, sum) }
}

enum Effect {
    Fault,
    Pending,
    Weight(i32),
}

fn effect<T>(track: &Track<T>, up: Option<bool>) -> Effect {
    let good = up.map(|up| up != track.reverse);
    let weight = i32::from(track.weight);
    match good {
        None if weight == 0 => Effect::Pending,
        Some(false) if weight == 0 => Effect::Fault,
        Some(true) if weight > 0 => Effect::Weight(weight),
        Some(false) if weight < 0 => Effect::Weight(weight),
        None | Some(_) => Effect::Weight(0),
    }
}

fn own_fault(setup: &RouterSetup, links: &[LinkState]) -> Option<Fault> {
    let link = setup.link.map(|id| (id, links.get(id.index()).copied().unwrap_or_default()));
    if let Some((id, state)) = link
        && !state.up
        && !setup.ignore_link_state
    {
        return Some(Fault::LinkDown(id));
    }
    let address = setup.source.or_else(|| link.and_then(|(_, state)| state.address(setup.config.family)));
    address.is_none().then_some(Fault::NoAddress)
}

/// The owner stays the owner; nobody else becomes 0 or 255 by arithmetic (RFC 9568 §5.2.4).
fn weighted(base: Priority, sum: i32) -> Priority {
    if base.is_owner() {
        return base;
    }
    let clamped = (i32::from(base.get()) + sum).clamp(1, 254);
    Priority::new(u8::try_from(clamped).unwrap_or(254))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(weight: i16, reverse: bool, up: Option<bool>) -> Option<i32> {
        match effect(&Track { target: (), weight, reverse }, up) {
            Effect::Weight(weight) => Some(weight),
            Effect::Fault | Effect::Pending => None,
        }
    }

    #[test]
    fn a_positive_weight_counts_while_good_and_a_negative_one_while_failed() {
        assert_eq!(weight(20, false, Some(true)), Some(20));
        assert_eq!(weight(20, false, Some(false)), Some(0));
        assert_eq!(weight(-20, false, Some(true)), Some(0));
        assert_eq!(weight(-20, false, Some(false)), Some(-20));
    }

    #[test]
    fn reverse_swaps_good_and_failed() {
        assert_eq!(weight(20, true, Some(false)), Some(20));
        assert_eq!(weight(-20, true, Some(true)), Some(-20));
        assert!(weight(0, true, Some(true)).is_none(), "a reversed weight 0 is a fault while good");
    }

    #[test]
    fn what_is_not_known_yet_weighs_nothing() {
        assert_eq!(weight(20, false, None), Some(0));
        assert_eq!(weight(-20, true, None), Some(0));
    }

    #[test]
    fn arithmetic_reaches_neither_0_nor_255_and_leaves_the_owner_alone() {
        assert_eq!(weighted(Priority::new(250), 20), Priority::new(254));
        assert_eq!(weighted(Priority::new(10), -20), Priority::new(1));
        assert_eq!(weighted(Priority::OWNER, -254), Priority::OWNER);
    }
}
