//! Lists the IPVS table of this network namespace with its counters.
//!
//! ```sh
//! sudo cargo run -p ipvs-netlink --example list
//! ```

use std::process::ExitCode;

use ipvs_netlink::{Client, Error};

fn main() -> ExitCode {
    match list() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn list() -> Result<(), Error> {
    let mut client = Client::connect()?;
    let info = client.info()?;
    println!("IPVS {}, connection table of {} slots", info.version, info.connection_table_size);
    let snapshot = client.snapshot()?;
    for (status, destinations) in &snapshot.services {
        let (total, rate) = (status.statistics.total, status.statistics.per_second);
        println!("{}: {} connections, {} a second", status.service, total.connections, rate.connections);
        for destination in destinations {
            let open = destination.connections;
            println!("  {}: {} active, {} inactive", destination.destination, open.active, open.inactive);
        }
    }
    for problem in &snapshot.unreadable {
        eprintln!("left out: {problem}");
    }
    for daemon in client.daemons()? {
        println!("{daemon}");
    }
    Ok(())
}
