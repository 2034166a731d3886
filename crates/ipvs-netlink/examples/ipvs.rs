//! Lists, compares and changes the load balancer's table, in place of ipvsadm.
//!
//! ```sh
//! ipvs list                  # the table with its counters
//! ipvs save                  # the table as rules for `ipvs restore` or `ipvsadm --restore`
//! ipvs restore <FILE         # makes the table that of the rules; what is right stays as it is
//! ipvs diff <FILE            # what `restore` would do
//! ipvs apply -a -t 192.0.2.1:80 -r 10.0.0.1 -m      # one change, as ipvsadm takes it
//! ipvs rates [SECONDS]       # connections, packets and bytes a second, measured over so many seconds
//! ```
//!
//! `--namespace NAME` in front works in another network namespace.

use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{self, Read};
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use ipvs_netlink::{Change, Client, Counters, Rules, Scope, ServiceKey, Table, diff};

type Done = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words.iter().map(String::as_str).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Done {
    match words {
        ["--namespace", name, command @ ..] => {
            let namespace = File::open(format!("/run/netns/{name}"))?;
            perform(&mut Client::connect_in(namespace)?, command)
        }
        command => perform(&mut Client::connect()?, command),
    }
}

fn perform(client: &mut Client, command: &[&str]) -> Done {
    match command {
        ["list"] | [] => list(client),
        ["save"] => {
            println!("{}", Rules(&client.table()?));
            Ok(())
        }
        ["restore"] => {
            let changes = difference(&client.table()?)?;
            change(client, &changes)
        }
        ["diff"] => {
            difference(&client.table()?)?.iter().for_each(|change| println!("{change}"));
            Ok(())
        }
        ["apply", rule @ ..] => change(client, &[rule.join(" ").parse()?]),
        ["rates"] => rates(client, Duration::from_secs(2)),
        ["rates", seconds] => rates(client, Duration::try_from_secs_f64(seconds.parse()?)?),
        _ => Err("usage: ipvs [--namespace NAME] list|save|restore|diff|apply RULE|rates [SECONDS]".into()),
    }
}

/// The changes that turn the current table into the one whose rules stand on standard input.
fn difference(current: &Table) -> Result<Vec<Change>, Box<dyn Error>> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text)?;
    Ok(diff(current, &text.parse()?, Scope::Everything))
}

fn change(client: &mut Client, changes: &[Change]) -> Done {
    let report = client.apply(changes)?;
    report.failed.iter().for_each(|failure| eprintln!("{failure}"));
    report.into_result().map_err(|_| "not every change was made".into())
}

fn list(client: &mut Client) -> Done {
    let info = client.info()?;
    println!("IPVS {}, connection table of {} slots", info.version, info.connection_table_size);
    let snapshot = client.snapshot()?;
    for (status, destinations) in &snapshot.services {
        println!("{}: {} connections", status.service, status.statistics.total.connections);
        for destination in destinations {
            let open = destination.connections;
            println!("  {}: {} active, {} inactive", destination.destination, open.active, open.inactive);
        }
    }
    snapshot.unreadable.iter().for_each(|problem| eprintln!("left out: {problem}"));
    client.daemons()?.iter().for_each(|daemon| println!("{daemon}"));
    Ok(())
}

/// The counters of services, and of their destinations.
type Totals = HashMap<(ServiceKey, Option<SocketAddr>), Counters>;

fn rates(client: &mut Client, wait: Duration) -> Done {
    let (start, before) = (Instant::now(), totals(client)?);
    std::thread::sleep(wait);
    let (elapsed, after) = (start.elapsed(), totals(client)?);
    let mut lines: Vec<_> = after.iter().collect();
    lines.sort_by_key(|(key, _)| **key);
    println!("{:>8} {:>8} {:>8} {:>10} {:>10}", "conns/s", "pkts/s", "out", "bytes/s", "out");
    for (key, counters) in lines {
        let rate = counters.since(before.get(key).unwrap_or(&Counters::default())).per_second(elapsed);
        let name = key.1.map_or(key.0.to_string(), |address| format!("  -> {address}"));
        let Counters { connections, packets_in, packets_out, bytes_in, bytes_out } = rate;
        println!("{connections:>8} {packets_in:>8} {packets_out:>8} {bytes_in:>10} {bytes_out:>10} {name}");
    }
    Ok(())
}

fn totals(client: &mut Client) -> Result<Totals, ipvs_netlink::Error> {
    let mut totals = Totals::new();
    for (status, destinations) in client.snapshot()?.services {
        let key = status.service.key;
        totals.insert((key, None), status.statistics.total);
        for destination in destinations {
            totals.insert((key, Some(destination.destination.address)), destination.statistics.total);
        }
    }
    Ok(totals)
}
