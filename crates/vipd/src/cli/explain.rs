//! `vipd explain KEYWORD`: the keyword table, read aloud.

use std::fmt::Write as _;

use keepalived_conf::did_you_mean;
use keepalived_conf::keywords::{self, Keyword, LINE, Status};

use super::Request;

/// Answers `vipd explain` with these words behind it.
pub fn explain(words: &[String]) -> Request {
    let [name] = words else {
        return Request::PrintError("Usage: vipd explain KEYWORD\n".to_owned(), 1);
    };
    let found = keywords::explain(name);
    if found.is_empty() {
        return Request::PrintError(unknown(name), 1);
    }
    let texts: Vec<String> = found.iter().map(|keyword| describe(keyword)).collect();
    Request::Print(texts.join("\n"))
}

fn unknown(name: &str) -> String {
    let candidates = keywords::all().map(|keyword| keyword.name).filter(|&candidate| candidate != LINE);
    match did_you_mean(name, candidates) {
        Some(likely) => format!("keepalived.conf has no keyword '{name}'; did you mean '{likely}'?\n"),
        None => format!("keepalived.conf has no keyword '{name}'\n"),
    }
}

fn describe(keyword: &Keyword) -> String {
    let mut text = format!("{keyword}\n  {}\n", keyword.meaning);
    let places: Vec<String> = keyword.contexts.iter().map(ToString::to_string).collect();
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {name:<9}{value}");
    };
    line("in", &places.join(", "));
    if !keyword.default.is_empty() {
        line("default", keyword.default);
    }
    line("since", keyword.since);
    line("here", &status(keyword.status));
    text
}

fn status(status: Status) -> String {
    match status {
        Status::Acts => "acts".to_owned(),
        Status::Understood => "understood and checked, but nothing comes of it yet".to_owned(),
        Status::Deprecated(instead) => format!("an old spelling; use {instead}"),
        Status::OldSpelling(instead) => format!("an old spelling of {instead}"),
        Status::Ignored => "has no effect, nor in keepalived".to_owned(),
        Status::NoEffect(why) => format!("has no effect: {why}"),
        Status::Refused(why) => format!("is not done: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_keyword_is_explained_with_its_range_and_place() {
        let Request::Print(text) = explain(&words("priority")) else { panic!("not explained") };
        assert!(text.starts_with("priority <1..255>\n"), "{text}");
        assert!(text.contains("in       vrrp_instance"), "{text}");
    }

    #[test]
    fn a_misspelt_keyword_gets_a_suggestion() {
        let expected = "keepalived.conf has no keyword 'prioritty'; did you mean 'priority'?\n";
        assert_eq!(explain(&words("prioritty")), Request::PrintError(expected.to_owned(), 1));
    }

    #[test]
    fn nothing_or_two_words_get_the_usage() {
        for line in ["", "a b"] {
            assert!(
                matches!(explain(&words(line)), Request::PrintError(text, 1) if text.starts_with("Usage"))
            );
        }
    }
}
