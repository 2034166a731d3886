//! The mailer process, driven as the parent drives it.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use keepalived_conf::model::mail::MailTls;
use smtp_submit::Outcome;
use vipd::ipc::Channel;
use vipd::mailer::{Delivery, FromMailer, Server, ToMailer};

/// A running mailer; killed with this value.
pub(crate) struct Mailer {
    child: Child,
    channel: Channel,
}

impl Mailer {
    pub(crate) fn start() -> Self {
        let (near, far) = UnixStream::pair().unwrap();
        let program = env!("CARGO_BIN_EXE_vipd");
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" mailer 3<&0", program]).stdin(OwnedFd::from(far));
        Self { child: command.spawn().unwrap(), channel: Channel::new(near).unwrap() }
    }

    pub(crate) fn deliver(&mut self, delivery: Delivery) -> Outcome {
        let id = delivery.id;
        self.channel.send(&ToMailer::Deliver(Box::new(delivery))).unwrap();
        let limit = Instant::now() + Duration::from_secs(30);
        loop {
            assert!(Instant::now() < limit, "the mailer does not answer");
            match self.channel.receive().unwrap() {
                Some(FromMailer::Done(done, outcome)) => {
                    assert_eq!(done, id);
                    return outcome;
                }
                Some(FromMailer::Log(_, text)) => println!("{text}"),
                None => {
                    self.channel.flush().unwrap();
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }

    /// A line of `/proc/PID/status`, its words.
    pub(crate) fn status(&self, name: &str) -> Vec<String> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.split_whitespace().map(str::to_owned).collect()
    }

    /// Closes the channel, and waits for the mailer to go by itself.
    pub(crate) fn dismiss(self) {
        let Self { mut child, channel } = self;
        drop(channel);
        let limit = Instant::now() + Duration::from_secs(10);
        while child.try_wait().unwrap().is_none() {
            assert!(Instant::now() < limit, "it stays");
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// One attempt by a mailer of its own.
pub(crate) fn deliver(delivery: Delivery) -> Outcome {
    let mut mailer = Mailer::start();
    let outcome = mailer.deliver(delivery);
    mailer.dismiss();
    outcome
}

pub(crate) const TEXT: &str = "Subject: news\r\n\r\n.first\r\nlast\r\n";

/// A mail for two through the server at this address.
pub(crate) fn to(server: SocketAddr) -> Delivery {
    Delivery {
        id: 7,
        server: Server {
            host: server.ip().to_string(),
            port: server.port(),
            helo_name: "lb1.example.org".to_owned(),
            timeout: Duration::from_secs(10),
            tls: MailTls::Off,
            ca: None,
            auth: None,
        },
        from: "k@example.org".to_owned(),
        recipients: vec!["a@example.org".to_owned(), "b@example.org".to_owned()],
        text: TEXT.as_bytes().to_vec(),
        limit: Duration::from_secs(25),
    }
}
