//! Everything that has arrived is read before time is judged.

use std::io;
use std::time::Duration;

/// Lets `look` wait for arrivals and take them in, then look again for as long as it finds something and something is
/// due: packets that arrived by now may postpone a timer that is due, so none of them may be overlooked. Bounded, for a
/// flood must not stop the election.
pub fn take_in<C>(
    context: &mut C,
    timeout: Option<Duration>,
    due: impl Fn(&C) -> bool,
    mut look: impl FnMut(&mut C, Option<Duration>) -> io::Result<bool>,
) -> io::Result<()> {
    look(context, timeout)?;
    for _ in 0..MAX_LOOKS {
        if !due(context) || !look(context, Some(Duration::ZERO))? {
            break;
        }
    }
    Ok(())
}

/// Times that new arrivals are looked for before timers are judged all the same.
const MAX_LOOKS: usize = 4;
