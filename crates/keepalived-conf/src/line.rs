//! Output of preprocessing for the block parser: lines of words, and braces.
//!
//! All of it is views into [`Lines`](crate::Lines): small, `Copy`, and as long-lived as what they look into.

use std::fmt;

use crate::lines::{FileWord, Rewritten, RewrittenWord};
use crate::source::{SourceId, Span};

/// One logical line after preprocessing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A keyword with its arguments.
    Words(Statement<'a>),
    /// `{`
    Open(Span),
    /// `}`
    Close(Span),
}

impl Line<'_> {
    /// Where the line stands.
    pub fn span(&self) -> Span {
        match self {
            Self::Words(statement) => statement.raw_span(),
            Self::Open(span) | Self::Close(span) => *span,
        }
    }
}

/// One logical line of words: a keyword and its arguments. Never empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Statement<'a> {
    words: Words<'a>,
}

impl<'a> Statement<'a> {
    pub(crate) fn new(words: Words<'a>) -> Self {
        Self { words }
    }

    /// The words as every keyword but the script ones sees them.
    pub fn words(&self) -> Words<'a> {
        self.words
    }

    /// The keyword: the text of the first word.
    pub fn keyword(&self) -> &'a str {
        self.words.first().map_or("", |word| word.text)
    }

    /// The words after the keyword.
    pub fn arguments(&self) -> Words<'a> {
        self.words.from(1)
    }

    /// Where the keyword stands.
    pub fn keyword_span(&self) -> Span {
        self.words.first().map_or_else(|| self.raw_span(), |word| word.span)
    }

    /// The whole line after substitution, without comment and outer blanks, for
    /// [`script_words`](crate::script_words).
    pub fn raw(&self) -> &'a str {
        match self.words.of {
            Of::File { text, .. } => {
                let span = self.raw_span();
                text.get(span.start as usize..span.end as usize).unwrap_or_default()
            }
            Of::Rewritten { line, .. } => &line.raw,
        }
    }

    /// Where the line stands.
    pub fn raw_span(&self) -> Span {
        match self.words.of {
            Of::File { source, words, .. } => {
                let span = |word: &FileWord| word.span(source);
                let empty = Span::new(source, 0, 0);
                words.first().map_or(empty, span).to(words.last().map_or(empty, span))
            }
            Of::Rewritten { line, .. } => line.span,
        }
    }
}

impl fmt::Debug for Statement<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Statement").field("raw", &self.raw()).field("words", &self.words).finish()
    }
}

/// One word after preprocessing, knowing where it came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word<'a> {
    /// The text, quotes removed.
    pub text: &'a str,
    /// Whether it was written in double quotes.
    pub quoted: bool,
    /// Where it stands; for text out of a `$definition` or a `~SEQ` the place of its use.
    pub span: Span,
    /// The definition (or `~SEQ`, `~LST`) its text came out of.
    pub from: Option<Span>,
}

/// Words in a row, to be used like a slice.
///
/// ```
/// use keepalived_conf::{Diagnostics, Line, MemoryFiles, Options, SourceMap, preprocess};
///
/// let files = MemoryFiles::from([("/main.conf", "real_server 192.0.2.1 80 # the first\n")]);
/// let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
/// let lines = preprocess("/main.conf".as_ref(), &Options::new(&files), &mut sources, &mut findings);
/// let Some(Line::Words(statement)) = lines.iter().next() else { panic!("{lines:?}") };
///
/// let (keyword, arguments) = statement.words().split_first().expect("never empty");
/// assert_eq!(keyword.text, "real_server");
/// assert_eq!(arguments.iter().map(|word| word.text).collect::<Vec<_>>(), ["192.0.2.1", "80"]);
/// ```
#[derive(Clone, Copy)]
pub struct Words<'a> {
    of: Of<'a>,
}

#[derive(Clone, Copy)]
enum Of<'a> {
    /// They stand in the file exactly so.
    File { text: &'a str, source: SourceId, words: &'a [FileWord] },
    /// Some of the line's text replaced what is in the file.
    Rewritten { line: &'a Rewritten, words: &'a [RewrittenWord] },
}

impl<'a> Words<'a> {
    pub(crate) fn of_file(text: &'a str, source: SourceId, words: &'a [FileWord]) -> Self {
        Self { of: Of::File { text, source, words } }
    }

    pub(crate) fn rewritten(line: &'a Rewritten) -> Self {
        Self { of: Of::Rewritten { line, words: &line.words } }
    }

    /// Their number.
    pub fn len(&self) -> usize {
        match self.of {
            Of::File { words, .. } => words.len(),
            Of::Rewritten { words, .. } => words.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The word with this number, from 0.
    pub fn get(&self, index: usize) -> Option<Word<'a>> {
        match self.of {
            Of::File { text, source, words } => words.get(index).map(|word| word.word(text, source)),
            Of::Rewritten { line, words } => words.get(index).map(|word| word.word(&line.raw)),
        }
    }

    /// The first word.
    pub fn first(&self) -> Option<Word<'a>> {
        self.get(0)
    }

    /// The first word and the others.
    pub fn split_first(&self) -> Option<(Word<'a>, Words<'a>)> {
        Some((self.first()?, self.from(1)))
    }

    /// One after the other.
    pub fn iter(&self) -> WordsIter<'a> {
        WordsIter(*self)
    }

    /// Without those before this number.
    fn from(&self, start: usize) -> Self {
        Self {
            of: match self.of {
                Of::File { text, source, words } => {
                    Of::File { text, source, words: words.get(start..).unwrap_or_default() }
                }
                Of::Rewritten { line, words } => {
                    Of::Rewritten { line, words: words.get(start..).unwrap_or_default() }
                }
            },
        }
    }
}

impl<'a> IntoIterator for &Words<'a> {
    type Item = Word<'a>;
    type IntoIter = WordsIter<'a>;

    fn into_iter(self) -> WordsIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for Words<'a> {
    type Item = Word<'a>;
    type IntoIter = WordsIter<'a>;

    fn into_iter(self) -> WordsIter<'a> {
        WordsIter(self)
    }
}

impl PartialEq for Words<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Words<'_> {}

impl fmt::Debug for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Goes through [`Words`].
#[derive(Clone, Debug)]
pub struct WordsIter<'a>(Words<'a>);

impl<'a> Iterator for WordsIter<'a> {
    type Item = Word<'a>;

    fn next(&mut self) -> Option<Word<'a>> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.0.len(), Some(self.0.len()))
    }
}

impl ExactSizeIterator for WordsIter<'_> {}
