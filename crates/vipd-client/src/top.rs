//! `vipd top`: the status, again each second.

use std::io::{self, IsTerminal as _, Write};
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use vipd_control::Verb as Request;
use vipd_status::{Status, text};
use vipd_verbs::Common;

use super::connection::Connection;
use super::{Failure, PATIENCE, print, show, status};

/// Shows the status until `q` is pressed; once, where the output is no terminal.
pub(super) fn top(common: &Common) -> Result<(), Failure> {
    let ask = || {
        let mut connection = Connection::ask(&common.socket, Request::Status {}, Some(PATIENCE))?;
        status(&mut connection)
    };
    let first = ask()?;
    if common.json {
        return print(&show::json(&first));
    }
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return print(&text::status(&first, &show::options(None)));
    }
    let _terminal = Terminal::enter()?;
    let mut shown = Ok(first);
    loop {
        draw(&shown)?;
        if quits(SECOND) {
            return Ok(());
        }
        shown = ask();
    }
}

/// A terminal that hands over keys as they are pressed. It is as before once this is dropped.
struct Terminal {
    before: Termios,
}

impl Terminal {
    fn enter() -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::No(format!("the terminal cannot be used: {error}"));
        let before = tcgetattr(io::stdin()).map_err(|error| failed(error.into()))?;
        let mut raw = before.clone();
        // Ctrl-C is a key, too, so that the terminal is put right before the end.
        raw.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(io::stdin(), OptionalActions::Now, &raw).map_err(|error| failed(error.into()))?;
        let terminal = Self { before };
        write(ENTER)?;
        Ok(terminal)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = write(LEAVE);
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.before);
    }
}

fn draw(shown: &Result<Status, Failure>) -> Result<(), Failure> {
    // Some terminals do not know their size, and say 0.
    let known = tcgetwinsize(io::stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
    let (width, height) = known.map_or((80, 24), |size| (size.ws_col.into(), size.ws_row.into()));
    let text = match shown {
        Ok(status) => text::status(status, &text::Options { width, ..show::options(None) }),
        Err(Failure::No(why) | Failure::NoDaemon(why) | Failure::Refused(why)) => {
            format!("{why}\nIt is asked again each second.")
        }
        Err(Failure::Unread | Failure::Found(_)) => String::new(),
    };
    write(&frame(&text, height))
}

/// Waits so long; whether a key for the end was pressed.
fn quits(time: Duration) -> bool {
    let stdin = io::stdin();
    let descriptor = stdin.as_fd();
    let mut descriptors = [PollFd::new(&descriptor, PollFlags::IN)];
    match poll(&mut descriptors, Timespec::try_from(time).ok().as_ref()) {
        Ok(0) | Err(_) => false,
        Ok(_) => {
            let mut keys = [0; 64];
            let count = rustix::io::read(&stdin, &mut keys).unwrap_or(0);
            // The end of the input is an end, too: the terminal is gone.
            count == 0 || keys.iter().take(count).any(|key| QUIT.contains(key))
        }
    }
}

fn write(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(|_| Failure::Unread)
}

/// The text to write on a terminal of so many lines; lines that do not fit are counted in the last line.
fn frame(text: &str, height: usize) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let room = height.saturating_sub(1);
    let fitting = if lines.len() > room { room.saturating_sub(1) } else { lines.len() };
    let mut frame = HOME.to_owned();
    for line in lines.iter().take(fitting) {
        frame.extend([line, REST_OF_LINE, "\r\n"]);
    }
    if lines.len() > fitting {
        frame.extend([format!("… {} more lines", lines.len() - fitting).as_str(), REST_OF_LINE, "\r\n"]);
    }
    frame.extend(["q quits", REST_OF_SCREEN]);
    frame
}

const SECOND: Duration = Duration::from_secs(1);
/// q, Q and Ctrl-C.
const QUIT: [u8; 3] = [b'q', b'Q', 3];
/// The other screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";
const HOME: &str = "\x1b[H";
/// Cleared line by line, so that nothing flickers.
const REST_OF_LINE: &str = "\x1b[K";
const REST_OF_SCREEN: &str = "\x1b[J";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_do_not_fit_are_counted() {
        let plain = |text: &str, height| frame(text, height).replace(REST_OF_LINE, "").replace("\r\n", "|");
        assert_eq!(plain("a\nb\n", 24), "\x1b[Ha|b|q quits\x1b[J");
        assert_eq!(plain("a\nb\nc\n", 4), "\x1b[Ha|b|c|q quits\x1b[J");
        assert_eq!(plain("a\nb\nc\nd\n", 4), "\x1b[Ha|b|… 2 more lines|q quits\x1b[J");
        assert_eq!(plain("a\nb\n", 1), "\x1b[H… 2 more lines|q quits\x1b[J");
    }
}
