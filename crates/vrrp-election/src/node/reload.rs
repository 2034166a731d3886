//! A reload: the node compares its configuration with another one and goes on with that.
//!
//! Routers that are the same ([`RouterKey`](super::RouterKey)) keep their state and timers, the others are deleted
//! or begin. Ids mean the configuration before until everything that it still has to do was taken out, then
//! [`NodeAction::Reloaded`](super::NodeAction::Reloaded) says what became of them.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use super::history::{Reloaded, Renumber as _};
use super::key::pairs;
use super::names::same_names;
use super::outbox::Outbox;
use super::sync_group::Group;
use super::timers::Timers;
use super::{
    ChangedBy, Check, LinkSetup, Member, Node, NodeConfig, RouterId, RouterKey, RouterSetup, ScriptAct,
    ScriptId, ScriptSetup, Standing, TransitionReason, number,
};
use crate::Instant;
use crate::script::Script;

/// A reload that is under way.
#[derive(Clone, Debug)]
pub(super) struct Reload {
    now: Instant,
    config: NodeConfig,
    keys: Vec<RouterKey>,
    /// For each router of `config` the present one that it is.
    before: Vec<Option<RouterId>>,
}

impl Node {
    /// Goes on with another configuration, whose links and facts are as they are at `now`.
    ///
    /// Which router of it is which of those before is decided by [`RouterKey`]. Those that are no longer there say
    /// goodbye and are told of as deleted; runs of scripts that are under way are ended, for their ids are no longer
    /// known. Actions until [`NodeAction::Reloaded`](super::NodeAction::Reloaded) concern the configuration before,
    /// later ones the new one. Take everything out before the next input.
    pub fn handle_reload(&mut self, now: Instant, config: NodeConfig) {
        if self.stopping {
            return;
        }
        self.now = now;
        self.stop_scripts();
        let keys = RouterKey::all(&config);
        let present = self.routers.iter().map(|member| Some(&member.key).filter(|_| !member.retired));
        let before = pairs(present, &keys);
        let kept: BTreeSet<RouterId> = before.iter().flatten().copied().collect();
        for router in self.ids().filter(|router| !kept.contains(router)) {
            self.retire(now, router);
        }
        self.reload = Some(Reload { now, config, keys, before });
    }

    fn retire(&mut self, now: Instant, router: RouterId) {
        self.shut_down(now, router, Standing::Stopped, TransitionReason::Deleted);
        if let Some(member) = self.routers.get_mut(router.index()) {
            member.retired = true;
        }
    }

    /// Ends every run of a script that is under way: their results will not be waited for.
    pub(super) fn stop_scripts(&mut self) {
        for (index, check) in self.scripts.iter_mut().enumerate() {
            if check.script.as_mut().is_some_and(Script::abandon) {
                self.outbox.script(ScriptId(number(index)), ScriptAct::Kill);
            }
        }
    }

    /// A successor has to know a check by what it runs now.
    fn note_redefined(&mut self, old: &[Check]) {
        let is_new = |check: &&Check| !old.iter().any(|old| old.command == check.command);
        let known = |check: &Check| Some((check.command.clone(), check.script.as_ref()?.up()?));
        let redefined: Vec<_> = self.scripts.iter().filter(is_new).filter_map(known).collect();
        for (command, up) in redefined {
            self.note_check(command, Some(up));
        }
    }

    /// From here on everything is of the new configuration.
    pub(super) fn switch(&mut self, reload: Reload) -> Vec<Option<RouterId>> {
        let Reload { now, mut config, keys, before } = reload;
        let (groups, groups_of) = Group::all(&config);
        Self::restrict_owners(&mut config, &groups_of);
        self.outbox = Outbox::new(&config);
        let old = core::mem::take(&mut self.routers);
        let old_links = core::mem::replace(&mut self.links, config.links);
        let old_groups = core::mem::replace(&mut self.groups, groups);
        self.carry_groups(&old_groups);
        self.timers = Timers::default();
        self.facts = config.facts;
        self.now = now;
        let old_scripts = core::mem::take(&mut self.scripts);
        self.scripts = carry_scripts(&old_scripts, config.scripts, now);
        self.note_redefined(&old_scripts);
        for check in &old_scripts {
            if !self.scripts.iter().any(|new| new.command == check.command) {
                self.note_check(check.command.clone(), None);
            }
        }
        let duplicates = RouterKey::duplicates(&keys);
        let places = config.routers.into_iter().zip(keys).zip(duplicates).zip(groups_of).zip(&before);
        self.routers = places
            .map(|((((setup, key), duplicate_of), group), before)| {
                let member = Member::new(setup, key, group, duplicate_of);
                match before.and_then(|id| old.get(id.index())) {
                    Some(old) => self.carry(now, old, &old_links, member),
                    None => member,
                }
            })
            .collect();
        self.forget_others(&old, &before);
        self.renumber_history(&before, &old_links, &old_scripts);
        // The actions of a carried router wait in its queue even while the startup delay keeps it quiet.
        for router in self.ids() {
            self.settle(now, router);
        }
        self.begin(now);
        before
    }

    /// The same router with other parameters. The advert of an Active tells the new priority already.
    fn carry(&self, now: Instant, old: &Member, old_links: &[LinkSetup], new: Member) -> Member {
        let addresses_changed = addresses(&old.setup, old_links) != addresses(&new.setup, &self.links);
        let priority = self.assess(&new.setup, new.duplicate_of, old.pursuit.as_deref()).priority;
        let mut member = Member {
            router: old.router.clone(),
            history: old.history.clone(),
            standing: old.standing,
            inherited: old.inherited.clone(),
            pursuit: old.pursuit.clone(),
            ..new
        };
        member.set_priority(now, priority, ChangedBy::Configuration);
        member.router.reconfigure(now, member.setup.config.clone(), addresses_changed);
        member.router.set_synced(now, member.group.is_some());
        member
    }

    /// The history before the reload is reported with the present ids.
    fn renumber_history(
        &mut self,
        before: &[Option<RouterId>],
        old_links: &[LinkSetup],
        old_scripts: &[Check],
    ) {
        let links = self.links.iter().map(|link| &link.name);
        let links = same_names(links, old_links.iter().map(|link| &link.name));
        let scripts = self.scripts.iter().map(|check| &check.name);
        let scripts = same_names(scripts, old_scripts.iter().map(|check| &check.name));
        let ids = Reloaded { routers: before, links, scripts };
        for member in &mut self.routers {
            member.history.renumber(&ids);
            member.router.renumber_recording(|target| ids.target(target));
        }
    }
}

/// The addresses of a router, by the names of their interfaces.
fn addresses<'a>(
    setup: &RouterSetup,
    links: &'a [LinkSetup],
) -> BTreeSet<(Option<&'a str>, core::net::IpAddr, u8)> {
    let name = |index: usize| links.get(index).map(|link| link.name.as_str());
    setup.addresses.iter().map(|vip| (name(vip.link.index()), vip.address, vip.prefix_len)).collect()
}

/// A script that runs the same command keeps its result, and so does one with the same name that runs another command
/// now: an edit of a check that is good must not cost a router its priority until the first result comes. The first run
/// of the new command is due at once.
fn carry_scripts(old: &[Check], setups: Vec<ScriptSetup>, now: Instant) -> Vec<Check> {
    let known = || old.iter().rev().filter_map(|check| Some((check, check.script.as_ref()?)));
    let by_command: BTreeMap<_, _> =
        known().map(|(check, script)| (check.command.as_str(), (check, script))).collect();
    let by_name: BTreeMap<_, _> =
        known().map(|(check, script)| (check.name.as_str(), (check, script))).collect();
    setups
        .into_iter()
        .map(|setup| {
            let same = by_command.get(setup.command.as_str());
            let same = same.map(|(check, script)| (*check, script.carried(setup.config, now)));
            let edited = || {
                let (check, script) = by_name.get(setup.name.as_str())?;
                Some((*check, script.redefined(setup.config, now)?))
            };
            match same.or_else(edited) {
                Some((before, script)) => Check {
                    name: setup.name,
                    command: setup.command,
                    script: Some(script),
                    since: before.since,
                    last_run: before.last_run.clone(),
                },
                None => Check::new(setup, now),
            }
        })
        .collect()
}
