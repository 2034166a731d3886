//! `vipd explain WORD`: what a keyword or the code of a finding means.

use std::fmt::Write as _;

use keepalived_conf::keywords::{self, Keyword, LINE, Status};
use keepalived_conf::{codes, did_you_mean};

use super::Request;

/// Answers `vipd explain` with these words behind it.
pub fn explain(words: &[String]) -> Request {
    let [name] = words else {
        return Request::PrintError("Usage: vipd explain KEYWORD|CODE\n".to_owned(), 1);
    };
    if let Some(code) = codes::find(name) {
        return Request::Print(format!("{}\n  {}\n", code.name, code.explanation));
    }
    let found = keywords::explain(name);
    if found.is_empty() {
        return Request::PrintError(unknown(name), 1);
    }
    let texts: Vec<String> = found.iter().map(|keyword| describe(keyword)).collect();
    Request::Print(texts.join("\n"))
}

fn unknown(name: &str) -> String {
    let candidates = keywords::all().map(|keyword| keyword.name).filter(|&candidate| candidate != LINE);
    let candidates = candidates.chain(codes::all().map(|code| code.name));
    match did_you_mean(name, candidates) {
        Some(likely) => format!("there is no keyword or code '{name}'; did you mean '{likely}'?\n"),
        None => format!("there is no keyword or code '{name}'\n"),
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
    fn the_code_of_a_finding_is_explained() {
        let Request::Print(text) = explain(&words("undefined-name")) else { panic!("not explained") };
        assert_eq!(text, "undefined-name\n  A `$NAME` is used that no line before defines.\n");
        assert!(
            matches!(explain(&words("undefined-nam")), Request::PrintError(text, 1) if text.contains("'undefined-name'"))
        );
    }

    #[test]
    fn a_misspelt_keyword_gets_a_suggestion() {
        let expected = "there is no keyword or code 'prioritty'; did you mean 'priority'?\n";
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
