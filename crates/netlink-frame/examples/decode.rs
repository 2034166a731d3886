//! Decodes the datagrams of netlink in hexadecimal, a line each: `cargo run --example decode < captured.txt`.
//!
//! Without input it decodes a refusal of Linux 6.18 (on a machine with little-endian numbers): an MTU of 10 bytes.

use std::io::{self, BufRead, IsTerminal};

use netlink_frame::{Answer, Frames};

const REFUSAL: &str = "48000000020000030900000007000000eaffffff280000001000050009000000000000002100010\
                       06d7475206c657373207468616e20646576696365206d696e696d756d00000000";

fn main() -> io::Result<()> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        decode(REFUSAL);
        return Ok(());
    }
    stdin.lock().lines().try_for_each(|line| line.map(|line| decode(&line)))
}

fn decode(hex: &str) {
    let digits: Vec<u8> = hex.chars().filter_map(|digit| digit.to_digit(16)?.try_into().ok()).collect();
    let (pairs, _) = digits.as_chunks::<2>();
    let datagram: Vec<u8> = pairs.iter().map(|[high, low]| high << 4 | low).collect();
    for frame in Frames::new(&datagram) {
        let again = if frame.is_interrupted() { ", interrupted by a change" } else { "" };
        print!("type {}, request {}{again}: ", frame.kind, frame.sequence);
        match frame.answer() {
            Answer::Ack => println!("acknowledged"),
            Answer::Refused(refusal) => println!("refused: {refusal}"),
            Answer::Done => println!("end of a dump"),
            Answer::Data(message) => println!("{} bytes of data", message.len()),
            Answer::Nothing => println!("nothing"),
        }
    }
}
