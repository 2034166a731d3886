//! Checks of language and order that a program can make: `cargo xtask tidy [PATH]`.
//!
//! Only what is certain fails: a dependency in the wrong direction, a code of a diagnostic that is not declared in the
//! registry of `keepalived-conf`, a keyword as a literal in the code that reads the configuration. The rest is shown for a
//! person to judge: sentences that begin with a clause in place of their subject, files that may hold two subjects, and
//! keywords as literals elsewhere, where they are words for people.
//! With PATH everything found below it is listed; without, the first few of each kind.

mod arrows;
mod codes;
mod files;
mod keywords;
mod sentences;
mod sizes;

use std::collections::BTreeMap;
use std::path::Path;

pub(crate) use arrows::check as arrows;
use files::File;

/// Shows everything; gives whether nothing certain is wrong.
pub(crate) fn run(under: Option<&str>) -> bool {
    let files = files::all(under.map(Path::new));
    let limit = if under.is_some() { usize::MAX } else { SHOWN };
    show("sentences that begin with a clause in place of their subject", sentences::find(&files), limit);
    show("files that may hold two subjects", sizes::find(&files), limit);
    let (read, told) = keywords::find(&files);
    let all_named = read.is_empty();
    show("keywords as literals where the configuration is read", read, usize::MAX);
    show("keywords as literals elsewhere", told, limit);
    let undeclared = codes::find(&files);
    let all_declared = undeclared.is_empty();
    show("codes of diagnostics that are not declared", undeclared, usize::MAX);
    arrows() && all_declared && all_named
}

/// A place and what was found there.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    path: String,
    /// From 1; 0 for the file as a whole.
    line: usize,
    text: String,
}

impl Finding {
    fn new(file: &File, line: usize, text: impl Into<String>) -> Self {
        Self { path: file.path.clone(), line, text: text.into() }
    }
}

fn show(what: &str, findings: Vec<Finding>, limit: usize) {
    let count = findings.len();
    println!("==> {what}: {count}");
    if count > limit {
        println!("{}", by_area(&findings));
    }
    for Finding { path, line, text } in findings.into_iter().take(limit) {
        match line {
            0 => println!("{path}: {text}"),
            line => println!("{path}:{line}: {text}"),
        }
    }
    if count > limit {
        println!("... and {} more (`cargo xtask tidy PATH` lists all below a path)", count - limit);
    }
}

/// The number of findings in each crate or folder.
fn by_area(findings: &[Finding]) -> String {
    let mut counts = BTreeMap::<&str, usize>::new();
    for finding in findings {
        let depth = if finding.path.starts_with("crates/") { 2 } else { 1 };
        let end = finding.path.match_indices('/').nth(depth - 1).map_or(finding.path.len(), |(at, _)| at);
        *counts.entry(finding.path.get(..end).unwrap_or_default()).or_default() += 1;
    }
    let counts: Vec<String> = counts.iter().map(|(area, count)| format!("{area} {count}")).collect();
    counts.join(", ")
}

/// Findings of each kind that are shown without a path.
const SHOWN: usize = 15;
