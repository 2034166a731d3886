//! The LVS worker as a process, driven as the parent drives it, in a dry run: it reports the changes that it would
//! make.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use vipd::ipc::{Channel, FromLvs, FromWorker, LvsStart, Start, Task};
use vipd::log::LogLine;

/// A running worker; killed with this value.
struct Worker {
    child: Child,
    channel: Channel,
}

impl Worker {
    fn start(text: &str) -> Self {
        let (near, far) = UnixStream::pair().unwrap();
        let mut command = Command::new("sh");
        let script = "exec \"$0\" worker lvs dry-run 3<&0";
        command.args(["-c", script, env!("CARGO_BIN_EXE_vipd")]).stdin(OwnedFd::from(far));
        let mut worker = Self { child: command.spawn().unwrap(), channel: Channel::new(near).unwrap() };
        let loaded = keepalived_conf::load_str(text);
        assert_eq!(loaded.usable, Ok(()), "{:?}", loaded.diagnostics);
        let own = LvsStart {
            config: loaded.config.into(),
            masters: Vec::new(),
            sessions: Vec::new(),
            kept: Vec::new(),
            keep: false,
        };
        let start = Start { generation: 0, task: Task::Serve, predecessor: None, run_as: None, own };
        worker.channel.send(&start).unwrap();
        worker
    }

    /// Waits for a line with this in it.
    fn expect_line(&mut self, part: &str) {
        let limit = Instant::now() + Duration::from_secs(20);
        loop {
            assert!(Instant::now() < limit, "never said: {part}");
            match self.channel.receive::<FromWorker<FromLvs>>().unwrap() {
                Some(FromWorker::Log(LogLine { text, .. })) => {
                    println!("{text}");
                    if text.contains(part) {
                        return;
                    }
                }
                Some(_) => {}
                None => {
                    self.channel.flush().unwrap();
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A directory that goes with this value.
struct Directory(PathBuf);

impl Directory {
    fn new(test: &str) -> Self {
        let path = std::env::temp_dir().join(format!("vipd-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A virtual server with these real servers on this machine: port and check.
fn balanced(servers: &[(u16, &str)]) -> String {
    let real = |(port, check): &(u16, &str)| format!("real_server 127.0.0.1 {port} {{\n{check}\n}}\n");
    let servers: String = servers.iter().map(real).collect();
    format!(
        "virtual_server 192.0.2.1 80 {{\ndelay_loop 0.5\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n{servers}}}\n"
    )
}

#[test]
fn certificates_on_a_file_system_that_hangs_fail_their_own_check_and_no_other() {
    let directory = Directory::new("certificates");
    // To open a FIFO that nobody writes takes forever.
    let fifo = directory.0.join("ca.pem");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = open.local_addr().unwrap().port();
    let hangs = format!(
        "SSL_GET {{\nwarmup 0\nconnect_timeout 1\ntls_ca_file {}\nurl {{\npath /\n}}\n}}",
        fifo.display()
    );
    let text = balanced(&[(port, &hangs), (1, "TCP_CHECK {\nwarmup 0.2\nretry 0\n}")]);
    let mut worker = Worker::start(&text);
    worker.expect_line("[127.0.0.1]:tcp:1 failed");
    worker.expect_line("file could not be read in time");
}
