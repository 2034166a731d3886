//! The command line: keepalived's, letter for letter, and some words of our own ([`COMMANDS`]).
//!
//! `vipd [OPTIONS]` runs the daemon or tests a configuration. Another word is an error, unless the program is called
//! `keepalived`: then it is only complained about. Options of keepalived are accepted; those that have no effect here
//! are listed in [`Options::without_effect`] so that the daemon can say so.

mod explain;
pub mod getopt;
mod help;
mod values;

use std::ffi::OsString;
use std::path::PathBuf;

use getopt::{Item, Spec, Value};
use keepalived_conf::did_you_mean;

pub use explain::{meaning, similar};
pub use help::{HELP, version_text};

use vipd_log::LogFormat;

/// `NO_COLOR` with any text but none asks for plain text.
pub fn wants_color() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// The request of the command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Request {
    /// Run the daemon, or with [`Options::test`] only test its configuration.
    Run(Box<Options>),
    /// Print this on standard output and exit with status 0.
    Print(String),
    /// Print this on standard error and exit with this status.
    PrintError(String, u8),
}

/// The options of the daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each switch of the command line")]
pub struct Options {
    /// `-f`: the configuration file (a glob is allowed); with `-t`, `-` is standard input.
    pub config: PathBuf,
    /// The VRRP worker may run: not `-C` alone.
    pub vrrp: bool,
    /// The LVS worker may run: not `-P` alone.
    pub checkers: bool,
    /// The BFD worker may run: not `-B`.
    pub bfd: bool,
    /// `--all`: workers run even without configuration.
    pub all: bool,
    /// `-l`: log to standard error too.
    pub log_console: bool,
    /// `--log-format`: how lines look there.
    pub log_format: LogFormat,
    /// `-D`: the number of times that it was given.
    pub log_detail: u8,
    /// `-S`: the syslog facility, as in the priority value (already shifted); daemon by default.
    pub facility: u8,
    /// `-G` clears it: log to syslog.
    pub syslog: bool,
    /// `-u`: file mode mask.
    pub umask: Option<u32>,
    /// `-V`: leave addresses where they are at a stop.
    pub keep_addresses: bool,
    /// `-I`: leave the kernel's load balancer as it is at a stop.
    pub keep_ipvs: bool,
    /// `--ipvs-dry-run`: say what would change in the kernel's load balancer, and leave it alone.
    pub ipvs_dry_run: bool,
    /// `-R` clears it: restart workers that die.
    pub respawn: bool,
    /// `-n`: stay in the foreground.
    pub foreground: bool,
    /// `-d`: log the configuration as understood.
    pub dump_config: bool,
    /// `-p`: pid file of the daemon.
    pub pid_file: Option<PathBuf>,
    /// `-r`: pid file of the VRRP worker.
    pub vrrp_pid_file: Option<PathBuf>,
    /// `-c`: pid file of the LVS worker.
    pub checkers_pid_file: Option<PathBuf>,
    /// `-b`: pid file of the BFD worker.
    pub bfd_pid_file: Option<PathBuf>,
    /// `-s`: network namespace, stronger than the configuration's.
    pub namespace: Option<String>,
    /// `-e`: a missing include is an error.
    pub all_config: bool,
    /// `-i`: id for `@` lines.
    pub config_id: Option<String>,
    /// `-t`: test the configuration; the file to append findings to, standard error without one.
    pub test: Option<Option<PathBuf>>,
    /// `--ignore-sigint`
    pub ignore_sigint: bool,
    /// Options that were given and do nothing here, by long name.
    pub without_effect: Vec<&'static str>,
    /// Values that were refused, in keepalived's words; they raise the status of `-t`.
    pub complaints: Vec<String>,
    /// Words that are no options; keepalived warns and goes on.
    pub operands: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            config: PathBuf::from(DEFAULT_CONFIG),
            vrrp: true,
            checkers: true,
            bfd: true,
            all: false,
            log_console: false,
            log_format: LogFormat::Text,
            log_detail: 0,
            facility: values::FACILITY_DAEMON,
            syslog: true,
            umask: None,
            keep_addresses: false,
            keep_ipvs: false,
            ipvs_dry_run: false,
            respawn: true,
            foreground: false,
            dump_config: false,
            pid_file: None,
            vrrp_pid_file: None,
            checkers_pid_file: None,
            bfd_pid_file: None,
            namespace: None,
            all_config: false,
            config_id: None,
            test: None,
            ignore_sigint: false,
            without_effect: Vec::new(),
            complaints: Vec::new(),
            operands: Vec::new(),
        }
    }
}

/// By which name the program was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CalledAs {
    /// Its own.
    Vipd,
    /// `keepalived`: callers by this name expect keepalived's answers.
    Keepalived,
}

/// Understands the words behind the program's name.
pub fn parse(called_as: CalledAs, words: impl IntoIterator<Item = OsString>) -> Request {
    let items = match getopt::parse(SPECS, words) {
        Ok(items) => items,
        Err(error) => return Request::PrintError(format!("{error}\n"), 1),
    };
    let mut options = Options::default();
    let mut only = Only::default();
    for item in items {
        match item {
            Item::Operand(word) => options.operands.push(lossy(word)),
            Item::Option(name, value) => {
                if let Some(request) = answer(called_as, name) {
                    return request;
                }
                if let Some(request) = apply(&mut options, &mut only, name, value) {
                    return request;
                }
            }
        }
    }
    // `-t -` tests standard input, as `-t -f -` does.
    if options.test.is_some() && options.operands == ["-"] {
        options.operands.clear();
        options.config = PathBuf::from("-");
    }
    // keepalived complains and goes on, so that a slip starts a daemon.
    if called_as == CalledAs::Vipd
        && let Some(word) = options.operands.first()
    {
        return Request::PrintError(unknown_word(word, options.test.is_some()), 1);
    }
    options.vrrp = only.vrrp || !only.checkers;
    options.checkers = only.checkers || !only.vrrp;
    Request::Run(Box::new(options))
}

/// `-P` and `-C`: together they mean both.
#[derive(Default)]
struct Only {
    vrrp: bool,
    checkers: bool,
}

/// The request of an option that only prints something.
fn answer(called_as: CalledAs, option: &str) -> Option<Request> {
    Some(match (called_as, option) {
        (CalledAs::Vipd, "help") => Request::Print(HELP.to_owned()),
        (CalledAs::Vipd, "version") => Request::Print(version_text()),
        // Programs that read these answers look on standard error.
        (CalledAs::Keepalived, "help") => Request::PrintError(HELP.to_owned(), 0),
        (CalledAs::Keepalived, "version") => Request::PrintError(help::keepalived_version_text(), 0),
        _ => return None,
    })
}

/// What to say of a word that is no command.
fn unknown_word(word: &str, tests: bool) -> String {
    let instead = if tests {
        format!("to test this file write `vipd -t -f {word}`")
    } else if let Some(near) = near_command(word) {
        format!("did you mean `vipd {near}`?")
    } else if word.contains(['/', '.']) {
        format!("to run this file write `vipd -f {word}`")
    } else {
        "`vipd --help` lists the commands".to_owned()
    };
    format!("vipd: there is no command '{word}'; {instead}\n")
}

/// The command that was perhaps meant.
fn near_command(word: &str) -> Option<String> {
    let verbs = vipd_verbs::names();
    let names = COMMANDS.iter().copied().chain(verbs.iter().map(String::as_str));
    did_you_mean(word, names).map(str::to_owned)
}

/// The words that may follow the program's name, besides those that ask a running daemon.
pub const COMMANDS: &[&str] = &["check", "demo", "genhash"];

/// Takes one option over; a request is one that ends the parsing.
fn apply(
    options: &mut Options,
    only: &mut Only,
    name: &'static str,
    value: Option<OsString>,
) -> Option<Request> {
    let text = |value: Option<OsString>| lossy(value.unwrap_or_default());
    match name {
        "signum" => return Some(values::signal_number(&text(value))),
        "genhash" => {
            return Some(Request::PrintError(
                "vipd: --genhash is only understood as the first argument\n".to_owned(),
                1,
            ));
        }
        "use-file" => options.config = value.unwrap_or_default().into(),
        "vrrp" => only.vrrp = true,
        "check" => only.checkers = true,
        "all" => options.all = true,
        "log-console" => options.log_console = true,
        "log-detail" => options.log_detail = options.log_detail.saturating_add(1),
        "log-format" => match values::log_format(&text(value)) {
            Ok(format) => options.log_format = format,
            Err(error) => return Some(Request::PrintError(error, 1)),
        },
        "log-facility" => match values::facility(&text(value)) {
            Ok(facility) => options.facility = facility,
            Err(complaint) => options.complaints.push(complaint),
        },
        "no-syslog" => options.syslog = false,
        "umask" => match values::umask(&text(value)) {
            Ok(umask) => options.umask = Some(umask),
            Err(complaint) => options.complaints.push(complaint),
        },
        "dont-release-vrrp" => options.keep_addresses = true,
        "dont-release-ipvs" => options.keep_ipvs = true,
        "ipvs-dry-run" => options.ipvs_dry_run = true,
        "dont-respawn" => options.respawn = false,
        "dont-fork" => options.foreground = true,
        "dump-conf" => options.dump_config = true,
        "pid" => options.pid_file = value.map(PathBuf::from),
        "vrrp_pid" => options.vrrp_pid_file = value.map(PathBuf::from),
        "namespace" => options.namespace = Some(text(value)),
        "all-config" => options.all_config = true,
        "config-id" => options.config_id = Some(text(value)),
        "config-test" => options.test = Some(value.map(PathBuf::from)),
        "ignore-sigint" => options.ignore_sigint = true,
        "checkers_pid" => options.checkers_pid_file = value.map(PathBuf::from),
        "no_bfd" => options.bfd = false,
        "bfd_pid" => options.bfd_pid_file = value.map(PathBuf::from),
        // Addresses are released at a stop in any case.
        "release-vips" => {}
        other => {
            if !options.without_effect.contains(&other) {
                options.without_effect.push(other);
            }
        }
    }
    None
}

fn lossy(word: OsString) -> String {
    word.into_string().unwrap_or_else(|word| word.to_string_lossy().into_owned())
}

/// Where keepalived looks.
const DEFAULT_CONFIG: &str = "/etc/keepalived/keepalived.conf";

const fn option(letter: u8, name: &'static str, value: Value) -> Spec {
    Spec { letter: Some(letter), name, value }
}

const fn long(name: &'static str, value: Value) -> Spec {
    Spec { letter: None, name, value }
}

/// Every option of keepalived 2.4.
const SPECS: &[Spec] = &[
    option(b'f', "use-file", Value::Required),
    option(b'P', "vrrp", Value::None),
    option(b'C', "check", Value::None),
    option(b'B', "no_bfd", Value::None),
    long("all", Value::None),
    option(b'l', "log-console", Value::None),
    option(b'D', "log-detail", Value::None),
    option(b'S', "log-facility", Value::Required),
    option(b'g', "log-file", Value::Optional),
    long("flush-log-file", Value::None),
    option(b'G', "no-syslog", Value::None),
    option(b'u', "umask", Value::Required),
    option(b'X', "release-vips", Value::None),
    option(b'V', "dont-release-vrrp", Value::None),
    option(b'I', "dont-release-ipvs", Value::None),
    option(b'R', "dont-respawn", Value::None),
    option(b'n', "dont-fork", Value::None),
    option(b'd', "dump-conf", Value::None),
    option(b'p', "pid", Value::Required),
    option(b'r', "vrrp_pid", Value::Required),
    option(b'c', "checkers_pid", Value::Required),
    option(b'b', "bfd_pid", Value::Required),
    option(b'a', "address-monitoring", Value::None),
    option(b's', "namespace", Value::Required),
    option(b'm', "core-dump", Value::None),
    option(b'M', "core-dump-pattern", Value::Optional),
    option(b'e', "all-config", Value::None),
    option(b'i', "config-id", Value::Required),
    option(b'x', "snmp", Value::None),
    option(b'A', "snmp-agent-socket", Value::Required),
    option(b'T', "genhash", Value::None),
    long("ignore-sigint", Value::None),
    long("ipvs-dry-run", Value::None),
    long("log-format", Value::Required),
    long("perf", Value::Optional),
    long("debug", Value::Optional),
    long("no-mem-check", Value::None),
    long("signum", Value::Required),
    option(b't', "config-test", Value::Optional),
    option(b'v', "version", Value::None),
    option(b'h', "help", Value::None),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn run(line: &str) -> Options {
        match parse(CalledAs::Keepalived, line.split_whitespace().map(OsString::from)) {
            Request::Run(options) => *options,
            other => panic!("{line}: {other:?}"),
        }
    }

    #[test]
    fn no_options_give_keepalived_s_defaults() {
        let options = run("");
        assert_eq!(options.config, PathBuf::from("/etc/keepalived/keepalived.conf"));
        assert!(options.vrrp && options.respawn && options.syslog && !options.foreground);
        assert_eq!(options.facility, 24);
    }

    #[test]
    fn the_lines_of_distributions_are_understood() {
        let options = run("--dont-fork -D -f /etc/k.conf -p /run/a.pid -r /run/b.pid -c /run/c.pid");
        assert!(options.foreground);
        assert_eq!(options.log_detail, 1);
        assert_eq!(options.vrrp_pid_file, Some(PathBuf::from("/run/b.pid")));
        assert!(options.without_effect.is_empty());
    }

    #[test]
    fn only_checkers_means_no_vrrp_worker() {
        assert!(!run("-C").vrrp);
        assert!(run("-P").vrrp);
        assert!(run("-C -P").vrrp);
    }

    #[test]
    fn an_option_without_effect_is_remembered_once() {
        assert_eq!(run("-x -x --snmp -m").without_effect, ["snmp", "core-dump"]);
    }

    #[test]
    fn refused_values_are_complaints_and_change_nothing() {
        let options = run("-S 99 -u zz");
        assert_eq!(options.complaints, ["Invalid log facility '99'", "Invalid --umask option zz"]);
        assert_eq!((options.facility, options.umask), (24, None));
    }

    #[test]
    fn the_first_of_help_and_an_error_wins_as_with_getopt() {
        for name in [CalledAs::Vipd, CalledAs::Keepalived] {
            let request = parse(name, ["--bogus".into(), "-h".into()]);
            assert_eq!(request, Request::PrintError("Unknown option --bogus\n".to_owned(), 1));
        }
    }

    #[test]
    fn version_and_help_go_to_standard_error_if_called_keepalived() {
        for option in ["-h", "-v"] {
            assert!(
                matches!(parse(CalledAs::Vipd, [option.into()]), Request::Print(text) if text.contains("vipd"))
            );
            let request = parse(CalledAs::Keepalived, [option.into()]);
            assert!(matches!(request, Request::PrintError(_, 0)), "{option}");
        }
        let Request::PrintError(text, 0) = parse(CalledAs::Keepalived, ["-v".into()]) else {
            panic!("no version")
        };
        assert!(text.starts_with("Keepalived v2.4.3 ("), "{text}");
        let options = text.lines().find_map(|line| line.strip_prefix("Config options:")).unwrap();
        assert!(options.split_whitespace().any(|option| option == "JSON"), "{options}");
    }

    #[test]
    fn an_unknown_command_is_an_error_with_a_suggestion() {
        let said = |line: &str| match parse(CalledAs::Vipd, line.split_whitespace().map(OsString::from)) {
            Request::PrintError(text, 1) => text,
            other => panic!("{line}: {other:?}"),
        };
        assert_eq!(said("explian"), "vipd: there is no command 'explian'; did you mean `vipd explain`?\n");
        assert_eq!(said("xyzzy"), "vipd: there is no command 'xyzzy'; `vipd --help` lists the commands\n");
        assert_eq!(
            said("-n a.conf"),
            "vipd: there is no command 'a.conf'; to run this file write `vipd -f a.conf`\n"
        );
        assert_eq!(
            said("-t a.conf"),
            "vipd: there is no command 'a.conf'; to test this file write `vipd -t -f a.conf`\n"
        );
        assert!(matches!(parse(CalledAs::Vipd, ["-t".into(), "-".into()]), Request::Run(_)));
    }

    #[test]
    fn operands_are_kept_for_the_warning() {
        assert_eq!(run("-t log x").operands, ["log", "x"]);
        assert_eq!(run("-tlog").test, Some(Some(PathBuf::from("log"))));
    }
}
