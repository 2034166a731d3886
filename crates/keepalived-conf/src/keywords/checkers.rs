//! The health checks of a `real_server`.

use super::Keyword;
use super::table::keywords;

pub(super) static CHECKERS: &[Keyword] = keywords![
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "connect_ip": Address => aborts,
        default "real server ip", since "1.2.13", Acts,
        "Address to test.";
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "1.2.13", Acts,
        "Port to test.";
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "bindto": Address => aborts,
        default "none", since "1.2.13", Acts,
        "Source address.";
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "1.2.13", Acts,
        "Source port.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck] "bind_if": Interface => aborts,
        default "none", since "1.3.7", Acts,
        "Source interface.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost] "connect_timeout": TIME => aborts,
        default "real server value, 5", since "1.2.13", Acts,
        "Limit for connecting and each I/O step.";

    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "fwmark": integer(0, U32, Unit::None) => aborts,
        default "0", since "1.2.13", Acts,
        "Socket mark for probe packets.";

    [TcpCheck] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "1.2.20", Acts,
        "Extra failures tolerated while up.";
    [TcpCheck] "delay_before_retry": LONG => aborts, default "inherited, 1", since "1.2.20", Acts,
        "Gap between retries.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, MiscCheck] "warmup": LONG => aborts,
        default "inherited, delay_loop", since "1.2.13", Acts,
        "Random first delay up to this.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck, MiscCheck] "delay_loop": LONG_TIME => aborts,
        default "real server value, 60", since "1.3.7", Acts,
        "Interval between checks.";
    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck, MiscCheck] "alpha": Switch,
        default "inherited", since "1.3.7", Acts,
        "Start failed.";
    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck, MiscCheck] "log_all_failures": Switch,
        default "checker_log_all_failures", since "2.0.11", Acts,
        "Log each failed attempt.";

    [HttpGet, SslGet, SmtpCheckHost] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "1.3.7", Acts,
        "Extra failures tolerated while up.";

    [HttpGet, SslGet] "delay_before_retry": LONG => aborts,
        default "inherited, 3", since "1.2.13", Acts,
        "Gap between retries.";
    [HttpGet, SslGet] "nb_get_retry": integer(0, U32, Unit::None) => aborts,
        default "", since "1.2.13", Deprecated("retry"),
        "Deprecated spelling of retry.";
    [HttpGet, SslGet] "virtualhost": Word("string"),
        default "rs, vs value or target ip", since "1.3.6", Acts,
        "Host header.";
    [HttpGet, SslGet] "http_protocol": Choice(&["1.0", "1.0C", "1.0c", "1.1", "2"]),
        default "1.0", since "2.0.17", Acts,
        "Request version; 1.0C and 1.1 add a Connection: close header. keepalived does not know 2.";
    [HttpGet, SslGet] "enable_sni": Switch, default "off", since "1.4.3", Acts,
        "Send TLS SNI (only effective with SSL_GET).";
    [HttpGet, SslGet] "sni_name": OptionalWord("name"),
        default "url/checker/vs virtualhost", since "2.4.4", Acts,
        "SNI name; implies enable_sni.";
    [HttpGet, SslGet] "fast_recovery": Switch, default "off", since "2.0.17", Acts,
        "When down, check remaining URLs at once after a good one.";

    [HttpGet] "url": Block(Context::HttpGetUrl), default "required", since "1.2.13", Acts,
        "One request; all must pass.";

    [HttpGetUrl, SslGetUrl] "path": Word("string") => aborts,
        default "required (url ignored without)", since "1.2.13", Acts,
        "Path to request.";
    [HttpGetUrl, SslGetUrl] "digest": Form("<32 hex digits>") => aborts,
        default "none", since "1.2.13", Acts,
        "Expected MD5 of body.";
    [HttpGetUrl, SslGetUrl] "status_code": Form("<N>|<N>-<M> ..., 100..599"),
        default "200-299", since "1.2.13", Acts,
        "Accepted statuses.";
    [HttpGetUrl, SslGetUrl] "virtualhost": Word("string"), default "checker value", since "1.3.6", Acts,
        "Host header for this URL.";
    [HttpGetUrl, SslGetUrl] "regex": Word("pcre pattern"), default "none", since "2.0.7", Acts,
        "Body must match. Build option.";
    [HttpGetUrl, SslGetUrl] "regex_no_match": None, default "off", since "2.0.7", Acts,
        "Body must not match.";
    [HttpGetUrl, SslGetUrl] "regex_options": Words("word"), default "none", since "2.0.7", Acts,
        "PCRE2 options by name.";
    [HttpGetUrl, SslGetUrl] "regex_min_offset": integer(0, U32, Unit::Octets),
        default "0", since "2.0.7", Acts,
        "Earliest match start.";
    [HttpGetUrl, SslGetUrl] "regex_max_offset": integer(0, U32, Unit::Octets),
        default "none", since "2.0.7", Acts,
        "Stop matching beyond this.";
    [HttpGetUrl, SslGetUrl] "regex_stack": Form("<start> <max>"), default "none", since "2.0.7", NoEffect("matching needs no stack of its own"),
        "JIT stack sizes. PCRE2 JIT only.";

    [SslGet] "tls_compliant": Switch, default "off", since "2.2.8", Acts,
        "Send close_notify on shutdown; default for url.";
    [SslGet] "url": Block(Context::SslGetUrl), default "required", since "1.2.13", Acts,
        "One request; all must pass.";

    [SslGetUrl] "tls_compliant": Switch, default "checker value", since "2.2.8", Acts,
        "Per-URL close_notify.";

    [SmtpCheck] "connect_ip": Address => aborts, default "real server ip", since "1.2.17", Acts,
        "Address to test.";
    [SmtpCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "1.2.17", Acts,
        "Port to test.";
    [SmtpCheck] "bindto": Address => aborts, default "none", since "1.2.17", Acts,
        "Source address.";
    [SmtpCheck] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "1.2.17", Acts,
        "Source port.";
    [SmtpCheck] "fwmark": integer(0, U32, Unit::None) => aborts, default "0", since "1.2.17", Acts,
        "Socket mark for probe packets.";
    [SmtpCheck] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "1.2.13", Acts,
        "Extra failures tolerated while up.";
    [SmtpCheck] "delay_before_retry": LONG => aborts, default "inherited, 1", since "1.2.13", Acts,
        "Gap between retries.";
    [SmtpCheck] "helo_name": Word("string"), default "smtpchecker.keepalived.org", since "1.2.13", Acts,
        "HELO argument.";
    [SmtpCheck] "host": Block(Context::SmtpCheckHost),
        default "", since "1.2.13", OldSpelling("the keywords of SMTP_CHECK itself"),
        "Deprecated nested target; each host becomes its own checker.";

    [SmtpCheckHost, MiscCheck] "delay_before_retry": LONG => aborts,
        default "inherited, 1", since "1.3.7", Acts,
        "Gap between retries.";

    [SmtpCheckHost, DnsCheck] "warmup": LONG => aborts,
        default "inherited, delay_loop", since "1.3.7", Acts,
        "Random first delay up to this.";

    [DnsCheck] "connect_ip": Address => aborts, default "real server ip", since "1.3.0", Acts,
        "Address to test.";
    [DnsCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "1.3.0", Acts,
        "Port to test.";
    [DnsCheck] "bindto": Address => aborts, default "none", since "1.3.0", Acts,
        "Source address.";
    [DnsCheck] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "1.3.0", Acts,
        "Source port.";
    [DnsCheck] "connect_timeout": TIME => aborts, default "real server value, 5", since "1.3.0", Acts,
        "Limit for connecting and each I/O step.";
    [DnsCheck] "fwmark": integer(0, U32, Unit::None) => aborts, default "0", since "1.3.0", Acts,
        "Socket mark for probe packets.";
    [DnsCheck] "retry": integer(0, U32, Unit::None) => aborts, default "3", since "1.3.0", Acts,
        "Extra failures tolerated while up.";
    [DnsCheck] "delay_before_retry": LONG => aborts, default "delay_loop", since "1.3.7", Acts,
        "Gap between retries.";
    [DnsCheck] "type": ChoiceAnyCase(&["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY"]) => aborts,
        default "SOA", since "1.3.0", Acts,
        "Query type.";
    [DnsCheck] "name": Word("domain") => aborts, default ".", since "1.3.0", Acts,
        "Query name.";

    [MiscCheck] "retry": integer(0, U32, Unit::None) => aborts, default "0", since "1.3.7", Acts,
        "Extra failures tolerated while up.";
    [MiscCheck] "misc_path": Command, default "required", since "1.2.13", Acts,
        "Script to run.";
    [MiscCheck] "misc_timeout": integer(0, 4294, Unit::Seconds) => aborts,
        default "delay_loop", since "1.2.13", Acts,
        "Run limit.";
    [MiscCheck] "misc_dynamic": None, default "off", since "1.2.13", Acts,
        "Exit code 2..255 sets weight code-2.";
    [MiscCheck] "user": User, default "script_user", since "1.3.0", Acts,
        "Credentials.";

    [BfdCheck] "name": Word("bfd_instance"), default "required", since "2.0.0", Acts,
        "BFD session.";
    [BfdCheck] "alpha": Switch, default "inherited", since "2.0.0", Acts,
        "Start failed.";

    [UdpCheck, PingCheck] "connect_ip": Address => aborts, default "real server ip", since "2.1.0", Acts,
        "Address to test.";

    [UdpCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "2.1.0", Acts,
        "Port to test.";

    [UdpCheck, PingCheck] "bindto": Address => aborts, default "none", since "2.1.0", Acts,
        "Source address.";
    [UdpCheck, PingCheck] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "2.1.0", Acts,
        "Source port.";
    [UdpCheck, PingCheck] "bind_if": Interface => aborts, default "none", since "2.1.0", Acts,
        "Source interface.";
    [UdpCheck, PingCheck] "connect_timeout": TIME => aborts,
        default "real server value, 5", since "2.1.0", Acts,
        "Limit for connecting and each I/O step.";
    [UdpCheck, PingCheck] "fwmark": integer(0, U32, Unit::None) => aborts,
        default "0", since "2.1.0", Acts,
        "Socket mark for probe packets.";
    [UdpCheck, PingCheck] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "2.1.0", Acts,
        "Extra failures tolerated while up.";
    [UdpCheck, PingCheck] "delay_before_retry": LONG => aborts,
        default "inherited, 1", since "2.1.0", Acts,
        "Gap between retries.";
    [UdpCheck, PingCheck] "warmup": LONG => aborts,
        default "inherited, delay_loop", since "2.1.0", Acts,
        "Random first delay up to this.";
    [UdpCheck, PingCheck] "delay_loop": LONG_TIME => aborts,
        default "real server value, 60", since "2.1.0", Acts,
        "Interval between checks.";
    [UdpCheck, PingCheck] "alpha": Switch, default "inherited", since "2.1.0", Acts,
        "Start failed.";
    [UdpCheck, PingCheck] "log_all_failures": Switch,
        default "checker_log_all_failures", since "2.1.0", Acts,
        "Log each failed attempt.";

    [UdpCheck] "payload": Word("hex"), default "32 byte text", since "2.2.0", Acts,
        "Datagram to send.";
    [UdpCheck] "require_reply": Form("[<hex with x wildcards>]"), default "off", since "2.1.0", Acts,
        "A reply (matching) must arrive.";
    [UdpCheck] "min_reply_length": integer(0, 65_535, Unit::None) => aborts,
        default "0", since "2.2.0", Acts,
        "Shortest acceptable reply.";
    [UdpCheck] "max_reply_length": integer(0, 65_535, Unit::None) => aborts,
        default "255", since "2.2.0", Acts,
        "Longest acceptable reply.";

    [PingCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "unused", since "2.1.0", Ignored,
        "Port to test.";

    [FileCheck] "track_file": Word("track_file") => aborts, default "required", since "2.1.0", Acts,
        "Earlier track_file block.";
    [FileCheck] "weight": Weight { limit: 2_147_483_647, noreverse: true },
        default "track_file value", since "2.1.0", Acts,
        "Weight adjustment; 0 = up/down.";
];
