//! The client: asks the virtual address at a steady pace and keeps which questions were never answered.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

use super::frame::PROBE_MAGIC;
use super::{Host, Stamp};

/// Protocol of the client's questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// ICMP echo: the holder's kernel answers.
    Echo,
    /// A UDP datagram to this port: a service behind the address answers with the same bytes.
    Udp(u16),
}

/// One question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shot {
    /// When it was sent.
    pub sent: Stamp,
    /// When the answer was read.
    pub answered: Option<Stamp>,
}

impl Shot {
    /// Whether it is lost: no answer came within `patience`. One that is younger than that at `now` is not yet.
    #[must_use]
    pub fn is_lost(&self, now: Stamp, patience: Duration) -> bool {
        self.answered.unwrap_or(now).since(self.sent) > patience
    }
}

/// A client at work. Ends when dropped.
#[derive(Debug)]
pub struct Probe {
    shots: Arc<Mutex<Vec<Shot>>>,
    stop: Arc<AtomicBool>,
    worker: Option<JoinHandle<()>>,
}

impl Probe {
    /// Starts to ask `target` from `host` every `period` (500 µs or more is sensible).
    pub fn start(host: &Host, target: IpAddr, via: Via, period: Duration) -> io::Result<Self> {
        let socket = host.run(move || Link::open(target, via))??;
        let shots = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (into, until) = (Arc::clone(&shots), Arc::clone(&stop));
        let body = move || ask(&socket, period, &into, &until);
        let worker = std::thread::Builder::new().name("probe".to_owned()).spawn(body)?;
        Ok(Self { shots, stop, worker: Some(worker) })
    }

    /// Number of questions sent so far; also the number of the next one.
    pub fn position(&self) -> usize {
        self.shots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The questions from number `position` on.
    pub fn after(&self, position: usize) -> Vec<Shot> {
        let shots = self.shots.lock().unwrap_or_else(PoisonError::into_inner);
        shots.get(position..).unwrap_or_default().to_vec()
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// Questions kept at most: an hour at 1 kHz.
const MOST: usize = 3_600_000;

fn ask(socket: &Link, period: Duration, shots: &Mutex<Vec<Shot>>, stop: &AtomicBool) {
    let mut due = Instant::now();
    let mut number = 0_u32;
    while !stop.load(Ordering::Relaxed) && (number as usize) < MOST {
        let sent = Stamp::now();
        shots.lock().unwrap_or_else(PoisonError::into_inner).push(Shot { sent, answered: None });
        // No route or no neighbour is a loss like any other.
        let _ = socket.send(number);
        number = number.saturating_add(1);
        due += period;
        while let Some(left) = due.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
            let Some(answered) = socket.receive(left) else { continue };
            let mut shots = shots.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(shot) = shots.get_mut(answered as usize) {
                shot.answered.get_or_insert_with(Stamp::now);
            }
        }
    }
}

/// The client's socket; UDP, or a raw one for echo.
#[derive(Debug)]
struct Link {
    socket: UdpSocket,
    target: SocketAddr,
    via: Via,
}

impl Link {
    fn open(target: IpAddr, via: Via) -> io::Result<Self> {
        let domain = if target.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
        let (kind, protocol, port) = match (via, target) {
            (Via::Udp(port), _) => (Type::DGRAM, Protocol::UDP, port),
            (Via::Echo, IpAddr::V4(_)) => (Type::RAW, Protocol::ICMPV4, 0),
            (Via::Echo, IpAddr::V6(_)) => (Type::RAW, Protocol::ICMPV6, 0),
        };
        let socket = Socket::new(domain, kind, Some(protocol))?;
        socket.set_nonblocking(true)?;
        Ok(Self { socket: socket.into(), target: SocketAddr::new(target, port), via })
    }

    fn send(&self, number: u32) -> io::Result<()> {
        let payload = payload(number);
        match self.via {
            Via::Udp(_) => self.socket.send_to(&payload, self.target)?,
            Via::Echo => self.socket.send_to(&echo_request(self.target.is_ipv6(), number), self.target)?,
        };
        Ok(())
    }

    /// Waits at most `left` for an answer; gives its number.
    fn receive(&self, left: Duration) -> Option<u32> {
        let mut buffer = [0_u8; 256];
        let mut polled = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        let ready = ppoll(&mut polled, Some(TimeSpec::from_duration(left)), None).ok()?;
        if ready == 0 {
            return None;
        }
        let (length, _from) = self.socket.recv_from(&mut buffer).ok()?;
        self.answer(buffer.get(..length)?)
    }

    /// A raw IPv4 socket gives the IP header too, and all of them give requests to this host as well.
    fn answer(&self, message: &[u8]) -> Option<u32> {
        let body = match (self.via, self.target.is_ipv4()) {
            (Via::Udp(_), _) => message,
            (Via::Echo, true) => {
                message.get(usize::from(message.first()? & 0x0f) * 4..)?.strip_prefix(&[0])?.get(7..)?
            }
            (Via::Echo, false) => message.strip_prefix(&[129])?.get(7..)?,
        };
        Some(u32::from_be_bytes(*body.strip_prefix(&PROBE_MAGIC)?.first_chunk()?))
    }
}

fn payload(number: u32) -> [u8; 12] {
    let mut payload = [0; 12];
    let (magic, rest) = payload.split_at_mut(8);
    magic.copy_from_slice(&PROBE_MAGIC);
    rest.copy_from_slice(&number.to_be_bytes());
    payload
}

/// An echo request (RFC 792, RFC 4443 §4.1). The kernel fills in the checksum of ICMPv6 only.
fn echo_request(ipv6: bool, number: u32) -> [u8; 20] {
    let mut message = [0; 20];
    message[0] = if ipv6 { 128 } else { 8 };
    let (_, sequence) = message.split_at_mut(6);
    sequence[..2].copy_from_slice(&number.to_be_bytes()[2..]);
    sequence[2..].copy_from_slice(&payload(number));
    let (words, _) = message.as_chunks::<2>();
    let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !u16::try_from((folded & 0xffff) + (folded >> 16)).unwrap_or(0);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_octets_of_an_echo_request_sum_to_minus_zero() {
        for number in [0, 1, 65_535, 70_000, u32::MAX] {
            let message = echo_request(false, number);
            let (words, _) = message.as_chunks::<2>();
            let sum: u32 = words.iter().map(|word| u32::from(u16::from_be_bytes(*word))).sum();
            assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "{number}");
        }
    }

    #[test]
    fn a_question_is_lost_when_its_answer_is_late_or_missing() {
        let at = |ms| Stamp::from_epoch(Duration::from_millis(ms));
        let patience = Duration::from_millis(100);
        let unanswered = Shot { sent: at(0), answered: None };
        assert!(!unanswered.is_lost(at(100), patience));
        assert!(unanswered.is_lost(at(101), patience));
        assert!(Shot { sent: at(0), answered: Some(at(101)) }.is_lost(at(102), patience));
        assert!(!Shot { sent: at(0), answered: Some(at(99)) }.is_lost(at(1000), patience));
    }
}
