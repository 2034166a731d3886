//! From files to logical lines: comments, includes, `$definitions`, `@conditions`, `~SEQ`, braces, words.
//!
//! A physical line goes through these steps; text behind a brace goes through them again:
//!
//! 1. `@id` drops the line or loses its prefix
//! 2. `$NAME=value` is stored as written, its references are resolved when it is used
//! 3. `~SEQ`, `~LST` repeat the rest of the line, each copy from step 1
//! 4. `$NAME`, `${NAME}` are replaced until nothing changes, the result goes to step 1
//! 5. `include` reads other files
//! 6. the words up to the first brace become a [`Statement`](crate::Statement)
//!
//! Invariant: the text read and produced is bounded by [`Budget`], so that neither a definition that leads back
//! to itself nor files that include each other twice can hang or fill memory. keepalived hangs on `$A=$A`.
//!
//! Where we differ from keepalived: an undefined `${NAME}` is one error and stays one word instead of falling
//! apart at its braces; a `$definition` that leads back to itself is an error and its line is dropped; a loop
//! variable hides a definition of the same name only while it runs.

mod definitions;
mod disk;
mod expand;
mod files;
mod fragment;
mod include;
pub(crate) mod lexical;
mod pattern;
mod physical;
mod plain;
mod quotes;
mod run;
mod sequence;
mod substitute;
mod words;

use std::path::Path;

use crate::diagnostic::Diagnostics;
use crate::keywords::word;
use crate::lines::Lines;
use crate::source::SourceMap;

pub use disk::DiskFiles;
pub use files::{FileKind, Files, MemoryFiles};

/// Settings of preprocessing besides the main file.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// The config id (`-i`, by default the node name up to its first dot): `@id` lines and `$_INSTANCE`.
    pub config_id: &'a str,
    /// The value of an environment variable: `${_ENV NAME}`.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Where files come from.
    pub files: &'a dyn Files,
    /// Seed of `$_RANDOM`, until `random_seed` in the file gives another.
    pub random_seed: u64,
    /// `-e`: every include problem counts, as with `includea`.
    pub strict_includes: bool,
    /// Limit of the work and memory of the configuration, roughly in octets of memory; text beyond it is not
    /// read. [`Options::COST_LIMIT`] unless a caller has less to give, for example an editor.
    pub cost_limit: u64,
}

impl<'a> Options<'a> {
    /// 256 MiB: a configuration of 1.7 MB with 2,000 instances takes a fifth.
    pub const COST_LIMIT: u64 = 256 << 20;

    /// These files, an empty config id, an empty environment, seed 0, plain includes.
    pub fn new(files: &'a dyn Files) -> Self {
        Self {
            config_id: "",
            environment: &|_| None,
            files,
            random_seed: 0,
            strict_includes: false,
            cost_limit: Self::COST_LIMIT,
        }
    }
}

impl std::fmt::Debug for Options<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut options = formatter.debug_struct("Options");
        options.field("config_id", &self.config_id).field(word::RANDOM_SEED, &self.random_seed);
        options.field("strict_includes", &self.strict_includes).finish_non_exhaustive()
    }
}

/// Reads the main file (or files: its name may be a pattern) and everything it includes, down to logical lines.
///
/// Never fails: errors are in `diagnostics`. When the main file does not exist `sources` stays empty and a finding with
/// code [`MAIN_FILE_MISSING`] is made (a configuration test and a start end with status 6 then). The same holds with
/// code `include-skipped` or `include-unreadable` for a main file that is a directory, a special file, executable or
/// unreadable.
///
/// ```
/// use keepalived_conf::{Diagnostics, Line, MemoryFiles, Options, SourceMap, preprocess};
///
/// let files = MemoryFiles::from([("/main.conf", "$PRIO=150\nvrrp_instance V {\n  priority $PRIO # high\n}\n")]);
/// let (mut sources, mut diagnostics) = (SourceMap::new(), Diagnostics::new());
/// let lines = preprocess("/main.conf".as_ref(), &Options::new(&files), &mut sources, &mut diagnostics);
///
/// let Some(Line::Words(priority)) = lines.iter().nth(2) else { panic!("{lines:?}") };
/// assert_eq!(priority.raw(), "priority 150");
/// assert_eq!(priority.arguments().first().map(|word| sources.text(word.span)), Some("$PRIO"));
/// assert!(diagnostics.is_empty());
/// ```
pub fn preprocess(
    main: &Path,
    options: &Options<'_>,
    sources: &mut SourceMap,
    diagnostics: &mut Diagnostics,
) -> Lines {
    run::Preprocessor::new(options, sources, diagnostics).run(main)
}

/// Code of the finding "the main file does not exist".
pub const MAIN_FILE_MISSING: &str = "main-file-missing";

/// The longest line keepalived takes, in octets, before and after replacing definitions.
const LINE_LIMIT: usize = 1023;

/// Files that include each other, or definitions and sequences inside each other, deeper than this are an error.
const DEPTH_LIMIT: u32 = 100;

/// The rest of [`Options::cost_limit`].
#[derive(Debug)]
struct Budget(u64);

impl Budget {
    /// Cost of an emitted line, and of each of its words, besides their text.
    const OVERHEAD: usize = 128;

    /// Cost of an include besides the text: several system calls.
    const INCLUDE: usize = 16 << 10;

    fn spend(&mut self, cost: usize) -> Result<(), Exhausted> {
        self.0 = self.0.checked_sub(cost as u64).ok_or(Exhausted)?;
        Ok(())
    }
}

/// The [`Budget`] is used up, or nesting is too deep: the rest of the configuration is not read.
#[derive(Clone, Copy, Debug)]
struct Exhausted;
