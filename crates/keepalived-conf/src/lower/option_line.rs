//! The words of a line that reads like a command of `ip`: options with their arguments, in any order.

use ipnetwork::IpNetwork;

use crate::diagnostic::{Class, Diagnostic};
use crate::keywords::{self, Context, Keyword, LINE};
use crate::line::{Word, Words};
use crate::similar::did_you_mean;

use super::names::{Kind, Names};
use super::report::Report;
use super::value;

/// The rest of a line. A reader gives `None` after it reported what is wrong: the line is then ignored.
pub(super) struct OptionLine<'a, 'n, 'r, 'f> {
    context: Context,
    words: Words<'a>,
    names: &'n Names<'n>,
    pub(super) report: &'r mut Report<'f>,
}

impl<'a, 'n, 'r, 'f> OptionLine<'a, 'n, 'r, 'f> {
    pub(super) fn new(
        context: Context,
        words: Words<'a>,
        names: &'n Names<'n>,
        report: &'r mut Report<'f>,
    ) -> Self {
        Self { context, words, names, report }
    }

    /// The next word.
    pub(super) fn next(&mut self) -> Option<Word<'a>> {
        let (word, rest) = self.words.split_first()?;
        self.words = rest;
        Some(word)
    }

    /// The next word, left where it is.
    pub(super) fn peek(&self) -> Option<Word<'a>> {
        self.words.first()
    }

    /// Takes the next word if it is this one.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_it = self.peek().is_some_and(|word| word.text == text);
        if is_it {
            self.next();
        }
        is_it
    }

    /// The option that a word is.
    pub(super) fn option(&mut self, word: Word<'a>) -> Option<&'static Keyword> {
        let option = keywords::find(self.context, word.text).filter(|option| option.name != LINE)?;
        self.report.old_spelling(option, word.span);
        Some(option)
    }

    /// The argument of an option.
    pub(super) fn argument(&mut self, option: Word<'a>) -> Option<Word<'a>> {
        let argument = self.next();
        if argument.is_none() {
            let message = format!("`{}` needs an argument; the line is ignored", option.text);
            let finding = Diagnostic::error("missing-argument", message).class(Class::MissingArgument);
            self.report.push(finding.at(option.span));
        }
        argument
    }

    /// A whole number.
    pub(super) fn integer(&mut self, option: Word<'a>, min: u32, max: u32) -> Option<u32> {
        let word = self.argument(option)?;
        let number = value::integer(word.text, min.into(), max.into()).ok();
        self.fits(option, word, number.and_then(|number| u32::try_from(number).ok()))
    }

    /// A number or a name.
    pub(super) fn named(&mut self, option: Word<'a>, kind: Kind, most: u32) -> Option<u32> {
        let word = self.argument(option)?;
        let number = self.names.number(kind, word.text, most);
        if number.is_none() && word.text.parse::<u32>().is_err() {
            let message = format!(
                "there is no `{} {}` in iproute2's files; the line is ignored",
                option.text, word.text
            );
            self.report.push(
                Diagnostic::error("unknown-name", message)
                    .at(word.span)
                    .help("add the name to /etc/iproute2, or write the number"),
            );
            return None;
        }
        self.fits(option, word, number)
    }

    /// `[SOURCE/]DESTINATION`, of 16 bits each.
    pub(super) fn realms(&mut self, option: Word<'a>) -> Option<u32> {
        let word = self.argument(option)?;
        let one = |text: &str| self.names.number(Kind::Realm, text, u16::MAX.into());
        let realms = match word.text.split_once('/') {
            Some((source, destination)) => {
                one(source).zip(one(destination)).map(|(source, destination)| source << 16 | destination)
            }
            None => one(word.text),
        };
        self.fits(option, word, realms)
    }

    /// Gives a value, or reports that the word is none.
    pub(super) fn fits<T>(&mut self, option: Word<'a>, word: Word<'a>, value: Option<T>) -> Option<T> {
        if value.is_none() {
            let message = format!("`{}` does not take `{}`; the line is ignored", option.text, word.text);
            self.report.error("bad-value", word.span, message);
        }
        value
    }

    /// An interface.
    pub(super) fn interface(&mut self, option: Word<'a>) -> Option<String> {
        let word = self.argument(option)?;
        super::arguments::interface_name(word, self.report)
    }

    /// The line says something impossible.
    pub(super) fn refuse<T>(&mut self, word: Word<'a>, what: &str) -> Option<T> {
        self.report.error("bad-value", word.span, format!("{what}; the line is ignored"));
        None
    }

    /// A word that means nothing here.
    pub(super) fn unknown<T>(&mut self, word: Word<'a>) -> Option<T> {
        let message = format!("unknown option `{}` in {}; the line is ignored", word.text, self.context);
        let mut finding = Diagnostic::error("unknown-option", message).at(word.span);
        let options = keywords::within(self.context).map(|option| option.name).filter(|name| *name != LINE);
        finding.help = did_you_mean(word.text, options).map(|near| format!("did you mean `{near}`?"));
        self.report.push(finding);
        None
    }
}

/// A destination or a selector.
#[derive(Clone, Copy)]
pub(super) enum Prefix {
    /// `default`, `any`, `all`: every address, of whichever family.
    Any,
    Of(IpNetwork),
}

impl Prefix {
    pub(super) fn of(word: &str) -> Option<Self> {
        match word {
            "default" | "any" | "all" => Some(Self::Any),
            _ => value::prefix(word).ok().map(Self::Of),
        }
    }

    /// `None` for every address.
    pub(super) fn network(self) -> Option<IpNetwork> {
        match self {
            Self::Any => None,
            Self::Of(network) => Some(network),
        }
    }
}
