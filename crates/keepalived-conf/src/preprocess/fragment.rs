//! A piece of text that remembers where each part of it came from.

use std::borrow::Cow;
use std::ops::Range;

use crate::source::{SourceId, Span};

/// Text on its way through preprocessing.
///
/// A physical line is one piece, borrowed from its file; each substitution splits it into more. Offsets fit 32
/// bits because a line is at most [`LINE_LIMIT`](super::LINE_LIMIT) long, and so does every file.
#[derive(Clone, Debug)]
pub(super) struct Fragment<'t> {
    text: Cow<'t, str>,
    first: Origin,
    /// Further pieces: where each begins in `text`, ascending.
    more: Vec<(u32, Origin)>,
}

/// Where a piece of text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// It stands in the file exactly so, from this offset on.
    Verbatim { source: SourceId, start: u32 },
    /// It replaced what stands at `at`; its text was defined at `from`.
    Replaced { at: Span, from: Option<Span> },
}

impl<'t> Fragment<'t> {
    /// Text that stands in a file exactly so.
    pub(super) fn verbatim(text: &'t str, source: SourceId, start: u32) -> Self {
        Self { text: Cow::Borrowed(text), first: Origin::Verbatim { source, start }, more: Vec::new() }
    }

    /// Text that replaces what stands at `at`.
    pub(super) fn replaced(text: &'t str, at: Span, from: Option<Span>) -> Self {
        Self { text: Cow::Borrowed(text), first: Origin::Replaced { at, from }, more: Vec::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// A part of the text; a range outside it gives nothing.
    pub(super) fn slice(&self, range: Range<usize>) -> Fragment<'t> {
        let text = match &self.text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(range.clone()).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(range.clone()).unwrap_or_default().to_owned()),
        };
        let (start, end) = (narrow(range.start), narrow(range.end));
        let first = advanced(self.piece(start), start);
        let more = self.more.iter().filter(|(at, _)| *at > start && *at < end);
        let more = more.map(|&(at, origin)| (at - start, origin)).collect();
        Fragment { text, first, more }
    }

    /// Without outer blanks.
    pub(super) fn trimmed(self) -> Fragment<'t> {
        let (start, end) = self.content_range();
        if (start, end) == (0, self.text.len()) { self } else { self.slice(start..end) }
    }

    /// The range of the text without outer blanks: from, to.
    pub(super) fn content_range(&self) -> (usize, usize) {
        let end = self.text.trim_end_matches(is_blank).len();
        let start = end - self.text.get(..end).unwrap_or_default().trim_start_matches(is_blank).len();
        (start, end)
    }

    /// Where the whole stands in a file exactly so: the file, and the offset it begins at.
    pub(super) fn in_file(&self) -> Option<(SourceId, u32)> {
        match self.first {
            Origin::Verbatim { source, start } if self.more.is_empty() => Some((source, start)),
            _ => None,
        }
    }

    /// Where a part stands: for replaced text the place of the replacement.
    pub(super) fn span(&self, range: Range<usize>) -> Span {
        let (start, end) = (narrow(range.start), narrow(range.end));
        let first = place(self.piece(start), start, start);
        let last = place(self.piece(end.saturating_sub(1).max(start)), end, end);
        first.to(last)
    }

    /// Where the first replaced text of a part was defined, if any of it is not from the line itself.
    pub(super) fn definition(&self, range: Range<usize>) -> Option<Span> {
        let (start, end) = (narrow(range.start), narrow(range.end));
        let inside = self.more.iter().filter(|(at, _)| *at > start && *at < end).map(|(_, origin)| *origin);
        std::iter::once(self.piece(start).1).chain(inside).find_map(|origin| match origin {
            Origin::Verbatim { .. } => None,
            Origin::Replaced { from, .. } => from,
        })
    }

    /// The piece an offset is in, with the offset the piece begins at.
    fn piece(&self, offset: u32) -> (u32, Origin) {
        let after = self.more.partition_point(|(at, _)| *at <= offset);
        after.checked_sub(1).and_then(|index| self.more.get(index)).copied().unwrap_or((0, self.first))
    }

    /// Owned, so that it outlives what it was read from.
    pub(super) fn into_owned(self) -> Fragment<'static> {
        Fragment { text: Cow::Owned(self.text.into_owned()), first: self.first, more: self.more }
    }
}

/// Puts a [`Fragment`] together from parts of others.
#[derive(Debug, Default)]
pub(super) struct Builder {
    text: String,
    pieces: Vec<(u32, Origin)>,
}

impl Builder {
    /// Appends a part of another fragment with its origins.
    pub(super) fn keep(&mut self, fragment: &Fragment<'_>, range: Range<usize>) {
        if range.is_empty() {
            return;
        }
        let part = fragment.slice(range);
        let base = narrow(self.text.len());
        self.pieces.push((base, part.first));
        self.pieces.extend(part.more.iter().map(|&(at, origin)| (base + at, origin)));
        self.text.push_str(part.text());
    }

    /// Appends text that replaces what stands at `at`.
    pub(super) fn replace(&mut self, text: &str, at: Span, from: Option<Span>) {
        if !text.is_empty() {
            self.pieces.push((narrow(self.text.len()), Origin::Replaced { at, from }));
            self.text.push_str(text);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The whole; `empty` says where it stands when nothing was appended.
    pub(super) fn finish(self, empty: Span) -> Fragment<'static> {
        let mut pieces = self.pieces.into_iter();
        let first = pieces.next().map_or(Origin::Replaced { at: empty, from: None }, |(_, origin)| origin);
        Fragment { text: Cow::Owned(self.text), first, more: pieces.collect() }
    }
}

/// The characters that separate words.
pub(crate) fn is_blank(character: char) -> bool {
    character.is_ascii() && is_blank_byte(character as u8)
}

/// The octets that separate words.
pub(super) fn is_blank_byte(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn advanced((begin, origin): (u32, Origin), offset: u32) -> Origin {
    match origin {
        Origin::Verbatim { source, start } => {
            Origin::Verbatim { source, start: start.saturating_add(offset.saturating_sub(begin)) }
        }
        Origin::Replaced { .. } => origin,
    }
}

fn place(piece: (u32, Origin), start: u32, end: u32) -> Span {
    match piece.1 {
        Origin::Verbatim { source, start: base } => {
            let begin = base.saturating_add(start.saturating_sub(piece.0));
            Span::new(source, begin, begin.saturating_add(end - start))
        }
        Origin::Replaced { at, .. } => at,
    }
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    #[test]
    fn a_part_of_a_line_points_to_its_own_bytes() {
        let source = SourceMap::new().add("f", Vec::new());
        let line = Fragment::verbatim("  priority 150 ", source, 100).trimmed();
        assert_eq!(line.text(), "priority 150");
        assert_eq!(line.span(9..12), Span::new(source, 111, 114));
    }

    #[test]
    fn replaced_text_points_to_its_use_and_its_definition() {
        let source = SourceMap::new().add("f", Vec::new());
        let line = Fragment::verbatim("priority $P x", source, 100);
        let (used, defined) = (line.span(9..11), Span::new(source, 3, 6));
        let mut builder = Builder::default();
        builder.keep(&line, 0..9);
        builder.replace("150", used, Some(defined));
        builder.keep(&line, 11..13);
        let line = builder.finish(used);
        assert_eq!(line.text(), "priority 150 x");
        assert_eq!((line.span(9..12), line.definition(8..12)), (Span::new(source, 109, 111), Some(defined)));
        assert_eq!((line.span(13..14), line.definition(13..14)), (Span::new(source, 112, 113), None));
        assert_eq!(line.span(0..14), Span::new(source, 100, 113));
        assert_eq!(line.slice(13..14).span(0..1), Span::new(source, 112, 113));
    }
}
