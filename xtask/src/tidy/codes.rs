//! Codes of diagnostics that are not declared in the registry of `keepalived-conf`.

use keepalived_conf::codes;

use super::Finding;
use super::files::File;

/// Codes that a finding is made with, and that [`codes::find`] does not know.
pub(super) fn find(files: &[File]) -> Vec<Finding> {
    let searched = |file: &&File| {
        let finds = ["crates/keepalived-conf/src/", "crates/vipd"];
        finds.iter().any(|start| file.path.starts_with(start)) && !file.is_test()
    };
    let mut found = Vec::new();
    for file in files.iter().filter(searched) {
        let mut is_next = false;
        for (number, line) in
            file.lines_without_tests().filter(|(_, line)| !line.trim_start().starts_with("//"))
        {
            let undeclared =
                literals(line, &mut is_next).into_iter().filter(|code| codes::find(code).is_none());
            found.extend(undeclared.map(|code| Finding::new(file, number, code)));
        }
    }
    found
}

/// The codes on a line. `is_next` says whether the call whose code is awaited began on a line before.
fn literals<'a>(line: &'a str, is_next: &mut bool) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut rest = line;
    loop {
        if !std::mem::take(is_next) {
            let Some(end) = MAKERS.iter().filter_map(|maker| Some(rest.find(maker)? + maker.len())).min()
            else {
                return found;
            };
            rest = rest.get(end..).unwrap_or_default();
        }
        let text = rest.trim_start();
        if text.is_empty() {
            *is_next = true;
            return found;
        }
        // `Severity::Warning, Class::None, "code"` has its code behind two words; a variable is no literal.
        let text =
            text.strip_prefix("Severity::").map_or(text, |text| text.find('"').map_or("", |at| &text[at..]));
        if let Some((code, _)) = text.strip_prefix('"').and_then(|text| text.split_once('"')) {
            found.push(code);
        }
    }
}

/// Functions that make a finding: its code comes first, or behind severity and class.
const MAKERS: [&str; 8] = [
    "Diagnostic::error(",
    "Diagnostic::warning(",
    "Diagnostic::note(",
    "Diagnostic::new(",
    "report.error(",
    "report.warning(",
    "report.lint(",
    "report.note(",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_where_findings_are_made() {
        let all = |lines: &[&str]| {
            let mut is_next = false;
            lines
                .iter()
                .flat_map(|line| literals(line, &mut is_next).into_iter().map(str::to_owned))
                .collect::<Vec<_>>()
        };
        assert_eq!(all(&["report.error(\"a-b\", span, \"text\");"]), ["a-b"]);
        assert_eq!(all(&["report.lint(", "    \"a-b\",", "    \"text\","]), ["a-b"]);
        assert_eq!(all(&["Diagnostic::new(Severity::Note, Class::None, \"x\", m)"]), ["x"]);
        assert_eq!(all(&["Diagnostic::error(code, message)", "let x = \"y\";"]), [""; 0]);
    }
}
