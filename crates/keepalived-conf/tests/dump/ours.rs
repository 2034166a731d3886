//! The model in the words of keepalived's dump.

use std::fmt::Write as _;
use std::path::Path;

use ipnetwork::IpNetwork;
use keepalived_conf::load_str;
use keepalived_conf::model::{
    Auth, Command, Config, InitialState, Preempt, Run, SyncGroup, User, VirtualAddress, VrrpInstance,
    VrrpScript,
};

use crate::{Fields, Meaning};

pub(crate) struct Ours {
    pub(crate) meaning: Meaning,
    pub(crate) is_usable: bool,
}

/// Reading of this crate.
pub(crate) fn read(text: &str) -> Ours {
    let loaded = load_str(text);
    let mut meaning = Meaning::new();
    for instance in &loaded.config.instances {
        meaning.insert(format!("instance {}", instance.name), instance_fields(instance, &loaded.config));
    }
    for group in &loaded.config.sync_groups {
        meaning.insert(format!("group {}", group.name), group_fields(group, &loaded.config));
        let members = || group.members.iter().filter_map(|member| loaded.config.instances.get(*member));
        let serves = members().all(|member| member.state == InitialState::Master && member.priority == 255);
        for member in members() {
            let Some(fields) = meaning.get_mut(&format!("instance {}", member.name)) else { continue };
            fields.insert("Sync group".to_owned(), group.name.clone());
            if !serves {
                fields.insert("Wantstate".to_owned(), "BACKUP".to_owned());
            }
        }
    }
    // keepalived forgets scripts that nothing tracks.
    let is_tracked = |index: usize| {
        loaded
            .config
            .instances
            .iter()
            .flat_map(|instance| &instance.track_scripts)
            .chain(loaded.config.sync_groups.iter().flat_map(|group| &group.track_scripts))
            .any(|track| track.script == index)
    };
    for (index, script) in loaded.config.scripts.iter().enumerate().filter(|(index, _)| is_tracked(*index)) {
        let _ = index;
        meaning.insert(format!("script {}", script.name), script_fields(script));
    }
    Ours { meaning, is_usable: loaded.usable.is_ok() }
}

fn group_fields(group: &SyncGroup, config: &Config) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: String| drop(fields.insert(name.to_owned(), value));
    let list =
        |entries: Vec<String>| entries.into_iter().fold(String::new(), |all, entry| all + &entry + ";");
    let members = group.members.iter().map(|member| config.instances[*member].name.clone());
    put("VRRP member instances", list(members.collect()));
    if group.tracking_weight {
        put("Tracking weight", "set".to_owned());
    }
    put("Using smtp notification", if group.smtp_alert { "yes" } else { "no" }.to_owned());
    let reversed = |reverse: bool| if reverse { " reverse" } else { "" };
    if !group.track_interfaces.is_empty() {
        let tracks = group.track_interfaces.iter();
        let shown = tracks
            .map(|track| format!("{} weight {}{}", track.interface, track.weight, reversed(track.reverse)));
        put("Tracked interfaces", list(shown.collect()));
    }
    if !group.track_scripts.is_empty() {
        let shown = group.track_scripts.iter().map(|track| {
            let name = &config.scripts[track.script].name;
            format!("{name} weight {}{}", track.weight, reversed(track.reverse))
        });
        put("Tracked scripts", list(shown.collect()));
    }
    let notify = &group.notify;
    for (name, script) in [
        ("Master state", &notify.master),
        ("Backup state", &notify.backup),
        ("Fault state", &notify.fault),
        ("Stop state", &notify.stop),
        ("Generic state", &notify.any),
    ] {
        if let Some(script) = script {
            let text = format!("{}, uid:gid {}", command(script), ids(script.user.as_ref()));
            put(&format!("{name} transition script"), text);
        }
    }
    fields
}

fn instance_fields(instance: &VrrpInstance, config: &Config) -> Fields {
    let mut fields = Fields::new();
    let mut put = |name: &str, value: String| drop(fields.insert(name.to_owned(), value));
    let enabled = |on: bool| if on { "enabled" } else { "disabled" }.to_owned();
    let own = instance.interface.as_deref().unwrap_or("?");
    put("VRRP Version", instance.version.to_string());
    put("Wantstate", if instance.state == InitialState::Master { "MASTER" } else { "BACKUP" }.to_owned());
    put("Interface", own.to_owned());
    let garp = &instance.garp;
    put("Gratuitous ARP delay", garp.delay.as_secs().to_string());
    put("Gratuitous ARP repeat", garp.repeat.to_string());
    put("Gratuitous ARP refresh", garp.refresh.as_secs().to_string());
    put("Gratuitous ARP refresh repeat", garp.refresh_repeat.to_string());
    put("Gratuitous ARP lower priority delay", garp.lower_priority_delay.as_secs().to_string());
    put("Gratuitous ARP lower priority repeat", garp.lower_priority_repeat.to_string());
    put("Down timer adverts", instance.down_adverts.to_string());
    put("Send advert after receive lower priority advert", (!instance.lower_priority_no_advert).to_string());
    let higher = instance.higher_priority_send_advert.unwrap_or(false);
    put("Send advert after receive higher priority advert", higher.to_string());
    put("Virtual Router ID", instance.vrid.to_string());
    put("Priority", instance.priority.to_string());
    put("Advert interval", format!("{} ms", instance.advert_interval.as_millis()));
    put("Accept", enabled(instance.accept));
    put("Preempt", enabled(instance.preempt != Preempt::Never));
    if let Preempt::After(delay) = instance.preempt {
        put("Preempt delay", format!("{} ms", delay.as_secs_f64() * 1000.0));
    }
    put("Promote_secondaries", enabled(instance.promote_secondaries));
    if instance.version == 2 {
        let auth = match instance.auth {
            Auth::None | Auth::Hmac(_) | Auth::UnusableHmac => "none",
            Auth::Password(_) => "SIMPLE_PASSWORD",
            Auth::Ah(_) => "IPSEC_AH",
        };
        put("Authentication type", auth.to_owned());
    }
    if let Some(group) = instance.multicast_group {
        put("Multicast address", group.to_string());
    }
    if instance.strict {
        put("Strict", "yes".to_owned());
    }
    if !instance.unicast_peers.is_empty() {
        let checks =
            instance.check_unicast_source || instance.unicast_peers.iter().any(|peer| peer.ttl.is_some());
        put("Check unicast src", if checks { "yes" } else { "no" }.to_owned());
    }
    put("Using smtp notification", if instance.smtp_alert { "yes" } else { "no" }.to_owned());
    let notify = &instance.notify;
    put("Notify deleted", if notify.deleted.is_some() { "Deleted" } else { "Fault" }.to_owned());
    let scripts = [
        ("Master state", notify.master.as_deref()),
        ("Backup state", notify.backup.as_deref()),
        ("Fault state", notify.fault.as_deref()),
        ("Stop state", notify.stop.as_deref()),
        ("Deleted state", notify.deleted.as_ref().and_then(Option::as_deref)),
        ("Generic state", notify.any.as_deref()),
        ("Master rx lower pri state", notify.master_received_lower_priority.as_deref()),
    ];
    for (name, script) in scripts {
        if let Some(script) = script {
            let text = format!("{}, uid:gid {}", command(script), ids(script.user.as_ref()));
            put(&format!("{name} transition script"), text);
        }
    }
    lists(&mut fields, instance, config, own);
    fields
}

fn lists(fields: &mut Fields, instance: &VrrpInstance, config: &Config, own: &str) {
    let reversed = |reverse: bool| if reverse { " reverse" } else { "" };
    let mut put = |name: &str, entries: Vec<String>| {
        if !entries.is_empty() {
            fields
                .insert(name.to_owned(), entries.iter().fold(String::new(), |all, entry| all + entry + ";"));
        }
    };
    let address = |address: &VirtualAddress| shown(address, own);
    put("Virtual IP", instance.addresses.iter().map(address).collect());
    put("Virtual IP Excluded", instance.excluded_addresses.iter().map(address).collect());
    let peers = instance.unicast_peers.iter();
    let peers = peers.map(|peer| match peer.ttl.filter(|range| *range != (0, 255)) {
        Some((min, max)) => format!("{} min_ttl {min} max_ttl {max}", peer.address),
        None => peer.address.to_string(),
    });
    put("Unicast Peer", peers.collect());
    let interfaces = instance.track_interfaces.iter();
    let interfaces = interfaces
        .map(|track| format!("{} weight {}{}", track.interface, track.weight, reversed(track.reverse)));
    put("Tracked interfaces", interfaces.collect());
    let scripts = instance.track_scripts.iter().filter_map(|track| {
        let name = &config.scripts.get(track.script)?.name;
        Some(format!("{name} weight {}{}", track.weight, reversed(track.reverse)))
    });
    put("Tracked scripts", scripts.collect());
}

/// As keepalived writes an address; the peer of one is not in its dump.
fn shown(address: &VirtualAddress, own: &str) -> String {
    let network = address.network;
    let whole = if network.is_ipv4() { 32 } else { 128 };
    let mut text = if network.prefix() == whole {
        network.ip().to_string()
    } else {
        format!("{}/{}", network.ip(), network.prefix())
    };
    if let Some(broadcast) = address.broadcast {
        let _ = write!(text, " brd {broadcast}");
    }
    let _ = write!(text, " dev {}", address.interface.as_deref().unwrap_or(own));
    let scope = match address.scope {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        255 => "nowhere".to_owned(),
        other => other.to_string(),
    };
    let _ = write!(text, " scope {scope}");
    if let Some(label) = &address.label {
        let _ = write!(text, " label {label}");
    }
    let flags = [
        (address.home, "home"),
        (address.duplicate_detection, "-nodad"),
        (address.manage_temporary, "mngtmpaddr"),
        (address.no_prefix_route, "noprefixroute"),
        (address.autojoin, "autojoin"),
        (address.no_track, "no_track"),
    ];
    for (_, flag) in flags.iter().filter(|(on, _)| *on) {
        let _ = write!(text, " {flag}");
    }
    if let (IpNetwork::V6(_), Some(lifetime)) =
        (network, address.preferred_lifetime.filter(|life| *life < u32::MAX))
    {
        let _ = write!(text, " preferred_lft {lifetime}");
    }
    text
}

fn script_fields(script: &VrrpScript) -> Fields {
    let weight = format!("{}{}", script.weight, if script.reverse { " reverse" } else { "" });
    [
        ("Command", command(&script.command)),
        ("Interval", format!("{} sec", script.interval.as_secs_f64())),
        ("Timeout", format!("{} sec", script.timeout.as_secs_f64())),
        ("Weight", weight),
        ("Rise", script.rise.to_string()),
        ("Fall", script.fall.to_string()),
        ("Script uid:gid", ids(script.command.user.as_ref())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

/// Each word in quotes, the program by its real path.
fn command(command: &Command) -> String {
    let Run::Exec(words) = &command.run else { return format!("shell: {}", command.text) };
    let Some((program, arguments)) = words.split_first() else { return String::new() };
    let found = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"]
        .iter()
        .map(|folder| Path::new(folder).join(program))
        .find(|path| path.exists())
        .unwrap_or_else(|| program.into());
    let program = std::fs::canonicalize(&found).unwrap_or(found).to_string_lossy().into_owned();
    let words: Vec<String> =
        std::iter::once(&program).chain(arguments).map(|word| format!("'{word}'")).collect();
    words.join(" ")
}

/// Numbers of a user; nobody named is root.
fn ids(user: Option<&User>) -> String {
    let Some(user) = user else { return "0:0".to_owned() };
    let find = |file: &str, name: &str, field: usize| {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.split(':').next() == Some(name))?.to_owned();
        line.split(':').nth(field).map(str::to_owned)
    };
    let unknown = || "?".to_owned();
    let uid = find("/etc/passwd", &user.user, 2).unwrap_or_else(unknown);
    let gid = match &user.group {
        Some(group) => find("/etc/group", group, 2),
        None => find("/etc/passwd", &user.user, 3),
    };
    format!("{uid}:{}", gid.unwrap_or_else(unknown))
}
