//! A lab that fits the user's own pair of configurations.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnetwork::IpNetwork;
use keepalived_conf::model::{Config, Preempt, VrrpInstance};
use keepalived_conf::{DiskFiles, Options};

use super::script_text::{Subject, subject};
use super::setup::{Checks, Configuration, Router, Setup};

/// Reads both files and fits the lab to them.
pub(super) fn fit_files(paths: &[PathBuf; 2]) -> Result<Setup, String> {
    let [a, b] = paths;
    let (a, b) = (read(a)?, read(b)?);
    let mut setup = fit([&a, &b])?;
    if [&a, &b].iter().any(|side| side.config.global.script_security) && !nix::unistd::geteuid().is_root() {
        setup.remarks.push(
            "enable_script_security is set: in an ordinary user's namespace no file of this machine belongs to root, \
             so every script will be refused; run the demonstration as root to see the checks work"
                .to_owned(),
        );
    }
    Ok(setup)
}

/// A configuration and where it is.
struct Side {
    path: PathBuf,
    config: Config,
}

fn read(path: &Path) -> Result<Side, String> {
    let place = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let path = path.canonicalize().map_err(|error| place(&error))?;
    let environment = |name: &str| std::env::var(name).ok();
    let options = Options { environment: &environment, ..Options::new(&DiskFiles) };
    let loaded = keepalived_conf::load(&path, &options);
    loaded.usable.map_err(|problem| place(&problem))?;
    Ok(Side { path, config: loaded.config })
}

/// The instance that the story follows, with the file it is in.
#[derive(Clone, Copy)]
struct Member<'a> {
    side: &'a Side,
    instance: &'a VrrpInstance,
}

impl Member<'_> {
    /// Priority while every check passes.
    fn effective(self) -> i32 {
        let gain: i32 = self.instance.track_scripts.iter().map(|track| i32::from(track.weight.max(0))).sum();
        match self.instance.priority {
            255 => 255,
            base => (i32::from(base) + gain).clamp(1, 254),
        }
    }
}

fn fit(sides: [&Side; 2]) -> Result<Setup, String> {
    let mut remarks = Vec::new();
    let [a, b] = serving_first(pair(sides)?, &mut remarks);
    let target = client_address(a.instance)?;
    let addresses = Plan::new([a, b], target).addresses();
    let preempt_after = match a.instance.preempt {
        Preempt::Never => None,
        Preempt::AtOnce => Some(Duration::ZERO),
        Preempt::After(delay) => Some(delay),
    };
    let (checks, services, required_files) = checks(a, b, &mut remarks);
    if preempt_after.is_none() {
        remarks.push("A does not preempt: the story has no step in which it takes back over".to_owned());
    }
    let [own_a, own_b, client] = addresses;
    Ok(Setup {
        routers: [router("A", a, own_a), router("B", b, own_b)],
        client,
        target: target.ip(),
        vrid: a.instance.vrid,
        interval: a.instance.advert_interval,
        down_adverts: a.instance.down_adverts,
        startup_delay: a.side.config.global.startup_delay,
        preempt_after,
        services,
        required_files,
        checks,
        remarks,
    })
}

/// The first instance of A's file and the one of B's that belongs to it.
fn pair([a, b]: [&Side; 2]) -> Result<[Member<'_>; 2], String> {
    let first =
        a.config.instances.first().ok_or_else(|| format!("{} has no vrrp_instance", a.path.display()))?;
    let same = |other: &&VrrpInstance| other.vrid == first.vrid && other.ipv6 == first.ipv6;
    let second = b.config.instances.iter().find(same).ok_or_else(|| {
        let (path, vrid) = (b.path.display(), first.vrid);
        format!("{path} has no vrrp_instance with virtual_router_id {vrid}: the two files are no pair")
    })?;
    Ok([Member { side: a, instance: first }, Member { side: b, instance: second }])
}

/// The story calls the one that should serve A.
fn serving_first<'a>([a, b]: [Member<'a>; 2], remarks: &mut Vec<String>) -> [Member<'a>; 2] {
    if b.effective() <= a.effective() {
        return [a, b];
    }
    remarks.push(format!("{} has the higher priority: its router is called A here", b.side.path.display()));
    [b, a]
}

fn client_address(instance: &VrrpInstance) -> Result<IpNetwork, String> {
    let all = instance.addresses.iter().chain(&instance.excluded_addresses);
    let usable = |ip: IpAddr| !matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local());
    all.map(|address| address.network)
        .find(|network| usable(network.ip()))
        .ok_or_else(|| format!("vrrp_instance {} has no address that a client could ask", instance.name))
}

fn router(name: &'static str, member: Member<'_>, addresses: Vec<IpNetwork>) -> Router {
    let own = |instance: &VrrpInstance| instance.interface.clone().unwrap_or_else(|| "eth0".to_owned());
    let mut interfaces = vec![own(member.instance)];
    let mut virtual_addresses = Vec::new();
    for instance in &member.side.config.instances {
        interfaces.push(own(instance));
        interfaces.extend(instance.track_interfaces.iter().map(|track| track.interface.clone()));
        for address in instance.addresses.iter().chain(&instance.excluded_addresses) {
            let interface = address.interface.clone().unwrap_or_else(|| own(instance));
            interfaces.push(interface.clone());
            virtual_addresses.push((interface, address.network));
        }
    }
    let mut seen = std::collections::HashSet::new();
    interfaces.retain(|interface| interface != "lo" && seen.insert(interface.clone()));
    let configuration = Configuration::File(member.side.path.clone());
    Router { name, configuration, interfaces, addresses, virtual_addresses }
}

/// Subjects of A's checks: the ways in which they move the address, and the services and files that they need.
fn checks(a: Member<'_>, b: Member<'_>, remarks: &mut Vec<String>) -> (Checks, Vec<String>, Vec<PathBuf>) {
    let (mut checks, mut services, mut required) = (Checks::default(), Vec::new(), Vec::new());
    for side in [a.side, b.side] {
        for script in &side.config.scripts {
            match subject(&script.command.text) {
                Subject::Service(name) if !services.contains(&name) => services.push(name),
                Subject::RequiredFile(path) if !required.contains(&path) => required.push(path),
                _ => {}
            }
        }
    }
    for track in &a.instance.track_scripts {
        let Some(script) = a.side.config.scripts.get(track.script) else { continue };
        let subject = subject(&script.command.text);
        if subject == Subject::Unknown || track.reverse {
            continue;
        }
        let failed = a.effective() - i32::from(track.weight).abs();
        let moves = track.weight == 0 || failed < b.effective();
        if !moves || a.instance.preempt == Preempt::Never {
            remarks.push(format!(
                "when {} fails on A, A has priority {failed} and B {}: the address stays, so the story leaves it out",
                script.name,
                b.effective()
            ));
            continue;
        }
        let notice = script.interval * script.fall;
        match subject {
            Subject::Maintenance(path) => checks.maintenance = checks.maintenance.or(Some((path, notice))),
            Subject::Service(name) => checks.service = checks.service.or(Some((name, notice))),
            Subject::RequiredFile(_) | Subject::Unknown => {}
        }
    }
    (checks, services, required)
}

/// Finds addresses for the two routers and the client.
struct Plan<'a> {
    members: [Member<'a>; 2],
    /// The subnet of the virtual address; a bare address gets one of a usual size.
    subnet: IpNetwork,
    taken: Vec<IpAddr>,
}

impl<'a> Plan<'a> {
    fn new(members: [Member<'a>; 2], target: IpNetwork) -> Self {
        let bare = if target.is_ipv4() { 32 } else { 128 };
        let usual = if target.is_ipv4() { 24 } else { 64 };
        let prefix = if target.prefix() == bare { usual } else { target.prefix() };
        let subnet = IpNetwork::new(target.ip(), prefix).unwrap_or(target);
        let mut taken: Vec<IpAddr> = Vec::new();
        for instance in members.iter().flat_map(|member| &member.side.config.instances) {
            let all = instance.addresses.iter().chain(&instance.excluded_addresses);
            taken.extend(all.map(|address| address.network.ip()));
            taken.extend(instance.unicast_peers.iter().map(|peer| peer.address));
            taken.extend(instance.source);
        }
        Self { members, subnet, taken }
    }

    /// Addresses of A, B and the client.
    fn addresses(mut self) -> [Vec<IpNetwork>; 3] {
        let [a, b] = self.members;
        let own = [self.own(a, b), self.own(b, a)];
        let [a, b] = own;
        let client = self.free().into_iter().collect();
        [a, b, client]
    }

    /// The address that the file gives the router, or that its peer's file does; else a free one. One is in the subnet
    /// in any case.
    fn own(&mut self, member: Member<'_>, other: Member<'_>) -> Vec<IpNetwork> {
        let peer = match other.instance.unicast_peers.as_slice() {
            [peer] => Some(peer.address),
            _ => None,
        };
        let mut addresses: Vec<IpNetwork> = Vec::new();
        if let Some(fixed) = member.instance.source.or(peer) {
            let same_family = fixed.is_ipv4() == self.subnet.is_ipv4();
            let prefix = match fixed {
                _ if same_family && self.subnet.contains(fixed) => self.subnet.prefix(),
                IpAddr::V4(_) => 24,
                IpAddr::V6(_) => 64,
            };
            addresses.extend(IpNetwork::new(fixed, prefix));
        }
        if !addresses.iter().any(|address| self.subnet.contains(address.ip())) {
            addresses.extend(self.free());
        }
        addresses
    }

    /// The first address of the subnet that nobody has.
    fn free(&mut self) -> Option<IpNetwork> {
        let base = self.subnet.network();
        let nth = |n: u8| match base {
            IpAddr::V4(base) => IpAddr::V4(Ipv4Addr::from(u32::from(base).wrapping_add(n.into()))),
            IpAddr::V6(base) => IpAddr::V6(Ipv6Addr::from(u128::from(base).wrapping_add(n.into()))),
        };
        let usable = |ip: &IpAddr| {
            self.subnet.contains(*ip) && *ip != self.subnet.broadcast() && !self.taken.contains(ip)
        };
        let found = (1..=u8::MAX).map(nth).find(usable)?;
        self.taken.push(found);
        IpNetwork::new(found, self.subnet.prefix()).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(name: &str, text: &str) -> Side {
        Side { path: name.into(), config: keepalived_conf::load_str(text).config }
    }

    fn field(priority: u8, extra: &str) -> String {
        format!(
            "vrrp_script chk_haproxy {{\n script \"killall -0 haproxy\"\n interval 1\n weight 2\n}}\n\
             vrrp_script chk_down {{\n script \"[[ -f /etc/keepalived/down ]] && exit 1 || exit 0\"\n interval 1\n weight 2\n}}\n\
             vrrp_instance VI_1 {{\n interface bond0\n priority {priority}\n virtual_router_id 51\n {extra}\n\
             virtual_ipaddress {{\n 172.16.100.1/16 dev bond0 label bond0:0\n}}\n\
             track_script {{\n chk_haproxy\n chk_down\n}}\n}}\n"
        )
    }

    #[test]
    fn the_lab_gets_the_interfaces_and_the_subnet_of_the_files() {
        let (a, b) = (side("a", &field(101, "")), side("b", &field(100, "")));
        let setup = fit([&a, &b]).unwrap();
        let [a, b] = &setup.routers;
        assert_eq!(a.interfaces, ["bond0"]);
        assert_eq!(a.addresses, ["172.16.0.1/16".parse::<IpNetwork>().unwrap()]);
        assert_eq!(b.addresses, ["172.16.0.2/16".parse::<IpNetwork>().unwrap()]);
        assert_eq!(setup.client, ["172.16.0.3/16".parse::<IpNetwork>().unwrap()]);
        assert_eq!(setup.services, ["haproxy"]);
        let second = Duration::from_secs(1);
        assert_eq!(setup.checks.maintenance, Some(("/etc/keepalived/down".into(), second)));
        assert_eq!(setup.checks.service, Some(("haproxy".to_owned(), second)));
        assert_eq!(setup.remarks, Vec::<String>::new());
    }

    #[test]
    fn the_router_that_should_serve_is_called_a() {
        let (low, high) = (side("low", &field(100, "")), side("high", &field(101, "")));
        let setup = fit([&low, &high]).unwrap();
        assert_eq!(setup.routers[0].configuration, Configuration::File("high".into()));
        assert_eq!(setup.remarks.len(), 1);
    }

    #[test]
    fn a_check_whose_weight_moves_nothing_is_reported_and_left_out() {
        let (a, b) = (side("a", &field(150, "")), side("b", &field(100, "")));
        let setup = fit([&a, &b]).unwrap();
        assert_eq!(setup.checks, Checks::default());
        assert!(setup.remarks[0].contains("152 and B 104"), "{:?}", setup.remarks);
    }

    #[test]
    fn unicast_peers_get_the_addresses_they_call_each_other() {
        let a = side("a", &field(101, "unicast_src_ip 172.16.7.1\n unicast_peer {\n 172.16.7.2\n }"));
        let b = side("b", &field(100, "unicast_peer {\n 172.16.7.1\n }"));
        let setup = fit([&a, &b]).unwrap();
        assert_eq!(setup.routers[0].addresses, ["172.16.7.1/16".parse::<IpNetwork>().unwrap()]);
        assert_eq!(setup.routers[1].addresses, ["172.16.7.2/16".parse::<IpNetwork>().unwrap()]);
    }

    #[test]
    fn files_that_are_no_pair_are_refused() {
        let a = side("a", &field(101, ""));
        let b = side("b", &field(100, "").replace("virtual_router_id 51", "virtual_router_id 52"));
        let problem = fit([&a, &b]).unwrap_err();
        assert_eq!(problem, "b has no vrrp_instance with virtual_router_id 51: the two files are no pair");
    }
}
