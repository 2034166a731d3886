//! The terminal: a line for each thing that happens, and below it, on a terminal, who holds the address now.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use super::observe::LossRun;
use crate::lab::Stamp;

/// What the status lines show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Status {
    /// For each router: what it does.
    pub(super) routers: [RouterStatus; 2],
    /// For each of the last tenths of a second: questions lost in it.
    pub(super) losses: Vec<usize>,
    /// Questions lost in all.
    pub(super) lost: usize,
}

/// One router's line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RouterStatus {
    /// Its daemon runs.
    pub(super) running: bool,
    /// It holds the address.
    pub(super) holds: bool,
    /// Priority of its last advertisement.
    pub(super) priority: Option<u8>,
    /// Its advertisements so far.
    pub(super) adverts: usize,
}

/// The output.
#[derive(Debug)]
pub(super) struct Live {
    start: Stamp,
    terminal: bool,
    colour: bool,
    drawn: Option<Status>,
}

impl Live {
    /// Writes to standard output; times count from `start`.
    pub(super) fn new(start: Stamp) -> Self {
        let terminal = io::stdout().is_terminal();
        let colour = terminal && std::env::var_os("NO_COLOR").is_none();
        Self { start, terminal, colour, drawn: None }
    }

    /// A heading of the story.
    pub(super) fn chapter(&mut self, text: &str) {
        let line = self.paint("1", text);
        self.line(&format!("\n{line}\n"));
    }

    /// Something that happened at `at`.
    pub(super) fn event(&mut self, at: Stamp, text: &str) {
        let time = at.since(self.start).as_secs_f64();
        self.line(&format!("{time:9.3} s  {text}\n"));
    }

    /// A run of losses that has ended.
    pub(super) fn losses(&mut self, run: &LossRun) {
        let text = self.paint("31", &loss_text(run));
        self.event(run.from, &text);
    }

    /// Draws the status lines anew; nothing where the output is not a terminal.
    pub(super) fn status(&mut self, status: &Status) {
        if self.terminal && self.drawn.as_ref() != Some(status) {
            self.erase();
            self.draw(status);
        }
    }

    /// Takes the status lines away.
    pub(super) fn finish(&mut self) {
        self.erase();
    }

    fn line(&mut self, text: &str) {
        let status = self.drawn.clone();
        self.erase();
        put(text);
        if let Some(status) = status {
            self.draw(&status);
        }
    }

    fn erase(&mut self) {
        if self.drawn.take().is_some() {
            put("\x1b[3A\x1b[J");
        }
    }

    fn draw(&mut self, status: &Status) {
        let mut text = String::new();
        for (name, router) in ["A", "B"].iter().zip(&status.routers) {
            let (state, colour) = match (router.running, router.holds) {
                (false, _) => ("down", "31"),
                (true, true) => ("ACTIVE", "1;32"),
                (true, false) => ("backup", "34"),
            };
            let state = self.paint(colour, &format!("{state:<8}"));
            let holds = if router.holds { "holds the address" } else { "" };
            let priority =
                router.priority.map_or_else(String::new, |priority| format!("priority {priority}"));
            let _ = writeln!(text, "  {name}  {state} {priority:<13} {:>4} adverts  {holds}", router.adverts);
        }
        let _ = writeln!(text, "  client {}  {} lost", self.bar(&status.losses), status.lost);
        put(&text);
        self.drawn = Some(status.clone());
    }

    fn bar(&self, losses: &[usize]) -> String {
        let cell = |&lost: &usize| if lost == 0 { "·".to_owned() } else { self.paint("31", "×") };
        losses.iter().map(cell).collect()
    }

    fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A run of losses in words, with one mark for each lost packet up to a line's length.
fn loss_text(run: &LossRun) -> String {
    const MOST: usize = 50;
    let marks = "×".repeat(run.count.min(MOST));
    let more = if run.count > MOST { "…" } else { "" };
    let length = run.to.since(run.from).max(Duration::from_millis(1)).as_secs_f64();
    let packets = if run.count == 1 { "packet" } else { "packets in a row" };
    format!("client lost {} {packets} ({length:.3} s) {marks}{more}", run.count)
}

/// A closed pipe must not end the story: the exit code still counts.
fn put(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_lost_packet_has_its_mark_up_to_a_line() {
        let at = |ms| Stamp::from_epoch(Duration::from_millis(ms));
        let run = LossRun { from: at(0), to: at(20), count: 3 };
        assert_eq!(loss_text(&run), "client lost 3 packets in a row (0.020 s) ×××");
        let long = loss_text(&LossRun { from: at(0), to: at(3000), count: 300 });
        assert_eq!(long.matches('×').count(), 50);
        assert!(long.ends_with('…'));
    }
}
