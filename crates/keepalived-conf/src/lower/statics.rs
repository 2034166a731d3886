//! `static_ipaddress`, `static_routes`, `static_rules` and `track_group`.

use std::collections::{HashMap, HashSet};

use crate::diagnostic::{Class, Diagnostic};
use crate::line::Word;
use crate::model::routing::{Route, Rule, Static, Statics};
use crate::model::{VirtualAddress, VrrpInstance};
use crate::similar::did_you_mean;

use super::Lowering;
use super::address::virtual_address;
use super::reader::Entry;
use super::{route, rule};
use crate::keywords::word;

/// Statics that have been read: each with the name of its track group.
#[derive(Default)]
pub(super) struct StaticDrafts<'a> {
    addresses: Vec<(VirtualAddress, Option<Word<'a>>)>,
    routes: Vec<(Route, Option<Word<'a>>)>,
    rules: Vec<(Rule, Option<Word<'a>>)>,
    groups: HashMap<&'a str, Vec<Word<'a>>>,
}

impl<'a> Lowering<'a> {
    /// Takes a keyword of statics; gives it back if it is none.
    pub(super) fn static_keyword(&mut self, entry: Entry<'a>) -> Option<Entry<'a>> {
        match entry.keyword.name {
            word::STATIC_IPADDRESS => self.static_addresses(entry),
            word::STATIC_ROUTES => {
                let routes = self.routes(entry);
                self.statics.routes.extend(routes);
            }
            word::STATIC_RULES => {
                let rules = self.rules(entry);
                self.statics.rules.extend(rules);
            }
            word::TRACK_GROUP => self.track_group(entry),
            _ => return Some(entry),
        }
        None
    }

    /// A block of routes.
    pub(super) fn routes(&mut self, entry: Entry<'a>) -> Vec<(Route, Option<Word<'a>>)> {
        let context = entry.keyword.arguments.block().unwrap_or(entry.context);
        let mut block = self.reader.open(entry, &mut self.report);
        let mut routes = Vec::new();
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            routes.extend(route::route(context, line, &self.names, &mut self.report));
        }
        routes
    }

    /// A block of rules.
    pub(super) fn rules(&mut self, entry: Entry<'a>) -> Vec<(Rule, Option<Word<'a>>)> {
        let context = entry.keyword.arguments.block().unwrap_or(entry.context);
        let mut block = self.reader.open(entry, &mut self.report);
        let mut rules = Vec::new();
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            rules.extend(rule::rule(context, line, &self.names, &mut self.free_preference, &mut self.report));
        }
        rules
    }

    fn static_addresses(&mut self, entry: Entry<'a>) {
        let context = entry.keyword.arguments.block().unwrap_or(entry.context);
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(line) = self.reader.next_line(&mut block, &mut self.report) {
            let mut words = line.words().iter();
            let group = words.by_ref().find(|word| word.text == word::TRACK_GROUP).and_then(|_| words.next());
            if let Some(address) = virtual_address(line, context, &mut self.report) {
                self.statics.addresses.push((address, group));
            }
        }
    }

    fn track_group(&mut self, entry: Entry<'a>) {
        let Some(name) = self.only_name(&entry) else {
            self.reader.skip_next_block();
            return;
        };
        let (mut members, mut listed) = (Vec::new(), false);
        let mut block = self.reader.open(entry, &mut self.report);
        while let Some(entry) = self.reader.next(&mut block, &mut self.report) {
            if entry.keyword.name != "group" {
                self.understood(entry);
                continue;
            }
            members.extend(entry.arguments());
            listed = true;
            let mut lines = self.reader.open(entry, &mut self.report);
            while let Some(line) = self.reader.next_line(&mut lines, &mut self.report) {
                members.extend(line.words());
            }
        }
        if members.is_empty() {
            let message = format!("track_group {} has no members; it is ignored", name.text);
            // keepalived says nothing of a block without `group`.
            let class = if listed { Class::General } else { Class::None };
            self.report.push(Diagnostic::error("incomplete", message).class(class).at(name.span));
        } else if self.statics.groups.contains_key(name.text) {
            let message = format!("track_group {} is defined already; this block is ignored", name.text);
            self.report.error("duplicate-group", name.span, message);
        } else {
            self.statics.groups.insert(name.text, members);
        }
    }

    /// Groups and instances may be defined after what names them, so they are looked up at the end.
    pub(super) fn finish_statics(&mut self, instances: &[VrrpInstance]) -> Statics {
        let mut drafts = std::mem::take(&mut self.statics);
        let known: HashSet<&str> = instances.iter().map(|instance| instance.name.as_str()).collect();
        for members in drafts.groups.values_mut() {
            members.retain(|member| {
                let exists = known.contains(member.text);
                if !exists {
                    let message =
                        format!("there is no vrrp_instance {}; the group goes without it", member.text);
                    let finding = Diagnostic::error("unknown-instance", message).class(Class::None);
                    self.report.push(finding.at(member.span));
                }
                exists
            });
        }
        let default = self.globals.public.default_interface.clone();
        for (address, _) in &mut drafts.addresses {
            let eth0 = || default.clone().unwrap_or_else(|| "eth0".to_owned());
            address.interface.get_or_insert_with(eth0);
        }
        Statics {
            addresses: self.with_trackers(drafts.addresses, &drafts.groups),
            routes: self.with_trackers(drafts.routes, &drafts.groups),
            rules: self.with_trackers(drafts.rules, &drafts.groups),
        }
    }

    fn with_trackers<T>(
        &mut self,
        drafts: Vec<(T, Option<Word<'a>>)>,
        groups: &HashMap<&'a str, Vec<Word<'a>>>,
    ) -> Vec<Static<T>> {
        let mut statics = Vec::with_capacity(drafts.len());
        for (object, group) in drafts {
            let mut trackers = Vec::new();
            if let Some(group) = group {
                if let Some(members) = groups.get(group.text) {
                    trackers.extend(members.iter().map(|member| member.text.to_string()));
                } else {
                    let message = format!("there is no track_group {}", group.text);
                    let mut finding = Diagnostic::error("unknown-group", message)
                        .at(group.span)
                        .label("nobody tracks this line");
                    finding.help = did_you_mean(group.text, groups.keys().copied())
                        .map(|near| format!("did you mean `{near}`?"));
                    self.report.push(finding);
                }
            }
            statics.push(Static { object, trackers });
        }
        statics
    }
}
