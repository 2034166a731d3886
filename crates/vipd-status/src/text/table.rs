//! Lines and tables of a given width.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::clean;

/// A page is not narrower.
const NARROWEST_PAGE: usize = 60;
/// A table's last column gets at least so many columns, if the others can be cut.
const LAST_COLUMN: usize = 20;
/// No column is cut below this width.
const NARROWEST: usize = 6;

/// Meaning of a piece of text, where colours are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    #[default]
    Plain,
    Good,
    Doubtful,
    Bad,
    Heading,
}

impl Style {
    const fn sequence(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("\x1b[32m"),
            Self::Doubtful => Some("\x1b[33m"),
            Self::Bad => Some("\x1b[1;31m"),
            Self::Heading => Some("\x1b[1m"),
        }
    }
}

/// Text that grows line by line.
pub(crate) struct Page {
    text: String,
    width: usize,
    colour: bool,
}

impl Page {
    pub(crate) fn new(width: usize, colour: bool) -> Self {
        Self { text: String::new(), width: width.max(NARROWEST_PAGE), colour }
    }

    pub(crate) fn finish(self) -> String {
        self.text
    }

    /// A sentence, in as many lines as it needs.
    pub(crate) fn line(&mut self, text: &str) {
        self.wrapped("", "  ", text, Style::Plain);
    }

    /// A sentence behind a mark.
    pub(crate) fn marked(&mut self, mark: &str, text: &str, style: Style) {
        self.wrapped(&format!("{mark} "), "  ", text, style);
    }

    /// A sentence behind a label; its further lines begin below its first word.
    pub(crate) fn labelled(&mut self, label: &str, column: usize, text: &str) {
        let first = format!("  {label:<column$}");
        let indent = " ".repeat(first.width());
        self.wrapped(&first, &indent, text, Style::Plain);
    }

    /// An empty line.
    pub(crate) fn blank(&mut self) {
        self.text.push('\n');
    }

    /// A table, behind an empty line. Nothing without rows.
    pub(crate) fn table(&mut self, headings: &[&str], rows: impl IntoIterator<Item = Row>) {
        let rows: Vec<Row> = rows.into_iter().collect();
        if rows.is_empty() {
            return;
        }
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let heading =
            Row::new(headings.iter().map(|heading| Cell::styled(heading, Style::Heading)).collect());
        let widths = self.widths(&heading, &rows);
        std::iter::once(&heading).chain(&rows).for_each(|row| self.row(row, &widths));
    }

    /// Widths of all columns but the last, which gets what is left.
    fn widths(&self, heading: &Row, rows: &[Row]) -> Vec<usize> {
        let columns = heading.cells.len().saturating_sub(1);
        let widest = |column: usize| {
            let cells = std::iter::once(heading).chain(rows).filter_map(|row| row.cells.get(column));
            cells.map(|cell| cell.text.width()).max().unwrap_or(0)
        };
        let mut widths: Vec<usize> = (0..columns).map(widest).collect();
        let room = self.width.saturating_sub(2 * columns + LAST_COLUMN.min(widest(columns)));
        while widths.iter().sum::<usize>() > room {
            match widths.iter_mut().max() {
                Some(width) if *width > NARROWEST => *width -= 1,
                _ => break,
            }
        }
        widths
    }

    fn row(&mut self, row: &Row, widths: &[usize]) {
        let mut line = String::new();
        for (cell, &width) in row.cells.iter().zip(widths) {
            let text = cut(&cell.text, width);
            let padding = " ".repeat(width.saturating_sub(text.width()));
            let text = self.painted(&text, cell.style);
            let (first, second) = if cell.right { (&*padding, &*text) } else { (&*text, &*padding) };
            line.extend([first, second, "  "]);
        }
        let used = widths.iter().map(|width| width + 2).sum();
        let (last, style) =
            row.cells.get(widths.len()).map_or(("", Style::Plain), |cell| (&cell.text, cell.style));
        let pieces = wrap(last, self.width.saturating_sub(used).max(NARROWEST));
        for (number, piece) in pieces.iter().enumerate() {
            let lead = if number == 0 { Cow::Borrowed(&line) } else { Cow::Owned(" ".repeat(used)) };
            let text = format!("{lead}{}", self.painted(piece, style));
            self.text += text.trim_end();
            self.text.push('\n');
        }
        row.notes.iter().for_each(|note| self.wrapped("    ", "      ", note, Style::Plain));
    }

    fn wrapped(&mut self, first: &str, rest: &str, text: &str, style: Style) {
        let text = clean(text);
        let room = self.width.saturating_sub(first.width().max(rest.width()));
        for (number, piece) in wrap(&text, room).iter().enumerate() {
            self.text += if number == 0 { first } else { rest };
            self.text += &self.painted(piece, style);
            self.text.push('\n');
        }
    }

    fn painted<'a>(&self, text: &'a str, style: Style) -> Cow<'a, str> {
        match style.sequence().filter(|_| self.colour && !text.is_empty()) {
            Some(sequence) => Cow::Owned(format!("{sequence}{text}\x1b[0m")),
            None => Cow::Borrowed(text),
        }
    }
}

/// A line of a table, with remarks below it.
pub(crate) struct Row {
    cells: Vec<Cell>,
    notes: Vec<String>,
}

impl Row {
    pub(crate) const fn new(cells: Vec<Cell>) -> Self {
        Self { cells, notes: Vec::new() }
    }

    pub(crate) fn notes(mut self, notes: Vec<String>) -> Self {
        self.notes = notes;
        self
    }
}

/// A field of a table.
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    pub(crate) fn styled(text: &str, style: Style) -> Self {
        Self { text: clean(text).into_owned(), style, right: false }
    }

    pub(crate) fn number(number: &impl ToString) -> Self {
        Self { text: number.to_string(), style: Style::Plain, right: true }
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text.as_ref(), Style::Plain)
    }
}

/// The text, or as much of its beginning as fits before an ellipsis.
fn cut(text: &str, width: usize) -> Cow<'_, str> {
    if text.width() <= width {
        return Cow::Borrowed(text);
    }
    let (head, _) = split(text, width.saturating_sub(1));
    Cow::Owned(format!("{head}…"))
}

/// Pieces of a text that fit into a width: cut at spaces, and within a word that is longer. At least one.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for mut word in text.split(' ') {
        while !word.is_empty() {
            let last = pieces.last().map_or(0, |piece| piece.width());
            let gap = usize::from(last > 0);
            if last + gap + word.width() <= width {
                append(&mut pieces, word);
                break;
            }
            if last > 0 {
                pieces.push(String::new());
                continue;
            }
            let (head, tail) = split(word, width);
            append(&mut pieces, head);
            word = tail;
        }
    }
    pieces
}

fn append(pieces: &mut [String], word: &str) {
    if let Some(piece) = pieces.last_mut() {
        if !piece.is_empty() {
            piece.push(' ');
        }
        piece.push_str(word);
    }
}

/// The beginning of a text that fits into a width, at least one character, and the rest.
fn split(text: &str, width: usize) -> (&str, &str) {
    let mut used = 0;
    let overflows = |(at, c): &(usize, char)| {
        used += c.width().unwrap_or(0);
        used > width && *at > 0
    };
    let end = text.char_indices().find(overflows).map_or(text.len(), |(at, _)| at);
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_wrapped_and_longer_ones_cut() {
        assert_eq!(wrap("", 5), [""]);
        assert_eq!(wrap("ab cd ef", 5), ["ab cd", "ef"]);
        assert_eq!(wrap("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("漢字漢字", 5), "漢字…");
    }

    #[test]
    fn a_table_is_cut_at_its_widest_column() {
        let mut page = Page::new(60, false);
        page.table(
            &["NAME", "N", "REST"],
            [Row::new(vec![
                "a-name-that-is-longer-than-there-is-room-for".into(),
                Cell::number(&7),
                "one, two, three, four, five".into(),
            ])],
        );
        let text = page.finish();
        assert!(text.lines().all(|line| line.width() <= 60), "{text}");
        assert!(text.contains("a-name-that-is-longer-than-there-i…  7  one, two, three,\n"), "{text}");
    }
}
