//! The words of a rule: options with and without values, as `getopt` and popt read them.

/// The words of one line. Neither ipvsadm nor this knows quotes: no value has blanks.
#[derive(Debug, Clone)]
pub(super) struct Words<'a> {
    words: std::iter::Peekable<std::str::SplitAsciiWhitespace<'a>>,
    /// The value of `--option=value`.
    attached: Option<&'a str>,
}

impl<'a> Words<'a> {
    pub(super) fn new(line: &'a str) -> Self {
        Self { words: line.split_ascii_whitespace().peekable(), attached: None }
    }

    /// The next option, without its value.
    pub(super) fn option(&mut self) -> Option<&'a str> {
        let word = self.words.next()?;
        match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => {
                self.attached = Some(value);
                Some(option)
            }
            _ => Some(word),
        }
    }

    /// The value of the option that was read last.
    pub(super) fn value(&mut self) -> Option<&'a str> {
        self.attached.take().or_else(|| self.words.next())
    }

    /// The value of an option that may have none: a word that looks like an option is none.
    pub(super) fn optional_value(&mut self) -> Option<&'a str> {
        self.attached.take().or_else(|| self.words.next_if(|word| !word.starts_with('-')))
    }

    /// A value that belongs to no option.
    pub(super) fn left_over(&mut self) -> Option<&'a str> {
        self.attached.take()
    }
}
