//! The text of one file as a lossless tree: every octet is in exactly one token, comments and blanks too.
//!
//! For editors, formatters and highlighting. It looks at one file only: includes are not read, definitions not
//! replaced, so a block that another file closes is open here. The *meaning* of a configuration comes out of
//! [`preprocess`](crate::preprocess) instead.

mod lexer;

use std::fmt;
use std::ops::Range;

/// Kind of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// `\n`
    Newline,
    /// Blanks within a line, carriage returns too.
    Blank,
    /// From `#` or `!` to the end of the line.
    Comment,
    /// A word without quotes.
    Word,
    /// A word in double quotes, quotes included.
    Quoted,
    /// From a double quote that is never closed to the end of the line.
    UnclosedQuote,
    /// `{`
    Open,
    /// `}`
    Close,
    /// `@id` or `@^id`
    Condition,
    /// `$NAME=`
    Definition,
    /// The value of a definition, or one line of it.
    Value,
    /// A backslash that continues a definition on the next line.
    Continuation,
    /// `include` or one of its stricter brothers.
    Include,
    /// Which files are included.
    Pattern,
    /// `~SEQ(...)` or `~LST(...)`
    Sequence,
}

/// One token: a range of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its kind.
    pub kind: TokenKind,
    /// First octet.
    pub start: u32,
    /// One past the last octet.
    pub end: u32,
}

/// A block: the lines between two braces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The tokens of the line before `{`, blanks and comments included; empty for a brace without a keyword.
    pub header: Range<usize>,
    /// The token `{`.
    pub open: usize,
    /// The token `}`; `None` when this file does not close the block.
    pub close: Option<usize>,
    /// The block around this one.
    pub parent: Option<usize>,
}

/// The tokens and blocks of one file.
///
/// ```
/// use keepalived_conf::{SyntaxTree, TokenKind};
///
/// let text = "vrrp_instance V { # the first\n  priority 150\n}\n";
/// let tree = SyntaxTree::parse(text);
/// assert_eq!(tree.to_string(), text);
/// let inside = tree.block_at(32).expect("in the block");
/// assert_eq!(tree.keyword(inside), Some("vrrp_instance"));
/// assert_eq!(tree.tokens().filter(|token| token.kind == TokenKind::Comment).count(), 1);
/// ```
#[derive(Clone, Debug)]
pub struct SyntaxTree<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    blocks: Vec<Block>,
    unmatched: Vec<usize>,
}

impl<'t> SyntaxTree<'t> {
    /// Parses any text. Offsets are 32 bits wide: text past 4 GiB is not looked at.
    pub fn parse(text: &'t str) -> Self {
        let tokens = lexer::tokens(text);
        let mut tree = Self { text, tokens, blocks: Vec::new(), unmatched: Vec::new() };
        tree.find_blocks();
        tree
    }

    /// All tokens, in the order of the text.
    pub fn tokens(&self) -> impl ExactSizeIterator<Item = Token> + '_ {
        self.tokens.iter().copied()
    }

    /// The text of a token.
    pub fn text(&self, token: Token) -> &'t str {
        self.text.get(token.start as usize..token.end as usize).unwrap_or_default()
    }

    /// The token that holds an octet; `None` past the end.
    pub fn token_at(&self, offset: u32) -> Option<Token> {
        let after = self.tokens.partition_point(|token| token.end <= offset);
        self.tokens.get(after).copied()
    }

    /// All blocks, in the order of their `{`.
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The `}` that close nothing in this file, as indexes of tokens.
    pub fn unmatched(&self) -> &[usize] {
        &self.unmatched
    }

    /// The innermost block around an octet; its braces belong to it.
    pub fn block_at(&self, offset: u32) -> Option<&Block> {
        let started = self.blocks.partition_point(|block| self.start(block.open) <= offset);
        let mut candidate = started.checked_sub(1);
        while let Some(block) = candidate.and_then(|index| self.blocks.get(index)) {
            if block.close.is_none_or(|close| offset < self.end(close)) {
                return Some(block);
            }
            candidate = block.parent;
        }
        None
    }

    /// The keyword of a block: the first word of its header.
    pub fn keyword(&self, block: &Block) -> Option<&'t str> {
        let mut header = self.tokens.get(block.header.clone())?.iter();
        header.find(|token| token.kind == TokenKind::Word).map(|token| self.text(*token))
    }

    fn start(&self, token: usize) -> u32 {
        self.tokens.get(token).map_or(u32::MAX, |token| token.start)
    }

    fn end(&self, token: usize) -> u32 {
        self.tokens.get(token).map_or(u32::MAX, |token| token.end)
    }

    fn find_blocks(&mut self) {
        let mut open: Option<usize> = None;
        let mut header: Option<usize> = None;
        for (index, token) in self.tokens.iter().enumerate() {
            match token.kind {
                TokenKind::Open => {
                    let block = Block {
                        header: header.unwrap_or(index)..index,
                        open: index,
                        close: None,
                        parent: open,
                    };
                    open = Some(self.blocks.len());
                    self.blocks.push(block);
                    header = None;
                }
                TokenKind::Close => {
                    header = None;
                    match open.and_then(|open| self.blocks.get_mut(open)) {
                        Some(block) => {
                            block.close = Some(index);
                            open = block.parent;
                        }
                        None => self.unmatched.push(index),
                    }
                }
                // The brace may be alone on a later line.
                TokenKind::Newline | TokenKind::Blank | TokenKind::Comment => {}
                _ if self.begins_line(index) => header = Some(index),
                _ => {}
            }
        }
    }

    /// Whether nothing but blanks stands between a token and the line end or brace before it.
    fn begins_line(&self, index: usize) -> bool {
        let before = self.tokens.get(..index).unwrap_or_default().iter().rev();
        let before = before.map(|token| token.kind).find(|kind| *kind != TokenKind::Blank);
        matches!(before, None | Some(TokenKind::Newline | TokenKind::Open | TokenKind::Close))
    }
}

/// The text itself.
impl fmt::Display for SyntaxTree<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tokens.iter().try_for_each(|token| formatter.write_str(self.text(*token)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_nest_and_know_their_keywords() {
        let text = "a 1 {\n b\n # c\n {\n  d 2\n }\n}\ne\n}\nf {";
        let tree = SyntaxTree::parse(text);
        let keywords: Vec<_> = tree.blocks().iter().map(|block| tree.keyword(block)).collect();
        assert_eq!(keywords, [Some("a"), Some("b"), Some("f")]);
        let parents: Vec<_> = tree.blocks().iter().map(|block| block.parent).collect();
        assert_eq!(parents, [None, Some(0), None]);
        assert_eq!(tree.unmatched().len(), 1);
        assert_eq!(tree.blocks()[2].close, None);
        let at = |needle: &str| u32::try_from(text.find(needle).expect("in the text")).expect("a short text");
        let block_of = |needle| tree.block_at(at(needle)).and_then(|block| tree.keyword(block));
        assert_eq!([block_of("d 2"), block_of("b\n"), block_of("e\n")], [Some("b"), Some("a"), None]);
    }

    #[test]
    fn very_deep_nesting_is_no_problem() {
        let text = "{".repeat(300_000);
        let tree = SyntaxTree::parse(&text);
        assert_eq!(tree.blocks().len(), 300_000);
        assert_eq!(tree.to_string(), text);
    }
}
