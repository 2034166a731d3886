//! Every keyword that says it acts is shown to act: what the plan says without it, and with it.

use std::fmt::Debug;
use std::time::Duration;

use vrrp_election::{Fact, Instant, LinkState, Node, Standing, State};
use vrrp_linux::address::{AddressFlags, Scope};
use vrrp_proto::{Priority, TtlRange, Version};

use super::*;

mod elsewhere;

/// A plan of one instance with these lines in `global_defs`, in the instance, and around them.
fn plan(globals: &str, instance: &str, outside: &str) -> Plan {
    let interface = if instance.contains("\ninterface ") { "" } else { "interface eth0\n" };
    let addresses = if instance.contains("virtual_ipaddress {") {
        ""
    } else {
        "virtual_ipaddress {\n192.0.2.100/24\n}\n"
    };
    let text = format!(
        "global_defs {{\n{globals}\n}}\n{outside}\nvrrp_instance V {{\n{interface}virtual_router_id \
         51\n{instance}\n{addresses}}}\n"
    );
    let loaded = keepalived_conf::load_str(&text);
    assert_eq!(loaded.config.instances.len(), 1, "{text}");
    Plan::new(1, loaded.config)
}

fn of(instance: &str) -> Plan {
    plan("", instance, "")
}

fn first(plan: &Plan) -> &RouterPlan {
    &plan.routers[0]
}

/// Everything is there.
struct Fine;

impl Observe for Fine {
    fn link(&self, _: &str) -> LinkState {
        LinkState { up: true, ipv4: Some([192, 0, 2, 1].into()), ipv6: Some("fe80::1".parse().unwrap()) }
    }

    fn fact(&self, _: &WatchedFact) -> Fact {
        Fact::Up
    }

    fn since_boot(&self) -> Duration {
        secs(10)
    }
}

fn setup(plan: &Plan) -> RouterSetup {
    plan.node_config(&Fine).routers[0].clone()
}

/// Shows what lines of an instance do: `view` gives `without` for `base` alone, and `with` for both.
#[expect(clippy::needless_pass_by_value, reason = "values that the cases write out")]
#[track_caller]
fn acts<T: Debug + PartialEq>(base: &str, lines: &str, view: impl Fn(&Plan) -> T, without: T, with: T) {
    assert_eq!(view(&of(base)), without, "without {lines}");
    assert_eq!(view(&of(&format!("{base}\n{lines}"))), with, "with {lines}");
}

/// The same for lines of `global_defs`.
#[expect(clippy::needless_pass_by_value, reason = "values that the cases write out")]
#[track_caller]
fn acts_globally<T: Debug + PartialEq>(lines: &str, view: impl Fn(&Plan) -> T, without: T, with: T) {
    assert_eq!(view(&of("")), without, "without {lines}");
    assert_eq!(view(&plan(lines, "", "")), with, "with {lines}");
}

const UNICAST: &str = "unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2\n192.0.2.3\n}";
const SECOND: Duration = Duration::from_secs(1);

fn secs(count: u64) -> Duration {
    Duration::from_secs(count)
}

#[test]
fn priority_version_and_interval() {
    acts("", "priority 150", |plan| first(plan).config.priority.get(), 100, 150);
    acts("", "priority 255", |plan| first(plan).config.priority.is_owner(), false, true);
    acts("", "version 3", |plan| first(plan).config.version(), Version::V2, Version::V3);
    acts_globally("vrrp_version 3", |plan| first(plan).config.version(), Version::V2, Version::V3);
    let interval = |plan: &Plan| first(plan).config.interval.duration();
    acts("version 3", "advert_int 0.25", interval, SECOND, Duration::from_millis(250));
    acts("", "advert_int 3", interval, SECOND, secs(3));
}

#[test]
fn patience_and_preemption() {
    acts("", "down_timer_adverts 5", |plan| first(plan).config.down_adverts, 3, 5);
    let preempt = |plan: &Plan| first(plan).config.preempt;
    let (at_once, after) = (vrrp_election::Preempt::AtOnce, vrrp_election::Preempt::After);
    acts("state BACKUP", "nopreempt", preempt, at_once, vrrp_election::Preempt::Never);
    acts("state BACKUP", "preempt_delay 7", preempt, at_once, after(secs(7)));
    let delay = |plan: &Plan| plan.node_config(&Fine).startup_delay;
    acts_globally("vrrp_startup_delay 4", delay, Duration::ZERO, secs(4));
    // The machine of these tests was started 10 s ago.
    acts_globally("vrrp_delay_after_boot 15", delay, Duration::ZERO, secs(5));
    acts_globally("vrrp_delay_after_boot 9", delay, Duration::ZERO, Duration::ZERO);
    acts_globally("vrrp_startup_delay 7\nvrrp_delay_after_boot 15", delay, Duration::ZERO, secs(7));
}

#[test]
fn an_owner_starts_as_the_file_says() {
    let standing = |plan: &Plan| Node::new(Instant::ZERO, plan.node_config(&Fine)).standing(RouterId(0));
    acts("priority 255", "state BACKUP", standing, Some(Standing::Active), Some(Standing::Backup));
    acts(
        "priority 255",
        "owner_ignore_adverts",
        |plan| first(plan).config.owner_ignores_adverts,
        false,
        true,
    );
    acts("", "priority 255", |plan| first(plan).addresses[0].native, false, true);
    let virtual_ips = |plan: &Plan| plan.virtual_ips.len();
    acts("", "priority 255", virtual_ips, 1, 0);
}

#[test]
fn answers_to_others() {
    acts("version 3", "lower_prio_no_advert", |plan| first(plan).config.answer_lower_priority, true, false);
    let higher = |plan: &Plan| first(plan).config.answer_higher_priority;
    acts("", "higher_prio_send_advert false", higher, YIELDING_ADVERT, false);
    acts("", "higher_prio_send_advert true", higher, YIELDING_ADVERT, true);
    acts("", "skip_check_adv_addr", |plan| first(plan).checks_list, true, false);
}

#[test]
fn announcements() {
    let announce = |plan: &Plan| first(plan).config.announce;
    acts("", "garp_master_delay 9", |plan| announce(plan).delay, secs(5), secs(9));
    acts("", "garp_master_repeat 2", |plan| announce(plan).repeat, 5, 2);
    acts("", "garp_master_refresh 60", |plan| announce(plan).refresh, Duration::ZERO, secs(60));
    acts("", "garp_master_refresh_repeat 3", |plan| announce(plan).refresh_repeat, 1, 3);
    acts("", "garp_lower_prio_delay 8", |plan| announce(plan).lower_priority_delay, secs(5), secs(8));
    acts("", "garp_lower_prio_repeat 4", |plan| announce(plan).lower_priority_repeat, 5, 4);
    acts_globally("vrrp_garp_master_delay 9", |plan| announce(plan).delay, secs(5), secs(9));
    acts_globally("vrrp_garp_master_repeat 2", |plan| announce(plan).repeat, 5, 2);
    let gaps = |plan: &Plan| {
        let all = plan.announcement_gaps().all;
        (all.arp, all.na)
    };
    let millis = Duration::from_millis;
    acts_globally("vrrp_garp_interval 0.02", gaps, (millis(0), millis(0)), (millis(20), millis(0)));
    acts_globally("vrrp_gna_interval 0.03", gaps, (millis(0), millis(0)), (millis(0), millis(30)));
}

#[test]
fn multicast_groups() {
    let group = |plan: &Plan| match &first(plan).reach {
        Reach::Multicast { group } => Some(*group),
        Reach::Unicast { .. } => None,
    };
    let ip = |text: &str| Some(text.parse().unwrap());
    acts("", "mcast_dst_ip 224.0.0.99", group, ip("224.0.0.18"), ip("224.0.0.99"));
    acts_globally("vrrp_mcast_group4 224.0.0.98", group, ip("224.0.0.18"), ip("224.0.0.98"));
    let ipv6 = "virtual_ipaddress {\nfe80::100\n}";
    let with = plan("vrrp_mcast_group6 ff02::98", ipv6, "");
    assert_eq!((group(&of(ipv6)), group(&with)), (ip("ff02::12"), ip("ff02::98")));
    assert_eq!(RouterKey::all(&with.node_config(&Fine))[0].transport, setup(&with).transport);
}

#[test]
fn unicast_peers_ttl_and_strangers() {
    let unicast = |plan: &Plan| match &first(plan).reach {
        Reach::Unicast { peers, ttl, strangers } => (peers.len(), *ttl, *strangers),
        Reach::Multicast { .. } => (0, 0, None),
    };
    let any = Some(TtlRange::ANY);
    acts("", UNICAST, unicast, (0, 0, None), (2, 255, any));
    acts(UNICAST, "unicast_ttl 10", unicast, (2, 255, any), (2, 10, any));
    acts(UNICAST, "check_unicast_src", unicast, (2, 255, any), (2, 255, None));
    let bounded = of("unicast_src_ip 192.0.2.1\nunicast_peer {\n192.0.2.2 min_ttl 250 max_ttl 254\n}");
    assert_eq!(unicast(&bounded), (1, 255, None), "a bound on the TTL excludes strangers");
    let Reach::Unicast { peers, .. } = &first(&bounded).reach else { panic!("unicast") };
    assert_eq!(peers[0].ttl, TtlRange { min: 250, max: 254 });
}

#[test]
fn source_addresses() {
    let source = |plan: &Plan| setup(plan).source;
    let ours = Some("192.0.2.1".parse().unwrap());
    acts("", "mcast_src_ip 192.0.2.1", source, None, ours);
    acts("unicast_peer {\n192.0.2.2\n}", "unicast_src_ip 192.0.2.1", source, None, ours);
    let required = |plan: &Plan| {
        let is_source = |fact: &WatchedFact| matches!(fact, WatchedFact::Source { .. });
        let sources: Vec<_> =
            plan.facts.iter().filter(|(_, fact)| is_source(fact)).map(|(id, _)| id).collect();
        let tracks = setup(plan).tracks;
        sources.iter().any(|id| tracks.contains(&Track::required(*id)))
    };
    acts("mcast_src_ip 192.0.2.1", "track_src_ip", required, false, true);
    acts("", UNICAST, required, false, true);
}

#[test]
fn a_router_without_the_peers_that_it_should_have_is_in_fault() {
    let serves = |plan: &Plan| Node::new(Instant::ZERO, plan.node_config(&Fine)).fault(RouterId(0)).is_none();
    acts("", "unicast_fault_no_peer", serves, true, false);
}

#[test]
fn authentication() {
    let kind = |plan: &Plan| match first(plan).auth {
        RouterAuth::None => 0,
        RouterAuth::Password(_) => 1,
        RouterAuth::Ah(_) => 2,
        RouterAuth::Trailer(_) => 3,
    };
    acts("", "authentication {\nauth_type PASS\nauth_pass secret\n}", kind, 0, 1);
    acts("", "authentication {\nauth_type AH\nauth_pass secret\n}", kind, 0, 2);
    let keys = "auth_hmac {\nkey 1 0123456789abcdef0123456789abcdef\nactive_key 1\n}";
    acts("", keys, kind, 0, 3);
}

#[test]
fn the_own_interface_and_those_of_addresses() {
    acts("", "dont_track_primary", |plan| setup(plan).ignore_link_state, false, true);
    let needs_eth1 = |plan: &Plan| {
        plan.links.known("eth1").is_some_and(|link| setup(plan).tracks.contains(&Track::required(link)))
    };
    let on_eth1 = "virtual_ipaddress {\n192.0.2.100/24 dev eth1\n}";
    assert!(needs_eth1(&of(on_eth1)));
    assert!(needs_eth1(&of(&format!("{on_eth1}\ndont_track_primary"))), "that is about the own one");
    assert!(!needs_eth1(&of("virtual_ipaddress {\n192.0.2.100/24 dev eth1 no_track\n}")));
    assert!(!needs_eth1(&of("")));
}

#[test]
fn tracked_interfaces_and_scripts() {
    let weight_of = |plan: &Plan| {
        let link = plan.links.known("eth1")?;
        let track = setup(plan).tracks.into_iter().find(|track| track.target == link.into())?;
        Some((track.weight, track.reverse))
    };
    acts("", "track_interface {\neth1 weight -20 reverse\n}", weight_of, None, Some((-20, true)));
    acts("", "track_interface {\neth1\n}", weight_of, None, Some((0, false)));
    let script = "vrrp_script S {\nscript \"/bin/true\"\ninterval 3\ntimeout 2\nrise 4\nfall 5\ninit_fail\nuser root\n}";
    let tracked = plan("", "track_script {\nS weight 30\n}", script);
    let track = Track { target: ScriptId(0).into(), weight: 30, reverse: false };
    assert!(setup(&tracked).tracks.contains(&track));
    let check = tracked.node_config(&Fine).scripts[0].clone();
    let expected = ScriptConfig {
        interval: secs(3),
        timeout: secs(2),
        rise: 4,
        fall: 5,
        init_fail: true,
        on_shortage: OnShortage::Keep,
    };
    assert_eq!(check.config, expected);
    let script = "vrrp_script S {\nscript \"/bin/true\"\non_shortage fail\n}";
    let check = plan("", "track_script {\nS\n}", script).node_config(&Fine).scripts[0].clone();
    assert_eq!(check.config.on_shortage, OnShortage::Fail);
}

#[test]
fn a_check_is_the_same_as_long_as_it_runs_the_same() {
    let command =
        |script: &str| plan("", "track_script {\nS\n}", script).node_config(&Fine).scripts[0].command.clone();
    let base = command("vrrp_script S {\nscript \"/bin/true\"\nuser root\n}");
    assert_eq!(base, command("vrrp_script S {\nscript \"/bin/true\"\nuser root\ninterval 9\nweight 5\n}"));
    assert_ne!(base, command("vrrp_script S {\nscript \"/bin/false\"\nuser root\n}"));
    assert_ne!(base, command("vrrp_script S {\nscript \"/bin/true\"\nuser nobody\n}"));
}

#[test]
fn virtual_addresses() {
    let spec = |line: &str| {
        let plan = of(&format!("virtual_ipaddress {{\n{line}\n}}"));
        first(&plan).addresses[0].spec.clone()
    };
    assert_eq!(spec("192.0.2.100").network.prefix(), 32);
    assert_eq!(spec("192.0.2.100/24").network.prefix(), 24);
    assert_eq!(spec("192.0.2.100 label eth0:vip").label.as_deref(), Some("eth0:vip"));
    assert_eq!(spec("192.0.2.100 scope link").scope, Scope(253));
    assert_eq!(spec("192.0.2.100/24 brd 192.0.2.255").broadcast, Some([192, 0, 2, 255].into()));
    assert!(!spec("192.0.2.100").flags.contains(AddressFlags::NODAD));
    assert!(
        spec("fe80::100").flags.contains(AddressFlags::NODAD),
        "an address that moves is its own duplicate"
    );
    assert!(!spec("fe80::100 -nodad").flags.contains(AddressFlags::NODAD));
    assert!(spec("fe80::100 home").flags.contains(AddressFlags::HOMEADDRESS));
    assert!(spec("fe80::100 mngtmpaddr").flags.contains(AddressFlags::MANAGETEMPADDR));
    assert!(spec("192.0.2.100 noprefixroute").flags.contains(AddressFlags::NOPREFIXROUTE));
    assert!(spec("fe80::100 autojoin").flags.contains(AddressFlags::MCAUTOJOIN));
    assert_eq!(spec("fe80::100/64 preferred_lft 0").preferred_lifetime, Some(0));
    let untracked = |line| first(&of(&format!("virtual_ipaddress {{\n{line}\n}}"))).addresses[0].untracked;
    assert_eq!((untracked("192.0.2.100"), untracked("192.0.2.100 no_track")), (false, true));
}

#[test]
fn addresses_that_are_excluded_are_held_and_not_advertised() {
    let counts = |plan: &Plan| (first(plan).advertised.borrow().len(), first(plan).addresses.len());
    acts("", "virtual_ipaddress_excluded {\n198.51.100.1\n}", counts, (1, 1), (1, 2));
}

#[test]
fn no_address_is_cut_off_in_silence() {
    for (count, family, advertised) in [(255, 4, 255), (256, 4, 255), (89, 6, 89), (90, 6, 89)] {
        let address = |n: usize| match family {
            4 => format!("10.0.{}.{}", n / 250, n % 250 + 1),
            _ => format!("fe80::{n:x}"),
        };
        let lines: Vec<_> = (1..=count).map(address).collect();
        let plan = of(&format!("version 3\nvirtual_ipaddress {{\n{}\n}}", lines.join("\n")));
        let router = first(&plan);
        assert_eq!(router.advertised.borrow().len(), advertised);
        assert_eq!(
            router.addresses.len(),
            count,
            "addresses that an advert does not list are held all the same"
        );
    }
}

#[test]
fn promoted_interfaces() {
    let promotions =
        |plan: &Plan| plan.promotions().map(|(name, on)| format!("{name} {on}")).collect::<Vec<_>>();
    acts("", "promote_secondaries", promotions, vec![], vec!["V eth0".to_owned()]);
}

#[test]
fn the_default_interface_is_where_an_instance_without_one_puts_its_addresses() {
    let text = |globals| {
        format!(
            "global_defs {{\n{globals}\n}}\nvrrp_instance V {{\nvirtual_router_id 51\n{UNICAST}\nvirtual_ipaddress \
             {{\n192.0.2.100\n}}\n}}\n"
        )
    };
    let place = |globals| {
        let plan = Plan::new(1, keepalived_conf::load_str(&text(globals)).config);
        plan.routers.first().and_then(|router| plan.links.name(router.addresses.first()?.link).cloned())
    };
    assert_eq!(place("default_interface eth7").as_deref(), Some("eth7"));
    assert_eq!(place("").as_deref(), Some("eth0"));
}

#[test]
fn strict_mode_starts_an_owner_as_active() {
    let starts = |plan: &Plan| first(plan).config.owner_starts_active;
    acts("version 3\npriority 255\nstate BACKUP", "strict_mode on", starts, false, true);
}

#[test]
fn duplicates_need_no_socket_and_stay_in_fault() {
    let instance = |name: &str, lines: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id 51\n{lines}\nvirtual_ipaddress \
             {{\n192.0.2.100\n}}\n}}\n"
        )
    };
    let peers = |peer| format!("unicast_src_ip 192.0.2.1\nunicast_peer {{\n{peer}\n}}");
    let duplicates = |text: String| {
        let plan = Plan::new(1, keepalived_conf::load_str(&text).config);
        let node = Node::new(Instant::ZERO, plan.node_config(&Fine));
        let faults: Vec<_> =
            (0..plan.routers.len()).map(|n| node.fault(RouterId(number(n))).is_some()).collect();
        assert_eq!(plan.routers.iter().map(|router| router.duplicate).collect::<Vec<_>>(), faults);
        faults
    };
    assert_eq!(duplicates(instance("A", "") + &instance("B", "")), [false, true]);
    let (two, three) = (peers("192.0.2.2"), peers("192.0.2.3"));
    assert_eq!(duplicates(instance("A", &two) + &instance("B", &three)), [false, false]);
    assert_eq!(duplicates(instance("A", &two) + &instance("B", &two)), [false, true]);
}

#[test]
fn a_renamed_instance_is_the_same_router() {
    let text = |name: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id 51\nvirtual_ipaddress {{\n192.0.2.100\n}}\n}}\n"
        )
    };
    let plan = |name| Plan::new(1, keepalived_conf::load_str(&text(name)).config);
    let mut node = Node::new(Instant::ZERO, plan("A").node_config(&Fine));
    let served = node.poll_timeout().unwrap();
    while node.poll_action().is_some() {}
    node.handle_timeout(served);
    while node.poll_action().is_some() {}
    node.handle_reload(served, plan("B").node_config(&Fine));
    let actions: Vec<_> = std::iter::from_fn(|| node.poll_action()).collect();
    assert!(
        !actions.iter().any(|action| matches!(action, vrrp_election::NodeAction::RemoveAddresses { .. }))
    );
    assert_eq!(node.router(RouterId(0)).map(vrrp_election::VirtualRouter::state), Some(State::Active));
    assert_eq!(
        node.router(RouterId(0)).map(vrrp_election::VirtualRouter::priority),
        Some(Priority::new(100))
    );
}

/// Everything that the first router tracks, in the order of its tracks: what, weight, reverse.
fn tracked(plan: &Plan) -> Vec<(String, i32, bool)> {
    let tracks = setup(plan).tracks.into_iter().filter(|track| match track.target {
        TrackTarget::Fact(fact) => plan.is_tracker(fact),
        TrackTarget::Link(_) | TrackTarget::Script(_) => false,
    });
    tracks.map(|track| (plan.target(track.target), track.weight, track.reverse)).collect()
}

#[test]
fn files_and_processes_are_tracked() {
    let trackers =
        "track_file F {\nfile /run/n\nweight 3\n}\nvrrp_track_process P {\nprocess p\nweight -5\n}";
    let lines = |file: &str, process: &str| {
        let lines = format!("track_file {{\nF {file}\n}}\ntrack_process {{\nP {process}\n}}");
        tracked(&plan("", &lines, trackers))
    };
    let named = |file, process| {
        let (file, process): ((i32, bool), (i32, bool)) = (file, process);
        vec![("file F".to_owned(), file.0, file.1), ("process P".to_owned(), process.0, process.1)]
    };
    assert_eq!(lines("", ""), named((3, false), (-5, false)));
    assert_eq!(lines("weight 0 reverse", "weight 0"), named((0, true), (0, false)));
    assert_eq!(tracked(&plan("", "", trackers)), []);
}

#[test]
fn one_file_is_one_fact_whatever_its_names_and_weights() {
    let trackers = "track_file F {\nfile /run/n\n}\ntrack_file G {\nfile /run/n\n}";
    let plan = plan("", "track_file {\nF weight 2\nG weight 3\n}", trackers);
    let files = plan.facts.iter().filter(|(_, fact)| matches!(fact, WatchedFact::File(_)));
    assert_eq!(files.count(), 1);
    let weights: Vec<_> = tracked(&plan).into_iter().map(|(_, weight, _)| weight).collect();
    assert_eq!(weights, [2, 3]);
}

#[test]
fn changes_of_interfaces_have_to_last() {
    let delays = plan("", "", "interface_up_down_delays {\neth0 4 2\n}").link_delays;
    assert_eq!(delays.len(), 1);
    assert_eq!(delays["eth0"], Delays { down: secs(4), up: secs(2) });
    assert!(of("").link_delays.is_empty());
}

/// Instances A on eth0 and B on eth1, each of which tracks something, in a group with these lines.
fn in_group(lines: &str) -> Plan {
    let instance = |name: &str, link: &str, vrid: u8, more: &str| {
        format!(
            "vrrp_instance {name} {{\ninterface {link}\nvirtual_router_id {vrid}\n{more}\nvirtual_ipaddress \
             {{\n192.0.2.{vrid}\n}}\n}}\n"
        )
    };
    let a = instance("A", "eth0", 51, "track_interface {\neth8\n}");
    let b = instance("B", "eth1", 52, "track_script {\ns\n}");
    let script = "vrrp_script s {\nscript /bin/true\n}\nvrrp_script t {\nscript /bin/true\nweight 10\n}\n\
                  track_file F {\nfile /run/f\n}\nvrrp_track_process P {\nprocess p\n}\nbfd_instance N \
                  {\nneighbor_ip 192.0.2.2\n}\n";
    let group = format!("vrrp_sync_group G {{\ngroup {{\nB\nA\n}}\n{lines}\n}}\n");
    Plan::new(1, keepalived_conf::load_str(&format!("{script}{a}{b}{group}")).config)
}

#[test]
fn members_of_a_sync_group_go_together_and_track_what_it_tracks() {
    let plan = in_group("track_interface {\neth0\neth9 weight -20\n}\ntrack_script {\nt\n}");
    let config = plan.node_config(&Fine);
    let members = vec![RouterId(1), RouterId(0)];
    assert_eq!(config.groups, [GroupSetup { name: "G".to_owned(), members }]);
    let tracked = |router: usize| -> Vec<(String, i32)> {
        let socket = |track: &&Track| !matches!(track.target, TrackTarget::Fact(_));
        let tracks = config.routers[router].tracks.iter().filter(socket);
        tracks.map(|track| (plan.target(track.target), track.weight)).collect()
    };
    let named = |list: &[(&str, i32)]| -> Vec<(String, i32)> {
        list.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect()
    };
    assert_eq!(
        tracked(0),
        named(&[("interface eth8", 0), ("interface eth9", -20), ("script t", 10)]),
        "its own interface is watched anyway"
    );
    assert_eq!(
        tracked(1),
        named(&[("interface eth0", 0), ("interface eth9", -20), ("script s", 0), ("script t", 10)])
    );
    assert_eq!(plan.group_name(GroupId(0)), "G");
}

#[test]
fn members_of_a_sync_group_track_its_files_processes_and_bfd_sessions() {
    let plan = in_group("track_file {\nF weight 4\n}\ntrack_process {\nP weight -7\n}\ntrack_bfd {\nN\n}");
    let expected = [("file F", 4), ("process P", -7), ("BFD session N", 0)];
    let expected = expected.map(|(name, weight)| (name.to_owned(), weight));
    for router in plan.node_config(&Fine).routers {
        let facts = router
            .tracks
            .iter()
            .filter(|track| matches!(track.target, TrackTarget::Fact(fact) if plan.is_tracker(fact)));
        let facts: Vec<_> = facts.map(|track| (plan.target(track.target), track.weight)).collect();
        assert_eq!(facts, expected);
    }
}

#[test]
fn static_routes_are_put_back_unless_no_track_forbids_it() {
    let lines = "static_routes {\n10.1.0.0/16 via 192.0.2.254\n10.2.0.0/16 via 192.0.2.254 no_track\n}";
    let routes = plan("", "", lines).statics.routing.routes;
    assert_eq!((routes[0].1, routes[1].1), (true, false));
}
