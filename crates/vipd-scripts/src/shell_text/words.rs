//! Shell text as words and operators, quotes removed, nothing expanded.

use std::iter::Peekable;
use std::str::Chars;

use super::Unclear;

/// A piece of shell text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Word),
    /// Ends a command: `;`, `&`, `|`, a line's end and their like.
    Separator,
    /// The next word is a file or descriptor to read or write.
    Redirection,
    /// `(`
    Open,
    /// `)`
    Close,
}

/// A word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Its value; `None` when that depends on variables, commands or files.
    pub(super) text: Option<String>,
    /// As it is written.
    pub(super) source: String,
    /// Texts that are run to make it.
    pub(super) nested: Vec<String>,
}

impl Word {
    /// One that means what it says.
    pub(super) fn literal(text: &str) -> Self {
        Self { text: Some(text.to_owned()), source: text.to_owned(), nested: Vec::new() }
    }

    /// Whether it is this, unquoted.
    pub(super) fn is(&self, word: &str) -> bool {
        self.bare() == Some(word)
    }

    /// Its text, if nothing of it is quoted: only such words are words of the grammar.
    pub(super) fn bare(&self) -> Option<&str> {
        self.text.as_deref().filter(|text| *text == self.source)
    }

    /// The name in `NAME=VALUE`.
    pub(super) fn assigned(&self) -> Option<&str> {
        let (name, _) = self.source.split_once('=')?;
        let name = name.strip_suffix('+').unwrap_or(name);
        let begins = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
        let is_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        (begins && name.chars().all(is_name)).then_some(name)
    }
}

/// Takes a text apart.
///
/// # Errors
/// Something lacks its end, or is not understood here.
pub(super) fn tokens(text: &str) -> Result<Vec<Token>, Unclear> {
    let mut lexer = Lexer { rest: text.chars().peekable(), tokens: Vec::new() };
    while let Some(&character) = lexer.rest.peek() {
        match character {
            ' ' | '\t' => _ = lexer.rest.next(),
            '#' => while lexer.rest.next_if(|&next| next != '\n').is_some() {},
            '\n' | '\r' | ';' | '&' | '|' => lexer.separator()?,
            '(' | ')' => lexer.bracket()?,
            '<' | '>' => lexer.redirection()?,
            _ => lexer.word()?,
        }
    }
    Ok(lexer.tokens)
}

struct Lexer<'a> {
    rest: Peekable<Chars<'a>>,
    tokens: Vec<Token>,
}

impl Lexer<'_> {
    fn separator(&mut self) -> Result<(), Unclear> {
        let first = self.rest.next();
        if first == Some('&') && self.rest.peek() == Some(&'>') {
            return self.redirection();
        }
        if first == Some(';') && self.rest.peek() == Some(&';') {
            return Err(Unclear::Syntax(";;".to_owned()));
        }
        self.tokens.push(Token::Separator);
        Ok(())
    }

    fn bracket(&mut self) -> Result<(), Unclear> {
        let open = self.rest.next() == Some('(');
        if open && self.rest.peek() == Some(&'(') {
            return Err(Unclear::Syntax("((".to_owned()));
        }
        self.tokens.push(if open { Token::Open } else { Token::Close });
        Ok(())
    }

    fn redirection(&mut self) -> Result<(), Unclear> {
        let first = self.rest.next();
        if self.rest.peek() == Some(&'(') {
            let nested = vec![self.bracketed()?];
            let word = Word { text: None, source: "<(".to_owned(), nested };
            self.tokens.push(Token::Word(word));
            return Ok(());
        }
        let mut second = self.rest.next_if(|next| "<>&|".contains(*next));
        if first == Some('<') && second == Some('<') {
            second = self.rest.next_if_eq(&'<');
            if second.is_none() {
                return Err(Unclear::Syntax("<<".to_owned()));
            }
        }
        if second == Some('&') && self.rest.next_if_eq(&'-').is_some() {
            return Ok(());
        }
        self.tokens.push(Token::Redirection);
        Ok(())
    }

    fn word(&mut self) -> Result<(), Unclear> {
        let mut word = WordMaker::default();
        while let Some(&character) = self.rest.peek() {
            if is_end_of_word(character) {
                break;
            }
            let character = self.next(&mut word);
            match character {
                '\\' => {
                    let next = self.rest.next().ok_or(Unclear::Open)?;
                    word.source.push(next);
                    if next != '\n' {
                        word.text.push(next);
                    }
                }
                '\'' => loop {
                    match self.rest.next().ok_or(Unclear::Open)? {
                        '\'' => break word.source.push('\''),
                        quoted => word.push(quoted),
                    }
                },
                '"' => self.double_quoted(&mut word)?,
                '$' | '`' => self.expansion(character, &mut word)?,
                '*' | '?' | '[' | '{' | '~' => {
                    word.text.push(character);
                    word.has_pattern |= self.begins_pattern(character, &word);
                }
                other => word.text.push(other),
            }
        }
        // `2>file`: the number is the descriptor's.
        let is_number = word.source.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && matches!(self.rest.peek(), Some('<' | '>')) {
            return Ok(());
        }
        self.tokens.push(Token::Word(word.finish()));
        Ok(())
    }

    fn double_quoted(&mut self, word: &mut WordMaker) -> Result<(), Unclear> {
        loop {
            match self.rest.next().ok_or(Unclear::Open)? {
                '"' => break word.source.push('"'),
                '\\' => {
                    let next = self.rest.next().ok_or(Unclear::Open)?;
                    if !"\"\\$`\n".contains(next) {
                        word.push('\\');
                    }
                    word.push(next);
                }
                character @ ('$' | '`') => {
                    word.source.push(character);
                    self.expansion(character, word)?;
                }
                quoted => word.push(quoted),
            }
        }
        Ok(())
    }

    /// After a `$` or a backquote.
    fn expansion(&mut self, first: char, word: &mut WordMaker) -> Result<(), Unclear> {
        if first == '`' {
            let mut text = String::new();
            loop {
                match self.rest.next().ok_or(Unclear::Open)? {
                    '`' => break,
                    '\\' => text.push(self.rest.next().ok_or(Unclear::Open)?),
                    other => text.push(other),
                }
            }
            word.expand("…`", Some(text));
            return Ok(());
        }
        match self.rest.peek() {
            Some('(') => {
                let text = self.bracketed()?;
                // Arithmetic runs nothing, unless something within it does.
                let arithmetic = text.starts_with('(') && text.ends_with(')');
                if arithmetic && (text.contains('`') || text.contains("$(")) {
                    return Err(Unclear::Syntax("$((".to_owned()));
                }
                word.expand("(…)", Some(text).filter(|_| !arithmetic));
            }
            Some('{') => {
                let mut text = String::new();
                while self.rest.next_if(|&next| next != '}').map(|next| text.push(next)).is_some() {}
                self.rest.next().ok_or(Unclear::Open)?;
                if text.contains('`') || text.contains("$(") || text.contains(['"', '\'', '\\']) {
                    return Err(Unclear::Syntax("${".to_owned()));
                }
                word.expand(&format!("{text}}}"), None);
            }
            Some('\'' | '"') => return Err(Unclear::Syntax("$'".to_owned())),
            Some(&next) if next.is_ascii_alphanumeric() || "_?!@*#$-".contains(next) => {
                self.rest.next();
                word.expand(&next.to_string(), None);
            }
            _ => word.text.push('$'),
        }
        Ok(())
    }

    /// The text between `(` and the `)` that belongs to it.
    fn bracketed(&mut self) -> Result<String, Unclear> {
        self.rest.next();
        let (mut text, mut depth, mut quote) = (String::new(), 1_u32, None);
        while let Some(character) = self.rest.next() {
            match (quote, character) {
                (Some('\'') | None, ')') if quote.is_none() => depth -= 1,
                (None, '(') => depth += 1,
                (None, '\'' | '"') => quote = Some(character),
                (Some(open), close) if open == close => quote = None,
                (None | Some('"'), '\\') => {
                    text.push(character);
                    text.extend(self.rest.next());
                    continue;
                }
                // The quotes of a substitution within quotes are its own.
                (Some('"'), '$' | '`') => return Err(Unclear::Syntax("$(".to_owned())),
                _ => {}
            }
            if depth == 0 {
                return Ok(text);
            }
            text.push(character);
        }
        Err(Unclear::Open)
    }

    fn next(&mut self, word: &mut WordMaker) -> char {
        let character = self.rest.next().unwrap_or_default();
        word.source.push(character);
        character
    }

    /// `[`, `[[`, `{` and `{}` alone are no patterns, and `~` is one at the beginning only.
    fn begins_pattern(&mut self, character: char, word: &WordMaker) -> bool {
        let ends = self.rest.peek().is_none_or(|&next| is_end_of_word(next));
        match character {
            '~' => word.source == "~",
            '[' if word.source == "[" => !ends && self.rest.peek() != Some(&'['),
            '[' if word.source == "[[" => !ends,
            '{' if word.source == "{" => !ends && self.rest.peek() != Some(&'}'),
            _ => true,
        }
    }
}

/// A word that is being read.
#[derive(Default)]
struct WordMaker {
    text: String,
    source: String,
    nested: Vec<String>,
    expands: bool,
    has_pattern: bool,
}

impl WordMaker {
    fn push(&mut self, quoted: char) {
        self.text.push(quoted);
        self.source.push(quoted);
    }

    fn expand(&mut self, source: &str, nested: Option<String>) {
        self.source.push_str(source);
        self.nested.extend(nested);
        self.expands = true;
    }

    fn finish(self) -> Word {
        let text = (!self.expands && !self.has_pattern).then_some(self.text);
        Word { text, source: self.source, nested: self.nested }
    }
}

fn is_end_of_word(character: char) -> bool {
    " \t\r\n;&|()<>".contains(character)
}
