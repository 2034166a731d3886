//! The SMTP checker against Debian's Exim, and against servers that misbehave.

#![allow(clippy::unwrap_used, reason = "tests")]

mod small;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::thread;
use std::time::Duration;

use lvs_health::{Failure, Outcome, Protocol, Smtp, WeightUpdate, smtp};
use small::{PATIENCE, Server, attempt};

fn check(helo_name: &str) -> Protocol {
    Protocol::Smtp(Smtp { helo_name: helo_name.to_owned() })
}

/// A port that nobody has, so far.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn exim_is_healthy_until_it_denies_us() {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        println!("SKIPPED exim4 is a daemon for root only");
        return;
    }
    let port = free_port();
    let server = Server::start("exim4", |folder| {
        let config = folder.join("exim.conf");
        let text = format!(
            "keep_environment =\nprimary_hostname = mx.example.org\nspool_directory = {0}\nlog_file_path = {0}/%slog\n\
             pid_file_path = {0}/pid\nacl_smtp_helo = helo\nacl_smtp_rcpt = deny\nbegin acl\nhelo:\n\
             \x20 deny condition = ${{if eq{{$sender_helo_name}}{{unwanted.example}}}}\n\x20 accept\n",
            folder.display()
        );
        std::fs::write(&config, text).unwrap();
        // It writes as a user of its own.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777)).unwrap();
        ["-C", &config.display().to_string(), "-bdf", "-oX", &format!("127.0.0.1:{port}")]
            .map(str::to_owned)
            .to_vec()
    });
    let Some(mut server) = server else { return };
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    server.await_ready(|| TcpStream::connect(address).is_ok());

    assert_eq!(
        attempt(address, check(smtp::DEFAULT_HELO_NAME), PATIENCE),
        Outcome::Pass(WeightUpdate::Unchanged)
    );
    assert_eq!(
        attempt(address, check("unwanted.example"), PATIENCE),
        Outcome::Fail(Failure::SmtpReply { to: "HELO", expected: 250, actual: 550 })
    );
}

/// A server for one client: says each of `lines` after something came (the first at once), then closes.
fn serve(lines: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        for line in lines {
            client.write_all(line.as_bytes()).unwrap();
            if client.read(&mut [0; 512]).unwrap_or(0) == 0 {
                return;
            }
        }
    });
    address
}

#[test]
fn a_server_that_closes_early_fails_by_where() {
    assert_eq!(
        attempt(serve(&["220 hello\r\n", "250-"]), check("a"), Duration::from_millis(300)),
        Outcome::Fail(Failure::Silent("reply to HELO"))
    );
    assert_eq!(
        attempt(serve(&["220 hello\r\n", "250 a\r\n"]), check("a"), PATIENCE),
        Outcome::Fail(Failure::Closed("reply to QUIT"))
    );
    assert_eq!(
        attempt(serve(&["220-hello\r\n220 you\n", "250 a\r\n", "221 bye\r\n"]), check("a"), PATIENCE),
        Outcome::Pass(WeightUpdate::Unchanged)
    );
}

#[test]
fn a_missing_server_is_a_failure() {
    // Bound and not listening: nobody else can take the port meanwhile.
    let nobody = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    nobody.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = nobody.local_addr().unwrap().as_socket().unwrap();
    assert_eq!(
        attempt(address, check("a"), PATIENCE),
        Outcome::Fail(Failure::Io(std::io::ErrorKind::ConnectionRefused))
    );
}
