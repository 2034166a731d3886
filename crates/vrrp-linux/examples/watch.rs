//! Prints the interfaces of this machine, then every change to them and to their addresses: `cargo run --example watch`.

use std::io;
use std::os::fd::AsFd;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use vrrp_linux::interfaces::Interfaces;
use vrrp_linux::monitor::{Monitor, Progress, RECEIVE_BUFFER_LEN};

fn main() -> io::Result<()> {
    let mut monitor = Monitor::open(RECEIVE_BUFFER_LEN)?;
    let mut interfaces = Interfaces::new();
    let mut changes = Vec::new();
    loop {
        // The first call reads everything; later ones read what the kernel has reported since.
        while monitor.drain(&mut interfaces, &mut changes)? == Progress::More {}
        for change in changes.drain(..) {
            println!("{change:?}");
        }
        poll(&mut [PollFd::new(monitor.as_fd(), PollFlags::POLLIN)], PollTimeout::NONE)?;
    }
}
