//! Files that may hold two subjects: long ones.

use super::Finding;
use super::files::File;

/// Rust files with more than [`MAX_LINES`] lines before their tests.
pub(super) fn find(files: &[File]) -> Vec<Finding> {
    let long = |file: &&File| file.is_rust() && !file.is_test();
    let measured = files.iter().filter(long).map(|file| (file, file.lines_without_tests().count()));
    measured
        .filter(|(_, lines)| *lines > MAX_LINES)
        .map(|(file, lines)| Finding::new(file, 0, format!("{lines} lines without its tests")))
        .collect()
}

const MAX_LINES: usize = 500;
