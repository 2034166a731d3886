//! An ordinary user can make a laboratory in a user namespace. Runs without the test harness, whose threads are in
//! the way.

#![allow(clippy::unwrap_used, reason = "the whole program is a test")]

mod support;

use vrrp_linux::announce::Announcer;
use vrrp_linux::links::LinkCommands;
use vrrp_linux::namespace::{Namespace, become_root_in_new_user_namespace};

fn main() {
    if let Err(reason) = become_root_in_new_user_namespace() {
        support::skipped(&format!("no user namespace: {reason}"));
        return;
    }
    let mut links = LinkCommands::open().unwrap();
    assert_eq!(links.index_of("lo").unwrap(), 1);
    let bridge = links.create_bridge("lan0").unwrap();
    links.add_address(bridge, "192.0.2.1/24".parse().unwrap()).unwrap();
    Announcer::open().unwrap();
    Namespace::create().unwrap().run(|| support::wire("left", "right")).unwrap();
    println!("test an_ordinary_user_can_make_a_laboratory ... ok");
}
