//! Inputs of a router, packed: most are timers, and adverts as expected, of which only the time is news.
//!
//! When thousands of routers take over, each of them records that.

use alloc::vec::Vec;

use super::input::{Input, Recorded};
use crate::Instant;

/// Recorded inputs, in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Inputs {
    /// For each a mark, the time since the one before, and the lateness if it was due.
    octets: Vec<u8>,
    /// Those that say more than that, in their order.
    others: Vec<Input>,
    count: usize,
    /// The time of the last one.
    last: Instant,
}

impl Inputs {
    pub(super) fn push(&mut self, recorded: Recorded) {
        let Recorded { at, due, input } = recorded;
        let mark = match input {
            Input::Timeout => TIMEOUT,
            Input::Adverts => ADVERTS,
            other => {
                self.others.push(other);
                OTHER
            }
        };
        self.octets.push(if due.is_some() { mark | DUE } else { mark });
        self.number(at, self.last);
        if let Some(due) = due {
            self.number(at, due);
        }
        self.count += 1;
        self.last = at;
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The time of the last one.
    pub(super) fn last(&self) -> Option<Instant> {
        (self.count > 0).then_some(self.last)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Recorded> {
        let mut octets = self.octets.iter().copied();
        let mut others = self.others.iter().copied();
        let mut last = Instant::ZERO;
        core::iter::from_fn(move || {
            let mark = octets.next()?;
            last = number(&mut octets, |difference| last.as_nanos().wrapping_add(difference))?;
            let due = number_if(mark & DUE != 0, &mut octets, |late| last.as_nanos().wrapping_sub(late))?;
            let input = match mark & !DUE {
                TIMEOUT => Input::Timeout,
                ADVERTS => Input::Adverts,
                _ => others.next()?,
            };
            Some(Recorded { at: last, due, input })
        })
    }

    /// Those that may name something that the router tracks.
    pub(super) fn others_mut(&mut self) -> impl Iterator<Item = &mut Input> {
        self.others.iter_mut()
    }

    /// Appends the time from `before` to `at`, seven bits an octet, the lowest first; the sign is the lowest bit.
    fn number(&mut self, at: Instant, before: Instant) {
        let difference = at.as_nanos().wrapping_sub(before.as_nanos()).cast_signed();
        let mut rest = ((difference << 1) ^ (difference >> 63)).cast_unsigned();
        while rest > 0x7f {
            self.octets.push((rest & 0x7f) as u8 | 0x80);
            rest >>= 7;
        }
        self.octets.push((rest & 0x7f) as u8);
    }
}

/// The next number, as the time that `time` makes of it.
fn number(octets: &mut impl Iterator<Item = u8>, time: impl Fn(u64) -> u64) -> Option<Instant> {
    let mut value = 0;
    for place in 0..10 {
        let octet = octets.next()?;
        value |= u64::from(octet & 0x7f) << (7 * place);
        if octet & 0x80 == 0 {
            let difference = (value >> 1) ^ (value & 1).wrapping_neg();
            return Some(Instant::from_nanos(time(difference)));
        }
    }
    None
}

#[expect(clippy::option_option, reason = "the outer one is the end of what was recorded")]
fn number_if(
    is_there: bool,
    octets: &mut impl Iterator<Item = u8>,
    time: impl Fn(u64) -> u64,
) -> Option<Option<Instant>> {
    if is_there { number(octets, time).map(Some) } else { Some(None) }
}

const TIMEOUT: u8 = 0;
const ADVERTS: u8 = 1;
/// The next one of those that say more.
const OTHER: u8 = 2;
/// The router had a timeout before.
const DUE: u8 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn unpacked(all: &[Recorded]) -> Vec<Recorded> {
        let mut inputs = Inputs::default();
        for recorded in all {
            inputs.push(*recorded);
        }
        assert_eq!((inputs.len(), inputs.last()), (all.len(), all.last().map(|last| last.at)));
        inputs.iter().collect()
    }

    #[test]
    fn inputs_come_back_as_they_were() {
        let at = Instant::from_nanos;
        let (never, end) = (at(0), at(u64::MAX));
        let held = Input::Held { held: true };
        let all = [
            Recorded { at: at(7_000_000_123), due: Some(at(7_000_000_000)), input: Input::Timeout },
            Recorded { at: at(6_000_000_000), due: None, input: Input::Adverts },
            Recorded { at: at(6_000_000_000), due: Some(at(9_000_000_000)), input: held },
            Recorded { at: end, due: Some(never), input: Input::Timeout },
            Recorded { at: never, due: Some(end), input: Input::Shutdown },
            Recorded { at: at(1 << 63), due: Some(at((1 << 63) - 1)), input: Input::Takeover },
        ];
        assert_eq!(unpacked(&all), all);
        assert_eq!(unpacked(&[]), []);
    }

    #[test]
    fn a_timer_that_expired_late_takes_a_few_octets() {
        let mut inputs = Inputs::default();
        for second in 1..=32_u64 {
            let due = Instant::from_nanos(second * 1_000_000_000);
            let at = Instant::from_nanos(due.as_nanos() + 200_000_000);
            inputs.push(Recorded { at, due: Some(due), input: Input::Timeout });
        }
        assert!(inputs.octets.len() * 4 < 32 * size_of::<Recorded>(), "{}", inputs.octets.len());
        assert!(inputs.others.is_empty());
    }
}
