//! The story of an address: two routers and a client on a virtual LAN, and what happens to the address when the
//! routers fail, leave and come back.

mod fitting;
mod observe;
mod picture;
mod report;
mod script_text;
mod setup;
mod stage;
mod story;
mod theory;

pub(super) mod stand_in;

use super::options::Options;
use super::{FAILED, Failure, NOT_PERMITTED, StoryResult, WRONG_USE};
use setup::Setup;
use vip_lab::daemon::Program;

/// Tells the story with the built-in pair, or with the user's own.
pub(super) fn tell(options: &Options, program: &Program) -> Result<StoryResult, Failure> {
    let setup = setup(options)?;
    vip_lab::enter().map_err(|denied| (NOT_PERMITTED, denied.to_string()))?;
    for remark in &setup.remarks {
        println!("note: {remark}");
    }
    let subtitle = subtitle(options, &setup);
    println!("{subtitle}");
    let failed = |error: vip_lab::LabError| (FAILED, format!("the lab failed: {error}"));
    let (report, timeline) = story::tell(&setup, program, subtitle, options).map_err(failed)?;
    Ok(StoryResult { text: report.to_text(), timeline, behaved: report.behaved() })
}

fn setup(options: &Options) -> Result<Setup, Failure> {
    match &options.config {
        None => Ok(Setup::built_in(options.fast)),
        Some(paths) => fitting::fit_files(paths).map_err(|message| (WRONG_USE, message)),
    }
}

fn subtitle(options: &Options, setup: &Setup) -> String {
    format!(
        "{}: routers A and B keep {} alive, adverts every {} s",
        options.daemon_name(),
        setup.target,
        setup.interval.as_secs_f64()
    )
}
