//! Servers that send their name and then everything back, clients that hold connections, and `ipvsadm`'s counters.

#![allow(unreachable_pub, reason = "a module of a test program")]

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::panic::Location;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::socket::{Shutdown, shutdown};
use socket2::{Domain, Socket, Type};
use vip_lab::Host;

use crate::common::hosts::{Maker, Router};
use crate::common::lvs::Balancers;

/// The load balancers that are looked at, one after the other.
pub const MAKERS: [Maker; 2] = [Maker::Keepalived, Maker::Vipd];

/// Longest time until a new configuration is in the kernel; starting a daemon takes a second here.
pub const START: Duration = Duration::from_secs(4);

/// Longest time until a check has noticed something: at most a second by the intervals used, and a busy machine.
pub const NOTICE: Duration = Duration::from_secs(4);

/// The port at which [`Talker`]s listen.
pub const PORT: u16 = 7000;

pub const GLOBAL: &str = "global_defs {\n router_id lab\n script_user root\n}\n";

/// Longest time for one word and its answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// A server of both families, over TCP and UDP. A client that connects gets its name and then every byte again; one
/// that sends a datagram gets its name. Dropping it closes the port; connections go on.
#[derive(Debug)]
pub struct Talker {
    listener: Arc<TcpListener>,
    worker: Option<JoinHandle<io::Result<()>>>,
    greeted: Arc<AtomicUsize>,
}

impl Talker {
    /// Number of clients that have connected so far.
    pub fn greeted(&self) -> usize {
        self.greeted.load(Ordering::Relaxed)
    }

    pub fn start(host: &Host) -> Self {
        let any = SocketAddr::new("::".parse().unwrap(), PORT);
        let name = format!("{}\n", host.name());
        let listener = Arc::new(host.run(move || TcpListener::bind(any)).unwrap().unwrap());
        let (accepting, greeting) = (Arc::clone(&listener), name.clone());
        let greeted = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&greeted);
        let accept = move || {
            while let Ok((connection, _)) = accepting.accept() {
                count.fetch_add(1, Ordering::Relaxed);
                let greeting = greeting.clone();
                std::thread::spawn(move || echo(connection, &greeting));
            }
        };
        let worker = host.thread("talker", accept).unwrap();
        let datagrams = host.run(move || UdpSocket::bind(any)).unwrap();
        if let Ok(socket) = datagrams {
            // Lives as long as the test; there is nobody to tell it the end.
            std::thread::spawn(move || {
                let mut buffer = [0; 512];
                while let Ok((_, from)) = socket.recv_from(&mut buffer) {
                    let _ = socket.send_to(name.trim_end().as_bytes(), from);
                }
            });
        }
        Self { listener, worker: Some(worker), greeted }
    }
}

impl Drop for Talker {
    fn drop(&mut self) {
        let _ = shutdown(self.listener.as_raw_fd(), Shutdown::Both);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

fn echo(mut connection: TcpStream, greeting: &str) -> io::Result<()> {
    connection.write_all(greeting.as_bytes())?;
    let mut buffer = [0; 512];
    loop {
        match connection.read(&mut buffer)? {
            0 => return Ok(()),
            length => connection.write_all(buffer.get(..length).unwrap_or_default())?,
        }
    }
}

/// An agent that says the same to everybody who connects to port 7100.
#[derive(Debug)]
pub struct Agent {
    line: Arc<Mutex<String>>,
}

impl Agent {
    pub fn start(host: &Host, line: &str) -> Self {
        let any = SocketAddr::new("::".parse().unwrap(), 7100);
        let listener = host.run(move || TcpListener::bind(any)).unwrap().unwrap();
        let line = Arc::new(Mutex::new(line.to_owned()));
        let says = Arc::clone(&line);
        // Lives as long as the test.
        std::thread::spawn(move || {
            while let Ok((mut connection, _)) = listener.accept() {
                let line = says.lock().unwrap().clone();
                let _ = connection.write_all(format!("{line}\n").as_bytes());
            }
        });
        Self { line }
    }

    /// Sets the line that it says from now on.
    pub fn says(&self, line: &str) {
        line.clone_into(&mut self.line.lock().unwrap());
    }
}

/// A connection that stays open.
#[derive(Debug)]
pub struct Talk {
    stream: TcpStream,
    /// The name of the server at the other end.
    pub with: String,
}

impl Talk {
    /// Connects from `source`, an address of `client`.
    pub fn open(client: &Host, source: IpAddr, target: SocketAddr) -> io::Result<Self> {
        client.run(move || Self::connect(source, target))?
    }

    /// The same in the calling thread's network.
    pub fn connect(source: IpAddr, target: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(target), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(source, 0).into())?;
        socket.connect_timeout(&target.into(), PATIENCE)?;
        let mut stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let mut name = Vec::new();
        let mut octet = [0];
        while name.last() != Some(&b'\n') {
            stream.read_exact(&mut octet)?;
            name.push(octet[0]);
        }
        Ok(Self { stream, with: String::from_utf8_lossy(&name).trim_end().to_owned() })
    }

    /// Says something, and waits at most this long for it to come back.
    pub fn say(&mut self, text: &str, patience: Duration) -> io::Result<()> {
        self.stream.set_read_timeout(Some(patience))?;
        self.stream.write_all(text.as_bytes())?;
        let mut back = vec![0; text.len()];
        self.stream.read_exact(&mut back)?;
        if back == text.as_bytes() { Ok(()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
}

/// Sends a datagram and gives the name that comes back.
pub fn ask(client: &Host, source: IpAddr, target: SocketAddr) -> io::Result<String> {
    let ask = move || {
        let socket = UdpSocket::bind(SocketAddr::new(source, 0))?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.connect(target)?;
        socket.send(b"who?")?;
        let mut buffer = [0; 64];
        let length = socket.recv(&mut buffer)?;
        Ok(String::from_utf8_lossy(buffer.get(..length).unwrap_or_default()).into_owned())
    };
    client.run(ask)?
}

/// Counts each of these names.
pub fn count<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeMap<&'a str, usize> {
    let mut count = BTreeMap::new();
    for name in names {
        *count.entry(name).or_default() += 1;
    }
    count
}

/// Output of a shell on a machine; it must succeed.
#[track_caller]
pub fn shell(host: &Host, text: &str) -> String {
    let mut command = Command::new("sh");
    command.args(["-ec", text]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = host.spawn(command).unwrap().wait_with_output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {text}\n{error}", host.name());
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The line of a virtual or real server in `ipvsadm -Ln --stats`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    pub connections: u64,
    pub packets_in: u64,
    pub packets_out: u64,
}

/// Waits until the kernel has counted this many connections of each of these names, as [`counters`] gives them; it adds
/// up every two seconds.
#[track_caller]
pub fn expect_connections(director: &Router, expected: &[(String, u64)]) -> BTreeMap<String, Counters> {
    let place = Location::caller();
    let start = Instant::now();
    loop {
        let counted = counters(director);
        let of = |name: &str| counted.get(name).map(|counters| counters.connections);
        let wrong: Vec<_> =
            expected.iter().filter(|(name, count)| of(name) != Some(*count)).map(|(name, _)| name).collect();
        if wrong.is_empty() {
            return counted;
        }
        assert!(
            start.elapsed() < ADDED_UP,
            "{place}: {:?}: {wrong:?} of {expected:?} in {counted:#?}",
            director.maker
        );
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Longest time until the kernel has added up its counters, on a busy machine.
const ADDED_UP: Duration = Duration::from_secs(8);

/// The kernel's counters, by virtual server (`TCP 192.0.2.100:80`) and by real server (the same, a `>` and the real
/// server's address).
pub fn counters(director: &Router) -> BTreeMap<String, Counters> {
    let text = director.shell("/usr/sbin/ipvsadm -Ln --stats --exact");
    let mut service = String::new();
    let mut counters = BTreeMap::new();
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [first, name, numbers @ ..] = words.as_slice() else { continue };
        let Some(Ok(read)) = numbers
            .get(..3)
            .map(|three| three.iter().map(|word| word.parse()).collect::<Result<Vec<u64>, _>>())
        else {
            continue;
        };
        let key = if *first == "->" {
            format!("{service} > {name}")
        } else {
            service = format!("{first} {name}");
            service.clone()
        };
        let [connections, packets_in, packets_out] = read[..] else { continue };
        counters.insert(key, Counters { connections, packets_in, packets_out });
    }
    counters
}

/// One director of this maker with two talking servers, which forwards, but has no virtual address yet.
pub fn one_director(maker: Maker) -> (Balancers, Vec<Talker>) {
    let lab = Balancers::new(&[maker]);
    let talkers = lab.farm.servers.iter().map(|server| Talker::start(&server.host)).collect();
    (lab, talkers)
}

/// Gives a director the addresses that others hold by VRRP.
pub fn own_addresses(director: &Router, addresses: &[&str]) {
    let line = |address: &&str| {
        let (address, interface) = address.split_once('%').unwrap();
        // As the daemons do: a virtual address is nobody's source, not that of a tunnel either.
        let more = match (address.contains(':'), address.ends_with("/128")) {
            (true, true) => "nodad preferred_lft 0",
            (true, false) => "nodad",
            (false, _) => "",
        };
        format!("ip addr add {address} dev {interface} {more}")
    };
    let lines: Vec<String> = addresses.iter().map(line).collect();
    shell(&director.host, &lines.join("\n"));
}
