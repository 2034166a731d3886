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

    /// Routers that do not accept each other's checksums both become MASTER. With `never` there is nothing to do.
    pub(super) fn old_unicast_checksum(&mut self, draft: &mut Draft, entry: &Entry<'a>) {
        draft.unicast_keyword.get_or_insert(entry.span());
        if entry.argument().is_some() {
            self.check_arguments(entry);
            return;
        }
        let message = format!(
            "{}: `old_unicast_checksum` is not done here: adverts have the checksum of keepalived 1.3.7 and later, and a peer \
             that is older discards them and becomes MASTER too",
            draft.name
        );
        self.report.push(
            Diagnostic::new(Severity::Error, Class::None, "refused", message)
                .at(entry.span())
                .help("update such peers; without any, remove the line"),
        );
    }
}
