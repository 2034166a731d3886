//! `cargo xtask vm`: runs a program of this machine on a kernel that has IPVS.
//!
//! That is the machine's own kernel where it has IPVS, else user-mode-linux: Debian's kernel as an ordinary program,
//! which boots in a second and needs neither virtualisation nor an image. With `--qemu`, and on architectures that
//! user-mode-linux does not know, it is Debian's cloud kernel in an emulated machine, several times slower. The guest
//! sees the machine's files at the same paths, and files that it writes are gone at the end, except in the folders of
//! `--rw`.
//!
//! The command runs in the same working directory with the same arguments and environment. Its standard input is
//! `/dev/null`, its two outputs stay apart, and whatever it leaves running is killed. There is no network but its
//! own. The exit status is the command's (128 + N for signal N), 124 when the time was up, 125 when the guest ended
//! without one. Therefore it serves as the runner of cargo: `CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER`.

pub(crate) mod architecture;
mod host;
mod initramfs;
mod job;
mod options;
mod output;
mod qemu;
mod registers;
mod user_mode;

use std::io;
use std::process::{Child, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::setup;
use job::Job;
use options::Options;
use output::Copying;

/// Exit status when the time was up, as of timeout(1).
const TIMED_OUT: u8 = 124;
/// Exit status when the command could not be run, or its kernel ended first.
const NO_STATUS: u8 = 125;

/// A kernel with IPVS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kernel {
    /// The one that runs already.
    Host,
    /// user-mode-linux, started for the command.
    UserMode,
    /// An emulated machine, started for the command.
    Qemu,
}

/// Runs `vm` with the arguments behind that word.
pub(crate) fn main(words: &[&str]) -> ExitCode {
    let done = Options::parse(words).and_then(|options| match find(options.qemu) {
        Some(kernel) => run(kernel, &options).map_err(|error| error.to_string()),
        None => Err(if options.qemu { NO_MACHINE } else { NO_KERNEL }.to_owned()),
    });
    match done {
        Ok(status) => ExitCode::from(status),
        Err(message) => {
            eprintln!("xtask vm: {message}");
            ExitCode::from(NO_STATUS)
        }
    }
}

/// Whether a kernel with IPVS can be had here; installs what is missing for it where that is possible.
pub(crate) fn is_possible() -> bool {
    find(false).is_some()
}

/// What to say where [`is_possible`] says no.
pub(crate) const NO_KERNEL: &str = "no kernel with IPVS: this one has no module ip_vs, and there is no \
    user-mode-linux (Debian, x86: apt-get install user-mode-linux busybox-static iproute2); or see --qemu";
const NO_MACHINE: &str = "no machine to emulate: that takes root and qemu (Debian: apt-get install qemu-system-x86 or \
    qemu-system-arm, virtiofsd where it is a package of its own, busybox-static, iproute2)";

/// The kernel to use; only an emulated one if that is asked for.
fn find(emulated: bool) -> Option<Kernel> {
    if !emulated {
        if host::has_ipvs() {
            return Some(Kernel::Host);
        }
        if user_mode::IS_POSSIBLE {
            setup::install_vm();
        }
        if user_mode::is_installed() {
            return Some(Kernel::UserMode);
        }
    }
    if emulated || !user_mode::IS_POSSIBLE {
        setup::install_qemu();
    }
    qemu::is_installed().then_some(Kernel::Qemu)
}

/// Gives the exit status.
fn run(kernel: Kernel, options: &Options) -> io::Result<u8> {
    let job = Job::new(options)?;
    let mut command = match kernel {
        Kernel::Host => host::command(&job),
        Kernel::UserMode => user_mode::command(&job, options)?,
        Kernel::Qemu => qemu::command(&job, options)?,
    };
    // Through a pipe in any case: user-mode-linux would make a terminal raw.
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let copying = Copying::start(&mut child)?;
    let ended = wait(&mut child, options.timeout)?;
    copying.finish();
    if let Some(status) = job.status() {
        return Ok(status);
    }
    if ended.is_none() {
        eprintln!("xtask vm: timed out after {} s", options.timeout.as_secs_f64());
        return Ok(TIMED_OUT);
    }
    eprintln!("{}\nxtask vm: the guest ended without a status; its console is above", job.console());
    Ok(NO_STATUS)
}

/// Waits for the end; kills it and gives `None` when the time is up.
fn wait(child: &mut Child, bound: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= bound {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
