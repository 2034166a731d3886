//! The program as it is called: command line, exit statuses, configuration test, start and stop.
//!
//! No network is needed: the daemons started here have nothing to run.

#![allow(clippy::unwrap_used, reason = "these are tests")]

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A directory of its own, removed with this value.
struct Directory(PathBuf);

impl Directory {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("vipd-cli-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn vipd(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vipd")).args(arguments).output().unwrap()
}

fn status(output: &Output) -> i32 {
    output.status.code().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Status and text of a configuration test.
fn test(config: &str) -> (i32, String) {
    let directory = Directory::new();
    let path = directory.file("keepalived.conf", config);
    let output = vipd(&["-t", "-f", path.to_str().unwrap()]);
    assert!(output.stdout.is_empty());
    (status(&output), errors(&output))
}

const INSTANCE: &str = "vrrp_instance V1 {
    interface eth0
    virtual_router_id 51
    priority 100
    virtual_ipaddress {
        192.0.2.10/24
    }
}
";

#[test]
fn version_and_help_go_to_standard_output_with_status_0() {
    for option in ["-v", "--version", "-h", "--help", "--vers"] {
        let output = vipd(&[option]);
        assert_eq!(status(&output), 0, "{option}");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.stderr.is_empty() && text.contains("vipd"), "{option}");
    }
}

/// A program that is installed in keepalived's place is asked for its version by exporters and playbooks.
#[test]
fn called_keepalived_it_says_so_on_standard_error_and_takes_any_word() {
    use std::os::unix::process::CommandExt as _;
    let keepalived = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vipd"));
        command.arg0("/usr/sbin/keepalived").args(arguments).output().unwrap()
    };
    let output = keepalived(&["--version"]);
    assert_eq!(status(&output), 0);
    assert!(output.stdout.is_empty() && errors(&output).starts_with("Keepalived v2."), "{}", errors(&output));
    let directory = Directory::new();
    let file = directory.file("keepalived.conf", "global_defs {\n}\n");
    let output = keepalived(&["-t", "-f", file.to_str().unwrap(), "word"]);
    assert_eq!(status(&output), 0);
    assert!(errors(&output).contains("Unexpected argument(s): word"));
}

#[test]
fn an_unknown_command_starts_no_router() {
    let output = vipd(&["stauts"]);
    assert_eq!(status(&output), 1);
    assert!(errors(&output).starts_with("vipd: there is no command 'stauts'"), "{}", errors(&output));
}

#[test]
fn an_unknown_option_ends_with_status_1() {
    for (arguments, message) in [
        (["--bogus"].as_slice(), "Unknown option --bogus\n"),
        (&["-nZ"], "Unknown option -Z\n"),
        (&["--log"], "Unknown option --log\n"),
        (&["-f"], "Missing parameter for option -f\n"),
    ] {
        let output = vipd(arguments);
        assert_eq!((status(&output), errors(&output).as_str()), (1, message));
    }
}

#[test]
fn signal_numbers_are_printed_for_scripts() {
    for (function, number) in [("STOP", "15\n"), ("RELOAD", "1\n"), ("DATA", "10\n"), ("STATS", "12\n")] {
        let output = vipd(&[&format!("--signum={function}")]);
        assert_eq!((status(&output), String::from_utf8_lossy(&output.stdout).as_ref()), (0, number));
    }
    assert_eq!(status(&vipd(&["--signum=FOO"])), 1);
}

#[test]
fn a_keyword_is_explained() {
    let output = vipd(&["explain", "virtual_router_id"]);
    assert_eq!(status(&output), 0);
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("virtual_router_id <1..255>\n"));
    assert_eq!(status(&vipd(&["explain", "no_such_keyword_at_all"])), 1);
}

#[test]
fn a_clean_configuration_tests_with_status_0() {
    let (status_of_clean, text) = test(&INSTANCE.replace("eth0", "lo0"));
    assert_eq!(status_of_clean, 0, "{text}");
    let last = text.lines().last().unwrap_or_default();
    assert!(last.starts_with("ok: /") && last.contains(": 1 vrrp_instance; 1 warning"), "{text}");
    assert!(text.contains("no-such-interface") && text.contains("`lo0`"), "{text}");
}

#[test]
fn a_main_file_that_cannot_be_read_tests_with_status_6_as_the_daemon_exits() {
    let directory = Directory::new();
    let large = directory.file("large.conf", "");
    std::fs::File::options().write(true).open(&large).unwrap().set_len(2 << 30).unwrap();
    let fifo = directory.0.join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRUSR).unwrap();
    let paths =
        [Path::new("/nonexistent/keepalived.conf"), &directory.0, &fifo, &large, Path::new("/dev/zero")];
    for path in paths {
        let path = path.to_str().unwrap();
        for arguments in [vec!["-t", "-f", path], vec!["-n", "-l", "-G", "-f", path]] {
            let output = vipd(&arguments);
            assert_eq!(status(&output), 6, "{arguments:?}: {}", errors(&output));
            assert!(errors(&output).contains(path), "{}", errors(&output));
        }
    }
}

#[test]
fn a_dash_tests_standard_input() {
    for arguments in [["-t", "-"].as_slice(), &["-t", "-f", "-"]] {
        for (text, expected) in [(INSTANCE, 0), ("garbage\n", 5)] {
            let mut child = Command::new(env!("CARGO_BIN_EXE_vipd"))
                .args(arguments)
                .stdin(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(status(&output), expected, "{arguments:?}: {}", errors(&output));
            assert!(expected == 0 || errors(&output).contains("<stdin>:1:1"), "{}", errors(&output));
        }
    }
    let output = vipd(&["-n", "-G", "-f", "-"]);
    assert_eq!(status(&output), 6);
    assert!(errors(&output).contains("standard input"), "{}", errors(&output));
}

#[test]
fn findings_come_in_the_order_of_the_file_and_one_for_each_slip() {
    let text = INSTANCE
        .replace("virtual_router_id 51", "virtual_router_id 300")
        .replace("priority 100", "prioritty 1");
    let (status, text) = test(&text);
    assert_eq!(status, 5, "{text}");
    let places: Vec<_> = text.lines().filter(|line| line.trim_start().starts_with("-->")).collect();
    assert!(places.is_sorted() && text.matches("virtual_router_id").count() == 2, "{text}");
    assert!(text.ends_with("errors, 1 warning\n") || text.ends_with("errors\n"), "{text}");
    assert!(text.lines().last().unwrap().starts_with("status 5: /"), "{text}");
}

#[test]
fn an_unknown_keyword_tests_with_status_5_and_is_named_with_its_line() {
    let (status, text) = test(&INSTANCE.replace("priority", "prioritty"));
    assert_eq!(status, 5, "{text}");
    assert!(text.contains("prioritty") && text.contains(":4:"), "{text}");
}

#[test]
fn scripts_without_script_security_test_with_status_6() {
    let notify = "    notify_master \"/bin/sh -x\" root\n}\n";
    let (status, text) = test(&INSTANCE.replace("}\n}\n", &format!("}}\n{notify}")));
    assert_eq!(status, 6, "{text}");
    assert!(text.contains("enable_script_security"), "{text}");
}

#[test]
fn a_missing_script_tests_with_status_5_and_says_which_part_is_missing() {
    let config = format!(
        "global_defs {{\n enable_script_security\n script_user root\n}}\n\
         vrrp_script chk {{\n script \"/etc/no-such-directory/chk.sh now\"\n}}\n{}",
        INSTANCE.replace("}\n}\n", "}\n    track_script {\n        chk\n    }\n}\n")
    );
    let (status, text) = test(&config);
    assert_eq!(status, 5, "{text}");
    assert!(text.contains("Disabling track script chk since not found/accessible"), "{text}");
    assert!(text.contains("/etc/no-such-directory: No such file"), "{text}");
}

#[test]
fn findings_are_appended_to_the_file_of_the_test() {
    let directory = Directory::new();
    let config = directory.file("keepalived.conf", "nonsense\n");
    let log = directory.file("log", "before\n");
    let output = vipd(&[&format!("-t{}", log.display()), "-f", config.to_str().unwrap()]);
    assert_eq!((status(&output), errors(&output).as_str()), (5, ""));
    let text = std::fs::read_to_string(log).unwrap();
    assert!(text.starts_with("before\n") && text.contains("nonsense"), "{text}");
}

#[test]
fn a_refused_option_value_raises_the_status_of_a_test() {
    let directory = Directory::new();
    let config = directory.file("keepalived.conf", INSTANCE);
    let output = vipd(&["-S", "99", "-t", "-f", config.to_str().unwrap()]);
    assert_eq!(status(&output), 5);
    assert!(errors(&output).starts_with("Invalid log facility '99'\n"));
}

#[test]
fn a_daemon_without_configuration_file_ends_with_status_6() {
    let output = vipd(&["-n", "-G", "-f", "/nonexistent/keepalived.conf"]);
    assert_eq!(status(&output), 6);
    assert!(errors(&output).contains("Config files missing '/nonexistent/keepalived.conf'."));
}

/// A daemon in the foreground whose log is read.
struct Daemon {
    child: Child,
    log: BufReader<std::process::ChildStderr>,
    _directory: Directory,
    config: PathBuf,
    pid_file: PathBuf,
}

impl Daemon {
    fn start(config: &str) -> Self {
        let mut daemon = Self::launch(Directory::new(), config);
        daemon.wait_for("Nothing to run");
        daemon
    }

    /// Starts it and waits for nothing.
    fn launch(directory: Directory, config: &str) -> Self {
        let config = directory.file("keepalived.conf", config);
        let pid_file = directory.0.join("vipd.pid");
        let mut child = Command::new(env!("CARGO_BIN_EXE_vipd"))
            .args(["-n", "-l", "-G", "-f"])
            .arg(&config)
            .arg("-p")
            .arg(&pid_file)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log, _directory: directory, config, pid_file }
    }

    /// Reads the log up to a line with this text. The end of the log is a failure.
    fn wait_for(&mut self, text: &str) -> String {
        let mut line = String::new();
        while !line.contains(text) {
            line.clear();
            assert!(self.log.read_line(&mut line).unwrap() > 0, "the log ends before '{text}'");
        }
        line
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    fn stop(mut self, signal: Signal) {
        self.signal(signal);
        self.wait_for("Stopped vipd");
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
        assert!(!self.pid_file.exists());
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A configuration with scripts that note what they see in a file.
fn with_life_scripts(directory: &Directory) -> (PathBuf, String) {
    let notes = directory.0.join("notes");
    let script = |name: &str, end: &str| {
        let text = format!("#!/bin/sh\necho $0 $* $(id -u) >>{}\n{end}\n", notes.display());
        let path = directory.file(name, &text);
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(&path, mode).unwrap();
        path.display().to_string()
    };
    let startup = script("prepare", "exit 7");
    let shutdown = script("clean", "exit 0");
    let text = format!("global_defs {{\nstartup_script \"{startup} a b\"\nshutdown_script {shutdown}\n}}\n");
    (notes, text)
}

#[test]
fn the_startup_script_runs_before_everything_and_the_shutdown_script_after_it() {
    let directory = Directory::new();
    let (notes, text) = with_life_scripts(&directory);
    let path = directory.0.display().to_string();
    let uid = nix::unistd::getuid();
    let mut daemon = Daemon::launch(directory, &text);
    daemon.wait_for("Running startup script");
    daemon.wait_for("startup script failed, status 7");
    daemon.wait_for("Nothing to run");
    daemon.signal(Signal::SIGHUP);
    daemon.wait_for("Reloading");
    assert_eq!(std::fs::read_to_string(&notes).unwrap(), format!("{path}/prepare a b {uid}\n"));
    daemon.signal(Signal::SIGTERM);
    daemon.wait_for("Running shutdown script");
    daemon.wait_for("shutdown script succeeded");
    daemon.wait_for("Stopped vipd");
    let notes = std::fs::read_to_string(&notes).unwrap();
    assert_eq!(notes, format!("{path}/prepare a b {uid}\n{path}/clean {uid}\n"));
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
}

#[test]
fn a_stop_does_not_wait_for_the_startup_script() {
    let directory = Directory::new();
    let (notes, text) = with_life_scripts(&directory);
    let path = directory.0.display().to_string();
    let uid = nix::unistd::getuid();
    let script = directory.0.join("prepare");
    std::fs::write(script, "#!/bin/sh\nexec sleep 60\n").unwrap();
    let mut daemon = Daemon::launch(directory, &text);
    daemon.wait_for("Running startup script");
    let asked = Instant::now();
    daemon.signal(Signal::SIGTERM);
    daemon.wait_for("shutdown script succeeded");
    daemon.wait_for("Stopped vipd");
    assert!(asked.elapsed() < Duration::from_secs(20));
    assert_eq!(std::fs::read_to_string(notes).unwrap(), format!("{path}/clean {uid}\n"));
}

#[test]
fn a_daemon_writes_its_pid_file_and_stops_with_status_0() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let daemon = Daemon::start("global_defs {\n}\n");
        assert_eq!(std::fs::read_to_string(&daemon.pid_file).unwrap(), format!("{}\n", daemon.child.id()));
        daemon.stop(signal);
    }
}

#[test]
fn a_pid_file_that_cannot_be_written_is_only_warned_of() {
    let directory = Directory::new();
    let config = directory.file("keepalived.conf", "global_defs {\n}\n");
    let mut child = Command::new(env!("CARGO_BIN_EXE_vipd"))
        .args(["-n", "-l", "-G", "-f"])
        .arg(&config)
        .arg("-p")
        .arg(directory.0.join("no-such-directory/vipd.pid"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let log = BufReader::new(child.stderr.take().unwrap());
    let pid_file = directory.0.join("no-such-directory/vipd.pid");
    let mut daemon = Daemon { child, log, _directory: directory, config, pid_file };
    daemon.wait_for("running without it");
    daemon.wait_for("Nothing to run");
    daemon.stop(Signal::SIGTERM);
}

#[test]
fn a_second_copy_ends_with_status_0_and_leaves_the_first_alone() {
    let daemon = Daemon::start("global_defs {\n}\n");
    let pid_file = daemon.pid_file.to_str().unwrap();
    let output = vipd(&["-n", "-G", "-f", daemon.config.to_str().unwrap(), "-p", pid_file]);
    assert_eq!((status(&output), errors(&output).as_str()), (0, "vipd: daemon is already running\n"));
    assert!(daemon.pid_file.exists());
    daemon.stop(Signal::SIGTERM);
}

#[test]
fn a_reload_of_a_missing_file_keeps_the_old_configuration() {
    let mut daemon = Daemon::start("global_defs {\n}\n");
    std::fs::remove_file(&daemon.config).unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.wait_for("Reload refused, the old configuration stays in force");
    daemon.stop(Signal::SIGTERM);
}

#[test]
fn a_reload_of_a_damaged_file_keeps_the_old_configuration() {
    let mut daemon = Daemon::start("global_defs {\n}\n");
    for damaged in ["garbage {{{{", "global_defs {\n", "global_defs {\n router_id \"a\n}\n", "}\n"] {
        std::fs::write(&daemon.config, damaged).unwrap();
        daemon.signal(Signal::SIGHUP);
        let line = daemon.wait_for("Reload refused, the old configuration stays in force");
        assert!(line.contains("vipd -t") && line.contains("keepalived.conf:"), "{line}");
    }
    std::fs::write(&daemon.config, "global_defs {\n router_id b\n}\n").unwrap();
    daemon.signal(Signal::SIGHUP);
    daemon.wait_for("Reloading ...");
    daemon.stop(Signal::SIGTERM);
}

#[test]
fn a_reload_with_errors_is_refused_when_asked_to() {
    let mut daemon = Daemon::start("global_defs {\n reload_check_config\n}\n");
    std::fs::write(&daemon.config, "global_defs {\n nonsense\n}\n").unwrap();
    daemon.signal(Signal::SIGHUP);
    let line = daemon.wait_for("Reload refused");
    assert!(line.contains("reload_check_config"), "{line}");
    daemon.stop(Signal::SIGTERM);
}

#[test]
fn log_lines_begin_with_the_time_as_keepalived_writes_it_with_milliseconds() {
    let daemon = Daemon::start("global_defs {\n}\n");
    let mut daemon = daemon;
    daemon.signal(Signal::SIGHUP);
    let line = daemon.wait_for("Reloading ...");
    let (time, text) = line.split_at(28);
    assert_eq!(text, ": Reloading ...\n");
    let shape: String = time.chars().map(|c| if c.is_ascii_digit() { '9' } else { c }).collect();
    assert!(shape.ends_with(" 99:99:99.999 9999"), "{time}");
    daemon.stop(Signal::SIGTERM);
}

#[test]
fn the_program_returns_from_the_background_when_the_daemon_works() {
    let directory = Directory::new();
    let config = directory.file("keepalived.conf", "global_defs {\n}\n");
    let pid_file = directory.0.join("vipd.pid");
    let output = vipd(&["-G", "-f", config.to_str().unwrap(), "-p", pid_file.to_str().unwrap()]);
    assert_eq!(status(&output), 0, "{}", errors(&output));
    let pid: i32 = std::fs::read_to_string(&pid_file).unwrap().trim().parse().unwrap();
    let directory_of_daemon = std::fs::read_link(format!("/proc/{pid}/cwd")).unwrap();
    assert_eq!(directory_of_daemon, Path::new("/"));
    kill(Pid::from_raw(pid), Signal::SIGTERM).unwrap();
    let limit = Instant::now() + Duration::from_secs(10);
    while pid_file.exists() {
        assert!(Instant::now() < limit, "the daemon does not stop");
        std::thread::yield_now();
    }
}

#[test]
fn nobody_else_starts_a_worker() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vipd"))
        .arg("worker")
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn genhash_prints_the_digest_of_a_page_whatever_its_status() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let server = std::thread::spawn(move || {
        for status in ["200 OK", "404 Not Found"] {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 256];
            let count = stream.read(&mut request).unwrap();
            assert!(request[..count].starts_with(b"GET /page HTTP/1.0\r\n"));
            let answer = format!("HTTP/1.0 {status}\r\nServer: test\r\n\r\nhello");
            Write::write_all(&mut stream, answer.as_bytes()).unwrap();
        }
    });
    for command in ["genhash", "-T"] {
        let output = vipd(&[command, "-s", "127.0.0.1", "-p", &port, "-u", "/page"]);
        assert_eq!(String::from_utf8_lossy(&output.stdout), "5d41402abc4b2a76b9719d911017c592\n");
        assert!(output.status.success());
    }
    server.join().unwrap();
    // Nobody listens any more.
    let output = vipd(&["genhash", "-s", "127.0.0.1", "-p", &port, "-u", "/page"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty() && !output.stderr.is_empty());
}

#[test]
fn a_file_is_shown_resolved_and_without_secrets_by_nobody_but_the_program() {
    let directory = Directory::new();
    directory.file(
        "more.conf",
        "vrrp_instance V {\ninterface $IF\nvirtual_router_id 7\nversion 2\n\
                                 authentication {\nauth_type PASS\nauth_pass Hunter22\n}\n}\n",
    );
    let path = directory.file("keepalived.conf", "$IF=eth7\ninclude more.conf\n");
    let path = path.to_str().unwrap();
    let shown = vipd(&["config", "--resolved", "-f", path]);
    let text = String::from_utf8_lossy(&shown.stdout);
    assert_eq!(status(&shown), 0, "{}", errors(&shown));
    assert!(text.contains("    interface eth7\n") && text.contains("auth_pass ********\n"), "{text}");
    let shown = vipd(&["config", "--json", "-f", path]);
    let json = String::from_utf8_lossy(&shown.stdout);
    assert!(
        json.contains("\"vrid\":7") && !text.contains("unter22") && !json.contains("117,110,116"),
        "{json}"
    );
    let missing = vipd(&["config", "-f", "/no/such/file"]);
    assert!(errors(&missing).contains("cannot be read"), "{}", errors(&missing));
    assert_eq!(status(&missing), 1);
    assert_eq!(status(&vipd(&["config", "--diff", "-f", path])), 2);
    assert_eq!(status(&vipd(&["config", "--socket", "/no/such/socket"])), 3);
}
