//! Walks logical lines as blocks, by the keyword table.
//!
//! Recovery: a block under an unknown keyword is left out as one unit, and a stray `{` is paired with its own `}`.
//! keepalived lets such a `}` close the enclosing block, after which every later line of it is unknown; one slip
//! of the keyboard is one finding here.
//!
//! Where the file lacks a `}` ([`Reader::lacking`]), a block ends before what cannot stand in it but in a block around
//! it, and a `{` that nothing opens is ignored, as keepalived does. Where braces pair over the whole file, they are
//! taken to pair here too.

use crate::damage::Damage;
use crate::diagnostic::{Class, Diagnostic};
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
    /// Whether it holds entries instead of keywords.
    is_list: bool,
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
    /// Number of `}` that the rest of the file lacks.
    lacking: usize,
    /// Number of `}` still to come of blocks that ended early.
    surplus: u32,
    /// Openers of the blocks that the end of the file cut off, innermost first.
    cut_off: Vec<Span>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(lines: &'a Lines) -> Self {
        Self { rest: lines.iter(), lacking: lacking(lines), surplus: 0, cut_off: Vec::new() }
    }

    /// The top of the file.
    pub(super) fn root() -> Block {
        Block { context: Context::Root, is_list: false, opener: None, stray: 0, ended: false }
    }

    /// Begins the block that this keyword opens; reports a missing `{`.
    pub(super) fn open(&mut self, entry: Entry<'a>, report: &mut Report<'_>) -> Block {
        let context = entry.keyword.arguments.block().unwrap_or(Context::Root);
        let is_list = matches!(entry.keyword.arguments, Arguments::Lines(_) | Arguments::NamedLines(_));
        let mut block = Block { context, is_list, opener: Some(entry.span()), stray: 0, ended: false };
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
                // keepalived says nothing of a list that ends before it began.
                let class = if is_list && matches!(next, Some(Line::Close(_))) {
                    Class::None
                } else {
                    Class::General
                };
                report.push(missing_brace(entry.keyword, entry.span()).class(class));
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
                // Without its name nobody opens the block.
                let nameless = statement.arguments().is_empty() && !keyword.arguments.may_be_empty();
                if nameless && keyword.arguments.block().is_some() && !self.opens_next() {
                    report.push(missing_brace(keyword, statement.keyword_span()));
                }
                return Some(Entry { keyword, statement, context: block.context });
            }
            let with_block = self.opens_next();
            report.unknown(block.context, statement, with_block);
            self.skip_next_block();
        }
    }

    /// The next line of words of a block, keyword or not; `None` at its end.
    pub(super) fn next_line(&mut self, block: &mut Block, report: &mut Report<'_>) -> Option<Statement<'a>> {
        while !block.ended {
            block.stray += std::mem::take(&mut self.surplus);
            if self.ends_early(block, report) {
                block.ended = true;
                break;
            }
            let Some(line) = self.rest.next() else {
                self.cut_off.extend(block.opener);
                block.ended = true;
                break;
            };
            match line {
                Line::Words(statement) => return Some(statement),
                Line::Open(span) => self.stray_open(block, span, report),
                Line::Close(_) if block.stray > 0 => block.stray -= 1,
                Line::Close(span) if block.opener.is_none() => {
                    let finding = Diagnostic::error("extra-brace", "extra `}`: no block is open here");
                    report.push(finding.at(span).damage(Damage::Braces));
                }
                Line::Close(_) => block.ended = true,
            }
        }
        None
    }

    fn stray_open(&mut self, block: &mut Block, span: Span, report: &mut Report<'_>) {
        let lacks = self.lacking > 0;
        let message = if lacks {
            self.lacking -= 1;
            "unexpected `{`: no block begins here, and a `}` is missing; it is ignored"
        } else {
            block.stray += 1;
            "unexpected `{`: no block begins here"
        };
        report.push(
            Diagnostic::error("unexpected-brace", message)
                .at(span)
                .damage(Damage::Braces)
                .related(block.opener.filter(|_| lacks), "in the block that begins here"),
        );
    }

    /// Whether a block ends here although its `}` is not to be seen: what follows belongs in a block around it.
    fn ends_early(&mut self, block: &Block, report: &mut Report<'_>) -> bool {
        let Some(opener) = block.opener.filter(|_| block.is_list || self.lacking > 0) else { return false };
        // Where no brace is lacking, only a block can tell: nearly every line of every list ends here.
        if self.lacking == 0 && !self.rest.opens_block() {
            return false;
        }
        let mut ahead = self.rest.clone();
        let Some(Line::Words(statement)) = ahead.next() else { return false };
        let word = statement.keyword();
        if !block.is_list && keywords::find(block.context, word).is_some() {
            return false;
        }
        let Some(keyword) = known_around(block.context, word) else { return false };
        let opens = keyword.arguments.block().is_some() && matches!(ahead.next(), Some(Line::Open(_)));
        // A list may well have an entry that is called like a keyword.
        if !opens && (self.lacking == 0 || keyword.contexts.contains(&Context::Root)) {
            return false;
        }
        let name = block.context.name();
        let message = if self.lacking > 0 {
            self.lacking -= 1;
            format!("`{name}` is not closed before `{word}`: it ends here")
        } else {
            self.surplus += 1;
            format!("`{word}` does not belong in `{name}`: that ends here")
        };
        report.push(
            Diagnostic::error("unclosed-block", message)
                .at(statement.keyword_span())
                .damage(Damage::Braces)
                .related(Some(opener), "this block")
                .help("write `}` before this line"),
        );
        true
    }

    /// Leaves out a block of the keyword just read, if one follows.
    pub(super) fn skip_next_block(&mut self) {
        if self.opens_next() {
            self.skip_block();
        }
    }

    /// Whether a block begins on the next line.
    fn opens_next(&self) -> bool {
        matches!(self.rest.peek(), Some(Line::Open(_)))
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
                .damage(Damage::Braces)
                .related(innermost, "the innermost open block"),
        );
    }
}

fn missing_brace(keyword: &Keyword, at: Span) -> Diagnostic {
    let message = format!("`{}` is not followed by `{{`", keyword.name);
    Diagnostic::error("missing-brace", message).at(at).damage(Damage::Braces)
}

/// Number of `}` that a file lacks.
fn lacking(lines: &Lines) -> usize {
    let mut depth = 0_usize;
    for line in lines {
        match line {
            Line::Open(_) => depth += 1,
            // One too many at the top closes nothing that follows.
            Line::Close(_) => depth = depth.saturating_sub(1),
            Line::Words(_) => {}
        }
    }
    depth
}

/// The keyword that a word is in one of the blocks around.
fn known_around(context: Context, word: &str) -> Option<&'static Keyword> {
    let mut around = context.parent();
    while let Some(context) = around {
        if let Some(keyword) = keywords::find(context, word) {
            return Some(keyword);
        }
        around = context.parent();
    }
    None
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
