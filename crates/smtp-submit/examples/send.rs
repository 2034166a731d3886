//! Sends one mail: `cargo run --example send -- localhost:25 from@example.org to@example.org subject`.
//!
//! A blocking loop over a socket, without TLS: what a program around a `Session` has to do.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use smtp_submit::{Mailbox, Message, Session, SessionConfig};

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [server, from, to, subject] = words.as_slice() else {
        return Err("usage: send HOST:PORT FROM TO SUBJECT".into());
    };
    let (from, to) = (Mailbox::parse(from)?, [Mailbox::parse(to)?]);
    let date = "Sun, 22 Nov 2026 11:35:33 +0000"; // of your clock, in real life
    let text = Message { date, from: &from, subject, to: &to, body: "", mailer: None }.emit();
    let recipients = to.map(|mailbox| mailbox.path().to_owned());

    let mut stream = TcpStream::connect(server)?;
    let config = SessionConfig::new("localhost", Duration::from_secs(30));
    let mut session = Session::new(Instant::now(), config, from.path(), &recipients, &text);
    let mut buffer = [0; 4096];
    loop {
        stream.write_all(session.output())?;
        session.consume(session.output().len());
        if let Some(outcome) = session.outcome() {
            println!("{outcome:?}");
            return Ok(());
        }
        let left = session.poll_timeout().map(|deadline| deadline.saturating_duration_since(Instant::now()));
        // The socket takes no timeout of 0.
        stream.set_read_timeout(left.map(|left| left.max(Duration::from_millis(1))))?;
        match stream.read(&mut buffer) {
            Ok(0) => session.handle_end(),
            Ok(count) => session.handle_input(Instant::now(), buffer.get(..count).unwrap_or_default()),
            Err(_) if session.poll_timeout() <= Some(Instant::now()) => {
                session.handle_timeout(Instant::now());
            }
            Err(error) => session.handle_error(error.kind()),
        }
    }
}
