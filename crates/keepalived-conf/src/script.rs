//! The second tokeniser: commands of `notify*`, `script`, `misc_path` and their like.
//!
//! It reads the same line again, with `"`, `'` and backslash all active. The first parameter is the whole command;
//! it is taken apart twice more when it runs. No shell, no variable, no glob is involved.

/// A script line taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptLine {
    /// The first parameter: the whole command, outer quotes removed; `None` when there is none.
    pub command: Option<String>,
    /// The parameters after it: `[user [group]]` where the keyword allows that.
    pub rest: Vec<String>,
}

/// Why a command could not be taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ScriptError {
    /// A quote is opened and never closed.
    #[error("the quote {0} is opened and not closed")]
    UnterminatedQuote(char),
    /// The text ends with a backslash that has nothing to act on.
    #[error("a backslash at the end")]
    TrailingBackslash,
    /// Numeric escapes make octets that are not UTF-8.
    #[error("the escapes make text that is not UTF-8")]
    NotUtf8,
    /// An escape makes the octet 0, which no argument can hold.
    #[error("the escapes make a NUL character")]
    Nul,
}

/// Takes the raw text of a script line ([`Statement::raw`](crate::Statement::raw)) apart; its first word, the
/// keyword, is dropped. Escapes and inner quotes stay for [`command_argv`].
///
/// ```
/// use keepalived_conf::{command_argv, script_words};
///
/// let line = script_words(r#"notify_master "/x/y.sh 'a b' c\ d" operator"#)?;
/// assert_eq!(line.rest, ["operator"]);
/// assert_eq!(command_argv(&line.command.unwrap())?, ["/x/y.sh", "a b", "c", "d"]);
/// # Ok::<(), keepalived_conf::ScriptError>(())
/// ```
///
/// # Errors
/// [`ScriptError::UnterminatedQuote`].
pub fn script_words(raw: &str) -> Result<ScriptLine, ScriptError> {
    let mut words = Vec::new();
    let mut rest = raw.trim_start_matches(is_blank);
    while !rest.is_empty() {
        let (word, after) = outer_word(rest)?;
        words.push(word);
        rest = after.trim_start_matches(is_blank);
    }
    let mut words = words.into_iter().skip(1);
    Ok(ScriptLine { command: words.next(), rest: words.collect() })
}

/// One word, outer quotes removed, and what follows it.
fn outer_word(text: &str) -> Result<(String, &str), ScriptError> {
    let (mut word, mut quote, mut escaped) = (String::new(), None, false);
    for (at, character) in text.char_indices() {
        match (character, quote) {
            _ if escaped => word.push(character),
            (_, None) if is_blank(character) => return Ok((word, text.get(at..).unwrap_or_default())),
            ('"' | '\'', None) => {
                quote = Some(character);
                continue;
            }
            (_, Some(open)) if character == open => {
                quote = None;
                continue;
            }
            _ => word.push(character),
        }
        escaped = character == '\\' && !escaped;
    }
    match quote {
        Some(quote) => Err(ScriptError::UnterminatedQuote(quote)),
        None => Ok((word, "")),
    }
}

/// Splits a command into program and arguments, as keepalived does in two passes. The first one resolves the escapes of
/// the whole text, inside quotes too: `\a \b \E \f \n \r \t \v`, `\nnn` (octal), `\xH...` (any number of digits, the
/// low eight bits count), `\cC` (control character); any other `\c` gives `c`. The second one splits what comes of it
/// at blanks outside quotes, and resolves escapes once more.
///
/// ```
/// use keepalived_conf::command_argv;
///
/// assert_eq!(command_argv(r"/bin/echo '' $HOME \x41\102")?, ["/bin/echo", "", "$HOME", "AB"]);
/// // An escaped quote groups, an escaped blank separates; escaped twice they are text.
/// assert_eq!(command_argv(r#"/x \"a b\" c\ d"#)?, ["/x", "a b", "c", "d"]);
/// assert_eq!(command_argv(r#"/x \\\"a c\\ d"#)?, ["/x", "\"a", "c d"]);
/// # Ok::<(), keepalived_conf::ScriptError>(())
/// ```
///
/// # Errors
/// Errors, in the order of the passes and the text; [`ScriptError::NotUtf8`] last.
pub fn command_argv(command: &str) -> Result<Vec<String>, ScriptError> {
    let mut resolved = Vec::with_capacity(command.len());
    let mut bytes = command.as_bytes().iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        resolved.push(if byte == b'\\' { escape(&mut bytes)? } else { byte });
    }
    split(&resolved)
}

/// The second pass.
pub(crate) fn split(command: &[u8]) -> Result<Vec<String>, ScriptError> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut current: Option<Vec<u8>> = None;
    let mut quote = None;
    let mut bytes = command.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => current.get_or_insert_default().push(escape(&mut bytes)?),
            b'"' | b'\'' if quote.is_none() => {
                quote = Some(byte);
                current.get_or_insert_default();
            }
            _ if quote == Some(byte) => quote = None,
            _ if quote.is_none() && is_blank(char::from(byte)) => words.extend(current.take()),
            _ => current.get_or_insert_default().push(byte),
        }
    }
    if let Some(quote) = quote {
        return Err(ScriptError::UnterminatedQuote(char::from(quote)));
    }
    words.extend(current);
    words.into_iter().map(|word| String::from_utf8(word).map_err(|_| ScriptError::NotUtf8)).collect()
}

/// Without the backslashes before double quotes: what stands between double quotes as its author meant it. Every other
/// escape stays.
pub(crate) fn unescape_quotes(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            Some('"') => plain.push('"'),
            escaped => {
                plain.push('\\');
                plain.extend(escaped);
            }
        }
    }
    plain
}

/// Octets with a look at the next one.
type Bytes<'a> = std::iter::Peekable<std::iter::Copied<std::slice::Iter<'a, u8>>>;

/// The character that a backslash and the text after it stand for.
fn escape(bytes: &mut Bytes<'_>) -> Result<u8, ScriptError> {
    let first = bytes.next().ok_or(ScriptError::TrailingBackslash)?;
    let octet = match first {
        b'a' => 0x07,
        b'b' => 0x08,
        b'E' => 0x1b,
        b'f' => 0x0c,
        b'n' => b'\n',
        b'r' => b'\r',
        b't' => b'\t',
        b'v' => 0x0b,
        b'0'..=b'7' => number(first - b'0', bytes, 8, 2),
        b'x' if bytes.peek().is_some_and(u8::is_ascii_hexdigit) => number(0, bytes, 16, usize::MAX),
        b'c' => bytes.next().ok_or(ScriptError::TrailingBackslash)? & 0x1f,
        other => other,
    };
    if octet == 0 { Err(ScriptError::Nul) } else { Ok(octet) }
}

/// Up to `count` more digits; only the low eight bits are kept.
fn number(first: u8, bytes: &mut Bytes<'_>, base: u8, count: usize) -> u8 {
    let mut value = first;
    for _ in 0..count {
        let digit = bytes.peek().and_then(|&byte| char::from(byte).to_digit(base.into()));
        let Some(digit) = digit.and_then(|digit| u8::try_from(digit).ok()) else { break };
        value = value.wrapping_mul(base).wrapping_add(digit);
        bytes.next();
    }
    value
}

fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn argv(raw: &str) -> Vec<String> {
        let line = script_words(raw).expect("a good line");
        command_argv(&line.command.expect("a command")).expect("a good command")
    }

    #[test]
    fn only_the_first_parameter_is_the_command() {
        let line = script_words("notify /x/y.sh a b").expect("a good line");
        assert_eq!(line, ScriptLine { command: Some("/x/y.sh".into()), rest: vec!["a".into(), "b".into()] });
        assert_eq!(script_words("script"), Ok(ScriptLine { command: None, rest: vec![] }));
    }

    #[test]
    fn a_quoted_command_is_split_again() {
        assert_eq!(argv(r#"script '/x/y.sh "a b" c'"#), ["/x/y.sh", "a b", "c"]);
        assert_eq!(argv(r#"script abcd" efg h jkl "mnop"#), ["abcd", "efg", "h", "jkl", "mnop"]);
    }

    /// keepalived 2.2.7's dump of each of these.
    #[test]
    fn quotes_and_escapes_are_resolved_as_keepalived_resolves_them() {
        let cases: &[(&str, &[&str])] = &[
            (r#""/x \"a b\" c""#, &["a b", "c"]),
            (r#""/x a\ b c""#, &["a", "b", "c"]),
            (r#""/x 'a\ b' c""#, &["a b", "c"]),
            (r#""/x a\tb c""#, &["a", "b", "c"]),
            (r#""/x 'a\tb' c""#, &["a\tb", "c"]),
            (r#""/x a\nb c""#, &["a", "b", "c"]),
            (r#""/x a\\xb c""#, &["a\u{b}", "c"]),
            (r#""/x 'a\\xb' c""#, &["a\u{b}", "c"]),
            (r#""/x \'a b\' c""#, &["a b", "c"]),
            (r#""/x \x41 \102 c""#, &["A", "B", "c"]),
            (r#""/x a\\b""#, &["a\u{8}"]),
            (r#""/x a\\\\b""#, &[r"a\b"]),
            (r"/x\ a\ b", &["a", "b"]),
            (r#"'/x "a b" c'"#, &["a b", "c"]),
            (r#""/x a\\ b""#, &["a b"]),
            (r#""/x a'b c'd""#, &["ab cd"]),
            (r#""/x ''""#, &[""]),
            (r#""/x \"\"""#, &[""]),
            (r#""/x a\\\"b c""#, &["a\"b", "c"]),
            (r#"/x" x y"z"#, &["x", "yz"]),
            (r#""/x \q\e\E""#, &["qe\u{1b}"]),
            (r#""/x a\x20b""#, &["a"]),
            (r#""/x 'a\x20b'""#, &["a\u{b}"]),
            (r#""/x \"a\\ b\"""#, &["a b"]),
            (r#""/x \"a\\tb\"""#, &["a\tb"]),
            (r#""/x \"a'b\" c""#, &["a'b", "c"]),
            (r#""/x 'a\"b' c""#, &["a\"b", "c"]),
            (r#""/x a\cAb""#, &["a\u{1}b"]),
            (r#""/x a\101b""#, &["aAb"]),
            (r#""/x a\\\tb c""#, &["a\tb", "c"]),
            (r#""/x '\"a b\"'""#, &["\"a b\""]),
            (r#""/x \\\\x41""#, &[r"\x41"]),
            (r#""/x \x4142""#, &["B"]),
            (r#""/x \1011""#, &["A1"]),
            (r#""/x \x4g \xg \x \8""#, &["\u{4}g", "xg", "x", "8"]),
            (r#""/x \x41\x42c""#, &["A,"]),
            (r#""/x a\\\\ b""#, &[r"a\", "b"]),
            (r#""/x a\"b c\"d e""#, &["ab cd", "e"]),
            (r#""/x \t\t""#, &[]),
            (r#""/x \"a\\\"b\" c""#, &["a\"b", "c"]),
            (r#""/x \"'a b'\"""#, &["'a b'"]),
        ];
        for (line, expected) in cases {
            assert_eq!(argv(&format!("script {line}"))[1..], **expected, "{line}");
        }
    }

    #[test]
    fn escapes_are_those_of_the_manual() {
        assert_eq!(argv(r#"script '"\a\b\E\f\r\v"'"#), ["\u{7}\u{8}\u{1b}\u{c}\r\u{b}"]);
        assert_eq!(argv(r"script '\xc3\xa4'"), ["ä"]);
    }

    #[test]
    fn nothing_is_expanded() {
        assert_eq!(argv("script '/x $HOME * ~ `id`'"), ["/x", "$HOME", "*", "~", "`id`"]);
    }

    #[test]
    fn text_that_cannot_be_an_argument_is_an_error() {
        assert_eq!(script_words("script \"a 'b"), Err(ScriptError::UnterminatedQuote('"')));
        assert_eq!(command_argv("a 'b"), Err(ScriptError::UnterminatedQuote('\'')));
        assert_eq!(command_argv("a\\"), Err(ScriptError::TrailingBackslash));
        assert_eq!(command_argv(r"\xff"), Err(ScriptError::NotUtf8));
        assert_eq!(command_argv(r"\0"), Err(ScriptError::Nul));
    }
}
