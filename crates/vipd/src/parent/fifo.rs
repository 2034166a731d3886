//! FIFOs that get a line for each change of an instance, a virtual or a real server.
//!
//! As keepalived's: made if absent, opened for reading and writing so that no reader is needed, never waited for. A
//! line that does not fit is lost, and that is said. On a reload and at the end they are closed, so that readers see
//! the end; those that were made here are removed then.

use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use keepalived_conf::model::fifo::{Fifo as Configured, Lines};
use nix::sys::stat::Mode;
use nix::unistd::{chown, mkfifo};

use super::accounts::Accounts;
use super::command;
use super::process::{Child, Credentials};
use super::role::Role;
use crate::log::Log;

/// The FIFOs of the present configuration, and the scripts that read them.
#[derive(Debug, Default)]
pub(super) struct Fifos {
    open: Vec<Fifo>,
    /// Scripts that were told to end.
    ending: Vec<Child>,
}

#[derive(Debug)]
struct Fifo {
    path: PathBuf,
    lines: Lines,
    file: File,
    /// It did not exist before.
    made: bool,
    script: Option<Child>,
    /// Lines lost since the last one that was not.
    lost: u64,
}

impl Fifos {
    /// Closes what is open, and opens what the configuration names.
    pub(super) fn reopen(&mut self, configured: &[Configured], accounts: &Accounts, log: &mut Log) {
        self.close();
        for fifo in configured {
            match Fifo::open(fifo, accounts) {
                Ok(mut open) => {
                    if let Err(error) = open.start_script(fifo, accounts) {
                        log.error(format!("script of FIFO {}: {error}", fifo.path.display()));
                    }
                    self.open.push(open);
                }
                Err(error) => log.error(format!("FIFO {}: {error}", fifo.path.display())),
            }
        }
    }

    /// Writes a line about what this role is for to each FIFO that gets such lines.
    pub(super) fn write(&mut self, role: Role, line: &str, log: &mut Log) {
        for fifo in self.open.iter_mut().filter(|fifo| fifo.takes(role)) {
            if let Err(error) = fifo.write(line) {
                fifo.lost += 1;
                if fifo.lost == 1 {
                    log.warning(format!("FIFO {}: {error}: lines are lost", fifo.path.display()));
                }
            } else if fifo.lost > 0 {
                log.warning(format!("FIFO {}: {} lines were lost", fifo.path.display(), fifo.lost));
                fifo.lost = 0;
            }
        }
    }

    /// SIGCHLD came.
    pub(super) fn reap(&mut self, log: &mut Log) {
        self.ending.retain_mut(|child| child.poll().is_none());
        for fifo in &mut self.open {
            if let Some(ended) = fifo.script.as_mut().and_then(Child::poll) {
                fifo.script = None;
                log.warning(format!("script of FIFO {} ended: {ended:?}", fifo.path.display()));
            }
        }
    }

    /// Process ids of the scripts.
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.open.iter().filter_map(|fifo| fifo.script.as_ref()).chain(&self.ending).map(Child::pid)
    }

    /// Closes all: readers see the end, scripts are told to.
    pub(super) fn close(&mut self) {
        for mut fifo in self.open.drain(..) {
            if let Some(mut script) = fifo.script.take() {
                script.terminate();
                self.ending.push(script);
            }
            if fifo.made {
                // Somebody may have removed it already.
                let _ = std::fs::remove_file(&fifo.path);
            }
        }
    }
}

impl Fifo {
    fn open(configured: &Configured, accounts: &Accounts) -> io::Result<Self> {
        let path = &configured.path;
        let owner = match &configured.owner {
            Some(user) => accounts.find(Some(user)).map_err(io::Error::other)?,
            None => Credentials::own(),
        };
        let made = make(path, &owner)?;
        let file = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW | libc::O_CLOEXEC)
            .open(path)?;
        let metadata = file.metadata()?;
        if !metadata.file_type().is_fifo() {
            return Err(io::Error::other("it is no FIFO"));
        }
        if metadata.uid() != owner.uid.as_raw() && metadata.uid() != Credentials::own().uid.as_raw() {
            return Err(io::Error::other(format!("it belongs to user {}", metadata.uid())));
        }
        Ok(Self { path: path.clone(), lines: configured.lines, file, made, script: None, lost: 0 })
    }

    fn takes(&self, role: Role) -> bool {
        matches!((self.lines, role), (Lines::All, _) | (Lines::Vrrp, Role::Vrrp) | (Lines::Lvs, Role::Lvs))
    }

    fn start_script(&mut self, configured: &Configured, accounts: &Accounts) -> io::Result<()> {
        let Some(command) = &configured.script else { return Ok(()) };
        let credentials = accounts.find(command.user.as_ref()).map_err(io::Error::other)?;
        let argument = self.path.to_string_lossy().into_owned();
        self.script = Some(command::launch(command, &[argument], credentials)?.start()?);
        Ok(())
    }

    /// A line of up to a page is written whole or not at all.
    fn write(&mut self, line: &str) -> io::Result<()> {
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

/// Makes a FIFO for everybody to read; gives whether it was not there before.
fn make(path: &Path, owner: &Credentials) -> io::Result<bool> {
    match mkfifo(path, Mode::from_bits_truncate(0o644)) {
        Ok(()) => {
            // The umask took some of it away.
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
            std::fs::set_permissions(path, mode)?;
            chown(path, Some(owner.uid), Some(owner.gid))?;
            Ok(true)
        }
        Err(nix::errno::Errno::EEXIST) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::log::LogOptions;
    use crate::parent::testing::{TestDirectory, empty_config};

    fn quiet() -> Log {
        Log::new(LogOptions { console: false, syslog: None, detail: false })
    }

    fn configured(path: &Path) -> Configured {
        Configured { path: path.to_owned(), lines: Lines::Lvs, owner: None, script: None }
    }

    #[test]
    fn lines_reach_a_reader_and_a_fifo_that_was_made_goes_with_the_daemon() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        fifos.reopen(&[configured(&path)], &accounts, &mut log);
        let mut reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
        fifos.write(Role::Lvs, "VS [192.0.2.1]:tcp:80 UP", &mut log);
        fifos.write(Role::Vrrp, "INSTANCE \"V1\" MASTER 150", &mut log);
        fifos.close();
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "VS [192.0.2.1]:tcp:80 UP\n");
        assert!(!path.exists());
    }

    #[test]
    fn a_fifo_without_a_reader_loses_lines_but_never_blocks() {
        let directory = TestDirectory::new();
        let path = directory.path().join("fifo");
        let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
        fifos.reopen(&[configured(&path)], &accounts, &mut log);
        for _ in 0..10_000 {
            fifos.write(Role::Lvs, "RS [10.0.0.1]:tcp:80 [192.0.2.1]:tcp:80 DOWN", &mut log);
        }
        assert!(fifos.open[0].lost > 0);
    }

    #[test]
    fn what_is_no_fifo_is_left_alone() {
        let directory = TestDirectory::new();
        let path = directory.path().join("file");
        std::fs::write(&path, "mine").unwrap();
        let (mut fifos, accounts) = (Fifos::default(), Accounts::of(&empty_config()));
        fifos.reopen(&[configured(&path)], &accounts, &mut quiet());
        assert!(fifos.open.is_empty());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
    }
}
