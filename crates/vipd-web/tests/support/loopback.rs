//! A server on the loopback interface that answers from samples.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use mio::{Events, Poll, Token};
use vipd_status::{Event, Status};
use vipd_web::{Access, Server, Site, Sockets};

/// Serves on this socket until `news` gives nothing any more. It is asked whenever the server asks.
pub(crate) fn serve(
    listener: TcpListener,
    access: Access,
    mut news: impl FnMut() -> Option<(Status, Vec<Event>)>,
) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut sockets = Sockets::new(listener, poll.registry().try_clone()?, Token(0))?;
    let mut server = Server::new(Instant::now(), Site::new("router-a", 1), access);
    let mut events = Events::with_capacity(64);
    loop {
        let now = Instant::now();
        let due =
            server.poll_timeout().map(|at| at.saturating_duration_since(now) + Duration::from_millis(1));
        let wait = if sockets.has_work() { Some(Duration::ZERO) } else { due };
        match poll.poll(&mut events, Some(wait.unwrap_or(Duration::from_secs(1)))) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        let now = Instant::now();
        for event in &events {
            sockets.handle_event(now, event.token(), &mut server);
        }
        server.handle_timeout(now);
        if server.poll_demand(now) {
            let Some((status, events)) = news() else { return Ok(()) };
            server.handle_events(now, events);
            server.handle_status(Instant::now(), status);
        }
        sockets.work(Instant::now(), &mut server);
    }
}

/// A socket for it, and its address.
pub(crate) fn listener() -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
