//! The serving node after each single fault, and the time without one.

use std::fmt::Write as _;
use std::time::Duration;

use vrrp_election::Fact;
use vrrp_sim::{Fault, HostId};

use super::counted;
use super::lab::{Lab, Outcome, Shared};
use vipd_vrrp::Tracker;

/// The table, and whether something in it is wrong.
pub(super) struct Table {
    pub(super) text: String,
    pub(super) wrong: bool,
}

/// Simulates each single fault.
pub(super) fn table(lab: &Lab) -> Table {
    let faults = single_faults(lab);
    let end = lab.settling * 2;
    if lab.routers.is_empty() {
        return Table { text: String::new(), wrong: false };
    }
    let cost = lab.cost(end).saturating_mul(faults.len() as u128 * u128::from(PHASES));
    if cost > MOST_ADVERTS {
        let text = format!(
            "not simulated: {} faults with {} virtual routers would take too long\n",
            faults.len(),
            lab.routers.len()
        );
        return Table { text, wrong: false };
    }
    let mut rows = vec![HEAD.map(str::to_owned)];
    let (mut wrong, mut quiet) = (false, 0);
    for (words, fault) in faults {
        let outcomes = match longest(lab, fault) {
            Ok(outcomes) => outcomes,
            Err(problem) => {
                wrong = true;
                rows.push([words, String::new(), String::new(), String::new(), format!("! {problem}")]);
                continue;
            }
        };
        let before = rows.len();
        for (router, outcome) in lab.routers.iter().zip(&outcomes) {
            let verdict = verdict(lab, router, outcome, fault);
            wrong |= !verdict.is_empty();
            if fault.is_none() || !verdict.is_empty() || is_affected(outcome, fault) {
                rows.push([words.clone(), router.name.clone(), names(lab, outcome), gap(outcome), verdict]);
            }
        }
        quiet += usize::from(rows.len() == before);
    }
    let mut text = aligned(&rows);
    if quiet > 0 {
        let _ = writeln!(
            text,
            "({} on a node that does not serve: nothing changes)",
            counted(quiet, "other fault")
        );
    }
    Table { text, wrong }
}

/// The outcome of a fault for each virtual router, with the longest gap: it depends on when the last advert was.
fn longest(lab: &Lab, fault: Option<Fault>) -> Result<Vec<Outcome>, String> {
    let mut longest = vec![Outcome::default(); lab.routers.len()];
    let phases = if fault.is_some() { PHASES } else { 1 };
    for phase in 0..phases {
        let at = lab.settling + lab.longest_interval() * phase / PHASES;
        let end = at + lab.settling;
        let faults: Vec<_> = fault.map(|fault| (at, fault)).into_iter().collect();
        let reigns = lab.reigns(&faults, end)?;
        for (longest, router) in longest.iter_mut().zip(&lab.routers) {
            let outcome = router.outcome(&reigns, at, end);
            if phase == 0 || outcome.coverage.none > longest.coverage.none {
                *longest = outcome;
            }
        }
    }
    Ok(longest)
}

const PHASES: u32 = 8;

/// Whether another node serves, none did for a while, or the fault hit the serving one.
fn is_affected(outcome: &Outcome, fault: Option<Fault>) -> bool {
    outcome.before != outcome.after
        || !outcome.coverage.none.is_zero()
        || fault.and_then(host).is_some_and(|host| outcome.before.contains(&host))
}

/// The host that a fault is about.
fn host(fault: Fault) -> Option<HostId> {
    match fault {
        Fault::PowerOff(host)
        | Fault::Stop(host)
        | Fault::OneLinkDown(host, _)
        | Fault::Script(host, ..)
        | Fault::ScriptEnds(host, ..)
        | Fault::Fact(host, ..) => Some(host),
        _ => None,
    }
}

const HEAD: [&str; 5] = ["after", "virtual router", "serves", "nobody for at most", ""];

/// Some seconds of a slow machine.
const MOST_ADVERTS: u128 = 10_000_000;

/// Each thing that can fail alone; the first row is that nothing does.
fn single_faults(lab: &Lab) -> Vec<(String, Option<Fault>)> {
    let mut faults = vec![("nothing fails".to_owned(), None)];
    for (machine, host) in lab.hosts.iter().zip((0..).map(HostId)) {
        let name = &machine.name;
        let mut add = |words: String, fault| faults.push((words, Some(fault)));
        add(format!("{name} loses power"), Fault::PowerOff(host));
        add(format!("{name} is stopped"), Fault::Stop(host));
        for (link, called) in &machine.links {
            add(format!("{name}: {called} goes down"), Fault::OneLinkDown(host, *link));
        }
        for (script, called) in &machine.scripts {
            add(format!("{name}: script {called} fails"), Fault::Script(host, *script, false));
        }
        for Tracker { fact, subject, failed } in &machine.trackers {
            let words = match failed {
                Fact::Value(number) => format!("{name}: {subject} holds {number}"),
                _ => format!("{name}: {subject} fails"),
            };
            add(words, Fault::Fact(host, *fact, *failed));
        }
    }
    faults
}

fn names(lab: &Lab, outcome: &Outcome) -> String {
    let name = |host: &HostId| lab.hosts.get(host.0).map_or("?", |machine| machine.name.as_str());
    let names: Vec<_> = outcome.after.iter().map(name).collect();
    if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") }
}

fn gap(outcome: &Outcome) -> String {
    match outcome.coverage.none {
        _ if outcome.after.is_empty() => "ever".to_owned(),
        Duration::ZERO => "-".to_owned(),
        none => seconds(none),
    }
}

/// The defect, if there is one. Two serving nodes for a moment are normal at a takeover.
fn verdict(lab: &Lab, router: &Shared, outcome: &Outcome, fault: Option<Fault>) -> String {
    let failed = fault.and_then(host);
    let hosts = (0..lab.hosts.len()).map(HostId);
    let others = hosts.filter(|host| router.has(*host) && Some(*host) != failed).count();
    match outcome.after.len() {
        0 if others > 0 => "! nobody takes over".to_owned(),
        0 if router_is_alone(lab, router) => String::new(),
        0 | 1 if outcome.coverage.several > BRIEFLY => {
            format!("! two serve for {}", seconds(outcome.coverage.several))
        }
        0 | 1 => String::new(),
        _ => "! more than one serves".to_owned(),
    }
}

/// The comparison says that already.
fn router_is_alone(lab: &Lab, router: &Shared) -> bool {
    (0..lab.hosts.len()).filter(|host| router.has(HostId(*host))).count() < 2
}

/// As long as an advert takes to arrive and to be answered.
pub(super) const BRIEFLY: Duration = Duration::from_millis(50);

pub(super) fn seconds(time: Duration) -> String {
    format!("{:.2} s", time.as_secs_f64())
}

/// Columns as wide as they need.
fn aligned<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = write!(line, "{cell:<width$}  ", width = width(column));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
