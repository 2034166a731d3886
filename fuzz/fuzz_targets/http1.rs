//! Any octets as an HTTP/1 answer.
//!
//! Input: what is asked for, how the stream is cut, the answer.

#![no_main]

#[path = "support/dialogue.rs"]
mod dialogue;

use libfuzzer_sys::fuzz_target;
use lvs_health::{HttpVersion, Protocol};

fuzz_target!(|data: &[u8]| {
    let [choices, cut, answer @ ..] = data else { return };
    dialogue::check(
        &dialogue::prepared(Protocol::Http(dialogue::page(*choices, HttpVersion::Http11).into())),
        answer,
        *cut,
    );
});
