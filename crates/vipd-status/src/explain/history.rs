//! Earlier changes of state.

use super::{About, Label, List};
use crate::Instance;

impl About<'_> {
    /// All changes but the one that led to the state now, the newest first.
    pub(super) fn history(self, instance: &Instance, list: &mut List) {
        let explained =
            usize::from(instance.history.first().is_some_and(|change| change.to == instance.state));
        if let Some(change) = instance.history.first().filter(|_| explained == 1) {
            list.say(Label::Before, format!("{} until {}", change.from, self.clock(change.at)));
        }
        for change in instance.history.iter().skip(explained) {
            let at = self.clock(change.at);
            list.say(Label::Before, format!("{} -> {} at {at}: {}", change.from, change.to, change.cause));
        }
    }
}
