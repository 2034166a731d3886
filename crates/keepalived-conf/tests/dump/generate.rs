//! Instances that try the bounds of each number, repetition, order and quoting.

use std::fmt::Write as _;

use keepalived_conf::keywords::{self, Arguments, Context, Keyword, Status};

/// The bodies of instances. A line that begins with `script:` belongs in the `vrrp_script` that the instance tracks.
pub(crate) fn cases() -> Vec<String> {
    let mut cases = Vec::new();
    cases.extend(values(Context::VrrpInstance, ""));
    cases.extend(values(Context::VrrpScript, "script:"));
    cases.extend(orders());
    cases.extend(COMMANDS.iter().map(|command| format!("notify_master {command}")));
    cases.extend(COMMANDS.iter().map(|command| format!("script:script {command}")));
    cases.extend(ADDRESSES.iter().map(|lines| format!("virtual_ipaddress {{\n{lines}\n}}")));
    cases.extend(ADDRESSES.iter().map(|lines| format!("virtual_ipaddress_excluded {{\n{lines}\n}}")));
    cases.extend(BLOCKS.iter().map(|&block| block.to_owned()));
    cases
}

/// A file in which case N is instance `VN`, with script `sN` if it says something of one.
pub(crate) fn file(cases: &[String]) -> String {
    let mut text = String::new();
    for (index, case) in cases.iter().enumerate() {
        let (script, instance): (Vec<_>, Vec<_>) = case.lines().partition(|line| line.starts_with("script:"));
        let script: Vec<_> = script.iter().map(|line| line.trim_start_matches("script:")).collect();
        let mut body = instance.join("\n");
        if !script.is_empty() {
            let command =
                if script.iter().any(|line| line.starts_with("script ")) { "" } else { "script /bin/true\n" };
            let _ = write!(text, "vrrp_script s{index} {{\n{command}{}\n}}\n", script.join("\n"));
            let _ = write!(body, "\ntrack_script {{\ns{index}\n}}");
        }
        let (vrid, high) = (index % 255 + 1, index / 255);
        let addresses = if body.contains("virtual_ipaddress {") {
            String::new()
        } else {
            format!("virtual_ipaddress {{\n10.{high}.0.{vrid}/24\n}}\n")
        };
        let _ = write!(
            text,
            "vrrp_instance V{index} {{\ninterface eth0\nvirtual_router_id {vrid}\n{body}\n{addresses}}}\n"
        );
    }
    text + "# eth1\n"
}

/// Each keyword of a block that acts and that keepalived 2.2.7 knows, with values at and beyond its bounds, and twice.
fn values(context: Context, prefix: &str) -> Vec<String> {
    let mut cases = Vec::new();
    for keyword in keywords::within(context).filter(|keyword| is_compared(keyword)) {
        let name = keyword.name;
        let values = values_of(keyword.arguments);
        let line = |value: &String| format!("{prefix}{name} {value}");
        cases.extend(values.iter().map(line));
        for pair in values.windows(2) {
            cases.push(format!("{}\n{}", line(&pair[0]), line(&pair[1])));
        }
    }
    cases
}

fn is_compared(keyword: &Keyword) -> bool {
    // Without these nothing runs, and these are tried as blocks and commands.
    let other = ["virtual_router_id", "interface", "script", "user"];
    let version: Vec<u32> = keyword.since.split('.').filter_map(|part| part.parse().ok()).collect();
    let known = !version.is_empty();
    keyword.status == Status::Acts && known && version <= vec![2, 2, 7] && !other.contains(&keyword.name)
}

fn values_of(arguments: Arguments) -> Vec<String> {
    let texts = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    match arguments {
        Arguments::None => texts(&["", "off"]),
        Arguments::Switch => texts(&["", "on", "off", "true", "no", "maybe"]),
        Arguments::Integer { min, max, .. } => {
            let bounds = [min - 1, min, min + 1, max, max + 1].map(|number| number.to_string());
            bounds.into_iter().chain(texts(&["+3", "007", "3x", "2.5", "x", "3 4"])).collect()
        }
        Arguments::Decimal { min, max, .. } => {
            let bounds = [min.saturating_sub(1), min, max, max + 1_000_000];
            let bounds = bounds.map(|value| format!("{}.{:06}", value / 1_000_000, value % 1_000_000));
            bounds.into_iter().chain(texts(&["0", "1", "3", "2.5", "+2", "-1", "3x", "x"])).collect()
        }
        Arguments::Weight { limit, .. } => {
            let limit = i64::from(limit);
            let bounds = [-limit - 1, -limit, 0, limit, limit + 1].map(|number| number.to_string());
            bounds.into_iter().chain(texts(&["5 reverse", "5 foo", "x"])).collect()
        }
        Arguments::Choice(words) => {
            words.iter().map(|&word| word.to_owned()).chain(texts(&["other"])).collect()
        }
        Arguments::Address => texts(&["10.255.0.1", "10.255.0.1/24", "x"]),
        Arguments::Multicast => texts(&["224.0.0.99", "10.0.0.1", "x"]),
        _ => Vec::new(),
    }
}

/// Lines whose meaning may depend on what stands before them.
fn orders() -> Vec<String> {
    const LINES: &[&str] = &[
        "state MASTER",
        "state BACKUP",
        "priority 255",
        "priority 50",
        "nopreempt",
        "preempt",
        "preempt_delay 7",
        "version 3",
        "version 2",
        "advert_int 2.5",
        "strict_mode",
        "accept",
        "garp_master_delay 3",
        "dont_track_primary",
        "unicast_peer {\n10.255.0.2\n}",
        "mcast_dst_ip 224.0.0.98",
        "authentication {\nauth_type PASS\nauth_pass abcdefghij\n}",
        "track_interface {\neth1 weight 5\n}",
    ];
    let pairs = LINES.iter().flat_map(|first| LINES.iter().map(move |second| format!("{first}\n{second}")));
    pairs.collect()
}

/// Commands: quotes within quotes, escapes, users.
const COMMANDS: &[&str] = &[
    r#""/bin/true \"a b\" c""#,
    r#""/bin/true a\ b c""#,
    r#""/bin/true 'a\ b' c""#,
    r#""/bin/true a\tb c""#,
    r#""/bin/true 'a\tb' c""#,
    r#""/bin/true a\nb c""#,
    r#""/bin/true \'a b\' c""#,
    r#""/bin/true \x41 \102 c""#,
    r#""/bin/true a\\\\b""#,
    r"/bin/true\ a\ b",
    r#"'/bin/true "a b" c'"#,
    r#""/bin/true a\\ b""#,
    r#""/bin/true a'b c'd""#,
    r#""/bin/true ''""#,
    r#""/bin/true \"\"""#,
    r#""/bin/true a\\\"b c""#,
    r#"/bin/true" x y"z"#,
    r#""/bin/true \"a\\ b\"""#,
    r#""/bin/true \"a'b\" c""#,
    r#""/bin/true 'a\"b' c""#,
    r#""/bin/true \\\\x41""#,
    r#""/bin/true \x4142""#,
    r#""/bin/true a\"b c\"d e""#,
    r#""/bin/true \"a\\\"b\" c""#,
    r#""true a""#,
    r#""  /bin/true  a  ""#,
    r#""/bin/true" root"#,
    r#""/bin/true a" nobody"#,
    r#""/bin/true a" nobody nogroup"#,
    r#""/bin/true 'a#b' !c""#,
    r#""/bin/true a=b --x=y *""#,
    r#""""#,
];

const ADDRESSES: &[&str] = &[
    "10.9.0.1/24\n10.9.0.1/24",
    "10.9.0.1/24\n10.9.0.1",
    "10.9.0.1/24 dev eth1\n10.9.0.1/24",
    "10.9.0.1/33",
    "10.9.0.1/0",
    "10.9.0.1/24 brd +",
    "10.9.0.1/24 brd -",
    "10.9.0.1/24 brd 10.9.0.200",
    "10.9.0.1/31 brd +",
    "10.9.0.1/24 brd x",
    "10.9.0.1 label eth0:1",
    "10.9.0.1 label a-label-that-is-far-too-long",
    "10.9.0.1 scope link",
    "10.9.0.1 scope 77",
    "10.9.0.1 scope host scope site",
    "10.9.0.1 scope x",
    "10.9.0.1 foo bar",
    "10.9.0.1 dev",
    "10.9.0.1 dev eth1 no_track",
    "10.9.0.1 noprefixroute",
    "fe80::9/64",
    "fe80::9/64\n2001:db8::1",
    "fe80::9/64 label x",
    "2001:db8::1/64 preferred_lft 9",
    "2001:db8::1 preferred_lft forever",
    "2001:db8::1 home -nodad mngtmpaddr autojoin",
    "10.9.0.1\nfe80::9",
    "x\n10.9.0.1",
    "\"10.9.0.1/24\"",
    "10.9.0.1/24 10.9.0.2/24",
    "010.9.0.1",
    "10.9.1",
    "10.9.0.1/24/24",
    "10.9.0.1 preferred_lft 5",
];

const BLOCKS: &[&str] = &[
    "unicast_peer {\n10.255.0.2\n10.255.0.3 min_ttl 3\n10.255.0.4 min_ttl 3 max_ttl 9\n10.255.0.5 max_ttl 256\n}",
    "unicast_peer {\n10.255.0.2/24\nx\nfe80::1\n}",
    "unicast_peer {\n10.255.0.2\n10.255.0.2\n}",
    "unicast_peer {\n10.255.0.2\n}\nunicast_peer {\n10.255.0.3\n}",
    "unicast_peer {\n10.255.0.2\nunicast_peer {\n10.255.0.3\n}",
    "track_interface {\neth1\n}",
    "track_interface {\neth1 weight 253\n}",
    "track_interface {\neth1 weight 254\n}",
    "track_interface {\neth1 weight 255\n}",
    "track_interface {\neth1 weight -254\n}",
    "track_interface {\neth1 weight 9 reverse\n}",
    "track_interface {\neth1 weight -30 noreverse\n}",
    "track_interface {\neth1 weight x\n}",
    "track_interface {\neth1 foo\n}",
    "track_interface {\neth1 weight 3\neth1 weight 4\n}",
    "track_interface {\neth1\n}\ntrack_interface {\neth1 weight 3\n}",
    "track_interface {\neth1 weight\n}",
    "track_interface {\neth0\n}",
    "authentication {\nauth_type PASS\n}",
    "authentication {\nauth_pass x\n}",
    "authentication {\nauth_type AH\nauth_pass \"a b\"\n}",
    "authentication {\nauth_type FOO\nauth_pass x\n}",
    "authentication {\nauth_type PASS\nauth_pass x\nauth_type AH\n}",
    "notify_master \"/bin/true a\"\nnotify_master \"/bin/true b\"",
    "notify_deleted",
    "notify_deleted \"\"",
    "notify_deleted \"/bin/true d\"",
    "notify_backup \"/bin/true b\"\nnotify_fault \"/bin/true f\"\nnotify_stop \"/bin/true s\"",
    "notify \"/bin/true n\"\nnotify_master_rx_lower_pri \"/bin/true l\"",
    "script:weight 7\nscript:weight 8 reverse",
    "script:interval 2\nscript:timeout 2",
    "script:user nobody\nscript:user root",
    "script:user nobody nogroup",
    "script:rise 2\nscript:fall 3\nscript:init_fail",
];

/// Lines of `global_defs`: one, and another that takes its place.
pub(crate) const GLOBALS: &[(&str, &str)] = &[
    ("vrrp_version 2", "vrrp_version 3"),
    ("vrrp_strict off", "vrrp_strict on"),
    ("script_user root", "script_user nobody"),
    ("script_user nobody", "script_user root"),
    ("script_user root", "script_user nobody\nenable_script_security"),
    (
        "vrrp_garp_master_delay 9\nvrrp_garp_master_repeat 8",
        "vrrp_garp_master_delay 3\nvrrp_garp_master_repeat 2",
    ),
    ("vrrp_garp_master_refresh 9", "vrrp_garp_master_refresh 7\nvrrp_garp_master_refresh_repeat 3"),
    ("vrrp_garp_lower_prio_delay 9", "vrrp_garp_lower_prio_delay 4\nvrrp_garp_lower_prio_repeat 3"),
    ("vrrp_min_garp off", "vrrp_min_garp on"),
    ("vrrp_down_timer_adverts 9", "vrrp_down_timer_adverts 5"),
    ("vrrp_lower_prio_no_advert off", "vrrp_lower_prio_no_advert on"),
    ("vrrp_higher_prio_send_advert off", "vrrp_higher_prio_send_advert on"),
    ("vrrp_mcast_group4 224.0.0.44", "vrrp_mcast_group4 224.0.0.55"),
    ("smtp_alert off", "smtp_alert on"),
    ("smtp_alert on", "smtp_alert_vrrp off"),
];
