//! The client of agents against an agent.

#![allow(clippy::unwrap_used, reason = "tests")]

mod small;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use lvs_health::{Agent, Failure, Outcome, Protocol, Weigh};
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
                b"broken\n" => b"fail#disk full",
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

#[test]
fn an_agent_sets_weights_and_fails_servers() {
    assert_eq!(asked(""), Outcome::Pass(Weigh::Percent(75)));
    assert_eq!(asked("tired\n"), Outcome::Pass(Weigh::Exactly(0)));
    assert_eq!(asked("broken\n"), Outcome::Fail(Failure::Agent("fail")));
    assert_eq!(asked("nobody\n"), Outcome::Fail(Failure::Closed("agent's line")));
}
