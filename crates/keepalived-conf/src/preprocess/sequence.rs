//! `~SEQ(...)`, `~SEQx(...)` and `~LST(...)`: one line for each value.

use super::fragment::is_blank;

/// Where the parts of a sequence line are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    kind: Kind,
    /// Just inside the parentheses: from, to.
    pub(super) parameters: (usize, usize),
    /// Where the text begins that is repeated.
    pub(super) body: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Decimal,
    Hexadecimal,
    List,
}

/// Definitions of each repetition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Sequence {
    /// One variable, counting.
    Numbers { variable: String, start: i64, step: i64, end: i64, hexadecimal: bool },
    /// Some variables, one row of values for each repetition.
    Rows { variables: Vec<String>, rows: Vec<Vec<String>> },
}

/// Why a sequence cannot be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SequenceError {
    #[error("missing '(' and ')' after {0}")]
    NoParameters(&'static str),
    #[error("missing ')'")]
    NoEnd,
    #[error("missing variable name")]
    NoVariable,
    #[error("'{0}' is not a number")]
    NotANumber(String),
    #[error("expected (variable, end), (variable, start, end) or (variable, start, step, end)")]
    ParameterCount,
    #[error("a step of {step} never leads from {start} to {end}")]
    Step { start: i64, step: i64, end: i64 },
    #[error("~SEQx takes non-negative numbers only")]
    Negative,
    #[error("no values")]
    NoValues,
    #[error("the value '{0}' holds a blank")]
    Blank(String),
    #[error("{values} values for {variables} variable(s)")]
    TooManyValues { values: usize, variables: usize },
    #[error("missing '}}'")]
    NoClosingBrace,
}

/// Finds the parts of a sequence line; `None` when the line is not one.
pub(super) fn head(text: &str) -> Option<Result<Head, SequenceError>> {
    let (kind, name, length) = if text.starts_with("~SEQx") {
        (Kind::Hexadecimal, "~SEQx", 5)
    } else if text.starts_with("~SEQ") {
        (Kind::Decimal, "~SEQ", 4)
    } else if text.starts_with("~LST") {
        (Kind::List, "~LST", 4)
    } else {
        return None;
    };
    let rest = text.get(length..)?;
    let trimmed = rest.trim_start_matches(is_blank);
    if !trimmed.starts_with('(') {
        // `~SEQUENCE` is a word like any other.
        let is_word = rest.starts_with(|next: char| next.is_ascii_alphanumeric() || next == '_');
        return (!is_word).then_some(Err(SequenceError::NoParameters(name)));
    }
    let open = text.len() - trimmed.len() + 1;
    let Some(close) = text.get(open..)?.find(')').map(|at| open + at) else {
        return Some(Err(SequenceError::NoEnd));
    };
    Some(Ok(Head { kind, parameters: (open, close), body: close + 1 }))
}

/// Understands the parameters (with definitions already replaced).
pub(super) fn sequence(head: Head, parameters: &str) -> Result<Sequence, SequenceError> {
    match head.kind {
        Kind::Decimal => numbers(parameters, false),
        Kind::Hexadecimal => numbers(parameters, true),
        Kind::List => list(parameters),
    }
}

fn numbers(parameters: &str, hexadecimal: bool) -> Result<Sequence, SequenceError> {
    let mut parts = parameters.split(',').map(|part| part.trim_matches(is_blank));
    let variable = parts.next().filter(|name| is_name(name)).ok_or(SequenceError::NoVariable)?.to_owned();
    let numbers = parts.map(number).collect::<Result<Vec<i64>, _>>()?;
    let (start, step, end) = match *numbers {
        [end] => (if end < 0 { -1 } else { 1 }, None, end),
        [start, end] => (start, None, end),
        [start, step, end] => (start, Some(step), end),
        _ => return Err(SequenceError::ParameterCount),
    };
    let step = step.unwrap_or(if end < start { -1 } else { 1 });
    if step == 0 || (step > 0 && end < start) || (step < 0 && end > start) {
        return Err(SequenceError::Step { start, step, end });
    }
    if hexadecimal && (start < 0 || end < 0) {
        return Err(SequenceError::Negative);
    }
    Ok(Sequence::Numbers { variable, start, step, end, hexadecimal })
}

/// A number as C reads it: sign, then 0x or 0 for the base.
fn number(text: &str) -> Result<i64, SequenceError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (base, digits) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (16, digits),
        None if digits.len() > 1 && digits.starts_with('0') => (8, &digits[1..]),
        None => (10, digits),
    };
    let magnitude = Some(digits)
        .filter(|digits| !digits.starts_with(['+', '-']))
        .and_then(|digits| i128::from_str_radix(digits, base).ok())
        .map(|magnitude| if negative { -magnitude } else { magnitude });
    magnitude
        .and_then(|value| i64::try_from(value).ok())
        .ok_or_else(|| SequenceError::NotANumber(text.into()))
}

fn list(parameters: &str) -> Result<Sequence, SequenceError> {
    let mut groups = groups(parameters)?.into_iter();
    let variables = groups.next().unwrap_or_default();
    if !variables.iter().all(|name| is_name(name)) {
        return Err(SequenceError::NoVariable);
    }
    let rows: Vec<Vec<String>> = groups.collect();
    if rows.is_empty() {
        return Err(SequenceError::NoValues);
    }
    if let Some(blank) = rows.iter().flatten().find(|value| value.contains(is_blank)) {
        return Err(SequenceError::Blank(blank.clone()));
    }
    if let Some(row) = rows.iter().find(|row| row.len() > variables.len()) {
        return Err(SequenceError::TooManyValues { values: row.len(), variables: variables.len() });
    }
    Ok(Sequence::Rows { variables, rows })
}

/// `a, {b, c}, d` as `[[a], [b, c], [d]]`.
fn groups(text: &str) -> Result<Vec<Vec<String>>, SequenceError> {
    let mut groups = Vec::new();
    let mut rest = Some(text);
    while let Some(text) = rest {
        let text = text.trim_start_matches(is_blank);
        let (group, after) = match text.strip_prefix('{') {
            Some(inner) => {
                let (inner, after) = inner.split_once('}').ok_or(SequenceError::NoClosingBrace)?;
                let after = after.trim_start_matches(is_blank);
                (inner, if after.is_empty() { None } else { Some(after.strip_prefix(',').unwrap_or(after)) })
            }
            None => match text.split_once(',') {
                Some((single, after)) => (single, Some(after)),
                None => (text, None),
            },
        };
        groups.push(group.split(',').map(|value| value.trim_matches(is_blank).to_owned()).collect());
        rest = after;
    }
    Ok(groups)
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && super::definitions::name_len(name.as_bytes()) == name.len()
}

impl Sequence {
    /// The variables and their values of each repetition, lazily: a sequence can be 2^64 long.
    pub(super) fn repetitions(&self) -> Box<dyn Iterator<Item = Vec<(&str, String)>> + '_> {
        match self {
            &Self::Numbers { ref variable, start, step, end, hexadecimal } => {
                let next = move |&value: &i64| value.checked_add(step);
                let inside = move |value: &i64| if step > 0 { *value <= end } else { *value >= end };
                let numbers = std::iter::successors(Some(start), next).take_while(inside);
                Box::new(numbers.map(move |value| {
                    let text = if hexadecimal { format!("{value:x}") } else { value.to_string() };
                    vec![(variable.as_str(), text)]
                }))
            }
            Self::Rows { variables, rows } => Box::new(rows.iter().map(|row| {
                let values = row.iter().cloned().chain(std::iter::repeat(String::new()));
                variables.iter().map(String::as_str).zip(values).collect()
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expand(text: &str) -> Result<Vec<String>, SequenceError> {
        let head = head(text).expect("a sequence line")?;
        let sequence = sequence(head, &text[head.parameters.0..head.parameters.1])?;
        let rows = sequence.repetitions().take(10);
        Ok(rows.map(|row| row.into_iter().map(|(_, value)| value).collect::<Vec<_>>().join("-")).collect())
    }

    fn values(text: &str) -> Vec<String> {
        expand(text).expect("a good sequence")
    }

    #[test]
    fn numbers_count_to_the_end_and_include_it_when_hit() {
        assert_eq!(values("~SEQ(v, 3)"), ["1", "2", "3"]);
        assert_eq!(values("~SEQ(v,-2)"), ["-1", "-2"]);
        assert_eq!(values("~SEQ(v,3,1)"), ["3", "2", "1"]);
        assert_eq!(values("~SEQ(v ,1,2,6)"), ["1", "3", "5"]);
        assert_eq!(values("~SEQ (v,5,-2,1)"), ["5", "3", "1"]);
        assert_eq!(values("~SEQ(v,0)"), ["1", "0"]);
        assert_eq!(values("~SEQ(v,9223372036854775806,9223372036854775807)").len(), 2);
    }

    #[test]
    fn bases_are_read_and_written() {
        assert_eq!(values("~SEQ(v,0x10,0x11)"), ["16", "17"]);
        assert_eq!(values("~SEQ(v,010,011)"), ["8", "9"]);
        assert_eq!(values("~SEQx(v,9,11)"), ["9", "a", "b"]);
        assert_eq!(expand("~SEQx(v,-1,1)"), Err(SequenceError::Negative));
    }

    #[test]
    fn a_bad_sequence_says_what_is_wrong() {
        assert_eq!(expand("~SEQ(v,1,0,6)"), Err(SequenceError::Step { start: 1, step: 0, end: 6 }));
        assert_eq!(expand("~SEQ(v,1,-1,6)"), Err(SequenceError::Step { start: 1, step: -1, end: 6 }));
        assert_eq!(expand("~SEQ(v, 3 w"), Err(SequenceError::NoEnd));
        assert_eq!(expand("~SEQ v"), Err(SequenceError::NoParameters("~SEQ")));
        assert_eq!(expand("~SEQ(v)"), Err(SequenceError::ParameterCount));
        assert_eq!(expand("~SEQ()"), Err(SequenceError::NoVariable));
        for text in ["~SEQ(v,x)", "~SEQ(v,)", "~SEQ(v,3x)", "~SEQ(v,99999999999999999999)", "~SEQ(v,--1)"] {
            assert!(matches!(expand(text), Err(SequenceError::NotANumber(_))), "{text}");
        }
    }

    #[test]
    fn lists_fill_missing_values_with_nothing() {
        assert_eq!(values("~LST(v, a , b,)"), ["a", "b", ""]);
        assert_eq!(values("~LST({v,w},{a,b} ,{c})"), ["a-b", "c-"]);
        assert_eq!(values("~LST({v,w},a,b)"), ["a-", "b-"]);
        assert_eq!(values("~LST({v,w}, {a,b} , { c , d } )"), ["a-b", "c-d"]);
    }

    #[test]
    fn a_bad_list_says_what_is_wrong() {
        assert_eq!(
            expand("~LST({v,w},{a,b,c})"),
            Err(SequenceError::TooManyValues { values: 3, variables: 2 })
        );
        assert_eq!(expand("~LST(v,{a,b})"), Err(SequenceError::TooManyValues { values: 2, variables: 1 }));
        assert_eq!(expand("~LST(v,a b,c)"), Err(SequenceError::Blank("a b".into())));
        assert_eq!(expand("~LST(v)"), Err(SequenceError::NoValues));
        assert_eq!(expand("~LST()"), Err(SequenceError::NoVariable));
        assert_eq!(expand("~LST({v,{a)"), Err(SequenceError::NoClosingBrace));
    }

    #[test]
    fn a_word_that_only_begins_like_a_sequence_is_none() {
        assert_eq!(head("~FOO(v) x"), None);
        assert_eq!(head("~SEQUENCE x"), None);
        assert_eq!(head("x ~SEQ(v,2)"), None);
    }
}
