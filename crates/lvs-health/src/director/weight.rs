//! A server's weight out of what its checks say about it.
//!
//! The order of the checks and of their results does not matter: the smallest [`WeightUpdate::Exactly`] takes the place of the
//! configured weight, the smallest [`WeightUpdate::Percent`] scales it, and every [`WeightUpdate::Plus`] is added. A check that says
//! 0 wants the server drained, and nothing that is added outweighs that.

use crate::WeightUpdate;

/// The greatest weight of a server: what keepalived takes in its configuration.
pub const MAX_WEIGHT: u32 = 65535;

/// The weight of a server: `configured`, and what its checks say.
pub(super) fn combine(configured: u32, said: impl IntoIterator<Item = WeightUpdate>) -> u32 {
    let (mut exactly, mut percent, mut plus) = (None::<u32>, None::<u32>, 0_i64);
    for weigh in said {
        match weigh {
            WeightUpdate::Unchanged | WeightUpdate::Configured => {}
            WeightUpdate::Exactly(weight) => {
                exactly = Some(exactly.map_or(weight, |least| least.min(weight)));
            }
            WeightUpdate::Percent(share) => percent = Some(percent.map_or(share, |least| least.min(share))),
            WeightUpdate::Plus(more) => plus = plus.saturating_add(more.into()),
        }
    }
    if exactly == Some(0) || percent == Some(0) {
        return 0;
    }
    let base = u64::from(exactly.unwrap_or(configured));
    // Rounded up: a few percent of a small weight are little, but not nothing.
    let scaled = percent.map_or(base, |percent| (base * u64::from(percent)).div_ceil(100));
    let sum = i64::try_from(scaled).unwrap_or(i64::MAX).saturating_add(plus);
    u32::try_from(sum.clamp(0, MAX_WEIGHT.into())).unwrap_or(MAX_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_word_about_the_weight_means_what_it_says() {
        let table: [(&[WeightUpdate], u32); 14] = [
            (&[], 40),
            (&[WeightUpdate::Unchanged], 40),
            (&[WeightUpdate::Configured], 40),
            (&[WeightUpdate::Exactly(7)], 7),
            (&[WeightUpdate::Percent(50)], 20),
            (&[WeightUpdate::Percent(1)], 1),
            (&[WeightUpdate::Percent(200)], 80),
            (&[WeightUpdate::Plus(5)], 45),
            (&[WeightUpdate::Plus(-50)], 0),
            (&[WeightUpdate::Plus(i32::MAX), WeightUpdate::Plus(i32::MAX)], 65535),
            (&[WeightUpdate::Exactly(u32::MAX), WeightUpdate::Percent(u32::MAX)], 65535),
            (&[WeightUpdate::Exactly(9), WeightUpdate::Exactly(3), WeightUpdate::Configured], 3),
            (
                &[
                    WeightUpdate::Exactly(10),
                    WeightUpdate::Percent(50),
                    WeightUpdate::Percent(80),
                    WeightUpdate::Plus(2),
                ],
                7,
            ),
            (&[WeightUpdate::Exactly(0), WeightUpdate::Plus(5)], 0),
        ];
        for (said, weight) in table {
            assert_eq!(combine(40, said.iter().copied()), weight, "{said:?}");
            assert_eq!(combine(40, said.iter().rev().copied()), weight, "{said:?} from the end");
        }
    }
}
