//! The story of a web service: two directors, two real servers and a client, and what happens to the answers when
//! servers and directors fail and come back.

mod observe;
mod pace;
mod picture;
mod promise;
mod report;
mod stage;
mod story;

use super::options::Options;
use super::{FAILED, Failure, NOT_PERMITTED, StoryResult};
use pace::Pace;
use vip_lab::LabError;
use vip_lab::daemon::Program;
use vip_lab::table::kernel_has_ipvs;

/// Tells the story.
pub(super) fn tell(options: &Options, program: &Program) -> Result<StoryResult, Failure> {
    if !kernel_has_ipvs() {
        return Err((NOT_PERMITTED, NO_IPVS.to_owned()));
    }
    vip_lab::enter().map_err(|denied| (NOT_PERMITTED, denied.to_string()))?;
    let pace = Pace::new(options.fast);
    let subtitle = format!(
        "{}: directors A and B in front of s1 and s2, adverts every {} s, checks every {} s",
        options.daemon_name(),
        pace.interval.as_secs_f64(),
        pace.delay_loop.as_secs_f64()
    );
    println!("{subtitle}");
    let failed = |error: LabError| (FAILED, format!("the lab failed: {error}"));
    let (report, timeline) = story::tell(pace, program, subtitle, options).map_err(failed)?;
    Ok(StoryResult { text: report.to_text(), timeline, behaved: report.behaved() })
}

const NO_IPVS: &str = "this kernel has no IPVS (module ip_vs; loading it takes root)
  to see it on one that has, from the project's folder: cargo xtask vm --rw . -- target/release/vipd demo lvs --live";
