//! Configuration texts for the daemons under test.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

/// A way to speak VRRP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    pub version: u8,
    pub ipv6: bool,
    pub interval: Duration,
    pub password: Option<&'static str>,
    /// The password is the key of an Authentication Header.
    pub ah: bool,
    /// Two machines that are each other's only peer.
    pub unicast: bool,
    /// `unicast_ttl`
    pub ttl: Option<u8>,
}

pub const V2: Variant = Variant {
    version: 2,
    ipv6: false,
    interval: Duration::from_secs(1),
    password: None,
    ah: false,
    unicast: false,
    ttl: None,
};
pub const V2_PASS: Variant = Variant { password: Some("Pa55word"), ..V2 };
pub const V3_IPV4: Variant = Variant { version: 3, interval: Duration::from_millis(100), ..V2 };
/// Quick, but slow enough for a machine that has other things to do as well.
pub const V3_CALM: Variant = Variant { interval: Duration::from_millis(300), ..V3_IPV4 };
pub const V3_IPV6: Variant = Variant { ipv6: true, ..V3_IPV4 };

pub const V2_AH: Variant = Variant { ah: true, ..V2_PASS };
pub const V2_PASS_UNICAST: Variant = Variant { unicast: true, ..V2_PASS };
pub const V3_IPV4_UNICAST: Variant = Variant { unicast: true, ..V3_IPV4 };
pub const V3_IPV6_UNICAST: Variant = Variant { unicast: true, ttl: Some(9), ..V3_IPV6 };

impl Variant {
    /// An address of the LAN with this last number.
    pub fn address(self, last: u8) -> IpAddr {
        if self.ipv6 {
            IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)])
        } else {
            IpAddr::from([192, 0, 2, last])
        }
    }

    pub fn prefix(self) -> u8 {
        if self.ipv6 { 64 } else { 24 }
    }

    /// Skew_Time (RFC 3768 §6.1, RFC 9568 §6.1); with one second or a tenth of one, both versions agree.
    pub fn skew(self, priority: u8) -> Duration {
        self.interval * (256 - u32::from(priority)) / 256
    }

    /// Active_Down_Interval.
    pub fn down(self, priority: u8) -> Duration {
        3 * self.interval + self.skew(priority)
    }

    /// Longest time that two may hold an address while one hands it to the other.
    pub fn overlap(self) -> Duration {
        self.interval + super::MARGIN
    }
}

/// One `vrrp_instance`.
#[derive(Clone, Debug)]
pub struct Instance {
    pub variant: Variant,
    pub name: &'static str,
    pub vrid: u8,
    pub priority: u8,
    /// Last numbers of the virtual addresses.
    pub vips: Vec<u8>,
    /// Lines to add.
    pub extra: &'static str,
}

impl Instance {
    pub fn new(variant: Variant, priority: u8) -> Self {
        Self { variant, name: "VI_1", vrid: 51, priority, vips: vec![100], extra: "" }
    }

    /// Another virtual router beside the first.
    pub fn second(variant: Variant, priority: u8) -> Self {
        Self { name: "VI_2", vrid: 52, vips: vec![101], ..Self::new(variant, priority) }
    }

    pub fn with(mut self, extra: &'static str) -> Self {
        self.extra = extra;
        self
    }

    pub fn vip(mut self, last: u8) -> Self {
        self.vips.push(last);
        self
    }

    fn write(&self, out: &mut String) {
        let Variant { version, interval, password, ah, unicast, ttl, ipv6 } = self.variant;
        let _ = write!(
            out,
            "vrrp_instance {} {{\n    version {version}\n    interface eth0\n    virtual_router_id {}\n    \
             priority {}\n    advert_int {}\n    garp_master_delay 1\n",
            self.name,
            self.vrid,
            self.priority,
            interval.as_secs_f64(),
        );
        if let Some(password) = password {
            let _ = writeln!(
                out,
                "    authentication {{\n        auth_type {}\n        auth_pass {password}\n    }}",
                if ah { "AH" } else { "PASS" }
            );
        }
        if unicast {
            let network = if ipv6 { "2001:db8::" } else { "192.0.2." };
            let _ = writeln!(
                out,
                "    unicast_src_ip {network}{OWN_NUMBER}\n    unicast_peer {{\n        {network}{PEER_NUMBER}\n    }}"
            );
        }
        if let Some(ttl) = ttl {
            let _ = writeln!(out, "    unicast_ttl {ttl}");
        }
        let _ = writeln!(out, "    virtual_ipaddress {{");
        for last in &self.vips {
            let (address, prefix) = (self.variant.address(*last), self.variant.prefix());
            let _ = writeln!(out, "        {address}/{prefix}");
        }
        let _ = writeln!(out, "    }}");
        for state in ["master", "backup", "fault", "stop"] {
            let name = self.name;
            let _ = writeln!(out, "    notify_{state} \"{RECORDER} {name} {state}\"");
        }
        let _ = writeln!(out, "    notify {RECORDER}\n{}\n}}", self.extra);
    }
}

/// A whole configuration.
pub fn text(instances: &[Instance]) -> String {
    let mut text = "global_defs {\n    router_id lab\n    script_user root\n}\n".to_owned();
    for instance in instances {
        instance.write(&mut text);
    }
    text
}

/// Stand for the last number of a machine's own address, and of the other one's; filled in when the file is written.
pub const OWN_NUMBER: &str = "@OWN@";
pub const PEER_NUMBER: &str = "@PEER@";

/// The script that notes what it was called with, a line for each call.
pub const RECORDER: &str = "/etc/keepalived/record.sh";
pub const RECORDER_TEXT: &str = "#!/bin/sh\necho \"$*\" >> /run/record\n";
pub const RECORD: &str = "/run/record";
