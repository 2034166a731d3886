//! Any octets as an HTTP/2 server's frames, header blocks included.
//!
//! Input: what is asked for, how the stream is cut, whether settings come first by themselves, the stream.

#![no_main]

#[path = "support/dialogue.rs"]
mod dialogue;

use libfuzzer_sys::fuzz_target;
use lvs_health::{HttpVersion, Protocol};

/// Settings without any.
const SETTINGS: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0];

fuzz_target!(|data: &[u8]| {
    let [choices, cut, polite, stream @ ..] = data else { return };
    let first = if polite & 1 == 1 { SETTINGS } else { &[] };
    let page = dialogue::page(*choices, HttpVersion::Http2);
    dialogue::check(&dialogue::prepared(Protocol::Http(page.into())), &[first, stream].concat(), *cut);
});
