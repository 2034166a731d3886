//! The folder through which this program and the guest speak to each other.
//!
//! `argv` and `env` hold texts that each end in NUL (the working directory comes first in `argv`), `rw` a path on
//! each line; the guest writes `rc`, the command's exit status in decimal, when the command has ended.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::options::Options;
use crate::run::is_root;

/// A command to run. Dropping it removes the folder.
#[derive(Debug)]
pub(super) struct Job {
    folder: PathBuf,
}

impl Job {
    /// A folder with all that the guest must know, the guest's scripts among it.
    pub(super) fn new(options: &Options) -> io::Result<Self> {
        sweep();
        // Not $TMPDIR: the path stands on a kernel's command line and must be plain.
        let folder = PathBuf::from(format!("/tmp/{PREFIX}{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&folder)?;
        let job = Self { folder };
        let directory = std::env::current_dir()?;
        let words = options.command.iter().map(OsStr::new);
        fs::write(job.file("argv"), joined(std::iter::once(directory.as_os_str()).chain(words)))?;
        fs::write(job.file("env"), joined(environment().iter().map(|variable| OsStr::from_bytes(variable))))?;
        let writable = std::iter::once(&job.folder).chain(&options.writable);
        let lines: Vec<String> = writable.map(|path| format!("{}\n", path.display())).collect();
        fs::write(job.file("rw"), lines.concat())?;
        for (name, text) in SCRIPTS {
            let mut script =
                OpenOptions::new().write(true).create_new(true).mode(0o755).open(job.file(name))?;
            script.write_all(text.as_bytes())?;
        }
        Ok(job)
    }

    /// The path of a file in the folder.
    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A command that runs one of our scripts that starts a guest: in a process namespace of its own, so that nothing
    /// of it outlives it or us. Its first argument is the console's file; the others are to be added.
    pub(super) fn alone(&self, script: &str) -> Command {
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL", "unshare", "--pid", "--fork", "--kill-child"]);
        if !is_root() {
            command.args(["--user", "--map-root-user"]);
        }
        command.arg("sh").arg(self.file(script)).arg(self.file("console"));
        command
    }

    /// The command's exit status, if it has ended.
    pub(super) fn status(&self) -> Option<u8> {
        fs::read_to_string(self.file("rc")).ok()?.trim().parse().ok()
    }

    /// The last lines of the guest's console.
    pub(super) fn console(&self) -> String {
        let text = fs::read(self.file("console")).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

const PREFIX: &str = "xtask-vm.";

/// `init.sh` is the guest's first program, `run.sh` runs the command in any kernel, the others start a guest.
const SCRIPTS: [(&str, &str); 4] = [
    ("init.sh", include_str!("guest/init.sh")),
    ("run.sh", include_str!("guest/run.sh")),
    ("user_mode.sh", include_str!("guest/user_mode.sh")),
    ("qemu.sh", include_str!("guest/qemu.sh")),
];

fn environment() -> Vec<Vec<u8>> {
    let pair = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        [name.as_bytes(), b"=", value.as_bytes()].concat()
    };
    std::env::vars_os().map(pair).collect()
}

fn joined<'a>(texts: impl Iterator<Item = &'a OsStr>) -> Vec<u8> {
    texts.flat_map(|text| text.as_bytes().iter().copied().chain([0])).collect()
}

/// Removes what was left by runs that were killed, when it is a day old.
fn sweep() {
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    for entry in fs::read_dir("/tmp").into_iter().flatten().flatten() {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let changed = entry.metadata().and_then(|found| found.modified());
        if ours && changed.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > DAY)) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_ends_in_nul_and_nothing_in_it_is_changed() {
        let texts = ["/", "a b", "", "$(x)\n'\""].map(OsStr::new);
        assert_eq!(joined(texts.into_iter()), b"/\0a b\0\0$(x)\n'\"\0");
    }
}
