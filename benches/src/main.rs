//! Measures vipd and its peers side by side, in network namespaces of this machine.
//!
//! All figures come from outside of the daemons: the kernel's receive stamps on the lab's switch, `/proc`, and the
//! resource usage of ended processes. Daemons alternate trial by trial, so that a busy minute meets all of them.

mod bad_peers;
mod balancer;
mod check;
mod checks;
mod configuration;
mod contender;
mod detection;
mod failover;
mod faults;
mod footprint;
mod listener;
mod options;
mod processes;
mod reload;
mod report;
mod slow_peers;
mod stage;
mod stand_in;
mod statistics;
mod theory;
mod wire;

use std::process::ExitCode;

use crate::contender::Contender;
use crate::options::Options;
use crate::report::{Machine, Table};

/// An error that stops a whole measurement; a failed trial is a complaint in the table.
type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match words.split_first() {
        Some((word, command)) if word == check::CHILD => check::child(command),
        Some((name, rest)) if SUBJECTS.contains(&name.as_str()) => measure(name, rest),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("vipd-bench: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(subject: &str, words: &[String]) -> Result<(), Failure> {
    let options = Options::parse(words)?;
    let everything = subject == "all";
    let for_lvs = BALANCING.contains(&subject);
    let contenders = if for_lvs { Vec::new() } else { Contender::all(&options.daemons)? };
    let balancers = if for_lvs || everything { Contender::balancers(&options.daemons)? } else { Vec::new() };
    vip_lab::enter()?;
    let machine = Machine::read();
    println!("{machine}");
    let mut tables = Vec::new();
    let mut show = |table: Table| {
        print!("\n{table}");
        tables.push(table);
    };
    if subject == "failover" {
        failover::measure(&failover::cases(&options)?, &contenders, &options, &mut show);
    }
    if everything {
        failover::measure(&failover::standard_cases(), &contenders, &options, &mut show);
    }
    if everything || subject == "check" {
        check::measure(&contenders, &options, &mut show)?;
    }
    if everything || subject == "footprint" {
        footprint::measure(&contenders, &options, &mut show);
    }
    if everything || subject == "reload" {
        reload::measure(&contenders, &options, &mut show);
    }
    if subject == "faults" {
        faults::measure(&contenders, &options, &mut show)?;
    }
    if everything || subject == "checks" {
        checks::measure(&balancers, &options, &mut show);
    }
    if everything || subject == "slow-peers" {
        slow_peers::measure(&balancers, &options, &mut show);
    }
    if everything || subject == "detection" {
        detection::measure(&balancers, &mut show);
    }
    if let Some(path) = &options.json {
        std::fs::write(path, report::json(&machine, &tables))?;
    }
    match tables.iter().map(|table| table.complaints.len()).sum() {
        0_usize => Ok(()),
        count => Err(format!("!!! {count} times something went wrong, see above").into()),
    }
}

const SUBJECTS: [&str; 9] =
    ["all", "failover", "check", "footprint", "reload", "faults", "checks", "slow-peers", "detection"];

/// Those in which the daemons balance loads.
const BALANCING: [&str; 3] = ["checks", "slow-peers", "detection"];

const USAGE: &str = "\
usage: vipd-bench all|failover|check|footprint|reload|faults|checks|slow-peers|detection [OPTION...]
  --daemon 'LABEL=COMMAND'  a daemon, with {conf} {pid} {dir} for its files; repeat for more
                            (default: vipd as built here, and /usr/sbin/keepalived if installed)
  --trials N                trials for each daemon and case (default 10)
  --json FILE               write all samples there
failover:
  --adv SECONDS,...         advertisement intervals (default 1,0.1,0.01)
  --version 2|3             (default 3)
  --mode kill,stop,link     what happens to the serving router (default all three)
  --prios N,N,...           priorities of the routers, the serving one first (default 101,100)
faults (not part of all):
  --reloads N               reloads in a row, a fifth of them of damaged files (default 300)
  --kills N                 processes that are killed (default 200)
  --peer 'LABEL=COMMAND'    the daemon on the other router, which nobody kills (default: the same daemon)
  --seed N                  what all choices follow from (default 1)
footprint:
  --seconds N               length of a window (default 10)
checks, slow-peers:
  --servers N               real servers (default 10000)
  --delay SECONDS           delay_loop (default 1)
  --seconds N               length of a window (default 10)";
