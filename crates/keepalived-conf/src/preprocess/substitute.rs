//! `$NAME` and `${NAME}`: replaced until nothing changes.

use std::collections::VecDeque;
use std::rc::Rc;

use super::definitions::{Definition, Reference, name_len, references};
use super::fragment::{Builder, Fragment, is_blank};
use super::quotes::{Quoting, content, reference_len};
use super::run::Preprocessor;
use super::{Exhausted, LINE_LIMIT};
use crate::diagnostic::Diagnostic;
use crate::similar::did_you_mean;
use crate::source::Span;

/// More rounds than this mean that a definition leads back to itself.
const ROUND_LIMIT: u32 = 100;

/// With more names than this a misspelt one gets no suggestion: looking for it takes time for each.
const SUGGESTED_FROM: usize = 500;

/// The line, and the lines a definition of several lines adds after it.
pub(super) type Substituted = (Fragment<'static>, VecDeque<Fragment<'static>>);

/// Result of one round.
enum Round {
    Unchanged,
    Changed(Fragment<'static>, Vec<Fragment<'static>>),
    /// The result would be longer than a line can be, because of this name.
    TooLong(Reference),
    /// This name of several lines leads back to itself.
    Cycle(Reference),
}

impl Preprocessor<'_, '_> {
    /// Replaces the definitions of a line and takes the result through all steps.
    pub(super) fn substituted(&mut self, line: Fragment<'_>, depth: u32) -> Result<(), Exhausted> {
        let Some((line, more)) = self.substitute(line)? else { return Ok(()) };
        // A definition may hold the start of a comment: `${_HASH}`.
        let line = line.slice(0..content(line.text()).end);
        self.line(line, true, depth + 1)?;
        for line in more {
            let line = line.slice(0..content(line.text()).end);
            self.line(line, false, depth + 1)?;
        }
        Ok(())
    }

    /// Replaces the definitions of a line; `None` when that is impossible, which is then reported.
    pub(super) fn substitute(&mut self, line: Fragment<'_>) -> Result<Option<Substituted>, Exhausted> {
        let mut line = line.into_owned();
        let mut more = VecDeque::new();
        for _ in 0..ROUND_LIMIT {
            self.budget.spend(line.text().len() + 1)?;
            match self.round(&line)? {
                Round::Unchanged => {
                    self.report_undefined(&line);
                    return Ok(Some((line, more)));
                }
                Round::Changed(changed, further) => {
                    line = changed;
                    for line in further.into_iter().rev() {
                        self.budget.spend(line.text().len() + 1)?;
                        more.push_front(line);
                    }
                }
                Round::TooLong(reference) => {
                    self.report_growth(&line, &reference)?;
                    return Ok(None);
                }
                Round::Cycle(reference) => {
                    self.report_cycle(&line, &reference);
                    return Ok(None);
                }
            }
        }
        if let Some(reference) = references(line.text()).find(|at| self.is_defined(at.name(line.text()))) {
            self.report_growth(&line, &reference)?;
        }
        Ok(None)
    }

    /// Replaces what stands in the line now, not what comes in with it.
    fn round(&mut self, line: &Fragment<'static>) -> Result<Round, Exhausted> {
        let text = line.text();
        let (mut builder, mut kept, mut more) = (Builder::default(), 0, Vec::new());
        for reference in references(text) {
            let Some(definition) = self.value(line, &reference) else { continue };
            if definition.is_multi_line() {
                if reference.range.end < text.len() {
                    continue;
                }
                if self.definitions.is_cyclic(reference.name(text), &mut self.budget)? {
                    return Ok(Round::Cycle(reference));
                }
            }
            let Some(((first, first_from), further)) = definition.lines.split_first() else { continue };
            let at = line.span(reference.range.clone());
            builder.keep(line, kept..reference.range.start);
            // A predefined name is defined nowhere.
            builder.replace(first, at, (*first_from != at).then_some(*first_from));
            kept = reference.range.end;
            for (text, from) in further {
                more.push(Fragment::replaced(text, at, Some(*from)).into_owned());
            }
            if builder.len() > LINE_LIMIT {
                return Ok(Round::TooLong(reference));
            }
            if kept == text.len() {
                break;
            }
        }
        if kept == 0 {
            return Ok(Round::Unchanged);
        }
        builder.keep(line, kept..text.len());
        if builder.len() > LINE_LIMIT {
            return Ok(references(text).next().map_or(Round::Unchanged, Round::TooLong));
        }
        Ok(Round::Changed(builder.finish(line.span(0..text.len())), more))
    }

    fn is_defined(&self, name: &str) -> bool {
        self.definitions.find(name).is_some()
    }

    /// The text that a reference stands for; the predefined names can be defined anew.
    fn value(&mut self, line: &Fragment<'_>, reference: &Reference) -> Option<Rc<Definition>> {
        let (name, parameters) = (reference.name(line.text()), reference.parameters(line.text()));
        if let Some(definition) = self.definitions.find(name) {
            let takes_parameters = matches!(name, "_RANDOM" | "_ENV");
            return (parameters.is_empty() || takes_parameters).then(|| Rc::clone(definition));
        }
        let at = line.span(reference.range.clone());
        let mut words = parameters.split(is_blank).filter(|word| !word.is_empty());
        let text = match name {
            "_PWD" => self.reading.last()?.directory.to_string_lossy().into_owned(),
            "_INSTANCE" => self.options.config_id.to_owned(),
            "_HASH" => "#".to_owned(),
            "_BANG" => "!".to_owned(),
            "_ENV" => (self.options.environment)(words.next()?).unwrap_or_default(),
            "_RANDOM" => {
                let low = words.next().map_or(Some(0), |word| word.parse().ok())?;
                let high = words.next().map_or(Some(32767), |word| word.parse().ok())?;
                self.random(low, high, at)
            }
            _ => return None,
        };
        // A loop variable with this text could not hold a line end either.
        let text = text.replace(['\n', '\0'], " ");
        words.next().is_none().then(|| Rc::new(Definition::line(&text, at)))
    }

    fn random(&mut self, low: u32, high: u32, at: Span) -> String {
        if low > high {
            let message = format!("the smallest number, {low}, is above the largest, {high}");
            self.report(Diagnostic::error("bad-random-range", message).at(at));
        }
        self.random.number(low, high).to_string()
    }

    /// Says why a line grows too long: a name in it leads back to itself, or it is just too much.
    fn report_growth(&mut self, line: &Fragment<'_>, at: &Reference) -> Result<(), Exhausted> {
        for reference in references(line.text()) {
            if self.definitions.is_cyclic(reference.name(line.text()), &mut self.budget)? {
                self.report_cycle(line, &reference);
                return Ok(());
            }
        }
        let message = format!("with its definitions replaced the line is longer than {LINE_LIMIT} octets");
        self.report_reference(Diagnostic::error("line-too-long", message), line, at);
        Ok(())
    }

    fn report_cycle(&mut self, line: &Fragment<'_>, reference: &Reference) {
        let message = format!("the definition of '{}' leads back to itself", reference.name(line.text()));
        let diagnostic = Diagnostic::error("definition-cycle", message);
        let diagnostic = diagnostic.help("a definition is resolved when it is used");
        self.report_reference(diagnostic, line, reference);
    }

    fn report_reference(&mut self, diagnostic: Diagnostic, line: &Fragment<'_>, reference: &Reference) {
        let defined = self.definitions.find(reference.name(line.text())).map(|definition| definition.span);
        let span = line.span(reference.range.clone());
        self.report(diagnostic.at(span).label("the line is not taken").related(defined, "defined here"));
    }

    /// Tells what looks like a reference and was left standing.
    fn report_undefined(&mut self, line: &Fragment<'_>) {
        let text = line.text();
        // The variables of a sequence behind a brace are not defined yet.
        if text.contains("~SEQ") || text.contains("~LST") {
            return;
        }
        let (mut at, mut quoting) = (0, Quoting::default());
        while let Some(found) = text.get(at..).and_then(|rest| rest.find('$')) {
            let start = at + found;
            let rest = text.get(start..).unwrap_or_default();
            let braced = reference_len(rest.as_bytes());
            let end =
                start + braced.unwrap_or_else(|| 1 + name_len(rest.as_bytes().get(1..).unwrap_or_default()));
            let inner = if braced.is_some() { start + 2..end - 1 } else { start + 1..end };
            let name = text.get(inner).unwrap_or_default();
            quoting.pass(text.get(at..start).unwrap_or_default());
            let span = line.span(start..end);
            let is_defined_here =
                braced.is_none() && text.get(end..).is_some_and(|after| after.starts_with('='));
            if !is_defined_here
                && let Some(diagnostic) = self.undefined(name, braced.is_some(), quoting.is_open)
            {
                self.report(diagnostic.at(span));
            }
            at = end;
        }
    }

    /// What to say about a name that was left standing, if anything.
    fn undefined(&self, name: &str, braced: bool, quoted: bool) -> Option<Diagnostic> {
        if let Some(definition) = self.definitions.find(name) {
            return if definition.is_multi_line() {
                let message = format!("'{name}' has several lines: it must be the last word of its line");
                Some(Diagnostic::error("definition-not-last", message))
            } else {
                let message =
                    format!("'${name}' is not replaced: a blank, ',', ')' or the end must follow it");
                Some(Diagnostic::note("definition-not-replaced", message).help(format!("write ${{{name}}}")))
            };
        }
        let takes = match name.split(is_blank).next() {
            Some("_RANDOM") => Some("[smallest [largest]]"),
            Some("_ENV") => Some("the name of one environment variable"),
            _ => None,
        };
        if let Some(takes) = takes {
            return Some(
                Diagnostic::error("bad-parameters", format!("'{name}' is not understood")).help(takes),
            );
        }
        let few = self.definitions.len() <= SUGGESTED_FROM;
        let similar = if few { did_you_mean(name, self.definitions.names()) } else { None };
        let help = similar.map(|similar| format!("did you mean '{similar}'?"));
        let message = format!("'{name}' is not defined");
        let mut diagnostic = match (braced && !quoted, &help) {
            (true, _) => Diagnostic::error("undefined-name", message),
            (false, Some(_)) => Diagnostic::note("undefined-name", message),
            (false, None) => return None,
        };
        diagnostic.help = help;
        Some(diagnostic)
    }
}
