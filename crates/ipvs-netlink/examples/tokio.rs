//! Reads the services as a tokio task: the socket is the program's own, the messages come from `wire`.

use std::error::Error;
use std::io;

use ipvs_netlink::wire::{self, Request};
use netlink_frame::{Answer, Frames};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_GENERIC};
use tokio::io::unix::AsyncFd;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut socket = Socket::new(NETLINK_GENERIC)?;
    socket.bind_auto()?;
    socket.set_non_blocking(true)?;
    #[expect(
        deprecated,
        reason = "its successor is unsafe; this socket is open for as long as it is registered"
    )]
    let socket = AsyncFd::new(socket)?;

    let mut family_id = 0;
    ask(&socket, &Request::ResolveFamily, 0, 1, |attributes| {
        family_id = wire::parse_family_id(attributes)?;
        Ok(())
    })
    .await?;
    ask(&socket, &Request::Services, family_id, 2, |attributes| {
        println!("{:?}", wire::parse_service(attributes)?);
        Ok(())
    })
    .await
}

/// Sends a request and hands each part of its answer to `each`.
async fn ask(
    socket: &AsyncFd<Socket>,
    request: &Request<'_>,
    family_id: u16,
    sequence: u32,
    mut each: impl FnMut(&[u8]) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut bytes = Vec::new();
    request.emit(family_id, sequence, true, &mut bytes);
    socket.get_ref().send_to(&bytes, &SocketAddr::new(0, 0), 0)?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let mut ready = socket.readable().await?;
        let received = ready.try_io(|socket| -> io::Result<usize> {
            socket.get_ref().recv_from(&mut buffer.as_mut_slice(), 0).map(|(length, _)| length)
        });
        let Ok(length) = received else { continue };
        for frame in Frames::new(&buffer[..length?]) {
            match frame.answer() {
                Answer::Data(message) => each(wire::attributes(message))?,
                Answer::Refused(refusal) => return Err(refusal.into()),
                Answer::Done | Answer::Ack => return Ok(()),
                Answer::Nothing => {}
            }
        }
    }
}
