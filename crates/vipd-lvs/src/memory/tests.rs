//! Which virtual server is which, and what comes back of what was remembered.

use super::super::plan::Former;
use super::*;
use crate::remember::entry;
use crate::testing::{balanced, plan};
use lvs_health::director::Director;

fn servers(text: &str) -> Vec<VirtualServer> {
    let loaded = keepalived_conf::load_str(text);
    assert_eq!(loaded.usable, Ok(()), "{:?}", loaded.diagnostics);
    loaded.config.virtual_servers
}

/// Groups with these names and ports.
fn groups(groups: &[(&str, &[u16])]) -> String {
    let group = |(name, ports): &(&str, &[u16])| {
        let lines: Vec<String> = ports.iter().map(|port| format!("192.0.2.1 {port}")).collect();
        let lines = lines.join("\n");
        format!(
            "virtual_server_group {name} {{\n{lines}\n}}\nvirtual_server group {name} {{\nlvs_sched rr\n\
             lvs_method NAT\nprotocol TCP\nreal_server 10.0.0.1 80 {{\n}}\n}}\n"
        )
    };
    groups.iter().map(group).collect()
}

#[test]
fn a_virtual_server_is_the_same_as_long_as_it_has_a_service_or_its_name() {
    let before = servers(&groups(&[("a", &[80, 81]), ("b", &[90])]));
    let known = || before.iter().map(|server| (server.name.as_str(), server.services.as_slice()));
    let name = |at: usize| before[at].name.clone();
    let identities = |after: &[(&str, &[u16])]| identify(&servers(&groups(after)), known());
    assert_eq!(identities(&[("b", &[90]), ("a", &[80])]), [name(1), name(0)]);
    assert_eq!(identities(&[("x", &[81]), ("y", &[90])]), [name(0), name(1)], "renamed");
    assert_eq!(identities(&[("a", &[90]), ("b", &[80])]), [name(1), name(0)], "names are exchanged");
    assert_eq!(identities(&[("a", &[99])]), [name(0)], "other addresses, same name");
    assert_eq!(
        identities(&[("x", &[81]), ("a", &[80])])[1],
        name(0),
        "the service that keeps the name goes on"
    );
    let apart = identities(&[("x", &[80]), ("y", &[81])]);
    assert_eq!(apart[0], name(0));
    assert_ne!(apart[1], name(0), "two virtual servers are never one");
}

#[test]
fn a_successor_reads_the_memory_and_nothing_else() {
    let now = Instant::now();
    let plan = plan(0, &balanced("drain_timeout 30", &[(80, "TCP_CHECK {\n}"), (81, "")]));
    let mut director = Director::new(now, plan.director());
    let mut memory = Memory::default();
    while let Some((identity, standing)) = director.poll_memory(now) {
        let (key, value) = entry(&identity, standing, &plan);
        memory.note(key, value).unwrap();
    }
    memory.note("service damaged".to_owned(), Some(vec![0xff; 3])).unwrap();
    memory.note("else".to_owned(), Some(vec![1])).unwrap();
    // As a release with another format writes them.
    let older =
        memory.iter().find(|(key, _)| key.starts_with("service [")).map(|(_, value)| value.to_vec()).unwrap();
    for place in [3, 7] {
        let mut value = older.clone();
        value[place] ^= 1;
        memory.note(format!("service of another release {place}"), Some(value)).unwrap();
    }
    let (known, foreign) = recall(&memory);
    assert_eq!((known.len(), foreign), (1, 3), "one is damaged, and two are another release's");
    let remembered = known.values().next().unwrap();
    assert_eq!((remembered.place, remembered.configured), ((0, 0), 2));
    let former = Former::recalled(&known);
    let name = plan.identity(lvs_health::director::ServiceId(0));
    assert_eq!(former.server(name, ([10, 0, 0, 1], 81).into()), Some((0, 0, 1)));
    assert_eq!(former.server(name, ([10, 0, 0, 1], 82).into()), None);
    assert_eq!(remembered.services, plan.config.virtual_servers[0].services);
    assert_eq!(remembered.servers.iter().map(|server| server.address.port()).collect::<Vec<_>>(), [80, 81]);
    let again =
        Director::resume(now, plan.director(), known.into_iter().map(|(name, it)| (name, it.standing)), now);
    assert_eq!(
        again.services().flat_map(|service| again.destinations(service)).collect::<Vec<_>>(),
        director.services().flat_map(|service| director.destinations(service)).collect::<Vec<_>>()
    );
}
