//! Any octets as a TLS server's records.
//!
//! Input: how the stream is cut, the stream.

#![no_main]

#[path = "support/dialogue.rs"]
mod dialogue;

use libfuzzer_sys::fuzz_target;
use lvs_health::{HttpVersion, Protocol, Tls};

fuzz_target!(|data: &[u8]| {
    let [cut, records @ ..] = data else { return };
    let mut page = dialogue::page(0, HttpVersion::Http11);
    page.tls = Some(Tls::default());
    dialogue::check(&dialogue::prepared(Protocol::Http(page.into())), records, *cut);
});
