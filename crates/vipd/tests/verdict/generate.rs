//! A file for each keyword in each of its places, as small as it can be and still make sense.

use std::fmt::Write as _;

use keepalived_conf::keywords::{self, Arguments, Context, Keyword, LINE, Status};

use super::number;

/// Stands for an interface that this machine has.
const INTERFACE: &str = "IFNAME";

/// One file.
pub(super) struct Case {
    /// Where the line stands.
    pub(super) context: String,
    /// The line that it is about.
    pub(super) line: String,
    /// All of it.
    pub(super) text: String,
}

/// Every keyword that keepalived of this release knows, with several values each, on this interface.
pub(super) fn cases(release: u32, interface: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for &context in Context::ALL {
        let known = |keyword: &&Keyword| {
            keyword.name != LINE
                && !keyword.is_own()
                && number(keyword.since).is_some_and(|since| since <= release)
                && !keyword.name.starts_with("include")
                && !matches!(keyword.status, Status::Deprecated(_))
        };
        for keyword in keywords::within(context).filter(known) {
            for arguments in arguments(keyword) {
                let line = format!("{} {arguments}", keyword.name).trim_end().to_owned();
                let text = file(context, keyword.name, &line).replace(INTERFACE, interface);
                cases.push(Case { context: context.to_string(), line, text });
            }
        }
    }
    cases
}

/// Values within the keyword's range and just outside, and none.
fn arguments(keyword: &Keyword) -> Vec<String> {
    let integers = |min: i64, max: i64| {
        let values = [min, max, min.saturating_sub(1), max.saturating_add(1)];
        values.iter().map(i64::to_string).chain(["1x".to_owned(), String::new()]).collect()
    };
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
    let none = [String::new()];
    match keyword.arguments {
        Arguments::None | Arguments::Ignored => words(&["", "extra"]),
        Arguments::Switch => words(&["", "on", "off", "true", "no", "maybe"]),
        Arguments::Integer { min, max, .. } | Arguments::OptionalInteger { min, max, .. } => {
            integers(min, max)
        }
        Arguments::Decimal { min, max, .. } => {
            let at = |millionths: u64| format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
            let mut values = vec![at(min.max(1_000_000).min(max)), at(max), "-1".to_owned(), "x".to_owned()];
            values.extend(none);
            values
        }
        Arguments::Weight { limit, .. } => {
            let limit = i64::from(limit);
            let mut values: Vec<String> = integers(-limit, limit);
            values.push("5 reverse".to_owned());
            values
        }
        Arguments::Choice(choices) | Arguments::ChoiceAnyCase(choices) => {
            let mut values = words(choices);
            values.extend(words(&["nonsense", ""]));
            values
        }
        Arguments::OptionalChoice(choices) => {
            let mut values = words(choices);
            values.extend(words(&["", "nonsense"]));
            values
        }
        Arguments::Address | Arguments::Prefix => words(&["192.0.2.9", "2001:db8::9", "nonsense", ""]),
        Arguments::Multicast4 | Arguments::Multicast => words(&["224.0.0.77", "192.0.2.1", ""]),
        Arguments::Multicast6 => words(&["ff02::77", "2001:db8::1", ""]),
        Arguments::Interface => words(&[INTERFACE, "a-name-that-is-far-too-long", ""]),
        Arguments::Command => words(&["/bin/true", "\"/bin/true a b\"", ""]),
        Arguments::OptionalCommand => words(&["/bin/true", ""]),
        Arguments::Word(_) | Arguments::OptionalWord(_) => vec![word(keyword.name).to_owned(), String::new()],
        Arguments::Words(_) => vec![word(keyword.name).to_owned()],
        Arguments::Secret(_) if keyword.name == "password" => vec!["x".to_owned(), String::new()],
        Arguments::User => words(&["root", "root root", ""]),
        Arguments::Fifo => words(&["/tmp/verdict-fifo", "/tmp/verdict-fifo root root", ""]),
        Arguments::Form(_) => form(keyword.name).iter().map(|&form| form.to_owned()).collect(),
        // Blocks are the places of other keywords.
        _ => Vec::new(),
    }
}

/// A word that the keyword takes.
fn word(keyword: &str) -> &'static str {
    match keyword {
        "vrrp_cpu_affinity" | "bfd_cpu_affinity" | "checker_cpu_affinity" | "lvs_cpu_affinity" => "0",
        "config_save_dir" | "tmp_config_directory" => "/tmp",
        "regex_options" => "caseless",
        "notification_email_from" => "a@example.org",
        "name" => "B",
        "track_file" => "F",
        "file" | "path" => "/tmp/verdict-file",
        "digest" => "0123456789abcdef0123456789abcdef",
        "reload_time_file" => "/tmp/verdict-time",
        _ => "x",
    }
}

/// Lines of a grammar of its own.
fn form(keyword: &str) -> &'static [&'static str] {
    match keyword {
        "umask" => &["022", "IRWXG|IRWXO"],
        "smtp_server" => &["192.0.2.25", "192.0.2.25 25"],
        "vrrp_rx_bufs_policy" => &["MTU", "ADVERT", "8192"],
        _ => &[],
    }
}

/// The line in its place.
fn file(context: Context, keyword: &str, line: &str) -> String {
    let mut text = String::from(
        "global_defs {\nscript_user root\nenable_script_security\n}\n\
         vrrp_script S {\nscript /bin/true\n}\n\
         track_file F {\nfile /tmp/verdict-file\n}\n\
         vrrp_track_process P {\nprocess x\n}\n\
         bfd_instance B {\nneighbor_ip 192.0.2.66\n}\n",
    );
    if context == Context::Root {
        text.push_str(line);
        text.push('\n');
    }
    let instance = |name: &str, vrid: u8, inner: &str| {
        let addresses = if inner.contains("virtual_ipaddress {") || keyword == "no_virtual_ipaddress" {
            String::new()
        } else {
            format!("virtual_ipaddress {{\n192.0.2.{vrid}\n}}\n")
        };
        format!(
            "vrrp_instance {name} {{\ninterface {INTERFACE}\nvirtual_router_id {vrid}\n{addresses}{inner}}}\n"
        )
    };
    let path: Vec<&str> = context.path().split('/').filter(|name| !name.is_empty()).collect();
    // The lines of these blocks begin with what their options are about.
    let line = match path.last() {
        Some(&("virtual_routes" | "static_routes")) if keyword != "to" => {
            format!("198.51.100.0/24 dev {INTERFACE} {line}")
        }
        Some(&("virtual_rules" | "static_rules")) => format!("from 198.51.100.0/24 priority 77 {line}"),
        Some(&("virtual_ipaddress" | "virtual_ipaddress_excluded" | "static_ipaddress")) => {
            format!("192.0.2.200/24 dev {INTERFACE} {line}")
        }
        _ => line.to_owned(),
    };
    let inner = inside(path.get(1..).unwrap_or_default(), keyword, &line);
    match path.first().copied() {
        None => {}
        Some("vrrp_instance") => return text + &instance("V", 7, &inner),
        Some("vrrp_sync_group") => {
            let group = "group {\nV\nW\n}\n";
            return text
                + &instance("V", 7, "")
                + &instance("W", 8, "")
                + &format!("vrrp_sync_group G {{\n{group}{inner}}}\n");
        }
        Some("virtual_server") => {
            let base = "protocol TCP\nlvs_sched rr\nlvs_method NAT\n";
            let real = if path.len() > 1 { "" } else { "real_server 192.0.2.70 80 {\nweight 1\n}\n" };
            return text + &format!("virtual_server 192.0.2.7 80 {{\n{base}{inner}{real}}}\n");
        }
        Some(name) => {
            let (key, base) = match name {
                "vrrp_script" => (" T", "script /bin/true\n"),
                "vrrp_track_process" => (" T", "process x\n"),
                "track_file" | "vrrp_track_file" => (" T", "file /tmp/verdict-file\n"),
                "bfd_instance" => (" T", "neighbor_ip 192.0.2.67\n"),
                "track_group" => (" T", ""),
                _ => ("", ""),
            };
            // A keyword that the block cannot do without is not written twice.
            let base = if base.starts_with(keyword) { "" } else { base };
            let _ = writeln!(text, "{name}{key} {{\n{base}{inner}}}");
        }
    }
    text + &instance("V", 7, "")
}

/// The line in the blocks within the outermost.
fn inside(path: &[&str], keyword: &str, line: &str) -> String {
    let Some((name, rest)) = path.split_first() else { return format!("{line}\n") };
    let inner = inside(rest, keyword, line);
    let (key, base) = match *name {
        "real_server" => (" 192.0.2.70 80", ""),
        "HTTP_GET" | "SSL_GET" if rest.is_empty() => ("", "url {\npath /\nstatus_code 200\n}\n"),
        "url" if keyword != "path" => ("", "path /\n"),
        "MISC_CHECK" if keyword != "misc_path" => ("", "misc_path /bin/true\n"),
        "FILE_CHECK" if keyword != "track_file" => ("", "track_file F\n"),
        "BFD_CHECK" if keyword != "name" => ("", "name B\n"),
        "authentication" if keyword == "auth_type" => ("", "auth_pass secret\n"),
        "authentication" => ("", "auth_type PASS\n"),
        _ => ("", ""),
    };
    format!("{name}{key} {{\n{base}{inner}}}\n")
}
