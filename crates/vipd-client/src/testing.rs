//! For tests of this folder.

use vipd_status::{ConfigState, Daemon, Status, Timestamp};

/// Of a daemon that has nothing to do.
pub(super) fn status() -> Status {
    let at = Timestamp::UNIX_EPOCH;
    let config = ConfigState {
        file: "/etc/keepalived/keepalived.conf".to_owned(),
        loaded: at,
        reloads: 0,
        last_reload: None,
        stale: false,
        confirm_until: None,
    };
    Status::new(at, Daemon { version: "0.1.0".to_owned(), pid: 7, start: at, config })
}
