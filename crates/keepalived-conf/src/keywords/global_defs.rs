//! `global_defs` and the small root blocks about interfaces, groups and TLS.

use super::Keyword;
use super::table::keywords;

pub(super) static GLOBAL_DEFS: &[Keyword] = keywords![
    [GlobalDefs] "process_names": None, default "off", since "2.0.16", Acts,
        "Give children distinct process names keepalived_vrrp, keepalived_lvs, keepalived_bfd.";
    [GlobalDefs] "process_name": Word("name") => aborts, default "keepalived", since "2.0.16", Acts,
        "Parent process name, truncated to 15 characters.";
    [GlobalDefs] "vrrp_process_name": Word("name") => aborts, default "keepalived", since "2.0.16", Acts,
        "Name of the VRRP child.";
    [GlobalDefs] "checker_process_name": Word("name") => aborts,
        default "keepalived", since "2.2.0", Acts,
        "Name of the checker child.";
    [GlobalDefs] "lvs_process_name": Word("name") => aborts,
        default "keepalived", since "2.0.16", OldSpelling("checker_process_name"),
        "Deprecated spelling of checker_process_name.";
    [GlobalDefs] "bfd_process_name": Word("name") => aborts, default "keepalived", since "2.0.16", Acts,
        "Name of the BFD child.";
    [GlobalDefs] "use_symlink_paths": Switch, default "off", since "2.3.0", NoEffect("scripts are always run by the path that the file gives"),
        "Execute scripts through the configured symlink path rather than the resolved target.";
    [GlobalDefs] "set_supplementary_groups": Switch, default "off", since "2.4.4", NoEffect("scripts always have the supplementary groups of their user"),
        "Give scripts the supplementary groups of their user.";
    [GlobalDefs] "router_id": Word("string"), default "host name", since "1.2.1", Acts,
        "Name used in e-mail subjects, traps.";
    [GlobalDefs] "notification_email": Lines(Context::NotificationEmails),
        default "none", since "1.2.1", Acts,
        "Recipients for alert mail; display-name form accepted from 2.3.0.";
    [GlobalDefs] "notification_email_from": Word("address"),
        default "<uid name>@<local host>", since "1.2.1", Acts,
        "Sender address.";
    [GlobalDefs] "smtp_server": Form("<ip|host> [<port>]") => aborts,
        default "none, port 25", since "1.2.1", Acts,
        "Mail relay; host names are resolved once at parse time.";
    [GlobalDefs] "smtp_helo_name": Word("string"), default "local host name", since "1.2.20", Acts,
        "Argument of HELO.";
    [GlobalDefs] "smtp_connect_timeout": integer(1, 4294, Unit::Seconds) => aborts,
        default "30", since "1.2.1", Acts,
        "Mail connect/read/write timeout; 0 becomes 1.";
    [GlobalDefs] "smtp_alert": Switch, default "unset", since "2.0.0", Acts,
        "Default for smtp_alert of instances, sync groups, virtual and real servers.";
    [GlobalDefs] "smtp_alert_vrrp": Switch, default "unset", since "2.0.0", Acts,
        "Overrides smtp_alert for VRRP objects.";
    [GlobalDefs] "smtp_alert_checker": Switch, default "unset", since "2.0.0", Acts,
        "Overrides smtp_alert for LVS objects.";
    [GlobalDefs] "no_email_faults": None, default "off", since "2.0.0", Acts,
        "Suppress alert mail for VRRP FAULT transitions.";
    [GlobalDefs] "no_checker_emails": Switch, default "off", since "2.0.0", Acts,
        "Suppress mails about individual checker results, keep real-server state mails.";
    [GlobalDefs] "startup_script": Command, default "none", since "2.1.0", Acts,
        "Run and waited for before anything else begins; a reload does not run it.";
    [GlobalDefs] "startup_script_timeout": integer(1, 1000, Unit::Seconds),
        default "10", since "2.1.0", Acts,
        "Limit for startup_script.";
    [GlobalDefs] "shutdown_script": Command, default "none", since "2.1.0", Acts,
        "Run when everything else has ended.";
    [GlobalDefs] "shutdown_script_timeout": integer(1, 1000, Unit::Seconds),
        default "10", since "2.1.0", Acts,
        "Limit for shutdown_script.";
    [GlobalDefs] "max_auto_priority": OptionalInteger { min: -1, max: 99, unit: Unit::None },
        default "0; bare = 99", since "2.1.0", NoEffect("`vrrp_rt_priority` gives real-time priority before anything is late, and what was missed in a stall is no failure of others"),
        "Highest realtime priority auto-raised to when scheduling lag is seen; -1 and 0 disable.";
    [GlobalDefs] "min_auto_priority_delay": integer(1, 10_000_000, Unit::Microseconds),
        default "1000000", since "2.1.0", NoEffect("`vrrp_rt_priority` gives real-time priority before anything is late, and what was missed in a stall is no failure of others"),
        "Lag that triggers an automatic priority increase.";
    [GlobalDefs] "checker_log_all_failures": Switch, default "off", since "2.0.11", Acts,
        "Default for log_all_failures of every checker.";
    [GlobalDefs] "dynamic_interfaces": OptionalChoice(&["allow_if_changes"]),
        default "off", since "2.0.0", Acts,
        "Accept interfaces that do not exist yet; option also follows interface type/VRF/base changes.";
    [GlobalDefs] "default_interface": Interface, default "eth0", since "1.2.24", Acts,
        "Device for static/virtual addresses without dev and no instance interface.";
    [GlobalDefs] "disable_local_igmp": None, default "off", since "2.2.0", Refused("it changes a setting of the whole machine; set net.ipv4.igmp_link_local_mcast_reports=0 with sysctl"),
        "Do not let the kernel send local IGMP for the VRRP group (igmp_link_local_mcast_reports); not reloadable.";
    [GlobalDefs] "v3_checksum_as_v2": Ignored, default "off", since "2.2.8", Acts,
        "VRRPv3 over IPv4 checksums without pseudo header by default.";
    [GlobalDefs] "lvs_timeouts": Form("[tcp <n>] [tcpfin <n>] [udp <n>] each 0..2678400"),
        default "kernel values", since "1.2.24", Acts,
        "Set IPVS connection timeouts in seconds.";
    [GlobalDefs] "lvs_flush": None, default "off", since "1.2.23", Acts,
        "Clear the whole IPVS table at startup.";
    [GlobalDefs] "lvs_flush_on_stop": OptionalChoice(&["VS"]), default "off", since "2.2.0", Acts,
        "At stop flush everything (bare) or delete virtual servers only without per-RS removal (VS).";
    [GlobalDefs] "lvs_flush_onstop": OptionalChoice(&["VS"]),
        default "off", since "2.0.15", OldSpelling("lvs_flush_on_stop"),
        "Deprecated spelling of lvs_flush_on_stop.";
    [GlobalDefs] "lvs_sync_daemon": Form("<ifname> [<vrrp inst>|inst <name>] [[id] <0..255>] [maxlen <1..65507>] [port <1..65535>] [ttl <1..255>] [group <mcast ip>]"),
        default "id = VRID of inst or 0", since "1.2.20", Acts,
        "Run IPVS connection sync; with inst its state follows that VRRP instance.";
    [GlobalDefs] "vrrp_mcast_group4": Multicast4 => aborts, default "224.0.0.18", since "1.2.10", Acts,
        "Destination of IPv4 multicast adverts.";
    [GlobalDefs] "vrrp_mcast_group6": Multicast6 => aborts, default "ff02::12", since "1.2.10", Acts,
        "Destination of IPv6 multicast adverts; warns unless link-local scope.";
    [GlobalDefs] "vrrp_garp_master_delay": integer(0, DELAY_MAX, Unit::Seconds) => aborts,
        default "5", since "1.2.20", Acts,
        "Delay of second GARP/NA burst after becoming master; 0 disables.";
    [GlobalDefs] "vrrp_garp_master_repeat": integer(1, U32, Unit::None) => aborts,
        default "5", since "1.2.20", Acts,
        "Packets per address in each burst; 0 becomes 1.";
    [GlobalDefs] "vrrp_garp_master_refresh": integer(0, U32, Unit::Seconds) => aborts,
        default "0 (off)", since "1.2.20", Acts,
        "Interval of periodic GARP/NA while master.";
    [GlobalDefs] "vrrp_garp_master_refresh_repeat": integer(1, U32, Unit::None) => aborts,
        default "1", since "1.2.20", Acts,
        "Packets per address per refresh; 0 becomes 1.";
    [GlobalDefs] "vrrp_garp_lower_prio_delay": integer(0, DELAY_MAX, Unit::Seconds) => aborts,
        default "vrrp_garp_master_delay", since "1.2.20", Acts,
        "Delay of second burst after hearing a lower priority advert while master.";
    [GlobalDefs] "vrrp_garp_lower_prio_repeat": integer(0, 2_147_483_647, Unit::None) => aborts,
        default "vrrp_garp_master_repeat", since "1.2.20", Acts,
        "Burst size after hearing a lower priority advert while master; 0 = none.";
    [GlobalDefs] "vrrp_down_timer_adverts": integer(1, 100, Unit::None) => aborts,
        default "3", since "2.2.3", Acts,
        "Missed adverts before master is considered down.";
    [GlobalDefs] "vrrp_garp_interval": SECONDS => aborts, default "0", since "1.2.21", Acts,
        "Minimum gap between GARPs on one interface.";
    [GlobalDefs] "vrrp_gna_interval": SECONDS => aborts, default "0", since "1.2.21", Acts,
        "Minimum gap between unsolicited NAs on one interface.";
    [GlobalDefs] "vrrp_min_garp": Switch, default "off", since "2.0.12", Acts,
        "Change unset defaults to one GARP: repeat 1, delay 0, refresh_repeat 1.";
    [GlobalDefs] "vrrp_garp_extra_if": Form("[all] <seconds:1..86400>"),
        default "off", since "2.2.3", Acts,
        "Periodic GARP/NA for addresses on interfaces other than the instance interface (VMAC children; all = any).";
    [GlobalDefs] "vrrp_vmac_garp_intvl": Form("[all] <seconds:1..86400>"),
        default "off", since "2.2.0", Deprecated("vrrp_garp_extra_if"),
        "Deprecated spelling of vrrp_garp_extra_if.";
    [GlobalDefs] "vrrp_lower_prio_no_advert": Switch, default "off", since "1.2.20", Acts,
        "Master does not answer a lower priority advert with an immediate advert.";
    [GlobalDefs] "vrrp_higher_prio_send_advert": Switch, default "off in keepalived, on in vipd", since "1.3.5", Acts,
        "Master sends one more advert before yielding to higher priority.";
    [GlobalDefs] "vrrp_owner_ignore_adverts": Switch,
        default "off (on for 255 under strict)", since "2.3.3", Acts,
        "Address owners drop all received adverts.";
    [GlobalDefs] "vrrp_version": integer(2, 3, Unit::None) => aborts, default "2", since "1.2.20", Acts,
        "Default protocol version for instances (IPv6 instances are always 3).";
    [GlobalDefs] "vrrp_iptables": Form("[<in chain> [<out chain>]]"),
        default "off; bare = INPUT OUTPUT", since "1.2.20", Deprecated("nftables"),
        "Use iptables for no_accept/VMAC rules in the given chains.";
    [GlobalDefs] "vrrp_ipsets": Form("[<set> [<set6> [<if6> [<igmp> [<mld> [<nd>]]]]]]"),
        default "keepalived keepalived6 keepalived_if6 keepalived_igmp keepalived_mld …", since "1.2.20", Deprecated("nftables"),
        "Names of ipsets used with iptables; no argument disables ipsets.";
    [GlobalDefs] "nftables": OptionalWord("table"), default "keepalived", since "2.0.11", Acts,
        "Use nftables for no_accept rules in the given table.";
    [GlobalDefs] "nftables_priority": integer(-2_147_483_648, 2_147_483_647, Unit::None) => aborts,
        default "-1", since "2.0.11", Acts,
        "Priority of the nftables base chains.";
    [GlobalDefs] "nftables_ifindex": None, default "on", since "2.0.11", Acts,
        "Match interfaces by index instead of name in nft rules (they always are).";
    [GlobalDefs] "nftables_counters": None, default "off", since "2.0.11", Acts,
        "Add counters to nft rules.";
    [GlobalDefs] "nftables_ipvs": OptionalWord("table"), default "keepalived_ipvs", since "2.2.2", Refused("each address of a group is a service of its own in IPVS; virtual servers of marks (`fwmark`) do what one service for all would"),
        "Use nft fwmark rules so a group virtual server becomes one fwmark service.";
    [GlobalDefs] "nftables_ipvs_priority": integer(-2_147_483_648, 2_147_483_647, Unit::None) => aborts,
        default "-1", since "2.2.2", NoEffect("it is a setting of `nftables_ipvs`, which is not done"),
        "Base chain priority of the IPVS nft table.";
    [GlobalDefs] "nftables_ipvs_start_fwmark": integer(1, U32, Unit::None) => aborts,
        default "1000", since "2.2.2", NoEffect("it is a setting of `nftables_ipvs`, which is not done"),
        "First fwmark handed out for nftables_ipvs.";
    [GlobalDefs] "vrrp_check_unicast_src": None, default "off", since "1.2.20", Acts,
        "Drop unicast adverts whose source is not a configured peer.";
    [GlobalDefs] "vrrp_skip_check_adv_addr": Switch, default "off", since "1.2.20", Acts,
        "Skip VIP list comparison when advert comes from the same master as before.";
    [GlobalDefs] "vrrp_strict": Switch, default "off", since "1.2.20", Acts,
        "Enforce RFC behaviour (no auth, no unicast, VIP required …); default of strict_mode.";
    [GlobalDefs] "vrrp_priority": integer(-20, 19, Unit::None), default "0", since "1.2.20", Acts,
        "Nice value of VRRP child.";
    [GlobalDefs] "checker_priority": integer(-20, 19, Unit::None), default "0", since "1.2.20", Acts,
        "Nice value of checker child.";
    [GlobalDefs] "bfd_priority": integer(-20, 19, Unit::None), default "0", since "2.0.0", Acts,
        "Nice value of BFD child.";
    [GlobalDefs] "vrrp_no_swap": None, default "off", since "1.2.20", Acts,
        "Lock the VRRP child in memory.";
    [GlobalDefs] "vrrp_rt_priority": integer(1, 99, Unit::None),
        default "0 (normal scheduling)", since "2.0.0", Acts,
        "SCHED_RR priority of the VRRP child.";
    [GlobalDefs] "vrrp_cpu_affinity": Words("cpu"), default "all", since "2.0.17", Acts,
        "CPUs the VRRP child may run on.";
    [GlobalDefs] "vrrp_rlimit_rttime": integer(1, U32, Unit::Microseconds) => aborts,
        default "10000", since "2.1.0", Acts,
        "RLIMIT_RTTIME of the VRRP child when realtime.";
    [GlobalDefs] "vrrp_rlimit_rtime": integer(1, U32, Unit::Microseconds) => aborts,
        default "10000", since "2.0.0", OldSpelling("vrrp_rlimit_rttime"),
        "Deprecated spelling of vrrp_rlimit_rttime.";
    [GlobalDefs] "checker_no_swap": None, default "off", since "1.2.20", Acts,
        "Lock the checker child in memory.";
    [GlobalDefs] "checker_rt_priority": integer(1, 99, Unit::None),
        default "0 (normal scheduling)", since "2.0.0", Acts,
        "SCHED_RR priority of the checker child.";
    [GlobalDefs] "checker_cpu_affinity": Words("cpu"), default "all", since "2.0.17", Acts,
        "CPUs the checker child may run on.";
    [GlobalDefs] "checker_rlimit_rttime": integer(1, U32, Unit::Microseconds) => aborts,
        default "10000", since "2.1.0", Acts,
        "RLIMIT_RTTIME of the checker child when realtime.";
    [GlobalDefs] "checker_rlimit_rtime": integer(1, U32, Unit::Microseconds) => aborts,
        default "10000", since "2.0.0", OldSpelling("checker_rlimit_rttime"),
        "Deprecated spelling of checker_rlimit_rttime.";
    [GlobalDefs] "bfd_no_swap": None, default "off", since "2.0.0", Acts,
        "Lock the BFD child in memory.";
    [GlobalDefs] "bfd_rt_priority": integer(1, 99, Unit::None),
        default "0 (normal scheduling)", since "2.0.0", Acts,
        "SCHED_RR priority of the BFD child.";
    [GlobalDefs] "bfd_cpu_affinity": Words("cpu"), default "all", since "2.0.17", Acts,
        "CPUs the BFD child may run on.";
    [GlobalDefs] "bfd_rlimit_rttime": integer(1, U32, Unit::Microseconds) => aborts,
        default "10000", since "2.1.0", Acts,
        "RLIMIT_RTTIME of the BFD child when realtime.";
    [GlobalDefs] "bfd_rlimit_rtime": integer(1, U32, Unit::Microseconds) => aborts,
        default "10000", since "2.0.0", OldSpelling("bfd_rlimit_rttime"),
        "Deprecated spelling of bfd_rlimit_rttime.";
    [GlobalDefs] "notify_fifo": Fifo, default "none", since "1.3.6", Acts,
        "FIFO receiving both VRRP and LVS state lines.";
    [GlobalDefs] "notify_fifo_script": Command, default "none", since "1.3.6", Acts,
        "Reader started for notify_fifo; FIFO path appended as last argument.";
    [GlobalDefs] "vrrp_notify_fifo": Fifo, default "none", since "1.3.6", Acts,
        "FIFO for VRRP state lines.";
    [GlobalDefs] "vrrp_notify_fifo_script": Command, default "none", since "1.3.6", Acts,
        "Reader started for vrrp_notify_fifo.";
    [GlobalDefs] "lvs_notify_fifo": Fifo, default "none", since "1.3.6", Acts,
        "FIFO for virtual/real server state lines.";
    [GlobalDefs] "lvs_notify_fifo_script": Command, default "none", since "1.3.6", Acts,
        "Reader started for lvs_notify_fifo.";
    [GlobalDefs] "vrrp_notify_priority_changes": Switch, default "off", since "2.0.16", Acts,
        "Also write priority change lines to FIFOs.";
    [GlobalDefs] "fifo_write_vrrp_states_on_reload": None, default "off", since "2.2.5", Acts,
        "Write current state of every instance to FIFO after a reload.";
    [GlobalDefs] "snmp_socket": Word("transport:address"),
        default "unix:/var/agentx/master", since "1.2.20", NoEffect("it is a setting of the SNMP agent, and there is none yet"),
        "AgentX socket.";
    [GlobalDefs] "enable_traps": None, default "off", since "1.2.5", Refused("there is no SNMP agent yet; changes of state are told to notify scripts, FIFOs and by mail"),
        "Send SNMP traps.";
    [GlobalDefs] "enable_snmp_vrrp": None, default "off", since "2.0.0", Refused("there is no SNMP agent yet; what it would serve is in the files that SIGUSR1 and SIGUSR2 write"),
        "Serve KEEPALIVED-MIB VRRP part.";
    [GlobalDefs] "enable_snmp_keepalived": None,
        default "off", since "1.2.20", OldSpelling("enable_snmp_vrrp"),
        "Deprecated spelling of enable_snmp_vrrp.";
    [GlobalDefs] "enable_snmp_checker": None, default "off", since "1.2.20", Refused("there is no SNMP agent yet; what it would serve is in the files that SIGUSR1 and SIGUSR2 write"),
        "Serve KEEPALIVED-MIB checker part.";
    [GlobalDefs] "enable_snmp_rfc": None, default "off", since "1.2.20", Refused("there is no SNMP agent yet; what it would serve is in the files that SIGUSR1 and SIGUSR2 write"),
        "Serve both RFC2787 and RFC6527 MIBs.";
    [GlobalDefs] "enable_snmp_rfcv2": None, default "off", since "1.2.20", Refused("there is no SNMP agent yet; what it would serve is in the files that SIGUSR1 and SIGUSR2 write"),
        "Serve RFC2787 MIB.";
    [GlobalDefs] "enable_snmp_rfcv3": None, default "off", since "1.2.20", Refused("there is no SNMP agent yet; what it would serve is in the files that SIGUSR1 and SIGUSR2 write"),
        "Serve RFC6527 MIB.";
    [GlobalDefs] "snmp_vs_stats_update_interval": Decimal { min: 1_000, max: 30_000_000, places: 3, unit: Unit::Seconds },
        default "5", since "2.3.0", NoEffect("it is a setting of the SNMP agent, and there is none yet"),
        "Cache lifetime of virtual server statistics for SNMP.";
    [GlobalDefs] "snmp_rs_stats_update_interval": Decimal { min: 1_000, max: 30_000_000, places: 3, unit: Unit::Seconds },
        default "vs interval", since "2.3.0", NoEffect("it is a setting of the SNMP agent, and there is none yet"),
        "Cache lifetime of real server statistics for SNMP.";
    [GlobalDefs] "enable_dbus": None, default "off", since "1.3.0", Refused("there is no D-Bus service yet; changes of state are told to notify scripts, FIFOs and by mail"),
        "Export the D-Bus service.";
    [GlobalDefs] "dbus_service_name": Word("bus name"),
        default "org.keepalived.Vrrp1", since "1.3.7", NoEffect("it is a setting of the D-Bus service, and there is none yet"),
        "Bus name to own.";
    [GlobalDefs] "dbus_no_interface_name": Word("string"), default "none", since "2.3.0", NoEffect("it is a setting of the D-Bus service, and there is none yet"),
        "Object path element used for instances without an interface.";
    [GlobalDefs] "script_user": User,
        default "keepalived_script if it exists, else invoking user", since "1.3.0", Acts,
        "Default credentials for all scripts defined afterwards.";
    [GlobalDefs] "enable_script_security": None, default "off", since "1.3.0", Acts,
        "Refuse to run root scripts whose path is writable by non-root.";
    [GlobalDefs] "vrrp_netlink_cmd_rcv_bufs": integer(0, U32, Unit::Octets),
        default "0 (system)", since "2.0.0", NoEffect("each request waits for its own answer, so that no buffer overruns"),
        "Receive buffer of the VRRP netlink command socket.";
    [GlobalDefs] "vrrp_netlink_cmd_rcv_bufs_force": Switch, default "off", since "2.0.0", NoEffect("each request waits for its own answer, so that no buffer overruns"),
        "Set that VRRP netlink command buffer beyond rmem_max (SO_RCVBUFFORCE).";
    [GlobalDefs] "vrrp_netlink_monitor_rcv_bufs": integer(0, U32, Unit::Octets),
        default "0 (system)", since "2.0.0", Acts,
        "Receive buffer of the VRRP netlink monitor socket.";
    [GlobalDefs] "vrrp_netlink_monitor_rcv_bufs_force": Switch, default "off", since "2.0.0", NoEffect("the limit is exceeded where the machine allows it, and after an overrun everything is read again"),
        "Set that VRRP netlink monitor buffer beyond rmem_max (SO_RCVBUFFORCE).";
    [GlobalDefs] "lvs_netlink_cmd_rcv_bufs": integer(0, U32, Unit::Octets),
        default "0 (system)", since "2.0.0", NoEffect("each request waits for its own answer, so that no buffer overruns"),
        "Receive buffer of the checker netlink command socket.";
    [GlobalDefs] "lvs_netlink_cmd_rcv_bufs_force": Switch, default "off", since "2.0.0", NoEffect("each request waits for its own answer, so that no buffer overruns"),
        "Set that checker netlink command buffer beyond rmem_max (SO_RCVBUFFORCE).";
    [GlobalDefs] "lvs_netlink_monitor_rcv_bufs": integer(0, U32, Unit::Octets),
        default "0 (system)", since "2.0.0", Acts,
        "Receive buffer of the checker netlink monitor socket.";
    [GlobalDefs] "lvs_netlink_monitor_rcv_bufs_force": Switch, default "off", since "2.0.0", NoEffect("the limit is exceeded where the machine allows it, and after an overrun everything is read again"),
        "Set that checker netlink monitor buffer beyond rmem_max (SO_RCVBUFFORCE).";
    [GlobalDefs] "process_monitor_rcv_bufs": integer(0, U32, Unit::Octets),
        default "0 (system)", since "2.0.11", NoEffect("there is room for some ten thousand events, and after an overrun all processes are counted anew"),
        "Receive buffer of the process-event socket.";
    [GlobalDefs] "process_monitor_rcv_bufs_force": Switch, default "off", since "2.0.11", NoEffect("there is room for some ten thousand events, and after an overrun all processes are counted anew"),
        "Set that process-event buffer beyond rmem_max (SO_RCVBUFFORCE).";
    [GlobalDefs] "rs_init_notifies": Switch, default "off", since "2.0.0", Acts,
        "Run notify_up for real servers that start up in the up state.";
    [GlobalDefs] "vrrp_rx_bufs_policy": Form("MTU|ADVERT|<bytes>"),
        default "system", since "2.0.3", NoEffect("sockets have room for a burst of every peer, and a loss is noticed and lengthens the wait"),
        "Size of the receive buffer of VRRP sockets; several words combine.";
    [GlobalDefs] "vrrp_rx_bufs_multiplier": integer(1, U32, Unit::None),
        default "3", since "2.0.3", NoEffect("sockets have room for a burst of every peer, and a loss is noticed and lengthens the wait"),
        "Packets per instance counted for the receive buffer.";
    [GlobalDefs] "vrrp_startup_delay": Decimal { min: 1_000, max: U32_SECONDS, places: 6, unit: Unit::Seconds } => aborts,
        default "0", since "2.0.14", Acts,
        "Ignore and send no adverts until this long after start.";
    [GlobalDefs] "vrrp_delay_after_boot": SECONDS, default "0", since "2.4.0", Acts,
        "As vrrp_startup_delay but measured from system boot; the longer one counts.";
    [GlobalDefs] "log_unknown_vrids": None, default "off", since "2.0.16", Acts,
        "Log adverts with an unconfigured VRID.";
    [GlobalDefs] "vmac_prefix": Word("string") => aborts, default "vrrp", since "2.2.0", Acts,
        "Interface name prefix for VMACs without a name.";
    [GlobalDefs] "vmac_addr_prefix": Word("string") => aborts, default "vmac_prefix", since "2.2.0", Acts,
        "Name prefix for VMACs created for VIPs on other interfaces.";
    [GlobalDefs] "umask": Form("<number> | <BIT>[|<BIT>]...") => aborts,
        default "IXUSR|IRWXG|IRWXO (0177)", since "2.0.9", Acts,
        "File creation mask; -u on command line wins.";
    [GlobalDefs] "random_seed": integer(0, U32, Unit::None) => aborts,
        default "time based", since "2.0.15", NoEffect("`${_RANDOM}` is seeded anew at each start"),
        "Seed for ${_RANDOM}.";
    [GlobalDefs] "reload_check_config": OptionalWord("log file"),
        default "off; bare logs to /dev/null", since "2.2.0", Acts,
        "Test new config in a child process before reloading; failed test cancels reload.";
    [GlobalDefs] "reload_time_file": Word("path"), default "none", since "2.1.0", Acts,
        "Watched file holding a date/time at which to reload.";
    [GlobalDefs] "reload_repeat": None, default "off", since "2.1.0", Acts,
        "Keep the file and reload daily when it has time of day only.";
    [GlobalDefs] "reload_file": OptionalWord("path"),
        default "off; bare = keepalived.reload beside pid file", since "2.2.0", Acts,
        "File that exists while a reload is in progress.";
    [GlobalDefs] "include_check": Form("[[+|-]read|match|wildcard_match|brace_match ...]"),
        default "off; bare = all", since "2.2.0", Acts,
        "Strictness for later plain include lines; restored at end of the current file.";
    [GlobalDefs] "config_save_dir": Word("directory") => aborts, default "none", since "2.2.3", NoEffect("it is an aid for debugging keepalived; `vipd -d` logs the configuration as understood"),
        "Debug aid: dump configuration before/after each reload here.";
    [GlobalDefs] "tmp_config_directory": Word("directory"), default "memfd", since "2.2.0", NoEffect("workers get the configuration in memory, it is stored nowhere"),
        "Where the expanded config is stored for the children; not reloadable.";
    [GlobalDefs] "data_use_instance": Switch, default "off", since "2.2.3", Acts,
        "Add instance/netns to the names of dump files.";
    [GlobalDefs] "json_version": integer(1, 2, Unit::None), default "1", since "2.2.8", Refused("the file always has the shape of version 1"),
        "Shape of the JSON dump.";
    [GlobalDefs] "iproute_usr_dir": Word("directory"),
        default "build default /usr/share/iproute2 or /etc/iproute2", since "2.3.2", Acts,
        "Where rt_tables and friends are read (vendor copy).";
    [GlobalDefs] "iproute_etc_dir": Word("directory"), default "/etc/iproute2", since "2.3.2", Acts,
        "Where rt_tables and friends are read (local copy).";
    [GlobalDefs] "state_dump_file": Word("path|dir/"), default "/tmp/keepalived*.data", since "2.3.3", Acts,
        "Location of SIGUSR1 dumps. Man page calls it state_file_location (not accepted).";
    [GlobalDefs] "stats_dump_file": Word("path"), default "", since "2.3.3", Ignored,
        "Accepted, without effect.";
    [GlobalDefs] "json_dump_file": Word("path"), default "", since "2.3.3", Ignored,
        "Accepted, without effect.";

    [LinkbeatInterfaces] "<line>": Form("<ifname> [MII|ETHTOOL|IOCTL]"),
        default "first working method", since "2.0.13", NoEffect("the kernel tells of each change of a link as it happens, and is believed without being asked"),
        "One polled interface per line.";

    [InterfaceUpDownDelays] "<line>": Form("<ifname> <down:seconds decimal 0..255> [<up:seconds decimal 0..255>]"),
        default "up 0", since "2.2.3", Acts,
        "Delay before acting on down and up events of an interface; without the second number up has no delay.";

    [TrackGroup] "group": Lines(Context::TrackGroupMembers), default "", since "2.0.3", Acts,
        "Members of the track group.";

    [GarpGroup] "garp_interval": SECONDS => aborts, default "0", since "1.2.21", Acts,
        "Gap between GARPs on the group.";
    [GarpGroup] "gna_interval": SECONDS => aborts, default "0", since "1.2.21", Acts,
        "Gap between NAs on the group.";
    [GarpGroup] "interface": Interface => aborts, default "", since "1.2.21", Acts,
        "Single interface limited on its own.";
    [GarpGroup] "interfaces": Lines(Context::GarpGroupInterfaces), default "", since "1.2.21", Acts,
        "Interfaces sharing the same limit.";

    [Ssl] "password": Secret("<string>"), default "none", since "1.2.1", Refused("an encrypted key cannot be read; store it without a password, readable by root alone"),
        "Key password.";
    [Ssl] "ca": Word("file"), default "none", since "1.2.1", Acts,
        "CA file.";
    [Ssl] "certificate": Word("file"), default "none", since "1.2.1", Acts,
        "Client certificate.";
    [Ssl] "key": Word("file"), default "none", since "1.2.1", Acts,
        "Client key.";
];
