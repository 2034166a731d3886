//! A network namespace for each test, and ipvsadm as the second witness.

use std::process::Command;
use std::thread;

use ipvs_netlink::{Client, load_module};
use nix::sched::{CloneFlags, unshare};

/// Runs a test in a network namespace of its own, with a connection to its IPVS.
pub(crate) fn in_namespace(test: impl FnOnce(&mut Client) + Send) {
    // A thread that has left its namespace is of no use to the next test.
    let outcome = thread::scope(|scope| {
        let run = || {
            unshare(CloneFlags::CLONE_NEWNET).expect("the right to make a network namespace");
            run("ip link set lo up");
            run("ip link add eth0 type dummy");
            run("ip link set eth0 up");
            run("ip address add 192.0.2.1/24 dev eth0");
            run("ip address add 2001:db8::1/64 dev eth0 nodad");
            run("ip route add default dev eth0");
            // A kernel that does not load the module by itself needs help, once.
            if Client::connect().is_err() {
                load_module().expect("the module ip_vs");
            }
            test(&mut Client::connect().expect("a kernel with IPVS"));
        };
        scope.spawn(run).join()
    });
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// The output of ipvsadm, with its columns a blank apart.
pub(crate) fn ipvsadm(arguments: &str) -> String {
    run(&format!("ipvsadm {arguments}"))
}

/// The table as ipvsadm saves it, sorted.
pub(crate) fn rules() -> Vec<String> {
    let mut rules: Vec<_> = ipvsadm("-Sn").lines().map(str::to_owned).collect();
    rules.sort();
    rules
}

fn run(line: &str) -> String {
    let mut words = line.split(' ');
    let output = Command::new(words.next().unwrap_or_default()).args(words).output().expect(line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ") + "\n").collect()
}
