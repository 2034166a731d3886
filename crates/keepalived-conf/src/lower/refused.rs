//! Keywords of an instance that are not done and decide who is MASTER: an error, though keepalived takes them.

use crate::diagnostic::{Class, Diagnostic, Severity};

use super::Lowering;
use super::instance::Draft;
use super::reader::Entry;

impl<'a> Lowering<'a> {
    /// `vrf`: with an interface it says what the interface says; without one, nothing else does.
    pub(super) fn vrf(&mut self, draft: &Draft) {
        let Some(at) = draft.vrf else { return };
        if draft.interface.is_some() {
            let message =
                format!("{}: `vrf` beside `interface` is ignored: the interface says it", draft.name);
            self.report.warning("refused", at, message);
            return;
        }
        let message = format!(
            "{}: `vrf` is not done here: without an interface, adverts do not leave through a VRF, and every router is MASTER",
            draft.name
        );
        self.report.push(
            Diagnostic::new(Severity::Error, Class::None, "refused", message)
                .at(at)
                .help("name the interface in `interface`; its VRF is found and used"),
        );
    }

    /// `old_unicast_checksum [never]`
    pub(super) fn old_unicast_checksum(&mut self, draft: &mut Draft, entry: &Entry<'a>) {
        draft.unicast_keyword.get_or_insert(entry.span());
        self.check_arguments(entry);
        draft.old_unicast_checksum = match entry.argument() {
            None => Some(true),
            Some(word) if word.text == "never" => Some(false),
            Some(_) => draft.old_unicast_checksum,
        };
    }
}
