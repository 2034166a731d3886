//! Any octets as a gRPC server's frames, and any message in them.
//!
//! Input: how the stream is cut, whether it is only a message, the stream.

#![no_main]

#[path = "support/dialogue.rs"]
mod dialogue;

use libfuzzer_sys::fuzz_target;
use lvs_health::{Grpc, Protocol};

/// Settings, and a head with `:status: 200`.
const HEAD: &[u8] = &[0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 1, 4, 0, 0, 0, 1, 0x88];
/// A trailer with `grpc-status: 0`.
const TRAILER: &[u8] = b"\0\0\x0f\x01\x05\0\0\0\x01\0\x0bgrpc-status\x010";

fuzz_target!(|data: &[u8]| {
    let [cut, only_message, stream @ ..] = data else { return };
    let (service, authority) = ("db".to_owned(), "a.example".to_owned());
    let prepared =
        dialogue::prepared(Protocol::Grpc(Grpc { service, authority, tls: None, server_name: None }.into()));
    if only_message & 1 == 1 {
        let message = stream.get(..16_000).unwrap_or(stream);
        let [_, length @ ..] = u32::try_from(message.len()).unwrap().to_be_bytes();
        let data = [&length[..], &[0, 0, 0, 0, 0, 1], message].concat();
        dialogue::check(&prepared, &[HEAD, &data, TRAILER].concat(), *cut);
    } else {
        dialogue::check(&prepared, &[HEAD, stream].concat(), *cut);
    }
});
