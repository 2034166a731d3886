//! Findings as people read them.
//!
//! Text out of a configuration never reaches a terminal raw: control and direction characters are shown as
//! pictures or escapes, and of a long line only the part around the finding is shown.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::keywords;
use crate::source::{SourceMap, Span};

/// One finding with the line it is about, over several lines of text, without a line end at its end.
///
/// ```
/// use keepalived_conf::{Diagnostic, SourceMap, Span, render};
///
/// let mut sources = SourceMap::new();
/// let file = sources.add("/etc/keepalived/keepalived.conf", b"vrrp_instance V {\n  prioritty 150\n}\n".to_vec());
/// let finding = Diagnostic::error("unknown-keyword", "unknown keyword 'prioritty'")
///     .at(Span::new(file, 20, 29))
///     .help("did you mean 'priority'?");
/// assert_eq!(
///     render(&finding, &sources, false),
///     "\
/// error[unknown-keyword]: unknown keyword 'prioritty'
///  --> /etc/keepalived/keepalived.conf:2:3
///   |
/// 2 |   prioritty 150
///   |   ^^^^^^^^^
///   |
///   = help: did you mean 'priority'?"
/// );
/// ```
pub fn render(diagnostic: &Diagnostic, sources: &SourceMap, color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(clean(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    let label = clean(diagnostic.label.as_deref().unwrap_or_default());
    let place = diagnostic.span.and_then(|span| Place::find(sources, span));
    if let Some(place) = &place {
        group = place.show(group, AnnotationKind::Primary, &label);
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(clean(help)));
    }
    let related = diagnostic.related.iter();
    let related: Vec<_> =
        related.filter_map(|(span, label)| Some((Place::find(sources, *span)?, label))).collect();
    let mut report = vec![group];
    for (place, label) in &related {
        let group = Group::with_title(Level::NOTE.secondary_title(clean(label)));
        report.push(place.show(group, AnnotationKind::Context, ""));
    }
    renderer.render(&report)
}

/// One finding in one line, for logs: `file:line:column: error: message (help)`.
///
/// ```
/// # use keepalived_conf::{Diagnostic, SourceMap, Span, render_line};
/// # let mut sources = SourceMap::new();
/// # let file = sources.add("k.conf", b"vrrp_instance V {\n  prioritty 150\n}\n".to_vec());
/// let finding = Diagnostic::error("unknown-keyword", "unknown keyword 'prioritty'").at(Span::new(file, 20, 29));
/// assert_eq!(render_line(&finding, &sources), "k.conf:2:3: error: unknown keyword 'prioritty' [unknown-keyword]");
/// ```
pub fn render_line(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut line = String::new();
    if let Some((span, file)) = diagnostic.span.and_then(|span| Some((span, sources.file(span.source)?))) {
        let position = sources.position(span);
        line = format!("{}:{}:{}: ", clean(&file.path().to_string_lossy()), position.line, position.column);
    }
    let severity = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    // Writing to a string cannot fail.
    let _ = write!(line, "{severity}: {} [{}]", clean(&diagnostic.message), diagnostic.code);
    if let Some(help) = &diagnostic.help {
        let _ = write!(line, " ({})", clean(help));
    }
    line
}

/// All findings, one after the other with an empty line between, and how many more there are.
pub fn render_all(diagnostics: &Diagnostics, sources: &SourceMap, color: bool) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&render(diagnostic, sources, color));
        text.push_str("\n\n");
    }
    if diagnostics.omitted() > 0 {
        let _ = writeln!(text, "... and {} more", diagnostics.omitted());
    }
    text
}

/// The line with stars for all that follows a keyword which holds a secret, octet by octet.
fn without_secrets(line: &str) -> Cow<'_, str> {
    let mut words = line.split_ascii_whitespace().map(|word| word.trim_matches(['{', '}']));
    let Some(keyword) = words.find(|word| keywords::holds_secret(word)) else { return Cow::Borrowed(line) };
    let secret = line.find(keyword).map_or(line.len(), |at| at + keyword.len());
    let (shown, secret) = line.split_at(secret);
    let stars = secret.bytes().map(|octet| if octet.is_ascii_whitespace() { char::from(octet) } else { '*' });
    Cow::Owned(shown.chars().chain(stars).collect())
}

/// A place, ready to be shown.
struct Place {
    path: String,
    line: usize,
    column: usize,
    /// The line, or the part of it around the place.
    text: String,
    marked: Range<usize>,
}

impl Place {
    fn find(sources: &SourceMap, span: Span) -> Option<Self> {
        let file = sources.file(span.source)?;
        let (start, end) = (span.start as usize, span.end as usize);
        let before = file.text().get(..start)?;
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let rest = file.text().get(start..)?;
        let line_end = start + rest.find('\n').unwrap_or(rest.len());
        let line = file.text().get(line_start..line_end)?.trim_end_matches('\r');
        let marked = start - line_start..end.min(line_end).max(start) - line_start;
        let position = sources.position(span);
        let (text, marked) = window(&without_secrets(line), marked);
        let path = clean(&file.path().to_string_lossy());
        Some(Self { path, line: position.line as usize, column: position.column as usize, text, marked })
    }

    fn show<'a>(&'a self, group: Group<'a>, kind: AnnotationKind, label: &'a str) -> Group<'a> {
        let annotation = kind.span(self.marked.clone());
        let annotation = if label.is_empty() { annotation } else { annotation.label(label) };
        let snippet = Snippet::source(self.text.as_str()).line_start(self.line).annotation(annotation);
        let before = self.text.get(..self.marked.start).unwrap_or_default();
        if before.chars().count() + 1 == self.column {
            group.element(snippet.path(&self.path))
        } else {
            // The text shown is not the line itself, so its columns are not the line's.
            let origin = Origin::path(&self.path).line(self.line).char_column(self.column);
            group.element(origin).element(snippet)
        }
    }
}

/// The part of a line around the marked place, cleaned, and where the mark is in it.
fn window(line: &str, marked: Range<usize>) -> (String, Range<usize>) {
    let boundary =
        |at: usize| (0..=at.min(line.len())).rev().find(|&at| line.is_char_boundary(at)).unwrap_or(0);
    let (start, end) = (boundary(marked.start), boundary(marked.end));
    let from = if line.len() > SHOWN { boundary(start.saturating_sub(SHOWN / 4)) } else { 0 };
    let to = boundary((from + SHOWN).max(start));
    let end = end.min(to);
    // Tabs are shown as blanks, but counted as one column.
    let part = |range: Range<usize>| {
        line.get(range).unwrap_or_default().split('\t').map(clean).collect::<Vec<_>>().join("\t")
    };
    let mut text = if from > 0 { "...".to_owned() } else { String::new() };
    text.push_str(&part(from..start));
    let start_shown = text.len();
    text.push_str(&part(start..end));
    let marked = start_shown..text.len();
    text.push_str(&part(end..to));
    if to < line.len() {
        text.push_str("...");
    }
    (text, marked)
}

/// Text that is safe on a terminal: tabs become blanks, control characters, line ends and characters that turn the
/// direction of writing become escapes.
pub(crate) fn clean(text: &str) -> String {
    let mut cleaned = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\t' => cleaned.push_str("    "),
            _ if character.is_control() || is_invisible(character) => {
                cleaned.extend(character.escape_unicode());
            }
            _ => cleaned.push(character),
        }
    }
    cleaned
}

/// Characters that hide or reorder others: zero width, direction, line separators, byte order mark, tags.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// Octets of a line that are shown at most.
const SHOWN: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str, range: Range<u32>) -> String {
        let mut sources = SourceMap::new();
        let file = sources.add("f", text.as_bytes().to_vec());
        render(&Diagnostic::error("x", "y").at(Span::new(file, range.start, range.end)), &sources, false)
    }

    #[test]
    fn hostile_text_cannot_reach_the_terminal() {
        let hostile = "a\x1b]0;owned\x07\u{202e}\u{9b}31m b\rc";
        let shown = rendered(hostile, 0..3);
        assert!(
            shown.chars().all(|shown| shown == '\n' || !(shown.is_control() || is_invisible(shown))),
            "{shown:?}"
        );
        let finding = Diagnostic::error("x", hostile).label(hostile).help(hostile);
        let line = render_line(&finding, &SourceMap::new());
        assert!(!line.contains(['\x1b', '\x07', '\n', '\r', '\u{202e}', '\u{9b}']), "{line:?}");
        assert!(!render(&finding, &SourceMap::new(), false).contains(['\x1b', '\u{202e}']));
    }

    #[test]
    fn of_a_long_line_only_the_part_around_the_place_is_shown() {
        let text = format!("{} prioritty {}", "a ".repeat(5000), "b ".repeat(5000));
        let shown = rendered(&text, 10_001..10_010);
        assert!(shown.contains("prioritty") && shown.contains("f:1:10002"), "{shown}");
        assert!(shown.lines().all(|line| line.len() < 200), "{shown}");
        assert!(rendered(&text, 0..20_000).lines().all(|line| line.len() < 200));
    }

    #[test]
    fn a_place_of_many_lines_shows_the_first() {
        let shown = rendered("one {\ntwo\n}\n", 0..11);
        assert!(shown.contains("one {") && !shown.contains("two"), "{shown}");
    }

    #[test]
    fn the_mark_is_under_its_word_after_tabs_and_wide_text() {
        let shown = rendered("\tä word", 4..8);
        let lines: Vec<&str> = shown.lines().collect();
        let column = |line: &str, what: char| line.chars().position(|shown| shown == what);
        assert_eq!(column(lines[3], 'w'), column(lines[4], '^'), "{shown}");
    }

    #[test]
    fn places_outside_the_text_and_at_its_end_are_shown_without_panic() {
        for range in [3..3, 3..9, 9..12, 4..4] {
            rendered("abc", range.clone());
            rendered("äöü\n", range);
        }
    }
}
