//! The state files as exporters and scripts read them.

use std::net::Ipv4Addr;

use vrrp_election::{Fact, Instant, LinkState, ScriptResult};

use super::*;
use crate::ipc::Generation;
use crate::plan::{Observe, WatchedFact};

const FILE: &str = "global_defs {
    router_id here
}
vrrp_script S {
    script \"/bin/check one\"
    interval 3
    user root
}
vrrp_instance V {
    state BACKUP
    interface eth0
    version 2
    virtual_router_id 51
    priority 150
    preempt_delay 2.5
    authentication {
        auth_type PASS
        auth_pass hidden
    }
    virtual_ipaddress {
        192.0.2.100/24 label eth0:v
        192.0.2.101 dev eth1
    }
    virtual_ipaddress_excluded {
        198.51.100.1 scope link
    }
    track_interface {
        eth2 weight -5
    }
    track_script {
        S weight 7
    }
    notify_master \"/bin/notify master\" root
}
";

struct Fine;

impl Observe for Fine {
    fn link(&self, _: &str) -> LinkState {
        LinkState { up: true, ipv4: Some(Ipv4Addr::new(192, 0, 2, 1)), ipv6: None }
    }

    fn fact(&self, _: &WatchedFact) -> Fact {
        Fact::Up
    }
}

/// The state file of a router that has become Active, after 1 rejected packet of the first kind, 2 of the second, and
/// so on.
fn shown(kind: DumpKind) -> String {
    let plan = Plan::new(Generation::default(), keepalived_conf::load_str(FILE).config);
    let mut node = Node::new(Instant::ZERO, plan.node_config(&Fine));
    node.handle_timeout(Instant::ZERO);
    node.handle_script(Instant::ZERO, ScriptId(0), ScriptResult::Passed);
    while node.standing(RouterId(0)) != Some(Standing::Active) {
        while node.poll_action().is_some() {}
        node.handle_timeout(node.poll_timeout().unwrap());
    }
    let mut record = Record::default();
    record.last_transition = Duration::from_millis(1_500);
    for (count, counter) in (1..).zip(Counter::ALL) {
        (0..count).for_each(|_| record.rejected.add(*counter));
    }
    text(kind, &plan, &node, &Trackers::default(), &[record])
}

#[test]
fn the_data_file_is_this() {
    assert_eq!(shown(DumpKind::Data), DATA);
}

#[test]
fn the_statistics_are_these() {
    assert_eq!(shown(DumpKind::Stats), STATS);
    assert_eq!(shown(DumpKind::StatsClear), STATS);
}

#[test]
fn the_json_file_is_this() {
    let json: Value = serde_json::from_str(&shown(DumpKind::Json)).unwrap();
    let expected: Value = serde_json::from_str(JSON).unwrap();
    assert_eq!(json, expected, "{json:#}");
}

#[test]
fn no_file_shows_a_password() {
    for kind in [DumpKind::Data, DumpKind::Stats, DumpKind::Json] {
        assert!(!shown(kind).contains("hidden"));
    }
}

const DATA: &str = "------< Global definitions >------
 Router ID = here
 Dynamic interfaces = false
 VRRP IPv4 mcast group = 224.0.0.18
 VRRP IPv6 mcast group = ff02::12
 Gratuitous ARP interval = 0.000000
 Gratuitous NA interval = 0.000000
 Script security disabled
------< VRRP Topology >------
 VRRP Instance = V
   VRRP Version = 2
   State = MASTER
   Last transition = 1.500000
   Master down timer = 3386718 usecs
   Interface = eth0
   Using src_ip = 192.0.2.1
   Multicast address 224.0.0.18
   Gratuitous ARP delay = 5
   Gratuitous ARP repeat = 5
   Gratuitous ARP refresh = 0
   Gratuitous ARP refresh repeat = 1
   Down timer adverts = 3
   Virtual Router ID = 51
   Priority = 150
   Effective priority = 157
   Advert interval = 1 sec
   Accept = enabled
   Preempt = enabled
   Preempt delay = 2.500000 secs
   Virtual IP (2):
     192.0.2.100/24 dev eth0 scope global label eth0:v set
     192.0.2.101 dev eth1 scope global set
   Virtual IP Excluded :
     198.51.100.1 dev eth0 scope link set
   Tracked interfaces :
     eth2 weight -5
   Tracked scripts :
     S weight 7
------< VRRP Scripts >------
 VRRP Script = S
   Command = '/bin/check' 'one'
   Interval = 3 sec
   Timeout = 3 sec
   Weight = 0
   Rise = 1
   Fall = 1
   Status = GOOD
";

const STATS: &str = "VRRP Instance: V
  Advertisements:
    Received: 0
    Sent: 1
  Became master: 1
  Released master: 0
  Packet Errors:
    Length: 2
    TTL: 4
    Invalid Type: 6
    Advertisement Interval: 18
    Address List: 22
    Version: 5
    Checksum: 16
  Authentication Errors:
    Invalid Type: 7
    Type Mismatch: 8
    Failure: 9
  Priority Zero:
    Received: 0
    Sent: 0
";

const JSON: &str = r#"[{
  "data": {
    "iname": "V",
    "dont_track_primary": 0,
    "skip_check_adv_addr": 0,
    "strict_mode": 0,
    "vmac_ifname": "",
    "ifp_ifname": "eth0",
    "master_priority": 0,
    "last_transition": 1.5,
    "garp_delay": 5,
    "garp_refresh": 0,
    "garp_rep": 5,
    "garp_refresh_rep": 1,
    "garp_lower_prio_delay": 5,
    "garp_lower_prio_rep": 5,
    "lower_prio_no_advert": 0,
    "higher_prio_send_advert": 1,
    "vrid": 51,
    "base_priority": 150,
    "effective_priority": 157,
    "vipset": true,
    "promote_secondaries": false,
    "adver_int": 1.0,
    "master_adver_int": 1.0,
    "accept": 1,
    "nopreempt": false,
    "preempt_delay": 2.5,
    "state": 2,
    "wantstate": 2,
    "version": 2,
    "smtp_alert": false,
    "notify_deleted": false,
    "script_master": "'/bin/notify' 'master'",
    "vips": ["192.0.2.100/24 dev eth0 scope global label eth0:v set", "192.0.2.101 dev eth1 scope global set"],
    "evips": ["198.51.100.1 dev eth0 scope link set"],
    "track_ifp": ["eth2"],
    "track_script": ["'/bin/check' 'one'"]
  },
  "stats": {
    "advert_rcvd": 0,
    "advert_sent": 1,
    "become_master": 1,
    "release_master": 0,
    "packet_len_err": 2,
    "advert_interval_err": 18,
    "ip_ttl_err": 4,
    "invalid_type_rcvd": 6,
    "addr_list_err": 22,
    "invalid_authtype": 7,
    "authtype_mismatch": 8,
    "auth_failure": 9,
    "auth_ext_missing": 10,
    "auth_ext_malformed": 11,
    "auth_ext_unknown_key": 12,
    "auth_ext_invalid_hmac": 13,
    "auth_ext_stale": 14,
    "auth_ext_replay": 15,
    "pri_zero_rcvd": 0,
    "pri_zero_sent": 0
  }
}]"#;
