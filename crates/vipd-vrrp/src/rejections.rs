//! Numbers of rejected packets of one router, by reason.

use vrrp_proto::Counter;

/// Counts by [`Counter`].
///
/// Most routers reject nothing as long as they live, and there may be thousands: room is made for the first rejected packet.
#[derive(Clone, Debug, Default)]
pub(super) struct Rejections(Option<Box<[u64; Counter::ALL.len()]>>);

impl Rejections {
    pub(super) fn add(&mut self, counter: Counter) {
        if let Some(count) = self.0.get_or_insert_default().get_mut(counter.index()) {
            *count += 1;
        }
    }

    pub(super) fn of(&self, counter: Counter) -> u64 {
        self.0.as_ref().and_then(|counts| counts.get(counter.index())).copied().unwrap_or_default()
    }

    pub(super) fn clear(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge::Record;

    #[test]
    fn each_reason_is_counted_for_itself_until_all_are_cleared() {
        let mut rejections = Rejections::default();
        for counter in [Counter::Ttl, Counter::Vrid, Counter::Ttl] {
            rejections.add(counter);
        }
        let counts = [Counter::Ttl, Counter::Vrid, Counter::Checksum].map(|counter| rejections.of(counter));
        assert_eq!(counts, [2, 1, 0]);
        rejections.clear();
        assert_eq!(rejections.of(Counter::Ttl), 0);
    }

    /// There is one for each router, of which some have thousands.
    #[test]
    fn a_record_of_a_router_that_rejected_nothing_is_small() {
        assert!(size_of::<Record>() <= 48, "{}", size_of::<Record>());
    }
}
