//! Keywords of the configuration as string literals outside their table.

use std::collections::BTreeSet;

use keepalived_conf::keywords;

use super::Finding;
use super::files::File;

/// Literals that are a keyword and nothing else, in what is compiled into the daemon: first those where the configuration
/// is read, then the others. Keywords of one word (`interval`) may mean something else and are left out.
pub(super) fn find(files: &[File]) -> (Vec<Finding>, Vec<Finding>) {
    let names: BTreeSet<&str> =
        keywords::all().map(|keyword| keyword.name).filter(|name| name.contains('_')).collect();
    let searched = |file: &&File| {
        let reads_them = ["crates/keepalived-conf/src/", "crates/vipd"];
        reads_them.iter().any(|start| file.path.starts_with(start))
            && !file.path.starts_with("crates/keepalived-conf/src/keywords/")
            && !file.is_test()
    };
    let mut found = Vec::new();
    for file in files.iter().filter(searched) {
        for (number, line) in file.lines_without_tests().filter(|(_, line)| !is_comment(line)) {
            let literals = line.split('"').skip(1).step_by(2);
            let keywords = literals.filter(|literal| names.contains(literal));
            found.extend(keywords.map(|keyword| Finding::new(file, number, keyword)));
        }
    }
    found.into_iter().partition(|finding| reads(&finding.path))
}

/// Whether the code at this place takes keywords apart; the model shows them to people.
fn reads(path: &str) -> bool {
    path.starts_with("crates/keepalived-conf/src/") && !path.starts_with("crates/keepalived-conf/src/model")
}

fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with("//")
}
