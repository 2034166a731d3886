//! Rules of ipvsadm and lines of the connection table: nothing panics, and what was understood is written back alike.

#![no_main]

use ipvs_netlink::proc::Connections;
use ipvs_netlink::{Rules, Table};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for connection in Connections::new(data).take(100) {
        drop(connection);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(table) = text.parse::<Table>() {
        let written = Rules(&table).to_string();
        let read: Table = written.parse().expect("our own rules");
        assert_eq!(read, table, "{written}");
    }
});
