//! `vipd genhash`: the digest of a page, for `digest` in a `url` block.
//!
//! It asks as `HTTP_GET` and `SSL_GET` do, with the same code, so it prints the digest that they compute. keepalived's
//! options; the status of the answer does not matter.

mod options;

use std::ffi::OsString;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lvs_health::{Dialogue, DigestMd5, Failure, Network, Outcome, Prepared, Shared};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use socket2::Socket;

use options::{Options, PageRequest};
use vipd_cli::Request;
use vipd_lvs::connect;

/// Runs with the words behind `genhash`.
pub fn main(words: impl IntoIterator<Item = OsString>) -> ExitCode {
    let options = match options::parse(words) {
        Ok(options) => options,
        Err(Request::Print(text)) => {
            print!("{text}");
            return ExitCode::SUCCESS;
        }
        Err(Request::PrintError(text, status)) => {
            eprint!("{text}");
            return ExitCode::from(status);
        }
        Err(Request::Run(_)) => return ExitCode::FAILURE,
    };
    match digest(&options) {
        Ok(digest) => {
            println!("{digest}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("genhash: {error}");
            ExitCode::FAILURE
        }
    }
}

fn digest(options: &Options) -> Result<DigestMd5, String> {
    let mut watched = Watched { show: options.verbose && options.network.is_plain(), seen: Vec::new() };
    if options.verbose && !watched.show {
        eprintln!("genhash: data inside TLS is not shown");
    }
    let outcome = ask(&options.network.network, &mut watched)?;
    watched.dump();
    match outcome {
        // No agent is asked here.
        Outcome::Pass(_) | Outcome::Agent(_) => Ok(PageRequest::NO_DIGEST),
        Outcome::Fail(Failure::Digest { actual, .. }) => Ok(actual),
        Outcome::Fail(failure) => Err(failure.to_string()),
    }
}

/// One attempt, waiting where the daemon would not.
fn ask(network: &Network, watched: &mut Watched) -> Result<Outcome, String> {
    let prepared = Prepared::new(network, &mut Shared::default()).map_err(|error| error.to_string())?;
    let mut dialogue = prepared.begin(Instant::now(), 0, std::process::id());
    let mut socket = connect(&network.target, dialogue.transport()).map_err(|error| error.to_string())?;
    let mut connected = false;
    let mut buffer = [0; 16 * 1024];
    loop {
        if let Some(outcome) = dialogue.outcome() {
            return Ok(outcome.clone());
        }
        let now = Instant::now();
        let patience = dialogue.poll_timeout().map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let ready = wait(&socket, connected && dialogue.output().is_empty(), patience)
            .map_err(|error| error.to_string())?;
        let now = Instant::now();
        if !ready {
            dialogue.handle_timeout(now);
            continue;
        }
        if !connected {
            if let Some(error) = socket.take_error().unwrap_or_else(Some) {
                dialogue.handle_error(now, error.kind());
                continue;
            }
            connected = true;
            dialogue.handle_connected(now);
        }
        send(&mut socket, &mut dialogue);
        receive(&mut socket, &mut dialogue, &mut buffer, watched);
    }
}

fn wait(socket: &Socket, only_input: bool, patience: Duration) -> io::Result<bool> {
    let flags = if only_input { PollFlags::IN } else { PollFlags::IN | PollFlags::OUT };
    let mut descriptors = [PollFd::from_borrowed_fd(socket.as_fd(), flags)];
    let patience = Timespec::try_from(patience + Duration::from_millis(1)).map_err(io::Error::other)?;
    match poll(&mut descriptors, Some(&patience)) {
        Ok(count) => Ok(count > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn send(socket: &mut Socket, dialogue: &mut Dialogue) {
    while !dialogue.output().is_empty() {
        match socket.write(dialogue.output()) {
            Ok(count) => dialogue.consume(count),
            // That it broke is learned by reading.
            Err(_) => return,
        }
    }
}

fn receive(socket: &mut Socket, dialogue: &mut Dialogue, buffer: &mut [u8], watched: &mut Watched) {
    let now = Instant::now();
    match socket.read(buffer) {
        Ok(0) => dialogue.handle_end(now),
        Ok(count) => {
            let octets = buffer.get(..count).unwrap_or_default();
            watched.note(octets);
            dialogue.handle_input(now, octets);
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
        Err(error) => dialogue.handle_error(now, error.kind()),
    }
}

/// The server's output, for `-v`.
#[derive(Debug)]
struct Watched {
    show: bool,
    seen: Vec<u8>,
}

impl Watched {
    fn note(&mut self, octets: &[u8]) {
        if self.show && self.seen.len() < SHOWN_LIMIT {
            self.seen.extend_from_slice(octets);
        }
    }

    /// Header and body, sixteen octets a line.
    fn dump(&self) {
        if !self.show {
            return;
        }
        let end = self.seen.windows(4).position(|window| window == b"\r\n\r\n").map_or(0, |at| at + 4);
        let (header, body) = self.seen.split_at(end);
        for (title, octets) in [("HTTP Header Buffer", header), ("HTML Buffer", body)] {
            println!("-----------------------[    {title}    ]-----------------------");
            for line in octets.chunks(16) {
                println!("{}", hex_line(line));
            }
        }
        println!("-----------------------[ HTML MD5 resulting ]-----------------------");
    }
}

fn hex_line(octets: &[u8]) -> String {
    let hex: Vec<String> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
    let text: String = octets
        .iter()
        .map(|&octet| if octet.is_ascii_graphic() || octet == b' ' { char::from(octet) } else { '.' })
        .collect();
    format!("{:<48} {text}", hex.join(" "))
}

/// Octets that are kept to be shown.
const SHOWN_LIMIT: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_line_shows_octets_and_text() {
        assert_eq!(hex_line(b"GET /\r\n"), format!("{:<48} GET /..", "47 45 54 20 2f 0d 0a"));
    }
}
