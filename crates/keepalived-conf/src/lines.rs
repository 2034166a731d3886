//! The logical lines of a configuration, packed: eight octets for each word and brace.
//!
//! Nearly every line of a configuration stands in its file exactly as it is meant, so a word is only a place in that
//! file; the text is shared with the [`SourceMap`](crate::SourceMap). A line that came out of a `$definition` or a
//! `~SEQ` has a record of its own, with text and with a place for each word.

use std::fmt;
use std::sync::Arc;

use crate::line::{Line, Statement, Word, Words};
use crate::source::{SourceId, Span};

/// The logical lines of a configuration, in order.
///
/// ```
/// use keepalived_conf::{Diagnostics, Line, MemoryFiles, Options, SourceMap, preprocess};
///
/// let files = MemoryFiles::from([("/main.conf", "vrrp_instance V {\n  state BACKUP\n}\n")]);
/// let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
/// let lines = preprocess("/main.conf".as_ref(), &Options::new(&files), &mut sources, &mut findings);
///
/// assert_eq!(lines.len(), 4);
/// assert!(matches!(lines.iter().nth(1), Some(Line::Open(_))));
/// ```
#[derive(Clone, Default)]
pub struct Lines {
    tokens: Vec<FileWord>,
    stretches: Vec<Stretch>,
    rewritten: Vec<Rewritten>,
    len: usize,
}

/// Tokens of the same file in a row.
#[derive(Clone)]
struct Stretch {
    /// Number of the first one.
    first: usize,
    source: SourceId,
    text: Arc<String>,
}

/// A word or a brace as it stands in a file. A statement is its words up to the one that is [`last`](Self::last).
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileWord {
    /// First octet of the text, without quotes. For [`Kind::Rewritten`] the number of the record.
    start: u32,
    /// Lines are shorter than 1024 octets, and so are words.
    length: u16,
    kind: Kind,
    last: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Word,
    Quoted,
    Open,
    Close,
    Rewritten,
    RewrittenOpen,
    RewrittenClose,
}

/// A line that does not stand in a file exactly as it is meant.
#[derive(Clone, Debug)]
pub(crate) struct Rewritten {
    pub(crate) raw: Box<str>,
    pub(crate) span: Span,
    /// Empty for a brace.
    pub(crate) words: Box<[RewrittenWord]>,
}

/// A word of a rewritten line.
#[derive(Clone, Debug)]
pub(crate) struct RewrittenWord {
    /// Where its text is in that of the line, without quotes.
    pub(crate) range: (u32, u32),
    pub(crate) quoted: bool,
    pub(crate) span: Span,
    pub(crate) from: Option<Span>,
}

impl FileWord {
    pub(crate) fn span(self, source: SourceId) -> Span {
        let quote = u32::from(self.kind == Kind::Quoted);
        Span::new(source, self.start.saturating_sub(quote), self.end().saturating_add(quote))
    }

    pub(crate) fn word(self, text: &str, source: SourceId) -> Word<'_> {
        Word {
            text: text.get(self.start as usize..self.end() as usize).unwrap_or_default(),
            quoted: self.kind == Kind::Quoted,
            span: self.span(source),
            from: None,
        }
    }

    fn end(self) -> u32 {
        self.start.saturating_add(self.length.into())
    }
}

impl RewrittenWord {
    pub(crate) fn word<'a>(&self, raw: &'a str) -> Word<'a> {
        let (start, end) = self.range;
        Word {
            text: raw.get(start as usize..end as usize).unwrap_or_default(),
            quoted: self.quoted,
            span: self.span,
            from: self.from,
        }
    }
}

impl Lines {
    /// Number of lines; a brace is one.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// One after the other.
    pub fn iter(&self) -> LinesIter<'_> {
        LinesIter { lines: self, at: 0, stretch: 0 }
    }

    /// Appends a line whose words stand in a file exactly so. Each is given by where its text begins and ends, counted
    /// from `base` and without quotes, and by whether it is in quotes.
    pub(crate) fn push_words(
        &mut self,
        (source, text): (SourceId, &Arc<String>),
        base: u32,
        words: &[(usize, usize, bool)],
    ) {
        self.enter(source, text);
        let tokens = words.iter().enumerate().map(|(number, &(start, end, quoted))| FileWord {
            start: base.saturating_add(u32::try_from(start).unwrap_or(u32::MAX)),
            length: u16::try_from(end - start).unwrap_or(u16::MAX),
            kind: if quoted { Kind::Quoted } else { Kind::Word },
            last: number + 1 == words.len(),
        });
        self.tokens.extend(tokens);
        self.len += 1;
    }

    /// Appends a brace that stands in a file at this place.
    pub(crate) fn push_brace(&mut self, text: &Arc<String>, span: Span, is_open: bool) {
        self.enter(span.source, text);
        let kind = if is_open { Kind::Open } else { Kind::Close };
        self.tokens.push(FileWord { start: span.start, length: 1, kind, last: true });
        self.len += 1;
    }

    /// Appends a line that does not stand in a file exactly so.
    pub(crate) fn push_rewritten(&mut self, line: Rewritten) {
        self.push_record(Kind::Rewritten, line);
    }

    /// Appends a brace that is not in a file exactly so.
    pub(crate) fn push_rewritten_brace(&mut self, span: Span, is_open: bool) {
        let kind = if is_open { Kind::RewrittenOpen } else { Kind::RewrittenClose };
        self.push_record(kind, Rewritten { raw: Box::default(), span, words: Box::default() });
    }

    fn push_record(&mut self, kind: Kind, line: Rewritten) {
        let start = u32::try_from(self.rewritten.len()).unwrap_or(u32::MAX);
        self.tokens.push(FileWord { start, length: 0, kind, last: true });
        self.rewritten.push(line);
        self.len += 1;
    }

    /// The lines that follow stand in this file.
    fn enter(&mut self, source: SourceId, text: &Arc<String>) {
        if self.stretches.last().is_none_or(|stretch| stretch.source != source) {
            self.stretches.push(Stretch { first: self.tokens.len(), source, text: Arc::clone(text) });
        }
    }
}

impl<'a> IntoIterator for &'a Lines {
    type Item = Line<'a>;
    type IntoIter = LinesIter<'a>;

    fn into_iter(self) -> LinesIter<'a> {
        self.iter()
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self).finish()
    }
}

/// Goes through [`Lines`].
#[derive(Clone, Debug)]
pub struct LinesIter<'a> {
    lines: &'a Lines,
    at: usize,
    stretch: usize,
}

impl<'a> Iterator for LinesIter<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Line<'a>> {
        let rest = self.lines.tokens.get(self.at..)?;
        let first = rest.first()?;
        let rewritten = || self.lines.rewritten.get(first.start as usize);
        let line = match first.kind {
            Kind::Rewritten => Line::Words(Statement::new(Words::rewritten(rewritten()?))),
            Kind::RewrittenOpen => Line::Open(rewritten()?.span),
            Kind::RewrittenClose => Line::Close(rewritten()?.span),
            Kind::Open => Line::Open(first.span(self.stretch()?.source)),
            Kind::Close => Line::Close(first.span(self.stretch()?.source)),
            Kind::Word | Kind::Quoted => {
                let count = 1 + rest.iter().position(|word| word.last)?;
                let stretch = self.stretch()?;
                self.at += count;
                let words = Words::of_file(&stretch.text, stretch.source, rest.get(..count)?);
                return Some(Line::Words(Statement::new(words)));
            }
        };
        self.at += 1;
        Some(line)
    }
}

impl<'a> LinesIter<'a> {
    /// The next line again.
    pub(crate) fn peek(&self) -> Option<Line<'a>> {
        self.clone().next()
    }

    /// Whether the next line is of words and a `{` follows it.
    pub(crate) fn opens_block(&self) -> bool {
        let rest = self.lines.tokens.get(self.at..).unwrap_or_default();
        let is_words = |word: &FileWord| matches!(word.kind, Kind::Word | Kind::Quoted | Kind::Rewritten);
        let Some(end) = rest.iter().position(|word| word.last).filter(|_| rest.first().is_some_and(is_words))
        else {
            return false;
        };
        rest.get(end + 1).is_some_and(|next| matches!(next.kind, Kind::Open | Kind::RewrittenOpen))
    }

    /// The stretch of the next token.
    fn stretch(&mut self) -> Option<&'a Stretch> {
        while self.lines.stretches.get(self.stretch + 1).is_some_and(|next| next.first <= self.at) {
            self.stretch += 1;
        }
        self.lines.stretches.get(self.stretch)
    }
}
