//! The health checks of a `real_server`.

use super::Keyword;
use super::table::keywords;

pub(super) static CHECKERS: &[Keyword] = keywords![
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "connect_ip": Address => aborts,
        default "real server ip", since "1.2.13", Understood,
        "Address to test.";
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "1.2.13", Understood,
        "Port to test.";
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "bindto": Address => aborts,
        default "none", since "1.2.13", Understood,
        "Source address.";
    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "1.2.13", Understood,
        "Source port.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck] "bind_if": Interface => aborts,
        default "none", since "1.3.7", Understood,
        "Source interface.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost] "connect_timeout": SECONDS => aborts,
        default "real server value, 5", since "1.2.13", Understood,
        "Limit for connecting and each I/O step.";

    [TcpCheck, HttpGet, SslGet, SmtpCheckHost] "fwmark": integer(0, U32, Unit::None) => aborts,
        default "0", since "1.2.13", Understood,
        "Socket mark for probe packets.";

    [TcpCheck] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "1.2.20", Understood,
        "Extra failures tolerated while up.";
    [TcpCheck] "delay_before_retry": SECONDS => aborts, default "inherited, 1", since "1.2.20", Understood,
        "Gap between retries.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, MiscCheck] "warmup": SECONDS => aborts,
        default "inherited, delay_loop", since "1.2.13", Understood,
        "Random first delay up to this.";

    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck, MiscCheck] "delay_loop": SECONDS => aborts,
        default "real server value, 60", since "1.3.7", Understood,
        "Interval between checks.";
    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck, MiscCheck] "alpha": Switch,
        default "inherited", since "1.3.7", Understood,
        "Start failed.";
    [TcpCheck, HttpGet, SslGet, SmtpCheck, SmtpCheckHost, DnsCheck, MiscCheck] "log_all_failures": Switch,
        default "checker_log_all_failures", since "2.0.11", Understood,
        "Log each failed attempt.";

    [HttpGet, SslGet, SmtpCheckHost] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "1.3.7", Understood,
        "Extra failures tolerated while up.";

    [HttpGet, SslGet] "delay_before_retry": SECONDS => aborts,
        default "inherited, 3", since "1.2.13", Understood,
        "Gap between retries.";
    [HttpGet, SslGet] "nb_get_retry": integer(0, U32, Unit::None) => aborts,
        default "", since "1.2.13", Deprecated("retry"),
        "Deprecated spelling of retry.";
    [HttpGet, SslGet] "virtualhost": Word("string"),
        default "rs, vs value or target ip", since "1.3.6", Understood,
        "Host header.";
    [HttpGet, SslGet] "http_protocol": Choice(&["1.0", "1.0C", "1.0c", "1.1"]),
        default "1.0", since "2.0.17", Understood,
        "Request version; 1.0C and 1.1 add a Connection: close header.";
    [HttpGet, SslGet] "enable_sni": Switch, default "off", since "1.4.3", Understood,
        "Send TLS SNI (only effective with SSL_GET).";
    [HttpGet, SslGet] "sni_name": OptionalWord("name"),
        default "url/checker/vs virtualhost", since "2.4.4", Understood,
        "SNI name; implies enable_sni.";
    [HttpGet, SslGet] "fast_recovery": Switch, default "off", since "2.0.17", Understood,
        "When down, check remaining URLs at once after a good one.";

    [HttpGet] "url": Block(Context::HttpGetUrl), default "required", since "1.2.13", Understood,
        "One request; all must pass.";

    [HttpGetUrl, SslGetUrl] "path": Word("string") => aborts,
        default "required (url ignored without)", since "1.2.13", Understood,
        "Path to request.";
    [HttpGetUrl, SslGetUrl] "digest": Form("<32 hex digits>") => aborts,
        default "none", since "1.2.13", Understood,
        "Expected MD5 of body.";
    [HttpGetUrl, SslGetUrl] "status_code": Form("<N>|<N>-<M> ..., 100..599"),
        default "200-299", since "1.2.13", Understood,
        "Accepted statuses.";
    [HttpGetUrl, SslGetUrl] "virtualhost": Word("string"), default "checker value", since "1.3.6", Understood,
        "Host header for this URL.";
    [HttpGetUrl, SslGetUrl] "regex": Word("pcre pattern"), default "none", since "2.0.7", Understood,
        "Body must match. Build option.";
    [HttpGetUrl, SslGetUrl] "regex_no_match": None, default "off", since "2.0.7", Understood,
        "Body must not match.";
    [HttpGetUrl, SslGetUrl] "regex_options": Words("word"), default "none", since "2.0.7", Understood,
        "PCRE2 options by name.";
    [HttpGetUrl, SslGetUrl] "regex_min_offset": integer(0, U32, Unit::Octets),
        default "0", since "2.0.7", Understood,
        "Earliest match start.";
    [HttpGetUrl, SslGetUrl] "regex_max_offset": integer(0, U32, Unit::Octets),
        default "none", since "2.0.7", Understood,
        "Stop matching beyond this.";
    [HttpGetUrl, SslGetUrl] "regex_stack": Form("<start> <max>"), default "none", since "2.0.7", Understood,
        "JIT stack sizes. PCRE2 JIT only.";

    [SslGet] "tls_compliant": Switch, default "off", since "2.2.8", Understood,
        "Send close_notify on shutdown; default for url.";
    [SslGet] "url": Block(Context::SslGetUrl), default "required", since "1.2.13", Understood,
        "One request; all must pass.";

    [SslGetUrl] "tls_compliant": Switch, default "checker value", since "2.2.8", Understood,
        "Per-URL close_notify.";

    [SmtpCheck] "connect_ip": Address => aborts, default "real server ip", since "1.2.17", Understood,
        "Address to test.";
    [SmtpCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "1.2.17", Understood,
        "Port to test.";
    [SmtpCheck] "bindto": Address => aborts, default "none", since "1.2.17", Understood,
        "Source address.";
    [SmtpCheck] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "1.2.17", Understood,
        "Source port.";
    [SmtpCheck] "fwmark": integer(0, U32, Unit::None) => aborts, default "0", since "1.2.17", Understood,
        "Socket mark for probe packets.";
    [SmtpCheck] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "1.2.13", Understood,
        "Extra failures tolerated while up.";
    [SmtpCheck] "delay_before_retry": SECONDS => aborts, default "inherited, 1", since "1.2.13", Understood,
        "Gap between retries.";
    [SmtpCheck] "helo_name": Word("string"), default "smtpchecker.keepalived.org", since "1.2.13", Understood,
        "HELO argument.";
    [SmtpCheck] "host": Block(Context::SmtpCheckHost),
        default "", since "1.2.13", OldSpelling("the keywords of SMTP_CHECK itself"),
        "Deprecated nested target; each host becomes its own checker.";

    [SmtpCheckHost, MiscCheck] "delay_before_retry": SECONDS => aborts,
        default "inherited, 1", since "1.3.7", Understood,
        "Gap between retries.";

    [SmtpCheckHost, DnsCheck] "warmup": SECONDS => aborts,
        default "inherited, delay_loop", since "1.3.7", Understood,
        "Random first delay up to this.";

    [DnsCheck] "connect_ip": Address => aborts, default "real server ip", since "1.3.0", Understood,
        "Address to test.";
    [DnsCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "1.3.0", Understood,
        "Port to test.";
    [DnsCheck] "bindto": Address => aborts, default "none", since "1.3.0", Understood,
        "Source address.";
    [DnsCheck] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "1.3.0", Understood,
        "Source port.";
    [DnsCheck] "connect_timeout": SECONDS => aborts, default "real server value, 5", since "1.3.0", Understood,
        "Limit for connecting and each I/O step.";
    [DnsCheck] "fwmark": integer(0, U32, Unit::None) => aborts, default "0", since "1.3.0", Understood,
        "Socket mark for probe packets.";
    [DnsCheck] "retry": integer(0, U32, Unit::None) => aborts, default "3", since "1.3.0", Understood,
        "Extra failures tolerated while up.";
    [DnsCheck] "delay_before_retry": SECONDS => aborts, default "delay_loop", since "1.3.7", Understood,
        "Gap between retries.";
    [DnsCheck] "type": Choice(&["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY"]) => aborts,
        default "SOA", since "1.3.0", Understood,
        "Query type.";
    [DnsCheck] "name": Word("domain") => aborts, default ".", since "1.3.0", Understood,
        "Query name.";

    [MiscCheck] "retry": integer(0, U32, Unit::None) => aborts, default "0", since "1.3.7", Understood,
        "Extra failures tolerated while up.";
    [MiscCheck] "misc_path": Command, default "required", since "1.2.13", Understood,
        "Script to run.";
    [MiscCheck] "misc_timeout": integer(0, U32, Unit::Seconds) => aborts,
        default "delay_loop", since "1.2.13", Understood,
        "Run limit.";
    [MiscCheck] "misc_dynamic": None, default "off", since "1.2.13", Understood,
        "Exit code 2..255 sets weight code-2.";
    [MiscCheck] "user": User, default "script_user", since "1.3.0", Understood,
        "Credentials.";

    [BfdCheck] "name": Word("bfd_instance"), default "required", since "2.0.0", Understood,
        "BFD session.";
    [BfdCheck] "alpha": Switch, default "inherited", since "2.0.0", Understood,
        "Start failed.";

    [UdpCheck, PingCheck] "connect_ip": Address => aborts, default "real server ip", since "2.1.0", Understood,
        "Address to test.";

    [UdpCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "real server port", since "2.1.0", Understood,
        "Port to test.";

    [UdpCheck, PingCheck] "bindto": Address => aborts, default "none", since "2.1.0", Understood,
        "Source address.";
    [UdpCheck, PingCheck] "bind_port": integer(1, 65_535, Unit::None) => aborts,
        default "ephemeral", since "2.1.0", Understood,
        "Source port.";
    [UdpCheck, PingCheck] "bind_if": Interface => aborts, default "none", since "2.1.0", Understood,
        "Source interface.";
    [UdpCheck, PingCheck] "connect_timeout": SECONDS => aborts,
        default "real server value, 5", since "2.1.0", Understood,
        "Limit for connecting and each I/O step.";
    [UdpCheck, PingCheck] "fwmark": integer(0, U32, Unit::None) => aborts,
        default "0", since "2.1.0", Understood,
        "Socket mark for probe packets.";
    [UdpCheck, PingCheck] "retry": integer(0, U32, Unit::None) => aborts,
        default "inherited, 1", since "2.1.0", Understood,
        "Extra failures tolerated while up.";
    [UdpCheck, PingCheck] "delay_before_retry": SECONDS => aborts,
        default "inherited, 1", since "2.1.0", Understood,
        "Gap between retries.";
    [UdpCheck, PingCheck] "warmup": SECONDS => aborts,
        default "inherited, delay_loop", since "2.1.0", Understood,
        "Random first delay up to this.";
    [UdpCheck, PingCheck] "delay_loop": SECONDS => aborts,
        default "real server value, 60", since "2.1.0", Understood,
        "Interval between checks.";
    [UdpCheck, PingCheck] "alpha": Switch, default "inherited", since "2.1.0", Understood,
        "Start failed.";
    [UdpCheck, PingCheck] "log_all_failures": Switch,
        default "checker_log_all_failures", since "2.1.0", Understood,
        "Log each failed attempt.";

    [UdpCheck] "payload": Word("hex"), default "32 byte text", since "2.2.0", Understood,
        "Datagram to send.";
    [UdpCheck] "require_reply": Form("[<hex with x wildcards>]"), default "off", since "2.1.0", Understood,
        "A reply (matching) must arrive.";
    [UdpCheck] "min_reply_length": integer(0, 65_535, Unit::None) => aborts,
        default "0", since "2.2.0", Understood,
        "Shortest acceptable reply.";
    [UdpCheck] "max_reply_length": integer(0, 65_535, Unit::None) => aborts,
        default "255", since "2.2.0", Understood,
        "Longest acceptable reply.";

    [PingCheck] "connect_port": integer(1, 65_535, Unit::None) => aborts,
        default "unused", since "2.1.0", Understood,
        "Port to test.";

    [FileCheck] "track_file": Word("track_file") => aborts, default "required", since "2.1.0", Understood,
        "Earlier track_file block.";
    [FileCheck] "weight": Weight { limit: 254, noreverse: true },
        default "track_file value", since "2.1.0", Understood,
        "Weight adjustment; 0 = up/down.";
];
