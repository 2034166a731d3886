//! Poll Sequences (RFC 5880 §6.5, §6.8.3) and which of two intervals holds while one runs.

use crate::{Interval, State};

/// The state of a poll sequence: the other system is asked to confirm new parameters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Poll {
    /// Nothing waits for a confirmation.
    #[default]
    Idle,
    /// Packets carry P until one with F arrives.
    Running,
    /// As before, and something changed since: after that F another sequence begins.
    RunningThenAgain,
}

/// The intervals that this system asks for, and those that it uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Negotiation {
    /// Desired Min TX Interval of our packets.
    desired: Interval,
    /// Required Min RX Interval of our packets.
    required: Interval,
    /// The interval that packets leave with: an increase waits for the end of the sequence (§6.8.3).
    tx: Interval,
    /// The interval that the Detection Time is made of: a reduction waits likewise.
    rx: Interval,
    poll: Poll,
}

impl Negotiation {
    pub(super) fn new(desired: Interval, required: Interval) -> Self {
        Self { desired, required, tx: desired, rx: required, poll: Poll::Idle }
    }

    pub(super) fn desired(&self) -> Interval {
        self.desired
    }

    pub(super) fn required(&self) -> Interval {
        self.required
    }

    pub(super) fn tx(&self) -> Interval {
        self.tx
    }

    pub(super) fn rx(&self) -> Interval {
        self.rx
    }

    /// Packets carry P.
    pub(super) fn is_polling(&self) -> bool {
        self.poll != Poll::Idle
    }

    /// Asks for something else. `state` is that of the session now; nobody can answer before a discriminator is `known`.
    pub(super) fn ask(&mut self, desired: Interval, required: Interval, state: State, known: bool) {
        if (desired, required) != (self.desired, self.required) {
            (self.desired, self.required) = (desired, required);
            self.poll = match self.poll {
                _ if !known => Poll::Idle,
                Poll::Idle => Poll::Running,
                Poll::Running | Poll::RunningThenAgain => Poll::RunningThenAgain,
            };
        }
        let waits = state == State::Up && known;
        self.tx = if waits { self.tx.min(desired) } else { desired };
        self.rx = if waits { self.rx.max(required) } else { required };
    }

    /// A packet with F arrived.
    pub(super) fn confirm(&mut self) {
        self.poll = match self.poll {
            Poll::Idle => return,
            Poll::RunningThenAgain => Poll::Running,
            Poll::Running => {
                (self.tx, self.rx) = (self.desired, self.required);
                Poll::Idle
            }
        };
    }

    /// No system is left that could confirm.
    pub(super) fn forget(&mut self) {
        (self.tx, self.rx, self.poll) = (self.desired, self.required, Poll::Idle);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u32) -> Interval {
        Interval::from_millis(millis)
    }

    fn up(desired: u32, required: u32) -> Negotiation {
        Negotiation::new(ms(desired), ms(required))
    }

    #[test]
    fn rfc5880_6_8_3_an_increase_of_what_is_sent_waits_for_the_end_of_the_sequence() {
        let mut asked = up(10, 10);
        asked.ask(ms(50), ms(10), State::Up, true);
        assert_eq!((asked.desired(), asked.tx(), asked.is_polling()), (ms(50), ms(10), true));
        asked.confirm();
        assert_eq!((asked.tx(), asked.is_polling()), (ms(50), false));
    }

    #[test]
    fn rfc5880_6_8_3_a_reduction_of_what_is_sent_holds_at_once() {
        let mut asked = up(1000, 10);
        asked.ask(ms(10), ms(10), State::Up, true);
        assert_eq!((asked.tx(), asked.is_polling()), (ms(10), true));
    }

    #[test]
    fn rfc5880_6_8_3_a_reduction_of_what_is_received_waits_for_the_end_of_the_sequence() {
        let mut asked = up(10, 100);
        asked.ask(ms(10), ms(20), State::Up, true);
        assert_eq!((asked.required(), asked.rx()), (ms(20), ms(100)));
        asked.confirm();
        assert_eq!(asked.rx(), ms(20));
    }

    #[test]
    fn rfc5880_6_8_3_an_increase_of_what_is_received_holds_at_once() {
        let mut asked = up(10, 20);
        asked.ask(ms(10), ms(100), State::Up, true);
        assert_eq!(asked.rx(), ms(100));
    }

    #[test]
    fn rfc5880_6_5_a_change_during_a_sequence_needs_another_one() {
        let mut asked = up(10, 10);
        asked.ask(ms(50), ms(10), State::Up, true);
        asked.ask(ms(70), ms(10), State::Up, true);
        asked.confirm();
        assert_eq!((asked.tx(), asked.is_polling()), (ms(10), true), "that F may be for the first");
        asked.confirm();
        assert_eq!((asked.tx(), asked.is_polling()), (ms(70), false));
    }

    #[test]
    fn nothing_waits_where_no_router_can_confirm() {
        let mut asked = up(10, 10);
        asked.ask(ms(50), ms(5), State::Down, false);
        assert_eq!((asked.tx(), asked.rx(), asked.is_polling()), (ms(50), ms(5), false));
        asked.ask(ms(80), ms(5), State::Up, true);
        asked.forget();
        assert_eq!((asked.tx(), asked.is_polling()), (ms(80), false));
    }
}
