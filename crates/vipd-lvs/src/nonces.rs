//! Numbers that an attacker cannot guess without seeing our packets: ids of DNS queries, sequence numbers of pings.

use std::hash::{BuildHasher, RandomState};

/// A keyed hash (SipHash) of a counter. The keys come from the operating system, once for each process.
#[derive(Debug, Default)]
pub(super) struct Nonces {
    keys: RandomState,
    count: u64,
}

impl Nonces {
    /// The next one.
    pub(super) fn draw(&mut self) -> u32 {
        self.count = self.count.wrapping_add(1);
        let [_, _, _, _, number @ ..] = self.keys.hash_one(self.count).to_be_bytes();
        u32::from_be_bytes(number)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn neither_the_last_number_nor_another_process_gives_the_next_away() {
        let take = |count| {
            let mut nonces = Nonces::default();
            std::iter::repeat_with(move || nonces.draw()).take(count).collect::<Vec<_>>()
        };
        let (one, other) = (take(1000), take(1000));
        let same = one.iter().zip(&other).filter(|(one, other)| one == other).count();
        let steps: HashSet<u32> = one.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
        // 1000 of 2^32: by chance one in ten thousand runs has a pair.
        assert!(same <= 2, "{same} numbers are the same");
        assert!(steps.len() >= 997, "{} distances", steps.len());
    }
}
