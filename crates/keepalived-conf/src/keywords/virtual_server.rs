//! `virtual_server` and `real_server`.

use super::Keyword;
use super::table::keywords;

pub(super) static VIRTUAL_SERVER: &[Keyword] = keywords![
    [VirtualServer] "ip_family": Choice(&["inet", "inet6"]) => aborts,
        default "from address; inet for fwmark", since "1.2.20", Acts,
        "Family for fwmark or group services without addresses.";
    [VirtualServer] "delay_loop": LONG_TIME => aborts, default "60", since "1.2.1", Acts,
        "Default interval of checkers.";
    [VirtualServer] "lb_algo": Choice(SCHEDULERS) => aborts,
        default "wlc with error", since "1.2.1", Acts,
        "Scheduler (the older, common spelling).";
    [VirtualServer] "lvs_sched": Choice(SCHEDULERS) => aborts,
        default "wlc with error", since "1.2.1", Acts,
        "Scheduler.";
    [VirtualServer] "lb_kind": Form("NAT|DR|TUN [type ipip|gue port <n>|gre] [nocsum|csum|remcsum]") => aborts,
        default "NAT with error", since "1.2.1", Acts,
        "Default forwarding method (the older, common spelling).";
    [VirtualServer] "lvs_method": Form("NAT|DR|TUN [type ipip|gue port <n>|gre] [nocsum|csum|remcsum]") => aborts,
        default "NAT with error", since "1.2.1", Acts,
        "Default forwarding method.";
    [VirtualServer] "protocol": ChoiceAnyCase(&["TCP", "UDP", "SCTP"]) => aborts,
        default "UDP unset warns", since "1.2.1", Acts,
        "Transport of the service.";
    [VirtualServer] "persistence_timeout": OptionalInteger { min: 1, max: 2_678_400, unit: Unit::Seconds },
        default "off; bare 360", since "1.2.1", Acts,
        "Persistent connections.";
    [VirtualServer] "persistence_granularity": Form("<netmask>|<1..128>") => aborts,
        default "255.255.255.255 / 128", since "1.2.1", Acts,
        "Client grouping for persistence.";
    [VirtualServer] "persistence_engine": Word("name") => aborts, default "none", since "1.2.20", Acts,
        "Kernel persistence engine (sip).";
    [VirtualServer] "real_server": KeyedBlock(Context::RealServer, "<ip> [<port>]") => aborts,
        default "", since "1.2.1", Acts,
        "Backend; port may be omitted (0) for fwmark or port 0 services; duplicates ignored.";
    [VirtualServer] "sorry_server": Form("<ip> [<port>]") => aborts, default "none", since "1.2.1", Acts,
        "Backend used when quorum is lost.";
    [VirtualServer] "sorry_server_inhibit": None, default "off", since "1.2.13", Acts,
        "Keep sorry server in the table with weight 0; must follow sorry_server.";
    [VirtualServer] "sorry_server_lvs_method": Form("NAT|DR|TUN ..."),
        default "lvs_method", since "1.3.6", Acts,
        "Forwarding of the sorry server.";
    [VirtualServer] "alpha": None, default "off", since "1.2.1", Acts,
        "Default alpha for real servers: start down until checked.";
    [VirtualServer] "omega": None, default "off", since "1.2.1", Acts,
        "At stop run down/quorum-down notifications.";
    [VirtualServer] "quorum": integer(1, U32, Unit::None) => aborts, default "1", since "1.2.1", Acts,
        "Weight sum needed for the service to be up.";
    [VirtualServer] "hysteresis": integer(0, U32, Unit::None) => aborts, default "0", since "1.2.1", Acts,
        "Margin around quorum.";
    [VirtualServer] "quorum_up": Command => aborts, default "none", since "1.2.1", Acts,
        "Run when quorum gained.";
    [VirtualServer] "quorum_down": Command => aborts, default "none", since "1.2.1", Acts,
        "Run when quorum lost.";
    [VirtualServer] "ha_suspend": None, default "off", since "1.2.1", Acts,
        "Suspend checkers while the VIP is not on this host.";
    [VirtualServer] "inhibit_on_failure": None, default "off", since "1.3.7", Acts,
        "Default for real servers.";
    [VirtualServer] "smtp_alert": Switch, default "off", since "2.0.0", Acts,
        "Mail on quorum changes.";
    [VirtualServer] "virtualhost": Word("string"), default "none", since "1.2.1", Acts,
        "Default Host header.";

    [VirtualServer, RealServer] "snmp_name": Word("string"), default "none", since "2.2.3", NoEffect("it is a name for the SNMP agent, and there is none yet"),
        "Name shown by SNMP.";

    [VirtualServer] "weight": integer(1, 2_147_483_647, Unit::None) => aborts, default "1", since "1.3.7", Acts,
        "Default weight of the real servers.";
    [VirtualServer] "ops": None, default "off", since "1.2.8", Acts,
        "One packet scheduling; UDP only.";
    [VirtualServer] "hashed": None, default "", since "1.3.0", Ignored,
        "Accepted, without effect.";
    [VirtualServer] "flag-1": None, default "off", since "1.3.0", Acts,
        "Raw scheduler flag 1.";
    [VirtualServer] "flag-2": None, default "off", since "1.3.0", Acts,
        "Raw scheduler flag 2.";
    [VirtualServer] "flag-3": None, default "off", since "1.3.0", Acts,
        "Raw scheduler flag 3.";
    [VirtualServer] "sh-port": None, default "off", since "1.3.0", Acts,
        "Include port in sh hash; sched must already be set to sh.";
    [VirtualServer] "sh-fallback": None, default "off", since "1.3.0", Acts,
        "sh picks another server when weight 0; sched set earlier.";
    [VirtualServer] "mh-port": None, default "off", since "2.0.20", Acts,
        "As sh-port for mh.";
    [VirtualServer] "mh-fallback": None, default "off", since "2.0.20", Acts,
        "As sh-fallback for mh.";
    [VirtualServer] "retry": integer(1, U32, Unit::None) => aborts,
        default "checker specific (1)", since "1.3.7", Acts,
        "Default failures before down.";

    [RealServer] "retry": integer(1, U32, Unit::None) => aborts,
        default "virtual_server value", since "1.3.7", Acts,
        "Default for checkers of this server: failures before down.";

    [VirtualServer] "delay_before_retry": LONG => aborts,
        default "checker specific (1)", since "1.3.7", Acts,
        "Default gap between retries.";

    [RealServer] "delay_before_retry": LONG => aborts,
        default "virtual_server value", since "1.3.7", Acts,
        "Default for checkers of this server: gap between retries.";

    [VirtualServer] "warmup": LONG => aborts, default "delay_loop", since "1.3.7", Acts,
        "Default random maximum first delay.";

    [RealServer] "warmup": LONG => aborts, default "virtual_server value", since "1.3.7", Acts,
        "Default for checkers of this server: random maximum first delay.";

    [VirtualServer] "connect_timeout": TIME => aborts, default "5", since "2.0.13", Acts,
        "Default connection limit.";

    [RealServer] "connect_timeout": TIME => aborts,
        default "virtual_server value", since "2.0.13", Acts,
        "Default for checkers of this server: connection limit.";
    [RealServer] "weight": integer(0, 2_147_483_647, Unit::None) => aborts,
        default "virtual_server weight or 1", since "1.2.1", Acts,
        "IPVS weight; 0 allowed.";
    [RealServer] "lvs_method": Form("NAT|DR|TUN ...") => aborts,
        default "virtual_server method", since "1.3.6", Acts,
        "Forwarding of this server.";
    [RealServer] "uthreshold": integer(0, U32, Unit::None) => aborts, default "0", since "1.2.1", Acts,
        "Upper connection threshold.";
    [RealServer] "lthreshold": integer(0, U32, Unit::None) => aborts, default "0", since "1.2.1", Acts,
        "Lower connection threshold.";
    [RealServer] "inhibit_on_failure": Switch, default "virtual_server value", since "1.2.1", Acts,
        "On failure set weight 0 instead of removing.";
    [RealServer] "notify_up": Command => aborts, default "none", since "1.2.1", Acts,
        "Run when server comes up.";
    [RealServer] "notify_down": Command => aborts, default "none", since "1.2.1", Acts,
        "Run when server goes down.";
    [RealServer] "alpha": Switch, default "virtual_server value", since "1.3.7", Acts,
        "Start down.";
    [RealServer] "delay_loop": LONG_TIME => aborts, default "virtual_server value", since "1.3.7", Acts,
        "Checker interval.";
    [RealServer] "smtp_alert": Switch, default "on (unless globals set)", since "2.0.0", Acts,
        "Mail on state change.";
    [RealServer] "virtualhost": Word("string"), default "virtual_server value", since "1.3.6", Acts,
        "Default Host header.";
    [RealServer, SorryServerCheck] "TCP_CHECK": Block(Context::TcpCheck), default "", since "1.2.13", Acts,
        "TCP connect check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "HTTP_GET": Block(Context::HttpGet), default "", since "1.2.13", Acts,
        "HTTP GET check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "SSL_GET": Block(Context::SslGet), default "", since "1.2.13", Acts,
        "HTTPS GET check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "SMTP_CHECK": Block(Context::SmtpCheck), default "", since "1.2.13", Acts,
        "SMTP dialogue check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "DNS_CHECK": Block(Context::DnsCheck), default "", since "1.3.0", Acts,
        "DNS query check (UDP). Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "MISC_CHECK": Block(Context::MiscCheck), default "", since "1.2.13", Acts,
        "Script check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "UDP_CHECK": Block(Context::UdpCheck), default "", since "2.1.0", Acts,
        "UDP datagram check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "PING_CHECK": Block(Context::PingCheck), default "", since "2.1.0", Acts,
        "ICMP echo check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "FILE_CHECK": Block(Context::FileCheck), default "", since "2.1.0", Acts,
        "track_file based check. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "BFD_CHECK": Block(Context::BfdCheck), default "", since "2.0.0", Acts,
        "BFD session based check. Several checkers are ANDed.";
];
