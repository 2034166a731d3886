//! For how long an address was on two routers, and for how long on none.

use std::time::Duration;

use vip_lab::Stamp;

/// The longest uninterrupted times from a moment on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Longest {
    /// Both routers held the address.
    pub(super) both: Duration,
    /// No router held it.
    pub(super) none: Duration,
}

/// Judges what two routers held between `from` and `until`.
pub(super) fn longest(
    first: &[(Stamp, bool)],
    second: &[(Stamp, bool)],
    from: Stamp,
    until: Stamp,
) -> Longest {
    let mut moments: Vec<Stamp> = first.iter().chain(second).map(|&(at, _)| at).collect();
    moments.retain(|&at| at > from && at < until);
    moments.extend([from, until]);
    moments.sort_unstable();
    let mut longest = Longest::default();
    let (mut both, mut none) = (Duration::ZERO, Duration::ZERO);
    for (&begin, &end) in moments.iter().zip(moments.iter().skip(1)) {
        let lasted = end.since(begin);
        let owners = [first, second].into_iter().filter(|changes| holds_at(changes, begin)).count();
        both = if owners == 2 { both + lasted } else { Duration::ZERO };
        none = if owners == 0 { none + lasted } else { Duration::ZERO };
        longest.both = longest.both.max(both);
        longest.none = longest.none.max(none);
    }
    longest
}

fn holds_at(changes: &[(Stamp, bool)], at: Stamp) -> bool {
    changes.iter().rev().find(|(seen, _)| *seen <= at).is_some_and(|&(_, held)| held)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Stamp {
        Stamp::from_epoch(Duration::from_millis(ms))
    }

    #[test]
    fn overlaps_and_gaps_are_measured_without_interruption_and_from_the_given_moment_on() {
        let first = [(at(0), true), (at(100), false), (at(150), true)];
        let second = [(at(0), false), (at(110), true), (at(160), false)];
        let judged = longest(&first, &second, at(50), at(300));
        assert_eq!(judged, Longest { both: Duration::from_millis(10), none: Duration::from_millis(10) });
        let later = longest(&first, &second, at(105), at(108));
        assert_eq!(later, Longest { both: Duration::ZERO, none: Duration::from_millis(3) });
    }

    #[test]
    fn changes_of_the_other_router_do_not_interrupt_a_gap() {
        let first = [(at(0), false), (at(10), false)];
        let second = [(at(0), false), (at(20), false)];
        assert_eq!(longest(&first, &second, at(0), at(40)).none, Duration::from_millis(40));
    }
}
