//! The service behind the virtual address: a process with a pid file that answers each datagram with itself.

use std::ffi::CString;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use vip_lab::Host;
use vip_lab::daemon::Daemon;

/// Starts a stand-in for the service `name` in `host`, answering on `sockets`. Not every name has to serve: one
/// without sockets is only there to be found alive. Returns when it can be found.
pub(super) fn start(host: &Host, name: &str, sockets: &[SocketAddr]) -> io::Result<Daemon> {
    let mut command = Command::new(std::env::current_exe()?);
    // `pidof` knows a process by the name it was called with.
    command.arg0(name).args(["demo", "--stand-in", name]).args(sockets.iter().map(ToString::to_string));
    let daemon = Daemon::start(host, command)?;
    let deadline = Instant::now() + Duration::from_secs(2);
    while host.read_file(pid_file(name)).is_err() {
        if Instant::now() > deadline {
            return Err(io::Error::other(format!("the stand-in for {name} does not start")));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(daemon)
}

/// Where daemons of that name usually write their process id.
fn pid_file(name: &str) -> String {
    format!("/run/{name}.pid")
}

/// The stand-in's own main: arguments are its name and the sockets.
pub(crate) fn main(arguments: &[String]) -> ExitCode {
    match serve(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("stand-in: {error}");
            ExitCode::FAILURE
        }
    }
}

fn serve(arguments: &[String]) -> io::Result<()> {
    let [name, sockets @ ..] = arguments else { return Ok(()) };
    // `killall` and `pgrep` know a process by this name.
    nix::sys::prctl::set_name(&CString::new(name.as_str())?)?;
    let mut threads = Vec::new();
    for socket in sockets {
        let address: SocketAddr = socket.parse().map_err(io::Error::other)?;
        let socket = UdpSocket::bind(address)?;
        threads.push(std::thread::Builder::new().name(name.clone()).spawn(move || echo(&socket))?);
    }
    std::fs::write(pid_file(name), format!("{}\n", std::process::id()))?;
    for thread in threads {
        let _ = thread.join();
    }
    loop {
        std::thread::park();
    }
}

fn echo(socket: &UdpSocket) {
    let mut buffer = [0_u8; 2048];
    loop {
        // An error is an answer that could not be delivered; the next question is another matter.
        if let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let _ = buffer.get(..length).map(|question| socket.send_to(question, from));
        }
    }
}
