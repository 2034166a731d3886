//! A scenario as it went: text, and a picture.

use std::fmt::Write as _;
use std::time::Duration;

use vrrp_election::Instant;
use vrrp_sim::{Bar, Chart, HostId, Mark, Reign, Row};

use super::faults;
use super::lab::{Lab, Shared};
use super::scenario::Scenario;

/// Outcome of a scenario.
pub(super) struct Story {
    pub(super) text: String,
    pub(super) chart: Chart,
}

/// Plays a scenario. It begins once everybody has found its place, and that moment is 0.
pub(super) fn play(lab: &Lab, scenario: &Scenario) -> Result<Story, String> {
    let last = scenario.steps.iter().map(|step| step.at).max().unwrap_or_default();
    let length = scenario.end.unwrap_or(last + lab.settling);
    let (begin, end) = (lab.settling, lab.settling + length);
    if lab.cost(end) > MOST_ADVERTS {
        return Err("it would take too long; end it earlier with a line such as `60s end`".to_owned());
    }
    let faults: Vec<_> = scenario.steps.iter().map(|step| (begin + step.at, step.fault)).collect();
    let reigns = lab.reigns(&faults, end)?;
    Ok(Story {
        text: text(lab, scenario, &reigns, begin, length),
        chart: Chart {
            title: "Serving node over time".to_owned(),
            length,
            rows: lab.routers.iter().flat_map(|router| rows(lab, router, &reigns, begin)).collect(),
            marks: scenario
                .steps
                .iter()
                .map(|step| Mark { at: step.at, label: step.words.clone() })
                .collect(),
        },
    })
}

const MOST_ADVERTS: u128 = 3_000_000;

/// Since the scenario began.
fn since(begin: Duration, instant: Instant) -> Duration {
    (instant - Instant::ZERO).saturating_sub(begin)
}

fn text(lab: &Lab, scenario: &Scenario, reigns: &[Reign], begin: Duration, length: Duration) -> String {
    let mut lines: Vec<(Duration, bool, String)> = Vec::new();
    lines.extend(scenario.steps.iter().map(|step| (step.at, false, format!("* {}", step.words))));
    for router in &lab.routers {
        let ours = router.of(reigns);
        let edges = ours.iter().flat_map(|reign| [reign.from, reign.until]).map(|edge| since(begin, edge));
        let mut edges: Vec<Duration> = edges.filter(|edge| *edge < length).chain([Duration::ZERO]).collect();
        edges.sort();
        edges.dedup();
        for (place, edge) in edges.iter().copied().enumerate() {
            // A takeover is one event, although two serve while the last advert is on its way.
            if edges.get(place + 1).is_some_and(|next| next.saturating_sub(edge) < faults::BRIEFLY) {
                continue;
            }
            let at = Instant::ZERO + begin + edge;
            let serving = ours.iter().filter(|reign| reign.from <= at && at < reign.until);
            let names: Vec<_> = serving.map(|reign| name(lab, reign.host)).collect();
            let names = if names.is_empty() { "nobody".to_owned() } else { names.join(" and ") };
            lines.push((edge, true, format!("{}: {names}", router.name)));
        }
    }
    lines.sort();
    let mut text = String::new();
    for (at, _, line) in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{:>10.3} s  {line}", at.as_secs_f64());
    }
    text
}

fn rows(lab: &Lab, router: &Shared, reigns: &[Reign], begin: Duration) -> Vec<Row> {
    let ours = router.of(reigns);
    let bars = |host: HostId| {
        let of_host = ours.iter().filter(move |reign| reign.host == host);
        let bars = of_host.map(|reign| {
            let others = ours.iter().filter(|other| other.host != host);
            let alarming =
                others.into_iter().any(|other| other.from < reign.until && reign.from < other.until);
            Bar { from: since(begin, reign.from), until: since(begin, reign.until), alarming }
        });
        bars.filter(|bar| bar.from < bar.until).collect()
    };
    let hosts = (0..lab.hosts.len()).map(HostId).filter(|host| router.has(*host));
    hosts
        .map(|host| Row { label: format!("{} {}", name(lab, host), router.name), bars: bars(host) })
        .collect()
}

fn name(lab: &Lab, host: HostId) -> &str {
    lab.hosts.get(host.0).map_or("?", |machine| machine.name.as_str())
}
