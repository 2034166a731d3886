//! `vrrp_instance` and its authentication blocks.

use super::Keyword;
use super::table::keywords;

pub(super) static VRRP_INSTANCE: &[Keyword] = keywords![
    [VrrpInstance] "state": Choice(&["MASTER", "BACKUP"]) => aborts,
        default "MASTER if priority 255 else BACKUP", since "1.2.1", Acts,
        "Desired initial state; only matters with priority 255 or sets default priority.";
    [VrrpInstance] "interface": Interface => aborts, default "none", since "1.2.1", Acts,
        "Interface carrying adverts; optional only for unicast.";
    [VrrpInstance] "virtual_router_id": integer(1, 255, Unit::None) => aborts,
        default "required", since "1.2.1", Acts,
        "VRID; missing makes config fail.";
    [VrrpInstance] "priority": integer(1, 255, Unit::None) => aborts,
        default "100 (255 if state MASTER without priority)", since "1.2.1", Acts,
        "Base priority; invalid value becomes 100.";
    [VrrpInstance] "advert_int": Decimal { min: 10_000, max: 255_000_000, places: 6, unit: Unit::Seconds } => aborts,
        default "1", since "1.2.1", Acts,
        "Advert interval; v2 whole seconds, v3 10 ms steps up to 40.95.";
    [VrrpInstance] "version": integer(2, 3, Unit::None) => aborts, default "vrrp_version", since "1.2.17", Acts,
        "Protocol version.";
    [VrrpInstance] "use_vmac": Form("[[name] <ifname>] [<MAC>] [netlink_notify_msg] [group <n|name>]"),
        default "off; name vrrp.<vrid>", since "1.2.3", Acts,
        "Send from a macvlan with the VRRP virtual MAC. A 5 octet MAC gets the VRID appended.";
    [VrrpInstance] "use_vmac_addr": None, default "off", since "2.2.0", Acts,
        "Also create VMACs for VIPs located on other interfaces.";
    [VrrpInstance] "vmac_xmit_base": None, default "off", since "1.2.10", Acts,
        "Send adverts from base interface rather than VMAC; forced for unicast.";
    [VrrpInstance] "use_ipvlan": Form("[[name] <ifname>] [<ip>] [bridge|private|vepa] [group <n|name>]"),
        default "off", since "2.0.17", Acts,
        "Use an ipvlan child instead of VMAC.";
    [VrrpInstance] "unicast_peer": Lines(Context::UnicastPeers), default "multicast", since "1.2.8", Acts,
        "Send adverts to listed peers only.";
    [VrrpInstance] "unicast_src_ip": Address => aborts,
        default "primary interface address", since "1.2.10", Acts,
        "Source address for unicast; may exist without interface.";
    [VrrpInstance] "mcast_src_ip": Address => aborts, default "primary interface address", since "1.2.1", Acts,
        "Source address for multicast adverts.";
    [VrrpInstance] "mcast_dst_ip": Multicast => aborts, default "vrrp_mcast_group4/6", since "2.2.5", Acts,
        "Per-instance multicast destination.";
    [VrrpInstance] "track_src_ip": None, default "off", since "2.0.0", Acts,
        "FAULT while configured source address is absent.";
    [VrrpInstance] "unicast_ttl": integer(0, 255, Unit::None) => aborts,
        default "255 IPv4; kernel hop limit IPv6", since "2.1.0", Acts,
        "TTL/hop limit of unicast adverts.";
    [VrrpInstance] "unicast_fault_no_peer": None, default "off", since "2.2.5", Acts,
        "With an empty peer list stay in FAULT rather than multicast.";
    [VrrpInstance] "check_unicast_src": None, default "global", since "2.1.0", Acts,
        "Drop adverts from addresses that are not peers.";
    [VrrpInstance] "old_unicast_checksum": OptionalChoice(&["never"]),
        default "auto detect", since "1.3.7", Acts,
        "Use (or with never refuse) pre-1.3.7 v3 unicast checksum form.";
    [VrrpInstance] "vrf": Interface => aborts, default "none", since "2.2.5", Refused("name the interface in `interface`: its VRF is found and used"),
        "Bind to the VRF master when no interface is given.";
    [VrrpInstance] "dont_track_primary": None, default "off", since "1.2.1", Acts,
        "Ignore faults of the instance interface itself.";
    [VrrpInstance] "track_interface": Lines(Context::InstanceTrackInterface),
        default "none", since "1.2.1", Acts,
        "interface trackers; see line grammar.";
    [VrrpInstance] "track_script": Lines(Context::InstanceTrackScript), default "none", since "1.2.1", Acts,
        "script trackers; see line grammar.";
    [VrrpInstance] "track_file": Lines(Context::InstanceTrackFile), default "none", since "2.0.0", Acts,
        "file trackers; see line grammar.";
    [VrrpInstance] "track_process": Lines(Context::InstanceTrackProcess),
        default "none", since "2.0.11", Acts,
        "process trackers; see line grammar.";
    [VrrpInstance] "track_bfd": Lines(Context::InstanceTrackBfd), default "none", since "2.0.0", Acts,
        "bfd trackers; see line grammar.";
    [VrrpInstance] "virtual_ipaddress": Lines(Context::VirtualAddresses),
        default "at least one (v2: warning, v3/strict: failure)", since "1.2.1", Acts,
        "Addresses held while MASTER and listed in adverts.";
    [VrrpInstance] "virtual_ipaddress_excluded": Lines(Context::ExcludedAddresses),
        default "none", since "1.2.1", Acts,
        "Addresses held while MASTER but not advertised; may be of the other family.";
    [VrrpInstance] "no_virtual_ipaddress": None, default "off", since "2.2.8", Acts,
        "Declare that having no VIP is intended; not in strict.";
    [VrrpInstance] "virtual_routes": Lines(Context::VirtualRoutes), default "none", since "1.2.1", Acts,
        "Routes held while MASTER.";
    [VrrpInstance] "virtual_rules": Lines(Context::VirtualRules), default "none", since "1.2.20", Acts,
        "Policy rules held while MASTER.";
    [VrrpInstance] "promote_secondaries": None, default "off", since "1.3.0", Acts,
        "Set promote_secondaries sysctl on the interface while running.";
    [VrrpInstance] "accept": None, default "on unless strict", since "1.2.17", Acts,
        "Accept packets addressed to VIPs when not owner.";
    [VrrpInstance] "no_accept": None, default "off", since "1.3.0", Acts,
        "Firewall off packets addressed to VIPs when not owner.";
    [VrrpInstance] "preempt": None, default "on", since "1.2.1", Acts,
        "Take over from lower priority master.";
    [VrrpInstance] "nopreempt": None, default "off", since "1.2.1", Acts,
        "Do not take over; needs initial state BACKUP and priority below 255.";
    [VrrpInstance] "preempt_delay": Decimal { min: 0, max: 1_000_000_000, places: 6, unit: Unit::Seconds } => aborts,
        default "0", since "1.2.1", Acts,
        "Wait before taking over from a lower priority master.";
    [VrrpInstance] "skip_check_adv_addr": Switch, default "global", since "1.2.20", Acts,
        "See vrrp_skip_check_adv_addr; any boolean value sets it, even off.";
    [VrrpInstance] "strict_mode": Switch, default "vrrp_strict", since "1.2.20", Acts,
        "Per-instance strict switch.";
    [VrrpInstance] "authentication": Block(Context::Authentication), default "none", since "1.2.1", Acts,
        "VRRPv2 authentication.";
    [VrrpInstance] "auth_hmac": Block(Context::AuthHmac), default "none", since "2.4.0", Acts,
        "HMAC trailer authentication extension.";

    [Authentication] "auth_type": Choice(&["PASS", "AH"]) => aborts, default "none", since "1.2.1", Acts,
        "Simple password or IPsec AH (HMAC-MD5-96, IPv4 v2 only).";
    [Authentication] "auth_pass": Secret("<string up to 8>") => aborts, default "none", since "1.2.1", Acts,
        "Password, truncated to 8 characters with error.";

    [AuthHmac] "key": Secret("<id:1..255> <ascii|hex:HH..|file:path>"),
        default "none", since "2.4.0", Acts,
        "Key of 32..64 bytes; repeatable.";
    [AuthHmac] "active_key": integer(1, 255, Unit::None), default "required", since "2.4.0", Acts,
        "Key id used to sign; absent or unknown disables the extension.";
    [AuthHmac] "time_window": integer(1, 300, Unit::Seconds),
        default "3 adverts, 5..300", since "2.4.0", Acts,
        "Accepted clock difference.";
    [AuthHmac] "anti_replay": Choice(&["time", "monotonic"]), default "time", since "2.4.0", Acts,
        "Freshness method.";
    [AuthHmac] "mode": Choice(&["enforce", "permissive", "receive-only"]),
        default "enforce", since "2.4.0", Acts,
        "Whether the trailer is required/sent.";

    [VrrpInstance] "notify_master": Command => aborts, default "none", since "1.2.1", Acts,
        "Run on entering MASTER.";
    [VrrpInstance] "notify_backup": Command => aborts, default "none", since "1.2.1", Acts,
        "Run on entering BACKUP.";
    [VrrpInstance] "notify_fault": Command => aborts, default "none", since "1.2.1", Acts,
        "Run on entering FAULT.";
    [VrrpInstance] "notify_stop": Command => aborts, default "none", since "1.2.1", Acts,
        "Run on shutdown.";
    [VrrpInstance] "notify_deleted": OptionalCommand, default "FAULT script used", since "2.1.0", Acts,
        "Run when reload removes the instance; bare = report DELETED only.";
    [VrrpInstance] "notify": Command => aborts, default "none", since "1.2.1", Acts,
        "Run on every change with appended: INSTANCE name STATE priority.";
    [VrrpInstance] "notify_master_rx_lower_pri": Command => aborts, default "none", since "2.0.6", Acts,
        "Run when master hears a lower priority advert.";
    [VrrpInstance] "notify_priority_changes": Switch, default "global", since "2.0.16", Acts,
        "Write priority changes to FIFO.";
    [VrrpInstance] "smtp_alert": Switch, default "off", since "1.2.1", Acts,
        "Mail on state change.";
    [VrrpInstance] "garp_master_delay": integer(0, DELAY_MAX, Unit::Seconds) => aborts,
        default "global", since "1.2.1", Acts,
        "See vrrp_garp_master_delay.";
    [VrrpInstance] "garp_master_repeat": integer(1, U32, Unit::None) => aborts,
        default "global", since "1.2.14", Acts,
        "See vrrp_garp_master_repeat.";
    [VrrpInstance] "garp_master_refresh": integer(0, U32, Unit::Seconds) => aborts,
        default "global", since "1.2.10", Acts,
        "See vrrp_garp_master_refresh.";
    [VrrpInstance] "garp_master_refresh_repeat": integer(1, U32, Unit::None) => aborts,
        default "global", since "1.2.14", Acts,
        "See vrrp_garp_master_refresh_repeat.";
    [VrrpInstance] "garp_lower_prio_delay": integer(0, DELAY_MAX, Unit::Seconds) => aborts,
        default "global", since "1.2.20", Acts,
        "See vrrp_garp_lower_prio_delay.";
    [VrrpInstance] "garp_lower_prio_repeat": integer(0, 2_147_483_647, Unit::None) => aborts,
        default "global", since "1.2.20", Acts,
        "See vrrp_garp_lower_prio_repeat.";
    [VrrpInstance] "garp_extra_if": Form("[all] <seconds:0..86400>"),
        default "global", since "2.2.3", Acts,
        "See vrrp_garp_extra_if.";
    [VrrpInstance] "vmac_garp_intvl": Form("[all] <seconds:0..86400>"),
        default "global", since "2.2.0", Deprecated("garp_extra_if"),
        "Deprecated spelling of garp_extra_if.";
    [VrrpInstance] "down_timer_adverts": integer(1, 100, Unit::None) => aborts,
        default "global (3)", since "2.2.3", Acts,
        "Missed adverts before takeover.";
    [VrrpInstance] "timer_expired_backup": OptionalInteger { min: 1, max: 254, unit: Unit::None },
        default "off; bare = 254", since "2.2.8", Acts,
        "Needs nopreempt. If the master timer fires too late, revert to BACKUP; number is the highest other priority.";
    [VrrpInstance] "thread_timer_expired": OptionalInteger { min: 1, max: 254, unit: Unit::None },
        default "off", since "2.3.2", Deprecated("timer_expired_backup"),
        "Old spelling of timer_expired_backup, reports error but works.";
    [VrrpInstance] "lower_prio_no_advert": Switch, default "global", since "1.2.20", Acts,
        "See vrrp_lower_prio_no_advert.";
    [VrrpInstance] "higher_prio_send_advert": Switch, default "global", since "1.3.5", Acts,
        "See vrrp_higher_prio_send_advert.";
    [VrrpInstance] "owner_ignore_adverts": Switch, default "global", since "2.3.3", Acts,
        "The address owner drops all received adverts.";
    [VrrpInstance] "kernel_rx_buf_size": integer(0, U32, Unit::Octets),
        default "policy", since "2.0.3", NoEffect("sockets have room for a burst of every peer, and a loss is noticed and lengthens the wait"),
        "Receive buffer of the instance socket.";
    [VrrpInstance] "v3_checksum_as_v2": Switch, default "global", since "2.2.8", Acts,
        "IPv4 VRRPv3 checksum without pseudo header.";
    [VrrpInstance] "native_ipv6": None,
        default "off", since "1.2.1", OldSpelling("an IPv6 address in virtual_ipaddress"),
        "Deprecated; forces IPv6 family.";
    [VrrpInstance] "linkbeat_use_polling": None,
        default "off", since "2.0.0", Deprecated("linkbeat_interfaces in global_defs"),
        "Deprecated per-instance link polling.";
    [VrrpInstance] "lvs_sync_daemon_interface": Interface => aborts,
        default "none", since "1.2.1", Deprecated("lvs_sync_daemon in global_defs"),
        "Deprecated; use lvs_sync_daemon.";
    [VrrpInstance] "debug": integer(0, 4, Unit::None) => aborts, default "0", since "1.2.1", Ignored,
        "Accepted, unused.";
];
