//! `vipd doctor` on a real kernel: each thing that hurts is found while it is there, and not before or after.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::hosts::shell_in;
use common::{lab_test, skip};
use vip_lab::{Host, Lab};

const FILE: &str = "/etc/keepalived/keepalived.conf";

/// A machine with `eth0` that runs no daemon, and an instance there with these lines.
fn machine(lines: &str) -> (Lab, Host) {
    let mut lab = Lab::new().unwrap();
    let host = lab.host("a", "eth0", &["192.0.2.1/24".parse().unwrap()]).unwrap();
    host.private_directory("/etc/keepalived").unwrap();
    configure(&host, lines);
    (lab, host)
}

fn configure(host: &Host, lines: &str) {
    let interface = if lines.contains("interface") { "" } else { "interface eth0\n" };
    let text = format!(
        "global_defs {{\nscript_user root\n}}\nvrrp_script S {{\nscript /etc/keepalived/check.sh\n}}\n\
         vrrp_instance V {{\n{interface}virtual_router_id 51\n{lines}\nvirtual_ipaddress {{\n192.0.2.100/24\n}}\n\
         track_script {{\nS\n}}\n}}\n"
    );
    host.write_file(FILE, text).unwrap();
    host.write_file("/etc/keepalived/check.sh", "#!/bin/sh\n").unwrap();
    shell_in(host, "chmod 755 /etc/keepalived /etc/keepalived/check.sh");
}

/// The words of the doctor, and its exit status at the end.
fn doctor(host: &Host, options: &str) -> String {
    let program = env!("CARGO_BIN_EXE_vipd");
    shell_in(
        host,
        &format!("{program} doctor -f {FILE} --socket /no/such/socket {options} 2>&1; echo status $?"),
    )
}

#[track_caller]
fn finds(host: &Host, code: &str, spoil: &str, mend: &str) {
    let before = doctor(host, "");
    assert!(!before.contains(code), "{before}");
    let spoilt = shell_in(host, &format!("{spoil} 2>&1"));
    let found = doctor(host, "");
    assert!(found.contains(&format!("[{code}]")), "{spoil}: {spoilt}\n{found}");
    let severe = if found.contains("error[") { "status 6" } else { "status 5" };
    assert!(found.ends_with(severe), "{found}");
    let mended = shell_in(host, &format!("{mend} 2>&1"));
    let after = doctor(host, "");
    assert!(!after.contains(code), "{mend}: {mended}\n{after}");
}

#[test]
fn multicast_that_is_off_and_an_interface_that_is_down_or_missing_are_found() {
    lab_test("multicast_that_is_off_and_an_interface_that_is_down_or_missing_are_found", &[], || {
        let (_lab, host) = machine("");
        let up = "ip link set eth0 up; for i in $(seq 100); do ip link show eth0 | grep -q LOWER_UP && break; sleep 0.1; done";
        finds(&host, "multicast-off", "ip link set eth0 multicast off", "ip link set eth0 multicast on");
        finds(&host, "interface-down", "ip link set eth0 down", up);
    });
}

#[test]
fn an_interface_that_is_not_there_is_found() {
    lab_test("an_interface_that_is_not_there_is_found", &[], || {
        let (_lab, host) = machine("interface eth9");
        let found = doctor(&host, "");
        assert!(found.contains("error[interface-missing]: eth9: ") && found.ends_with("status 6"), "{found}");
        let json = doctor(&host, "--json");
        assert!(json.starts_with("{\"v\":1,\"is\":\"doctor\",\"findings\":["), "{json}");
        assert!(json.contains("\"code\":\"interface-missing\"") && json.ends_with("status 6"), "{json}");
    });
}

#[test]
fn a_packet_filter_that_drops_adverts_is_found() {
    let name = "a_packet_filter_that_drops_adverts_is_found";
    lab_test(name, &["/usr/sbin/nft"], || {
        let (_lab, host) = machine("");
        if shell_in(&host, "nft add table inet t && nft -j list ruleset | grep -c nftables") != "1" {
            return skip(name, "nft does not work in this namespace");
        }
        let chain = "nft add chain inet t in '{ type filter hook input priority 0; policy accept; }'";
        let flush = "nft flush ruleset";
        let code = "firewall-drops-vrrp";
        finds(&host, code, &format!("{chain}; nft add rule inet t in ip protocol 112 drop"), flush);
        let rest = "nft add rule inet t in ct state established,related accept; nft add rule inet t in tcp dport 22 accept";
        let closed = chain.replace("policy accept", "policy drop");
        finds(&host, code, &format!("nft add table inet t; {closed}; {rest}"), flush);
        let out = "nft add chain inet t out '{ type filter hook output priority 0; policy accept; }'";
        let group = "nft add rule inet t out ip daddr 224.0.0.0/24 reject";
        finds(&host, code, &format!("nft add table inet t; {out}; {group}"), flush);
        // One that lets them pass is none.
        shell_in(
            &host,
            &format!("nft add table inet t; {closed}; nft add rule inet t in ip protocol vrrp accept"),
        );
        let open = doctor(&host, "");
        assert!(!open.contains("firewall"), "{open}");
    });
}

#[test]
fn strict_reverse_path_filtering_with_an_asymmetric_route_is_found() {
    lab_test("strict_reverse_path_filtering_with_an_asymmetric_route_is_found", &[], || {
        let (_lab, host) = machine("unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n}");
        shell_in(
            &host,
            "ip link add eth1 type veth peer name eth2; ip link set eth2 up; ip link set eth1 up; \
             ip address add 198.51.100.1/24 dev eth1; ip route add 192.0.2.2/32 dev eth1; \
             echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter; echo 0 > /proc/sys/net/ipv4/conf/eth0/rp_filter",
        );
        let set = |value: u8| format!("echo {value} > /proc/sys/net/ipv4/conf/eth0/rp_filter");
        finds(&host, "rp-filter-strict", &set(1), &set(2));
        shell_in(&host, &set(1));
        shell_in(&host, "ip route del 192.0.2.2/32 dev eth1");
        let symmetric = doctor(&host, "");
        assert!(!symmetric.contains("rp-filter-strict"), "{symmetric}");
    });
}

#[test]
fn a_script_that_anybody_can_change_is_found() {
    lab_test("a_script_that_anybody_can_change_is_found", &[], || {
        let (_lab, host) = machine("");
        let path = "/etc/keepalived/check.sh";
        finds(&host, "script-rights", &format!("chmod 777 {path}"), &format!("chmod 755 {path}"));
        finds(&host, "script-not-runnable", &format!("chmod 644 {path}"), &format!("chmod 755 {path}"));
    });
}
