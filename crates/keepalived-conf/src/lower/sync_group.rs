//! `vrrp_sync_group`: its members, and what they go without.

use std::collections::hash_map::Entry as MapEntry;
use std::collections::{HashMap, HashSet};

use crate::diagnostic::Diagnostic;
use crate::keywords::Status;
use crate::line::Word;
use crate::model::trackers::Tracked;
use crate::model::{SyncGroup, VrrpInstance};
use crate::source::Span;

use super::Lowering;
use super::arguments;
use super::instance::Draft;
use super::reader::Entry;
use crate::keywords::word;

/// A group as written.
pub(super) struct GroupDraft<'a> {
    name: Word<'a>,
    members: Vec<Word<'a>>,
    /// `sync_group_tracking_weight`
    weights: bool,
    /// Common keywords of groups and instances: trackers, scripts, mail.
    common: Box<Draft>,
}

impl<'a> Lowering<'a> {
    /// A `vrrp_sync_group`; one that exists already is left out.
    pub(super) fn sync_group(&mut self, entry: Entry<'a>) {
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
        let mut group = GroupDraft { name, members: Vec::new(), weights: false, common: Box::default() };
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            self.group_keyword(&mut group, entry);
        }
        self.group_drafts.push(group);
    }

    fn group_keyword(&mut self, group: &mut GroupDraft<'a>, entry: Entry<'a>) {
        self.report.old_spelling(entry.keyword, entry.span());
        let common = &mut *group.common;
        match entry.keyword.name {
            word::GROUP => {
                let mut block = self.reader.open(entry, &mut self.report);
                while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
                    group.members.extend(line.words());
                }
            }
            word::TRACK_INTERFACE => self.track_interfaces(common, entry),
            word::TRACK_SCRIPT => self.track_scripts(common, entry),
            word::TRACK_FILE => self.tracked_files(entry, &mut common.track_files),
            word::TRACK_PROCESS => self.tracked_processes(entry, &mut common.track_processes),
            word::TRACK_BFD => self.tracked_sessions(entry, &mut common.track_bfd),
            word::SMTP_ALERT => {
                common.smtp_alert = arguments::switch(&entry, &mut self.report).or(common.smtp_alert);
            }
            word::NOTIFY_PRIORITY_CHANGES => {
                let said = arguments::switch(&entry, &mut self.report);
                common.notify_priority_changes = said.or(common.notify_priority_changes);
            }
            word::SYNC_GROUP_TRACKING_WEIGHT | word::GLOBAL_TRACKING => {
                group.weights |= arguments::bare(&entry, &mut self.report);
            }
            _ if entry.keyword.status == Status::Acts && self.instance_notify(common, &entry) => {}
            _ => self.understood(entry),
        }
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
    pub(super) fn finish_groups(&mut self, instances: &mut [VrrpInstance], names: &[Span]) -> Vec<SyncGroup> {
        let places: HashMap<String, usize> =
            instances.iter().enumerate().map(|(place, instance)| (instance.name.clone(), place)).collect();
        let mut taken = HashMap::new();
        let mut groups = Vec::new();
        for draft in std::mem::take(&mut self.group_drafts) {
            let members = self.members(&draft, &places, &mut taken);
            for &member in &members {
                let (Some(instance), Some(at)) = (instances.get_mut(member), names.get(member)) else {
                    continue;
                };
                self.yield_to_group(&draft, instance, *at);
                if !draft.weights {
                    self.ignore_weights_of_member(instance, *at);
                }
                if let Some(told) = draft.common.notify_priority_changes {
                    instance.notify_priority_changes = told;
                }
            }
            if !members.is_empty() {
                groups.push(self.finish_group(draft, members));
            }
        }
        groups
    }

    fn finish_group(&self, draft: GroupDraft<'_>, members: Vec<usize>) -> SyncGroup {
        let common = *draft.common;
        SyncGroup {
            name: draft.name.text.to_owned(),
            members,
            tracking_weight: draft.weights,
            track_interfaces: common.track_interfaces.into_iter().map(|(tracked, _)| tracked).collect(),
            track_scripts: common.track_scripts,
            track_files: common.track_files,
            track_processes: common.track_processes,
            track_bfd: common.track_bfd,
            notify: common.notify,
            smtp_alert: common.smtp_alert.or(self.globals.smtp_alert_vrrp()).unwrap_or(false),
        }
    }

    /// The members that exist and belong to no group before. `taken` holds those with the places where they are named.
    fn members(
        &mut self,
        draft: &GroupDraft<'a>,
        places: &HashMap<String, usize>,
        taken: &mut HashMap<&'a str, Span>,
    ) -> Vec<usize> {
        let mut members = Vec::with_capacity(draft.members.len());
        let mut count = 0;
        for member in &draft.members {
            if !self.member_exists(*member, "the group goes without it") {
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
            count += 1;
            members.extend(places.get(member.text));
        }
        self.enough_members(draft.name, count);
        members
    }

    /// A tracker that both name counts for the group.
    fn yield_to_group(&mut self, draft: &GroupDraft<'_>, instance: &mut VrrpInstance, at: Span) {
        let common = &draft.common;
        let of_group: HashSet<&str> =
            common.track_interfaces.iter().map(|(tracked, _)| tracked.interface.as_str()).collect();
        let interfaces = instance.track_interfaces.iter().map(|tracked| tracked.interface.as_str());
        let scripts = instance.track_scripts.iter().map(|tracked| tracked.script);
        let scripts = scripts.filter(|script| common.seen.scripts.contains(script));
        let scripts = scripts.filter_map(|script| Some(self.scripts.get(script)?.name.as_str()));
        let others = self.tracked_by_both(common, instance);
        let both = interfaces.filter(|name| of_group.contains(name)).chain(scripts);
        let both: Vec<_> = both.chain(others.iter().map(String::as_str)).take(SHOWN).collect();
        if both.is_empty() {
            return;
        }
        let message = format!(
            "{}: its group {} tracks {} as well, and the line of the group counts",
            instance.name,
            draft.name.text,
            both.join(", ")
        );
        self.report.warning("tracked-twice", at, message);
        instance.track_interfaces.retain(|tracked| !of_group.contains(tracked.interface.as_str()));
        instance.track_scripts.retain(|tracked| !common.seen.scripts.contains(&tracked.script));
        without(&mut instance.track_files, &common.track_files);
        without(&mut instance.track_processes, &common.track_processes);
        without(&mut instance.track_bfd, &common.track_bfd);
    }

    /// The names of files, processes and BFD sessions that a group and its member track.
    fn tracked_by_both(&self, group: &Draft, instance: &VrrpInstance) -> Vec<String> {
        let files = both(&instance.track_files, &group.track_files);
        let files = files.filter_map(|index| Some(self.track_files.list.get(index)?.name.clone()));
        let processes = both(&instance.track_processes, &group.track_processes);
        let processes =
            processes.filter_map(|index| Some(self.track_processes.list.get(index)?.name.clone()));
        let sessions = both(&instance.track_bfd, &group.track_bfd);
        let sessions = sessions.filter_map(|index| self.session_name(index));
        files.chain(processes).chain(sessions).collect()
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

    /// Members change their state together, so none of them follows a weight of its own: an interface is required
    /// without one, and a script is not tracked at all.
    fn ignore_weights_of_member(&mut self, instance: &mut VrrpInstance, at: Span) {
        let interfaces = instance.track_interfaces.iter().filter(|tracked| tracked.weight != 0);
        let interfaces: Vec<_> = interfaces.map(|tracked| tracked.interface.as_str()).take(SHOWN).collect();
        let scripts = instance.track_scripts.iter().filter(|tracked| tracked.weight != 0);
        let scripts = scripts.filter_map(|tracked| Some(self.scripts.get(tracked.script)?.name.as_str()));
        let scripts: Vec<_> = scripts.take(SHOWN).collect();
        let mut ignored = Vec::new();
        if !interfaces.is_empty() {
            ignored.push(format!("interface {} is required, whatever its weight", interfaces.join(", ")));
        }
        if !scripts.is_empty() {
            ignored.push(format!("script {} is not tracked, because it has a weight", scripts.join(", ")));
        }
        let others = self.weighty_others(instance);
        if !others.is_empty() {
            ignored.push(format!("{} follow no weight", others.join(", ")));
        }
        if ignored.is_empty() {
            return;
        }
        let message = format!("{}: in a sync group, {}", instance.name, ignored.join("; "));
        self.report.push(Diagnostic::warning("group-weight", message).at(at).help(
            "track it in the group, or write `sync_group_tracking_weight` there if all members have the same \
             priority and trackers",
        ));
        for tracked in &mut instance.track_interfaces {
            tracked.weight = 0;
        }
        instance.track_scripts.retain(|tracked| tracked.weight == 0);
        instance.track_bfd.retain(|tracked| tracked.weight == 0);
        for tracked in &mut instance.track_files {
            // The weight of a file that has none.
            if tracked.weight == 1 {
                tracked.weight = 0;
            }
        }
        instance.track_files.retain(|tracked| tracked.weight == 0);
    }

    /// The names of files and BFD sessions that a member tracks with a weight. Those of processes count in groups, too.
    fn weighty_others(&self, instance: &VrrpInstance) -> Vec<String> {
        let weighty = |tracked: &&Tracked| tracked.weight != 0;
        let files = instance.track_files.iter().filter(weighty);
        let files = files
            .filter_map(|tracked| Some(format!("file {}", self.track_files.list.get(tracked.index)?.name)));
        let sessions = instance.track_bfd.iter().filter(weighty);
        let sessions =
            sessions.filter_map(|tracked| Some(format!("BFD session {}", self.session_name(tracked.index)?)));
        files.chain(sessions).take(SHOWN).collect()
    }
}

/// Places of trackers that are in both lists.
fn both(of_member: &[Tracked], of_group: &[Tracked]) -> impl Iterator<Item = usize> {
    let of_group: HashSet<usize> = of_group.iter().map(|tracked| tracked.index).collect();
    of_member.iter().map(|tracked| tracked.index).filter(move |index| of_group.contains(index))
}

/// Leaves out what the group tracks.
fn without(of_member: &mut Vec<Tracked>, of_group: &[Tracked]) {
    let of_group: HashSet<usize> = of_group.iter().map(|tracked| tracked.index).collect();
    of_member.retain(|tracked| !of_group.contains(&tracked.index));
}

/// Names in a message: enough for a person, and a bound for a hostile file.
const SHOWN: usize = 5;
