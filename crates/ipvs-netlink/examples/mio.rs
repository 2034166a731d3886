//! Reads the services in an event loop of mio: the socket is the program's own, the messages come from `wire`.

use std::error::Error;
use std::os::fd::AsRawFd;
use std::time::Duration;

use ipvs_netlink::wire::{self, Request};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use netlink_frame::{Answer, Frames};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_GENERIC};

fn main() -> Result<(), Box<dyn Error>> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    socket.set_non_blocking(true)?;
    let mut poll = Poll::new()?;
    poll.registry().register(&mut SourceFd(&socket.as_raw_fd()), Token(0), Interest::READABLE)?;

    send(&socket, &Request::ResolveFamily, 0, 1)?;
    let mut family_id = 0;
    let (mut events, mut buffer) = (Events::with_capacity(4), vec![0; 64 * 1024]);
    loop {
        poll.poll(&mut events, Some(Duration::from_secs(5)))?;
        if events.is_empty() {
            return Err("the kernel does not answer".into());
        }
        while let Ok((length, _)) = socket.recv_from(&mut buffer.as_mut_slice(), 0) {
            for frame in Frames::new(&buffer[..length]) {
                match frame.answer() {
                    Answer::Data(message) if family_id == 0 => {
                        family_id = wire::parse_family_id(wire::attributes(message))?;
                        send(&socket, &Request::Services, family_id, 2)?;
                    }
                    Answer::Data(message) => {
                        println!("{:?}", wire::parse_service(wire::attributes(message))?);
                    }
                    Answer::Refused(refusal) => return Err(refusal.into()),
                    Answer::Done => return Ok(()),
                    Answer::Ack | Answer::Nothing => {}
                }
            }
        }
    }
}

fn send(socket: &Socket, request: &Request<'_>, family_id: u16, sequence: u32) -> Result<(), Box<dyn Error>> {
    let mut bytes = Vec::new();
    request.emit(family_id, sequence, false, &mut bytes);
    socket.send_to(&bytes, &SocketAddr::new(0, 0), 0)?;
    Ok(())
}
