//! The commands that ask a running daemon: their words, options and help.
//!
//! The program parses its command line with these tables, and the completions of shells and the manual pages are
//! generated from them. Nothing is done here. The daemon's own options are keepalived's and have a parser of their own.
#![forbid(unsafe_code)]

mod duration;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

/// The command line of a program that asks the daemon.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "vipd",
    about = "Ask a running vipd, and steer it",
    after_help = EXIT_STATUS,
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct CommandLine {
    /// The verb.
    #[command(subcommand)]
    pub verb: Verb,
}

/// How to reach the daemon, and in which form it answers.
#[derive(Args, Clone, Debug)]
pub struct Common {
    /// Socket of the daemon (control_socket in its configuration).
    #[arg(long, value_name = "PATH", default_value = DEFAULT_SOCKET)]
    pub socket: PathBuf,
    /// Print the daemon's answer as it is, one JSON object a line.
    #[arg(long)]
    pub json: bool,
}

/// Requests to the daemon.
#[derive(Clone, Debug, Subcommand)]
pub enum Verb {
    /// Show how everything stands: routers, virtual servers, checks, what is wrong first.
    #[command(after_help = EXIT_STATUS)]
    Status {
        /// Only what has this name: an instance, a group, a script, a virtual server.
        name: Option<String>,
        /// Print nothing; the exit status is 0 if all is well, 1 if something is wrong or a worker process hangs.
        #[arg(long)]
        check: bool,
        /// With --check: the state that the instances must have.
        #[arg(long, value_enum, requires = "check", value_name = "STATE")]
        want: Option<Want>,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Show what happened: the last 1,000 events, or everything that follows.
    #[command(after_help = EXIT_STATUS)]
    Events {
        /// Go on with the events that follow.
        #[arg(short, long)]
        follow: bool,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Read the configuration anew.
    #[command(after_help = EXIT_STATUS)]
    Reload {
        /// Only say what would change.
        #[arg(long, conflicts_with_all = ["confirm", "wait"])]
        dry_run: bool,
        /// Go back to the configuration that runs now, unless `vipd confirm` comes within this time (60s, 5m).
        #[arg(long, value_name = "TIME", value_parser = duration::parse)]
        confirm: Option<Duration>,
        /// Wait for the end of the reload; the exit status is 1 if the configuration is not taken.
        #[arg(long)]
        wait: bool,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Explain why something is as it is, and what would change it; or what a word of the configuration means.
    #[command(after_help = EXIT_STATUS)]
    Explain {
        /// A name of the configuration, a virtual address, a server, a keyword, or the code of a finding.
        word: String,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Show who else speaks VRRP on our links, and which VRIDs are free.
    #[command(after_help = EXIT_STATUS)]
    Neighbours {
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Show what an instance was told around its last changes of state: advertisements, timers, results of scripts.
    ///
    /// Expected inputs (advertisements in time) are not recorded one by one. The recording lives in the VRRP process: it
    /// outlives reloads, and ends with the process. `--json` gives a form that vrrp-sim plays again.
    #[command(after_help = EXIT_STATUS)]
    Recorder {
        /// The instance.
        name: String,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Show the status, again each second; q quits. Once, where the output is no terminal.
    #[command(after_help = EXIT_STATUS)]
    Top {
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Listen to VRRP on an interface, or read a pcap file, and say what is wrong.
    #[command(
        after_help = "Exit status: 0 nothing is wrong; 1 something is, or it was not done; 2 the command line is wrong."
    )]
    Capture {
        /// An interface (eth0), or a file that tcpdump or Wireshark wrote (a name with a slash or a dot that is no
        /// interface).
        source: String,
        /// Listen for this time (10s, 5m); without it, until SIGINT.
        #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
        time: Option<Duration>,
        /// Print what was found as JSON.
        #[arg(long)]
        json: bool,
        /// Draw who was master when, as a picture.
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
    },
    /// Show the configuration that runs, without secrets, or what the file would change.
    #[command(after_help = CONFIG_EXIT_STATUS)]
    Config {
        /// As text, with includes, definitions, conditions and sequences resolved; this is what is shown without --diff and
        /// --json.
        #[arg(long)]
        resolved: bool,
        /// Show the changes of a reload: things that are added, removed, or changed, with their fields.
        #[arg(long, conflicts_with = "resolved")]
        diff: bool,
        /// Show this file, and ask no daemon.
        #[arg(short = 'f', long = "use-file", value_name = "FILE", conflicts_with = "diff")]
        file: Option<PathBuf>,
        /// How to reach the daemon. --json alone shows the typed model.
        #[command(flatten)]
        common: Common,
    },
    /// Look at this machine and at the configuration, and say what will hurt, why, and what to do.
    #[command(after_help = DOCTOR_EXIT_STATUS)]
    Doctor {
        /// The configuration; without it, that of the running daemon, else /etc/keepalived/keepalived.conf.
        #[arg(short = 'f', long = "use-file", value_name = "FILE")]
        file: Option<PathBuf>,
        /// How to reach the daemon, which knows who else speaks VRRP; without one the rest is looked at.
        #[command(flatten)]
        common: Common,
    },
    /// Make the checks of a real server once, now, and show what is sent and received, when, and the result with its reason.
    ///
    /// This command connects itself, as the daemon would; the daemon does not hear of it, and nothing changes. Passwords, values of
    /// headers and logins are never shown. The daemon gives no logins away: they come from its configuration file, if that may
    /// be read and says what runs.
    #[command(after_help = PROBE_EXIT_STATUS)]
    Probe {
        /// The virtual server, as `vipd status` names it.
        #[arg(value_name = "VS")]
        service: String,
        /// The real server or the sorry server: 10.0.0.1:80 or [10.0.0.1]:tcp:80.
        #[arg(value_name = "RS")]
        server: String,
        /// The configuration; without it, that of the running daemon.
        #[arg(short = 'f', long = "use-file", value_name = "FILE")]
        file: Option<PathBuf>,
        /// How to reach the daemon. --json prints one object.
        #[command(flatten)]
        common: Common,
    },
    /// Keep the configuration of `vipd reload --confirm`.
    #[command(after_help = EXIT_STATUS)]
    Confirm {
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Go back to the configuration that ran before the last reload.
    #[command(after_help = EXIT_STATUS)]
    Undo {
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Give the addresses of an instance to another router; answers when it has taken over, or nobody did.
    #[command(after_help = EXIT_STATUS)]
    Handover {
        /// The instance; the other members of its sync group go with it.
        name: String,
        /// Why, for the log and the status; at most 256 bytes.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Leave the addresses to other routers, until it is switched off or the time is over.
    ///
    /// An instance in maintenance serves only where nobody else does. It outlives reloads.
    #[command(after_help = EXIT_STATUS)]
    Maintenance {
        /// Begin it, or end it.
        #[arg(value_enum)]
        set: Switch,
        /// The instance, with the other members of its sync group.
        #[arg(value_name = "NAME|all", default_value = "all")]
        name: String,
        /// End it by itself after this time (30m, 2h).
        #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
        time: Option<Duration>,
        /// Why, for the log and the status; at most 256 bytes.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Do not serve even if nobody else does.
        #[arg(long)]
        hard: bool,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Announce the addresses of an instance that is MASTER again (gratuitous ARP, unsolicited neighbour
    /// advertisements).
    #[command(after_help = EXIT_STATUS)]
    Announce {
        /// The instance.
        name: String,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Let another version of the program take over from the one that runs. No address moves.
    ///
    /// It is tried first, and it takes over sockets, addresses, timers and the load balancer's tables as they are. If it
    /// cannot, the running one goes on. Only root may.
    #[command(after_help = EXIT_STATUS)]
    Upgrade {
        /// The program; without one, the file that the running program was started from, as it is now.
        program: Option<PathBuf>,
        /// Only say whether it could take over.
        #[arg(long)]
        check: bool,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
    /// Drain a real server, take it out for maintenance, give it another weight, or end that.
    #[command(after_help = EXIT_STATUS)]
    Server {
        /// The virtual server, as `vipd status` names it.
        #[arg(value_name = "VS")]
        service: String,
        /// The real server: 10.0.0.1:80 or [10.0.0.1]:tcp:80.
        #[arg(value_name = "RS")]
        server: String,
        /// The wanted mode.
        #[arg(value_enum)]
        set: ServerIntentKind,
        /// The weight: 0 to 65535.
        #[arg(value_name = "N", required_if_eq("set", "weight"), value_parser = clap::value_parser!(u32).range(..=65_535))]
        weight: Option<u32>,
        /// End it by itself after this time (30m, 2h).
        #[arg(long = "for", value_name = "TIME", value_parser = duration::parse)]
        time: Option<Duration>,
        /// Why, for the log and the status; at most 256 bytes.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
        /// Keep it over a stop and a start of vipd as well, which forget it otherwise (reloads and crashes never do).
        #[arg(long)]
        persist: bool,
        /// How to reach the daemon.
        #[command(flatten)]
        common: Common,
    },
}

/// Modes of a real server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ServerIntentKind {
    /// As its checks and the configuration say.
    Ready,
    /// No new connections; those that are open may finish.
    Drain,
    /// No new connections, and no checks.
    Maintenance,
    /// This weight instead of its own.
    Weight,
}

/// Begins or ends something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// Begin it.
    On,
    /// End it.
    Off,
}

/// The state that instances must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Want {
    /// Serving.
    Master,
    /// Listening.
    Backup,
    /// One of the two.
    Any,
}

/// Whether a word of the command line is one of these commands.
pub fn is_verb(word: &str) -> bool {
    CommandLine::command().get_subcommands().any(|verb| verb.get_name() == word)
}

/// Whether these words are a whole command line, the program's name first.
pub fn is_command_line(words: &[String]) -> bool {
    CommandLine::try_parse_from(words).is_ok()
}

/// The names of all commands.
pub fn names() -> Vec<String> {
    CommandLine::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect()
}

/// The tables, for completions and manual pages.
pub fn command() -> clap::Command {
    CommandLine::command()
}

/// Where the daemon listens unless its configuration says otherwise.
pub const DEFAULT_SOCKET: &str = "/run/vipd/control.sock";

/// Meanings of the exit status of every command.
pub const EXIT_STATUS: &str = "\
Exit status: 0 done, or all is well; 1 not done, or something is wrong; 2 the command line is wrong;
3 no daemon answers; 4 the daemon refuses: no rights.";

/// The same for `vipd config`.
const CONFIG_EXIT_STATUS: &str = "\
Exit status: 0 shown, and with --diff: a reload would change nothing; 1 not shown, or it would change something or be
refused; 2 the command line is wrong; 3 no daemon answers; 4 the daemon refuses: no rights.
--json without --resolved and --diff shows the typed model. Passwords, keys and values of headers are replaced by ********.";

/// The same for `vipd doctor`.
const DOCTOR_EXIT_STATUS: &str = "\
Exit status: 0 nothing worse than a note; 1 the configuration cannot be read; 2 the command line is wrong; 5 the worst
finding is a warning; 6 there is an error. `vipd explain CODE` says what the code of a finding means.";

/// The same for `vipd probe`.
const PROBE_EXIT_STATUS: &str = "\
Exit status: 0 every check passed; 1 it was not done: there is no such server, or a check could not be made here; 2 the command
line is wrong; 3 no daemon answers; 4 the daemon refuses: no rights; 5 a check failed.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sound() {
        command().debug_assert();
    }

    #[test]
    fn a_command_is_known_by_its_name() {
        assert!(is_verb("status") && is_verb("undo"));
        assert!(!is_verb("stat") && !is_verb("-f") && !is_verb("help"));
    }

    #[test]
    fn words_are_understood() {
        let words = ["vipd", "status", "--check", "--want", "master", "VI_1", "--socket", "/s"];
        let CommandLine { verb } = CommandLine::try_parse_from(words).unwrap();
        let Verb::Status { name, check, want, common } = verb else { panic!("{verb:?}") };
        assert_eq!((name.as_deref(), check, want), (Some("VI_1"), true, Some(Want::Master)));
        assert_eq!((common.socket, common.json), (PathBuf::from("/s"), false));
        let words = ["vipd", "reload", "--confirm", "5m"];
        let CommandLine { verb } = CommandLine::try_parse_from(words).unwrap();
        assert!(matches!(verb, Verb::Reload { confirm: Some(time), .. } if time == Duration::from_secs(300)));
    }

    #[test]
    fn maintenance_is_of_all_unless_it_says_a_name() {
        for (words, of) in [(&["on", "--for", "30m"][..], "all"), (&["off", "VI_1"], "VI_1")] {
            let words = ["vipd", "maintenance"].iter().chain(words);
            let CommandLine { verb } = CommandLine::try_parse_from(words).unwrap();
            let Verb::Maintenance { set, name, time, .. } = verb else { panic!("{verb:?}") };
            assert_eq!((name.as_str(), set == Switch::On), (of, of == "all"));
            assert_eq!(time.map(|time| time.as_secs()), (of == "all").then_some(1800));
        }
    }

    #[test]
    fn a_file_has_no_difference_to_itself() {
        let parse = |words: &[&str]| {
            CommandLine::try_parse_from(["vipd", "config"].iter().chain(words)).map(|line| line.verb)
        };
        assert!(matches!(parse(&["-f", "/c"]), Ok(Verb::Config { file: Some(_), diff: false, .. })));
        for words in [&["--diff", "-f", "/c"][..], &["--diff", "--resolved"]] {
            assert_eq!(parse(words).unwrap_err().exit_code(), 2, "{words:?}");
        }
    }

    #[test]
    fn a_weight_needs_a_number() {
        let parse = |words: &[&str]| {
            CommandLine::try_parse_from(["vipd", "server", "a", "b"].iter().chain(words))
                .map(|line| line.verb)
        };
        let verb = parse(&["weight", "7", "--for", "1h"]).unwrap();
        assert!(
            matches!(verb, Verb::Server { set: ServerIntentKind::Weight, weight: Some(7), .. }),
            "{verb:?}"
        );
        assert!(parse(&["drain"]).is_ok());
        for words in [&["weight"][..], &["weight", "65536"], &["stop"]] {
            assert_eq!(parse(words).unwrap_err().exit_code(), 2, "{words:?}");
        }
    }

    #[test]
    fn a_wrong_word_is_an_error_with_status_2() {
        for words in [&["vipd", "status", "--want", "any"][..], &["vipd", "reload", "--confirm", "soon"]] {
            let error = CommandLine::try_parse_from(words).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{words:?}");
        }
    }
}
