//! Median, 90th percentile and maximum of a few samples.

/// Summary of some samples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The middle one, or the mean of the two in the middle.
    pub(crate) median: i64,
    /// The smallest one that is not exceeded by nine tenths.
    pub(crate) p90: i64,
    /// The greatest.
    pub(crate) max: i64,
}

impl Summary {
    /// `None` without samples.
    pub(crate) fn of(samples: &[i64]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let at = |index: usize| sorted.get(index).copied();
        let count = sorted.len();
        let (low, high) = (at(count.checked_sub(1)? / 2)?, at(count / 2)?);
        Some(Self {
            median: low.midpoint(high),
            p90: at((count * 9).div_ceil(10) - 1)?,
            max: *sorted.last()?,
        })
    }
}

/// The smallest sample that is not exceeded by so many hundredths of them; 0 without samples. Sorts them.
pub(crate) fn percentile(samples: &mut [i64], hundredths: usize) -> i64 {
    samples.sort_unstable();
    let index = (samples.len() * hundredths).div_ceil(100).saturating_sub(1);
    samples.get(index).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_even_number_of_samples_has_its_median_between_them() {
        assert_eq!(Summary::of(&[4, 1, 3, 2000]), Some(Summary { median: 3, p90: 2000, max: 2000 }));
        assert_eq!(Summary::of(&[-5]), Some(Summary { median: -5, p90: -5, max: -5 }));
        assert_eq!(Summary::of(&[]), None);
    }

    #[test]
    fn nine_of_ten_are_not_above_the_percentile() {
        let samples: Vec<i64> = (1..=10).collect();
        assert_eq!(Summary::of(&samples), Some(Summary { median: 5, p90: 9, max: 10 }));
        let samples: Vec<i64> = (1..=20).collect();
        assert_eq!(Summary::of(&samples).map(|summary| summary.p90), Some(18));
    }

    #[test]
    fn a_percentile_is_one_of_the_samples() {
        let mut samples: Vec<i64> = (1..=200).rev().collect();
        assert_eq!([50, 99, 100].map(|hundredths| percentile(&mut samples, hundredths)), [100, 198, 200]);
        assert_eq!(percentile(&mut [], 50), 0);
    }
}
