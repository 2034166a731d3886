//! The winner, and the effect of a failing check on it.

use super::{Member, Router, called};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::keywords::word;
use crate::model::{InitialState, Preempt};

/// Findings about priorities, preemption and weights.
pub(super) fn check(router: &Router<'_>, found: &mut Diagnostics) {
    let owners: Vec<_> = router.iter().filter(|member| member.instance.priority == OWNER).collect();
    if let [one, other, ..] = owners[..] {
        found.push(both_owners(one, other));
        return;
    }
    let well = |member: &&Member<'_>| all_well(member);
    // Of equals the first.
    let Some(leader) = router.iter().rev().max_by_key(well) else { return };
    let others: Vec<_> = router.iter().filter(|member| member.name() != leader.name()).collect();
    let Some(second) = others.iter().copied().rev().max_by_key(well) else { return };
    let equal = all_well(leader) == all_well(second);
    if equal {
        found.push(equal_priorities(leader, second));
    }
    initial_states(router, found);
    preemption(leader, &others, equal, found);
    weights(leader, second, &others, found);
}

/// The priority of the address owner.
const OWNER: u8 = 255;

/// Something that changes the priority of an instance.
struct Weighted<'a> {
    /// As a message calls it: `script chk`.
    what: String,
    /// As its line begins.
    word: &'a str,
    weight: i32,
    reverse: bool,
}

impl Weighted<'_> {
    /// Its addition to the priority: a positive weight counts while all is well, a negative one while it is not, and
    /// `reverse` changes the sign.
    fn adds(&self, well: bool) -> i32 {
        match (well == (self.weight > 0), self.reverse) {
            (false, _) => 0,
            (true, false) => self.weight,
            (true, true) => -self.weight,
        }
    }
}

/// Trackers of an instance that have a weight. Files hold numbers of any size, so nothing is said of them.
fn tracked<'a>(member: &Member<'a>) -> Vec<Weighted<'a>> {
    let (instance, config) = (member.instance, member.node.config);
    let weight = |kind: &str, name: &'a str, weight: i16, reverse: bool| Weighted {
        what: format!("{kind} {name}"),
        word: name,
        weight: weight.into(),
        reverse,
    };
    let scripts = instance.track_scripts.iter().filter_map(|track| {
        let script = config.scripts.get(track.script)?;
        Some(weight("script", &script.name, track.weight, track.reverse))
    });
    let processes = instance.track_processes.iter().filter_map(|track| {
        let process = config.track_processes.get(track.index)?;
        Some(weight("process", &process.name, track.weight, track.reverse))
    });
    let sessions = instance.track_bfd.iter().filter_map(|track| {
        let session = config.bfd_instances.get(track.index)?;
        Some(weight("BFD session", &session.name, track.weight, track.reverse))
    });
    let links = instance
        .track_interfaces
        .iter()
        .map(|track| weight("interface", &track.interface, track.weight, track.reverse));
    let all = scripts.chain(processes).chain(sessions).chain(links);
    all.filter(|track| track.weight != 0).collect()
}

/// The priority that a node sends while `failed` says which of its checks fail.
fn effective(member: &Member<'_>, failed: impl Fn(&Weighted<'_>) -> bool) -> i32 {
    let base = member.instance.priority;
    if base == OWNER {
        return base.into();
    }
    let added: i32 = tracked(member).iter().map(|track| track.adds(!failed(track))).sum();
    (i32::from(base) + added).clamp(1, 254)
}

fn all_well(member: &Member<'_>) -> i32 {
    effective(member, |_| false)
}

/// A finding about two members, with the `priority` line of each.
fn between(finding: Diagnostic, one: &Member<'_>, other: &Member<'_>, words: &[&str]) -> Diagnostic {
    other.marks_too(one.marks(finding, words), words)
}

fn both_owners(one: &Member<'_>, other: &Member<'_>) -> Diagnostic {
    let message = format!(
        "{} has priority 255 on {} and on {}: both call themselves the owner of the addresses, and both will serve",
        called(one.instance),
        one.name(),
        other.name()
    );
    let finding = Diagnostic::error("peer-two-owners", message).help("give all nodes but one at most 254");
    between(finding, one, other, &["priority"])
}

fn equal_priorities(one: &Member<'_>, other: &Member<'_>) -> Diagnostic {
    let router = called(one.instance);
    let priority = all_well(one);
    let (one_name, other_name) = (one.name(), other.name());
    let finding = if never(one) && never(other) {
        let message = format!(
            "{router} has priority {priority} on {one_name} and {other_name}, both with nopreempt: the one that serves \
             goes on, and if both start at once the higher address decides"
        );
        Diagnostic::note("peer-equal-priority", message)
    } else {
        let message = format!(
            "{router} has priority {priority} on {one_name} and {other_name}: who serves depends on who started first, \
             and if both start at once on the higher address"
        );
        Diagnostic::warning("peer-equal-priority", message)
            .help("give the node that should serve a higher `priority`")
    };
    between(finding, one, other, &["priority"])
}

fn never(member: &Member<'_>) -> bool {
    member.instance.preempt == Preempt::Never
}

fn initial_states(router: &Router<'_>, found: &mut Diagnostics) {
    let mut masters = router.iter().filter(|member| member.instance.state == InitialState::Master);
    if let (Some(one), Some(other)) = (masters.next(), masters.next()) {
        let message = format!(
            "{} has `state MASTER` on {} and on {}: that does not decide who serves, the priority does",
            called(one.instance),
            one.name(),
            other.name()
        );
        let finding = Diagnostic::note("peer-both-master", message).help("write `state BACKUP` on all nodes");
        found.push(between(finding, one, other, &["state"]));
    }
}

fn preemption(leader: &Member<'_>, others: &[&Member<'_>], equal: bool, found: &mut Diagnostics) {
    if equal {
        return;
    }
    let router = called(leader.instance);
    if let Some(other) = others.iter().find(|other| never(leader) && never(other)) {
        let message = format!(
            "{router} has nopreempt on {} and {}: after a failover {} goes on serving until it fails itself",
            leader.name(),
            other.name(),
            other.name()
        );
        found.push(between(Diagnostic::note("peer-nopreempt", message), leader, other, &["nopreempt"]));
        return;
    }
    let reachable =
        effective(leader, |_| true) < others.iter().map(|other| all_well(other)).max().unwrap_or(0);
    // Where a weight can make it the better one, preemption does have an effect on it.
    for other in others.iter().filter(|_| !reachable) {
        let word = match other.instance.preempt {
            Preempt::Never => "nopreempt",
            Preempt::After(_) => word::PREEMPT_DELAY,
            Preempt::AtOnce => continue,
        };
        let message = format!(
            "`{word}` of {} has no effect: it never has a higher priority than {}, so there is nothing that it could \
             preempt",
            other.name(),
            leader.name()
        );
        let finding = Diagnostic::note("peer-preempt-without-effect", message)
            .help(format!("if {} should not take back {router}, `{word}` belongs there", leader.name()));
        found.push(other.marks(finding, &[word]));
    }
}

/// Checks of the node that serves whose failure does not make another one serve.
fn weights(leader: &Member<'_>, second: &Member<'_>, others: &[&Member<'_>], found: &mut Diagnostics) {
    let weights = tracked(leader);
    let best = all_well(second);
    let failing = |what: &str| effective(leader, |track| track.what == what);
    let mut weak = Vec::new();
    for track in &weights {
        let left = failing(&track.what);
        if left < all_well(leader) && left >= best {
            weak.push((track, left));
        }
    }
    let together = effective(leader, |track| track.adds(false) < track.adds(true));
    for (track, left) in &weak {
        found.push(still_wins(leader, second, track, *left, together));
    }
    if let Some(track) = weights.first()
        && together < best
        && others.iter().all(|other| never(other))
    {
        let message = format!(
            "{} of {} lowers its priority, but {} has nopreempt: it does not take over from a node that still sends \
             adverts, whatever their priority",
            track.what,
            leader.name(),
            second.name()
        );
        let finding = Diagnostic::warning("peer-nopreempt-weight", message)
            .help("track without a weight, so that a failure is a FAULT, or remove `nopreempt`");
        found
            .push(second.marks_too(leader.marks(finding, &[track.word, word::TRACK_SCRIPT]), &["nopreempt"]));
    }
}

fn still_wins(
    leader: &Member<'_>,
    second: &Member<'_>,
    track: &Weighted<'_>,
    left: i32,
    together: i32,
) -> Diagnostic {
    let (one, other, best) = (leader.name(), second.name(), all_well(second));
    let against = if left > best { format!("{left} > {best}") } else { format!("{left} = {best}") };
    let all = if together < best {
        " (it does only when several checks fail together)"
    } else {
        ", whatever else fails with a weight"
    };
    let message = format!(
        "when {} of {one} fails, {one} still wins {} with {against}: {other} never takes over{all}",
        track.what,
        called(leader.instance),
    );
    let least = all_well(leader) - best + 1;
    let finding = Diagnostic::warning("peer-check-still-wins", message).help(format!(
        "a weight of at least {least} (or -{least}) would move it; without a weight a failure is a FAULT"
    ));
    second.marks_too(leader.marks(finding, &[track.word, word::TRACK_SCRIPT, "priority"]), &["priority"])
}
