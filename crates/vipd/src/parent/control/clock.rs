//! The wall clock, for what people read.

use vipd_status::Timestamp;

/// This moment, in milliseconds.
pub(in crate::parent) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}
