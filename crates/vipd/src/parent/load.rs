//! Reading the configuration: the file, then its scripts' users and rights.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;

use keepalived_conf::model::Config;
use keepalived_conf::{Diagnostics, DiskFiles, Files, Loaded, SourceMap, Span, Unusable};

use super::accounts::Accounts;
use super::security;
use super::standard_input::{self, StandardInput};
use crate::cli::Options;

/// A configuration as read and checked.
pub(crate) struct Reading {
    /// What to run: scripts that must not run are taken out.
    pub(crate) config: Config,
    /// Whom its scripts run as.
    pub(super) accounts: Accounts,
    /// Everything that was found.
    pub(crate) diagnostics: Diagnostics,
    /// What the findings point into.
    pub(crate) sources: SourceMap,
    /// The interfaces that it names, and where.
    pub(crate) interfaces: Vec<(String, Span)>,
    /// Whether the daemon runs with it.
    pub(crate) usable: Result<(), Unusable>,
}

/// Reads the configuration that the command line names.
pub(crate) fn read(options: &Options) -> Reading {
    let config_id = options.config_id.clone().unwrap_or_else(node_name);
    let standard_input = StandardInput::default();
    let from_input = options.config == Path::new(standard_input::NAME);
    let (main, files): (&Path, &dyn Files) = if from_input {
        (Path::new(standard_input::SHOWN), &standard_input)
    } else {
        (&options.config, &DiskFiles)
    };
    let how = keepalived_conf::Options {
        config_id: &config_id,
        environment: &|name| std::env::var(name).ok(),
        // Hash keys are random: good enough for `$_RANDOM`.
        random_seed: RandomState::new().build_hasher().finish(),
        strict_includes: options.all_config,
        ..keepalived_conf::Options::new(files)
    };
    Reading::of(keepalived_conf::load(main, &how))
}

impl Reading {
    /// Checks the scripts of what was read.
    pub(super) fn of(loaded: Loaded) -> Self {
        let Loaded { mut config, mut diagnostics, sources, idle_commands, interfaces, usable, .. } = loaded;
        let accounts = Accounts::of(&config);
        security::check_scripts(&mut config, &idle_commands, &accounts, &mut diagnostics);
        Self { config, accounts, diagnostics, sources, interfaces, usable }
    }
}

/// The name of this machine up to the first dot.
fn node_name() -> String {
    let system = rustix::system::uname();
    let name = system.nodename().to_string_lossy();
    name.split('.').next().unwrap_or_default().to_owned()
}
