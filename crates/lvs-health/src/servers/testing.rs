//! Helpers of the servers' tests.

use proptest::prelude::*;

use crate::dialogue::Exchange;
use crate::outcome::Outcome;

/// Our output to a server that says `pieces`, and the outcome.
pub(super) fn talk<'a>(
    mut check: impl Exchange,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<u8>, Option<Outcome>) {
    let mut out = Vec::new();
    let mut outcome = check.handle_connected(&mut out);
    for piece in pieces {
        if outcome.is_some() {
            break;
        }
        outcome = check.handle_input(piece, &mut out);
    }
    (out, outcome)
}

/// The outcome is the same when each byte comes by itself, and arbitrary answers do no harm.
pub(super) fn is_robust<E: Exchange>(new: impl Fn() -> E, answers: &[u8]) {
    let whole = talk(new(), [answers]);
    assert_eq!(talk(new(), answers.chunks(1)), whole);
    for cut in 0..answers.len() {
        drop(talk(new(), [&answers[..cut]]));
    }
    proptest!(ProptestConfig::with_cases(200), |(bytes in prop::collection::vec(any::<u8>(), 0..200), flip in 0..answers.len().max(1))| {
        drop(talk(new(), [&bytes[..]]));
        let mut changed = answers.to_vec();
        if let Some(byte) = changed.get_mut(flip) {
            *byte ^= 0x55;
        }
        drop(talk(new(), [&changed[..], &bytes[..]]));
    });
}
