//! Rules of ipvsadm, with arbitrary text.

#![allow(clippy::expect_used, reason = "tests fail by panicking")]

use ipvs_netlink::{Rules, Table};
use proptest::prelude::*;

/// A word that a rule may have, or one that it should not.
fn word() -> impl Strategy<Value = String> {
    let known = [
        "-A",
        "-E",
        "-D",
        "-a",
        "-e",
        "-d",
        "-C",
        "-t",
        "-u",
        "-f",
        "-6",
        "-s",
        "-p",
        "-M",
        "--pe",
        "-o",
        "-b",
        "-r",
        "-g",
        "-i",
        "-m",
        "-w",
        "-x",
        "-y",
        "--tun-type",
        "--tun-port",
        "--tun-csum",
        "--tun-remcsum",
        "rr",
        "sh",
        "mh",
        "sh-port",
        "flag-3",
        "sip",
        "gue",
        "gre",
        "10.0.0.1:80",
        "10.0.0.1",
        "[fd00::1]:80",
        "7",
        "0",
        "255.255.0.0",
        "64",
        "\n",
    ];
    prop_oneof![9 => prop::sample::select(known.to_vec()).prop_map(str::to_owned), 1 => "\\PC{0,8}"]
}

proptest! {
    #[test]
    fn valid_rules_are_written_back_alike_and_nothing_panics(words in prop::collection::vec(word(), 0..40)) {
        if let Ok(table) = words.join(" ").parse::<Table>() {
            let written = Rules(&table).to_string();
            prop_assert_eq!(written.parse::<Table>().expect("our own rules"), table);
        }
    }

    #[test]
    fn a_rule_of_every_option_is_written_back_alike(
        (port, weight, upper) in (any::<u16>(), 0..=i32::MAX as u32, any::<u32>()),
        kind in prop::sample::select(&["-m", "-g", "-i", "-i --tun-type gue --tun-port 9 --tun-csum"][..]),
        flags in prop::sample::select(&["", " -b flag-1", " -o", " -p 5", " -p 5 -M 255.0.0.0"][..]),
    ) {
        let text = format!(
            "-A -t 192.0.2.1:{port} -s rr{flags}\n-a -t 192.0.2.1:{port} -r 10.0.0.1 {kind} -w {weight} -x {upper}"
        );
        let table: Table = text.parse().expect("rules");
        prop_assert_eq!(Rules(&table).to_string().parse::<Table>().expect("our own rules"), table);
    }
}
