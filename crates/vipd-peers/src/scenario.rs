//! A script of faults: `5s lb1 stop`, a line for each.

use std::time::Duration;

use vrrp_election::Fact;
use vrrp_sim::{Fault, HostId};

use super::lab::{Lab, Machine};

/// Events with their times, and with the words of their lines.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Scenario {
    pub(super) steps: Vec<Step>,
    /// When it is over, if the file says so.
    pub(super) end: Option<Duration>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) at: Duration,
    pub(super) words: String,
    pub(super) fault: Fault,
}

/// Reads a scenario; an error names its line.
pub(super) fn parse(text: &str, lab: &Lab) -> Result<Scenario, String> {
    let mut scenario = Scenario { steps: Vec::new(), end: None };
    for (line, number) in text.lines().zip(1..) {
        let line = line.split('#').next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().collect();
        let [when, rest @ ..] = &words[..] else { continue };
        if scenario.steps.len() >= MOST_STEPS {
            return Err(format!("line {number}: more than {MOST_STEPS} lines are not simulated"));
        }
        let at = time(when).ok_or_else(|| {
            format!("line {number}: `{when}` is no time; write for example `5s` or `0.5s`, at most 86400s")
        })?;
        if let ["end"] = rest {
            scenario.end = Some(at);
            continue;
        }
        let fault = fault(rest, lab).map_err(|why| format!("line {number}: {why}"))?;
        scenario.steps.push(Step { at, words: rest.join(" "), fault });
    }
    scenario.steps.sort_by_key(|step| step.at);
    Ok(scenario)
}

const MOST_STEPS: usize = 1000;
const LONGEST: f64 = 86_400.0;

fn time(word: &str) -> Option<Duration> {
    let (number, unit) = match word.strip_suffix("ms") {
        Some(number) => (number, 0.001),
        None => (word.strip_suffix('s').unwrap_or(word), 1.0),
    };
    let seconds = number.parse::<f64>().ok()? * unit;
    (0.0..=LONGEST).contains(&seconds).then(|| Duration::from_secs_f64(seconds))
}

fn fault(words: &[&str], lab: &Lab) -> Result<Fault, String> {
    let [name, what @ ..] = words else {
        return Err("the event is missing; write for example `5s lb1 stop`".to_owned());
    };
    let place = lab.hosts.iter().position(|machine| machine.name == **name);
    let Some((host, machine)) = place.and_then(|place| Some((HostId(place), lab.hosts.get(place)?))) else {
        let names: Vec<_> = lab.hosts.iter().map(|machine| machine.name.as_str()).collect();
        return Err(format!("there is no node {name}; there are {}", names.join(", ")));
    };
    of_machine(host, machine, what)
}

fn of_machine(host: HostId, machine: &Machine, what: &[&str]) -> Result<Fault, String> {
    let fault = match what {
        ["stop"] => Fault::Stop(host),
        ["start"] => Fault::Start(host),
        ["kill"] => Fault::Kill(host),
        ["reload"] => Fault::Reload(host),
        ["power-off"] => Fault::PowerOff(host),
        ["cut-off"] => Fault::Isolate(host),
        ["reconnect-all"] => Fault::Heal,
        ["link", name, state @ ("up" | "down")] => {
            let link = machine.links.iter().find(|(_, link)| link == name);
            let (link, _) =
                link.ok_or_else(|| unknown("interface", name, machine.links.iter().map(|(_, name)| name)))?;
            if *state == "up" { Fault::OneLinkUp(host, *link) } else { Fault::OneLinkDown(host, *link) }
        }
        ["script", name, outcome @ ("fails" | "succeeds")] => {
            let script = machine.scripts.iter().find(|(_, script)| script == name);
            let (script, _) = script.ok_or_else(|| {
                unknown("tracked script", name, machine.scripts.iter().map(|(_, name)| name))
            })?;
            Fault::Script(host, *script, *outcome == "succeeds")
        }
        ["file", name, number] => {
            let number = number.parse().map_err(|_| format!("`{number}` is no number for file {name}"))?;
            tracker(host, machine, &format!("file {name}"), Fact::Value(number))?
        }
        ["process", name, outcome @ ("fails" | "succeeds")] => {
            tracker(host, machine, &format!("process {name}"), up_if(*outcome == "succeeds"))?
        }
        ["bfd", name, state @ ("up" | "down")] => {
            tracker(host, machine, &format!("BFD session {name}"), up_if(*state == "up"))?
        }
        _ => {
            return Err(format!("`{}` is no event; `vipd check --help` lists the events", what.join(" ")));
        }
    };
    Ok(fault)
}

fn up_if(up: bool) -> Fact {
    if up { Fact::Up } else { Fact::Down }
}

fn tracker(host: HostId, machine: &Machine, subject: &str, fact: Fact) -> Result<Fault, String> {
    let mut trackers = machine.trackers.iter();
    let found = trackers.find(|tracker| tracker.subject == subject);
    found
        .map(|tracker| Fault::Fact(host, tracker.fact, fact))
        .ok_or_else(|| format!("{} does not track {subject}", machine.name))
}

fn unknown<'a>(kind: &str, name: &str, known: impl Iterator<Item = &'a String>) -> String {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let known =
        if known.is_empty() { "there is none".to_owned() } else { format!("there are {}", known.join(", ")) };
    format!("there is no {kind} {name}; {known}")
}
