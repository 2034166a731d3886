//! The demonstration: two routers and a client on a virtual LAN inside this machine, and what happens to an
//! address when the routers fail, leave and come back.
//!
//! Real daemons, the real kernel and the protocol's real timers, in namespaces of this process. It shows live who
//! holds the address and every packet the client loses, prints the measured times beside the protocol's theory
//! and writes the timeline as a picture. The exit code says whether the address behaved.

mod fitting;
mod live;
mod observe;
mod options;
mod report;
mod script_text;
mod setup;
mod stage;
mod stand_in;
mod story;
mod svg;
mod theory;

use std::process::ExitCode;

use crate::lab;
use crate::lab::daemon::Program;
use options::{Options, USAGE, Wish};
use setup::Setup;

const MISBEHAVED: u8 = 1;
const WRONG_USE: u8 = 2;
const NOT_PERMITTED: u8 = 3;
const FAILED: u8 = 4;

/// Runs `vipd demo` with the arguments behind that word. Call it while the process has one thread.
///
/// The exit code is 0 if the address behaved, 1 if it did not, 2 for wrong usage or an unusable configuration, 3
/// where namespaces are not permitted, 4 if the lab failed.
pub fn main(arguments: &[String]) -> ExitCode {
    match Wish::parse(arguments) {
        Ok(Wish::Story(options)) => run(&options).unwrap_or_else(|(code, message)| {
            eprintln!("vipd demo: {message}");
            ExitCode::from(code)
        }),
        Ok(Wish::StandIn(arguments)) => stand_in::main(&arguments),
        Ok(Wish::Help) => {
            print!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(message) => {
            eprint!("vipd demo: {message}\n\n{USAGE}");
            ExitCode::from(WRONG_USE)
        }
    }
}

/// An exit code and what to say.
type Failure = (u8, String);

fn run(options: &Options) -> Result<ExitCode, Failure> {
    let setup = setup(options)?;
    let program = program(options)?;
    lab::enter().map_err(|denied| (NOT_PERMITTED, denied.to_string()))?;
    for remark in &setup.remarks {
        println!("note: {remark}");
    }
    let subtitle = subtitle(options, &setup);
    println!("{subtitle}");
    let failed = |error: lab::LabError| (FAILED, format!("the lab failed: {error}"));
    let (report, timeline) = story::tell(&setup, &program, subtitle, options.verbose).map_err(failed)?;
    println!("\n{}", report.to_text());
    match std::fs::write(&options.svg, timeline.to_svg()) {
        Ok(()) => println!("timeline written to {}", options.svg.display()),
        Err(error) => eprintln!("vipd demo: cannot write {}: {error}", options.svg.display()),
    }
    Ok(if report.behaved() { ExitCode::SUCCESS } else { ExitCode::from(MISBEHAVED) })
}

fn setup(options: &Options) -> Result<Setup, Failure> {
    match &options.config {
        None => Ok(Setup::built_in(options.fast)),
        Some(paths) => fitting::fit_files(paths).map_err(|message| (WRONG_USE, message)),
    }
}

fn program(options: &Options) -> Result<Program, Failure> {
    if let Some(line) = &options.daemon {
        return Program::parse(line).ok_or_else(|| (WRONG_USE, "--daemon is empty".to_owned()));
    }
    let own = std::env::current_exe().map_err(|error| (FAILED, error.to_string()))?;
    Ok(Program::new(&own.to_string_lossy(), &["-n", "-l", "-D", "-f", "{conf}"]))
}

fn subtitle(options: &Options, setup: &Setup) -> String {
    let daemon = options.daemon.as_deref().and_then(|line| line.split_whitespace().next()).unwrap_or("vipd");
    format!(
        "{daemon}: routers A and B keep {} alive, adverts every {} s",
        setup.target,
        setup.interval.as_secs_f64()
    )
}
