//! Checks a server once, with a plain blocking socket.
//!
//! ```console
//! $ cargo run -p lvs-health --features blocking --example check -- http://127.0.0.1:8080/health
//! $ cargo run -p lvs-health --features blocking,tls --example check -- https://127.0.0.1:8443/ ca.pem
//! ```
//!
//! Schemes: `tcp`, `http`, `https`, `h2c` (HTTP/2 without TLS), `h2` (with), `grpc` (path: the service's name). A file after
//! the URL holds the authorities that may have signed the server's certificate; without it any certificate will do.

use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::time::Duration;

use lvs_health::blocking::{self, Attempt, System};
use lvs_health::{
    Certificates, Grpc, Http, HttpVersion, Network, Outcome, Prepared, Protocol, Shared, Target, Tls, Url,
};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(url) = arguments.next() else {
        eprintln!("usage: check SCHEME://HOST:PORT[/PATH] [CA_FILE]");
        return ExitCode::from(2);
    };
    match check(&url, arguments.next()) {
        Ok(Attempt { outcome, notes, duration, .. }) => {
            println!("{outcome:?} {notes:?} after {duration:?}");
            if matches!(outcome, Outcome::Pass(_)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => {
            eprintln!("{url}: {error}");
            ExitCode::from(2)
        }
    }
}

fn check(url: &str, ca_file: Option<String>) -> Result<Attempt, Box<dyn std::error::Error>> {
    let network = network(url, ca_file).ok_or("not understood")?;
    let mut shared = Shared::new(System);
    let prepared = Prepared::new(&network, &mut shared)?;
    Ok(blocking::attempt(&prepared, 0, 0)?)
}

fn network(url: &str, ca_file: Option<String>) -> Option<Network> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let address: SocketAddr = host.to_socket_addrs().ok()?.next()?;
    let certificates = match ca_file {
        None => Certificates::Any,
        Some(ca_file) => Certificates::Verified { ca_file: ca_file.into() },
    };
    let expiry_warning = Duration::from_secs(14 * 24 * 60 * 60);
    let tls = Tls { certificates, expiry_warning, ..Tls::default() };
    let path = if path.is_empty() { "/" } else { path };
    let http =
        |version, tls| Protocol::Http(Http { version, tls, ..Http::new([Url::new(path, host)]) }.into());
    let protocol = match scheme {
        "tcp" => Protocol::Connect,
        "http" => http(HttpVersion::Http11, None),
        "https" => http(HttpVersion::Http11, Some(tls)),
        "h2c" => http(HttpVersion::Http2, None),
        "h2" => http(HttpVersion::Http2, Some(tls)),
        "grpc" => {
            let service = path.trim_start_matches('/').to_owned();
            Protocol::Grpc(Grpc { service, ..Grpc::new(host) }.into())
        }
        _ => return None,
    };
    Some(Network { target: Target::new(address, Duration::from_secs(5)), protocol })
}
