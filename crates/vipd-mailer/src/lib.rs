//! The mailer process: delivers one mail at a time, and nothing else.
//!
//! The parent starts it when there is a mail, and it ends when the parent closes the channel. It runs as `nobody`,
//! without any capability, before it reads the first byte from the network. Here waiting is allowed: look-ups,
//! connections and TLS block, each with its limit; the parent kills a mailer whose delivery exceeds its limit.

pub mod alerts;
mod connection;
mod deliver;
mod message;
mod secure;

use std::io;
use std::os::fd::OwnedFd;
use std::process::ExitCode;

use rustix::event::{PollFd, PollFlags, poll};

use privsep::unprivileged;
use vipd_ipc::{Channel, ChannelError, LogLevel};

pub use message::{Delivery, FromMailer, Server, ToMailer};

/// Runs the mailer at the other end of `socket` until the parent closes it.
pub fn main(socket: OwnedFd) -> ExitCode {
    match run(socket) {
        Ok(()) | Err(ChannelError::Closed) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vipd mailer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(socket: OwnedFd) -> Result<(), ChannelError> {
    let mut channel = Channel::from_fd(socket)?;
    for complaint in unprivileged::become_nobody("the mailer")? {
        tell(&mut channel, &FromMailer::Log(LogLevel::Warning, complaint))?;
    }
    loop {
        match channel.receive()? {
            Some(ToMailer::Deliver(delivery)) => {
                let outcome = deliver::deliver(&delivery);
                tell(&mut channel, &FromMailer::Done(delivery.id, outcome))?;
            }
            None => wait(&channel, PollFlags::IN)?,
        }
    }
}

fn tell(channel: &mut Channel, message: &FromMailer) -> Result<(), ChannelError> {
    channel.send(message)?;
    while !channel.is_flushed() {
        wait(channel, PollFlags::OUT)?;
        channel.flush()?;
    }
    Ok(())
}

fn wait(channel: &Channel, event: PollFlags) -> io::Result<()> {
    match poll(&mut [PollFd::new(channel, event)], None) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
