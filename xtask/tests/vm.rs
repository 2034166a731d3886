//! Promises of `cargo xtask vm` about a command's outputs, its status and its end, on a guest's kernel.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

/// A kernel to run on, by the options that choose it.
struct Guest(&'static [&'static str]);

const USER_MODE: Guest = Guest(&[]);
const EMULATED: Guest = Guest(&["--qemu"]);

impl Guest {
    fn run(&self, options: &[&str], command: &[&str]) -> Output {
        let mut xtask = Command::new(env!("CARGO_BIN_EXE_xtask"));
        xtask.arg("vm").args(self.0).args(options).arg("--").args(command);
        xtask.output().unwrap()
    }

    fn shell(&self, options: &[&str], script: &str) -> Output {
        self.run(options, &["sh", "-c", script])
    }

    /// The guest is told apart from this machine by its kernel.
    fn has_a_kernel_of_its_own(&self) {
        let own = Command::new("uname").args(["-r", "-v"]).output().unwrap();
        let guest = self.run(&[], &["uname", "-r", "-v"]);
        assert_eq!((guest.status.code(), guest.stdout.is_empty()), (Some(0), false), "{}", said(&guest));
        assert_ne!(guest.stdout, own.stdout);
    }

    fn tells_the_status_and_keeps_outputs_apart(&self) {
        let output = self.shell(&[], "echo to one; echo to two >&2; exit 5");
        assert_eq!(output.stdout, b"to one\n");
        assert!(said(&output).ends_with("to two\n"), "{}", said(&output));
        assert_eq!(output.status.code(), Some(5));
        assert_eq!(self.shell(&[], "kill -9 $$").status.code(), Some(128 + 9));
    }

    fn passes_words_environment_folder_and_every_octet(&self) {
        let here = std::env::current_dir().unwrap();
        let output =
            self.run(&[], &["sh", "-c", "pwd; printf '%s|' \"$@\"; cat", "sh", "a b", "", "$x\n'\""]);
        assert_eq!(said(&output), "");
        assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{}\na b||$x\n'\"|", here.display()));
        let much = self.shell(&[], "head -c 5000000 /dev/zero | tr '\\0' '\\377'; printf '\\004\\r\\n'");
        assert_eq!(much.stdout.len(), 5_000_003);
        let (same, end) = much.stdout.split_at(5_000_000);
        assert!(same.iter().all(|octet| *octet == 0xff) && end == b"\x04\r\n");
    }

    fn files_written_to_chosen_folders_are_kept_and_others_are_not(&self) {
        let folder = std::env::temp_dir().join(format!("xtask-vm-test-{}", std::process::id()));
        let (kept, lost) = (folder.join("kept"), folder.join("lost"));
        std::fs::create_dir_all(&kept).unwrap();
        std::fs::create_dir_all(&lost).unwrap();
        let script =
            format!("cd {} && echo 1 >kept/file && echo 1 >lost/file && cat lost/file", folder.display());
        let output = self.shell(&["--rw", kept.to_str().unwrap()], &script);
        let found = [&kept, &lost].map(|folder| folder.join("file").exists());
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!(output.stdout, b"1\n", "{}", said(&output));
        assert_eq!(found, [true, false]);
    }

    fn processes_that_the_command_leaves_running_are_ended(&self) {
        let start = Instant::now();
        let output = self.shell(&["--timeout", "100"], "setsid sleep 90 & sleep 91 & echo done");
        assert_eq!(
            (output.stdout.as_slice(), output.status.code()),
            (&b"done\n"[..], Some(0)),
            "{}",
            said(&output)
        );
        assert!(start.elapsed() < Duration::from_secs(80), "{:?}", start.elapsed());
    }

    fn gives_up_when_the_time_is_up(&self) {
        let output = self.shell(&["--timeout", "15"], "echo begun; sleep 600");
        assert_eq!((output.stdout.as_slice(), output.status.code()), (&b"begun\n"[..], Some(124)));
        assert!(said(&output).ends_with("timed out after 15 s\n"), "{}", said(&output));
    }

    fn says_when_the_kernel_ends_first(&self) {
        let output = self.shell(&[], "echo c >/proc/sysrq-trigger; sleep 60");
        assert_eq!(output.status.code(), Some(125), "{}", said(&output));
        assert!(said(&output).contains("the guest ended without a status"), "{}", said(&output));
    }

    fn has_ipvs(&self) {
        let script = "ip netns add a && ip netns exec a ipvsadm -A -t 192.0.2.1:80 -s wlc && ip netns exec a cat /proc/net/ip_vs";
        let output = self.shell(&[], script);
        let table = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(table.contains("TCP  C0000201:0050 wlc"), "{table}{}", said(&output));
    }

    fn keeps_its_promises(&self) {
        self.has_a_kernel_of_its_own();
        self.tells_the_status_and_keeps_outputs_apart();
        self.passes_words_environment_folder_and_every_octet();
        self.files_written_to_chosen_folders_are_kept_and_others_are_not();
        self.processes_that_the_command_leaves_running_are_ended();
        self.gives_up_when_the_time_is_up();
        self.says_when_the_kernel_ends_first();
        if Path::new("/usr/sbin/ipvsadm").exists() {
            self.has_ipvs();
        }
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Past the capture of the test runner.
fn skip(reason: &str) {
    let _ = write!(std::io::stdout(), "\nSKIPPED {reason}\n");
}

#[test]
fn user_mode_linux_keeps_the_promises() {
    if Path::new("/proc/net/ip_vs").exists() {
        return skip(
            "user_mode_linux_keeps_the_promises: this machine's own kernel has IPVS, nothing is started",
        );
    }
    if !Path::new("/usr/bin/linux.uml").exists() {
        return skip("user_mode_linux_keeps_the_promises: user-mode-linux is not installed");
    }
    USER_MODE.keeps_its_promises();
}

#[test]
#[ignore = "a minute of an emulated machine; installs qemu and fetches a kernel (44 MB) on its first run"]
fn an_emulated_machine_keeps_the_promises() {
    EMULATED.keeps_its_promises();
}
