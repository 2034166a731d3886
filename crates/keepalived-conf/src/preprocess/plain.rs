//! Lines of words and braces alone: nearly every line of every configuration.
//!
//! On such a line the steps of preprocessing do nothing but split it, so they are not taken. Invariant: the output is
//! that of [`line`](Preprocessor::line).

use super::fragment::{Fragment, is_blank_byte};
use super::run::Preprocessor;
use super::{Budget, Exhausted};
use crate::source::{SourceId, Span};

/// The line at the start of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Measured {
    /// Its length without the `\n`.
    pub(super) length: usize,
    /// Whether it holds words and braces alone.
    pub(super) is_plain: bool,
}

/// Looks at each octet of the line at the start of a text once.
pub(super) fn measure(text: &[u8]) -> Measured {
    let mut special = false;
    for (length, &byte) in text.iter().enumerate() {
        if byte == b'\n' {
            return Measured { length, is_plain: !special };
        }
        special |= SPECIAL[usize::from(byte)];
    }
    Measured { length: text.len(), is_plain: !special }
}

/// The octets that mean more than a letter: comments, quotes, definitions, conditions, sequences, NUL, and all that is
/// not ASCII, because it may look like something else.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut signs: &[u8] = b"#!\"\\$@~\0";
    while let [first, rest @ ..] = signs {
        special[*first as usize] = true;
        signs = rest;
    }
    let (_ascii, others) = special.split_at_mut(128);
    let mut byte = 0;
    while byte < others.len() {
        others[byte] = true;
        byte += 1;
    }
    special
};

impl Preprocessor<'_, '_> {
    /// Takes a plain line apart.
    pub(super) fn plain_line(&mut self, line: &str, source: SourceId, start: u32) -> Result<(), Exhausted> {
        let bytes = line.as_bytes();
        let mut at = 0;
        self.words.clear();
        while let Some(&byte) = bytes.get(at) {
            let begin = at;
            at += 1;
            if is_blank_byte(byte) {
                continue;
            }
            if is_brace(byte) {
                self.plain_words(line, source, start)?;
                self.budget.spend(Budget::OVERHEAD)?;
                let begin = start + narrow(begin);
                self.push_brace(Span::new(source, begin, begin + 1), byte == b'{');
                continue;
            }
            let rest = line.get(begin..).unwrap_or_default();
            if self.words.is_empty() && rest.starts_with("include") {
                return self.line(Fragment::verbatim(rest, source, start + narrow(begin)), true, 0);
            }
            while bytes.get(at).is_some_and(|&byte| !is_blank_byte(byte) && !is_brace(byte)) {
                at += 1;
            }
            self.words.push((begin, at, false));
        }
        self.plain_words(line, source, start)
    }

    /// Makes the words gathered so far a statement.
    fn plain_words(&mut self, line: &str, source: SourceId, start: u32) -> Result<(), Exhausted> {
        let (Some(&(first, ..)), Some(&(_, last, _))) = (self.words.first(), self.words.last()) else {
            return Ok(());
        };
        self.budget.spend(Budget::OVERHEAD * (1 + self.words.len()) + last - first)?;
        self.listen(line);
        self.push_words(source, start);
        self.words.clear();
        Ok(())
    }
}

fn is_brace(byte: u8) -> bool {
    matches!(byte, b'{' | b'}')
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Diagnostics;
    use crate::preprocess::{MemoryFiles, Options};
    use crate::source::SourceMap;

    #[test]
    fn a_line_is_plain_unless_a_character_of_it_means_more() {
        assert_eq!(measure(b"a { b\r\n\"c"), Measured { length: 6, is_plain: true });
        for text in ["# a", "a !b", "\"a\"", r"a\b", "$A=1", "a$A", "@id a", "~SEQ(a,1) b", "a\0", "ä"] {
            assert!(!measure(text.as_bytes()).is_plain, "{text}");
        }
    }

    /// Both ways through preprocessing, compared.
    #[test]
    fn a_plain_line_comes_out_as_it_would_step_by_step() {
        let files = MemoryFiles::from([("/c/x", "included 1\n")]);
        for text in [
            "",
            " a  b\tc ",
            "a{b}c",
            "} a {",
            "{{",
            "a { include x",
            "include x",
            "includer",
            "a include x",
            "a\x0bb\r",
        ] {
            let outcomes = [false, true].map(|plain| {
                let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
                let source = sources.add("/c/main", text.into());
                let options = Options::new(&files);
                let mut run = Preprocessor::new(&options, &mut sources, &mut findings);
                let outcome = if plain {
                    run.plain_line(text, source, 0)
                } else {
                    run.line(Fragment::verbatim(text, source, 0), false, 0)
                };
                outcome.expect("a large enough budget");
                (format!("{:?}", run.lines), run.budget.0)
            });
            assert_eq!(outcomes[0], outcomes[1], "{text:?}");
        }
    }
}
