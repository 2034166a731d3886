//! An SMTP server that says anything, in any cut: the checker ends as it does with the whole, and says nothing but its
//! lines; the reader of replies stays within its bounds.

#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use lvs_health::{Network, Outcome, Prepared, Protocol, Shared, Smtp, Target};
use smtp_submit::{MAX_REPLY, ReplyReader};

fuzz_target!(|data: &[u8]| {
    let Some((&chunk, stream)) = data.split_first() else { return };
    let chunk = usize::from(chunk).max(1);
    let whole = talk([stream]);
    assert_eq!(talk(stream.chunks(chunk)), whole);
    assert!([&b""[..], b"HELO fuzz\r\n", b"HELO fuzz\r\nQUIT\r\n"].contains(&whole.0.as_slice()));
    assert_eq!(replies(stream.chunks(chunk)), replies([stream]));
});

/// The checker's output and its outcome.
fn talk<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, Option<Outcome>) {
    let now = Instant::now();
    let target = Target::new(SocketAddr::from((Ipv4Addr::LOCALHOST, 25)), Duration::from_secs(5));
    let protocol = Protocol::Smtp(Smtp { helo_name: "fuzz".to_owned() });
    let prepared = Prepared::new(&Network { target, protocol }, &mut Shared::default()).unwrap();
    let mut dialogue = prepared.begin(now, 0, 0);
    dialogue.handle_connected(now);
    for piece in pieces {
        dialogue.handle_input(now, piece);
    }
    let outcome = dialogue.outcome().cloned();
    (dialogue.output().to_vec(), outcome)
}

/// All replies of a stream, and whether it broke.
fn replies<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<String>, bool) {
    let (mut reader, mut replies) = (ReplyReader::new(), Vec::new());
    for mut piece in pieces {
        while !piece.is_empty() {
            match reader.read(&mut piece) {
                Ok(Some(reply)) => {
                    assert!((200..=599).contains(&reply.code));
                    assert!(reply.text.chars().count() <= MAX_REPLY);
                    assert!(reply.text.chars().all(|c| c == '\n' || !c.is_control()));
                    replies.push(reply.to_string());
                }
                Ok(None) => assert!(piece.is_empty()),
                Err(_) => return (replies, true),
            }
        }
    }
    (replies, false)
}
