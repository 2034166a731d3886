//! The meaning of a keyword or of the code of a finding, for `vipd explain WORD`.

use std::fmt::Write as _;

use keepalived_conf::keywords::{self, Keyword, LINE, Status};
use keepalived_conf::{codes, did_you_mean};

/// The meaning of a keyword, or of the code of a finding; `None` if there is none of this name.
pub fn meaning(name: &str) -> Option<String> {
    if let Some(code) = codes::find(name) {
        return Some(format!("{}\n  {}\n", code.name, code.explanation));
    }
    let found = keywords::explain(name);
    let texts: Vec<String> = found.iter().map(|keyword| describe(keyword)).collect();
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The keyword, the code, or the other name that was perhaps meant.
pub fn similar(name: &str, names: &[&str]) -> Option<String> {
    let candidates = keywords::all().map(|keyword| keyword.name).filter(|&candidate| candidate != LINE);
    let candidates = candidates.chain(codes::all().map(|code| code.name)).chain(names.iter().copied());
    did_you_mean(name, candidates).map(str::to_owned)
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

    #[test]
    fn a_keyword_is_explained_with_its_range_and_place() {
        let text = meaning("priority").unwrap();
        assert!(text.starts_with("priority <1..255>\n"), "{text}");
        assert!(text.contains("in       vrrp_instance"), "{text}");
    }

    #[test]
    fn the_code_of_a_finding_is_explained() {
        let text = meaning("undefined-name");
        assert_eq!(
            text.as_deref(),
            Some("undefined-name\n  A `$NAME` is used that no line before defines.\n")
        );
        assert_eq!(meaning("undefined-nam"), None);
    }

    #[test]
    fn a_misspelt_word_gets_a_suggestion() {
        assert_eq!(similar("undefined-nam", &[]).as_deref(), Some("undefined-name"));
        assert_eq!(similar("prioritty", &[]).as_deref(), Some("priority"));
        assert_eq!(similar("VI_WEBB", &["VI_WEB"]).as_deref(), Some("VI_WEB"));
    }
}
