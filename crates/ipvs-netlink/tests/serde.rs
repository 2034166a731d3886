//! Tables as JSON.

#![cfg(feature = "serde")]

use ipvs_netlink::{Scheduler, Table};

#[test]
fn a_table_survives_json() {
    let text = "-A -t 192.0.2.1:80 -s mh -p 60 -M 255.255.255.0 --pe sip -b mh-port\n\
                -a -t 192.0.2.1:80 -r 10.0.0.1:80 -i -w 2 --tun-type gue --tun-port 6080 --tun-csum\n\
                -A -f 7 -6 -s rr";
    let table: Table = text.parse().expect("rules");
    let json = serde_json::to_string(&table).expect("JSON");
    assert_eq!(serde_json::from_str::<Table>(&json).expect("a table"), table);
}

#[test]
fn a_name_that_the_kernel_cannot_have_is_refused() {
    assert!(serde_json::from_str::<Scheduler>("\"../x\"").is_err());
    assert_eq!(serde_json::from_str::<Scheduler>("\"wlc\"").expect("a name"), Scheduler::WLC);
}
