//! Lines that a client has not read yet.

use std::collections::VecDeque;

use bytes::{Buf as _, Bytes};

use crate::{Answer, VERSION};

/// Lines that wait for a client. All clients that wait for the same line share its octets.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    lines: VecDeque<Bytes>,
    octets: usize,
    /// Lines that were left out, since the client was last told of such.
    lost: u64,
}

impl Queue {
    /// Adds a line that must not be lost: an answer. There is at most one answer at a time, so this needs no limit.
    pub(crate) fn push(&mut self, line: Bytes) {
        self.tell_of_loss();
        self.add(line);
    }

    /// Adds a line, or counts it as lost if too many wait.
    pub(crate) fn push_or_lose(&mut self, line: Bytes) {
        if self.lines.len() >= MAX_LINES || self.octets.saturating_add(line.len()) > MAX_OCTETS {
            self.lost = self.lost.saturating_add(1);
        } else {
            self.push(line);
        }
    }

    /// The next octets to write; none if everything was read.
    pub(crate) fn front(&self) -> Option<&[u8]> {
        self.lines.front().map(AsRef::as_ref)
    }

    /// So many octets of [`front`](Self::front) were written.
    pub(crate) fn handle_written(&mut self, count: usize) {
        let Some(line) = self.lines.front_mut() else { return };
        let count = count.min(line.len());
        line.advance(count);
        self.octets = self.octets.saturating_sub(count);
        if line.is_empty() {
            self.lines.pop_front();
        }
        if self.lines.is_empty() {
            self.tell_of_loss();
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    fn tell_of_loss(&mut self) {
        let lines = std::mem::take(&mut self.lost);
        if lines > 0 {
            self.add(Answer::Lost { v: VERSION, lines }.line());
        }
    }

    fn add(&mut self, line: Bytes) {
        if !line.is_empty() {
            self.octets = self.octets.saturating_add(line.len());
            self.lines.push_back(line);
        }
    }
}

/// Lines that wait at most before events are left out: the number of kept ones, and as many again.
const MAX_LINES: usize = 2048;

/// Octets that wait at most before events are left out.
const MAX_OCTETS: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn read(queue: &mut Queue) -> Vec<String> {
        let mut octets = Vec::new();
        while let Some(front) = queue.front() {
            let piece = front[..front.len().min(7)].to_vec();
            queue.handle_written(piece.len());
            octets.extend(piece);
        }
        String::from_utf8(octets).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn lines_that_are_lost_are_told_where_they_are_missing() {
        let mut queue = Queue::default();
        for n in 0..MAX_LINES + 3 {
            queue.push_or_lose(format!("{n}\n").into());
        }
        queue.handle_written(2);
        queue.push_or_lose("next\n".into());
        let lines = read(&mut queue);
        assert_eq!(lines.len(), MAX_LINES + 1);
        assert_eq!(lines[..2], ["1", "2"]);
        assert_eq!(lines[MAX_LINES - 1..], ["{\"is\":\"lost\",\"v\":1,\"lines\":3}", "next"]);
    }

    #[test]
    fn a_loss_is_told_even_if_nothing_follows() {
        let mut queue = Queue::default();
        let long = Bytes::from(vec![b'x'; MAX_OCTETS]);
        queue.push_or_lose(long.clone());
        queue.push_or_lose(long.clone());
        queue.handle_written(MAX_OCTETS);
        assert_eq!(read(&mut queue), ["{\"is\":\"lost\",\"v\":1,\"lines\":1}"]);
        assert!(queue.is_empty());
    }

    #[test]
    fn an_answer_is_never_lost() {
        let mut queue = Queue::default();
        queue.push(vec![b'x'; 3 * MAX_OCTETS].into());
        queue.push_or_lose("event\n".into());
        queue.push("answer\n".into());
        queue.handle_written(3 * MAX_OCTETS);
        assert_eq!(read(&mut queue), ["{\"is\":\"lost\",\"v\":1,\"lines\":1}", "answer"]);
    }
}
