//! A daemon under test: started in a host, its output kept line by line, stopped in order or killed outright.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{Host, Stamp, process};

/// A line of a daemon's output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was read.
    pub at: Stamp,
    /// The line without its end.
    pub text: String,
}

/// How to start a daemon: program and arguments, in which `{conf}` stands for the configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    words: Vec<String>,
}

impl Program {
    /// Splits a command line at spaces; quotes mean nothing. `None` for an empty one.
    #[must_use]
    pub fn parse(command_line: &str) -> Option<Self> {
        let words: Vec<String> = command_line.split_whitespace().map(str::to_owned).collect();
        (!words.is_empty()).then_some(Self { words })
    }

    /// A program with its arguments.
    #[must_use]
    pub fn new(program: &str, arguments: &[&str]) -> Self {
        let words = std::iter::once(program).chain(arguments.iter().copied()).map(str::to_owned).collect();
        Self { words }
    }

    /// The command for this configuration file.
    #[must_use]
    pub fn command(&self, configuration: &str) -> Command {
        let mut words = self.words.iter().map(|word| word.replace("{conf}", configuration));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        command
    }
}

/// A running daemon. Dropping it kills its whole process tree.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    log: Arc<Mutex<Vec<LogLine>>>,
    readers: Vec<JoinHandle<()>>,
}

impl Daemon {
    /// Starts `command` in `host`, with nothing to read and both outputs kept.
    pub fn start(host: &Host, mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = host.spawn(command)?;
        let log = Arc::new(Mutex::new(Vec::new()));
        let mut readers = Vec::new();
        if let Some(stdout) = child.stdout.take() {
            readers.push(keep_lines(stdout, Arc::clone(&log))?);
        }
        if let Some(stderr) = child.stderr.take() {
            readers.push(keep_lines(stderr, Arc::clone(&log))?);
        }
        Ok(Self { child, log, readers })
    }

    /// Its process id as this process sees it; in the host it has another one.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The output so far, both streams in the order they were read.
    pub fn log(&self) -> Vec<LogLine> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sends a signal to the daemon's first process.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = i32::try_from(self.child.id()).map_err(io::Error::other)?;
        Ok(kill(Pid::from_raw(pid), signal)?)
    }

    /// Whether the first process still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for the first process to end, at most `bound`; `None` if it still runs then.
    pub fn wait(&mut self, bound: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + bound;
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.await_last_lines();
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Lets the rest of the output be read. A process that the daemon left behind may hold it open: this ends nevertheless.
    fn await_last_lines(&self) {
        let deadline = Instant::now() + LAST_LINES;
        while !self.readers.iter().all(JoinHandle::is_finished) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Kills (SIGKILL) the daemon with all its descendants; none of them gets to say anything.
    pub fn kill(&mut self) {
        if self.is_running() {
            process::kill_tree(self.child.id());
        }
        let _ = self.child.wait();
    }

    /// Stops the daemon with all its descendants (SIGSTOP), as a paused virtual machine would.
    pub fn freeze(&mut self) {
        if self.is_running() {
            process::signal_tree(self.child.id(), Signal::SIGSTOP);
        }
    }

    /// Ends a [`freeze`](Self::freeze).
    pub fn thaw(&mut self) {
        if self.is_running() {
            process::signal_tree(self.child.id(), Signal::SIGCONT);
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Lines kept at most, and bytes of a line: a daemon that logs without end must not use up the memory.
const MAX_LINES: usize = 100_000;
const MAX_LINE: u64 = 4096;

/// Time in which the output of a daemon that ended has to be read.
const LAST_LINES: Duration = Duration::from_millis(200);

fn keep_lines(
    stream: impl Read + Send + 'static,
    log: Arc<Mutex<Vec<LogLine>>>,
) -> io::Result<JoinHandle<()>> {
    let body = move || {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!((&mut reader).take(MAX_LINE).read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            if log.len() < MAX_LINES {
                log.push(LogLine { at: Stamp::now(), text });
            }
            line.clear();
        }
    };
    std::thread::Builder::new().name("log".to_owned()).spawn(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_file_is_put_where_the_command_line_says() {
        let program = Program::parse("/usr/sbin/keepalived -n  -f {conf} --pid=/run/{conf}.pid").unwrap();
        let command = program.command("x.conf");
        let arguments: Vec<_> = command.get_args().map(|argument| argument.to_str().unwrap()).collect();
        assert_eq!(command.get_program(), "/usr/sbin/keepalived");
        assert_eq!(arguments, ["-n", "-f", "x.conf", "--pid=/run/x.conf.pid"]);
        assert_eq!(Program::parse("  "), None);
    }
}
