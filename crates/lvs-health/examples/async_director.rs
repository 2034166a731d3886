//! A director on tokio: servers are checked, and what should forward to them is printed.
//!
//! ```console
//! $ cargo run -p lvs-health --example async_director -- 127.0.0.1:8081 127.0.0.1:8082
//! ```
//!
//! Each attempt is a task; its outcome comes back by a channel. The director itself stays in one place and waits for nothing.

use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use lvs_health::director::{Action, AttemptId, Director, Plan, Server, Service};
use lvs_health::{Check, Dialogue, Network, Outcome, Prepared, Probe, Shared, Target, Timing};
use tokio::net::TcpStream;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::task::AbortHandle;
use tokio::time::sleep_until;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let servers = std::env::args().skip(1).map(|address| address.parse().map(server));
    let service = Service { servers: servers.collect::<Result<_, _>>()?, ..Service::new("web") };
    let plan = Plan { services: vec![service], share_checks: false };
    let mut director = Director::new(Instant::now(), plan);
    let mut running: HashMap<AttemptId, AbortHandle> = HashMap::new();
    let (ended, mut outcomes) = unbounded_channel();
    loop {
        while let Some(action) = director.poll_action() {
            match action {
                Action::Start { attempt, .. } => {
                    let dialogue = begin(&director, attempt)?;
                    let task = tokio::spawn(report(attempt, dialogue, ended.clone()));
                    running.insert(attempt, task.abort_handle());
                }
                Action::Cancel(attempt) => running.remove(&attempt).iter().for_each(AbortHandle::abort),
                Action::Program(service) => {
                    println!("forward to {:?}", director.destinations(service).collect::<Vec<_>>());
                }
                Action::Tell(event) => println!("{event:?}"),
                Action::Remove { name } => println!("forward nothing for {name}"),
            }
        }
        let Some(due) = director.poll_timeout() else { return Ok(()) };
        tokio::select! {
            biased; // outcomes that are there come before time
            Some((attempt, outcome)) = outcomes.recv() => {
                running.remove(&attempt);
                director.handle_outcome(Instant::now(), attempt, outcome);
            }
            () = sleep_until(due.into()) => director.handle_timeout(Instant::now()),
        }
    }
}

/// A server that has to accept connections, asked every second.
fn server(address: SocketAddr) -> Server {
    let network = Network::connect(Target::new(address, Duration::from_secs(1)));
    let check = Check::network(network, Timing::every(Duration::from_secs(1)));
    Server { checks: vec![check], ..Server::new(address) }
}

/// The dialogue of an attempt, and its server.
fn begin(director: &Director, attempt: AttemptId) -> Result<(SocketAddr, Dialogue), io::Error> {
    let check = director.check(attempt.check).ok_or(ErrorKind::NotFound)?;
    let Probe::Network(network) = &check.probe else { return Err(ErrorKind::Unsupported.into()) };
    // A program with many checks prepares each once.
    let prepared = Prepared::new(network, &mut Shared::default()).map_err(io::Error::other)?;
    Ok((network.target.address, prepared.begin(Instant::now(), 0, 0)))
}

async fn report(
    attempt: AttemptId,
    (address, mut dialogue): (SocketAddr, Dialogue),
    ended: UnboundedSender<(AttemptId, Outcome)>,
) {
    converse(address, &mut dialogue).await;
    if let Some(outcome) = dialogue.outcome() {
        // Nobody listens only if the program ends.
        let _ = ended.send((attempt, outcome.clone()));
    }
}

/// Moves bytes between a dialogue and its socket until there is an outcome.
async fn converse(address: SocketAddr, dialogue: &mut Dialogue) {
    let due = deadline(dialogue);
    let stream = tokio::select! {
        connected = TcpStream::connect(address) => connected,
        () = sleep_until(due) => return dialogue.handle_timeout(Instant::now()),
    };
    let stream = match stream {
        Ok(stream) => stream,
        Err(error) => return dialogue.handle_error(Instant::now(), error.kind()),
    };
    dialogue.handle_connected(Instant::now());
    let mut buffer = vec![0; 16 * 1024];
    while dialogue.outcome().is_none() {
        let due = deadline(dialogue);
        let has_output = !dialogue.output().is_empty();
        tokio::select! {
            biased;
            Ok(()) = stream.readable() => match stream.try_read(&mut buffer) {
                Ok(0) => dialogue.handle_end(Instant::now()),
                Ok(bytes) => dialogue.handle_input(Instant::now(), &buffer[..bytes]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => dialogue.handle_error(Instant::now(), error.kind()),
            },
            Ok(()) = stream.writable(), if has_output => {
                if let Ok(bytes) = stream.try_write(dialogue.output()) {
                    dialogue.consume(bytes);
                }
            }
            () = sleep_until(due) => dialogue.handle_timeout(Instant::now()),
        }
    }
}

/// When its time is up.
fn deadline(dialogue: &Dialogue) -> tokio::time::Instant {
    dialogue.poll_timeout().unwrap_or_else(Instant::now).into()
}
