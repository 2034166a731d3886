//! The preprocessor itself: what happens to a line.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::definitions::{Definition, Definitions, Random, definition};
use super::fragment::{Fragment, is_blank};
use super::include::{Checks, Matches, Problem, find, include_check, include_line};
use super::quotes::{content, first_brace};
use super::words::{self, Token};
use super::{Budget, DEPTH_LIMIT, Exhausted, FileKind, MAIN_FILE_MISSING, Options};
use crate::damage::Damage;
use crate::diagnostic::{Class, Diagnostic, Diagnostics, Severity};
use crate::keywords::word;
use crate::lines::{Lines, Rewritten};
use crate::source::{SourceId, SourceMap, Span};

/// State while the files are read.
pub(super) struct Preprocessor<'r, 'o> {
    pub(super) options: &'r Options<'o>,
    pub(super) sources: &'r mut SourceMap,
    pub(super) diagnostics: &'r mut Diagnostics,
    pub(super) lines: Lines,
    pub(super) definitions: Definitions,
    pub(super) random: Random,
    pub(super) budget: Budget,
    /// A definition whose last line so far ended in a backslash.
    pub(super) pending: Option<(String, Definition)>,
    /// The comment of the line being read ends in a backslash.
    pub(super) continued: bool,
    /// The files being read, outermost first.
    pub(super) reading: Vec<OpenFile>,
    checks: Checks,
    /// Room for the words of one line: from where to where, and whether in quotes.
    pub(super) words: Vec<(usize, usize, bool)>,
    /// An unclosed quote is reported once for each physical line.
    pub(super) quote_reported: bool,
}

/// A file being read.
pub(super) struct OpenFile {
    pub(super) directory: PathBuf,
    identity: PathBuf,
}

impl<'r, 'o> Preprocessor<'r, 'o> {
    pub(super) fn new(
        options: &'r Options<'o>,
        sources: &'r mut SourceMap,
        diagnostics: &'r mut Diagnostics,
    ) -> Self {
        Self {
            options,
            sources,
            diagnostics,
            lines: Lines::default(),
            definitions: Definitions::default(),
            random: Random::seeded(options.random_seed),
            budget: Budget(options.cost_limit),
            pending: None,
            continued: false,
            reading: Vec::new(),
            checks: if options.strict_includes { Checks::ALL } else { Checks::NONE },
            words: Vec::new(),
            quote_reported: false,
        }
    }

    /// Reads the main file.
    pub(super) fn run(mut self, main: &Path) -> Lines {
        let name = main.to_string_lossy();
        let matches = if self.options.files.kind(main).is_ok_and(|kind| kind == FileKind::Plain) {
            Matches { files: vec![main.to_owned()], problems: Vec::new() }
        } else {
            find(self.options.files, Path::new(""), &name)
        };
        for (problem, _check) in matches.problems {
            let code = match problem {
                Problem::Missing(_) | Problem::NoMatch(_) => MAIN_FILE_MISSING,
                _ => "include-skipped",
            };
            let finding = Diagnostic::new(Severity::Error, Class::Include, code, problem.to_string());
            self.report(finding.damage(Damage::Unreadable));
        }
        if matches.files.len() > 1 {
            let message = format!("{name} stands for {} files: all are read", matches.files.len());
            self.report(Diagnostic::warning("main-file-pattern", message).class(Class::None));
        }
        for file in matches.files {
            if self.read_file(&file, None).is_err() {
                break;
            }
        }
        self.lines
    }

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reads one file down to lines; `at` is where it is included.
    fn read_file(&mut self, path: &Path, at: Option<Span>) -> Result<(), Exhausted> {
        self.budget.spend(Budget::INCLUDE)?;
        let identity = self.options.files.identity(path);
        if self.reading.iter().any(|reading| reading.identity == identity) {
            let message = format!("{} includes itself", path.display());
            self.report_at(Diagnostic::error("include-cycle", message), at);
            return Ok(());
        }
        if self.reading.len() >= DEPTH_LIMIT as usize {
            let message = format!("includes are nested deeper than {DEPTH_LIMIT}");
            self.report_at(Diagnostic::error("include-depth", message), at);
            return Ok(());
        }
        let known = self.sources.find(path);
        let source = match known {
            Some(source) => source,
            None => match self.options.files.read(path) {
                Ok(bytes) => self.sources.add(path, bytes),
                Err(error) => {
                    let problem = Problem::Unreadable { path: path.to_owned(), reason: error.to_string() };
                    self.include_problem(&problem, self.checks.any_of(Checks::READ), at);
                    return Ok(());
                }
            },
        };
        let directory = self.options.files.directory_of(path);
        self.reading.push(OpenFile { directory, identity });
        let checks = self.checks;
        let outcome = self.physical_lines(source);
        self.checks = checks;
        self.reading.pop();
        outcome
    }

    fn report_at(&mut self, diagnostic: Diagnostic, at: Option<Span>) {
        self.report(Diagnostic { span: at, ..diagnostic });
    }

    /// Takes one line through all steps. `substituted`: its definitions are already replaced.
    pub(super) fn line(
        &mut self,
        line: Fragment<'_>,
        mut substituted: bool,
        depth: u32,
    ) -> Result<(), Exhausted> {
        if depth > DEPTH_LIMIT {
            let message = format!("definitions and sequences are nested deeper than {DEPTH_LIMIT}");
            self.report(Diagnostic::error("expansion-depth", message).at(line.span(0..line.text().len())));
            return Err(Exhausted);
        }
        let mut next = Some(line);
        while let Some(line) = next.take() {
            let Some(line) = self.conditional(line.trimmed()) else { return Ok(()) };
            if line.text().is_empty() || self.define(&line) {
                return Ok(());
            }
            if line.text().starts_with('~')
                && let Some(head) = super::sequence::head(line.text())
            {
                return self.repeat(&line, head, depth);
            }
            if !substituted && line.text().contains('$') {
                return self.substituted(line, depth);
            }
            substituted = true;
            if let Some((checks, pattern)) = include_line(line.text()) {
                return self.include(&line, checks, pattern);
            }
            next = self.emit(&line)?;
        }
        Ok(())
    }

    /// `@id text`: the text if the id is ours; `@^id text`: if it is not.
    fn conditional<'t>(&mut self, line: Fragment<'t>) -> Option<Fragment<'t>> {
        let Some(rest) = line.text().strip_prefix('@') else { return Some(line) };
        let (id, text) = rest.split_once(is_blank).unwrap_or((rest, ""));
        let keep = match id.strip_prefix('^') {
            Some(id) => id != self.options.config_id,
            None => id == self.options.config_id,
        };
        let text = text.trim_start_matches(is_blank);
        keep.then(|| line.slice(line.text().len() - text.len()..line.text().len()))
    }

    /// Stores a `$NAME=value` line; whether it is one.
    fn define(&mut self, line: &Fragment<'_>) -> bool {
        let text = line.text();
        let Some((name, value)) = definition(text) else { return false };
        let span = line.span(0..text.len());
        if let Some(quote) = content(text).open_quote {
            self.unclosed_quote(line, quote..text.len());
        }
        let value_text = text.get(value..).unwrap_or_default();
        let continued = value_text.strip_suffix('\\');
        if let Some(first) = continued.or(self.continued.then_some(value_text)) {
            let mut started = Definition { lines: Vec::new(), span };
            let first = first.trim_end_matches(is_blank);
            if !first.is_empty() {
                started.lines.push((first.into(), line.span(value..value + first.len())));
            }
            self.pending = Some((name.to_owned(), started));
        } else {
            let value = Definition { lines: vec![(value_text.into(), line.span(value..text.len()))], span };
            self.definitions.set(name, value);
        }
        true
    }

    /// Continues or ends a definition of several lines.
    pub(super) fn continue_definition(&mut self, line: &Fragment<'_>) {
        let Some((name, mut started)) = self.pending.take() else { return };
        let text = line.text();
        let continued = text.strip_suffix('\\');
        let content = continued.unwrap_or(text).trim_end_matches(is_blank);
        if !content.is_empty() {
            started.lines.push((content.into(), line.span(0..content.len())));
        }
        if continued.is_some() || self.continued {
            self.pending = Some((name, started));
        } else {
            self.finish_definition(&name, started);
        }
    }

    /// Ends a definition of several lines where its text ends without one.
    pub(super) fn end_definition(&mut self) {
        if let Some((name, started)) = self.pending.take() {
            self.finish_definition(&name, started);
        }
    }

    fn finish_definition(&mut self, name: &str, mut definition: Definition) {
        if definition.lines.is_empty() {
            definition.lines.push(("".into(), definition.span));
        }
        self.definitions.set(name, definition);
    }

    fn include(
        &mut self,
        line: &Fragment<'_>,
        checks: Option<Checks>,
        pattern: usize,
    ) -> Result<(), Exhausted> {
        self.budget.spend(Budget::INCLUDE)?;
        let at = line.span(pattern..line.text().len());
        let checks = if self.options.strict_includes { Checks::ALL } else { checks.unwrap_or(self.checks) };
        let directory = self.reading.last().map(|reading| reading.directory.clone()).unwrap_or_default();
        let matches = find(self.options.files, &directory, line.text().get(pattern..).unwrap_or_default());
        for (problem, check) in &matches.problems {
            if let Problem::Missing(name) = problem {
                self.sources.note_absent(directory.join(name));
            }
            self.include_problem(problem, checks.any_of(*check), Some(at));
        }
        let quote_reported = self.quote_reported;
        for file in matches.files {
            self.read_file(&file, Some(at))?;
        }
        self.quote_reported = quote_reported;
        Ok(())
    }

    fn include_problem(&mut self, problem: &Problem, counts: bool, at: Option<Span>) {
        // Nothing includes the main file, and without it there is nothing to test.
        let is_main = at.is_none();
        let (severity, class) = if counts || is_main {
            (Severity::Error, Class::Include)
        } else {
            (Severity::Warning, Class::None)
        };
        let code = match problem {
            Problem::Missing(_) => "include-missing",
            Problem::NoMatch(_) => "include-no-match",
            Problem::NotAFile(_) | Problem::Executable(_) => "include-skipped",
            Problem::Unreadable { .. } => "include-unreadable",
        };
        let mut diagnostic = Diagnostic::new(severity, class, code, problem.to_string());
        if let Problem::Missing(name) = problem
            && name.contains(['"', ' '])
        {
            diagnostic = diagnostic.help("the pattern goes to the end of the line: no quotes, one pattern");
        } else if let Problem::Executable(path) = problem {
            diagnostic = diagnostic.help(format!("chmod a-x {}", path.display()));
        }
        // A file that is not there may be meant so; one that is there and cannot be read is not.
        if matches!(problem, Problem::Unreadable { .. }) {
            diagnostic = diagnostic.damage(Damage::Unreadable);
        }
        self.report_at(diagnostic, at);
    }

    /// Makes the words before the first brace a statement; gives what follows the brace.
    fn emit<'t>(&mut self, line: &Fragment<'t>) -> Result<Option<Fragment<'t>>, Exhausted> {
        let brace = first_brace(line.text());
        let end = brace.unwrap_or(line.text().len());
        let unclosed = self.emit_words(line, end)?;
        if let Some(start) = unclosed {
            self.unclosed_quote(line, start..end);
        }
        let Some(brace) = brace else { return Ok(None) };
        self.budget.spend(Budget::OVERHEAD)?;
        let is_open = line.text().as_bytes().get(brace) == Some(&b'{');
        self.emit_brace(line, brace, is_open);
        let rest = line.slice(brace + 1..line.text().len()).trimmed();
        Ok((!rest.text().is_empty()).then_some(rest))
    }

    /// Makes the text up to `end` a statement, if it holds a word; gives the place of an unclosed quote.
    fn emit_words(&mut self, line: &Fragment<'_>, end: usize) -> Result<Option<usize>, Exhausted> {
        let text = line.text().get(..end).unwrap_or_default();
        let mut unclosed = None;
        self.words.clear();
        for token in words::tokens(text) {
            match token {
                Token::Word { start, end, quoted } => self.words.push((start, end, quoted)),
                Token::Unclosed { start } => unclosed = Some(start),
            }
        }
        if self.words.is_empty() {
            return Ok(unclosed);
        }
        let raw = text.trim_end_matches(is_blank);
        let start = raw.len() - raw.trim_start_matches(is_blank).len();
        let raw = raw.get(start..).unwrap_or_default();
        self.budget.spend(Budget::OVERHEAD * (1 + self.words.len()) + raw.len())?;
        self.listen(text);
        match line.in_file() {
            // The raw text of such a line goes from its first to its last word.
            Some((source, base)) if unclosed.is_none() => self.push_words(source, base),
            _ => {
                let words = self.words.iter().map(|word| words::rewritten(line, *word, start)).collect();
                let span = line.span(start..start + raw.len());
                self.lines.push_rewritten(Rewritten { raw: raw.into(), span, words });
            }
        }
        Ok(unclosed)
    }

    fn emit_brace(&mut self, line: &Fragment<'_>, brace: usize, is_open: bool) {
        let span = line.span(brace..brace + 1);
        if line.in_file().is_some() {
            self.push_brace(span, is_open);
        } else {
            self.lines.push_rewritten_brace(span, is_open);
        }
    }

    /// A statement of `self.words`, which stand in a file exactly so, counted from `base`.
    pub(super) fn push_words(&mut self, source: SourceId, base: u32) {
        if let Some(text) = self.sources.shared_text(source) {
            self.lines.push_words((source, text), base, &self.words);
        }
    }

    /// A brace that stands in a file at this place.
    pub(super) fn push_brace(&mut self, span: Span, is_open: bool) {
        if let Some(text) = self.sources.shared_text(span.source) {
            self.lines.push_brace(text, span, is_open);
        }
    }

    /// Two keywords act on preprocessing itself, from their line on. The words of the line are in `self.words`.
    pub(super) fn listen(&mut self, text: &str) {
        let mut words = self.words.iter().map(|&(start, end, _)| text.get(start..end).unwrap_or_default());
        match words.next() {
            Some(word::INCLUDE_CHECK) if !self.options.strict_includes => {
                let (checks, _unknown_is_reported_with_the_keyword) = include_check(self.checks, words);
                self.checks = checks;
            }
            Some(word::RANDOM_SEED) => {
                if let Some(seed) = words.next().and_then(|seed| seed.parse().ok()) {
                    self.random = Random::seeded(seed);
                }
            }
            _ => {}
        }
    }

    /// Reports a quote that is opened and not closed, once for each physical line.
    pub(super) fn unclosed_quote(&mut self, line: &Fragment<'_>, range: Range<usize>) {
        if std::mem::replace(&mut self.quote_reported, true) {
            return;
        }
        let diagnostic = Diagnostic::error("unterminated-quote", "a double quote is opened and not closed");
        let mut diagnostic = diagnostic.at(line.span(range));
        // Where `\"` counts as text the quotes may well pair: keepalived runs such a command, after a complaint.
        if content(line.text()).open_quote.is_some() {
            diagnostic = diagnostic.damage(Damage::Quote);
        }
        self.report(if line.text().contains("\\\"") {
            diagnostic.help("only the commands of scripts understand \\\", and even there this is reported")
        } else {
            diagnostic.label("the line is lost from here").help("quotes end on their line")
        });
    }
}
