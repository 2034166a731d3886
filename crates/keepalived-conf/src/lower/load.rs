//! Entry points: a file in, a model and findings out.

use std::path::Path;

use crate::diagnostic::{Class, Diagnostics};
use crate::lines::Lines;
use crate::model::{Command, Config};
use crate::places::Places;
use crate::preprocess::{MemoryFiles, Options, preprocess};
use crate::source::{SourceMap, Span};

/// A configuration as read: always a model, and everything that was found on the way.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The meaning of the file, with keepalived's defaults in place of wrong values.
    pub config: Config,
    /// The findings, in the order found.
    pub diagnostics: Diagnostics,
    /// The files that were read: spans point into them.
    pub sources: SourceMap,
    /// Commands of keywords that are understood but not acted on (those of a `vrrp_sync_group`, `startup_script`, …),
    /// with the keyword: nothing runs them, but they are scripts of the configuration all the same.
    pub idle_commands: Vec<(&'static str, Command)>,
    /// The interfaces that the configuration names, each with the place where it does so first.
    pub interfaces: Vec<(String, Span)>,
    /// Whether a daemon would run with it; otherwise the first reason why not.
    pub usable: Result<(), Unusable>,
    /// Whether the main file was read.
    pub found: bool,
}

/// Why a daemon refuses a configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unusable {
    /// There is no main file, or it cannot be read.
    #[error("the configuration file cannot be read")]
    NoFile,
    /// An include check failed.
    #[error("an included file is missing or unusable")]
    Include,
    /// A keyword that needs an argument has none, and is one of those where keepalived stops.
    #[error("a keyword lacks its argument")]
    MissingArgument,
    /// A `vrrp_instance` cannot work.
    #[error("vrrp_instance {name}: {problem}")]
    Instance {
        /// Its name.
        name: String,
        /// Its defect.
        problem: InstanceProblem,
    },
}

/// A defect that keeps a `vrrp_instance` from working.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InstanceProblem {
    /// No (valid) `virtual_router_id`.
    #[error("virtual_router_id is missing")]
    NoVirtualRouterId,
    /// No (valid) `interface`, and no unicast peers with a configured source either.
    #[error("interface is missing")]
    NoInterface,
    /// VRRPv3 (or strict mode) without a virtual address.
    #[error("it has no virtual address")]
    NoAddress,
    /// Strict mode over IPv6 whose first address is not link-local.
    #[error("strict mode wants a link-local address first")]
    StrictLinkLocal,
}

impl Unusable {
    /// The status a daemon exits with.
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::NoFile | Self::Include => 6,
            Self::MissingArgument | Self::Instance { .. } => 2,
        }
    }
}

/// Reads a configuration file and everything it includes.
///
/// Never fails and never panics: see [`Loaded::usable`] and [`exit_code`]. Whether interfaces, users and programs
/// exist is not asked here, so that a file can be checked on another machine than its own.
///
/// Differs from keepalived on purpose:
/// - A block under an unknown keyword is ignored as a whole, and a stray `{` is paired with its own `}`. keepalived
///   lets such a `}` close the block around it, after which every later line is unknown.
/// - `advert_int` below one second in VRRPv2 becomes one second, not zero.
/// - Shell text as a command is run by a shell, instead of being disabled or passed as arguments.
/// - A block that is not closed ends before a keyword of a block around it.
/// - A word that is no option of a tracker costs itself, not the tracker.
/// - A `real_server` or `sorry_server` without a port has that of its virtual server.
/// - A persistence mask that is no prefix, and an `lthreshold` above its `uthreshold`, are left out: the kernel would
///   refuse the service.
pub fn load(path: &Path, options: &Options<'_>) -> Loaded {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let lines = preprocess(path, options, &mut sources, &mut diagnostics);
    loaded(&lines, options, sources, diagnostics)
}

/// As [`load`], with the places of instances and their keywords, which the model does not hold.
pub fn load_with_places(path: &Path, options: &Options<'_>) -> (Loaded, Places) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let lines = preprocess(path, options, &mut sources, &mut diagnostics);
    let places = Places::of(&lines);
    (loaded(&lines, options, sources, diagnostics), places)
}

/// As [`load`], with the preprocessed lines.
pub fn load_with_lines(path: &Path, options: &Options<'_>) -> (Loaded, Lines) {
    let mut sources = SourceMap::new();
    let mut diagnostics = Diagnostics::new();
    let lines = preprocess(path, options, &mut sources, &mut diagnostics);
    (loaded(&lines, options, sources, diagnostics), lines)
}

fn loaded(lines: &Lines, options: &Options<'_>, sources: SourceMap, mut diagnostics: Diagnostics) -> Loaded {
    let found = !sources.is_empty();
    let super::Lowered { config, idle_commands, problem, interfaces } =
        super::lower(lines, options.files, &mut diagnostics);
    let usable = refusal(found, problem, &diagnostics).map_or(Ok(()), Err);
    Loaded { config, diagnostics, sources, idle_commands, interfaces, usable, found }
}

/// Reads a configuration from text; includes find no files.
///
/// ```
/// let loaded = keepalived_conf::load_str(
///     "vrrp_instance web {
///         interface eth0
///         virtual_router_id 51
///         prioritty 150
///         virtual_ipaddress {
///             192.0.2.10/24
///         }
///     }",
/// );
/// assert_eq!(loaded.config.instances[0].vrid, 51);
/// assert_eq!(loaded.config.instances[0].priority, 100);
/// let finding = loaded.diagnostics.iter().next().unwrap();
/// assert_eq!(finding.message, "unknown keyword: `prioritty` in vrrp_instance");
/// assert_eq!(keepalived_conf::exit_code(&loaded.diagnostics), 5);
/// ```
pub fn load_str(text: &str) -> Loaded {
    let files = MemoryFiles::from([("keepalived.conf", text)]);
    load(Path::new("keepalived.conf"), &Options::new(&files))
}

fn refusal(found: bool, problem: Option<Unusable>, diagnostics: &Diagnostics) -> Option<Unusable> {
    if !found {
        Some(Unusable::NoFile)
    } else if diagnostics.has_class(Class::Include) {
        Some(Unusable::Include)
    } else if diagnostics.has_class(Class::MissingArgument) {
        Some(Unusable::MissingArgument)
    } else {
        problem
    }
}

/// The status a configuration test (`-t`) ends with: 0 clean (hints included), 2 aborted for
/// a missing argument, 4 only fatal problems, 5 any other problem, 6 script security, a failed include check, or a main
/// file that cannot be read (where keepalived says 0).
pub fn exit_code(diagnostics: &Diagnostics) -> u8 {
    let has = |class| diagnostics.has_class(class);
    if has(Class::MissingArgument) {
        2
    } else if has(Class::Security) || has(Class::Include) {
        6
    } else if has(Class::General) {
        5
    } else if has(Class::Fatal) {
        4
    } else {
        0
    }
}
