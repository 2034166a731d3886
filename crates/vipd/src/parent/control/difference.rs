//! The changes of a reload, with their fields.

use std::collections::HashMap;

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::VirtualServer;
use serde::Serialize;
use serde_json::Value;
use vipd_control::{Change, ChangeKind, FieldChange};

use crate::lvs::names;

/// One for each thing that is added, removed or changed; none if the configurations are the same. Values of fields are those
/// of a configuration without secrets.
pub(in crate::parent) fn difference(old: &Config, new: &Config) -> Vec<Change> {
    let shown = |config: &Config| {
        let mut shown = config.clone();
        shown.hide_secrets();
        shown
    };
    let (old, new) = ((old, &shown(old)), (new, &shown(new)));
    let mut changes = Vec::new();
    whole(
        "global_defs",
        part(old, |config| &config.global),
        part(new, |config| &config.global),
        &mut changes,
    );
    list(
        "vrrp_instance",
        old,
        new,
        |config| &config.instances,
        |instance| instance.name.clone(),
        &mut changes,
    );
    list("vrrp_sync_group", old, new, |config| &config.sync_groups, |group| group.name.clone(), &mut changes);
    list("vrrp_script", old, new, |config| &config.scripts, |script| script.name.clone(), &mut changes);
    list("track_file", old, new, |config| &config.track_files, |file| file.name.clone(), &mut changes);
    list("track_process", old, new, |config| &config.track_processes, |it| it.name.clone(), &mut changes);
    list("bfd_instance", old, new, |config| &config.bfd_instances, |bfd| bfd.name.clone(), &mut changes);
    list("virtual_server", old, new, |config| &config.virtual_servers, |it| it.name.clone(), &mut changes);
    real_servers(old, new, &mut changes);
    let statics = |config| part(config, |config: &Config| &config.statics);
    whole("static addresses, routes and rules", statics(old), statics(new), &mut changes);
    let delays = |config| part(config, |config: &Config| &config.interface_delays);
    whole("interface_up_down_delays", delays(old), delays(new), &mut changes);
    changes
}

/// Something as it is, and as it is shown.
type Pair<'a, T> = (&'a T, &'a T);

fn part<'a, S, T>((whole, shown): Pair<'a, S>, of: impl Fn(&'a S) -> &'a T) -> Pair<'a, T> {
    (of(whole), of(shown))
}

fn whole<T: PartialEq + Serialize>(
    kind: &str,
    old: Pair<'_, T>,
    new: Pair<'_, T>,
    changes: &mut Vec<Change>,
) {
    if old.0 != new.0 {
        let fields = fields(old, new);
        changes.push(Change { kind: kind.to_owned(), name: None, change: ChangeKind::Changed, fields });
    }
}

fn list<T: PartialEq + Serialize>(
    kind: &str,
    old: Pair<'_, Config>,
    new: Pair<'_, Config>,
    of: impl Fn(&Config) -> &Vec<T>,
    name: impl Fn(&T) -> String,
    changes: &mut Vec<Change>,
) {
    compare(kind, (of(old.0), of(old.1)), (of(new.0), of(new.1)), name, changes);
}

fn real_servers(old: Pair<'_, Config>, new: Pair<'_, Config>, changes: &mut Vec<Change>) {
    let before: HashMap<&str, Pair<'_, VirtualServer>> =
        pairs(&old.0.virtual_servers, &old.1.virtual_servers)
            .map(|server| (server.0.name.as_str(), server))
            .collect();
    for server in pairs(&new.0.virtual_servers, &new.1.virtual_servers) {
        let Some(before) = before.get(server.0.name.as_str()).filter(|before| before.0 != server.0) else {
            continue;
        };
        let kind = format!("{}: real_server", server.0.name);
        let old = part(*before, |server| &server.real_servers);
        let new = part(server, |server| &server.real_servers);
        compare(&kind, old, new, |real| names::real_server(server.0, real), changes);
    }
}

fn pairs<'a, T>(whole: &'a [T], shown: &'a [T]) -> impl DoubleEndedIterator<Item = Pair<'a, T>> {
    whole.iter().zip(shown)
}

fn compare<T: PartialEq + Serialize>(
    kind: &str,
    old: Pair<'_, Vec<T>>,
    new: Pair<'_, Vec<T>>,
    name: impl Fn(&T) -> String,
    changes: &mut Vec<Change>,
) {
    let (before, after) = (by_name(old, &name), by_name(new, &name));
    let mut push = |name: String, change, fields| {
        changes.push(Change { kind: kind.to_owned(), name: Some(name), change, fields });
    };
    for thing in pairs(new.0, new.1) {
        let name = name(thing.0);
        match before.get(&name) {
            None => push(name, ChangeKind::Added, Vec::new()),
            Some(before) if before.0 != thing.0 => push(name, ChangeKind::Changed, fields(*before, thing)),
            Some(_) => {}
        }
    }
    for name in old.0.iter().map(&name).filter(|name| !after.contains_key(name)) {
        push(name, ChangeKind::Removed, Vec::new());
    }
}

/// Of several with the same name the first one counts.
fn by_name<T>((whole, shown): Pair<'_, Vec<T>>, name: impl Fn(&T) -> String) -> HashMap<String, Pair<'_, T>> {
    pairs(whole, shown).rev().map(|pair| (name(pair.0), pair)).collect()
}

/// The fields in which two things differ, with their values where these are short and may be shown.
fn fields<T: Serialize>(old: Pair<'_, T>, new: Pair<'_, T>) -> Vec<FieldChange> {
    let value = |it: &T| serde_json::to_value(it).unwrap_or_default();
    let mut found = Vec::new();
    let (old, new) = ((value(old.0), value(old.1)), (value(new.0), value(new.1)));
    collect("", (&old.0, &old.1), (&new.0, &new.1), &mut found);
    found.sort_by(|a, b| a.field.cmp(&b.field));
    found
}

fn collect(path: &str, old: Pair<'_, Value>, new: Pair<'_, Value>, found: &mut Vec<FieldChange>) {
    if old.0 == new.0 {
        return;
    }
    if let (Value::Object(a), Value::Object(b)) = (old.0, new.0)
        && a.keys().eq(b.keys())
        && seconds(old.0).is_none()
    {
        for key in a.keys() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            if let (Some(old), Some(new)) = (inside(old, key), inside(new, key)) {
                collect(&path, old, new, found);
            }
        }
        return;
    }
    // A hidden value looks the same before and after.
    let values = if old.1 == new.1 { None } else { short(old.1).zip(short(new.1)) };
    let (from, to) = values.unzip();
    found.push(FieldChange { field: path.to_owned(), from, to });
}

fn inside<'a>(pair: Pair<'a, Value>, key: &str) -> Option<Pair<'a, Value>> {
    Some((pair.0.get(key)?, pair.1.get(key)?))
}

/// A value as people read it, if it is one word.
fn short(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => "none".to_owned(),
        Value::Bool(true) => "on".to_owned(),
        Value::Bool(false) => "off".to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => vipd_status::clean(text).to_string(),
        Value::Object(_) => seconds(value)?,
        Value::Array(_) => return None,
    };
    (text.len() <= MAX_VALUE).then_some(text)
}

/// A time, which is written as seconds and nanoseconds.
fn seconds(value: &Value) -> Option<String> {
    let object = value.as_object().filter(|object| object.len() == 2)?;
    let (secs, nanos) = (object.get("secs")?.as_u64()?, object.get("nanos")?.as_u64()?);
    let decimals = format!("{nanos:09}");
    let decimals = decimals.trim_end_matches('0');
    Some(if decimals.is_empty() { format!("{secs}s") } else { format!("{secs}.{decimals}s") })
}

/// A longer one is not shown.
const MAX_VALUE: usize = 80;

#[cfg(test)]
mod tests {
    use keepalived_conf::model::VrrpInstance;

    use super::*;

    fn config(text: &str) -> Config {
        keepalived_conf::load_str(text).config
    }

    fn lines(old: &Config, new: &Config) -> Vec<String> {
        difference(old, new).iter().map(Change::to_string).collect()
    }

    fn instance(name: &str, vrid: u8, priority: u8) -> String {
        format!(
            "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n priority {priority}\n}}\n"
        )
    }

    #[test]
    fn additions_removals_and_changes_are_named() {
        let service = |real: &str| {
            format!(
                "virtual_server 192.0.2.1 80 {{\n lb_algo rr\n protocol TCP\n real_server {real} 80 {{\n }}\n}}\n"
            )
        };
        let old = [instance("A", 1, 100), instance("B", 2, 100), service("10.0.0.1")].concat();
        let new = [instance("A", 1, 90), instance("C", 3, 100), service("10.0.0.2")].concat();
        assert_eq!(
            lines(&config(&old), &config(&new)),
            [
                "vrrp_instance A changes: priority 100 -> 90",
                "vrrp_instance C is added",
                "vrrp_instance B is removed",
                "virtual_server [192.0.2.1]:tcp:80 changes: real_servers",
                "[192.0.2.1]:tcp:80: real_server [10.0.0.2]:tcp:80 is added",
                "[192.0.2.1]:tcp:80: real_server [10.0.0.1]:tcp:80 is removed",
            ]
        );
    }

    #[test]
    fn the_same_file_changes_nothing() {
        let text = instance("A", 1, 100);
        assert_eq!(difference(&config(&text), &config(&text)), []);
    }

    #[test]
    fn a_secret_that_changes_is_not_shown() {
        let with = |password: &str| {
            let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n version 2\n authentication {\n \
                        auth_type PASS\n auth_pass ";
            config(&format!("{text}{password}\n }}\n}}\n"))
        };
        assert_eq!(lines(&with("secret1"), &with("secret2")), ["vrrp_instance A changes: auth.Password"]);
    }

    #[test]
    fn fields_are_named_with_their_values_where_these_are_short() {
        let with = |interval: &str, interface: &str, address: &str| {
            config(&format!(
                "vrrp_instance A {{\n interface {interface}\n virtual_router_id 1\n advert_int {interval}\n \
                 virtual_ipaddress {{\n {address}\n }}\n}}\n"
            ))
        };
        assert_eq!(
            lines(&with("1", "eth0", "192.0.2.1"), &with("2", "eth1", "192.0.2.2")),
            ["vrrp_instance A changes: addresses, advert_interval 1s -> 2s, interface eth0 -> eth1"]
        );
        let global = |extra: &str| config(&format!("global_defs {{\n {extra}\n}}\n"));
        assert_eq!(
            lines(&global(""), &global("smtp_auth lb hunter2\n smtp_server 192.0.2.25\n notify_timeout 5"))
                .iter()
                .filter(|line| line.contains("hunter2"))
                .count(),
            0
        );
    }

    #[test]
    fn a_thousand_instances_are_compared_by_name() {
        let many = |priority: u8| {
            let mut one = config(&instance("A", 1, priority));
            let instance = one.instances[0].clone();
            one.instances = (0..1000)
                .map(|number| VrrpInstance { name: format!("V_{number}"), ..instance.clone() })
                .collect();
            one
        };
        assert_eq!(difference(&many(100), &many(90)).len(), 1000);
    }
}
