use super::*;

/// As Debian's ipvsadm 1.31 saved it, one service for each kind; the thresholds were added.
const SAVED: &str = "\
-A -t 192.0.2.1:80 -s wlc -p 360 -M 255.255.255.0
-a -t 192.0.2.1:80 -r 10.0.0.1:8080 -m -w 3 -x 100 -y 50
-a -t 192.0.2.1:80 -r 10.0.0.2:80 -g -w 1
-a -t 192.0.2.1:80 -r 10.0.0.3:80 -i -w 1 --tun-type ipip
-a -t 192.0.2.1:80 -r 10.0.0.5:80 -i -w 1 --tun-type gre --tun-csum
-a -t 192.0.2.1:80 -r 10.0.0.6:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 192.0.2.1:80 -r 10.0.0.7:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 192.0.2.1:80 -r [fd00::5]:80 -i -w 1 --tun-type ipip
-A -t 192.0.2.1:81 -s mh -b mh-fallback,mh-port
-A -t 192.0.2.1:82 -s rr -b flag-1,flag-3
-A -t [fd00::99]:443 -s rr
-a -t [fd00::99]:443 -r 10.0.0.1:443 -i -w 0 --tun-type ipip
-a -t [fd00::99]:443 -r [fd00::1]:443 -g -w 0
-A -u 192.0.2.1:53 -s sh -o -b sh-fallback,sh-port
-A -u 192.0.2.1:54 -s rr -o
-A -u 192.0.2.1:5060 -s rr -p 100 --pe sip
-A --sctp-service 192.0.2.1:99 -s rr
-A -f 7 -s rr
-A -f 8 -6 -s rr -p 50 -M 64";

fn change(rule: &str) -> Change {
    rule.parse().unwrap_or_else(|error| panic!("{rule}: {error}"))
}

#[test]
fn rules_saved_by_ipvsadm_are_read_and_written_back_alike() {
    let table: Table = SAVED.parse().unwrap();
    assert_eq!(table.len(), 10);
    assert_eq!(Rules(&table).to_string(), SAVED);
}

#[test]
fn a_rule_of_each_kind_is_the_change_that_it_makes() {
    for (rule, expected) in [
        ("-A -t 192.0.2.1:80", "add service [192.0.2.1]:tcp:80 wlc"),
        (
            "--edit-service --udp-service=192.0.2.1:53 --scheduler=rr -o",
            "set service [192.0.2.1]:udp:53 rr ops",
        ),
        ("-A -f 3 -s rr -p -M 255.255.255.0", "add service FWM 3 rr persistent 300s /24"),
        ("-A -f 3 -s rr -p 20 -M 0.0.0.0", "add service FWM 3 rr persistent 20s /0"),
        ("-D -t [2001:db8::1]:80", "remove service [2001:db8::1]:tcp:80"),
        ("-a -f 3 -r 10.0.0.1", "add destination 10.0.0.1:0 DR weight 1 of FWM 3"),
        (
            "-e -t 192.0.2.1:80 -r 10.0.0.1 -m -w 7",
            "set destination 10.0.0.1:80 NAT weight 7 of [192.0.2.1]:tcp:80",
        ),
        ("-d -t 192.0.2.1:80 -r 10.0.0.1:81", "remove destination 10.0.0.1:81 of [192.0.2.1]:tcp:80"),
    ] {
        let change = change(rule);
        assert_eq!(change.to_string(), expected, "{rule}");
        assert_eq!(self::change(&Rules(&change).to_string()), change, "{rule}");
    }
}

#[test]
fn a_wrong_rule_is_refused_with_its_reason() {
    for (rule, expected) in [
        ("-L -n", "`-L` is no command that changes the table"),
        ("-A -s rr", "the rule names no service"),
        ("-a -t 192.0.2.1:80", "the rule names no real server"),
        ("-A -t www:http", "`-t` takes an address and a port, not `www:http`"),
        ("-A -t 192.0.2.1:80 -w 1", "unknown option `-w`"),
        ("-A -t 192.0.2.1:80 -s", "`-s` takes a scheduler, not ``"),
        ("-A -t 192.0.2.1:80 -b sh-port", "`-b` takes switches of the scheduler, not `sh-port`"),
        ("-A -t 192.0.2.1:80 -p -M 255.0.255", "`-M` takes a netmask or prefix length, not `255.0.255`"),
        ("-A -f 0", "`-f` takes a mark above 0, not `0`"),
        ("-a -f 1 -r 10.0.0.1 -w 2147483648", "`-w` takes a weight from 0 to 2147483647, not `2147483648`"),
        ("-a -f 1 -r 10.0.0.1 -g=1", "unknown option `-g=1`"),
        ("-a -f 1 -r 10.0.0.1 --ipip=1", "unknown option `--ipip`"),
        ("", "`` is no command that changes the table"),
    ] {
        assert_eq!(rule.parse::<Change>().unwrap_err().to_string(), expected, "{rule}");
    }
}

#[test]
fn a_wrong_line_is_named() {
    let error = "# saved\n\n-A -f 1 -s rr\n-a -f 2 -r 10.0.0.1\n".parse::<Table>().unwrap_err();
    assert_eq!(error.to_string(), "line 4: no earlier rule adds FWM 2");
}

#[test]
fn clear_empties_the_table() {
    let table: Table = "-A -f 1 -s rr\n-C\n-A -f 2 -s rr".parse().unwrap();
    assert_eq!(Rules(&table).to_string(), "-A -f 2 -s rr");
}

#[test]
fn a_mask_whose_ones_do_not_lead_is_kept() {
    for rule in
        ["-A -t 192.0.2.1:80 -s rr -p 300 -M 255.0.255.0", "-A -t 192.0.2.1:80 -s rr -p 300 -M 0.0.0.24"]
    {
        let table: Table = rule.parse().unwrap();
        assert_eq!(Rules(&table).to_string().trim_end(), rule);
    }
}
