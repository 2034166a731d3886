//! Explains one IP packet that carries VRRP, given in hexadecimal from the IP header on.
//!
//! ```text
//! cargo run -p vrrp-proto --example dissect -- \
//!     45c0002c768d0000ff703986c6336448e0000012210d78020001eee3cb007104cb0071050000000000000000
//! ```

use std::env;
use std::error::Error;

use vrrp_proto::{Advert, Datagram, Receiver, RouterInterval, checksum_readings};

fn main() -> Result<(), Box<dyn Error>> {
    let text: String = env::args().skip(1).collect();
    let packet = octets(&text).ok_or("usage: dissect HEX (a whole IP packet, an even number of digits)")?;
    let datagram = match packet.first().ok_or("no octets")? >> 4 {
        4 => Datagram::from_ipv4(&packet)?,
        _ => Datagram::from_ipv6(&packet)?,
    };
    println!("{datagram}");

    let advert = Advert::parse(datagram.message, datagram.endpoints.family())?;
    println!("{advert}");
    println!("{:?}", checksum_readings(datagram.message, &datagram.endpoints));

    // A router that is configured like the sender, but for authentication.
    let interval = RouterInterval::nearest(advert.version(), advert.interval.duration());
    let receiver = Receiver::new(datagram.endpoints.family(), advert.vrid, interval);
    println!("{}", receiver.explain(&datagram));
    Ok(())
}

fn octets(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|c| c.to_digit(16)).collect();
    let (pairs, []) = digits.as_deref()?.as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| u8::try_from(high * 16 + low).ok()).collect()
}
