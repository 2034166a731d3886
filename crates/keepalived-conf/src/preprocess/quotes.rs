//! Comments, quotes and braces: what a character means depends only on the double quotes before it.

use super::fragment::is_blank_byte;

/// Result of a scan for a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// Where the comment begins, or the length of the text.
    pub(crate) end: usize,
    /// The double quote that is opened and not closed before `end`.
    pub(crate) open_quote: Option<usize>,
    /// The comment begins at a `\#` or `\!`.
    pub(crate) escaped: bool,
}

/// Finds where a comment begins.
///
/// `\#` does not begin a comment in keepalived's parent process, but does in its children, which act on the
/// file: so it does here.
pub(crate) fn content(text: &str) -> Content {
    let mut open_quote = None;
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'#' | b'!' if open_quote.is_none() => {
                let end = if escaped { at - 1 } else { at };
                return Content { end, open_quote: None, escaped };
            }
            b'"' if !escaped => open_quote = if open_quote.is_none() { Some(at) } else { None },
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
    }
    Content { end: text.len(), open_quote, escaped: false }
}

/// Whether a place is inside double quotes, for a reader that goes from left to right.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Quoting {
    pub(super) is_open: bool,
    escaped: bool,
}

impl Quoting {
    /// Goes on over some text.
    pub(super) fn pass(&mut self, text: &str) {
        for byte in text.bytes() {
            self.is_open ^= byte == b'"' && !self.escaped;
            self.escaped = byte == b'\\' && !self.escaped;
        }
    }
}

/// Finds the first brace outside double quotes that is not part of a `${reference}` left standing.
pub(crate) fn first_brace(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if !bytes.iter().any(|byte| matches!(byte, b'{' | b'}')) {
        return None;
    }
    let (mut quoted, mut escaped, mut at) = (false, false, 0);
    while let Some(&byte) = bytes.get(at) {
        if !quoted && byte == b'$' {
            at += reference_len(&bytes[at..]).unwrap_or(1);
            escaped = false;
            continue;
        }
        match byte {
            b'{' | b'}' if !quoted => return Some(at),
            b'"' if !escaped => quoted = !quoted,
            _ => {}
        }
        escaped = byte == b'\\' && !escaped;
        at += 1;
    }
    None
}

/// The length of the word at the start of a text: to a blank or double quote, an undefined `${...}` in one piece
/// with its blanks.
pub(crate) fn word_len(bytes: &[u8]) -> usize {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if is_blank_byte(byte) || byte == b'"' {
            break;
        }
        let reference = if byte == b'$' { bytes.get(at..).and_then(reference_len) } else { None };
        at += reference.unwrap_or(1);
    }
    at
}

/// The length of a `${...}` at the start of the text.
pub(super) fn reference_len(bytes: &[u8]) -> Option<usize> {
    let inner = bytes.strip_prefix(b"${")?;
    let end = inner.iter().position(|byte| matches!(byte, b'{' | b'}' | b'"'))?;
    (end > 0 && inner.get(end) == Some(&b'}')).then_some(end + 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(text: &str) -> &str {
        &text[..content(text).end]
    }

    #[test]
    fn a_comment_begins_anywhere_outside_double_quotes() {
        assert_eq!(stripped("abc#x"), "abc");
        assert_eq!(stripped("abc !x"), "abc ");
        assert_eq!(stripped("'a#b'"), "'a");
        assert_eq!(stripped("\"a#b\" c#d"), "\"a#b\" c");
        assert_eq!(stripped(r#"script "a \" # b" # c"#), r#"script "a \" # b" "#);
    }

    #[test]
    fn an_escaped_comment_character_still_begins_a_comment() {
        assert_eq!(content(r"a\#b"), Content { end: 1, open_quote: None, escaped: true });
        assert_eq!(content(r"a\\#b"), Content { end: 3, open_quote: None, escaped: false });
    }

    #[test]
    fn an_open_quote_is_where_it_was_opened() {
        assert_eq!(content("a \"b\" \"c").open_quote, Some(6));
        assert_eq!(content("a \"b\"").open_quote, None);
    }

    #[test]
    fn braces_count_outside_quotes_and_references_only() {
        assert_eq!(first_brace("a \"{\" {"), Some(6));
        assert_eq!(first_brace("a{"), Some(1));
        assert_eq!(first_brace("x ${N} y"), None);
        assert_eq!(first_brace("x ${} y"), Some(3));
        assert_eq!(first_brace(r#"script "a \" { b""#), None);
    }
}
