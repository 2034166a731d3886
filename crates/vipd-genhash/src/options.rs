//! The options of `genhash`: keepalived's.

use std::ffi::OsString;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use lvs_health::{
    DigestMd5, Http, HttpMethod, HttpVersion, Network, Protocol, StatusCodes, Target, Tls, Url,
};

use vipd_cli::Request;
use vipd_cli::getopt::{self, Item, Spec, Value};

/// The request of the command line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Options {
    pub(super) verbose: bool,
    pub(super) network: PageRequest,
}

/// One page of one server.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageRequest {
    pub(super) network: Network,
}

impl PageRequest {
    /// The digest that the page is compared with, so that its own is told.
    pub(super) const NO_DIGEST: DigestMd5 = DigestMd5([0; 16]);

    pub(super) fn is_plain(&self) -> bool {
        !matches!(&self.network.protocol, Protocol::Http(http) if http.tls.is_some())
    }
}

/// Understands the words; an error is what to print instead.
pub(super) fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Options, Request> {
    let items = getopt::parse(SPECS, words).map_err(|error| fail(&error.to_string()))?;
    let mut draft = Draft::default();
    for item in items {
        match item {
            Item::Operand(word) => return Err(fail(&format!("unexpected argument {}", word.display()))),
            Item::Option("help", _) => return Err(Request::PrintError(USAGE.to_owned(), 0)),
            Item::Option(name, value) => draft.take(name, &value.unwrap_or_default().to_string_lossy())?,
        }
    }
    draft.finish()
}

#[derive(Default)]
struct Draft {
    server: Option<IpAddr>,
    port: Option<u16>,
    path: Option<String>,
    ssl: bool,
    sni: bool,
    host: Option<String>,
    verbose: bool,
    mark: u32,
    version: Option<HttpVersion>,
    timeout: Option<Duration>,
}

impl Draft {
    fn take(&mut self, name: &str, value: &str) -> Result<(), Request> {
        let wrong = || fail(&format!("--{name}: {value} is not a valid value"));
        match name {
            "server" => self.server = Some(value.parse().map_err(|_| wrong())?),
            "port" => self.port = Some(value.parse().ok().filter(|&port| port != 0).ok_or_else(wrong)?),
            "url" => self.path = Some(value.to_owned()),
            "use-ssl" => self.ssl = true,
            "use-sni" => self.sni = true,
            "use-virtualhost" => self.host = Some(value.to_owned()),
            "verbose" => self.verbose = true,
            "fwmark" => self.mark = value.parse().map_err(|_| wrong())?,
            "protocol" => {
                self.version = Some(match value {
                    "1.0" => HttpVersion::Http10,
                    "1.0c" | "1.0C" => HttpVersion::Http10Close,
                    "1.1" => HttpVersion::Http11,
                    _ => return Err(wrong()),
                });
            }
            _ => self.timeout = Some(Duration::from_secs(value.parse().map_err(|_| wrong())?)),
        }
        Ok(())
    }

    fn finish(self) -> Result<Options, Request> {
        let (Some(server), Some(port), Some(path)) = (self.server, self.port, self.path) else {
            return Err(fail("server, port and url are needed"));
        };
        let address = SocketAddr::new(server, port);
        let url = Url {
            method: HttpMethod::Get,
            path,
            request_body: None,
            host: self.host.clone().unwrap_or_else(|| address.to_string()),
            server_name: self.host.filter(|_| self.sni),
            status: StatusCodes::from_ranges([(100, 599)]),
            digest: Some(PageRequest::NO_DIGEST),
            pattern: None,
            follow_redirects: 0,
            body: None,
            tls_compliant: false,
        };
        let http = Http {
            urls: vec![url],
            version: self.version.unwrap_or(HttpVersion::Http10),
            tls: self.ssl.then(Tls::default),
            headers: Vec::new(),
            basic_auth: None,
        };
        let timeout = self.timeout.unwrap_or(TIMEOUT);
        let target = Target {
            fwmark: self.mark,
            limit: WHOLE.max(timeout.saturating_mul(2)),
            ..Target::new(address, timeout)
        };
        let network = Network { target, protocol: Protocol::Http(http.into()) };
        Ok(Options { verbose: self.verbose, network: PageRequest { network } })
    }
}

fn fail(why: &str) -> Request {
    Request::PrintError(format!("genhash: {why}\n\n{USAGE}"), 1)
}

const fn spec(letter: u8, name: &'static str, value: Value) -> Spec {
    Spec { letter: Some(letter), name, value }
}

const SPECS: &[Spec] = &[
    spec(b's', "server", Value::Required),
    spec(b'p', "port", Value::Required),
    spec(b'u', "url", Value::Required),
    spec(b'S', "use-ssl", Value::None),
    spec(b'I', "use-sni", Value::None),
    spec(b'V', "use-virtualhost", Value::Required),
    spec(b'v', "verbose", Value::None),
    spec(b'm', "fwmark", Value::Required),
    spec(b'P', "protocol", Value::Required),
    spec(b't', "timeout", Value::Required),
    spec(b'h', "help", Value::None),
];

/// Limit for connecting and for each wait after that.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Limit for everything: a long page takes its time.
const WHOLE: Duration = Duration::from_secs(600);

const USAGE: &str = "\
Usage: vipd genhash -s SERVER-IP -p PORT -u PATH [OPTION...]
  -s, --server=IP              address of the server
  -p, --port=PORT              its port
  -u, --url=PATH               what to ask for
  -S, --use-ssl                with TLS
  -I, --use-sni                send the name of -V as TLS server name
  -V, --use-virtualhost=NAME   Host header
  -v, --verbose                show what the server sends
  -m, --fwmark=MARK            mark of the packets
  -P, --protocol=VERSION       1.0 (default), 1.0c or 1.1
  -t, --timeout=SECONDS        limit for connecting and for each wait (default 5)
  -h, --help                   print this
";

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Options, Request> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn server_port_and_url_are_needed() {
        assert!(parsed("-s 192.0.2.1 -p 80 -u /").is_ok());
        for line in ["", "-s 192.0.2.1 -p 80", "-s name -p 80 -u /", "-s 192.0.2.1 -p 0 -u /"] {
            assert!(matches!(parsed(line), Err(Request::PrintError(_, 1))), "{line}");
        }
    }

    #[test]
    fn a_time_that_no_clock_can_tell_is_no_accident() {
        let options = parsed(&format!("-s 192.0.2.1 -p 80 -u / -t {}", u64::MAX)).unwrap();
        assert_eq!(options.network.network.target.limit, Duration::MAX);
    }

    #[test]
    fn the_host_header_is_the_address_unless_a_name_is_given() {
        let host = |line: &str| match parsed(line).unwrap().network.network.protocol {
            Protocol::Http(http) => http.urls[0].host.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!(host("-s 2001:db8::1 -p 8080 -u /"), "[2001:db8::1]:8080");
        assert_eq!(host("-s 192.0.2.1 -p 80 -u / -V www.example.org"), "www.example.org");
    }
}
