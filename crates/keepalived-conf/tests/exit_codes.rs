//! Exit status of a configuration test, beside that of keepalived 2.2.7 (Debian 12).
//!
//! `test_data/exit_codes/cases.txt` holds one small configuration after each head line
//! `//- NAME | keepalived CODE [| OURS: WHY]`; the last part is there where we differ on purpose.

use keepalived_conf::{exit_code, load_str};

const CASES: &str = include_str!("../test_data/exit_codes/cases.txt");

#[test]
fn a_configuration_test_ends_as_keepalived_does() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for case in CASES.split("//- ").filter(|case| !case.is_empty()) {
        count += 1;
        let (head, text) = case.split_once('\n').expect("a head line");
        let mut parts = head.split(" | ");
        let name = parts.next().unwrap_or_default();
        let keepalived =
            parts.next().and_then(|part| part.strip_prefix("keepalived ")).expect("keepalived's code");
        let expected = parts.next().map_or(keepalived, |ours| ours.split(':').next().unwrap_or_default());
        let loaded = load_str(text);
        if exit_code(&loaded.diagnostics).to_string() != expected {
            let found: Vec<_> = loaded.diagnostics.iter().map(|finding| &finding.message).collect();
            wrong
                .push(format!("{name}: {} instead of {expected}: {found:?}", exit_code(&loaded.diagnostics)));
        }
    }
    assert!(count > 150, "only {count} cases");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
