//! `$NAME=value` definitions, the predefined names, and loop variables.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::fragment::is_blank_byte;
use super::{Budget, Exhausted};
use crate::source::Span;

/// The text that a name stands for. It is kept as written: references in it are resolved when it is used.
#[derive(Clone, Debug)]
pub(super) struct Definition {
    /// One entry for each line; more than one when lines end in a backslash.
    pub(super) lines: Vec<(Rc<str>, Span)>,
    /// Where the name is defined.
    pub(super) span: Span,
}

impl Definition {
    /// A value of one line.
    pub(super) fn line(text: &str, span: Span) -> Self {
        Self { lines: vec![(text.into(), span)], span }
    }

    /// Whether the value has several lines.
    pub(super) fn is_multi_line(&self) -> bool {
        self.lines.len() > 1
    }
}

/// All names defined so far.
#[derive(Debug, Default)]
pub(super) struct Definitions {
    names: HashMap<Box<str>, Rc<Definition>>,
}

impl Definitions {
    /// Defines a name; gives what it stood for before.
    pub(super) fn set(&mut self, name: &str, definition: Definition) -> Option<Rc<Definition>> {
        self.names.insert(name.into(), Rc::new(definition))
    }

    /// Takes a loop variable away again.
    pub(super) fn restore(&mut self, name: &str, before: Option<Rc<Definition>>) {
        match before {
            Some(definition) => {
                self.names.insert(name.into(), definition);
            }
            None => {
                self.names.remove(name);
            }
        }
    }

    /// The text that a name stands for.
    pub(super) fn find(&self, name: &str) -> Option<&Rc<Definition>> {
        self.names.get(name)
    }

    /// Number of defined names.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// All names defined, in no order.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.keys().map(AsRef::as_ref)
    }

    /// Whether the value of a name leads back to the name.
    pub(super) fn is_cyclic(&self, name: &str, budget: &mut Budget) -> Result<bool, Exhausted> {
        let mut seen = HashSet::from([name]);
        let mut next = vec![name];
        while let Some(current) = next.pop() {
            let Some(definition) = self.names.get(current) else { continue };
            for (line, _) in &definition.lines {
                budget.spend(line.len())?;
                for reference in references(line) {
                    let used = reference.name(line);
                    if used == name {
                        return Ok(true);
                    }
                    if seen.insert(used) {
                        next.push(used);
                    }
                }
            }
        }
        Ok(false)
    }
}

/// A `$NAME` or `${NAME parameters}` in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reference {
    /// All of it.
    pub(super) range: Range<usize>,
    name: Range<usize>,
    /// The text after the name inside the braces.
    parameters: Range<usize>,
    /// Written with braces.
    pub(super) braced: bool,
}

impl Reference {
    /// The name referred to.
    pub(super) fn name<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.name.clone()).unwrap_or_default()
    }

    /// The text after the name inside the braces, blanks included.
    pub(super) fn parameters<'t>(&self, text: &'t str) -> &'t str {
        text.get(self.parameters.clone()).unwrap_or_default()
    }
}

/// All references in a text, from left to right: `$NAME` counts only when a blank, `,`, `)` or the end follows.
pub(super) fn references(text: &str) -> impl Iterator<Item = Reference> {
    let bytes = text.as_bytes();
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += bytes.get(at..)?.iter().position(|&byte| byte == b'$')?;
            let start = at;
            at += 1;
            if let Some(reference) = braced(bytes, start).or_else(|| bare(bytes, start)) {
                at = reference.range.end;
                return Some(reference);
            }
        }
    })
}

fn braced(bytes: &[u8], start: usize) -> Option<Reference> {
    let rest = bytes.get(start..)?;
    let close = start + rest.iter().position(|&byte| byte == b'}')?;
    let name = start + 2..start + 2 + name_len(rest.strip_prefix(b"${")?);
    let parameters = name.end..close;
    let separated = parameters.is_empty() || bytes.get(name.end).copied().is_some_and(is_blank_byte);
    let plain = !bytes.get(parameters.clone())?.contains(&b'{');
    (!name.is_empty() && separated && plain).then_some(Reference {
        range: start..close + 1,
        name,
        parameters,
        braced: true,
    })
}

fn bare(bytes: &[u8], start: usize) -> Option<Reference> {
    let name = start + 1..start + 1 + name_len(bytes.get(start + 1..)?);
    let ends = match bytes.get(name.end) {
        None => true,
        Some(&byte) => is_blank_byte(byte) || matches!(byte, b',' | b')'),
    };
    let reference = Reference { range: start..name.end, parameters: name.end..name.end, name, braced: false };
    (!reference.name.is_empty() && ends).then_some(reference)
}

/// The length of the run of name characters; a loop variable may begin with a digit.
pub(super) fn name_len(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

/// Takes `$NAME=value` apart: the name, and where the value begins.
pub(crate) fn definition(text: &str) -> Option<(&str, usize)> {
    let rest = text.strip_prefix('$')?;
    let length = name_len(rest.as_bytes());
    let (name, value) = rest.split_at_checked(length)?;
    if name.is_empty() || name.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let value = value.strip_prefix('=')?.trim_start_matches(super::fragment::is_blank);
    Some((name, text.len() - value.len()))
}

/// A small generator for `$_RANDOM` (splitmix64): the numbers only have to differ between machines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Random(u64);

impl Random {
    pub(super) fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    /// A number from `low` to `high`, both included; `high` when `low` is above it.
    pub(super) fn number(&mut self, low: u32, high: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let width = u64::from(high.saturating_sub(low)) + 1;
        high.saturating_sub(u32::try_from((mixed ^ (mixed >> 31)) % width).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceMap;

    fn found(text: &str) -> Vec<&str> {
        references(text).map(|reference| &text[reference.range]).collect()
    }

    #[test]
    fn a_bare_name_needs_a_blank_comma_parenthesis_or_the_end_after_it() {
        assert_eq!(found("$P"), ["$P"]);
        assert_eq!(found("$P,x ($Q)x x$R\ty"), ["$P", "$Q", "$R"]);
        assert!(found("$P/24 $P\"x\" \"$P\" $P} $P=3 $ $$").is_empty());
    }

    #[test]
    fn a_braced_name_stands_anywhere() {
        assert_eq!(found("x${P}y${_RANDOM 1 5}z"), ["${P}", "${_RANDOM 1 5}"]);
        assert_eq!(found("${} ${A-B} ${ A} ${A"), [""; 0]);
        assert_eq!(found("${${X}}"), ["${X}"]);
    }

    #[test]
    fn a_definition_has_its_equals_sign_directly_after_the_name() {
        assert_eq!(definition("$A= x y"), Some(("A", 4)));
        assert_eq!(definition("$A="), Some(("A", 3)));
        assert_eq!(definition("$_long_Name1=v"), Some(("_long_Name1", 13)));
        for text in ["$1A=3", "$A-B=4", "$A =5", "$ A=3", "A=3", "$=3"] {
            assert_eq!(definition(text), None, "{text}");
        }
    }

    #[test]
    fn a_definition_that_leads_back_to_itself_is_cyclic() {
        let span = Span::new(SourceMap::new().add("f", Vec::new()), 0, 0);
        let mut definitions = Definitions::default();
        definitions.set("A", Definition::line("x ${B}", span));
        definitions.set("B", Definition::line("$C", span));
        let is_cyclic = |definitions: &Definitions, name| {
            definitions.is_cyclic(name, &mut Budget(1000)).expect("a large enough budget")
        };
        assert!(!is_cyclic(&definitions, "A"));
        definitions.set("C", Definition::line("$A", span));
        assert!(is_cyclic(&definitions, "A") && is_cyclic(&definitions, "C"));
    }

    #[test]
    fn random_numbers_stay_in_their_range() {
        let mut random = Random::seeded(7);
        let numbers: Vec<u32> = (0..100).map(|_| random.number(3, 5)).collect();
        assert!(numbers.iter().all(|number| (3..=5).contains(number)));
        assert!([3, 4, 5].iter().all(|number| numbers.contains(number)));
        assert_eq!(random.number(9, 5), 5);
    }
}
