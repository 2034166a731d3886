//! Keywords that no keepalived knows.

use super::Keyword;
use super::table::keywords;

/// The longest time of the keywords here, in millionths of a second: a day.
const DAY: u64 = 86_400_000_000;

/// An hour, likewise.
const HOUR: u64 = 3_600_000_000;

pub(super) static OWN_KEYWORDS: &[Keyword] = keywords![
    [GlobalDefs] "smtp_tls": Choice(&["off", "starttls", "on"]), default "off", since "vipd only", Acts,
        "Encrypt mail: STARTTLS, or TLS from the first octet (port 465 unless smtp_server says).";
    [GlobalDefs] "smtp_tls_ca_file": Word("file"), default "any certificate", since "vipd only", Acts,
        "Authorities (PEM) that the mail server's certificate must lead to.";
    [GlobalDefs] "smtp_auth": Secret("<user> <password>"), default "none", since "vipd only", Acts,
        "Log in to the mail server.";
    [GlobalDefs] "http_listen": Form("<address>:<port>"), default "none", since "vipd only", Acts,
        "Serve a page, metrics and health here, read-only, from an unprivileged process: 127.0.0.1:9165, [::1]:9165.";
    [GlobalDefs] "http_token_file": Word("file"), default "none: everybody may read", since "vipd only", Acts,
        "Answer only those who send the token that this file holds (Authorization: Bearer, or as a password).";
    [GlobalDefs] "http_name": Form("<name>..."), default "the host name", since "vipd only", Acts,
        "More names under which browsers may reach http_listen; addresses, localhost and the host name are permitted always.";
    [GlobalDefs] "notify_timeout": integer(0, U32, Unit::Seconds), default "0 (no limit)", since "vipd only", Acts,
        "A notify script that runs longer is terminated; later ones do not wait for it for ever either way.";
    [GlobalDefs] "worker_user": Word("user"), default "vipd if it exists, else nobody", since "vipd only", Acts,
        "User that workers run as, with the capabilities of the network only.";
    [GlobalDefs] "lvs_share_checks": Switch, default "off", since "vipd only", Acts,
        "Make equal checks of the same server once for all virtual servers.";
    [GlobalDefs] "lvs_reconcile": Form("report|restore <seconds>|at_once"), default "restore 3600", since "vipd only", Acts,
        "A weight that somebody else sets (ipvsadm -e): reported and kept, kept for so long, or put right when it is seen.";

    [GlobalDefs] "worker_timeout": integer(0, 86_400, Unit::Seconds), default "5", since "vipd only", Acts,
        "Replace a worker process that does not answer for so long; 0 for never, as under a debugger.";

    [GlobalDefs] "control_socket": Form("<path>|none"), default "/run/vipd/control.sock", since "vipd only", Acts,
        "Socket of `vipd status` and the other commands; an absolute path, or none.";
    [GlobalDefs] "control_group": Form("<group> [act]"), default "none (only root)", since "vipd only", Acts,
        "Group whose members may ask the daemon for its state; with act they may change it, too.";
    [GlobalDefs] "stop_handover": Decimal { min: 0, max: HOUR, places: 6, unit: Unit::Seconds },
        default "0 (off)", since "vipd only", Acts,
        "A stop serves on until another machine has taken over the addresses, for so long at most; not with use_vmac.";

    [GlobalDefs, VrrpInstance] "rfc9568": Switch, default "off; of an instance, as global", since "vipd only", Acts,
        "Do what RFC 9568 says: version 3, virtual MAC, no_accept, lower priorities answered at once, the RFC's receive checks.";
    [GlobalDefs, VrrpInstance] "rfc3768": Switch, default "off; of an instance, as global", since "vipd only", Acts,
        "Do what RFC 3768 says: version 2, virtual MAC, no_accept, lower priorities not answered, the RFC's receive checks.";

    [VrrpScript] "on_shortage": Choice(&["keep", "fail"]), default "keep", since "vipd only", Acts,
        "A check that cannot be run for ten intervals, at least 60 s: its last result stays, or it counts as failed.";

    [VirtualServer] "panic_threshold": integer(0, 100, Unit::None), default "0 (never)", since "vipd only", Acts,
        "Per cent: if fewer real servers are good, those that failed are used as well, unless the sorry server serves.";
    [VirtualServer] "panic_hysteresis": integer(0, 100, Unit::None), default "0", since "vipd only", Acts,
        "Per cent: panic_threshold is over when so much more than it are good, or all.";
    [VirtualServer] "outlier_detection": Switch, default "off", since "vipd only", Acts,
        "Report a real server (TCP) whose new connections are never completed while those of its neighbours are.";
    [VirtualServer] "outlier_weight": integer(0, 100, Unit::None), default "100", since "vipd only", Acts,
        "Per cent: such a server has this share of its weight until its checks prove it again; turns outlier_detection on.";
    [VirtualServer] "sorry_server_check": Block(Context::SorryServerCheck), default "none", since "vipd only", Acts,
        "Checkers of the sorry server above, which takes over only while all of them are good.";
    [RealServer] "backup": Switch, default "off", since "vipd only", Acts,
        "Weight 0 while the other real servers give a quorum; used beside them, and before the sorry server, when they do not.";
    [VirtualServer] "drain_timeout": Decimal { min: 0, max: DAY, places: 6, unit: Unit::Seconds },
        default "0", since "vipd only", Acts,
        "A real server that a reload removed stays with weight 0 for so long.";
    [VirtualServer] "slow_start": Decimal { min: 0, max: DAY, places: 6, unit: Unit::Seconds },
        default "0", since "vipd only", Acts,
        "The weight of a real server that comes up grows to its full value over this time.";
    [RealServer] "slow_start": Decimal { min: 0, max: DAY, places: 6, unit: Unit::Seconds },
        default "virtual_server value", since "vipd only", Acts,
        "The weight grows to its full value over this time after the server came up.";

    [VirtualServer] "rise": integer(1, U32, Unit::None), default "1", since "vipd only", Acts,
        "Good results in a row that bring a checker up that is down; not of AGENT_CHECK, FILE_CHECK and BFD_CHECK.";
    [RealServer] "rise": integer(1, U32, Unit::None), default "virtual_server value", since "vipd only", Acts,
        "Good results in a row that bring a checker up that is down; not of AGENT_CHECK, FILE_CHECK and BFD_CHECK.";
    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck, MiscCheck, UdpCheck, PingCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck]
        "rise": integer(1, U32, Unit::None), default "real server value", since "vipd only", Acts,
        "Good results in a row that bring it up when it is down.";

    [HttpGet, SslGet] "header": Secret("<\"name: value\">"), default "none", since "vipd only", Acts,
        "One more header line of the request; may be repeated.";
    [HttpGet, SslGet] "basic_auth": Secret("<user> <password>"), default "none", since "vipd only", Acts,
        "Authorization: Basic of the request.";
    [HttpGetUrl, SslGetUrl] "method": Choice(&["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]),
        default "GET, POST with request_body", since "vipd only", Acts,
        "Method of the request.";
    [HttpGetUrl, SslGetUrl] "request_body": Word("text"), default "none", since "vipd only", Acts,
        "Content of the request; \\n and the like stand for control characters. `header` says of which type it is.";
    [HttpGetUrl, SslGetUrl] "follow_redirects": integer(0, 20, Unit::None), default "0 (a redirect fails)", since "vipd only", Acts,
        "Follow so many redirects to the same scheme, host and port, each over a new connection to the same server; others fail.";
    [HttpGetUrl, SslGetUrl] "body": Word("text"), default "none", since "vipd only", Acts,
        "Text that must occur in the body.";

    [SslGet, GrpcCheck, TcpCheck] "tls_verify": Switch, default "off, on with tls_ca_file", since "vipd only", Acts,
        "Demand a certificate that leads to tls_ca_file, else to ca of SSL, else to what the system trusts.";
    [SslGet, GrpcCheck, TcpCheck] "tls_ca_file": Word("file"), default "ca of SSL", since "vipd only", Acts,
        "Authorities (PEM) that the server's certificate must lead to; implies tls_verify.";
    [SslGet, GrpcCheck, TcpCheck] "tls_expiry_warning": integer(0, 3650, Unit::None), default "0 (never)", since "vipd only", Acts,
        "Warn so many days before the server's certificate expires.";
    [SslGet, GrpcCheck, TcpCheck] "tls_expiry_weight": Form("<days> <percent>"), default "none", since "vipd only", Acts,
        "So many days before the server's certificate expires, so much of the weight, 0 to 100 %, until it is renewed.";
    [SslGet, GrpcCheck, TcpCheck] "tls_version": Form("<1.2|1.3> [<1.2|1.3>]"), default "1.2 1.3", since "vipd only", Acts,
        "Lowest and highest version of TLS.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck]
        "proxy_protocol": integer(1, 2, Unit::None), default "none", since "vipd only", Acts,
        "Begin the connection with a PROXY header of this version, which says that it is the proxy's own.";

    [DnsCheck] "answer": Form("<address>..."), default "none", since "vipd only", Acts,
        "Addresses of which each must be in the answer, for type A or AAAA.";
    [DnsCheck] "min_answers": integer(0, 65_535, Unit::None), default "0", since "vipd only", Acts,
        "So many records of the type must be in the answer.";
    [DnsCheck] "require_ad": Switch, default "off", since "vipd only", Acts,
        "The resolver must say that it validated the answer (DNSSEC, the AD bit).";

    [RealServer, SorryServerCheck] "AGENT_CHECK": Block(Context::AgentCheck), default "", since "vipd only", Acts,
        "Ask an agent of HAProxy's protocol for state and weight. Several checkers are ANDed.";
    [AgentCheck] "send": Word("text"), default "nothing", since "vipd only", Acts,
        "Text that is sent first; \\n and the like stand for control characters.";
    [RealServer, SorryServerCheck] "GRPC_CHECK": Block(Context::GrpcCheck), default "", since "vipd only", Acts,
        "Ask the gRPC health service. Several checkers are ANDed.";
    [GrpcCheck] "service": Word("name"), default "the server as a whole", since "vipd only", Acts,
        "Service whose health is asked for.";
    [GrpcCheck] "virtualhost": Word("string"), default "rs, vs value or target ip", since "vipd only", Acts,
        "Authority of the request, and server name for TLS.";
    [GrpcCheck] "tls": Switch, default "off, on with any tls_ keyword", since "vipd only", Acts,
        "Speak gRPC over TLS.";

    [TcpCheck] "send": Word("text"), default "nothing", since "vipd only", Acts,
        "Text to send, in the order of send, expect and expect_line; \\n and the like stand for control characters.";
    [TcpCheck] "expect": Word("text"), default "nothing", since "vipd only", Acts,
        "Text to wait for.";
    [TcpCheck] "expect_line": Word("pcre pattern"), default "nothing", since "vipd only", Acts,
        "Wait for a line that matches.";
    [TcpCheck] "virtualhost": Word("string"), default "none", since "vipd only", Acts,
        "Server name for TLS.";
    [TcpCheck] "tls": Switch, default "off, on with any tls_ keyword", since "vipd only", Acts,
        "Speak TLS.";

    [RealServer, SorryServerCheck] "REDIS_CHECK": Block(Context::RedisCheck), default "", since "vipd only", Acts,
        "Ping Redis or Valkey. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "MYSQL_CHECK": Block(Context::MysqlCheck), default "", since "vipd only", Acts,
        "Greet MySQL or MariaDB, or log in there. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "PGSQL_CHECK": Block(Context::PgsqlCheck), default "", since "vipd only", Acts,
        "Begin a login at PostgreSQL, or log in there. Several checkers are ANDed.";
    [RealServer, SorryServerCheck] "LDAP_CHECK": Block(Context::LdapCheck), default "", since "vipd only", Acts,
        "Bind to an LDAP server. Several checkers are ANDed.";
    [RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "login": Secret("<user> <password>"),
        default "none", since "vipd only", Acts,
        "User and password; of LDAP the distinguished name.";
    [RedisCheck] "password": Secret("<text>"), default "none", since "vipd only", Acts,
        "Password of a Redis that knows no users.";
    [RedisCheck, PgsqlCheck] "role": Choice(&["primary", "replica"]), default "any", since "vipd only", Acts,
        "Role that the server must have among its replicas.";
    [PgsqlCheck] "database": Word("name"), default "that of the user's name", since "vipd only", Acts,
        "Database to log in to.";

    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "connect_ip": Address, default "real server ip", since "vipd only", Acts,
        "Address to test.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "connect_port": integer(1, 65_535, Unit::None),
        default "real server port", since "vipd only", Acts,
        "Port to test.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "bindto": Address, default "none", since "vipd only", Acts,
        "Source address.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "bind_port": integer(1, 65_535, Unit::None),
        default "ephemeral", since "vipd only", Acts,
        "Source port.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "bind_if": Interface, default "none", since "vipd only", Acts,
        "Source interface.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "connect_timeout": TIME, default "real server value, 5", since "vipd only", Acts,
        "Limit for connecting and each I/O step.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "fwmark": integer(0, U32, Unit::None), default "0", since "vipd only", Acts,
        "Socket mark for probe packets.";
    [GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "retry": integer(0, U32, Unit::None), default "inherited, 1", since "vipd only", Acts,
        "Extra failures tolerated while up.";
    [AgentCheck] "retry": integer(0, U32, Unit::None), default "inherited, 1", since "vipd only", Acts,
        "Of no effect: what an agent says counts at once, and its silence changes nothing.";
    [GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "delay_before_retry": SECONDS, default "inherited, 1", since "vipd only", Acts,
        "Gap between retries.";
    [AgentCheck] "delay_before_retry": SECONDS, default "inherited, 1", since "vipd only", Acts,
        "Of no effect, as retry.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "warmup": SECONDS, default "inherited, delay_loop", since "vipd only", Acts,
        "Random first delay up to this.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "delay_loop": TIME, default "real server value, 60", since "vipd only", Acts,
        "Interval between checks.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "alpha": Switch, default "inherited", since "vipd only", Acts,
        "Start failed.";
    [AgentCheck, GrpcCheck, RedisCheck, MysqlCheck, PgsqlCheck, LdapCheck] "log_all_failures": Switch,
        default "checker_log_all_failures", since "vipd only", Acts,
        "Log each failed attempt.";
];
