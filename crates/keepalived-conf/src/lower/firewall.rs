//! `nftables*`, and what names iptables and ipsets in their place.

use crate::diagnostic::Diagnostic;

use super::Lowering;
use super::arguments::{self, Junk};
use super::global::set;
use super::reader::Entry;
use crate::keywords::word;

impl<'a> Lowering<'a> {
    /// Rules that drop packets to virtual addresses.
    pub(super) fn global_firewall(&mut self, entry: &Entry<'a>) -> bool {
        if entry.keyword.name == word::NFTABLES && self.note_repeated(entry) {
            return true;
        }
        let (report, nftables) = (&mut self.report, &mut self.globals.public.nftables);
        match entry.keyword.name {
            word::NFTABLES => {
                arguments::extra_words(entry, 1, report);
                entry.argument().map_or("keepalived", |name| name.text).clone_into(&mut nftables.table);
            }
            word::NFTABLES_PRIORITY => {
                set(&mut nftables.priority, arguments::number(entry, Junk::Ignored, "", report));
            }
            word::NFTABLES_COUNTERS => nftables.counters = arguments::bare(entry, report),
            // Interfaces are always compared by index.
            word::NFTABLES_IFINDEX => _ = arguments::bare(entry, report),
            word::VRRP_IPTABLES | word::VRRP_IPSETS => {
                report.old_spelling(entry.keyword, entry.span());
                let message = format!(
                    "`{}`: a table of nftables is used instead; no chain and no set of that name is touched",
                    entry.keyword.name
                );
                report.push(Diagnostic::note("nftables-instead", message).at(entry.span()));
            }
            _ => return false,
        }
        true
    }
}
