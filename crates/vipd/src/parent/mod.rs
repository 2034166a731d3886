//! The parent process: reads the configuration, keeps the workers running, runs scripts, writes the log.
//!
//! It holds what needs root and reads nothing from the network. The order of a start: configuration, network
//! namespace, pid file, background, worker. Everything after that happens in one loop (`supervise`).

mod control;
mod dump;
mod fifo;
pub(crate) mod fingerprint;
mod init_files;
mod kept;
mod kept_intents;
mod life_scripts;
pub(crate) mod load;
mod mailing;
mod paths;
mod pid_file;
mod refusal;
mod reload_time;
mod sessions;
mod signals;
mod standard_input;
mod status_line;
mod supervise;
#[cfg(test)]
pub(crate) mod testing;
mod upgrade;
mod watching;
mod web;
mod worker;

use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use keepalived_conf::Unusable;
use keepalived_conf::model::Global;
use nix::sys::stat::{Mode, umask};
use privsep::daemonize::Starter;
use privsep::{daemonize, process, systemd};
use vipd_scripts::{accounts, command, security};
use vrrp_linux::namespace::Namespace;

use crate::cli::Options;
use crate::ipc::{PerRole, Role};
use crate::log::{Log, LogOptions, LogSource};
use crate::worker::scheduling;
use load::LoadedConfig;
pub use load::READERS;
use pid_file::{PidFile, PidFileError, PidPaths, default_paths};
use signals::Signals;
use supervise::Parent;
use upgrade::Takeover;
pub use upgrade::try_main;
use worker::WorkerProgram;

/// Descriptor at which a worker finds its end of the channel.
pub const WORKER_SOCKET: i32 = process::SOCKET;

/// Runs the daemon until it is told to stop. The words are the whole command line, for the log.
///
/// The exit status is keepalived's: 0 after a stop or when another copy already runs, 1 for what should not happen and
/// where the kernel has no load balancer, 2 when a worker cannot run the configuration, 6 when the configuration file or an include is missing.
pub fn main(mut options: Options, command_line: &[String]) -> ExitCode {
    // Before anything is opened: it looks at every descriptor.
    let takeover = Takeover::from_environment();
    let mut log = Log::new(LogOptions {
        console: options.log_console,
        format: options.log_format,
        syslog: options.syslog,
        facility: options.facility,
        detail: options.log_detail > 0,
    });
    let started = if let Some(takeover) = takeover {
        take_over(&mut options, takeover, &mut log)
    } else {
        greet(&mut log, &options, command_line);
        start(&mut options, &mut log)
    };
    match started {
        Ok(mut parent) => {
            let status = parent.run(log);
            ExitCode::from(status)
        }
        Err(end) => {
            if end.status == 0 {
                log.info(&end.reason);
            } else {
                log.error(&end.reason);
                log.info(farewell());
            }
            if !options.log_console {
                // The person who started the daemon looks at standard error.
                let _ = writeln!(io::stderr(), "vipd: {}", end.reason);
            }
            ExitCode::from(end.status)
        }
    }
}

/// Why the daemon does not run.
struct End {
    status: u8,
    reason: String,
}

impl End {
    fn failure(reason: impl Into<String>) -> Self {
        Self { status: 1, reason: reason.into() }
    }
}

fn start(options: &mut Options, log: &mut Log) -> Result<Parent, End> {
    // Before anything slow: a reload asked for during the start is not lost.
    let signals =
        Signals::install(options.ignore_sigint).map_err(|error| End::failure(format!("signals: {error}")))?;
    // The directory changes in the background; a reload must find the same file.
    if options.config == Path::new(standard_input::NAME) {
        let reason = "a daemon needs a configuration file that it can read again; standard input can only be tested (-t)";
        return Err(End { status: Unusable::NoFile.exit_status(), reason: reason.to_owned() });
    }
    options.config = std::path::absolute(&options.config).unwrap_or_else(|_| options.config.clone());
    log.info(format!("Configuration file {}", options.config.display()));
    let reading = LoadedConfig::from(load::read(options));
    report(log, &reading);
    if let Some((why, status)) = &reading.unusable {
        let reason = if reading.files.is_empty() {
            format!("Config files missing '{}'.", options.config.display())
        } else {
            why.clone()
        };
        return Err(End { status: *status, reason });
    }
    enter_namespace(options, &reading.config.global)?;
    log.tell_apart(namespace(options, &reading.config.global), reading.config.global.instance.as_deref());
    set_umask(options, &reading.config.global);
    dump::find_directory();
    command::find_shells();
    let paths = pid_paths(options, &reading.config.global);
    let mut pid_file = match PidFile::lock(paths.parent.clone()) {
        Ok(file) => Some(file),
        Err(error @ PidFileError::Held) => return Err(End { status: 0, reason: error.to_string() }),
        Err(error) => {
            log.warning(format!("{error}: running without it, so that a second copy would not be noticed"));
            None
        }
    };
    let starter = if options.foreground {
        Starter::none()
    } else {
        daemonize::daemonize()
            .map_err(|error| End::failure(format!("cannot go to the background: {error}")))?
    };
    if let Some(Err(error)) = pid_file.as_mut().map(|file| file.write(std::process::id())) {
        log.warning(format!("cannot write the pid file: {error}"));
    }
    process::raise_descriptor_limit();
    new_parent(options, reading, signals, pid_file, starter, paths)
}

/// Goes on where the program before this one in the same process stopped. If that is not possible, that program is executed again.
fn take_over(options: &mut Options, takeover: Takeover, log: &mut Log) -> Result<Parent, End> {
    let begin = Instant::now();
    log.info(format!("vipd v{} takes over from v{}", upgrade::VERSION, takeover.state.version));
    let name = std::env::args_os().next().unwrap_or_default();
    if let Some(name) = Path::new(&name).file_name() {
        scheduling::rename(&name.to_string_lossy());
    }
    options.config.clone_from(&takeover.state.config_file);
    let reading: Result<LoadedConfig, _> = postcard::from_bytes(&takeover.state.next);
    let parent = reading.map_err(|error| error.to_string()).and_then(|reading| {
        let signals = Signals::install(options.ignore_sigint).map_err(|error| error.to_string())?;
        log.tell_apart(namespace(options, &reading.config.global), reading.config.global.instance.as_deref());
        dump::find_directory();
        command::find_shells();
        process::raise_descriptor_limit();
        let pid_paths = pid_paths(options, &reading.config.global);
        new_parent(options, reading, signals, None, Starter::none(), pid_paths).map_err(|end| end.reason)
    });
    match parent {
        Ok(mut parent) => {
            parent.resume(takeover, begin, log);
            privsep::image::unblock_signals();
            Ok(parent)
        }
        Err(why) => {
            let error = takeover.give_back(&why);
            Err(End::failure(format!(
                "cannot take over: {why}; nor can the program before this one: {error}"
            )))
        }
    }
}

fn new_parent(
    options: &Options,
    reading: LoadedConfig,
    signals: Signals,
    pid_file: Option<PidFile>,
    starter: Starter,
    paths: PidPaths,
) -> Result<Parent, End> {
    let program = |role| WorkerProgram::this(role, options.ipvs_dry_run);
    let programs = PerRole { vrrp: program(Role::Vrrp), lvs: program(Role::Lvs), bfd: program(Role::Bfd) };
    let pid_paths = PerRole { vrrp: paths.vrrp, lvs: paths.checkers, bfd: paths.bfd };
    let state = kept_intents::state_directory();
    let instance = reading.config.global.instance.as_deref();
    let intents = kept_intents::path(state.as_deref(), namespace(options, &reading.config.global), instance);
    Parent::new(options.clone(), reading, signals, pid_file, starter, (programs, pid_paths, intents))
        .map_err(|error| End::failure(format!("cannot start: {error}")))
}

fn greet(log: &mut Log, options: &Options, command_line: &[String]) {
    log.info(format!("Starting vipd v{}", env!("CARGO_PKG_VERSION")));
    let system = rustix::system::uname();
    log.info(format!(
        "Running on Linux {} {}",
        system.release().to_string_lossy(),
        system.version().to_string_lossy()
    ));
    let quoted: Vec<String> = command_line.iter().map(|word| format!("'{word}'")).collect();
    log.info(format!("Command line: {}", quoted.join(" ")));
    if !options.without_effect.is_empty() {
        let names: Vec<String> = options.without_effect.iter().map(|name| format!("--{name}")).collect();
        log.warning(format!("Options without effect: {}", names.join(", ")));
    }
}

/// Every finding as one line.
fn report(log: &mut Log, reading: &LoadedConfig) {
    for (level, line) in &reading.findings {
        log.write(LogSource::Parent, *level, line);
    }
    if reading.omitted > 0 {
        log.warning(format!("{} more findings", reading.omitted));
    }
}

/// The namespace to run in: the command line's, else the configuration's.
pub(crate) fn namespace<'a>(options: &'a Options, global: &'a Global) -> Option<&'a str> {
    options.namespace.as_deref().or(global.net_namespace.as_deref())
}

/// Scripts and workers inherit it.
fn enter_namespace(options: &Options, global: &Global) -> Result<(), End> {
    let Some(name) = namespace(options, global) else { return Ok(()) };
    Namespace::open(name)
        .and_then(|namespace| namespace.enter())
        .map_err(|error| End::failure(format!("network namespace {name}: {error}")))
}

fn set_umask(options: &Options, global: &Global) {
    let mask = options.umask.or(global.umask).unwrap_or(DEFAULT_UMASK);
    umask(Mode::from_bits_truncate(mask));
}

fn pid_paths(options: &Options, global: &Global) -> PidPaths {
    let namespace = namespace(options, global);
    let usual = default_paths(global.use_pid_dir, namespace, global.instance.as_deref());
    PidPaths {
        parent: options.pid_file.clone().unwrap_or(usual.parent),
        vrrp: options.vrrp_pid_file.clone().unwrap_or(usual.vrrp),
        checkers: options.checkers_pid_file.clone().unwrap_or(usual.checkers),
        bfd: options.bfd_pid_file.clone().unwrap_or(usual.bfd),
    }
}

fn farewell() -> String {
    format!("Stopped vipd v{}", env!("CARGO_PKG_VERSION"))
}

/// keepalived's: files that the daemon and its scripts create are for the owner only, and not executable.
const DEFAULT_UMASK: u32 = 0o177;
