//! A mail server that says what it is told to say, and keeps what it heard.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The server's answer to a line; `None` is the answer of a good server.
pub(crate) type Answer = fn(&str) -> Option<&'static str>;

/// Behaviour of the server.
#[derive(Clone)]
pub(crate) struct Manners {
    /// Its first line.
    pub(crate) banner: &'static str,
    /// Behind `EHLO`.
    pub(crate) offers: &'static str,
    /// Exceptions.
    pub(crate) answer: Answer,
    /// Its certificate.
    pub(crate) tls: Option<Arc<ServerConfig>>,
    /// TLS from the first octet on.
    pub(crate) implicit: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { banner: "220 mx", offers: "", answer: |_| None, tls: None, implicit: false }
    }
}

/// A server in a thread that lives as long as the test program.
pub(crate) struct MailServer {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl MailServer {
    /// One on loopback.
    pub(crate) fn start(manners: Manners) -> Self {
        Self::serve(TcpListener::bind("127.0.0.1:0").unwrap(), manners)
    }

    /// One on this socket.
    pub(crate) fn serve(listener: TcpListener, manners: Manners) -> Self {
        let address = listener.local_addr().unwrap();
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let ears = Arc::clone(&heard);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (manners, ears) = (manners.clone(), Arc::clone(&ears));
                // A client that goes away in the middle is no failure of ours.
                std::thread::spawn(move || drop(converse(stream, &manners, &ears)));
            }
        });
        Self { address, heard }
    }

    /// Every line of every connection, without the line ends; `TLS` where it began.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }
}

fn converse(mut stream: TcpStream, manners: &Manners, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    let secure = |stream| {
        let tls = ServerConnection::new(Arc::clone(manners.tls.as_ref().unwrap())).unwrap();
        heard.lock().unwrap().push("TLS".to_owned());
        StreamOwned::new(tls, stream)
    };
    if manners.implicit {
        let mut stream = secure(stream);
        write!(stream, "{}\r\n", manners.banner)?;
        return session(&mut stream, manners, heard).map(drop);
    }
    write!(stream, "{}\r\n", manners.banner)?;
    if session(&mut stream, manners, heard)? {
        session(&mut secure(stream), manners, heard)?;
    }
    Ok(())
}

/// Gives whether TLS begins now.
fn session<S: Read + Write>(
    stream: &mut S,
    manners: &Manners,
    heard: &Mutex<Vec<String>>,
) -> std::io::Result<bool> {
    let mut in_text = false;
    loop {
        let mut line = String::new();
        // One byte at a time: bytes behind STARTTLS are not ours to read.
        if BufReader::with_capacity(1, &mut *stream).read_line(&mut line)? == 0 {
            return Ok(false);
        }
        let line = line.strip_suffix("\r\n").expect("lines end with CR LF").to_owned();
        heard.lock().unwrap().push(line.clone());
        if in_text && line != "." {
            continue;
        }
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let exception = (manners.answer)(&line);
        let good = match verb.as_str() {
            "EHLO" => manners.offers,
            "STARTTLS" => "220 go ahead",
            "AUTH" => "235 welcome",
            "DATA" => "354 go ahead",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        in_text = verb == "DATA" && exception.is_none();
        write!(stream, "{}\r\n", exception.unwrap_or(good))?;
        stream.flush()?;
        match verb.as_str() {
            "QUIT" => return Ok(false),
            "STARTTLS" if exception.is_none() => return Ok(true),
            _ => {}
        }
    }
}
