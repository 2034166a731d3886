//! Physical lines: their ends, their length, their comments.

use std::sync::Arc;

use super::fragment::Fragment;
use super::lexical::is_blank;
use super::plain::{Measured, measure};
use super::quotes::content;
use super::run::Preprocessor;
use super::{Exhausted, LINE_LIMIT};
use crate::damage::Damage;
use crate::diagnostic::{Class, Diagnostic};
use crate::source::{SourceId, Span};

impl Preprocessor<'_, '_> {
    /// Takes all lines of a file through preprocessing.
    pub(super) fn physical_lines(&mut self, source: SourceId) -> Result<(), Exhausted> {
        let Some(text) = self.sources.shared_text(source).map(Arc::clone) else { return Ok(()) };
        self.file_hints(source);
        let mut offset = if text.starts_with(BYTE_ORDER_MARK) { BYTE_ORDER_MARK.len() } else { 0 };
        while offset < text.len() {
            let rest = text.get(offset..).unwrap_or_default();
            let Measured { length, is_plain } = measure(rest.as_bytes());
            let line = rest.get(..length).unwrap_or_default();
            let outcome = if is_plain && length <= LINE_LIMIT && self.pending.is_none() {
                self.budget.spend(length + 1).and_then(|()| self.plain_line(line, source, narrow(offset)))
            } else {
                self.physical_line(line, source, narrow(offset))
            };
            if let Err(exhausted) = outcome {
                self.exhausted(Span::new(source, narrow(offset), narrow(offset + length)));
                return Err(exhausted);
            }
            offset += length + 1;
        }
        self.end_definition();
        Ok(())
    }

    /// One line without its end. Of a line that is too long only the last part that fits is taken.
    fn physical_line(&mut self, line: &str, source: SourceId, start: u32) -> Result<(), Exhausted> {
        self.budget.spend(line.len() + 1)?;
        let line = line.trim_end_matches('\r');
        let (mut begin, mut line) = (start, line);
        if line.len() > LINE_LIMIT {
            let span = Span::new(source, start, start + narrow(line.len()));
            self.too_long(span, line.len());
            while line.len() > LINE_LIMIT {
                let cut = (0..=LINE_LIMIT).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(LINE_LIMIT);
                begin += narrow(cut);
                line = line.get(cut..).unwrap_or_default();
            }
        }
        if let Some(nul) = line.find('\0') {
            let at = begin + narrow(nul);
            let message = "the line holds a NUL character: it is not taken";
            let finding = Diagnostic::error("nul-character", message).at(Span::new(source, at, at + 1));
            self.report(finding.damage(Damage::NotText));
            return Ok(());
        }
        self.quote_reported = false;
        self.content(&Fragment::verbatim(line, source, begin))
    }

    /// A line without its comment goes on.
    fn content(&mut self, line: &Fragment<'_>) -> Result<(), Exhausted> {
        let content = content(line.text());
        let (length, has_comment) = (line.text().len(), content.end < line.text().len());
        let visible = line.slice(0..content.end).trimmed();
        if let Some(quote) = content.open_quote {
            self.unclosed_quote(line, quote..length);
        }
        if content.escaped {
            self.escaped_comment(line.span(content.end..content.end + 2));
        }
        if !visible.text().is_ascii() {
            self.lookalike(&visible);
        }
        // A backslash at the end of a comment continues a definition, too.
        self.continued = has_comment && line.text().trim_end_matches(is_blank).ends_with('\\');
        if self.pending.is_some() {
            // A blank line ends the definition, and so does one with nothing but a comment that does not go on.
            if !visible.text().is_empty() {
                self.continue_definition(&visible);
            } else if !self.continued {
                self.end_definition();
            }
            return Ok(());
        }
        if visible.text().is_empty() { Ok(()) } else { self.line(visible, false, 0) }
    }

    fn escaped_comment(&mut self, span: Span) {
        let message = "a backslash does not keep this character from starting a comment";
        let diagnostic = Diagnostic::warning("escaped-comment", message).class(Class::None);
        self.report(diagnostic.at(span).help("put the word in double quotes"));
    }

    /// Characters that text processors and web pages put in the place of plain ones.
    fn lookalike(&mut self, line: &Fragment<'_>) {
        let found = line.text().char_indices().find_map(|(at, character)| {
            let plain = match character {
                '\u{a0}' | '\u{2007}' | '\u{202f}' => "a blank that does not separate words",
                '\u{200b}' | '\u{200c}' | '\u{200d}' | '\u{2060}' | '\u{feff}' => "an invisible character",
                '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{ff02}' => {
                    "a typographic quote, which quotes nothing"
                }
                '\u{2010}'..='\u{2015}' | '\u{2212}' => "a typographic dash, not a minus",
                _ => return None,
            };
            Some((at..at + character.len_utf8(), plain))
        });
        if let Some((range, plain)) = found {
            let message = format!("this is {plain}");
            self.report(Diagnostic::note("lookalike-character", message).at(line.span(range)));
        }
    }

    fn too_long(&mut self, span: Span, length: usize) {
        let message = format!("the line is {length} octets long, at most {LINE_LIMIT} are taken");
        let diagnostic = Diagnostic::error("line-too-long", message).at(span);
        self.report(
            diagnostic
                .label("only what is left after whole parts of 1023 octets is read")
                .help("split the line; a long comment goes on several lines that each begin with '#'"),
        );
    }

    fn exhausted(&mut self, span: Span) {
        if !self.diagnostics.has_code("expansion-limit") && !self.diagnostics.has_code("expansion-depth") {
            let message = "the configuration grows too large here: the rest is not read";
            let diagnostic = Diagnostic::error("expansion-limit", message).at(span).damage(Damage::TooLarge);
            self.report(
                diagnostic.help("look for definitions, sequences or includes that multiply each other"),
            );
        }
    }

    /// Changes that an editor may have made to the whole file.
    fn file_hints(&mut self, source: SourceId) {
        let Some(file) = self.sources.file(source) else { return };
        let replaced = (!file.is_utf8()).then(|| file.text().find(char::REPLACEMENT_CHARACTER)).flatten();
        let has_mark = file.text().starts_with(BYTE_ORDER_MARK);
        if let Some(at) = replaced {
            let span = Span::new(source, narrow(at), narrow(at + char::REPLACEMENT_CHARACTER.len_utf8()));
            self.report(Diagnostic::note("not-utf8", "the file is not UTF-8").at(span));
        }
        if has_mark {
            let span = Span::new(source, 0, narrow(BYTE_ORDER_MARK.len()));
            let message = "the file begins with a byte order mark, which keepalived takes for a keyword";
            self.report(
                Diagnostic::error("byte-order-mark", message).at(span).help("save the file without it"),
            );
        }
    }
}

fn narrow(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}

const BYTE_ORDER_MARK: &str = "\u{feff}";
