//! The Internet checksum (RFC 1071): one's complement sum of 16-bit words.
//!
//! Two properties of that sum make it cheap (RFC 1071 §2). It can be taken in any byte order, so words are added
//! as they lie in memory and only the result is turned. And it can be taken in wider words, whose carries
//! are folded at the end: 64 bits hold the carries of 2^32 words of 32 bits.
//!
//! A received sum is never recomputed and compared: everything, the checksum field included, is added and
//! must give all ones, so that a field of `ffff` where `0000` was computed is valid too.

/// A running sum. Pieces must be added at even offsets; only the last may have an odd length.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u64);

impl Sum {
    /// The sum of `bytes` alone.
    #[inline(always)]
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self::default().add(bytes)
    }

    /// Adds `bytes`, padded with zeros to full words.
    #[inline(always)]
    pub(crate) fn add(self, bytes: &[u8]) -> Self {
        let (words, rest) = bytes.as_chunks::<4>();
        let mut total = self.0;
        for word in words {
            total += u64::from(u32::from_ne_bytes(*word));
        }
        let last = match *rest {
            [] => return Self(total),
            [a] => [a, 0, 0, 0],
            [a, b] => [a, b, 0, 0],
            [a, b, c, ..] => [a, b, c, 0],
        };
        Self(total + u64::from(u32::from_ne_bytes(last)))
    }

    /// Adds another sum.
    #[inline(always)]
    pub(crate) const fn join(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// Adds a number as it stands in a 32-bit field.
    #[inline(always)]
    pub(crate) const fn add_number(self, number: u32) -> Self {
        Self(self.0 + number.to_be() as u64)
    }

    /// Whether data that carries its checksum is intact: all ones.
    #[inline(always)]
    pub(crate) const fn is_intact(self) -> bool {
        self.fold() == 0xffff
    }

    /// The value of the checksum field, after adding the data with a zero there.
    #[inline(always)]
    pub(crate) const fn complement(self) -> u16 {
        !self.fold()
    }

    /// The sum in 16 bits, as a number. Halves are added with end-around carry.
    #[inline(always)]
    #[expect(clippy::cast_possible_truncation, reason = "the halves are taken apart")]
    const fn fold(self) -> u16 {
        let (sum, carry) = ((self.0 >> 32) as u32).overflowing_add(self.0 as u32);
        let sum = sum + carry as u32;
        let (sum, carry) = ((sum >> 16) as u16).overflowing_add(sum as u16);
        u16::from_be(sum + carry as u16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_rfc_1071_section_3_gives_its_sum() {
        let sum = Sum::of(&[0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
        assert_eq!(sum.fold(), 0xddf2);
        assert_eq!(sum.complement(), 0x220d);
    }

    #[test]
    fn an_odd_octet_counts_as_the_high_half_of_a_word() {
        assert_eq!(Sum::of(&[0x12]).fold(), 0x1200);
        assert_eq!(Sum::of(&[0x12, 0x34, 0x56]).fold(), 0x1234 + 0x5600);
    }

    #[test]
    fn pieces_add_up_to_the_whole() {
        let bytes: [u8; 64] = core::array::from_fn(|i| u8::try_from(i * 37 % 256).unwrap());
        let (a, b) = bytes.split_at(26);
        assert_eq!(Sum::of(a).add(b).fold(), Sum::of(&bytes).fold());
    }

    #[test]
    fn carries_of_a_large_input_are_all_folded() {
        // 4096 words of ffff: the one's complement sum stays ffff.
        assert_eq!(Sum::of(&[0xff; 8192]).fold(), 0xffff);
        assert_eq!(Sum(u64::MAX).fold(), 0xffff);
    }

    #[test]
    fn a_field_of_ffff_is_intact_where_0000_was_computed() {
        assert_eq!(Sum::of(&[0xff, 0xff, 0, 0]).complement(), 0);
        assert!(Sum::of(&[0xff, 0xff, 0, 0]).is_intact());
        assert!(Sum::of(&[0xff, 0xff, 0xff, 0xff]).is_intact());
    }
}
