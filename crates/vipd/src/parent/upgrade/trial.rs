//! The new program says whether it takes over, before anything is changed for it.
//!
//! It is started as a child, with the paths of two memory files: what it would be handed, and where it answers. The answer is a line of
//! JSON, then the configuration as the new program has read it, in its own format. A program that
//! ends otherwise, or never, does not take over.

use std::ffi::{CString, OsString};
use std::fs::File;
use std::io::{self, Read, Seek as _, Write as _};
use std::os::fd::{AsRawFd as _, BorrowedFd};
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::ExitCode;

use serde::{Deserialize, Serialize};

use super::super::load::{self, LoadedConfig};
use super::super::process::{Child, Ended, Launch};
use super::{HandedOver, VERSION, memory_file, sealed};
use crate::cli::{self, CalledAs, Request};

/// The new program while it is tried.
#[derive(Debug)]
pub(in crate::parent) struct Trial {
    child: Child,
    answer: File,
    /// Open while the child reads it.
    _state: File,
}

/// The new program takes over.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::parent) struct Accepted {
    pub(in crate::parent) version: String,
    /// The configuration in its format.
    pub(in crate::parent) config: Vec<u8>,
}

/// The first line of its answer.
#[derive(Debug, Serialize, Deserialize)]
struct Head {
    #[serde(rename = "vipd-takes-over")]
    takes_over: bool,
    version: String,
    reason: String,
}

impl Trial {
    /// Starts the program that is open as `program`.
    pub(in crate::parent) fn start(program: BorrowedFd<'_>, state: &[u8]) -> io::Result<Self> {
        let (state, answer) = (sealed(state)?, memory_file()?);
        let own = std::process::id();
        let path = |file: &File| CString::new(format!("/proc/{own}/fd/{}", file.as_raw_fd()));
        let words = [c"vipd".to_owned(), WORD.to_owned(), path(&state)?, path(&answer)?];
        let launch = Launch {
            programs: vec![CString::new(format!("/proc/self/fd/{}", program.as_raw_fd()))?],
            arguments: words.into(),
            environment: std::env::vars_os()
                .filter_map(|(name, value)| {
                    CString::new([name.as_bytes(), b"=", value.as_bytes()].concat()).ok()
                })
                .collect(),
            credentials: None,
            socket: None,
            output: None,
        };
        Ok(Self { child: launch.start()?, answer, _state: state })
    }

    /// Its answer, once it has ended.
    pub(in crate::parent) fn poll(&mut self) -> Option<Result<Accepted, String>> {
        let ended = self.child.poll()?;
        let mut bytes = Vec::new();
        let read =
            self.answer.rewind().and_then(|()| (&self.answer).take(MAX_ANSWER).read_to_end(&mut bytes));
        Some(match read {
            Ok(_) => judge(ended, &bytes),
            Err(error) => Err(format!("its answer cannot be read: {error}")),
        })
    }

    /// Its process.
    pub(in crate::parent) fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Nobody waits for it any more.
    pub(in crate::parent) fn abandon(mut self) -> Child {
        self.child.kill();
        self.child
    }
}

fn judge(ended: Ended, answer: &[u8]) -> Result<Accepted, String> {
    let how = match ended {
        Ended::NotStarted(errno) => {
            return Err(format!("it cannot be run ({})", nix::errno::Errno::from_raw(errno).desc()));
        }
        Ended::Signalled(signal) => format!("it was ended by signal {signal}"),
        Ended::Exited(status) => format!("it exited with status {status}"),
    };
    let end = answer.iter().take(MAX_HEAD).position(|&byte| byte == b'\n');
    let head = end.and_then(|end| Some((answer.get(..end)?, answer.get(end + 1..)?)));
    let head = head.and_then(|(head, rest)| Some((serde_json::from_slice::<Head>(head).ok()?, rest)));
    match head {
        Some((Head { takes_over: true, version, .. }, config)) if ended == Ended::Exited(0) => {
            Ok(Accepted { version: short(&version), config: config.to_vec() })
        }
        Some((Head { takes_over: false, version, reason }, _)) => {
            Err(format!("version {} does not take over: {}", short(&version), short(&reason)))
        }
        _ => Err(format!("{how} and did not say that it takes over: it is no vipd that can")),
    }
}

/// Of what another program says.
fn short(text: &str) -> String {
    text.chars().take(400).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// `vipd take-over STATE ANSWER`: how the running program tries this one.
pub fn main(words: &[String]) -> ExitCode {
    let [state, answer] = words else {
        let _ = writeln!(io::stderr(), "vipd: only vipd itself starts this");
        return ExitCode::FAILURE;
    };
    let tried = File::open(state).map_err(|error| error.to_string()).and_then(take);
    let (head, config) = match tried {
        Ok(config) => (Head { takes_over: true, version: VERSION.to_owned(), reason: String::new() }, config),
        Err(reason) => (Head { takes_over: false, version: VERSION.to_owned(), reason }, Vec::new()),
    };
    let write = || -> io::Result<()> {
        let mut bytes = serde_json::to_vec(&head)?;
        bytes.push(b'\n');
        bytes.extend(config);
        File::options().write(true).open(answer)?.write_all(&bytes)
    };
    if write().is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether this program takes over: its configuration if it does.
fn take(state: File) -> Result<Vec<u8>, String> {
    let state = HandedOver::read(state).map_err(|error| error.to_string())?;
    let mut words = state.arguments.iter().cloned().map(OsString::from_vec);
    let name = words.next().unwrap_or_default();
    let is_keepalived = Path::new(&name).file_name().is_some_and(|name| name == "keepalived");
    let called_as = if is_keepalived { CalledAs::Keepalived } else { CalledAs::Vipd };
    let mut options = match cli::parse(called_as, words) {
        Request::Run(options) if options.test.is_none() => *options,
        Request::Run(_) | Request::Print(_) | Request::PrintError(..) => {
            return Err("it does not understand the command line of the running program".to_owned());
        }
    };
    options.config.clone_from(&state.config_file);
    let loaded = LoadedConfig::from(load::read(&options));
    if let Some((why, _)) = loaded.unusable {
        return Err(format!("the configuration cannot be used: {why}"));
    }
    let global = &loaded.config.global;
    if super::super::namespace(&options, global) != state.namespace.as_deref()
        || global.instance != state.instance
    {
        return Err("net_namespace and instance cannot be changed by an upgrade".to_owned());
    }
    postcard::to_allocvec(&loaded).map_err(|error| error.to_string())
}

/// The argument that asks this program.
const WORD: &std::ffi::CStr = c"take-over";

const MAX_HEAD: usize = 4096;
const MAX_ANSWER: u64 = 128 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(head: &Head, config: &[u8]) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(head).unwrap();
        bytes.push(b'\n');
        bytes.extend(config);
        bytes
    }

    #[test]
    fn only_a_program_that_says_so_and_ends_well_takes_over() {
        let yes = Head { takes_over: true, version: "2".to_owned(), reason: String::new() };
        let said = answer(&yes, b"a\nb");
        let accepted = Accepted { version: "2".to_owned(), config: b"a\nb".to_vec() };
        assert_eq!(judge(Ended::Exited(0), &said), Ok(accepted));
        for ended in [Ended::Exited(1), Ended::Signalled(11), Ended::NotStarted(8)] {
            assert!(judge(ended, &said).is_err(), "{ended:?}");
        }
        for other in [&b""[..], b"\n", b"{}\n", b"vipd 1.0\n", &[0; 10_000]] {
            let why = judge(Ended::Exited(0), other).unwrap_err();
            assert!(why.contains("status 0"), "{why}");
        }
    }

    #[test]
    fn the_reason_of_a_program_that_does_not_take_over_is_one_line() {
        let no = Head { takes_over: false, version: "2".to_owned(), reason: "format 7\n\u{1b}".to_owned() };
        let why = judge(Ended::Exited(0), &answer(&no, b"")).unwrap_err();
        assert_eq!(why, "version 2 does not take over: format 7  ");
    }
}
