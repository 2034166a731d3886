//! Prints what a control packet says: `cargo run --example dissect_bfd -- 20400318000000010000…`.

use bfd_session::Packet;

fn main() {
    let text = std::env::args().nth(1).unwrap_or_else(|| EXAMPLE.to_owned());
    match octets(&text) {
        None => eprintln!("these are no octets in hexadecimal"),
        Some(octets) => match Packet::parse(&octets) {
            Ok(packet) => println!("{packet}"),
            Err(error) => println!("discard: {error}"),
        },
    }
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text
        .chars()
        .map(|digit| Some(u8::try_from(digit.to_digit(16)?).ok()? & 15))
        .collect::<Option<_>>()?;
    Some(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low).collect())
}

/// A session that was just made.
const EXAMPLE: &str = "204003180000000100000000000f4240000f424000000000";
