//! `~SEQ` and `~LST`: the rest of the line once for each value.

use super::Exhausted;
use super::definitions::Definition;
use super::fragment::Fragment;
use super::run::Preprocessor;
use super::sequence::{Head, Sequence, SequenceError, sequence};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

impl Preprocessor<'_, '_> {
    /// Repeats the text behind a sequence; `head` says where its parts are.
    pub(super) fn repeat(
        &mut self,
        line: &Fragment<'_>,
        head: Result<Head, SequenceError>,
        depth: u32,
    ) -> Result<(), Exhausted> {
        let whole = line.span(0..line.text().len());
        let sequence = match head {
            Ok(head) => {
                let (start, end) = head.parameters;
                let Some((parameters, _)) = self.substitute(line.slice(start..end))? else { return Ok(()) };
                let at = line.span(0..head.body);
                sequence(head, parameters.text()).map(|sequence| (sequence, head.body, at))
            }
            Err(error) => Err(error),
        };
        match sequence {
            Ok((sequence, body, at)) => {
                let body = line.slice(body..line.text().len()).trimmed();
                if body.text().is_empty() { Ok(()) } else { self.repetitions(&sequence, &body, at, depth) }
            }
            Err(error) => {
                self.report(
                    Diagnostic::error("bad-sequence", error.to_string())
                        .at(whole)
                        .help("~SEQ(variable, [start, [step,]] end) text; ~LST(variable, value, ...) text"),
                );
                Ok(())
            }
        }
    }

    fn repetitions(
        &mut self,
        sequence: &Sequence,
        body: &Fragment<'_>,
        at: Span,
        depth: u32,
    ) -> Result<(), Exhausted> {
        for values in sequence.repetitions() {
            self.budget.spend(body.text().len() + 1)?;
            let mut hidden = Vec::with_capacity(values.len());
            for (name, value) in values {
                hidden.push((name, self.definitions.set(name, Definition::line(&value, at))));
            }
            let outcome = self.line(body.clone(), false, depth + 1);
            for (name, before) in hidden.into_iter().rev() {
                self.definitions.restore(name, before);
            }
            outcome?;
        }
        Ok(())
    }
}
