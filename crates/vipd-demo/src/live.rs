//! The terminal: a line for each thing that happens, and below it, on a terminal, how things are now.

use std::io::{self, IsTerminal, Write as _};
use std::time::Duration;

use super::losses::LossRun;
use vip_lab::Stamp;

/// The output.
#[derive(Debug)]
pub(super) struct Live {
    start: Stamp,
    terminal: bool,
    colour: bool,
    /// The lines below the events, while they are there.
    drawn: Option<Vec<String>>,
}

impl Live {
    /// Writes to standard output; times count from `start`. With `always`, as if that were a terminal.
    pub(super) fn new(start: Stamp, always: bool) -> Self {
        let terminal = always || io::stdout().is_terminal();
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

    /// A run of losses that has ended: the client that lost, and the name of one such thing.
    pub(super) fn losses(&mut self, who: &str, thing: &str, run: &LossRun) {
        let text = self.paint("31", &loss_text(who, thing, run));
        self.event(run.from, &text);
    }

    /// Draws the status lines anew; nothing where the output is not a terminal.
    pub(super) fn status(&mut self, lines: Vec<String>) {
        if self.terminal && self.drawn.as_ref() != Some(&lines) {
            self.erase();
            self.draw(lines);
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
        if let Some(lines) = status {
            self.draw(lines);
        }
    }

    fn erase(&mut self) {
        if let Some(lines) = self.drawn.take() {
            put(&format!("\x1b[{}A\x1b[J", lines.len()));
        }
    }

    fn draw(&mut self, lines: Vec<String>) {
        put(&lines.iter().map(|line| line.clone() + "\n").collect::<String>());
        self.drawn = Some(lines);
    }

    /// A cell for each of these numbers of losses.
    pub(super) fn bar(&self, losses: &[usize]) -> String {
        let cell = |&lost: &usize| if lost == 0 { "·".to_owned() } else { self.paint("31", "×") };
        losses.iter().map(cell).collect()
    }

    /// Text in a colour, where the output has colours.
    pub(super) fn paint(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.finish();
    }
}

/// A run of losses in words, with one mark for each of them up to a line's length.
fn loss_text(who: &str, thing: &str, run: &LossRun) -> String {
    const MOST: usize = 50;
    let marks = "×".repeat(run.count.min(MOST));
    let more = if run.count > MOST { "…" } else { "" };
    let length = run.to.since(run.from).max(Duration::from_millis(1)).as_secs_f64();
    let things = if run.count == 1 { thing.to_owned() } else { format!("{thing}s in a row") };
    format!("{who} lost {} {things} ({length:.3} s) {marks}{more}", run.count)
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
        assert_eq!(loss_text("client", "packet", &run), "client lost 3 packets in a row (0.020 s) ×××");
        let long = loss_text("client", "packet", &LossRun { from: at(0), to: at(3000), count: 300 });
        assert_eq!(long.matches('×').count(), 50);
        assert!(long.ends_with('…'));
    }
}
