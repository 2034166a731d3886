//! `garp_extra_if` and `vrrp_garp_extra_if`.

use std::time::Duration;

use crate::model::GarpElsewhere;

use super::arguments;
use super::reader::Entry;
use super::report::Report;
use super::value;

/// `[all] SECONDS`; an interval of 0 switches it off.
pub(super) fn garp_elsewhere(
    entry: &Entry<'_>,
    least: i64,
    report: &mut Report<'_>,
) -> Option<GarpElsewhere> {
    report.old_spelling(entry.keyword, entry.span());
    let words = entry.arguments();
    let all = words.first().is_some_and(|word| word.text == "all");
    let Some(seconds) = words.get(usize::from(all)) else {
        report.missing_argument(entry.keyword, entry.span());
        return None;
    };
    let Some(interval) =
        value::integer(seconds.text, least, A_DAY).ok().and_then(|number| u64::try_from(number).ok())
    else {
        arguments::not(entry, seconds, &format!("seconds from {least} to {A_DAY}"), report);
        return None;
    };
    if let Some(extra) = words.get(usize::from(all) + 1) {
        arguments::not(entry, extra, "`all` and seconds alone", report);
        return None;
    }
    Some(GarpElsewhere { interval: Duration::from_secs(interval), all })
}

const A_DAY: i64 = 86_400;
