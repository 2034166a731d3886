//! Reading the configuration: the file, then its scripts' users and rights.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::{Path, PathBuf};

use keepalived_conf::model::Config;
use keepalived_conf::{
    Diagnostic, Diagnostics, DiskFiles, Files, Lines, Loaded, Severity, SourceMap, Span, Unusable,
};
use serde::{Deserialize, Serialize};
use vipd_client::{FileContent, Readers};
use vipd_control::Answer;
use vipd_doctor::Subject;

use super::accounts::Accounts;
use super::fingerprint::{Fingerprint, Fingerprinted};
use super::security;
use super::standard_input::{self, StandardInput};
use crate::cli::Options;
use crate::ipc::LogLevel;

/// A configuration as read and checked.
pub(crate) struct ReadConfig {
    /// What to run: scripts that must not run are taken out.
    pub(crate) config: Config,
    /// Accounts of its scripts.
    pub(super) accounts: Accounts,
    /// Everything that was found.
    pub(crate) diagnostics: Diagnostics,
    /// The texts that the findings point into.
    pub(crate) sources: SourceMap,
    /// The interfaces that it names, and where.
    pub(crate) interfaces: Vec<(String, Span)>,
    /// Whether the daemon runs with it.
    pub(crate) usable: Result<(), Unusable>,
    /// Its preprocessed lines.
    lines: Lines,
    /// Of what was read.
    fingerprint: Fingerprint,
}

/// The part of a configuration that the daemon keeps, and that another process can read for it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct LoadedConfig {
    /// What to run: scripts that must not run are taken out.
    pub(crate) config: Config,
    /// Accounts of its scripts.
    pub(super) accounts: Accounts,
    /// Everything that was found, as lines for the log.
    pub(super) findings: Vec<(LogLevel, String)>,
    /// Findings besides.
    pub(super) omitted: usize,
    /// Number of findings that are errors.
    pub(super) errors: usize,
    /// Why the daemon does not run with it, and its exit status.
    pub(super) unusable: Option<(String, u8)>,
    /// Where and how the text is damaged.
    pub(super) damage: Option<String>,
    /// The files that it came from.
    pub(super) files: Vec<PathBuf>,
    /// Files that are included and not there.
    pub(super) absent: Vec<PathBuf>,
    /// Its preprocessed text, without secrets.
    pub(super) text: Box<str>,
    /// Of what was read.
    pub(super) fingerprint: Fingerprint,
}

impl From<ReadConfig> for LoadedConfig {
    fn from(reading: ReadConfig) -> Self {
        let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
        Self {
            findings: reading.diagnostics.iter().map(|finding| line(finding, &reading.sources)).collect(),
            omitted: reading.diagnostics.omitted(),
            errors: reading.diagnostics.iter().filter(is_error).count(),
            unusable: unusable(&reading).zip(reading.usable.as_ref().err().map(Unusable::exit_status)),
            damage: damage(&reading),
            files: reading.sources.files().map(|file| file.path().to_owned()).collect(),
            absent: reading.sources.absent().map(Path::to_owned).collect(),
            text: reading.lines.resolved().to_string().into(),
            fingerprint: reading.fingerprint,
            config: reading.config,
            accounts: reading.accounts,
        }
    }
}

fn line(finding: &Diagnostic, sources: &SourceMap) -> (LogLevel, String) {
    let level = match finding.severity {
        Severity::Error => LogLevel::Error,
        Severity::Warning => LogLevel::Warning,
        Severity::Note => LogLevel::Info,
    };
    (level, keepalived_conf::render_line(finding, sources))
}

/// The reason for which no daemon runs with what was read, if there is one.
fn unusable(new: &ReadConfig) -> Option<String> {
    let why = new.usable.as_ref().err()?;
    Some(match (why, new.diagnostics.damage().next()) {
        (Unusable::NoFile, Some(finding)) => {
            format!("{why}: {}; bring it back, and reload again", finding.message)
        }
        _ => why.to_string(),
    })
}

/// The first place where the text is damaged.
fn damage(new: &ReadConfig) -> Option<String> {
    let mut damage = new.diagnostics.damage();
    let first = damage.next()?;
    let what = first.damage.map(|damage| damage.to_string()).unwrap_or_default();
    let place = keepalived_conf::render_line(first, &new.sources);
    let more = match damage.count() {
        0 => String::new(),
        1 => " and one more place".to_owned(),
        more => format!(" and {more} more places"),
    };
    Some(format!(
        "the file is damaged ({what}): {place}{more}; correct the file, test it with `vipd -t`, and reload again"
    ))
}

/// Reads the configuration that the command line names.
pub(crate) fn read(options: &Options) -> ReadConfig {
    let (loaded, lines, fingerprint) = load(options);
    ReadConfig { lines, fingerprint, ..ReadConfig::of(loaded) }
}

/// Readers of files for commands that work without a daemon.
pub const READERS: Readers = Readers { shown: shown_file, examined: examined_file };

/// Reads a file for a person who wants to see it.
fn shown_file(file: &Path) -> FileContent {
    let options = Options { config: file.to_owned(), ..Options::default() };
    let mut reading = read(&options);
    reading.config.hide_secrets();
    FileContent {
        text: reading.lines.resolved().to_string(),
        model: Answer::config_line(&reading.config).to_vec(),
        usable: reading.usable.map_err(|why| why.to_string()),
    }
}

/// Reads a file for `vipd doctor`, with the findings about its scripts.
fn examined_file(file: &Path) -> Result<Subject, String> {
    let ReadConfig { config, diagnostics, usable, .. } =
        read(&Options { config: file.to_owned(), ..Options::default() });
    if let Err(why @ (Unusable::NoFile | Unusable::Include)) = usable {
        return Err(why.to_string());
    }
    let with = |code: &str| {
        let found = diagnostics.iter().filter(|finding| finding.code == code);
        found.map(|finding| finding.message.clone()).collect()
    };
    Ok(Subject { config, insecure: with("script-insecure"), unrunnable: with("script-not-runnable") })
}

/// Reads the files again, and says no more of them than whether they are the same.
pub(crate) fn fingerprint(options: &Options) -> Fingerprint {
    load(options).2
}

fn load(options: &Options) -> (Loaded, Lines, Fingerprint) {
    let config_id = options.config_id.clone().unwrap_or_else(node_name);
    let standard_input = StandardInput::default();
    let from_input = options.config == Path::new(standard_input::NAME);
    let (main, files): (&Path, &dyn Files) = if from_input {
        (Path::new(standard_input::SHOWN), &standard_input)
    } else {
        (&options.config, &DiskFiles)
    };
    let files = Fingerprinted::new(files);
    let how = keepalived_conf::Options {
        config_id: &config_id,
        environment: &|name| std::env::var(name).ok(),
        // Hash keys are random: good enough for `$_RANDOM`.
        random_seed: RandomState::new().build_hasher().finish(),
        strict_includes: options.all_config,
        ..keepalived_conf::Options::new(&files)
    };
    let (loaded, lines) = keepalived_conf::load_with_lines(main, &how);
    (loaded, lines, files.fingerprint())
}

impl ReadConfig {
    /// Checks the scripts of what was read.
    pub(super) fn of(loaded: Loaded) -> Self {
        let Loaded { mut config, mut diagnostics, sources, idle_commands, interfaces, usable, .. } = loaded;
        let accounts = Accounts::of(&config);
        security::check_scripts(&mut config, &idle_commands, &accounts, &mut diagnostics);
        let (lines, fingerprint) = (Lines::default(), Fingerprint::default());
        Self { config, accounts, diagnostics, sources, interfaces, usable, lines, fingerprint }
    }
}

/// The name of this machine up to the first dot.
fn node_name() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}
