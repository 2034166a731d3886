//! `vrrp_sync_group`: nothing acts on it yet, but what keepalived would complain about is said.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostic;
use crate::line::Word;
use crate::model::VrrpInstance;
use crate::source::Span;

use super::Lowering;
use super::reader::Entry;

/// A group as written.
pub(super) struct SyncGroup<'a> {
    name: Word<'a>,
    members: Vec<Word<'a>>,
    /// `sync_group_tracking_weight`
    weights: bool,
}

impl<'a> Lowering<'a> {
    /// A `vrrp_sync_group`; one that exists already is left out.
    pub(super) fn sync_group(&mut self, entry: Entry<'a>) {
        self.report.without_effect(entry.keyword, entry.span());
        let Some(name) = self.only_name(&entry) else {
            self.reader.skip_next_block();
            return;
        };
        match self.sync_groups.entry(name.text) {
            MapEntry::Vacant(free) => drop(free.insert(name.span)),
            MapEntry::Occupied(first) => {
                let message =
                    format!("vrrp_sync_group {} is defined already; this block is ignored", name.text);
                self.report.push(
                    Diagnostic::error("duplicate-group", message)
                        .at(name.span)
                        .related(Some(*first.get()), "first defined here"),
                );
                self.reader.skip_next_block();
                return;
            }
        }
        let before = self.group_members.len();
        let mut weights = false;
        let mut notified = HashSet::new();
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            let keyword = entry.keyword.name;
            weights |= keyword == "sync_group_tracking_weight";
            if keyword.starts_with("notify") && !notified.insert(keyword) {
                let message = format!("`{keyword}` is set already; this one is ignored");
                self.report.warning("repeated", entry.span(), message);
            }
            self.check(entry);
        }
        let members = self.group_members.split_off(before);
        self.sync_drafts.push(SyncGroup { name, members, weights });
    }

    /// The name behind a keyword that takes nothing else; keepalived leaves out the block of any other.
    pub(super) fn only_name(&mut self, entry: &Entry<'a>) -> Option<Word<'a>> {
        let keyword = entry.keyword.name;
        let words = entry.arguments();
        let (code, at, message) = match (words.first(), words.get(1)) {
            (Some(name), None) => return Some(name),
            (None, _) => {
                ("missing-argument", entry.span(), format!("a {keyword} needs a name; it is ignored"))
            }
            (_, Some(second)) => {
                let message = format!("the name of a {keyword} is one word; it is ignored");
                ("bad-name", second.span, message)
            }
        };
        let mut finding = Diagnostic::error(code, message).at(at);
        if code == "bad-name" {
            finding = finding.help("put a name with blanks in double quotes");
        }
        self.report.push(finding);
        None
    }

    /// Members may be defined after their group, so they are looked up at the end. `instances` and the places of their
    /// names, `names`, go together.
    pub(super) fn check_groups(&mut self, instances: &[VrrpInstance], names: &[Span]) {
        for member in std::mem::take(&mut self.group_members) {
            self.member_exists(member, "the group goes without it");
        }
        let mut taken = HashMap::new();
        let mut weightless = HashSet::new();
        for group in std::mem::take(&mut self.sync_drafts) {
            let mut count = 0_usize;
            for member in group.members {
                if !self.member_exists(member, "the group goes without it") {
                    continue;
                }
                if let Some(&first) = taken.get(member.text) {
                    let message = format!("{} is a member already; this one is ignored", member.text);
                    self.report.push(
                        Diagnostic::error("member-twice", message)
                            .at(member.span)
                            .related(Some(first), "a member here"),
                    );
                    continue;
                }
                taken.insert(member.text, member.span);
                if !group.weights {
                    weightless.insert(member.text);
                }
                count += 1;
            }
            self.enough_members(group.name, count);
        }
        for (instance, at) in instances.iter().zip(names) {
            if weightless.contains(&*instance.name) {
                self.weights_of_member(instance, *at);
            }
        }
    }

    fn enough_members(&mut self, name: Word<'_>, count: usize) {
        if count < 2 {
            let message = match count {
                0 => format!("vrrp_sync_group {} has no members", name.text),
                _ => format!("vrrp_sync_group {} has one member, so nothing goes along with it", name.text),
            };
            self.report.warning(if count == 0 { "empty-group" } else { "lonely-group" }, name.span, message);
        }
    }

    fn member_exists(&mut self, member: Word<'_>, otherwise: &str) -> bool {
        let exists = self.instance_names.contains_key(member.text);
        if !exists {
            let message = format!("there is no vrrp_instance {}; {otherwise}", member.text);
            self.report.error("unknown-instance", member.span, message);
        }
        exists
    }

    /// The members of a group change state together, so keepalived has none of them follow a weight.
    fn weights_of_member(&mut self, instance: &VrrpInstance, at: Span) {
        let interfaces = instance.track_interfaces.iter();
        let interfaces = interfaces.filter(|tracked| tracked.weight != 0).map(|tracked| &tracked.interface);
        let scripts = instance.track_scripts.iter().filter(|tracked| tracked.weight != 0);
        let scripts = scripts.filter_map(|tracked| Some(&self.scripts.get(tracked.script)?.name));
        // Enough for a person, and a bound for a hostile file.
        let weighted: Vec<_> = interfaces.chain(scripts).map(String::as_str).take(5).collect();
        if weighted.is_empty() {
            return;
        }
        let message = format!(
            "{}: the weight of {} counts here, but keepalived ignores weights in a sync group",
            instance.name,
            weighted.join(", ")
        );
        self.report.push(Diagnostic::warning("group-weight", message).at(at).help(
            "track it in the group, or write `sync_group_tracking_weight` there if all members have the same \
             priority and trackers",
        ));
    }
}
