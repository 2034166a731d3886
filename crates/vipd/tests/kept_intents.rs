//! Wishes of operators for real servers outlive the daemon, if that is asked for.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

const TEXT: &str = "global_defs {
 control_socket SOCKET
}
virtual_server 192.0.2.1 80 {
 lvs_sched rr
 lvs_method NAT
 protocol TCP
 real_server 10.0.0.1 80 {
 }
 real_server 10.0.0.2 80 {
 }
}
";

/// A folder with a configuration, the state and the socket; it goes with this value.
struct Scene(PathBuf);

impl Drop for Scene {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A daemon that would change the kernel's tables, were it no dry run.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Scene {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("vipd-kept-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let scene = Self(folder);
        let socket = scene.path("control.sock").display().to_string();
        std::fs::write(scene.path("keepalived.conf"), TEXT.replace("SOCKET", &socket)).unwrap();
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn state(&self) -> PathBuf {
        self.path("state/intents.json")
    }

    fn start(&self) -> Daemon {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vipd"));
        command.args(["-n", "-l", "--ipvs-dry-run", "-f"]).arg(self.path("keepalived.conf"));
        for (option, name) in [("-p", "parent.pid"), ("-r", "vrrp.pid"), ("-c", "checkers.pid")] {
            command.arg(option).arg(self.path(name));
        }
        command.env("STATE_DIRECTORY", self.path("state"));
        let log = std::fs::File::create(self.path("log")).unwrap();
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        let daemon = Daemon(command.spawn().unwrap());
        self.eventually("it answers", || self.ask(&["status", "--json"]).contains("10.0.0.2"));
        daemon
    }

    fn log(&self) -> String {
        let mut text = String::new();
        let _ = std::fs::File::open(self.path("log")).unwrap().read_to_string(&mut text);
        text
    }

    /// The output of a command of vipd.
    fn ask(&self, words: &[&str]) -> String {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vipd"));
        let output = command.args(words).arg("--socket").arg(self.path("control.sock")).output().unwrap();
        [output.stdout, output.stderr].iter().map(|text| String::from_utf8_lossy(text)).collect()
    }

    fn steer(&self, server: &str, words: &[&str]) -> String {
        self.ask(&[&["server", "[192.0.2.1]:tcp:80", server], words].concat())
    }

    #[track_caller]
    fn eventually(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let limit = Instant::now() + Duration::from_secs(60);
        while !holds() {
            assert!(Instant::now() < limit, "never: {what}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}

/// Stops in order.
fn stop(mut daemon: Daemon) {
    kill(Pid::from_raw(i32::try_from(daemon.0.id()).unwrap()), Signal::SIGTERM).unwrap();
    assert!(daemon.0.wait().unwrap().success());
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[test]
fn a_persistent_wish_outlives_a_stop_and_no_other_does() {
    if !geteuid().is_root() {
        println!("SKIPPED a_persistent_wish_outlives_a_stop_and_no_other_does: it needs root");
        return;
    }
    let scene = Scene::new();
    let daemon = scene.start();
    let kept = scene.steer("10.0.0.1:80", &["weight", "7", "--for", "1h", "--reason", "disk", "--persist"]);
    assert!(kept.contains("it is kept in") && kept.contains("state/intents.json"), "{kept}");
    assert!(text(&scene.state()).contains("\"weight\": 7"), "{}", text(&scene.state()));
    let passing = scene.steer("10.0.0.2:80", &["maintenance"]);
    assert!(!passing.contains("kept"), "{passing}");
    stop(daemon);

    let daemon = scene.start();
    let status = scene.ask(&["status", "--json"]);
    assert!(status.contains("\"disk\""), "{status}");
    assert!(!status.contains("\"maintenance\""), "{status}");
    // In the table from the first moment: no other weight was ever set.
    let log = scene.log();
    let changes: Vec<&str> =
        log.lines().filter(|line| line.contains("dry run") && line.contains("10.0.0.1:80")).collect();
    assert!(!changes.is_empty() && changes.iter().all(|line| line.contains(" weight 7 ")), "{log}");
    assert!(
        scene.steer("10.0.0.1:80", &["ready"]).contains("kept"),
        "the file is written before that is said"
    );
    assert!(!text(&scene.state()).contains("10.0.0.1"));
    stop(daemon);

    std::fs::write(scene.state(), "{\"format\": 1, \"servers\": [{\"ser").unwrap();
    let daemon = scene.start();
    assert!(scene.log().contains("it is damaged"), "{}", scene.log());
    assert!(!scene.ask(&["status", "--json"]).contains("\"disk\""));
    stop(daemon);
}
