//! The client of agents against an agent.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod small;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use lvs_health::{Administration, Agent, AgentReport, Failure, Operation, Outcome, Protocol};
use small::{PATIENCE, attempt};

/// An agent that reads a name, if one is sent to it, and says how that server feels.
fn agent(reads: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for client in listener.incoming() {
            let mut client = client.unwrap();
            let mut name = [0; 64];
            let len = if reads { client.read(&mut name).unwrap() } else { 0 };
            let says: &[u8] = match &name[..len] {
                b"" => b"up 75%\r\n",
                b"tired\n" => b"drain\n",
                b"broken\n" => b"fail #disk full",
                _ => b"",
            };
            client.write_all(says).unwrap();
        }
    });
    address
}

fn asked(name: &str) -> Outcome {
    attempt(agent(!name.is_empty()), Protocol::Agent(Agent { send: name.to_owned() }), PATIENCE)
}

fn report(outcome: &Outcome) -> AgentReport {
    let Outcome::Agent(report) = outcome else { panic!("{outcome:?}") };
    *report
}

#[test]
fn an_agent_sets_weights_and_fails_servers() {
    let up = report(&asked(""));
    assert_eq!((up.operation, up.percent), (Some(Operation::Up), Some(75)));
    assert_eq!(report(&asked("tired\n")).administration, Some(Administration::Drain));
    assert_eq!(report(&asked("broken\n")).operation, Some(Operation::Fail));
    assert_eq!(asked("nobody\n"), Outcome::Fail(Failure::Closed("agent's line")));
}
