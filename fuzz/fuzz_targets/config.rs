//! Any text as a configuration of up to three files: no panic, no hang, bounded memory, no octet lost, and findings
//! that can be shown on a terminal.
//!
//! Input: the files `main.conf`, `a.conf` and `b.conf` of `/c`, separated by the octet 0x1e.

#![no_main]

use keepalived_conf::{
    Diagnostics, MemoryFiles, Options, SourceMap, SyntaxTree, exit_code, load, preprocess, render_all,
    render_line,
};
use libfuzzer_sys::fuzz_target;

/// A small limit, so that hostile text is stopped soon.
const LIMIT: u64 = 256 << 10;
/// A line costs at least 128.
const MOST_LINES: u64 = LIMIT / 128;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(3, |octet| *octet == 0x1e);
    let [main, a, b] = [(); 3].map(|()| parts.next().unwrap_or_default());
    tree(&String::from_utf8_lossy(main));

    let files = MemoryFiles::from([("/c/main.conf", main), ("/c/a.conf", a), ("/c/b.conf", b)]);
    let options = Options { config_id: "lb1", cost_limit: LIMIT, ..Options::new(&files) };
    let path = "/c/main.conf".as_ref();
    let (mut sources, mut findings) = (SourceMap::new(), Diagnostics::new());
    let lines = preprocess(path, &options, &mut sources, &mut findings);
    assert!(lines.len() as u64 <= MOST_LINES);
    for line in &lines {
        let span = line.span();
        let file = sources.file(span.source).expect("a known file");
        assert!(file.text().get(span.start as usize..span.end as usize).is_some());
    }
    show(&findings, &sources);

    let loaded = load(path, &options);
    show(&loaded.diagnostics, &loaded.sources);
    let _ = exit_code(&loaded.diagnostics);
});

fn tree(text: &str) {
    let tree = SyntaxTree::parse(text);
    assert_eq!(tree.to_string(), text);
    let mut end = 0;
    for token in tree.tokens() {
        assert_eq!(token.start, end);
        assert!(token.end > token.start);
        end = token.end;
    }
}

fn show(findings: &Diagnostics, sources: &SourceMap) {
    let shown = render_all(findings, sources, false);
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\0']), "{shown:?}");
    for finding in findings {
        assert!(!render_line(finding, sources).contains('\n'));
    }
}
