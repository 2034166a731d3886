//! Walks logical lines as blocks, by the keyword table.
//!
//! Recovery: a block under an unknown keyword is left out as one unit, and a stray `{` is paired with its own `}`.
//! keepalived lets such a `}` close the enclosing block, after which every later line of it is unknown; one slip
//! of the keyboard is one finding here.

use crate::diagnostic::Diagnostic;
use crate::keywords::{self, Arguments, Context, Keyword};
use crate::line::{Line, Statement, Word, Words};
use crate::lines::{Lines, LinesIter};
use crate::source::Span;

use super::report::Report;

/// A known keyword with its line.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) keyword: &'static Keyword,
    pub(super) statement: Statement<'a>,
    /// Where it stands.
    pub(super) context: Context,
}

impl<'a> Entry<'a> {
    /// Where the keyword stands.
    pub(super) fn span(&self) -> Span {
        self.statement.keyword_span()
    }

    /// The words after the keyword.
    pub(super) fn arguments(&self) -> Words<'a> {
        self.statement.arguments()
    }

    /// The first word after the keyword.
    pub(super) fn argument(&self) -> Option<Word<'a>> {
        self.arguments().first()
    }
}

/// A block being read.
pub(super) struct Block {
    context: Context,
    /// Where the keyword stands that opened it; `None` for the root.
    opener: Option<Span>,
    /// Braces opened inside that belong to nothing.
    stray: u32,
    /// Its end was seen, or it never began.
    ended: bool,
}

/// The logical lines and how far they are read.
pub(super) struct Reader<'a> {
    rest: LinesIter<'a>,
    /// Openers of the blocks that the end of the file cut off, innermost first.
    cut_off: Vec<Span>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lines: &'a Lines) -> Self {
        Self { rest: lines.iter(), cut_off: Vec::new() }
    }

    /// The top of the file.
    pub(super) fn root() -> Block {
        Block { context: Context::Root, opener: None, stray: 0, ended: false }
    }

    /// Begins the block that this keyword opens; reports a missing `{`.
    pub(super) fn open(&mut self, entry: Entry<'a>, report: &mut Report<'_>) -> Block {
        let context = entry.keyword.arguments.block().unwrap_or(Context::Root);
        let mut block = Block { context, opener: Some(entry.span()), stray: 0, ended: false };
        if let (Arguments::Lines(_), Some(word)) = (entry.keyword.arguments, entry.argument()) {
            let message =
                format!("`{}` is ignored: `{}` takes one entry per line", word.text, entry.keyword.name);
            report.push(
                Diagnostic::warning("extra-argument", message).at(word.span).help("move it into the braces"),
            );
        }
        match self.rest.peek() {
            Some(Line::Open(_)) => drop(self.rest.next()),
            next => {
                report.push(
                    Diagnostic::error(
                        "missing-brace",
                        format!("`{}` is not followed by `{{`", entry.keyword.name),
                    )
                    .at(entry.span()),
                );
                block.ended = !next.is_some_and(|next| continues(context, entry.context, next));
            }
        }
        block
    }

    /// The next known keyword of a block; `None` at its end.
    pub(super) fn next(&mut self, block: &mut Block, report: &mut Report<'_>) -> Option<Entry<'a>> {
        loop {
            let statement = self.next_line(block, report)?;
            if let Some(keyword) = keywords::find(block.context, statement.keyword()) {
                return Some(Entry { keyword, statement, context: block.context });
            }
            let with_block = matches!(self.rest.peek(), Some(Line::Open(_)));
            report.unknown(block.context, statement, with_block);
            self.skip_next_block();
        }
    }

    /// The next line of words of a block, keyword or not; `None` at its end.
    pub(super) fn next_line(&mut self, block: &mut Block, report: &mut Report<'_>) -> Option<Statement<'a>> {
        while !block.ended {
            let Some(line) = self.rest.next() else {
                self.cut_off.extend(block.opener);
                block.ended = true;
                break;
            };
            match line {
                Line::Words(statement) => return Some(statement),
                Line::Open(span) => {
                    block.stray += 1;
                    report.error("unexpected-brace", span, "unexpected `{`: no block begins here");
                }
                Line::Close(_) if block.stray > 0 => block.stray -= 1,
                Line::Close(span) if block.opener.is_none() => {
                    report.error("extra-brace", span, "extra `}`: no block is open here");
                }
                Line::Close(_) => block.ended = true,
            }
        }
        None
    }

    /// Leaves out a block of the keyword just read, if one follows.
    pub(super) fn skip_next_block(&mut self) {
        if matches!(self.rest.peek(), Some(Line::Open(_))) {
            self.skip_block();
        }
    }

    /// Leaves out the block that begins on the next line, whatever it holds.
    fn skip_block(&mut self) {
        let mut depth = 0_u32;
        for line in self.rest.by_ref() {
            match line {
                Line::Open(_) => depth += 1,
                Line::Close(_) => depth = depth.saturating_sub(1),
                Line::Words(_) => {}
            }
            if depth == 0 {
                return;
            }
        }
    }

    /// Reports the blocks that the end of the file cut off.
    pub(super) fn report_cut_off(&mut self, report: &mut Report<'_>) {
        let Some((&outermost, inner)) = self.cut_off.split_last() else { return };
        let message = match inner.len() {
            0 => "the file ends inside this block: a `}` is missing".to_owned(),
            more => format!("the file ends inside this block: {} `}}` are missing", more + 1),
        };
        let innermost = inner.first().copied();
        report.push(
            Diagnostic::error("missing-end", message)
                .at(outermost)
                .related(innermost, "the innermost open block"),
        );
    }
}

/// Whether a line goes on with a block whose `{` is missing.
fn continues(context: Context, around: Context, next: Line<'_>) -> bool {
    let Line::Words(statement) = next else { return false };
    let word = statement.keyword();
    let holds_keywords = keywords::within(context).any(|keyword| keyword.name != keywords::LINE);
    if keywords::find(context, word).is_some() && holds_keywords {
        return true;
    }
    keywords::find(context, keywords::LINE).is_some() && keywords::find(around, word).is_none()
}
