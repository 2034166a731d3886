//! Clients of the web process that say anything, in any cut: each request is answered or refused, nothing grows without
//! bound, and silence ends every connection.

#![no_main]

use std::time::{Duration, Instant};

use libfuzzer_sys::fuzz_target;
use vipd_status::{ConfigState, Daemon, Instance, Status, Timestamp};
use vipd_web::{Access, Server, Site};

fuzz_target!(|data: &[u8]| {
    let Some((&cut, bytes)) = data.split_first() else { return };
    let mut now = Instant::now();
    let token = (cut & 1 == 1).then_some(&b"s3cret"[..]);
    let mut server = Server::new(now, Site::new("router-a", 1), Access::new(token, []));
    let Some(id) = server.accept(now) else { return };
    for piece in bytes.chunks(usize::from(cut / 2).max(1)) {
        if !server.wants_input(id) {
            break;
        }
        server.handle_input(now, id, piece);
        if server.poll_demand(now) {
            server.handle_status(now, status());
        }
        for _ in 0..64 {
            let length = server.output(id).len();
            assert!(length < 1 << 20);
            if length == 0 {
                break;
            }
            let text = String::from_utf8_lossy(server.output(id)).into_owned();
            assert!(!text.contains("s3cret"));
            server.handle_sent(now, id, length);
        }
    }
    for _ in 0..10 {
        now += Duration::from_secs(30);
        server.handle_timeout(now);
    }
    assert!(server.is_done(id));
});

fn status() -> Status {
    let config = ConfigState {
        file: "/etc/keepalived/keepalived.conf".to_owned(),
        loaded: Timestamp::UNIX_EPOCH,
        reloads: 0,
        last_reload: None,
        stale: false,
        confirm_until: None,
    };
    let daemon = Daemon { version: "0.1.0".to_owned(), pid: 1, start: Timestamp::UNIX_EPOCH, config };
    let mut status = Status::new(Timestamp::UNIX_EPOCH, daemon);
    status.instances.push(Instance { name: "VI_1".to_owned(), ..Instance::default() });
    status
}
