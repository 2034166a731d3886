//! Any octets as a chunked body.
//!
//! Input: what is asked for, how the stream is cut, the body.

#![no_main]

#[path = "support/dialogue.rs"]
mod dialogue;

use libfuzzer_sys::fuzz_target;
use lvs_health::{HttpVersion, Protocol};

fuzz_target!(|data: &[u8]| {
    let [choices, cut, body @ ..] = data else { return };
    let answer = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", body].concat();
    let page = dialogue::page(*choices | 4, HttpVersion::Http11);
    dialogue::check(&dialogue::prepared(Protocol::Http(page.into())), &answer, *cut);
});
