//! The `vipd` program.

use std::ffi::{CStr, OsString};
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::ExitCode;

use privsep::{process, relocations};
use vipd::cli::{self, CalledAs, Request};
use vipd::{bfd, check, client, genhash, lvs, mailer, parent, paths, peers, vrrp, watcher, web};

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    let shown: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let rest = shown.get(2..).unwrap_or_default();
    let name = Path::new(shown.first().map_or("", String::as_str)).file_name();
    if name.is_some_and(|name| name == "genhash") {
        return genhash::main(words.into_iter().skip(1));
    }
    let request = match shown.get(1).map(String::as_str) {
        Some("worker") => return run_worker(rest),
        Some("mailer") => return run_child(c"vipd_mail", mailer::main),
        Some("watcher") => return run_child(c"vipd_watch", watcher::main),
        Some("web") => return run_child(c"vipd_web", web::main),
        Some("paths") => return run_child(c"vipd_paths", paths::main),
        Some("take-over") => return parent::try_main(rest),
        Some("demo") => return vipd_demo::main(rest),
        Some("genhash" | "-T" | "--genhash") => return genhash::main(words.into_iter().skip(2)),
        Some("check") => return peers::main(words.into_iter().skip(2)),
        Some(word) if vipd_verbs::is_verb(word) => return client::main(words, parent::READERS),
        _ => {
            let is_keepalived = name.is_some_and(|name| name == "keepalived");
            let called_as = if is_keepalived { CalledAs::Keepalived } else { CalledAs::Vipd };
            cli::parse(called_as, words.into_iter().skip(1))
        }
    };
    match request {
        Request::Run(options) => run(*options, &shown),
        // A reader that closed the pipe wants no more.
        Request::Print(text) => {
            let _ = io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Request::PrintError(text, status) => {
            let _ = io::stderr().write_all(text.as_bytes());
            ExitCode::from(status)
        }
    }
}

fn run(options: cli::Options, command_line: &[String]) -> ExitCode {
    let mut complaints = options.complaints.clone();
    if !options.operands.is_empty() {
        complaints.push(format!("Unexpected argument(s): {}", options.operands.join(" ")));
    }
    for complaint in complaints {
        let _ = writeln!(io::stderr(), "{complaint}");
    }
    if let Some(output) = &options.test {
        return check::main(&options, output.as_deref());
    }
    relocations::forget();
    parent::main(options, command_line)
}

/// `vipd worker ROLE`: how the parent starts other parts of itself.
fn run_worker(words: &[String]) -> ExitCode {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["vrrp"] => run_child(c"vipd_vrrp", vrrp::main),
        ["bfd"] => run_child(c"vipd_bfd", bfd::main),
        ["lvs"] => run_child(c"vipd_lvs", |socket| lvs::main(socket, false)),
        ["lvs", "dry-run"] => run_child(c"vipd_lvs", |socket| lvs::main(socket, true)),
        _ => run_child(c"vipd", |_| ExitCode::FAILURE),
    }
}

/// Runs a part of the daemon with the socket that the parent left for it.
fn run_child(name: &CStr, main: fn(OwnedFd) -> ExitCode) -> ExitCode {
    let Some(socket) = process::inherited_socket() else {
        let _ = writeln!(io::stderr(), "vipd: only vipd itself starts this");
        return ExitCode::FAILURE;
    };
    // `ps` and `top` tell them apart; execution through /proc left the name `exe`.
    let _ = nix::sys::prctl::set_name(name);
    relocations::forget();
    main(socket)
}
