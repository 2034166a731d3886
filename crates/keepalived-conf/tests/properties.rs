//! Properties of any text at all: no panic, no hang, no octet lost, bounded output.

use proptest::prelude::*;

use keepalived_conf::{
    Diagnostics, Line, Lines, MemoryFiles, Options, SourceMap, SyntaxTree, command_argv, did_you_mean,
    preprocess, render_all, render_line, script_words,
};

/// Pieces that mean something to preprocessing, so that random text reaches every corner of it.
const PIECES: &[&str] = &[
    " ",
    " ",
    "\n",
    "\n",
    "\n",
    "\t",
    "\r\n",
    "\0",
    "\\\n",
    "\\",
    "\"",
    "'",
    "#",
    "!",
    "{",
    "}",
    "$",
    "${",
    "=",
    ",",
    ")",
    "$A=",
    "$B=",
    "$A",
    "${A}",
    "$B",
    "${B}",
    "$C=\\\n",
    "$C",
    "${_RANDOM 1 5}",
    "${_ENV X}",
    "${_PWD}",
    "${_HASH}",
    "@lb1 ",
    "@^lb1 ",
    "@",
    "~SEQ(",
    "~SEQ(v,2) ",
    "~SEQ(v,1,999999999) ",
    "~SEQx(v,9,11)",
    "~LST(v,a,b) ",
    "~LST({v,w},{a,b}) ",
    "${v}",
    "include ",
    "includea ",
    "a.conf",
    "*",
    "{a,b}.conf",
    "include_check match",
    "priority 100",
    "vrrp_instance V {",
    "word",
    "ä",
    "\u{feff}",
    "\u{202e}",
    "\u{1b}[31m",
    "9223372036854775807",
];

fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => proptest::sample::select(PIECES).prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
        1 => (900_usize..1200).prop_map(|length| "x".repeat(length)),
    ];
    proptest::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn lines(main: &[u8], other: &str) -> (Lines, SourceMap, Diagnostics) {
    let files =
        MemoryFiles::from([("/c/main.conf", main), ("/c/a.conf", other.as_bytes()), ("/c/b.conf", main)]);
    let options = Options { config_id: "lb1", cost_limit: LIMIT, ..Options::new(&files) };
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let lines = preprocess("/c/main.conf".as_ref(), &options, &mut sources, &mut diagnostics);
    (lines, sources, diagnostics)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn the_tree_holds_every_octet(text in text()) {
        let tree = SyntaxTree::parse(&text);
        prop_assert_eq!(tree.to_string(), text.as_str());
        let mut end = 0;
        for token in tree.tokens() {
            prop_assert_eq!(token.start, end);
            prop_assert!(token.end > token.start);
            end = token.end;
        }
        for offset in 0..end {
            let token = tree.token_at(offset).expect("a token for each octet");
            prop_assert!(token.start <= offset && offset < token.end);
            tree.block_at(offset);
        }
    }

    #[test]
    fn any_text_becomes_lines_with_places_in_it(main in text(), other in text()) {
        let (lines, sources, diagnostics) = lines(main.as_bytes(), &other);
        for line in &lines {
            let span = line.span();
            let file = sources.file(span.source).expect("a known file");
            prop_assert!(file.text().get(span.start as usize..span.end as usize).is_some());
            let Line::Words(statement) = line else { continue };
            prop_assert!(!statement.words().is_empty());
            prop_assert!(statement.raw().len() <= 1023);
            for word in statement.words() {
                prop_assert!(word.quoted || !word.text.is_empty());
                if word.from.is_none() {
                    let written = sources.text(word.span);
                    let is_predefined = written.contains('$');
                    prop_assert!(is_predefined || written.trim_matches('"') == word.text);
                }
            }
        }
        let shown = render_all(&diagnostics, &sources, false);
        let is_safe = !shown.contains(['\u{1b}', '\u{202e}', '\0']);
        prop_assert!(is_safe, "{:?}", shown);
        for diagnostic in &diagnostics {
            prop_assert!(!render_line(diagnostic, &sources).contains('\n'));
        }
    }

    #[test]
    fn any_octets_are_kept_as_they_were(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let (_, sources, _) = lines(&bytes, "");
        let main = sources.files().next().expect("the main file");
        prop_assert_eq!(main.bytes(), &bytes);
    }

    #[test]
    fn script_lines_never_panic(text in text()) {
        if let Ok(line) = script_words(&text)
            && let Some(command) = line.command
        {
            let _ = command_argv(&command);
        }
        did_you_mean(&text, ["priority", "interface"]);
    }
}

fn codes(main: &str) -> (usize, Vec<&'static str>) {
    let (lines, _, diagnostics) = lines(main.as_bytes(), "");
    (lines.len(), diagnostics.iter().map(|diagnostic| diagnostic.code).collect())
}

#[test]
fn definitions_that_multiply_each_other_are_stopped() {
    let mut main = String::from("$A0=\\\n x 1\\\n x 2\n");
    for level in 1..60 {
        let inner = level - 1;
        main += &["$A", &level.to_string(), "=\\\n", &format!(" $A{inner}\\\n $A{inner}\n")].concat();
    }
    main.push_str("$A59\n");
    let (lines, codes) = codes(&main);
    assert_eq!(codes, ["expansion-limit"]);
    assert!(lines < MOST_LINES);
}

#[test]
fn sequences_that_multiply_each_other_are_stopped() {
    for main in ["~SEQ(a,999999999)~SEQ(b,999999999) x\n", "~SEQ(a,9223372036854775807) {\n"] {
        let (lines, codes) = codes(main);
        assert_eq!(codes, ["expansion-limit"]);
        assert!(lines < MOST_LINES);
    }
}

#[test]
fn files_that_include_others_twice_are_stopped() {
    let names: Vec<String> = (0..40).map(|level| format!("/c/f{level}.conf")).collect();
    let mut files = MemoryFiles::new();
    for (level, name) in names.iter().enumerate() {
        let content = format!("include f{}.conf\n", level + 1).repeat(2);
        files.add(name, keepalived_conf::FileKind::Plain, content);
    }
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let options = Options { cost_limit: LIMIT, ..Options::new(&files) };
    preprocess("/c/f0.conf".as_ref(), &options, &mut sources, &mut diagnostics);
    assert!(diagnostics.has_code("expansion-limit"));
    assert_eq!(sources.files().count(), 40);
}

#[test]
fn findings_are_bounded() {
    let (_, sources, diagnostics) = lines("\"\n".repeat(5000).as_bytes(), "");
    assert_eq!((diagnostics.iter().count(), diagnostics.len()), (Diagnostics::LIMIT, 5000));
    assert!(render_all(&diagnostics, &sources, false).ends_with("... and 4000 more\n"));
}

#[test]
fn a_missing_main_file_leaves_no_sources() {
    for name in ["/c/none.conf", "/c/none*.conf"] {
        let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
        let files = MemoryFiles::from([("/c/main.conf", "a\n")]);
        let lines = preprocess(name.as_ref(), &Options::new(&files), &mut sources, &mut diagnostics);
        assert!(lines.is_empty() && sources.is_empty());
        assert!(diagnostics.has_code(keepalived_conf::MAIN_FILE_MISSING));
    }
}

#[test]
fn a_main_file_pattern_reads_every_match_in_order() {
    let files = MemoryFiles::from([("/c/2.conf", "b\n"), ("/c/1.conf", "a\n")]);
    let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
    let lines = preprocess("/c/*.conf".as_ref(), &Options::new(&files), &mut sources, &mut diagnostics);
    let raw: Vec<&str> = lines.iter().map(|line| sources.text(line.span())).collect();
    assert_eq!(raw, ["a", "b"]);
    assert!(diagnostics.has_code("main-file-pattern"));
}

/// A small limit, so that hostile text is stopped soon.
const LIMIT: u64 = 2 << 20;

/// A line costs at least 128.
const MOST_LINES: usize = (2 << 20) / 128;
