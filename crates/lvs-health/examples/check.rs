//! Checks a server once, with a plain blocking socket.
//!
//! ```console
//! $ cargo run -p lvs-health --example check -- http://127.0.0.1:8080/health
//! $ cargo run -p lvs-health --example check --features tls -- https://127.0.0.1:8443/ ca.pem
//! ```
//!
//! Schemes: `tcp`, `http`, `https`, `h2c` (HTTP/2 without TLS), `h2` (with), `grpc` (path: the service's name). A file after
//! the URL holds the authorities that may have signed the server's certificate; without it any certificate will do.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime};

use lvs_health::{
    Certificates, Dialogue, Grpc, Http, HttpVersion, Network, Note, Outcome, Outside, Prepared, Protocol,
    Shared, StatusCodes, Target, Tls, TlsVersion, Url,
};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else {
        eprintln!("usage: check SCHEME://HOST:PORT[/PATH] [CA_FILE]");
        return ExitCode::from(2);
    };
    match check(&url, arguments.next()) {
        Ok((outcome, notes)) => {
            println!("{outcome:?} {notes:?}");
            if matches!(outcome, Outcome::Pass(_)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::from(2)
        }
    }
}

fn check(url: &str, ca_file: Option<String>) -> Result<(Outcome, Vec<Note>), Box<dyn std::error::Error>> {
    let network = network(url, ca_file).ok_or("not understood")?;
    let mut shared = Shared::new(System);
    let prepared = Prepared::new(&network, &mut shared)?;
    Ok(attempt(&prepared, 0)?)
}

/// One attempt over TCP. This is all it takes to drive a dialogue: the same works with any event loop.
///
/// # Errors
///
/// Only if the socket's time limits cannot be set; whatever else goes wrong is the outcome.
pub(crate) fn attempt(prepared: &Prepared, step: usize) -> io::Result<(Outcome, Vec<Note>)> {
    let target = prepared.target();
    let mut dialogue = prepared.begin(Instant::now(), step, 0);
    let mut stream = match TcpStream::connect_timeout(&target.address, left(&dialogue)) {
        Ok(stream) => Some(stream),
        // Not a time-out of the peer's system, but ours.
        Err(error) if error.kind() == io::ErrorKind::TimedOut => {
            dialogue.handle_timeout(Instant::now());
            None
        }
        Err(error) => {
            dialogue.handle_error(Instant::now(), error.kind());
            None
        }
    };
    if let Some(stream) = &mut stream {
        stream.set_nodelay(true)?;
        dialogue.handle_connected(Instant::now());
        while dialogue.outcome().is_none() {
            stream.set_write_timeout(Some(left(&dialogue)))?;
            send(&mut dialogue, stream);
            stream.set_read_timeout(Some(left(&dialogue)))?;
            receive(&mut dialogue, stream);
        }
        // A last word, if there is one.
        let _ = stream.write(dialogue.output());
    }
    let outcome = dialogue.outcome().cloned().unwrap_or(Outcome::Fail(lvs_health::Failure::ConnectTimeout));
    Ok((outcome, dialogue.notes()))
}

/// Until the next deadline; never zero, which would mean no limit to a socket.
fn left(dialogue: &Dialogue) -> Duration {
    let now = Instant::now();
    let left =
        dialogue.poll_timeout().map_or(Duration::ZERO, |deadline| deadline.saturating_duration_since(now));
    left.max(Duration::from_millis(1))
}

fn send(dialogue: &mut Dialogue, stream: &mut TcpStream) {
    while dialogue.outcome().is_none() && !dialogue.output().is_empty() {
        match stream.write(dialogue.output()) {
            Ok(octets) => dialogue.consume(octets),
            Err(error) => failed(dialogue, &error),
        }
    }
}

fn receive(dialogue: &mut Dialogue, stream: &mut TcpStream) {
    if dialogue.outcome().is_some() {
        return;
    }
    let mut buffer = [0; 16 * 1024];
    match stream.read(&mut buffer) {
        Ok(0) => dialogue.handle_end(Instant::now()),
        Ok(octets) => dialogue.handle_input(Instant::now(), &buffer[..octets]),
        Err(error) => failed(dialogue, &error),
    }
}

fn failed(dialogue: &mut Dialogue, error: &io::Error) {
    match error.kind() {
        io::ErrorKind::Interrupted => {}
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => dialogue.handle_timeout(Instant::now()),
        kind => dialogue.handle_error(Instant::now(), kind),
    }
}

/// This machine's files and clock.
#[derive(Debug)]
pub(crate) struct System;

impl Outside for System {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }
}

fn network(url: &str, ca_file: Option<String>) -> Option<Network> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let address: SocketAddr = host.to_socket_addrs().ok()?.next()?;
    let certificates = match ca_file {
        None => Certificates::Any,
        Some(ca_file) => Certificates::Verified {
            ca_file: ca_file.into(),
            expiry_warning: Duration::from_secs(14 * 24 * 60 * 60),
        },
    };
    let tls =
        Tls { certificates, client: None, min_version: TlsVersion::Tls12, max_version: TlsVersion::Tls13 };
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name).to_owned();
    let http = |version, tls| {
        let page = Url {
            path: if path.is_empty() { "/".to_owned() } else { path.to_owned() },
            method: lvs_health::HttpMethod::Get,
            request_body: None,
            host: host.to_owned(),
            server_name: Some(name.clone()),
            status: StatusCodes::default(),
            digest: None,
            pattern: None,
            body: None,
            tls_compliant: true,
        };
        Protocol::Http(Http { urls: vec![page], version, tls, headers: Vec::new(), basic_auth: None })
    };
    let protocol = match scheme {
        "tcp" => Protocol::Connect,
        "http" => http(HttpVersion::Http11, None),
        "https" => http(HttpVersion::Http11, Some(tls)),
        "h2c" => http(HttpVersion::Http2, None),
        "h2" => http(HttpVersion::Http2, Some(tls)),
        "grpc" => Protocol::Grpc(Grpc {
            service: path.trim_start_matches('/').to_owned(),
            authority: host.to_owned(),
            tls: None,
            server_name: None,
        }),
        _ => return None,
    };
    Some(Network { target: Target::new(address, Duration::from_secs(5)), protocol })
}
