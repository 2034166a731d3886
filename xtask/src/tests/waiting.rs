//! The tests that need a kernel with IPVS: found by their mark, run by `cargo xtask vm`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::count::NEEDS_IPVS;
use crate::run::{cargo, workspace};

/// cargo's command for them, or for those whose names contain the filter, with the program `own` as their runner;
/// `None` if there are no such tests.
pub(super) fn command(own: &Path, filter: &[&str]) -> Option<Command> {
    let targets = targets();
    if targets.is_empty() {
        return None;
    }
    let runner = runner(own);
    // The same packages and features as in the ordinary run, so that nothing is built twice.
    let mut words = vec!["test", "--config", &runner, "--workspace", "--all-features", "--no-fail-fast"];
    for target in &targets {
        words.extend(["--test", target]);
    }
    words.extend(filter.first());
    words.extend(["--", "--ignored", "--show-output"]);
    let mut command = cargo(&words);
    // One processor: two at a time would make each other late.
    command.env("RUST_TEST_THREADS", "1");
    Some(command)
}

/// The setting of cargo that makes this program run what cargo has built.
fn runner(own: &Path) -> String {
    // For the tests of one program together.
    const LONGEST_SECONDS: u32 = 900;
    format!(
        "target.'cfg(all())'.runner = ['{}', 'vm', '--timeout', '{LONGEST_SECONDS}', '--']",
        own.display()
    )
}

/// Names of the test programs of the workspace with such tests in them.
fn targets() -> BTreeSet<String> {
    let packages = fs::read_dir(workspace().join("crates")).into_iter().flatten().flatten();
    let entries = packages.flat_map(|package| fs::read_dir(package.path().join("tests"))).flatten().flatten();
    entries.filter_map(|entry| target(&entry.path())).collect()
}

/// The test program at `path`, a file or a folder with a `main.rs`, if it has such tests.
fn target(path: &Path) -> Option<String> {
    let marked = |file: &Path| {
        let is_rust = file.extension().is_some_and(|extension| extension == "rs");
        is_rust && fs::read_to_string(file).is_ok_and(|text| text.contains(NEEDS_IPVS))
    };
    let has_tests = if path.join("main.rs").is_file() {
        fs::read_dir(path).into_iter().flatten().flatten().any(|entry| marked(&entry.path()))
    } else {
        marked(path)
    };
    has_tests.then(|| path.file_stem().map(|name| name.to_string_lossy().into_owned()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_program_is_known_by_the_mark_of_its_tests() {
        let folder = std::env::temp_dir().join(format!("xtask-waiting-{}", std::process::id()));
        fs::create_dir_all(folder.join("many")).unwrap();
        let mark = format!("#[ignore = \"{NEEDS_IPVS}\"]");
        for (name, text) in [("one.rs", mark.as_str()), ("notes.txt", &mark), ("other.rs", "#[test]")] {
            fs::write(folder.join(name), text).unwrap();
        }
        fs::write(folder.join("many/main.rs"), "mod part;").unwrap();
        fs::write(folder.join("many/part.rs"), &mark).unwrap();
        let found = ["one.rs", "notes.txt", "other.rs", "many"].map(|name| target(&folder.join(name)));
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(found, [Some("one".to_owned()), None, None, Some("many".to_owned())]);
    }
}
