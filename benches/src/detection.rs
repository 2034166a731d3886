//! From the death of a real server to the moment at which the load balancer takes it out, held against what the
//! configuration allows.
//!
//! A server dies in two ways: its port closes, and the next attempt is refused; or it falls silent, as a machine
//! without power does, and the attempt takes its whole time. Deaths come at all phases of the checks.

use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::thread::sleep;
use std::time::{Duration, Instant};

use socket2::{SockFilter, SockRef};
use vip_lab::daemon::Daemon;
use vip_lab::{Host, Lab, Stamp};

use crate::Failure;
use crate::balancer::{self, Pool, last_words};
use crate::contender::Contender;
use crate::listener::listen;
use crate::report::{Table, Unit};

/// Servers that die in each way, in one lab.
const SERVERS: u8 = 20;
const ROUNDS: u32 = 2;

const DELAY_LOOP: Duration = Duration::from_secs(2);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const DELAY_BEFORE_RETRY: Duration = Duration::from_secs(1);
const RETRY: u32 = 1;

pub(crate) fn measure(contenders: &[Contender], show: &mut impl FnMut(Table)) {
    let labels = contenders.iter().map(|contender| contender.label.clone()).collect();
    let title = format!(
        "detection, delay_loop {DELAY_LOOP:?}, connect_timeout {CONNECT_TIMEOUT:?}, \
         {RETRY} retry after {DELAY_BEFORE_RETRY:?}; bounds {:?} and {:?}",
        bound(Death::Refuses),
        bound(Death::Silent),
    );
    let mut table = Table::new(title, labels, &MEASURES);
    for _round in 0..ROUNDS {
        for (daemon, contender) in contenders.iter().enumerate() {
            if let Err(failure) = round(contender, &mut table, daemon) {
                table.complain(daemon, failure);
            }
        }
    }
    show(table);
}

const MEASURES: [(&str, Unit); 4] = [
    ("refuses: to removal, ms", Unit::Micros),
    ("refuses: part of the bound", Unit::Micros),
    ("silent: to removal, ms", Unit::Micros),
    ("silent: part of the bound", Unit::Micros),
];

/// The death of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    Refuses,
    Silent,
}

/// The longest that it can take: death comes right after an attempt, and each later one takes all its time.
fn bound(death: Death) -> Duration {
    let attempt = if death == Death::Silent { CONNECT_TIMEOUT } else { Duration::ZERO };
    DELAY_LOOP + attempt + (DELAY_BEFORE_RETRY + attempt) * RETRY
}

fn round(contender: &Contender, table: &mut Table, daemon: usize) -> Result<(), Failure> {
    let mut lab = Lab::new()?;
    let host = lab.host("balancer", "eth0", &["192.0.2.1/24".parse()?])?;
    let mut ports = open(&host, Death::Refuses)?;
    let silent = open(&host, Death::Silent)?;
    let balancer = balancer::start(&host, contender, &[pool(0, Death::Refuses), pool(1, Death::Silent)])?;
    // Every first check, even of a daemon that waits before it.
    sleep(DELAY_LOOP * 2 + Duration::from_secs(2));

    let mut deaths = Vec::new();
    for (last, quiet) in (1..=SERVERS).rev().zip(silent.iter().rev()) {
        drop(ports.pop());
        deaths.push((Stamp::now(), Death::Refuses, last));
        // A filter that lets nothing through, not even a SYN.
        SockRef::from(quiet).attach_filter(&[SockFilter::new(RETURN, 0, 0, 0)])?;
        deaths.push((Stamp::now(), Death::Silent, last));
        // Steps of the golden ratio meet all phases alike.
        sleep(DELAY_LOOP.mul_f64(0.618) / 4);
    }
    let deadline = Instant::now() + bound(Death::Silent) + Duration::from_secs(2);
    while removals(&balancer).len() < deaths.len() && Instant::now() < deadline {
        sleep(Duration::from_millis(50));
    }

    let removals = removals(&balancer);
    for (died, death, last) in deaths {
        let name = format!("[{}]:", address(death, last));
        let Some((at, _)) = removals.iter().find(|(_, text)| text.contains(&name)) else {
            table.complain(daemon, format!("{death:?} {name} was never removed\n{}", last_words(&balancer)));
            continue;
        };
        let taken = at.since(died);
        let thousandths = taken.as_micros() * 1000 / bound(death).as_micros();
        let values = [i64::try_from(taken.as_micros()).ok(), i64::try_from(thousandths).ok()].into_iter();
        let before = if death == Death::Silent { 2 } else { 0 };
        table.add(daemon, std::iter::repeat_n(None, before).chain(values));
    }
    Ok(())
}

/// A port for each server. Nobody accepts: the kernel does, until the long queue is full.
fn open(host: &Host, death: Death) -> Result<Vec<TcpListener>, Failure> {
    let addresses: Vec<IpAddr> = (1..=SERVERS).map(|last| address(death, last)).collect();
    let open = move || addresses.into_iter().map(|address| listen((address, PORT).into())).collect();
    let ports: std::io::Result<Vec<TcpListener>> = host.run(open)?;
    Ok(ports?)
}

fn pool(number: u32, death: Death) -> Pool {
    Pool {
        number,
        servers: (1..=SERVERS).map(|last| (address(death, last), PORT)).collect(),
        delay_loop: DELAY_LOOP,
        checker: format!(
            "TCP_CHECK {{\n connect_timeout {}\n retry {RETRY}\n delay_before_retry {}\n }}",
            CONNECT_TIMEOUT.as_secs(),
            DELAY_BEFORE_RETRY.as_secs()
        ),
    }
}

fn address(death: Death, last: u8) -> IpAddr {
    let third = if death == Death::Silent { 2 } else { 1 };
    IpAddr::V4(Ipv4Addr::new(127, 3, third, last))
}

/// Lines that tell of a removal, with their times.
fn removals(balancer: &Daemon) -> Vec<(Stamp, String)> {
    let lines = balancer.log().into_iter().filter(|line| line.text.contains("Removing service"));
    lines.map(|line| (line.at, line.text)).collect()
}

/// The classic packet filter's instruction to let so many octets through (BPF_RET | BPF_K).
const RETURN: u16 = 6;

const PORT: u16 = 8080;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_server_takes_each_attempt_its_whole_time() {
        assert_eq!(bound(Death::Refuses), Duration::from_secs(3));
        assert_eq!(bound(Death::Silent), Duration::from_secs(5));
    }
}
