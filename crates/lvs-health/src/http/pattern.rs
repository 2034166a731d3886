//! Regular expressions, as near to PCRE2 as the engine (`fancy-regex`) comes.
//!
//! Without `utf` (and `ucp`) a body is a row of octets, as it is to PCRE2: `.` is one octet, `\w` is ASCII, and nothing
//! needs to be valid UTF-8. Two things the engine does not know are rewritten: `\Q…\E`, and `$`, which in PCRE2 also
//! matches before a line feed at the very end (a body that is `OK` and a line feed matches `^OK$`).
//!
//! A search never takes long: one that backtracks more than [`BACKTRACKS`] times fails, whether a match was wanted or
//! not. Syntax that the engine does not know (recursion) is refused when a check is prepared, not ignored.

use fancy_regex::{BytesMode, Regex, RegexBuilder, RegexInput};

use crate::dialogue::PrepareError;
use crate::{Failure, Pattern, RegexOption};

/// Steps back that a search may take; some milliseconds.
const BACKTRACKS: usize = 200_000;

/// A pattern ready for use.
#[derive(Debug)]
pub(crate) struct Compiled {
    regex: Regex,
    no_match: bool,
    anchored: bool,
    first_line: bool,
    min_offset: usize,
    max_offset: Option<usize>,
}

impl Compiled {
    pub(crate) fn new(pattern: &Pattern) -> Result<Self, PrepareError> {
        let has = |option| pattern.options.contains(&option);
        let unicode = has(RegexOption::Utf) || has(RegexOption::Ucp);
        let refused = |reason| PrepareError::Pattern { pattern: pattern.text.clone(), reason };
        let text = if has(RegexOption::Literal) {
            fancy_regex::escape(&pattern.text).into_owned()
        } else {
            rewrite(&pattern.text, has(RegexOption::Multiline) || has(RegexOption::DollarEndOnly))
                .ok_or_else(|| refused("no recursion here".to_owned()))?
        };
        let text = if has(RegexOption::EndAnchored) { format!(r"(?:{text})\z") } else { text };
        let regex = RegexBuilder::new(&text)
            .case_insensitive(has(RegexOption::Caseless))
            .multi_line(has(RegexOption::Multiline))
            .dot_matches_new_line(has(RegexOption::DotAll))
            .ignore_whitespace(has(RegexOption::Extended) && !has(RegexOption::Literal))
            .unicode_mode(unicode)
            .bytes_mode(if unicode { BytesMode::UnicodeBytes } else { BytesMode::Ascii })
            .backtrack_limit(BACKTRACKS)
            .build()
            .map_err(|error| PrepareError::Pattern {
                pattern: pattern.text.clone(),
                reason: error.to_string(),
            })?;
        Ok(Self {
            regex,
            no_match: pattern.no_match,
            anchored: has(RegexOption::Anchored),
            first_line: has(RegexOption::FirstLine),
            min_offset: pattern.min_offset,
            max_offset: pattern.max_offset,
        })
    }

    /// The failure of this body; `None` if it is as it should be.
    pub(crate) fn failure(&self, body: &[u8]) -> Option<Failure> {
        match self.matches(body) {
            Ok(matched) => (matched == self.no_match).then_some(Failure::Regex { matched }),
            Err(_) => Some(Failure::RegexLimit),
        }
    }

    fn matches(&self, body: &[u8]) -> fancy_regex::Result<bool> {
        if self.min_offset > body.len() {
            return Ok(false);
        }
        let input = RegexInput::new(body).from_pos(self.min_offset).anchored(self.anchored);
        let Some(found) = self.regex.find_input(input)? else { return Ok(false) };
        // The first match is the one that starts first: if that is too late, so are all.
        let in_time = self.max_offset.is_none_or(|last| found.start() <= last);
        let before = body.get(self.min_offset..found.start()).unwrap_or_default();
        Ok(in_time && !(self.first_line && before.contains(&b'\n')))
    }
}

/// Says `\Q…\E` without them and, unless `dollar_is_plain`, `$` as PCRE2 understands it; `None` if the pattern recurses
/// with `(?R)`, which means something else to the engine.
fn rewrite(pattern: &str, dollar_is_plain: bool) -> Option<String> {
    let mut text = String::with_capacity(pattern.len());
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(next) = rest.chars().next() {
        let (token, after) = rest.split_at(next.len_utf8());
        rest = after;
        match next {
            '\\' if rest.starts_with('Q') => {
                let quoted = rest.get(1..).unwrap_or_default();
                let (literal, after) = quoted.split_once("\\E").unwrap_or((quoted, ""));
                text.push_str(&fancy_regex::escape(literal));
                rest = after;
            }
            '\\' => {
                let escaped = rest.chars().next().map_or(0, char::len_utf8);
                let (escaped, after) = rest.split_at(escaped);
                rest = after;
                // A lone \E is nothing.
                if escaped != "E" {
                    text.extend([token, escaped]);
                }
            }
            '[' if !in_class => {
                in_class = true;
                // The bracket that comes first is a member.
                let negation = usize::from(rest.starts_with('^'));
                let member = usize::from(rest.get(negation..).is_some_and(|rest| rest.starts_with(']')));
                let (first, after) = rest.split_at(negation + member);
                rest = after;
                text.push('[');
                text.push_str(if member == 1 && negation == 0 {
                    "\\]"
                } else if member == 1 {
                    "^\\]"
                } else {
                    first
                });
            }
            ']' if in_class => {
                in_class = false;
                text.push(']');
            }
            '[' if in_class => match rest.strip_prefix(':').and_then(|rest| rest.split_once(":]")) {
                Some((name, after)) if name.chars().all(|c| c.is_ascii_alphabetic() || c == '^') => {
                    text.extend(["[:", name, ":]"]);
                    rest = after;
                }
                // In PCRE2 a bracket in a class is a member.
                _ => text.push_str("\\["),
            },
            '(' if !in_class && rest.starts_with("?R)") => return None,
            '$' if !in_class && !dollar_is_plain => text.push_str(r"(?=\n?\z)"),
            _ => text.push_str(token),
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str, options: &[RegexOption]) -> Pattern {
        Pattern {
            text: text.to_owned(),
            no_match: false,
            options: options.to_vec(),
            min_offset: 0,
            max_offset: None,
        }
    }

    fn matches(text: &str, options: &[RegexOption], body: &[u8]) -> bool {
        Compiled::new(&pattern(text, options)).unwrap().failure(body).is_none()
    }

    #[test]
    fn a_match_may_be_anywhere() {
        assert!(matches("status.:.up", &[], br#"{"status":"up"}"#));
        assert!(!matches("status.:.up", &[], br#"{"status":"down"}"#));
    }

    #[test]
    fn bodies_are_octets() {
        assert!(matches("^a.b$", &[], b"a\xffb"));
        assert!(!matches("^a.b$", &[], "aüb".as_bytes()), "two octets");
        assert!(matches("^a.b$", &[RegexOption::Utf], "aüb".as_bytes()));
        assert!(matches("größe", &[], "die größe".as_bytes()));
        assert!(!matches(r"^\w+$", &[], "größe".as_bytes()));
        assert!(matches(r"^\w+$", &[RegexOption::Ucp, RegexOption::Utf], "größe".as_bytes()));
    }

    #[test]
    fn the_dollar_overlooks_a_last_line_feed() {
        assert!(matches("^OK$", &[], b"OK\n"));
        assert!(!matches("^OK$", &[], b"OK\n\n"));
        assert!(!matches("^OK$", &[RegexOption::DollarEndOnly], b"OK\n"));
        assert!(matches("^OK$", &[RegexOption::Multiline], b"not\nOK\nyet"));
        assert!(!matches("^OK$", &[], b"not\nOK\nyet"));
        assert!(matches(r"[$]\$", &[], b"$$"));
        assert!(matches("(a$|b)", &[], b"a\n"));
    }

    #[test]
    fn options_do_what_they_say() {
        assert!(matches("ok", &[RegexOption::Caseless], b"OK"));
        assert!(matches("a.b", &[RegexOption::DotAll], b"a\nb"));
        assert!(!matches("a.b", &[], b"a\nb"));
        assert!(matches("a b # c", &[RegexOption::Extended], b"ab"));
        assert!(matches("a.b", &[RegexOption::Literal], b"xa.b"));
        assert!(!matches("a.b", &[RegexOption::Literal], b"axb"));
        assert!(matches("a", &[RegexOption::Anchored], b"ab"));
        assert!(!matches("b", &[RegexOption::Anchored], b"ab"));
        assert!(matches("a|b", &[RegexOption::EndAnchored], b"cb"));
        assert!(!matches("a|b", &[RegexOption::EndAnchored], b"bc"));
        assert!(matches("b", &[RegexOption::FirstLine], b"ab\n"));
        assert!(!matches("b", &[RegexOption::FirstLine], b"a\nb"));
        let nothing = [RegexOption::WithoutEffect, RegexOption::Ungreedy, RegexOption::NoAutoCapture];
        assert!(matches("(a+)b", &nothing, b"aab"));
    }

    #[test]
    fn perl_is_understood() {
        assert!(matches(r"\Qa.b(\E+", &[], b"a.b(("));
        assert!(matches(r"(\w)\1", &[], b"hello"));
        assert!(matches(r"(?<!un)ready", &[], b"not ready"));
        assert!(!matches(r"(?<!un)ready", &[], b"unready"));
        assert!(matches("[]a]+[^]]", &[], b"]x"));
        assert!(matches("[[:digit:]]{3}[[]", &[], b"123["));
    }

    #[test]
    fn offsets_bound_where_a_match_starts() {
        let at = |min_offset, max_offset, body: &[u8]| {
            let bounded = Pattern { min_offset, max_offset, ..pattern("ok", &[]) };
            Compiled::new(&bounded).unwrap().failure(body).is_none()
        };
        assert!(at(2, None, b"..ok"));
        assert!(!at(3, None, b"..ok"));
        assert!(at(0, Some(2), b"..ok"));
        assert!(!at(0, Some(1), b"..ok"));
        assert!(!at(99, None, b"..ok"));
        assert!(at(1, Some(4), b"ok..ok"), "the first one is before the bounds");
    }

    #[test]
    fn no_match_turns_it_round() {
        let inverted = Compiled::new(&Pattern { no_match: true, ..pattern("error", &[]) }).unwrap();
        assert_eq!(inverted.failure(b"fine"), None);
        assert_eq!(inverted.failure(b"error 5"), Some(Failure::Regex { matched: true }));
    }

    #[test]
    fn endless_backtracking_fails_whichever_answer_was_wanted() {
        for no_match in [false, true] {
            let hard = Pattern { no_match, ..pattern(r"(a|a)*(?=b)\1c", &[]) };
            assert_eq!(Compiled::new(&hard).unwrap().failure(&[b'a'; 5000]), Some(Failure::RegexLimit));
        }
    }

    #[test]
    fn an_invalid_pattern_is_refused() {
        for text in ["(", "[b-a]", "(?<n", "a)", "*a", "a(?R)", "a(?1)"] {
            let refused = Compiled::new(&pattern(text, &[])).unwrap_err();
            assert!(matches!(refused, PrepareError::Pattern { .. }), "{refused}");
        }
    }
}
