//! Every way to forward, and every scheduler, with clients that talk.

use std::net::SocketAddr;
use std::time::Duration;

use vip_lab::farm::NAT;

use crate::common::hosts::{KEEPALIVED, Maker};
use crate::common::lvs::{Balancers, ipvs_test};
use crate::stage::{
    Counters, GLOBAL, MAKERS, START, Talk, Talker, ask, count, expect_connections, one_director,
    own_addresses, shell,
};

/// A service of the test below.
struct Way {
    /// As `ipvsadm --stats` calls it.
    counted: &'static str,
    target: &'static str,
    client: &'static str,
    servers: [&'static str; 2],
    /// Its answers pass the director.
    returns: bool,
}

const WAYS: [Way; 8] = [
    Way {
        counted: "TCP 192.0.2.100:7001",
        target: "192.0.2.100:7001",
        client: "198.51.100.9",
        servers: ["10.0.0.11:7000", "10.0.0.12:7000"],
        returns: true,
    },
    Way {
        counted: "TCP 192.0.2.101:7000",
        target: "192.0.2.101:7000",
        client: "192.0.2.9",
        servers: ["192.0.2.11:7000", "192.0.2.12:7000"],
        returns: false,
    },
    Way {
        counted: "TCP 192.0.2.102:7000",
        target: "192.0.2.102:7000",
        client: "192.0.2.9",
        servers: ["192.0.2.11:7000", "192.0.2.12:7000"],
        returns: false,
    },
    Way {
        counted: "TCP 192.0.2.103:7000",
        target: "192.0.2.103:7000",
        client: "192.0.2.9",
        servers: ["192.0.2.11:7000", "192.0.2.12:7000"],
        returns: false,
    },
    Way {
        counted: "FWM 7",
        target: "192.0.2.104:7001",
        client: "198.51.100.9",
        servers: ["10.0.0.11:7000", "10.0.0.12:7000"],
        returns: true,
    },
    Way {
        counted: "TCP [2001:db8:1::100]:7001",
        target: "[2001:db8:1::100]:7001",
        client: "2001:db8:9::9",
        servers: ["[2001:db8:2::11]:7000", "[2001:db8:2::12]:7000"],
        returns: true,
    },
    Way {
        counted: "TCP [2001:db8:1::101]:7000",
        target: "[2001:db8:1::101]:7000",
        client: "2001:db8:1::9",
        servers: ["[2001:db8:1::11]:7000", "[2001:db8:1::12]:7000"],
        returns: false,
    },
    Way {
        counted: "TCP [2001:db8:1::102]:7000",
        target: "[2001:db8:1::102]:7000",
        client: "2001:db8:1::9",
        servers: ["[2001:db8:1::11]:7000", "[2001:db8:1::12]:7000"],
        returns: false,
    },
];

const METHODS: &str = "\
virtual_server 192.0.2.100 7001 {
  protocol TCP
  lvs_sched rr
  lvs_method NAT
  real_server 10.0.0.11 7000 { TCP_CHECK { connect_timeout 2 } }
  real_server 10.0.0.12 7000 { TCP_CHECK { connect_timeout 2 } }
}
virtual_server 192.0.2.100 7002 {
  protocol UDP
  lvs_sched rr
  lvs_method NAT
  real_server 10.0.0.11 7000 { }
  real_server 10.0.0.12 7000 { }
}
virtual_server 192.0.2.101 7000 {
  protocol TCP
  lvs_sched rr
  lvs_method DR
  real_server 192.0.2.11 7000 { }
  real_server 192.0.2.12 7000 { }
}
virtual_server 192.0.2.102 7000 {
  protocol TCP
  lvs_sched rr
  lvs_method TUN
  real_server 192.0.2.11 7000 { }
  real_server 192.0.2.12 7000 { }
}
virtual_server 192.0.2.103 7000 {
  protocol TCP
  lvs_sched rr
  lvs_method TUN type gue port 6080
  real_server 192.0.2.11 7000 { }
  real_server 192.0.2.12 7000 { }
}
virtual_server fwmark 7 {
  protocol TCP
  lvs_sched rr
  lvs_method NAT
  real_server 10.0.0.11 7000 { }
  real_server 10.0.0.12 7000 { }
}
virtual_server 2001:db8:1::100 7001 {
  protocol TCP
  lvs_sched rr
  lvs_method NAT
  real_server 2001:db8:2::11 7000 { TCP_CHECK { connect_timeout 2 } }
  real_server 2001:db8:2::12 7000 { TCP_CHECK { connect_timeout 2 } }
}
virtual_server 2001:db8:1::101 7000 {
  protocol TCP
  lvs_sched rr
  lvs_method DR
  real_server 2001:db8:1::11 7000 { }
  real_server 2001:db8:1::12 7000 { }
}
virtual_server 2001:db8:1::102 7000 {
  protocol TCP
  lvs_sched rr
  lvs_method TUN
  real_server 2001:db8:1::11 7000 { }
  real_server 2001:db8:1::12 7000 { }
}
";

/// The same as `ipvsadm` saves it.
const METHODS_SAVED: &str = "\
-A -f 7 -s rr
-a -f 7 -r 10.0.0.11:7000 -m -w 1
-a -f 7 -r 10.0.0.12:7000 -m -w 1
-A -t 192.0.2.100:7001 -s rr
-a -t 192.0.2.100:7001 -r 10.0.0.11:7000 -m -w 1
-a -t 192.0.2.100:7001 -r 10.0.0.12:7000 -m -w 1
-A -u 192.0.2.100:7002 -s rr
-a -u 192.0.2.100:7002 -r 10.0.0.11:7000 -m -w 1
-a -u 192.0.2.100:7002 -r 10.0.0.12:7000 -m -w 1
-A -t 192.0.2.101:7000 -s rr
-a -t 192.0.2.101:7000 -r 192.0.2.11:7000 -g -w 1
-a -t 192.0.2.101:7000 -r 192.0.2.12:7000 -g -w 1
-A -t 192.0.2.102:7000 -s rr
-a -t 192.0.2.102:7000 -r 192.0.2.11:7000 -i -w 1 --tun-type ipip
-a -t 192.0.2.102:7000 -r 192.0.2.12:7000 -i -w 1 --tun-type ipip
-A -t 192.0.2.103:7000 -s rr
-a -t 192.0.2.103:7000 -r 192.0.2.11:7000 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 192.0.2.103:7000 -r 192.0.2.12:7000 -i -w 1 --tun-type gue --tun-port 6080 --tun-nocsum
-A -t [2001:db8:1::100]:7001 -s rr
-a -t [2001:db8:1::100]:7001 -r [2001:db8:2::11]:7000 -m -w 1
-a -t [2001:db8:1::100]:7001 -r [2001:db8:2::12]:7000 -m -w 1
-A -t [2001:db8:1::101]:7000 -s rr
-a -t [2001:db8:1::101]:7000 -r [2001:db8:1::11]:7000 -g -w 1
-a -t [2001:db8:1::101]:7000 -r [2001:db8:1::12]:7000 -g -w 1
-A -t [2001:db8:1::102]:7000 -s rr
-a -t [2001:db8:1::102]:7000 -r [2001:db8:1::11]:7000 -i -w 1 --tun-type ipip
-a -t [2001:db8:1::102]:7000 -r [2001:db8:1::12]:7000 -i -w 1 --tun-type ipip
";

#[test]
#[ignore = "needs a kernel with IPVS: cargo xtask vm"]
fn every_way_to_forward_reaches_both_servers_in_turn() {
    ipvs_test("traffic::every_way_to_forward_reaches_both_servers_in_turn", &[KEEPALIVED], || {
        for maker in MAKERS {
            let (mut lab, _talkers) = stage_of_all_ways(maker);
            lab.start(&[GLOBAL, METHODS].concat());
            lab.expect_tables("start", START, &lines(METHODS_SAVED));
            let _talks: Vec<Talk> = WAYS.iter().flat_map(|way| four_talks(&lab, way)).collect();
            four_datagrams(&lab);
            expect_counted(&lab);
        }
    });
}

/// Four connections go to both servers in turn.
fn four_talks(lab: &Balancers, way: &Way) -> Vec<Talk> {
    let (client, target) = (way.client.parse().unwrap(), way.target.parse().unwrap());
    let talk = || {
        let mut talk = Talk::open(&lab.farm.client, client, target)?;
        talk.say("hello", Duration::from_secs(3))?;
        Ok::<_, std::io::Error>(talk)
    };
    let talks: Result<Vec<Talk>, _> = (0..4).map(|_| talk()).collect();
    let talks = talks.unwrap_or_else(|error| panic!("{}: {error}", way.counted));
    let who = count(talks.iter().map(|talk| talk.with.as_str()));
    assert_eq!(who, [("s1", 2), ("s2", 2)].into(), "{}", way.counted);
    talks
}

fn four_datagrams(lab: &Balancers) {
    let target = SocketAddr::new(NAT.address, 7002);
    let names: Vec<String> = (0..4).map(|_| ask(&lab.farm.client, NAT.client, target).unwrap()).collect();
    assert_eq!(count(names.iter().map(String::as_str)), [("s1", 2), ("s2", 2)].into());
}

/// The kernel counted what the clients did.
fn expect_counted(lab: &Balancers) {
    let of_way = |way: &Way| {
        let servers = way.servers.map(|server| (format!("{} > {server}", way.counted), 2));
        std::iter::once((way.counted.to_owned(), 4)).chain(servers)
    };
    let datagrams = ("UDP 192.0.2.100:7002".to_owned(), 4);
    let expected: Vec<_> = WAYS.iter().flat_map(of_way).chain([datagrams]).collect();
    let counters = expect_connections(&lab.directors[0], &expected);
    for way in &WAYS {
        let Counters { packets_in, packets_out, .. } = counters[way.counted];
        // SYN, the ACK of the handshake, the word: at least.
        assert!(packets_in >= 4 * 3, "{}: {packets_in}", way.counted);
        assert_eq!(packets_out > 0, way.returns, "{}", way.counted);
    }
}

/// A director with all virtual addresses, and servers that take what comes by each way.
fn stage_of_all_ways(maker: Maker) -> (Balancers, Vec<Talker>) {
    let (lab, talkers) = one_director(maker);
    let director = &lab.directors[0];
    own_addresses(
        director,
        &[
            "192.0.2.100/32%eth0",
            "192.0.2.101/32%eth0",
            "192.0.2.102/32%eth0",
            "192.0.2.103/32%eth0",
            "192.0.2.104/32%eth0",
            "10.0.0.1/24%eth1",
            "2001:db8:1::1/64%eth0",
            "2001:db8:1::100/128%eth0",
            "2001:db8:1::101/128%eth0",
            "2001:db8:1::102/128%eth0",
            "2001:db8:2::1/64%eth1",
        ],
    );
    shell(
        &director.host,
        "echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
         ip -6 route add 2001:db8:9::/64 dev eth0
         tc qdisc add dev eth0 ingress
         tc filter add dev eth0 parent ffff: protocol ip u32 match ip dst 192.0.2.104/32 action skbedit mark 7",
    );
    for server in &lab.farm.servers {
        let last = match server.host.name() {
            "s1" => 11,
            "s2" => 12,
            _ => 10,
        };
        shell(
            &server.host,
            &format!(
                "modprobe -a ipip ip6_tunnel fou
                 ip link set tunl0 up
                 ip link set ip6tnl0 up
                 ip fou add port 6080 gue
                 for interface in all tunl0; do echo 0 > /proc/sys/net/ipv4/conf/$interface/rp_filter; done
                 ip addr add 192.0.2.102/32 dev tunl0
                 ip addr add 192.0.2.103/32 dev tunl0
                 ip addr add 2001:db8:1::{last}/64 dev eth0 nodad
                 ip addr add 2001:db8:2::{last}/64 dev eth1 nodad
                 ip addr add 2001:db8:1::101/128 dev lo nodad
                 ip addr add 2001:db8:1::102/128 dev lo nodad
                 ip -6 route add default via 2001:db8:2::1"
            ),
        );
    }
    shell(
        &lab.farm.client,
        "ip addr add 2001:db8:1::9/64 dev eth0 nodad
         ip addr add 2001:db8:9::9/64 dev eth0 nodad",
    );
    (lab, talkers)
}

/// The lines of a text.
fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}
