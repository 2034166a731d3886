//! `include` and its stricter variants: the files, and the consequence when there are none.

use std::path::{Path, PathBuf};

use super::fragment::is_blank;
use super::pattern::{Alternative, alternatives, has_alternatives};
use super::{FileKind, Files};

/// Which include problems count: a problem that counts makes a start refuse (status 6), any other is only told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Checks(u8);

impl Checks {
    /// A match is a directory, executable or unreadable.
    pub(super) const READ: Self = Self(1);
    /// A plain name does not exist.
    pub(super) const MATCH: Self = Self(2);
    /// A wildcard matches nothing.
    pub(super) const WILDCARD_MATCH: Self = Self(4);
    /// A plain name among `{a,b}` does not exist.
    pub(super) const BRACE_MATCH: Self = Self(8);
    pub(super) const NONE: Self = Self(0);
    pub(super) const ALL: Self = Self(15);

    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether any check of `other` is among these.
    pub(super) fn any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// Takes an include line apart: the checks of its keyword (`None`: those in force) and where the pattern begins.
pub(super) fn include_line(text: &str) -> Option<(Option<Checks>, usize)> {
    let rest = text.strip_prefix("include")?;
    let (checks, rest) = match rest.as_bytes().first()? {
        b'r' => (Some(Checks::READ), rest.get(1..)?),
        b'm' => (Some(Checks::READ.with(Checks::MATCH)), rest.get(1..)?),
        b'w' => (Some(Checks::READ.with(Checks::MATCH).with(Checks::WILDCARD_MATCH)), rest.get(1..)?),
        b'b' => (Some(Checks::READ.with(Checks::BRACE_MATCH)), rest.get(1..)?),
        b'a' => (Some(Checks::ALL), rest.get(1..)?),
        _ => (None, rest),
    };
    let pattern = rest.trim_start_matches(is_blank);
    (pattern.len() < rest.len() && !pattern.is_empty()).then_some((checks, text.len() - pattern.len()))
}

/// Understands the parameters of `include_check`: the checks then in force, and what is no check.
///
/// A sign adds to or takes from those in force; words without one replace them; nothing at all means all.
pub(super) fn include_check<'w>(
    current: Checks,
    words: impl Iterator<Item = &'w str>,
) -> (Checks, Vec<&'w str>) {
    let (mut absolute, mut unknown, mut count) = (None, Vec::new(), 0);
    let mut relative = current;
    for word in words {
        count += 1;
        let check = match word.trim_start_matches(['+', '-']) {
            "read" => Checks::READ,
            "match" => Checks::MATCH,
            "wildcard_match" => Checks::WILDCARD_MATCH,
            "brace_match" => Checks::BRACE_MATCH,
            _ => {
                unknown.push(word);
                continue;
            }
        };
        match word.as_bytes().first() {
            Some(b'+') => relative = relative.with(check),
            Some(b'-') => relative = relative.without(check),
            _ => absolute = Some(absolute.unwrap_or(Checks::NONE).with(check)),
        }
    }
    (if count == 0 { Checks::ALL } else { absolute.unwrap_or(relative) }, unknown)
}

/// Result of a pattern.
#[derive(Debug, Default)]
pub(super) struct Matches {
    /// The files to read, in order.
    pub(super) files: Vec<PathBuf>,
    /// The defect, and the check that finds it.
    pub(super) problems: Vec<(Problem, Checks)>,
}

/// Why an include does less than its author may think.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    #[error("no such file: {0}")]
    Missing(String),
    #[error("no file matches {0}")]
    NoMatch(String),
    #[error("{} is a directory or a special file: not included", .0.display())]
    NotAFile(PathBuf),
    #[error("{} is executable: not included", .0.display())]
    Executable(PathBuf),
    #[error("cannot read {}: {reason}", .path.display())]
    Unreadable { path: PathBuf, reason: String },
}

/// Finds the files of a pattern, relative to a directory.
pub(super) fn find(files: &dyn Files, directory: &Path, pattern: &str) -> Matches {
    let mut matches = Matches::default();
    let mut missing = Vec::new();
    let (mut any_wildcard, mut any_match) = (false, false);
    for alternative in alternatives(pattern) {
        any_wildcard |= alternative.plain.is_none();
        let found = alternative_files(files, directory, &alternative);
        any_match |= !found.is_empty();
        if let (true, Some(plain)) = (found.is_empty(), alternative.plain) {
            missing.push(plain);
        }
        for path in found {
            match files.kind(&path) {
                Ok(FileKind::Plain) => matches.files.push(path),
                Ok(FileKind::Executable) => matches.problems.push((Problem::Executable(path), Checks::READ)),
                Ok(FileKind::Other) => matches.problems.push((Problem::NotAFile(path), Checks::READ)),
                Err(error) => {
                    let problem = Problem::Unreadable { path, reason: error.to_string() };
                    matches.problems.push((problem, Checks::READ));
                }
            }
        }
    }
    let check = match (any_match, has_alternatives(pattern)) {
        (_, false) => Checks::MATCH,
        (true, true) => Checks::BRACE_MATCH,
        (false, true) => Checks::MATCH.with(Checks::BRACE_MATCH),
    };
    matches.problems.extend(missing.into_iter().map(|name| (Problem::Missing(name), check)));
    if any_wildcard && !any_match {
        matches.problems.push((Problem::NoMatch(pattern.to_owned()), Checks::WILDCARD_MATCH));
    }
    matches
}

fn alternative_files(files: &dyn Files, directory: &Path, alternative: &Alternative) -> Vec<PathBuf> {
    if let Some(plain) = &alternative.plain {
        let path = directory.join(plain);
        let missing = files.kind(&path).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
        return if missing { Vec::new() } else { vec![path] };
    }
    if directory.as_os_str().is_empty() || Path::new(&alternative.pattern).is_absolute() {
        return files.glob(&alternative.pattern);
    }
    let base = glob::Pattern::escape(&directory.to_string_lossy());
    files.glob(&format!("{}/{}", base.trim_end_matches('/'), alternative.pattern))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::MemoryFiles;

    #[test]
    fn an_include_line_is_a_keyword_a_blank_and_a_pattern() {
        assert_eq!(include_line("include a b"), Some((None, 8)));
        assert_eq!(include_line("includea\tx"), Some((Some(Checks::ALL), 9)));
        for text in ["include", "included x", "includez x", "includer", "include_check", "xinclude a"] {
            assert_eq!(include_line(text), None, "{text}");
        }
    }

    #[test]
    fn include_check_is_absolute_or_relative() {
        let checks = |words: &[&'static str]| include_check(Checks::READ, words.iter().copied());
        assert_eq!(checks(&[]).0, Checks::ALL);
        assert_eq!(checks(&["match", "read"]).0, Checks::READ.with(Checks::MATCH));
        assert_eq!(checks(&["+match"]).0, Checks::READ.with(Checks::MATCH));
        assert_eq!(checks(&["-read"]).0, Checks::NONE);
        assert_eq!(checks(&["readable"]), (Checks::READ, vec!["readable"]));
    }

    /// The table of keepalived: rows are situations, columns the keywords in the order below.
    #[test]
    fn every_include_keyword_counts_the_problems_keepalived_counts() {
        let mut files = MemoryFiles::from([("/c/here.conf", "")]);
        files.add("/c/run.conf", FileKind::Executable, "");
        files.add("/c/sub/x", FileKind::Plain, "");
        let table = [
            ("missing.conf", [false, false, true, true, false, true]),
            ("missing*.conf", [false, false, false, true, false, true]),
            ("run.conf", [false, true, true, true, true, true]),
            ("sub", [false, true, true, true, true, true]),
            ("{here,missing}.conf", [false, false, false, false, true, true]),
            ("{gone,missing}.conf", [false, false, true, true, true, true]),
        ];
        for (pattern, expected) in table {
            let keywords = ["include", "includer", "includem", "includew", "includeb", "includea"];
            for (keyword, expected) in keywords.into_iter().zip(expected) {
                let line = format!("{keyword} {pattern}");
                let (checks, _) = include_line(&line).expect("an include line");
                let checks = checks.unwrap_or(Checks::NONE);
                let problems = find(&files, Path::new("/c"), pattern).problems;
                let counts = problems.iter().any(|(_, check)| checks.any_of(*check));
                assert_eq!(counts, expected, "{line}: {problems:?}");
            }
        }
    }

    #[test]
    fn matches_come_in_order_of_name_within_each_alternative() {
        let files = MemoryFiles::from([("/c/a1", ""), ("/c/a2", ""), ("/c/b1", ""), ("/c/.a3", "")]);
        let found = find(&files, Path::new("/c"), "{b*,a?,*3}").files;
        assert_eq!(found, ["/c/b1", "/c/a1", "/c/a2"].map(PathBuf::from));
    }
}
