//! Where another verdict than keepalived's is meant.

/// Why a line that keepalived takes is refused, if that is meant.
pub(super) fn refused(context: &str, line: &str) -> Option<&'static str> {
    let keyword = line.split(' ').next().unwrap_or_default();
    Some(match (last(context), keyword) {
        ("the top level", "net_namespace") => "the namespace `x` does not exist",
        ("url", "regex" | "regex_min_offset" | "regex_max_offset") => {
            "keepalived takes any text as a number here, and a regex without its pattern"
        }
        ("SMTP_CHECK", "bindto") => "an IPv6 source cannot reach an IPv4 server",
        ("FILE_CHECK", "weight") => "keepalived takes a weight here that it refuses everywhere else",
        ("virtual_routes" | "static_routes", "inet") => "the word after `inet` is no destination",
        _ => return None,
    })
}

/// Why a line that keepalived complains about, or ends at, is judged more mildly, if that is meant. `theirs` is its status.
pub(super) fn milder(context: &str, line: &str, theirs: i32) -> Option<&'static str> {
    let (keyword, rest) = line.split_once(' ').unwrap_or((line, ""));
    Some(match (last(context), keyword) {
        ("virtual_routes" | "static_routes" | "virtual_rules" | "static_rules", _) if theirs == 2 => {
            "keepalived ends where an option lacks its argument; the line is left out"
        }
        ("virtual_routes" | "static_routes" | "virtual_rules" | "static_rules" | "static_ipaddress", _) => {
            "names are looked up where the file runs, and the kernel judges the whole line when it is set"
        }
        ("virtual_ipaddress" | "virtual_ipaddress_excluded", "dev") => {
            "the same interface may be named twice"
        }
        ("HTTP_GET" | "SSL_GET", "http_protocol") => "`2` is HTTP/2, which keepalived does not speak",
        ("virtual_server", "hashed") => "the word of older manuals; it has no effect in either",
        ("vrrp_script", "interval" | "timeout") | ("bfd_instance", "min_rx" | "min_tx" | "idle_tx") => {
            "fractions count, as in later releases"
        }
        ("global_defs", "umask") if rest.contains('|') => "names may be joined, as in later releases",
        ("garp_group", _) => "an interval alone limits nothing, and one interface may be named in any order",
        ("vrrp_instance", "native_ipv6") => "an old word that changes nothing is pointed out",
        ("vrrp_instance", "vrf") => "whether the interface is a VRF is no question of the file",
        ("global_defs", "default_interface") if rest.is_empty() => "the line changes nothing without a name",
        ("SSL", "password") => "a missing password is none",
        ("bfd_instance", "source_ip") => "a source of the other family is reported by the session",
        _ => return None,
    })
}

fn last(context: &str) -> &str {
    context.rsplit('/').next().unwrap_or_default()
}
