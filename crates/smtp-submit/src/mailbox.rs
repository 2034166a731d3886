//! Addresses as a configuration writes them: `user@host` or `Name <user@host>`.

use std::fmt::Write as _;

use crate::encoded::encoded_words;

/// One address, checked: nothing in it can end a header line or an SMTP command.
///
/// ```
/// let bob = smtp_submit::Mailbox::parse("Bob B <b@example.org>")?;
/// assert_eq!(bob.path(), "b@example.org");
/// assert_eq!(bob.header(), "Bob B <b@example.org>");
/// # Ok::<(), smtp_submit::MailboxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// Printable ASCII without spaces and angle brackets, 1 to [`MAX_PATH`] bytes.
    path: String,
    /// Without control characters; empty when there is none.
    name: String,
    /// The address alone was in angle brackets.
    bracketed: bool,
}

/// Why a text is no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailboxError {
    /// Nothing, or nothing between the angle brackets.
    #[error("it is empty")]
    Empty,
    /// `<` without `>`, or text behind it.
    #[error("its angle brackets do not match")]
    Brackets,
    /// A space, a control character or a bracket inside the address.
    #[error("{0:?} cannot be in an address")]
    Character(char),
    /// More than 320 bytes.
    #[error("it is longer than {MAX_PATH} characters")]
    TooLong,
}

impl Mailbox {
    /// Takes an address apart. A name without `@host` is a user of the mail server's own.
    pub fn parse(written: &str) -> Result<Self, MailboxError> {
        let written = unquoted(written.trim());
        let (name, path, bracketed) = match written.split_once('<') {
            None => ("", written, false),
            Some((name, rest)) => {
                // A name may hold brackets in quotes: the address is in the last ones.
                let rest = rest.strip_suffix('>').ok_or(MailboxError::Brackets)?;
                match written.rfind('<').and_then(|at| written.split_at_checked(at)) {
                    Some((name, path)) if name.contains('<') => {
                        (name, path.trim_start_matches('<').trim_end_matches('>'), true)
                    }
                    _ => (name, rest, true),
                }
            }
        };
        let path = path.trim();
        if path.is_empty() {
            return Err(MailboxError::Empty);
        }
        if let Some(wrong) = path.chars().find(|c| !c.is_ascii_graphic() || matches!(c, '<' | '>')) {
            return Err(MailboxError::Character(wrong));
        }
        if path.len() > MAX_PATH {
            return Err(MailboxError::TooLong);
        }
        let name = name.trim().chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
        Ok(Self { path: path.to_owned(), name, bracketed })
    }

    /// The address alone, as SMTP commands need it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value for a header: as written, with the name quoted or encoded (RFC 2047) where it must be.
    pub fn header(&self) -> String {
        if self.name.is_empty() {
            return if self.bracketed { format!("<{}>", self.path) } else { self.path.clone() };
        }
        let mut header = String::new();
        let quoted = self.name.len() > 1 && self.name.starts_with('"') && self.name.ends_with('"');
        if !self.name.is_ascii() {
            header.push_str(&encoded_words(self.name.trim_matches('"')));
        } else if !quoted && self.name.chars().any(|c| SPECIALS.contains(c)) {
            header.push('"');
            for character in self.name.chars() {
                if matches!(character, '"' | '\\') {
                    header.push('\\');
                }
                header.push(character);
            }
            header.push('"');
        } else {
            header.push_str(&self.name);
        }
        let _ = write!(header, " <{}>", self.path);
        header
    }
}

/// Without the quotes around all of it, which a configuration may have to keep a line together.
fn unquoted(written: &str) -> &str {
    let inside = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inside.filter(|inside| !inside.contains('"')).map_or(written, str::trim)
}

/// Bytes of an address: RFC 5321 §4.5.3.1 has 64 before the `@` and 255 behind it.
const MAX_PATH: usize = 320;

/// Characters of a name, so that a header line stays below 998 bytes.
const MAX_NAME: usize = 200;

/// Characters that a name may hold only in quotes (RFC 5322 §3.2.3).
const SPECIALS: &str = "()<>[]:;@\\,.\"";

#[cfg(test)]
mod tests {
    use super::*;

    fn both(written: &str) -> (String, String) {
        let mailbox = Mailbox::parse(written).unwrap();
        (mailbox.path().to_owned(), mailbox.header())
    }

    #[test]
    fn the_address_is_inside_the_brackets() {
        assert_eq!(both("a@example.org"), ("a@example.org".into(), "a@example.org".into()));
        assert_eq!(both(" <a@example.org> "), ("a@example.org".into(), "<a@example.org>".into()));
        assert_eq!(both("Bob B <b@example.org>"), ("b@example.org".into(), "Bob B <b@example.org>".into()));
        assert_eq!(both("\"Bob B <b@x.org>\"").1, "Bob B <b@x.org>");
        assert_eq!(both("root").0, "root");
    }

    #[test]
    fn a_name_is_quoted_where_it_would_be_read_as_something_else() {
        assert_eq!(both("Smith, Bob <b@x.org>").1, "\"Smith, Bob\" <b@x.org>");
        assert_eq!(both("\"Smith, Bob\" <b@x.org>").1, "\"Smith, Bob\" <b@x.org>");
        assert_eq!(both("a \"<\" b <b@x.org>"), ("b@x.org".into(), "\"a \\\"<\\\" b\" <b@x.org>".into()));
        assert_eq!(both("Jörg <j@x.org>").1, "=?UTF-8?B?SsO2cmc=?= <j@x.org>");
    }

    #[test]
    fn the_defect_of_an_address_is_named() {
        assert_eq!(Mailbox::parse(" "), Err(MailboxError::Empty));
        assert_eq!(Mailbox::parse("Bob <>"), Err(MailboxError::Empty));
        assert_eq!(Mailbox::parse("Bob <b@x.org"), Err(MailboxError::Brackets));
        assert_eq!(Mailbox::parse("<b@x.org> Bob"), Err(MailboxError::Brackets));
        assert_eq!(Mailbox::parse("a b@x.org"), Err(MailboxError::Character(' ')));
        assert_eq!(Mailbox::parse("a@x.org>\r\nDATA"), Err(MailboxError::Character('>')));
        assert_eq!(Mailbox::parse("ä@x.org"), Err(MailboxError::Character('ä')));
        assert_eq!(Mailbox::parse(&"a".repeat(321)), Err(MailboxError::TooLong));
    }

    #[test]
    fn no_name_can_end_a_header() {
        let (_, header) = both("Bob\r\nBcc: x@y\u{0} <b@x.org>");
        assert_eq!(header, "\"BobBcc: x@y\" <b@x.org>");
    }
}
