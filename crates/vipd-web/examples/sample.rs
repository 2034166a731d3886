//! The page of a machine that does not exist: `cargo run -p vipd-web --example sample -- 1000`, for 1,000 instances.

#[path = "../tests/support/loopback.rs"]
mod loopback;
#[path = "../tests/support/samples.rs"]
mod samples;

use std::net::TcpListener;

use vipd_status::Timestamp;
use vipd_web::Access;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let instances = words.next().map_or(Ok(6), |number| number.parse())?;
    let listener = match words.next() {
        Some(address) => TcpListener::bind(address)?,
        None => loopback::listener()?.0,
    };
    println!("http://{}/", listener.local_addr()?);
    let start = Timestamp::now();
    loopback::serve(listener, Access::new(None, []), || {
        let mut status = samples::status(start, instances);
        status.at = Timestamp::now();
        Some((status, samples::events(start)))
    })?;
    Ok(())
}
