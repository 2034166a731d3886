//! The program that takes over, and the beginning of this one as such.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;

use privsep::image::{Image, descriptor, open_descriptors, take_variable, unblock_signals};

use super::HandedOver;

/// The program that is executed.
#[derive(Debug)]
pub(in crate::parent) struct Next<'a> {
    /// The program.
    pub(in crate::parent) program: BorrowedFd<'a>,
    /// The state that it is handed.
    pub(in crate::parent) state: BorrowedFd<'a>,
    /// The program that runs, should it have to take over again.
    pub(in crate::parent) former: Option<BorrowedFd<'a>>,
    /// The other descriptors that stay open.
    pub(in crate::parent) kept: Vec<BorrowedFd<'a>>,
    /// It had handed over itself, and takes over again for this reason.
    pub(in crate::parent) went_back: Option<&'a str>,
}

/// The state that this program was handed.
#[derive(Debug)]
pub(in crate::parent) struct Takeover {
    pub(in crate::parent) state: HandedOver,
    /// The program that handed over can be executed again.
    pub(in crate::parent) former: Option<OwnedFd>,
}

/// Opens a program that root may let take over.
///
/// # Errors
/// The reason for which it is no such program.
pub(in crate::parent) fn open_program(path: Option<&str>) -> Result<(PathBuf, File), String> {
    let path = match path {
        Some(path) => PathBuf::from(path),
        None => installed().map_err(|error| format!("/proc/self/exe: {error}"))?,
    };
    let open = || -> io::Result<File> {
        let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(&path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        if metadata.mode() & 0o022 != 0 || ![0, nix::unistd::geteuid().as_raw()].contains(&metadata.uid()) {
            return Err(io::Error::other("others than root can write it; it is not run as root"));
        }
        let mut magic = [0; 4];
        file.read_exact_at(&mut magic, 0).map_err(|_| io::Error::other("it is no program"))?;
        if magic != *b"\x7fELF" {
            return Err(io::Error::other("it is no program of this machine (ELF)"));
        }
        Ok(file)
    };
    let file = open().map_err(|error| format!("{}: {error}", path.display()))?;
    Ok((path, file))
}

/// The file that this program was started from, as it is now.
fn installed() -> io::Result<PathBuf> {
    let path = std::fs::read_link("/proc/self/exe")?.into_os_string().into_vec();
    // The kernel says so of one that was replaced.
    let path = path.strip_suffix(b" (deleted)").unwrap_or(&path);
    Ok(PathBuf::from(OsString::from_vec(path.to_vec())))
}

impl Next<'_> {
    /// Becomes it, or says why not.
    pub(in crate::parent) fn execute(self) -> io::Error {
        let (state, former) = (self.state.as_raw_fd(), self.former.map_or(-1, |former| former.as_raw_fd()));
        let back = self.went_back.map(|why| format!(" {BACK} {why}")).unwrap_or_default();
        let told = format!("{state} {former}{back}").replace('\0', " ");
        let kept = self.kept.into_iter().chain([self.state]).chain(self.former).collect();
        Image { program: self.program, variable: (VARIABLE, told), kept }.execute()
    }
}

impl Takeover {
    /// The state that the program before this one in the same process left, if there was one. If it cannot be read, that program is executed
    /// again. To be called while this process has one thread.
    pub(in crate::parent) fn from_environment() -> Option<Self> {
        let told = take_variable(VARIABLE)?;
        let mut words = told.splitn(4, ' ');
        let mut number = || words.next().and_then(|word| word.parse().ok());
        let (number, program) = (number()?, number()?);
        let why =
            words.next().filter(|word| *word == BACK).map(|_| words.next().unwrap_or_default().to_owned());
        let is_ours = std::fs::read_link(format!("/proc/self/fd/{number}"))
            .is_ok_and(|name| name.as_os_str().as_bytes().starts_with(b"/memfd:vipd-takeover"));
        let file = descriptor(number).filter(|_| is_ours).map(File::from)?;
        let former = descriptor(program);
        let mut state = match HandedOver::read(&file) {
            Ok(state) if state.pid == std::process::id() => state,
            // An environment that somebody copied.
            Ok(_) => return None,
            Err(error) => {
                let others = open_descriptors();
                let (own, program) = (file.as_raw_fd(), former.as_ref().map(AsRawFd::as_raw_fd));
                let others = others.into_iter().filter(|&number| number != own && Some(number) != program);
                let others: Vec<OwnedFd> = others.filter_map(descriptor).collect();
                if let (Some(former), None) = (&former, &why) {
                    let (program, state, why) = (former.as_fd(), file.as_fd(), error.to_string());
                    let kept = others.iter().map(AsFd::as_fd).collect();
                    let _ = Next { program, state, former: None, kept, went_back: Some(&why) }.execute();
                }
                // A start like any other: nothing that is left open may hold the pid file or the control socket.
                drop((file, former, others));
                unblock_signals();
                return None;
            }
        };
        if why.is_some() {
            state.went_back = why;
            state.next = std::mem::take(&mut state.former);
        }
        let former = former.filter(|_| state.went_back.is_none());
        Some(Self { state, former })
    }

    /// This program cannot go on: the former one takes over again. Returns only if that fails.
    pub(in crate::parent) fn give_back(self, why: &str) -> io::Error {
        let Some(former) = self.former else { return io::Error::other("there is no former program") };
        let file = match self.state.encode().and_then(|bytes| super::sealed(&bytes)) {
            Ok(file) => file,
            Err(error) => return error,
        };
        let descriptors = &self.state.descriptors;
        let fifos = self.state.fifos.open.iter().map(|fifo| fifo.descriptor);
        let numbers = descriptors
            .pid_file
            .iter()
            .map(|(_, number)| *number)
            .chain(descriptors.control.iter().map(|(.., number)| *number))
            .chain(descriptors.client.iter().map(|(number, ..)| *number))
            .chain(fifos);
        let kept: Vec<OwnedFd> = numbers.filter_map(descriptor).collect();
        let kept = kept.iter().map(AsFd::as_fd).collect();
        let (program, state) = (former.as_fd(), file.as_fd());
        Next { program, state, former: None, kept, went_back: Some(why) }.execute()
    }
}

/// Names the descriptor of what is handed over.
const VARIABLE: &str = "VIPD_TAKEOVER";

/// Follows the number where the former program takes over again.
const BACK: &str = "back";
