//! Configurations as people have them, from an old keepalived: they do what their author meant.
//!
//! The files are run as they are, but for the delays.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use vip_lab::visitor::visit;
use vip_lab::web::WebServer;

use crate::common::eventually;
use crate::common::hosts::{KEEPALIVED, Maker};
use crate::common::lvs::{Balancers, ipvs_test};
use crate::stage::{MAKERS, NOTICE, START, shell};

/// Direct routing, checked by asking for a page, in an instance that watches its interface and a file.
const HTTP_GET: &str = include_str!("../data/lvs-http-get.conf");

/// The same service, checked by connecting, with a sorry server on the director and a keyword that never existed.
const TCP_CHECK: &str = include_str!("../data/lvs-tcp-check.conf");

/// Longest time until the only router of a group is MASTER: three adverts of a second and the skew.
const MASTER: Duration = Duration::from_secs(4);

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn an_old_file_with_http_checks_uses_the_live_servers() {
    ipvs_test("field::an_old_file_with_http_checks_uses_the_live_servers", &[KEEPALIVED], || {
        for maker in MAKERS {
            let mut lab = stage(maker);
            lab.start(&hurried(HTTP_GET));
            lab.expect_tables("start", START, &table(50, &["172.16.100.11", "172.16.100.12"]));
            serves_who_is_alive(&mut lab, 50);

            lab.open_only(&[]);
            lab.expect_tables("nobody", NOTICE, &table(50, &[]));
            let refused = Err(std::io::ErrorKind::ConnectionRefused);
            eventually("nobody answers", NOTICE, || asked(&lab) == refused);
        }
    });
}

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn an_unknown_keyword_costs_a_line_in_the_log_and_no_server() {
    ipvs_test("field::an_unknown_keyword_costs_a_line_in_the_log_and_no_server", &[KEEPALIVED], || {
        for maker in MAKERS {
            let mut lab = stage(maker);
            let (instance, _) = HTTP_GET.split_once("virtual_server").unwrap();
            lab.start(&hurried(&[instance, TCP_CHECK].concat()));
            lab.expect_tables("start", START, &table(300, &["172.16.100.11", "172.16.100.12"]));
            match maker {
                Maker::Keepalived => lab.directors[0].expect_log("Unknown keyword 'tcp_port'", START),
                Maker::Vipd => {
                    lab.directors[0].expect_log("`tcp_port` never existed; `connect_port` is meant", START);
                }
            }
            serves_who_is_alive(&mut lab, 300);

            // The sorry server is the director itself.
            let any = SocketAddr::new(IpAddr::from([0, 0, 0, 0]), 80);
            let _sorry = WebServer::start(&lab.directors[0].host, any, "sorry").unwrap();
            lab.open_only(&[]);
            lab.expect_tables("nobody but the sorry server", NOTICE, &table(300, &["127.0.0.1"]));
            eventually("sorry", NOTICE, || asked(&lab).as_deref() == Ok("sorry"));
            lab.open_only(&["s1", "s2"]);
            lab.expect_tables("both back", NOTICE, &table(300, &["172.16.100.11", "172.16.100.12"]));
        }
    });
}

/// One client is always led to the same server, until that dies.
fn serves_who_is_alive(lab: &mut Balancers, persistence: u32) {
    eventually("the address serves", MASTER, || asked(lab).is_ok());
    let first = asked(lab).unwrap();
    assert_eq!(asked(lab).as_ref(), Ok(&first), "persistent");
    let (other, address) = if first == "s1" { ("s2", "172.16.100.12") } else { ("s1", "172.16.100.11") };
    lab.open_only(&[other]);
    lab.expect_tables("one died", NOTICE, &table(persistence, &[address]));
    eventually("the other serves", NOTICE, || asked(lab).as_deref() == Ok(other));
    lab.open_only(&["s1", "s2"]);
    lab.expect_tables("it is back", NOTICE, &table(persistence, &["172.16.100.11", "172.16.100.12"]));
}

fn asked(lab: &Balancers) -> Result<String, std::io::ErrorKind> {
    let ask = || visit(IpAddr::from([172, 16, 100, 9]), SocketAddr::new(IpAddr::from([172, 16, 100, 1]), 80));
    lab.farm.client.run(ask).unwrap().page
}

fn table(persistence: u32, servers: &[&str]) -> Vec<String> {
    let head = format!("-A -t 172.16.100.1:80 -s rr -p {persistence}");
    let server = |server: &&str| format!("-a -t 172.16.100.1:80 -r {server}:80 -g -w 1");
    std::iter::once(head).chain(servers.iter().map(server)).collect()
}

/// The same file, with the delays of a test.
fn hurried(text: &str) -> String {
    text.replace("delay_loop 6", "delay_loop 0.5").replace("delay_before_retry 3", "delay_before_retry 0.2")
}

/// A director, servers and a client with the addresses of these files.
fn stage(maker: Maker) -> Balancers {
    let lab = Balancers::new(&[maker]);
    shell(&lab.directors[0].host, "ip addr add 172.16.100.2/16 dev eth0");
    for (server, last) in lab.farm.servers.iter().zip([11, 12, 10]) {
        shell(
            &server.host,
            &format!("ip addr add 172.16.100.{last}/16 dev eth0\nip addr add 172.16.100.1/32 dev lo"),
        );
    }
    shell(&lab.farm.client, "ip addr add 172.16.100.9/16 dev eth0");
    lab
}
