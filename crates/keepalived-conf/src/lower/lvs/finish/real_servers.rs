//! The real servers and the sorry server of a virtual server.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::lvs::{Checker, Forwarding, LvsService, RealServer, SorryServer};
use crate::source::Span;

use super::super::kinds::{Around, CheckerDraft};
use super::super::method::keeps_port;
use super::super::real_server::RealDraft;
use super::super::virtual_server::{SorryDraft, VirtualDraft};
use super::File;

/// The kernel's services of a virtual server, as far as its real servers have to fit them.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Fronts {
    /// The port of all services, if they agree on one.
    port: Option<u16>,
    /// There is a firewall mark among them.
    marks: bool,
    ipv4: bool,
    ipv6: bool,
    /// Whether they come from a `virtual_server_group`.
    group: bool,
}

impl Fronts {
    pub(super) fn of(services: &[LvsService], group: bool) -> Self {
        let is_ipv6 = |service: &LvsService| match service {
            LvsService::Address { address, .. } => address.is_ipv6(),
            LvsService::Fwmark { ipv6, .. } => *ipv6,
        };
        Self {
            port: common_port(services),
            marks: services.iter().any(|service| matches!(service, LvsService::Fwmark { .. })),
            ipv4: services.iter().any(|service| !is_ipv6(service)),
            ipv6: services.iter().any(is_ipv6),
            group,
        }
    }

    /// keepalived's test does not look into groups for the family; the kernel refuses such a server then.
    pub(super) fn class_of_other_family(self) -> Class {
        if self.group { Class::None } else { Class::General }
    }
}

impl File<'_, '_, '_> {
    /// The real servers that can stay, their ports filled in.
    pub(super) fn real_servers_kept(
        &mut self,
        draft: &mut VirtualDraft,
        forwarding: Forwarding,
        fronts: Fronts,
        name: &str,
    ) -> Vec<RealDraft> {
        let mut seen: HashMap<SocketAddr, Span> = HashMap::with_capacity(draft.real_servers.len());
        let mut kept = Vec::with_capacity(draft.real_servers.len());
        for mut real in std::mem::take(&mut draft.real_servers) {
            let method = real.forwarding.unwrap_or(forwarding);
            if !self.fits_family("real server", real.address, real.at, method, fronts) {
                continue;
            }
            if let Some(first) = seen.insert(real.address, real.at) {
                let message =
                    format!("real server {} of {name} is listed already; this one is ignored", real.address);
                self.report.push(
                    Diagnostic::error("duplicate-real-server", message)
                        .at(real.at)
                        .related(Some(first), "first listed here"),
                );
                seen.insert(real.address, first);
                continue;
            }
            self.port(&mut real.address, real.at, method, fronts, "real server");
            if method == Forwarding::DirectRoute && self.directors.contains(&real.address.ip()) {
                self.director(real.address.ip(), real.at);
            }
            if real.lower_threshold > real.upper_threshold {
                let message = "`lthreshold` is ignored: it is above `uthreshold`, which the kernel refuses";
                self.report.lint("thresholds", real.at, message);
                real.lower_threshold = 0;
            }
            kept.push(real);
        }
        kept
    }

    /// Only tunnels lead to another address family.
    fn fits_family(
        &mut self,
        what: &str,
        address: SocketAddr,
        at: Span,
        method: Forwarding,
        fronts: Fronts,
    ) -> bool {
        let fits = if address.is_ipv6() { fronts.ipv6 } else { fronts.ipv4 };
        if fits || matches!(method, Forwarding::Tunnel { .. }) {
            return true;
        }
        let family = if address.is_ipv6() { "IPv4" } else { "IPv6" };
        let message = format!("{what} {} is ignored: its virtual server speaks {family}", address.ip());
        let class = fronts.class_of_other_family();
        self.report.push(Diagnostic::error("family", message).class(class).at(at));
        false
    }

    /// Fills in a missing port; complains where the written one cannot count.
    fn port(&mut self, address: &mut SocketAddr, at: Span, method: Forwarding, fronts: Fronts, what: &str) {
        let written = address.port();
        if fronts.marks {
            if written != 0 && keeps_port(method) {
                let message = format!(
                    "packets with a mark keep their port: that of {what} {address} counts for checks only"
                );
                self.report.warning("port", at, message);
            }
            return;
        }
        let Some(port) = fronts.port else { return };
        if written == 0 {
            address.set_port(port);
            if !keeps_port(method) && port != 0 {
                let message =
                    format!("{what} {} has no port; that of its virtual server is used", address.ip());
                self.report.lint("no-port", at, message);
            }
        } else if written != port && keeps_port(method) {
            let message = format!(
                "packets keep their port {port} on the way (DR, TUN): that of {what} {address} counts for checks only"
            );
            self.report.warning("port", at, message);
        }
    }

    /// A backup director has the same table: packets that it gets as a real server it may pass on again.
    fn director(&mut self, address: IpAddr, at: Span) {
        let message =
            format!("real server {address} is a director too: it may pass on what it is given, even back");
        self.report.push(
            Diagnostic::new(Severity::Warning, Class::None, "director-loop", message)
                .at(at)
                .help("let a firewall rule mark what does not come from the other director, and write `virtual_server fwmark N`"),
        );
    }

    pub(super) fn sorry_server(
        &mut self,
        draft: Option<SorryDraft>,
        server: &VirtualDraft,
        forwarding: Forwarding,
        fronts: Fronts,
    ) -> Option<SorryServer> {
        let mut draft = draft?;
        let method = draft.forwarding.unwrap_or(forwarding);
        if !self.fits_family("sorry server", draft.address, draft.at, method, fronts) {
            return None;
        }
        self.port(&mut draft.address, draft.at, method, fronts, "sorry server");
        let around = Around {
            server: draft.address,
            timing: server.timing,
            virtual_host: server.virtual_host.as_deref(),
            log_all_failures: self.globals.checker_log_all_failures,
            ssl: self.ssl,
        };
        let checkers = self.checkers(draft.checkers, &around);
        Some(SorryServer { address: draft.address, forwarding: method, inhibit: draft.inhibit, checkers })
    }

    fn checkers(&mut self, drafts: Vec<CheckerDraft>, around: &Around<'_>) -> Vec<Checker> {
        drafts.into_iter().map(|checker| checker.finish(around, &mut self.checks, self.report)).collect()
    }

    pub(super) fn real_server(
        &mut self,
        draft: RealDraft,
        server: &VirtualDraft,
        forwarding: Forwarding,
    ) -> RealServer {
        let around = Around {
            server: draft.address,
            timing: draft.timing.or(server.timing),
            virtual_host: draft.virtual_host.as_deref().or(server.virtual_host.as_deref()),
            log_all_failures: self.globals.checker_log_all_failures,
            ssl: self.ssl,
        };
        let checkers = self.checkers(draft.checkers, &around);
        RealServer {
            address: draft.address,
            weight: draft.weight.unwrap_or(server.weight),
            forwarding: draft.forwarding.unwrap_or(forwarding),
            upper_threshold: draft.upper_threshold,
            lower_threshold: draft.lower_threshold,
            inhibit_on_failure: draft.inhibit_on_failure.unwrap_or(server.inhibit_on_failure),
            notify_up: draft.notify_up,
            notify_down: draft.notify_down,
            smtp_alert: draft.smtp_alert.or(self.globals.smtp_alert_checker()).unwrap_or(true),
            backup: draft.backup,
            slow_start: draft.slow_start.unwrap_or(server.slow_start),
            checkers,
        }
    }
}

/// The port of all services, if they agree on one; `None` for marks.
fn common_port(services: &[LvsService]) -> Option<u16> {
    let mut ports = services.iter().map(|service| match service {
        LvsService::Address { address, .. } => Some(address.port()),
        LvsService::Fwmark { .. } => None,
    });
    let first = ports.next()??;
    ports.all(|port| port == Some(first)).then_some(first)
}
