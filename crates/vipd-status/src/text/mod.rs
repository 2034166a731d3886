//! The status as text: what is wrong first, then tables.

mod bfd;
mod event;
mod headline;
mod instances;
mod neighbours;
mod services;
pub(crate) mod table;
mod trackers;

use jiff::tz::TimeZone;

pub use self::event::event;
pub use self::headline::headline;
pub(crate) use self::instances::host;
pub use self::neighbours::neighbours;
use self::table::Page;
pub(crate) use self::trackers::remark as tracker_remark;
use crate::{Problem, Status, problems};

/// Layout of text.
#[derive(Clone, Debug)]
pub struct Options {
    /// Columns of the terminal; less than 60 counts as 60.
    pub width: usize,
    /// Colours by ANSI sequences. Nothing is said by colour alone.
    pub colour: bool,
    /// Only what has this name: an instance, virtual address, group, tracker, virtual or real server.
    pub name: Option<String>,
    /// The zone that times are shown in.
    pub zone: TimeZone,
}

impl Default for Options {
    fn default() -> Self {
        Self { width: 80, colour: false, name: None, zone: TimeZone::UTC }
    }
}

/// The status as lines of text: one line about the daemon, one for each problem, a table of each kind of thing that is
/// there. With [`Options::name`], only what is about that; a sentence if nothing is.
pub fn status(status: &Status, options: &Options) -> String {
    let mut page = Page::new(options.width, options.colour);
    let Some(name) = &options.name else {
        let problems = problems(status);
        page.line(&headline::daemon(status, &problems, &options.zone));
        body(&mut page, status, &problems, options);
        return page.finish();
    };
    match status.about(name) {
        Some(about) => body(&mut page, &about, &problems(&about), options),
        None => page.line(&format!("nothing is named '{name}'")),
    }
    page.finish()
}

fn body(page: &mut Page, status: &Status, problems: &[Problem], options: &Options) {
    for problem in problems {
        headline::problem(page, problem, status.at, &options.zone);
    }
    instances::table(page, status);
    instances::groups(page, status);
    services::table(page, status);
    trackers::table(page, status);
    bfd::table(page, status);
}
