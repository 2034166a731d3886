//! The command line of `cargo xtask vm`.

use std::path::PathBuf;
use std::time::Duration;

/// What to run, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// Whether a whole machine is to be emulated, also where there is an easier way.
    pub(super) qemu: bool,
    /// When to give up.
    pub(super) timeout: Duration,
    /// The guest's memory in MiB.
    pub(super) memory_mib: u32,
    /// Folders in which the guest writes to this machine's files.
    pub(super) writable: Vec<PathBuf>,
    /// Program and arguments, at least the program.
    pub(super) command: Vec<String>,
}

const USAGE: &str =
    "usage: cargo xtask vm [--qemu] [--timeout SECONDS] [--mem MIB] [--rw DIR]... -- COMMAND ARGUMENT...";

impl Options {
    /// Reads the words behind `vm`.
    pub(super) fn parse(words: &[&str]) -> Result<Self, String> {
        let mut options = Self {
            qemu: false,
            timeout: Duration::from_secs(480),
            memory_mib: 512,
            writable: Vec::new(),
            command: Vec::new(),
        };
        let mut rest = words.iter();
        while let Some(&word) = rest.next() {
            let mut value = || rest.next().copied().ok_or_else(|| format!("{word} needs a value\n{USAGE}"));
            match word {
                "--qemu" => options.qemu = true,
                "--timeout" => options.timeout = seconds(value()?)?,
                "--mem" => options.memory_mib = memory(value()?)?,
                "--rw" => options.writable.push(folder(value()?)?),
                "--" => {
                    options.command = rest.map(|&word| word.to_owned()).collect();
                    break;
                }
                other => return Err(format!("unknown argument {other}\n{USAGE}")),
            }
        }
        if options.command.is_empty() { Err(USAGE.to_owned()) } else { Ok(options) }
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| format!("--timeout wants seconds, not {text}"))
}

/// Linux does not boot in less than the least of these, and 32 GiB are a mistake.
fn memory(text: &str) -> Result<u32, String> {
    let memory = text.parse().ok().filter(|mib| (64..=32_768).contains(mib));
    memory.ok_or_else(|| format!("--mem wants MiB from 64 to 32768, not {text}"))
}

/// The path goes through a mount option and a list with a path on each line.
fn folder(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text).canonicalize().map_err(|error| format!("--rw {text}: {error}"))?;
    let plain = path.to_str().is_some_and(|path| !path.contains([',', '\n', '\\']));
    if plain && path.is_dir() {
        Ok(path)
    } else {
        Err(format!("--rw {text}: not a folder with a plain name"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_behind_the_dashes_belongs_to_the_command() {
        let options =
            Options::parse(&["--timeout", "1.5", "--mem", "256", "--", "sh", "-c", "--qemu", "--mem"])
                .unwrap();
        assert_eq!(options.timeout, Duration::from_millis(1500));
        assert_eq!(options.memory_mib, 256);
        assert_eq!(options.command, ["sh", "-c", "--qemu", "--mem"]);
        assert!(!options.qemu && Options::parse(&["--qemu", "--", "ls"]).unwrap().qemu);
    }

    #[test]
    fn a_command_is_needed() {
        for words in [&[][..], &["--"], &["--timeout", "3", "--"]] {
            assert_eq!(Options::parse(words), Err(USAGE.to_owned()), "{words:?}");
        }
        assert!(Options::parse(&["ls"]).unwrap_err().starts_with("unknown argument ls"));
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_their_option() {
        for (option, value) in [
            ("--timeout", "-1"),
            ("--timeout", "soon"),
            ("--timeout", "1e300"),
            ("--mem", "1"),
            ("--mem", "x"),
            ("--rw", "/none"),
            ("--rw", "/dev/null"),
        ] {
            let problem = Options::parse(&[option, value, "--", "ls"]).unwrap_err();
            assert!(problem.starts_with(option), "{option} {value}: {problem}");
        }
        assert!(Options::parse(&["--timeout"]).unwrap_err().starts_with("--timeout needs a value"));
    }
}
