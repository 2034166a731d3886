//! One delivery: look-up, connection, session.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Instant;

use keepalived_conf::model::mail::MailTls;
use smtp_submit::{Failure, Login, Outcome, Session, SessionConfig, Step};

use super::connection::{Connection, HandshakeError};
use super::message::{Delivery, Server};
use super::secure;

/// Delivers a mail, or says why not.
pub(super) fn deliver(delivery: &Delivery) -> Outcome {
    let server = &delivery.server;
    let end = Instant::now() + delivery.limit;
    let (connection, address) = connect(server, end)?;
    let mut config = SessionConfig::new(server.helo_name.clone(), server.timeout);
    config.start_tls = server.tls == MailTls::StartTls;
    config.implicit_tls = server.tls == MailTls::Implicit;
    config.is_local = address.is_loopback();
    config.login =
        server.auth.as_ref().map(|auth| Login { user: auth.user.clone(), password: auth.password.clone() });
    let session = Session::new(Instant::now(), config, &delivery.from, &delivery.recipients, &delivery.text);
    converse(session, connection, server, end)
}

/// The first address that takes a connection; an error names the last that did not.
fn connect(server: &Server, end: Instant) -> Result<(Connection, IpAddr), Failure> {
    let mut last = Failure::Lookup("it has no address".to_owned());
    for address in look_up(server)?.into_iter().take(MAX_ADDRESSES) {
        let left = end.saturating_duration_since(Instant::now()).min(server.timeout);
        if left.is_zero() {
            break;
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(stream) => {
                // Commands are short and each waits for its answer.
                let _ = stream.set_nodelay(true);
                return Ok((Connection::new(stream), address.ip()));
            }
            Err(error) => last = Failure::Connect(format!("{}: {}", address.ip(), words(&error))),
        }
    }
    Err(last)
}

fn look_up(server: &Server) -> Result<Vec<SocketAddr>, Failure> {
    let host = server.host.trim_start_matches('[').trim_end_matches(']');
    let found = (host, server.port).to_socket_addrs().map_err(|error| Failure::Lookup(words(&error)))?;
    Ok(found.collect())
}

fn converse(mut session: Session, mut connection: Connection, server: &Server, limit: Instant) -> Outcome {
    let mut buffer = [0; 4096];
    loop {
        let end = session.poll_timeout().map_or(limit, |deadline| deadline.min(limit));
        if !session.output().is_empty() {
            let sent = connection.write_all(session.output(), end);
            session.consume(usize::MAX);
            if let Err(error) = sent {
                note(&mut session, &error);
            }
        }
        if let Some(outcome) = session.outcome() {
            let outcome = outcome.clone();
            connection.close();
            return outcome;
        }
        if session.wants_tls() {
            handshake(&mut session, &mut connection, server, end)?;
            continue;
        }
        match connection.read(&mut buffer, end) {
            Ok(0) => session.handle_end(),
            Ok(count) => session.handle_input(Instant::now(), buffer.get(..count).unwrap_or_default()),
            Err(error) => note(&mut session, &error),
        }
        if Instant::now() >= limit && session.outcome().is_none() {
            return Err(Failure::Local("the delivery takes too long".to_owned()));
        }
    }
}

fn handshake(
    session: &mut Session,
    connection: &mut Connection,
    server: &Server,
    end: Instant,
) -> Result<(), Failure> {
    let host = server.host.trim_start_matches('[').trim_end_matches(']');
    let tls = secure::connection(host, server.ca.as_deref())?;
    match connection.secure(tls, end) {
        Ok(()) => session.handle_secured(Instant::now()),
        Err(HandshakeError::Closed) => session.handle_end(),
        Err(HandshakeError::Tls(error)) => return Err(secure::failure(error)),
        Err(HandshakeError::Io(error)) if is_late(&error) => return Err(Failure::Silent(Step::Handshake)),
        Err(HandshakeError::Io(error)) => session.handle_error(error.kind()),
    }
    Ok(())
}

fn note(session: &mut Session, error: &io::Error) {
    if is_late(error) {
        session.handle_timeout(Instant::now());
    } else if error.kind() != ErrorKind::Interrupted {
        session.handle_error(error.kind());
    }
}

fn is_late(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

/// Without the number that the standard library adds.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// Addresses of one name that are tried.
const MAX_ADDRESSES: usize = 8;
