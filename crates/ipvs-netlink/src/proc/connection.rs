//! The connection table: `/proc/net/ip_vs_conn` and `/proc/net/ip_vs_conn_sync`.
//!
//! ```text
//! Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
//! TCP 0A090001 E240 0A090001 0050 7F000001 1F90 ESTABLISHED     900
//!
//! Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Origin Expires
//! TCP 0A090001 E240 0A090001 0050 7F000001 1F90 ESTABLISHED LOCAL      899
//! ```

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

/// A connection that IPVS knows, or a template: what keeps a client with its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Connection {
    /// `TCP`, `UDP`, `SCTP`, `ESP`, `AH`, or `IP` for the template of a firewall mark.
    pub protocol: String,
    /// Where it comes from. A template has port 0, and its address is the client's network.
    pub client: SocketAddr,
    /// The service: the address and port that the client connected to.
    pub service: SocketAddr,
    /// The destination that it was given.
    pub destination: SocketAddr,
    /// The state as the kernel names it: `SYN_RECV`, `ESTABLISHED`, `FIN_WAIT`, `TIME_WAIT`, `CLOSE`, `UDP`; `ASSURED` for a
    /// template that connections have confirmed.
    pub state: String,
    /// When the kernel forgets it, unless a packet comes.
    pub expires: Duration,
    /// The persistence engine of a template, and its data (a SIP call identifier).
    pub engine: Option<(String, String)>,
    /// Where it was made; known only from [`Connections::with_origin`].
    pub origin: Option<Origin>,
}

/// Where a connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Origin {
    /// On this machine.
    Local,
    /// A sync daemon received it from another machine.
    Synchronized,
}

/// A line of the connection table that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no connection: `{line}`")]
pub struct ConnectionError {
    /// The line, or its beginning.
    pub line: String,
}

/// The connections, read as they are asked for: a large table is never in memory as a whole.
#[derive(Debug)]
pub struct Connections<R> {
    lines: R,
    line: Vec<u8>,
}

impl Connections<BufReader<File>> {
    /// The connections of the calling thread's network namespace. Reading takes `CAP_NET_ADMIN` or root.
    ///
    /// # Errors
    /// If the kernel has no IPVS, or the file may not be read.
    pub fn open() -> io::Result<Self> {
        File::open("/proc/thread-self/net/ip_vs_conn").map(BufReader::new).map(Self::new)
    }

    /// The same with [`Connection::origin`], and without persistence engines.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn with_origin() -> io::Result<Self> {
        File::open("/proc/thread-self/net/ip_vs_conn_sync").map(BufReader::new).map(Self::new)
    }
}

impl<R: BufRead> Connections<R> {
    /// The connections in a text of either format.
    ///
    /// ```
    /// use ipvs_netlink::proc::Connections;
    ///
    /// let text = "TCP 0A090001 E240 C0000201 0050 7F000001 1F90 ESTABLISHED     900\n";
    /// let connections: Vec<_> = Connections::new(text.as_bytes()).collect::<Result<_, _>>()?;
    /// assert_eq!(connections[0].client, "10.9.0.1:57920".parse().unwrap());
    /// assert_eq!(connections[0].state, "ESTABLISHED");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn new(lines: R) -> Self {
        Self { lines, line: Vec::new() }
    }
}

/// A line that makes no sense is an error of the kind [`io::ErrorKind::InvalidData`]; the next call goes on behind it.
impl<R: BufRead> Iterator for Connections<R> {
    type Item = io::Result<Connection>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.line.clear();
            match self.lines.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut self.line) {
                Ok(0) => return None,
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
            let line = String::from_utf8_lossy(&self.line);
            let line = line.trim();
            if line.is_empty() || line.starts_with("Pro ") {
                continue;
            }
            return Some(line.parse().map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)));
        }
    }
}

impl FromStr for Connection {
    type Err = ConnectionError;

    fn from_str(line: &str) -> Result<Self, ConnectionError> {
        connection(line).ok_or_else(|| ConnectionError { line: line.chars().take(120).collect() })
    }
}

fn connection(line: &str) -> Option<Connection> {
    let mut words = line.split_ascii_whitespace();
    let protocol = words.next()?.to_owned();
    let mut endpoint = || Some(SocketAddr::new(address(words.next()?)?, port(words.next()?)?));
    let (client, service, destination) = (endpoint()?, endpoint()?, endpoint()?);
    let state = words.next()?.to_owned();
    let word = words.next()?;
    let origin = match word {
        "LOCAL" => Some(Origin::Local),
        "SYNC" => Some(Origin::Synchronized),
        _ => None,
    };
    let expires = if origin.is_some() { words.next()? } else { word };
    let expires = Duration::from_secs(expires.parse::<u32>().ok()?.into());
    let engine = words.next().map(|name| (name.to_owned(), words.collect::<Vec<_>>().join(" ")));
    Some(Connection { protocol, client, service, destination, state, expires, engine, origin })
}

/// Eight hexadecimal digits, or an IPv6 address in full.
fn address(word: &str) -> Option<IpAddr> {
    if word.contains(':') {
        return word.parse().ok().filter(IpAddr::is_ipv6);
    }
    let digits = word.len() == 8;
    digits.then(|| u32::from_str_radix(word, 16).ok()).flatten().map(|bits| Ipv4Addr::from(bits).into())
}

fn port(word: &str) -> Option<u16> {
    u16::from_str_radix(word, 16).ok().filter(|_| word.len() == 4)
}

/// The data of a persistence engine has at most 255 characters, each written in at most 4.
const LONGEST_LINE: u64 = 2048;

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux 6.1 showed it.
    const TABLE: &str = "\
Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData
TCP 0A090001 E240 0A090001 0050 7F000001 1F90 ESTABLISHED     900
TCP fd00:0009:0000:0000:0000:0000:0000:0001 EC76 fd00:0009:0000:0000:0000:0000:0000:0001 0050 0000:0000:0000:0000:0000:0000:0000:0001 1F90 TIME_WAIT        59
TCP 0A090001 0000 0A090001 0050 7F000001 1F90 ASSURED         100
UDP 0A090001 94E2 0A090001 0035 7F000001 14E9 UDP             300 sip abc@10.9.0.1 x
";

    #[test]
    fn connections_of_both_families_and_templates_are_read() {
        let all: Vec<Connection> = Connections::new(TABLE.as_bytes()).map(|one| one.unwrap()).collect();
        assert_eq!(all.len(), 4);
        assert_eq!(all[0].client.to_string(), "10.9.0.1:57920");
        assert_eq!(all[0].destination.to_string(), "127.0.0.1:8080");
        assert_eq!((all[0].state.as_str(), all[0].expires.as_secs()), ("ESTABLISHED", 900));
        assert_eq!(all[1].service.to_string(), "[fd00:9::1]:80");
        assert_eq!((all[2].client.port(), all[2].state.as_str()), (0, "ASSURED"));
        assert_eq!(all[3].engine, Some(("sip".to_owned(), "abc@10.9.0.1 x".to_owned())));
        assert!(all.iter().all(|one| one.origin.is_none()));
    }

    #[test]
    fn the_synchronized_table_says_where_connections_were_made() {
        let line = "TCP 0A090001 E240 0A090001 0050 7F000001 1F90 ESTABLISHED SYNC       899";
        let connection: Connection = line.parse().unwrap();
        assert_eq!((connection.origin, connection.expires.as_secs()), (Some(Origin::Synchronized), 899));
    }

    #[test]
    fn a_line_that_makes_no_sense_is_an_error_and_the_next_one_is_read() {
        let text = "TCP zz\nTCP 0A090001 E240 0A090001 0050 7F000001 1F90 CLOSE 1\n";
        let mut connections = Connections::new(text.as_bytes());
        assert_eq!(connections.next().unwrap().unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(connections.next().unwrap().is_ok());
        assert!(connections.next().is_none());
        for cut in 0..60 {
            let line = &"TCP 0A090001 E240 0A090001 0050 7F000001 1F90 ESTABLISHED     900"[..cut];
            assert!(line.parse::<Connection>().is_err(), "{line}");
        }
    }
}
