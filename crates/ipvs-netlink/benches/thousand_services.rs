//! A table of 1,000 services with 10 servers each: programmed and read by this crate and by ipvsadm, in turn.
//!
//! ```sh
//! cargo xtask vm -- cargo bench -p ipvs-netlink
//! ```
//!
//! Needs a kernel with IPVS, ipvsadm, and the right to change the table, which is lost: run it in a machine of its own.

#![allow(missing_docs, clippy::unwrap_used, reason = "a program; one that cannot go on says where")]

use std::fs::File;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use ipvs_netlink::{
    Client, Destination, Entry, Forwarding, Scheduler, Scope, Service, ServiceKey, Table, diff,
};

fn main() {
    // `cargo test` runs this too, without the argument.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    match Client::connect() {
        Ok(client) => compare(client),
        Err(error) => println!("SKIPPED: {error}"),
    }
}

fn compare(mut client: Client) {
    let wanted = wanted();
    let rules = std::env::temp_dir().join("ipvs-netlink-bench.rules");
    write_rules(&wanted, &rules);
    let (mut programmed, mut restored) = (Vec::new(), Vec::new());
    let (mut read, mut saved) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        client.flush().unwrap();
        programmed.push(time(|| program(&mut client, &wanted)));
        read.push(time(|| assert_eq!(client.table().unwrap(), wanted)));

        client.flush().unwrap();
        restored.push(time(|| ipvsadm("--restore", File::open(&rules).unwrap().into())));
        saved.push(time(|| ipvsadm("--save -n", Stdio::null())));
        assert_eq!(client.table().unwrap(), wanted, "ipvsadm programs the same");
    }
    client.flush().unwrap();
    report("program", &mut programmed, "ipvsadm --restore", &mut restored);
    report("read", &mut read, "ipvsadm --save", &mut saved);
}

fn program(client: &mut Client, wanted: &Table) {
    let current = client.table().unwrap();
    let report = client.apply(&diff(&current, wanted, Scope::Everything)).unwrap();
    assert!(report.is_complete(), "{report:?}");
}

fn time(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

fn report(what: &str, ours: &mut [Duration], tool: &str, theirs: &mut [Duration]) {
    ours.sort();
    theirs.sort();
    println!("{what:8} ipvs-netlink       median {:>9.2?}  all {ours:.1?}", ours[ROUNDS / 2]);
    println!("{what:8} {tool:18} median {:>9.2?}  all {theirs:.1?}", theirs[ROUNDS / 2]);
    let permille = 1000 * ours[ROUNDS / 2].as_micros() / theirs[ROUNDS / 2].as_micros().max(1);
    println!("{what:8} ratio {}.{:03}", permille / 1000, permille % 1000);
}

/// 1,000 services, 10 destinations each.
fn wanted() -> Table {
    let entry = |index: u16| {
        let [high, low] = index.to_be_bytes();
        let service = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(198, 18, high, low)), 80);
        let server = move |last| {
            let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, high, low, last)), 80);
            Destination::new(address, Forwarding::DirectRoute)
        };
        (Service::new(ServiceKey::tcp(service), Scheduler::WLC), (1..=10).map(server))
    };
    (0..1000).map(entry).collect()
}

fn write_rules(table: &Table, path: &std::path::Path) {
    let mut rules = File::create(path).unwrap();
    for entry in table.services() {
        let address = address(entry);
        writeln!(rules, "-A -t {address} -s {}", entry.service().scheduler).unwrap();
        for destination in entry.destinations() {
            writeln!(rules, "-a -t {address} -r {} -g -w {}", destination.address, destination.weight)
                .unwrap();
        }
    }
}

fn address(entry: &Entry) -> SocketAddr {
    match entry.service().key {
        ServiceKey::Address { address, .. } => address,
        ServiceKey::Fwmark { .. } => unreachable!("the table has none"),
    }
}

fn ipvsadm(what: &str, input: Stdio) {
    let status = Command::new("ipvsadm").args(what.split(' ')).stdin(input).stdout(Stdio::null()).status();
    assert!(status.unwrap().success());
}

const ROUNDS: usize = 5;
