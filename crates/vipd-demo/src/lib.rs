//! The demonstrations: stories told with real daemons, the real kernel and the protocols' real timers, in
//! namespaces of this process.
//!
//! `vipd demo` is [`main`], and only that program may call it: the program that runs is both the default daemon and, as
//! `demo --stand-in`, the service behind the address.
//!
//! Each shows live what happens, prints the measured times beside those that were promised, and writes the timeline
//! as a picture. The exit code says whether the promises were kept.
//!
//! `vrrp` tells of an address that two routers keep alive, `lvs` of web servers behind two load balancers.

mod actor;
mod live;
mod losses;
mod lvs;

mod options;
mod svg;
mod vrrp;

use std::process::ExitCode;
use std::time::Duration;

use options::{Options, Request, Story, USAGE};
use svg::Timeline;
use vip_lab::daemon::Program;

const MISBEHAVED: u8 = 1;
const WRONG_USE: u8 = 2;
const NOT_PERMITTED: u8 = 3;
const FAILED: u8 = 4;

/// Runs `vipd demo` with the arguments behind that word. Call it while the process has one thread.
///
/// The exit code is 0 if every promise was kept, 1 if not, 2 for wrong usage or an unusable configuration, 3 where
/// namespaces are not permitted or the kernel has no IPVS, 4 if the lab failed.
pub fn main(arguments: &[String]) -> ExitCode {
    match Request::parse(arguments) {
        Ok(Request::Story(options)) => run(&options).unwrap_or_else(|(code, message)| {
            eprintln!("vipd demo: {message}");
            ExitCode::from(code)
        }),
        Ok(Request::StandIn(arguments)) => vrrp::stand_in::main(&arguments),
        Ok(Request::Help) => {
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

/// The result of a story.
#[derive(Debug)]
struct StoryResult {
    /// The measured times beside the promised ones.
    text: String,
    timeline: Timeline,
    /// Whether every promise was kept.
    behaved: bool,
}

fn run(options: &Options) -> Result<ExitCode, Failure> {
    let program = program(options)?;
    let told = match options.story {
        Story::Vrrp => vrrp::tell(options, &program),
        Story::Lvs => lvs::tell(options, &program),
    }?;
    println!("\n{}", told.text);
    match std::fs::write(&options.svg, told.timeline.to_svg()) {
        Ok(()) => println!("timeline written to {}", options.svg.display()),
        Err(error) => eprintln!("vipd demo: cannot write {}: {error}", options.svg.display()),
    }
    Ok(if told.behaved { ExitCode::SUCCESS } else { ExitCode::from(MISBEHAVED) })
}

fn program(options: &Options) -> Result<Program, Failure> {
    if let Some(line) = &options.daemon {
        return Program::parse(line).ok_or_else(|| (WRONG_USE, "--daemon is empty".to_owned()));
    }
    let own = std::env::current_exe().map_err(|error| (FAILED, error.to_string()))?;
    Ok(Program::new(&own.to_string_lossy(), &["-n", "-l", "-D", "-f", "{conf}"]))
}

/// A duration as text, to the millisecond.
fn seconds(duration: Duration) -> String {
    format!("{:.3} s", duration.as_secs_f64())
}
