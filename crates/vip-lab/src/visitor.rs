//! The client of web servers: requests the virtual address at a steady pace and keeps which server answered each request.

use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use socket2::{Domain, Socket, Type};

use super::{Host, Stamp};

/// One request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// When it began.
    pub asked: Stamp,
    /// When it was over.
    pub over: Stamp,
    /// The first line of the page, which is the server's name, or what went wrong.
    pub page: Result<String, io::ErrorKind>,
}

/// A client at work. Ends when dropped.
#[derive(Debug)]
pub struct Visitor {
    visits: Arc<Mutex<Vec<Visit>>>,
    stop: Arc<AtomicBool>,
    workers: Vec<JoinHandle<io::Result<()>>>,
}

impl Visitor {
    /// Asks `target` from `host` every `period`, from its address `source`. A request may take [`PATIENCE`].
    pub fn start(host: &Host, source: IpAddr, target: SocketAddr, period: Duration) -> io::Result<Self> {
        let visits = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        // So many that the next one is always free while the others wait for an answer, and are a bit late.
        let waiting = u32::try_from(PATIENCE.as_micros() / period.as_micros().max(1)).unwrap_or(u32::MAX);
        let count = waiting.saturating_add(3).min(MAX_AT_ONCE);
        let start = Instant::now();
        let mut visitor = Self { visits, stop, workers: Vec::new() };
        for number in 0..count {
            let (into, until) = (Arc::clone(&visitor.visits), Arc::clone(&visitor.stop));
            let first = start + period * number;
            let body = move || {
                let mut due = first;
                while !until.load(Ordering::Relaxed) {
                    std::thread::sleep(due.saturating_duration_since(Instant::now()));
                    let visit = visit(source, target);
                    let mut visits = into.lock().unwrap_or_else(PoisonError::into_inner);
                    if visits.len() < MOST {
                        visits.push(visit);
                    }
                    drop(visits);
                    // One that was late leaves questions out; it does not ask faster afterwards.
                    while due <= Instant::now() {
                        due += period * count;
                    }
                }
            };
            visitor.workers.push(host.thread("visitor", body)?);
        }
        Ok(visitor)
    }

    /// Number of requests that are over; a position for [`after`](Self::after).
    pub fn position(&self) -> usize {
        self.visits.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The requests from `position` on, in the order in which they were over.
    pub fn after(&self, position: usize) -> Vec<Visit> {
        let visits = self.visits.lock().unwrap_or_else(PoisonError::into_inner);
        visits.get(position..).unwrap_or_default().to_vec()
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

/// Time that a request may take before it counts as failed. Shorter than TCP takes to repeat its first packet, a
/// second: an answer shall tell that all was well when the question was asked.
pub const PATIENCE: Duration = Duration::from_millis(900);

/// Requests under way at once, at most.
const MAX_AT_ONCE: u32 = 32;

/// Requests kept at most.
const MOST: usize = 1_000_000;

/// One request from `source` to `target`.
#[must_use]
pub fn visit(source: IpAddr, target: SocketAddr) -> Visit {
    let asked = Stamp::now();
    let page = page(source, target, Instant::now() + PATIENCE).map_err(|error| error.kind());
    Visit { asked, over: Stamp::now(), page }
}

fn page(source: IpAddr, target: SocketAddr, deadline: Instant) -> io::Result<String> {
    let left = || match deadline.saturating_duration_since(Instant::now()) {
        Duration::ZERO => Err(io::Error::from(io::ErrorKind::TimedOut)),
        left => Ok(left),
    };
    let socket = Socket::new(Domain::for_address(target), Type::STREAM, None)?;
    socket.bind(&SocketAddr::new(source, 0).into())?;
    socket.connect_timeout(&target.into(), left()?)?;
    let mut connection = TcpStream::from(socket);
    connection.write_all(b"GET / HTTP/1.0\r\n\r\n")?;
    let mut text = Vec::new();
    let mut buffer = [0; 1024];
    while text.len() < LONGEST {
        connection.set_read_timeout(Some(left()?))?;
        match connection.read(&mut buffer)? {
            0 => break,
            length => text.extend_from_slice(buffer.get(..length).unwrap_or_default()),
        }
    }
    first_line(&String::from_utf8_lossy(&text)).ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// Longest answer.
const LONGEST: usize = 64 << 10;

/// The first line of the page in an answer with status 200.
fn first_line(answer: &str) -> Option<String> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?;
    (status == "200").then(|| body.lines().next().map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_answer_with_status_200_is_a_page() {
        let line = |answer| first_line(answer);
        assert_eq!(line("HTTP/1.0 200 OK\r\nA: b\r\n\r\ns1\nmore\n"), Some("s1".to_owned()));
        assert_eq!(line("HTTP/1.1 503 Sorry\r\n\r\ns1\n"), None);
        assert_eq!(line("HTTP/1.0 200 OK\r\nA: b\r\n"), None);
        assert_eq!(line("HTTP/1.0 200 OK\r\n\r\n"), None);
        assert_eq!(line(""), None);
    }
}
