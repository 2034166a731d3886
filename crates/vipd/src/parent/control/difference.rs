//! The changes of a reload, in words.

use keepalived_conf::model::Config;
use keepalived_conf::model::lvs::VirtualServer;

use crate::lvs::names;

/// One line for each thing that is added, removed or changed; none if the configurations are the same.
pub(in crate::parent) fn difference(old: &Config, new: &Config) -> Vec<String> {
    let mut lines = Vec::new();
    if old.global != new.global {
        lines.push("global_defs changes".to_owned());
    }
    compare("vrrp_instance", (&old.instances, &new.instances), |instance| instance.name.clone(), &mut lines);
    compare("vrrp_sync_group", (&old.sync_groups, &new.sync_groups), |group| group.name.clone(), &mut lines);
    compare("vrrp_script", (&old.scripts, &new.scripts), |script| script.name.clone(), &mut lines);
    compare("track_file", (&old.track_files, &new.track_files), |file| file.name.clone(), &mut lines);
    let processes = (&*old.track_processes, &*new.track_processes);
    compare("track_process", processes, |process| process.name.clone(), &mut lines);
    compare("bfd_instance", (&old.bfd_instances, &new.bfd_instances), |bfd| bfd.name.clone(), &mut lines);
    let servers = (&*old.virtual_servers, &*new.virtual_servers);
    compare("virtual_server", servers, |server| server.name.clone(), &mut lines);
    for server in &new.virtual_servers {
        if let Some(before) = old.virtual_servers.iter().find(|before| before.name == server.name) {
            real_servers(before, server, &mut lines);
        }
    }
    if old.statics != new.statics {
        lines.push("static addresses, routes or rules change".to_owned());
    }
    lines
}

fn real_servers(old: &VirtualServer, new: &VirtualServer, lines: &mut Vec<String>) {
    let kind = format!("{}: real_server", new.name);
    let servers = (&*old.real_servers, &*new.real_servers);
    compare(&kind, servers, |real| names::real_server(new, real), lines);
}

fn compare<T: PartialEq>(
    kind: &str,
    (old, new): (&[T], &[T]),
    name: impl Fn(&T) -> String,
    lines: &mut Vec<String>,
) {
    for thing in new {
        let name_of_thing = name(thing);
        match old.iter().find(|before| name(before) == name_of_thing) {
            None => lines.push(format!("{kind} {name_of_thing} is added")),
            Some(before) if before != thing => lines.push(format!("{kind} {name_of_thing} changes")),
            Some(_) => {}
        }
    }
    for thing in old {
        let name_of_thing = name(thing);
        if !new.iter().any(|after| name(after) == name_of_thing) {
            lines.push(format!("{kind} {name_of_thing} is removed"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Config {
        keepalived_conf::load_str(text).config
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
            difference(&config(&old), &config(&new)),
            [
                "vrrp_instance A changes",
                "vrrp_instance C is added",
                "vrrp_instance B is removed",
                "virtual_server [192.0.2.1]:tcp:80 changes",
                "[192.0.2.1]:tcp:80: real_server [10.0.0.2]:tcp:80 is added",
                "[192.0.2.1]:tcp:80: real_server [10.0.0.1]:tcp:80 is removed",
            ]
        );
    }

    #[test]
    fn the_same_file_changes_nothing() {
        let text = instance("A", 1, 100);
        assert_eq!(difference(&config(&text), &config(&text)), Vec::<String>::new());
    }

    #[test]
    fn a_secret_that_changes_is_not_shown() {
        let with = |password: &str| {
            let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 1\n version 2\n authentication {\n \
                        auth_type PASS\n auth_pass ";
            config(&format!("{text}{password}\n }}\n}}\n"))
        };
        assert_eq!(difference(&with("secret1"), &with("secret2")), ["vrrp_instance A changes"]);
    }
}
