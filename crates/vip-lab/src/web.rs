//! A web server of the lab: it answers every request with its name, and it can fall silent.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};

use super::Host;

/// A web server at work. Dropping it closes its port: later connections are refused.
#[derive(Debug)]
pub struct WebServer {
    listener: Arc<TcpListener>,
    worker: Option<JoinHandle<io::Result<()>>>,
}

impl WebServer {
    /// Answers everybody who asks `host` at this address with `name` as the page.
    pub fn start(host: &Host, address: SocketAddr, name: &str) -> io::Result<Self> {
        let listener = Arc::new(host.run(move || TcpListener::bind(address))??);
        let (accepting, name) = (Arc::clone(&listener), Arc::<str>::from(name));
        let body = move || {
            // Ends when the listener is shut down.
            while let Ok((connection, _)) = accepting.accept() {
                let name = Arc::clone(&name);
                // One that says nothing must not keep the others waiting.
                let _ = std::thread::Builder::new().name("web".to_owned()).spawn(move || {
                    // A client that closed early gets no answer.
                    let _ = answer(connection, &name);
                });
            }
        };
        let worker = host.thread("web", body)?;
        Ok(Self { listener, worker: Some(worker) })
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        let _ = shutdown(self.listener.as_raw_fd(), Shutdown::Both);
        if let Some(worker) = self.worker.take() {
            let _ = worker.join();
        }
    }
}

/// Time that a client may take for its request.
const PATIENCE: Duration = Duration::from_millis(500);

/// Longest request, in bytes.
const MAX_REQUEST: usize = 4096;

fn answer(mut connection: TcpStream, name: &str) -> io::Result<()> {
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.set_write_timeout(Some(PATIENCE))?;
    let mut question = Vec::new();
    let mut buffer = [0; 512];
    while !question.windows(4).any(|end| end == b"\r\n\r\n") {
        let length = connection.read(&mut buffer)?;
        question.extend_from_slice(buffer.get(..length).unwrap_or_default());
        if length == 0 || question.len() > MAX_REQUEST {
            return Ok(());
        }
    }
    let length = name.len() + 1;
    let page = format!(
        "HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{name}\n"
    );
    connection.write_all(page.as_bytes())
}
