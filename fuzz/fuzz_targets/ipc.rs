//! Any octets from the other side of the channel between parent and worker or mailer: an error or a message, never a
//! panic; and a message that was understood is understood again when it is passed on.

#![no_main]

use std::io::Write;
use std::os::unix::net::UnixStream;

use libfuzzer_sys::fuzz_target;
use serde::{Serialize, de::DeserializeOwned};
use vipd::ipc::{Bfd, Channel, FromWorker, Lvs, Messages, Start, ToWorker, Vrrp};
use vipd::mailer::{FromMailer, ToMailer};

/// Most bytes that fit into the socket's buffer at once.
const MOST: usize = 64 << 10;

fuzz_target!(|data: &[u8]| {
    of_role::<Vrrp>(data);
    of_role::<Lvs>(data);
    of_role::<Bfd>(data);
    receive::<ToMailer>(data);
    receive::<FromMailer>(data);
});

fn of_role<R: Messages>(data: &[u8]) {
    receive::<Start<R::Start>>(data);
    receive::<ToWorker<R::To>>(data);
    receive::<FromWorker<R::From>>(data);
}

fn receive<T: Serialize + DeserializeOwned + std::fmt::Debug>(octets: &[u8]) {
    let (mut far, near) = UnixStream::pair().unwrap();
    far.write_all(octets.get(..MOST).unwrap_or(octets)).unwrap();
    drop(far);
    let mut channel = Channel::new(near).unwrap();
    while let Ok(Some(message)) = channel.receive::<T>() {
        assert_eq!(format!("{:?}", passed_on(&message)), format!("{message:?}"));
    }
}

fn passed_on<T: Serialize + DeserializeOwned>(message: &T) -> T {
    let (far, near) = UnixStream::pair().unwrap();
    let (mut far, mut near) = (Channel::new(far).unwrap(), Channel::new(near).unwrap());
    far.queue(message).unwrap();
    loop {
        far.flush().unwrap();
        if let Some(message) = near.receive().unwrap() {
            return message;
        }
    }
}
