//! Golden files: each `test_data/{ok,err}/NNNN_name.conf` beside the lines and findings it must give.
//!
//! A line `//- PATH [executable|directory]` begins another file; the text before the first one is
//! `/etc/keepalived/keepalived.conf`. Files under `ok` give no finding that keepalived's `-t` would have; files
//! under `err` give at least one. `UPDATE_GOLDEN=1 cargo test -p keepalived-conf --test golden` rewrites the
//! expectations: review them like code.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use keepalived_conf::{
    Class, Diagnostics, FileKind, Line, MemoryFiles, Options, SourceMap, Span, SyntaxTree, preprocess, render,
};

#[test]
fn files_that_keepalived_takes_give_their_lines() {
    check("ok", |diagnostics| diagnostics.iter().all(|finding| finding.class == Class::None));
}

#[test]
fn files_that_keepalived_complains_about_give_their_findings() {
    check("err", |diagnostics| diagnostics.iter().any(|finding| finding.class != Class::None));
}

fn check(folder: &str, is_right: impl Fn(&Diagnostics) -> bool) {
    let mut wrong = Vec::new();
    let inputs = inputs(folder);
    assert!(!inputs.is_empty(), "no golden files in {folder}");
    for input in inputs {
        let text = fs::read_to_string(&input).expect("a readable golden file");
        let (dump, diagnostics) = dump(&text);
        let expectation = input.with_extension("expected");
        if env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&expectation, &dump).expect("a writable expectation");
        }
        let expected = fs::read_to_string(&expectation).unwrap_or_default();
        if dump != expected {
            wrong.push(format!("{}\n-- expected\n{expected}\n-- actual\n{dump}", input.display()));
        }
        if !is_right(&diagnostics) {
            wrong.push(format!("{} is in the wrong folder\n{dump}", input.display()));
        }
        assert_eq!(SyntaxTree::parse(&text).to_string(), text, "{}", input.display());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

fn inputs(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("test_data").join(folder);
    let entries = fs::read_dir(folder).expect("the folder of golden files");
    let paths = entries.map(|entry| entry.expect("a folder entry").path());
    let mut inputs: Vec<PathBuf> =
        paths.filter(|path| path.extension().is_some_and(|name| name == "conf")).collect();
    inputs.sort();
    inputs
}

fn files(text: &str) -> MemoryFiles {
    let mut files = MemoryFiles::new();
    let mut sections = text.split("//- ");
    files.add(MAIN, FileKind::Plain, sections.next().unwrap_or_default());
    for section in sections {
        let (head, content) = section.split_once('\n').expect("a line end after a file name");
        let (path, kind) = head.split_once(' ').unwrap_or((head, ""));
        let kind = match kind {
            "executable" => FileKind::Executable,
            "directory" => FileKind::Other,
            _ => FileKind::Plain,
        };
        files.add(path, kind, content);
    }
    files
}

fn dump(text: &str) -> (String, Diagnostics) {
    let files = files(text);
    let environment = |name: &str| (name == "HOME").then(|| "/home/admin".to_owned());
    let options = Options { config_id: "lb1", environment: &environment, ..Options::new(&files) };
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let lines = preprocess(MAIN.as_ref(), &options, &mut sources, &mut diagnostics);
    let mut dump = String::new();
    for line in &lines {
        let _ = writeln!(dump, "{}", dump_line(line, &sources));
    }
    for diagnostic in &diagnostics {
        let _ = write!(dump, "\n[{:?}] {}\n", diagnostic.class, render(diagnostic, &sources, false));
    }
    (dump, diagnostics)
}

fn dump_line(line: Line<'_>, sources: &SourceMap) -> String {
    let mut text = format!("{:<6} ", place(line.span(), sources));
    match line {
        Line::Open(_) => text.push('{'),
        Line::Close(_) => text.push('}'),
        Line::Words(statement) => {
            for (index, word) in statement.words().iter().enumerate() {
                text.push_str(if index > 0 { " | " } else { "" });
                let _ =
                    if word.quoted { write!(text, "{:?}", word.text) } else { write!(text, "{}", word.text) };
                let source = sources.text(word.span).trim_matches('"');
                if source != word.text {
                    let _ = write!(text, " <- {source}");
                }
                if let Some(from) = word.from {
                    let _ = write!(text, " from {}", place(from, sources));
                }
            }
        }
    }
    text
}

fn place(span: Span, sources: &SourceMap) -> String {
    let position = sources.position(span);
    let path = sources.file(span.source).map_or(Path::new(""), |file| file.path());
    let file = if path == Path::new(MAIN) {
        ""
    } else {
        path.file_name().and_then(|name| name.to_str()).unwrap_or("")
    };
    format!("{file}{}{}:{}", if file.is_empty() { "" } else { ":" }, position.line, position.column)
}

const MAIN: &str = "/etc/keepalived/keepalived.conf";
