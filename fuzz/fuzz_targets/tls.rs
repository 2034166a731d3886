//! Any octets as a TLS server's records.
//!
//! Input: how the stream is cut, the stream.

#![no_main]

#[path = "support/dialogue.rs"]
mod dialogue;

use libfuzzer_sys::fuzz_target;
use lvs_health::{Certificates, HttpVersion, Protocol, Tls, TlsVersion};

fuzz_target!(|data: &[u8]| {
    let [cut, records @ ..] = data else { return };
    let mut page = dialogue::page(0, HttpVersion::Http11);
    page.tls = Some(Tls {
        certificates: Certificates::Any,
        client: None,
        min_version: TlsVersion::Tls12,
        max_version: TlsVersion::Tls13,
    });
    dialogue::check(&dialogue::prepared(Protocol::Http(page)), records, *cut);
});
