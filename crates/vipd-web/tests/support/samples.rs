//! Statuses and events that a daemon could have, for tests and for a look at the page.

use std::time::Duration;

use vipd_status::{Event, Status, Timestamp};

/// A status with so many instances, and what belongs to them.
pub(crate) fn status(now: Timestamp, instances: usize) -> Status {
    let ago = |seconds: u64| now - Duration::from_secs(seconds);
    let with_faults = instances > 1;
    let value = serde_json::json!({
        "v": 1,
        "at": now,
        "daemon": { "version": "0.1.0", "pid": 812, "start": ago(1_050_000),
            "config": { "file": "/etc/keepalived/keepalived.conf", "loaded": ago(90_000), "reloads": 3 } },
        "workers": [
            { "role": "vrrp", "pid": 813, "restarts": 0, "heard-ms": 12 },
            { "role": "lvs", "pid": 814, "restarts": 1, "heard-ms": 5 },
        ],
        "instances": (0..instances).map(|number| instance(number, &ago)).collect::<Vec<_>>(),
        "groups": if with_faults { serde_json::json!([
            { "name": "VG_EDGE", "state": "master", "since": ago(7_300), "members": ["VI_1", "VI_2"] },
        ]) } else { serde_json::json!([]) },
        "trackers": if with_faults { trackers(&ago) } else { serde_json::json!([]) },
        "neighbours": if with_faults { serde_json::json!([
            { "interface": "eth0", "source": "192.0.2.9", "mac": "52:54:00:aa:bb:09", "vrid": 51, "version": 3,
              "priority": 100, "interval-ms": 1000, "addresses": ["198.51.100.7"], "instance": "VI_1",
              "differs": true, "last-heard": ago(0) },
            { "interface": "eth0", "source": "192.0.2.77", "vrid": 200, "version": 2, "priority": 100,
              "interval-ms": 1000, "addresses": ["192.0.2.200"], "last-heard": ago(0) },
        ]) } else { serde_json::json!([]) },
        "services": if with_faults { services(&ago) } else { serde_json::json!([]) },
    });
    serde_json::from_value(value).expect("a sample that is no status")
}

fn instance(number: usize, ago: &impl Fn(u64) -> Timestamp) -> serde_json::Value {
    let name = format!("VI_{}", number + 1);
    let address = format!("192.0.{}.{}/24", 2 + number / 250, 10 + number % 240);
    let interface = format!("eth{}", number / 250);
    let base = serde_json::json!({
        "name": name, "interface": interface, "vrid": 51 + number % 200, "family": "ipv4", "version": 3,
        "timers": { "advertise-interval-ms": 1000, "master-down-interval-ms": 3609, "skew-time-us": 609_375 },
        "source": "192.0.2.1",
    });
    let rest = match number {
        2 => serde_json::json!({
            "state": "fault", "since": ago(182), "priority": { "base": 100, "effective": 0, "terms": [
                { "tracker": "script", "name": "chk_haproxy", "weight": 0, "up": false, "adds": 0 } ] },
            "cause": { "kind": "fault", "fault": "tracker", "tracker": "script", "name": "chk_haproxy",
                       "reason": "exited with status 7: \"backend says: disk full\"" },
            "fault": { "fault": "tracker", "tracker": "script", "name": "chk_haproxy",
                       "reason": "exited with status 7: \"backend says: disk full\"" },
            "addresses": [{ "address": address, "dev": interface }],
            "history": [
                { "at": ago(182), "from": "backup", "to": "fault", "cause": { "kind": "fault", "fault": "tracker",
                  "tracker": "script", "name": "chk_haproxy", "reason": "exited with status 7" },
                  "evidence": { "remark": "backend says: disk full" } },
                { "at": ago(1_900), "from": "master", "to": "backup", "cause": { "kind": "better-advert",
                  "source": "192.0.2.2", "priority": 150 } },
                { "at": ago(2_600), "from": "backup", "to": "master", "cause": { "kind": "silence",
                  "silent-ms": 3612 }, "evidence": { "last-source": "192.0.2.2", "last-priority": 150,
                  "silent-ms": 3612 } },
            ],
        }),
        n if n % 3 == 1 => serde_json::json!({
            "state": "backup", "since": ago(7_900 + number as u64), "cause": { "kind": "better-advert",
                "source": "192.0.2.2", "priority": 150 },
            "priority": { "base": 150, "effective": 90, "terms": [
                { "tracker": "script", "name": "chk_dns", "weight": -60, "up": false, "adds": -60 } ] },
            "master": { "address": "192.0.2.2", "mac": "52:54:00:12:34:56", "priority": 150, "interval-ms": 1000,
                        "last-heard-ms": 213 },
            "addresses": [{ "address": address, "dev": interface },
                          { "address": format!("2001:db8::{number:x}/64"), "dev": interface }],
            "intent": if number == 4 { serde_json::json!({ "kind": "maintenance", "by": "root",
                "reason": "kernel update", "since": ago(700), "until": ago(0) + Duration::from_secs(1_100) }) }
                else { serde_json::Value::Null },
            "history": [{ "at": ago(7_900 + number as u64), "from": "master", "to": "backup",
                "cause": { "kind": "better-advert", "source": "192.0.2.2", "priority": 150 } }],
        }),
        n => serde_json::json!({
            "state": "master", "since": ago(if n == 0 { 1_047_600 } else { 7_300 }), "cause": { "kind": "silence",
                "silent-ms": 3612 }, "group": if n == 0 { serde_json::json!("VG_EDGE") } else { serde_json::Value::Null },
            "priority": { "base": 150, "effective": 150, "terms": [] },
            "addresses": [{ "address": address, "dev": interface, "set": true }],
            "close-calls": { "count": 2, "last": [ago(4_000), ago(4_020)] },
            "statistics": { "master-transitions": 4, "advertisement-sent": 1_047_600, "advertisement-rcvd": 991,
                            "rejected": { "ip-ttl": 3 } },
            "history": [{ "at": ago(if n == 0 { 1_047_600 } else { 7_300 }), "from": "backup", "to": "master",
                "cause": { "kind": "silence", "silent-ms": 3612 } }],
        }),
    };
    let (mut base, rest) = (base, rest);
    if let (Some(base), serde_json::Value::Object(rest)) = (base.as_object_mut(), rest) {
        base.extend(rest);
    }
    base
}

fn trackers(ago: &impl Fn(u64) -> Timestamp) -> serde_json::Value {
    serde_json::json!([
        { "kind": "script", "name": "chk_haproxy", "up": false, "since": ago(182), "rise": 1, "fall": 1, "streak": 91,
          "last": { "exit": 7, "ms": 12, "output": "backend says: disk full", "at": ago(1) } },
        { "kind": "script", "name": "chk_dns", "up": true, "since": ago(86_000), "last": { "exit": 0, "ms": 3 } },
        { "kind": "file", "name": "load", "up": true, "since": ago(400), "value": -12 },
        { "kind": "interface", "name": "eth0", "up": true, "since": ago(1_050_000) },
    ])
}

fn services(ago: &impl Fn(u64) -> Timestamp) -> serde_json::Value {
    let server = |number: u64| {
        serde_json::json!({
            "address": format!("10.0.0.{number}:80"), "up": true, "since": ago(400_000),
            "weight": { "configured": 10, "effective": 10, "programmed": 10 },
            "checks": [{ "kind": "HTTP_GET", "target": format!("http://10.0.0.{number}:80/health"), "up": true,
                         "settled": true, "since": ago(400_000), "ms": 4, "next-ms": 812 }],
            "connections": { "active": 400 + number, "inactive": 1_200, "total": 918_233, "in-bytes": 4_200_000_000_u64,
                             "out-bytes": 91_000_000_000_u64 },
        })
    };
    let down = serde_json::json!({
        "address": "10.0.0.14:80", "up": false, "since": ago(245),
        "weight": { "configured": 10, "effective": 0 },
        "checks": [{ "kind": "HTTP_GET", "target": "http://10.0.0.14:80/health", "up": false, "settled": true,
                     "since": ago(245), "failure": { "kind": "status", "text": "HTTP status 503", "at": ago(2) },
                     "failures": 41, "ms": 7, "next-ms": 3_100 }],
    });
    let drained = serde_json::json!({
        "address": "10.0.0.13:80", "up": true, "since": ago(400_000),
        "weight": { "configured": 10, "effective": 10, "programmed": 0 },
        "intent": { "kind": "drain", "by": "ops", "reason": "new disk", "since": ago(500), "open": 12 },
        "connections": { "active": 12, "inactive": 0, "total": 900_000, "in-bytes": 90_000, "out-bytes": 1_100_000 },
    });
    serde_json::json!([
        { "name": "[192.0.2.10]:tcp:80", "scheduler": "wlc", "up": true, "since": ago(400_000),
          "quorum": { "need": 1, "live": 20 }, "servers": [server(11), server(12), drained, down],
          "connections": { "total": 3_600_000, "in-bytes": 12_000_000_000_u64, "out-bytes": 300_000_000_000_u64 } },
        { "name": "[192.0.2.10]:udp:53", "scheduler": "rr", "up": false, "since": ago(61), "sorry": true,
          "quorum": { "need": 1, "live": 0 }, "servers": [{ "address": "10.0.1.1:53", "up": false, "since": ago(61),
          "weight": { "configured": 1, "effective": 0 }, "checks": [{ "kind": "DNS_CHECK", "up": false,
          "settled": true, "since": ago(61), "failure": { "kind": "timeout", "text": "no answer within 5 s" },
          "failures": 12 }] }] },
    ])
}

/// Some events.
pub(crate) fn events(now: Timestamp) -> Vec<Event> {
    let ago = |seconds: u64| now - Duration::from_secs(seconds);
    let events = serde_json::json!([
        { "v": 1, "seq": 2, "at": ago(2_600), "kind": "transition", "instance": "VI_3", "from": "backup", "to": "master",
          "cause": { "kind": "silence", "silent-ms": 3612 } },
        { "v": 1, "seq": 3, "at": ago(245), "kind": "server", "service": "[192.0.2.10]:tcp:80",
          "server": "10.0.0.14:80", "up": false, "because": "HTTP_GET: HTTP status 503" },
        { "v": 1, "seq": 4, "at": ago(182), "kind": "tracker", "tracker": "script", "name": "chk_haproxy", "up": false,
          "reason": "exited with status 7: backend says: disk full" },
        { "v": 1, "seq": 5, "at": ago(182), "kind": "transition", "instance": "VI_3", "from": "backup", "to": "fault",
          "cause": { "kind": "fault", "fault": "tracker", "tracker": "script", "name": "chk_haproxy",
                     "reason": "exited with status 7" } },
        { "v": 1, "seq": 6, "at": ago(61), "kind": "quorum", "service": "[192.0.2.10]:udp:53", "up": false,
          "because": "no server is left" },
        { "v": 1, "seq": 7, "at": ago(20), "kind": "restored", "what": "192.0.2.10/24 dev eth0" },
    ]);
    let serde_json::Value::Array(events) = events else { return Vec::new() };
    events.into_iter().map(|event| serde_json::from_value(event).expect("no event")).collect()
}
