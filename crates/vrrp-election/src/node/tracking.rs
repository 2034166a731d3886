//! From facts to priority: what a router's link and everything it tracks make of it.
//!
//! The result is derived from the facts each time, nothing is counted up and down, so no order of events can
//! leave a router in a fault that no longer exists.

use vrrp_proto::RouterPriority;

use super::{Fact, LinkId, LinkSetup, RouterId, RouterSetup, Track, TrackTarget};

/// Why a router takes no part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// An earlier router of the configuration has the same [`RouterKey`](crate::RouterKey).
    Duplicate(RouterId),
    /// Its own interface is down or missing.
    LinkDown(LinkId),
    /// It has no address to send from.
    NoAddress,
    /// This other member of its sync group has a fault.
    Member(RouterId),
    /// An operator keeps it from taking part: see [`IntentKind::Maintenance`](crate::IntentKind).
    Maintenance,
    /// Something tracked with weight 0 is down (or up, if reversed), or a value that forbids taking part.
    Tracked(TrackTarget),
}

/// Effect of the facts on a router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Assessment {
    /// The first thing that keeps it from taking part.
    pub(super) fault: Option<Fault>,
    /// Something that could be a fault is not known yet.
    pub(super) pending: bool,
    /// The effective priority.
    pub(super) priority: RouterPriority,
}

/// Looks at everything `setup` depends on.
pub(super) fn assess(
    setup: &RouterSetup,
    links: &[LinkSetup],
    fact: impl Fn(TrackTarget) -> Fact,
) -> Assessment {
    let total = sum(&setup.tracks, fact);
    Assessment {
        fault: own_fault(setup, links).or(total.fault.map(Fault::Tracked)),
        pending: total.pending,
        priority: setup.config.priority.weighted(total.weight),
    }
}

/// Effect of one track on the priority.
pub(super) fn weight(track: &Track, fact: Fact) -> i64 {
    match effect(track, fact) {
        Effect::Fault | Effect::Pending => 0,
        Effect::Weight(weight) => weight,
    }
}

/// Sum of the effects of a list of tracks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Total {
    /// The first target that is a fault.
    fault: Option<TrackTarget>,
    pending: bool,
    weight: i64,
}

fn sum(tracks: &[Track], fact: impl Fn(TrackTarget) -> Fact) -> Total {
    let mut total = Total::default();
    for track in tracks {
        match effect(track, fact(track.target)) {
            Effect::Fault => total.fault = total.fault.or(Some(track.target)),
            Effect::Pending => total.pending = true,
            Effect::Weight(weight) => total.weight = total.weight.saturating_add(weight),
        }
    }
    total
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    Fault,
    Pending,
    Weight(i64),
}

fn effect(track: &Track, fact: Fact) -> Effect {
    let weight = i64::from(track.weight);
    let good = match fact {
        Fact::Unknown if weight == 0 => return Effect::Pending,
        Fact::Unknown => return Effect::Weight(0),
        Fact::Value(value) if weight != 0 => {
            let product = weight.saturating_mul(value.into());
            let product = if track.reverse { product.saturating_neg() } else { product };
            return if product < LEAST_PRODUCT { Effect::Fault } else { Effect::Weight(product.min(MOST)) };
        }
        Fact::Value(value) => value == 0,
        Fact::Up => true,
        Fact::Down => false,
    };
    if weight == 0 {
        return if good == track.reverse { Effect::Fault } else { Effect::Weight(0) };
    }
    // When it counts does not change by `reverse`, only its sign.
    let counts = good == (weight > 0);
    match (counts, track.reverse) {
        (false, _) => Effect::Weight(0),
        (true, false) => Effect::Weight(weight),
        (true, true) => Effect::Weight(weight.saturating_neg()),
    }
}

/// A value that would take away more than any priority holds is a fault, as in keepalived.
const LEAST_PRODUCT: i64 = -253;

/// No value adds more than the others can take away.
const MOST: i64 = 253;

fn own_fault(setup: &RouterSetup, links: &[LinkSetup]) -> Option<Fault> {
    let link = setup.link.map(|id| (id, links.get(id.index()).map(|link| link.state).unwrap_or_default()));
    if let Some((id, state)) = link
        && !state.up
        && !setup.ignore_link_state
    {
        return Some(Fault::LinkDown(id));
    }
    let address = setup.source.or_else(|| link.and_then(|(_, state)| state.address(setup.config.family)));
    address.is_none().then_some(Fault::NoAddress)
}

#[cfg(test)]
mod tests {
    use super::super::FactId;
    use super::*;

    fn of(weight: i32, reverse: bool, fact: Fact) -> Effect {
        effect(&Track { target: FactId(0).into(), weight, reverse }, fact)
    }

    #[test]
    fn a_positive_weight_counts_while_good_and_a_negative_one_while_failed() {
        assert_eq!(of(20, false, Fact::Up), Effect::Weight(20));
        assert_eq!(of(20, false, Fact::Down), Effect::Weight(0));
        assert_eq!(of(-20, false, Fact::Up), Effect::Weight(0));
        assert_eq!(of(-20, false, Fact::Down), Effect::Weight(-20));
    }

    #[test]
    fn reverse_changes_the_sign_of_a_weight_and_the_meaning_of_none() {
        // keepalived 2.2.7 with priority 100: 80, 100, 100, 120.
        assert_eq!(of(20, true, Fact::Up), Effect::Weight(-20));
        assert_eq!(of(-20, true, Fact::Up), Effect::Weight(0));
        assert_eq!(of(20, true, Fact::Down), Effect::Weight(0));
        assert_eq!(of(-20, true, Fact::Down), Effect::Weight(20));
        assert_eq!(of(0, true, Fact::Up), Effect::Fault, "a reversed weight 0 is a fault while good");
        assert_eq!(of(0, true, Fact::Down), Effect::Weight(0));
    }

    #[test]
    fn an_unknown_fact_weighs_nothing_and_is_waited_for_if_it_has_no_weight() {
        assert_eq!(of(20, false, Fact::Unknown), Effect::Weight(0));
        assert_eq!(of(-20, true, Fact::Unknown), Effect::Weight(0));
        assert_eq!(of(0, false, Fact::Unknown), Effect::Pending);
        assert_eq!(of(0, true, Fact::Unknown), Effect::Pending);
    }

    #[test]
    fn a_value_is_multiplied_by_the_weight() {
        assert_eq!(of(2, false, Fact::Value(-30)), Effect::Weight(-60));
        assert_eq!(of(2, true, Fact::Value(-30)), Effect::Weight(60));
        assert_eq!(of(-1, false, Fact::Value(0)), Effect::Weight(0));
        assert_eq!(of(1, false, Fact::Value(-253)), Effect::Weight(-253));
        assert_eq!(of(1, false, Fact::Value(-254)), Effect::Fault, "more than a priority holds");
        assert_eq!(of(1, true, Fact::Value(254)), Effect::Fault);
        assert_eq!(of(1, false, Fact::Value(254)), Effect::Weight(253), "and no more than that is added");
        assert_eq!(of(i32::MIN, false, Fact::Value(i32::MIN)), Effect::Weight(253));
    }

    #[test]
    fn without_a_weight_any_value_but_0_is_a_fault() {
        assert_eq!(of(0, false, Fact::Value(0)), Effect::Weight(0));
        assert_eq!(of(0, false, Fact::Value(1)), Effect::Fault);
        assert_eq!(of(0, false, Fact::Value(-1)), Effect::Fault);
        assert_eq!(of(0, true, Fact::Value(0)), Effect::Fault);
    }

    #[test]
    fn weights_of_many_targets_add_up_without_overflow() {
        let tracks = [Track { target: FactId(0).into(), weight: i32::MAX, reverse: false }; 4];
        let total = sum(&tracks, |_| Fact::Value(i32::MAX));
        assert_eq!(RouterPriority::DEFAULT.weighted(total.weight).get(), 254);
        let tracks = [Track { target: FactId(0).into(), weight: i32::MIN, reverse: false }; 4];
        let total = sum(&tracks, |_| Fact::Down);
        assert_eq!(RouterPriority::DEFAULT.weighted(total.weight).get(), 1);
    }

    #[test]
    fn the_first_target_that_is_a_fault_is_named() {
        let tracks = [0, 1, 2].map(|id| Track::required(FactId(id)));
        let facts = [Fact::Unknown, Fact::Down, Fact::Down];
        let fact = |target| match target {
            TrackTarget::Fact(id) => facts[id.index()],
            TrackTarget::Link(_) | TrackTarget::Script(_) => Fact::Unknown,
        };
        let total = sum(&tracks, fact);
        assert_eq!((total.fault, total.pending), (Some(TrackTarget::Fact(FactId(1))), true));
    }
}
