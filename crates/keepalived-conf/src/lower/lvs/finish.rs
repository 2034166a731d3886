//! Turns what a virtual server's block says into what it means: defaults, inheritance, what is refused.

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::lvs::{Forwarding, LvsProtocol, LvsService, RealServer, VirtualServer};
use crate::model::{Command, VrrpInstance};
use crate::source::Span;

use super::super::Lowering;
use super::super::global::Globals;
use super::super::report::Report;
use super::granularity;
use super::group::{Group, Member};
use super::key::Key;
use super::tls::Ssl;
use super::virtual_server::{PERSISTENCE, VirtualDraft};

mod real_servers;

use real_servers::Fronts;

/// Context in which all virtual servers are finished.
struct File<'l, 'a, 'f> {
    groups: &'l HashMap<&'a str, Group>,
    ssl: Option<&'l Ssl>,
    globals: &'l Globals,
    report: &'l mut Report<'f>,
    checks: Vec<Command>,
    /// The kernel's services taken so far, with the place of their virtual server.
    taken: HashMap<LvsService, Span>,
    /// Members of groups looked at so far.
    expanded: usize,
    /// Addresses of this director and its peers, as far as the file names them.
    directors: HashSet<IpAddr>,
}

impl Lowering<'_> {
    /// Every usable virtual server, and the scripts of their checkers.
    pub(in super::super) fn finish_virtual_servers(
        &mut self,
        instances: &[VrrpInstance],
    ) -> (Vec<VirtualServer>, Vec<Command>) {
        let addresses = |instance: &VrrpInstance| {
            let peers = instance.unicast_peers.iter().map(|peer| peer.address);
            instance.source.into_iter().chain(peers).collect::<Vec<_>>()
        };
        let drafts = std::mem::take(&mut self.lvs.servers);
        let mut file = File {
            groups: &self.lvs.groups,
            ssl: self.lvs.ssl.as_ref(),
            globals: &self.globals,
            report: &mut self.report,
            checks: Vec::new(),
            taken: HashMap::new(),
            expanded: 0,
            directors: instances.iter().flat_map(addresses).collect(),
        };
        let servers = drafts.into_iter().filter_map(|draft| file.virtual_server(draft)).collect();
        (servers, file.checks)
    }
}

impl File<'_, '_, '_> {
    /// The virtual server; `None` leaves it out.
    fn virtual_server(&mut self, mut draft: VirtualDraft) -> Option<VirtualServer> {
        let members = self.members(&draft)?;
        let protocol = self.protocol(&draft, &members);
        let name = name(&draft.key, protocol);
        if draft.real_servers.is_empty() {
            let message = format!("virtual server {name} has no real server; it is ignored");
            self.report.error("no-real-server", draft.at, message);
            return None;
        }
        let ipv6 = self.family(&draft, &members);
        let scheduler = self.scheduler(&draft, &name);
        let forwarding = self.forwarding(&draft, &name);
        let persistence_timeout = self.persistence(&draft, &members, &name);
        let (persistence_granularity, persistence_mask) =
            granularity::resolve(draft.granularity, ipv6, &name, self.report);
        let one_packet = self.one_packet(&draft, protocol, &name);
        let services = self.services(&draft, &members, protocol, ipv6, &name)?;
        let fronts = Fronts::of(&services, matches!(draft.key, Key::Group(_)));
        let drafts = self.real_servers_kept(&mut draft, forwarding, fronts, &name);
        let sorry = draft.sorry.take();
        let sorry_server = self.sorry_server(sorry, &draft, forwarding, fronts);
        let real_servers: Vec<_> =
            drafts.into_iter().map(|real| self.real_server(real, &draft, forwarding)).collect();
        if real_servers.is_empty() {
            let message = format!("virtual server {name} has no usable real server; it is ignored");
            let class = fronts.class_of_other_family();
            self.report.push(Diagnostic::error("no-real-server", message).class(class).at(draft.at));
            return None;
        }
        let quorum = self.quorum(&draft, &real_servers, &name);
        let hysteresis = self.hysteresis(&draft, quorum, &name);
        let ha_suspend = self.ha_suspend(&draft, &services, &name);
        Some(VirtualServer {
            name,
            services,
            scheduler,
            scheduler_flags: draft.flags,
            one_packet,
            persistence_timeout,
            persistence_granularity,
            persistence_mask,
            persistence_engine: draft.persistence_engine,
            quorum,
            hysteresis,
            quorum_up: draft.quorum_up,
            quorum_down: draft.quorum_down,
            alpha: draft.timing.alpha.unwrap_or(false),
            omega: draft.omega,
            ha_suspend,
            smtp_alert: draft.smtp_alert.or(self.globals.smtp_alert_checker()).unwrap_or(false),
            sorry_server,
            panic_threshold: draft.panic_threshold,
            panic_hysteresis: draft.panic_hysteresis,
            outlier_weight: match draft.outlier_detection {
                Some(true) => Some(draft.outlier_weight.unwrap_or(100)),
                Some(false) => None,
                None => draft.outlier_weight,
            },
            drain_timeout: draft.drain_timeout,
            real_servers,
        })
    }

    /// The services it stands for, each once.
    fn members(&mut self, draft: &VirtualDraft) -> Option<Vec<Member>> {
        match &draft.key {
            Key::Address(address) => Some(vec![Member::Address(*address)]),
            Key::Fwmark(mark) => Some(vec![Member::Fwmark { mark: *mark, ipv6: None }]),
            Key::Group(name) => {
                let Some(group) = self.groups.get(&**name) else {
                    let message =
                        format!("there is no virtual_server_group {name}; the virtual server is ignored");
                    // keepalived takes the file, and ignores the virtual server as well.
                    self.report.push(
                        Diagnostic::new(Severity::Error, Class::None, "unknown-group", message).at(draft.at),
                    );
                    return None;
                };
                self.expanded = self.expanded.saturating_add(group.members.len());
                if self.expanded > MOST_SERVICES {
                    let message = format!(
                        "virtual server [{name}]:0 is ignored: the groups in use have more than {MOST_SERVICES} members"
                    );
                    self.report.push(
                        Diagnostic::new(Severity::Error, Class::None, "too-many-services", message)
                            .at(draft.at),
                    );
                    return None;
                }
                let mut seen = HashSet::with_capacity(group.members.len());
                Some(group.members.iter().copied().filter(|member| seen.insert(*member)).collect())
            }
        }
    }

    /// `None` where every member is a firewall mark: packets of any protocol can bear it.
    fn protocol(&mut self, draft: &VirtualDraft, members: &[Member]) -> Option<LvsProtocol> {
        let only_marks = members.iter().all(|member| matches!(member, Member::Fwmark { .. }));
        match draft.protocol {
            Some((_, at)) if only_marks => {
                let message = "`protocol` is ignored: a firewall mark stands for packets of any protocol";
                self.report.warning("protocol-of-mark", at, message);
                None
            }
            None if only_marks => None,
            Some((protocol, _)) => Some(protocol),
            None => {
                let name = name(&draft.key, None);
                self.report.push(
                    Diagnostic::error(
                        "no-protocol",
                        format!("virtual server {name} has no `protocol`; UDP is used"),
                    )
                    .at(draft.at)
                    .help("write `protocol TCP`, or `protocol UDP` if that is meant"),
                );
                Some(LvsProtocol::Udp)
            }
        }
    }

    /// Whether IPv6: by the address, by what `ip_family` says of a mark, by the first real server.
    fn family(&mut self, draft: &VirtualDraft, members: &[Member]) -> bool {
        let of_members = members.iter().find_map(|member| match member {
            Member::Address(address) => Some(address.is_ipv6()),
            Member::Fwmark { ipv6, .. } => *ipv6,
        });
        match (of_members, draft.family) {
            (Some(ipv6), Some((wanted, at))) if ipv6 != wanted => {
                let message = "`ip_family` is ignored: the addresses are of the other family";
                self.report.error("family", at, message);
                ipv6
            }
            (Some(ipv6), _) | (None, Some((ipv6, _))) => ipv6,
            (None, None) => draft.real_servers.first().is_some_and(|real| real.address.is_ipv6()),
        }
    }

    fn scheduler(&mut self, draft: &VirtualDraft, name: &str) -> String {
        if draft.scheduler.is_none() {
            let message = format!("virtual server {name} has no `lb_algo`; wlc is used");
            self.report.error("no-scheduler", draft.at, message);
        }
        draft.scheduler.unwrap_or("wlc").to_owned()
    }

    fn forwarding(&mut self, draft: &VirtualDraft, name: &str) -> Forwarding {
        if draft.forwarding.is_none() {
            let message = format!("virtual server {name} has no `lb_kind`; NAT is used");
            self.report.error("no-method", draft.at, message);
        }
        draft.forwarding.unwrap_or(Forwarding::Nat)
    }

    /// The kernel takes port 0 only of persistent services.
    fn persistence(&mut self, draft: &VirtualDraft, members: &[Member], name: &str) -> Option<u32> {
        let any_port =
            members.iter().any(|member| matches!(member, Member::Address(address) if address.port() == 0));
        if any_port && draft.persistence_timeout.is_none() {
            let message = format!(
                "virtual server {name} has no port, which only persistent services can do without; \
                 `persistence_timeout {PERSISTENCE}` is used"
            );
            self.report.warning("port-0", draft.at, message);
            return Some(PERSISTENCE);
        }
        if let (None, Some((_, at))) = (draft.persistence_timeout, &draft.granularity) {
            let message = format!(
                "{name}: `persistence_granularity` makes the service persistent; `persistence_timeout {PERSISTENCE}` is used"
            );
            self.report.lint("granularity", *at, message);
            return Some(PERSISTENCE);
        }
        draft.persistence_timeout
    }

    fn one_packet(&mut self, draft: &VirtualDraft, protocol: Option<LvsProtocol>, name: &str) -> bool {
        let Some(at) = draft.one_packet else { return false };
        if matches!(protocol, Some(LvsProtocol::Tcp | LvsProtocol::Sctp)) {
            let message = format!("{name}: `ops` is ignored: only UDP can be scheduled packet by packet");
            self.report.error("ops", at, message);
            return false;
        }
        true
    }

    /// The kernel's services, without those an earlier virtual server has; `None` if none is left.
    fn services(
        &mut self,
        draft: &VirtualDraft,
        members: &[Member],
        protocol: Option<LvsProtocol>,
        ipv6: bool,
        name: &str,
    ) -> Option<Vec<LvsService>> {
        let mut services = Vec::with_capacity(members.len());
        let mut elsewhere = None;
        for member in members {
            let service = match *member {
                Member::Address(address) => {
                    LvsService::Address { protocol: protocol.unwrap_or(LvsProtocol::Udp), address }
                }
                Member::Fwmark { mark, ipv6: own } => LvsService::Fwmark { mark, ipv6: own.unwrap_or(ipv6) },
            };
            if let Some(first) = self.taken.get(&service) {
                elsewhere = elsewhere.or(Some(*first));
                continue;
            }
            self.taken.insert(service, draft.at);
            services.push(service);
        }
        if elsewhere.is_some() {
            let message = if services.is_empty() {
                format!("{name} duplicates an earlier virtual server and is ignored")
            } else {
                format!("{name} shares services with an earlier virtual server, which keeps them")
            };
            self.report.push(
                Diagnostic::error("duplicate-server", message)
                    .class(Class::None)
                    .at(draft.at)
                    .related(elsewhere, "the earlier one"),
            );
        }
        (!services.is_empty()).then_some(services)
    }

    /// Not more than all real servers together can give.
    fn quorum(&mut self, draft: &VirtualDraft, real_servers: &[RealServer], name: &str) -> u32 {
        let total: u64 = real_servers.iter().map(|real| u64::from(real.weight)).sum();
        let quorum = draft.quorum.map_or(1, |(quorum, _)| quorum);
        let reachable = u32::try_from(total).unwrap_or(u32::MAX);
        if quorum <= reachable {
            return quorum;
        }
        let at = draft.quorum.map_or(draft.at, |(_, at)| at);
        let message = if total == 0 {
            format!("no real server of {name} has a weight, so its quorum is never reached")
        } else {
            format!("the real servers of {name} weigh {total} together; its quorum is {total}, not {quorum}")
        };
        self.report.warning("quorum", at, message);
        reachable.max(1)
    }

    fn hysteresis(&mut self, draft: &VirtualDraft, quorum: u32, name: &str) -> u32 {
        let Some((hysteresis, at)) = draft.hysteresis else { return 0 };
        if hysteresis < quorum {
            return hysteresis;
        }
        let most = quorum.saturating_sub(1);
        let message = format!("{name}: `hysteresis` stays below the quorum of {quorum}; {most} is used");
        self.report.warning("hysteresis", at, message);
        most
    }

    /// A mark is on no address, so nothing tells whether it is here.
    fn ha_suspend(&mut self, draft: &VirtualDraft, services: &[LvsService], name: &str) -> bool {
        let Some(at) = draft.ha_suspend else { return false };
        let has_mark = services.iter().any(|service| matches!(service, LvsService::Fwmark { .. }));
        if has_mark {
            let message = format!("{name}: `ha_suspend` is ignored: a firewall mark is on no address");
            self.report.error("ha-suspend", at, message);
        }
        !has_mark
    }
}

/// The most services that groups stand for, all virtual servers together.
const MOST_SERVICES: usize = 262_144;

/// The name as keepalived writes it in logs, mails and FIFO lines.
fn name(key: &Key, protocol: Option<LvsProtocol>) -> String {
    match key {
        Key::Address(address) => {
            let protocol = protocol.map_or("none", LvsProtocol::name);
            format!("[{}]:{protocol}:{}", address.ip(), address.port())
        }
        Key::Fwmark(mark) => format!("FWM {mark}"),
        // The port is that of the key, which has none.
        Key::Group(group) => format!("[{group}]:0"),
    }
}
