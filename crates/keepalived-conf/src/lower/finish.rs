//! Turns what an instance's block says into what it means: defaults, rules between keywords, strict mode.

use std::net::IpAddr;
use std::time::Duration;

use crate::diagnostic::{Class, Diagnostic, Severity};
use crate::model::{
    Auth, Garp, InitialState, Preempt, RfcMode, TrackInterface, VirtualAddress, VrrpInstance,
};
use crate::source::Span;

use super::authentication::AuthKind;
use super::global::Globals;
use super::instance::Draft;
use super::load::{InstanceProblem, Unusable};
use super::report::Report;
use super::rfc_mode;
use super::virtual_links;

mod addresses;
mod interval;

/// An instance being finished.
struct Finish<'d, 'r, 'f> {
    draft: &'d mut Draft,
    globals: &'d Globals,
    report: &'r mut Report<'f>,
    /// Where the instance's name stands.
    at: Span,
    ipv6: bool,
    version: u8,
    strict: bool,
    rfc: Option<RfcMode>,
    priority: u8,
    state: InitialState,
}

/// The instance. Otherwise why a daemon cannot run with it; the draft keeps its name and its commands then.
pub(super) fn finish(
    draft: &mut Draft,
    at: Span,
    globals: &Globals,
    report: &mut Report<'_>,
) -> Result<VrrpInstance, Unusable> {
    let finished = Finish::new(draft, at, globals, report).instance();
    finished.map_err(|problem| Unusable::Instance { name: draft.name.clone(), problem })
}

impl<'d, 'r, 'f> Finish<'d, 'r, 'f> {
    fn new(draft: &'d mut Draft, at: Span, globals: &'d Globals, report: &'r mut Report<'f>) -> Self {
        let rfc = rfc_mode::expand(draft, at, globals, report);
        let ipv6 = draft.ipv6.unwrap_or(false);
        let strict = draft.strict.unwrap_or(globals.strict);
        let version = match draft.version {
            Some((2, span)) if ipv6 => {
                ipv6_version_2(span, strict, report);
                3
            }
            _ if ipv6 => 3,
            Some((version, _)) => version,
            None => globals.version,
        };
        let wants_master = draft.state.is_some_and(|(state, _)| state == InitialState::Master);
        let priority = draft.priority.unwrap_or(if wants_master { 255 } else { 100 });
        let state = match draft.state {
            _ if strict && priority == 255 => InitialState::Master,
            Some((state, _)) => state,
            None if priority == 255 => InitialState::Master,
            None => InitialState::Backup,
        };
        Self { draft, globals, report, at, ipv6, version, strict, rfc, priority, state }
    }

    fn instance(&mut self) -> Result<VrrpInstance, InstanceProblem> {
        let auth = self.auth();
        self.settle_state(&auth);
        let advert_interval = self.advert_interval();
        let preempt = self.preempt();
        let backup_after_stall = self.backup_after_stall(preempt);
        let accept = self.accept();
        let garp = self.garp();
        let unicast = !self.draft.unicast_peers.is_empty();
        self.unicast_rules(unicast);
        self.too_many_addresses();
        let (vrid, interface) = self.identity(unicast)?;
        self.addresses_required()?;
        if self.strict && unicast {
            // An old pair that runs like this goes on.
            let message =
                "unicast peers in strict mode: VRRP knows multicast only, and keepalived 2.4 refuses this";
            self.report.lint("strict-unicast", self.at, message);
        }
        let links = virtual_links::Context {
            vrid,
            ipv6: self.ipv6,
            strict: self.strict,
            unicast,
            interface: interface.as_deref(),
        };
        let virtual_links = virtual_links::finish(self.draft, &links, self.report);
        let owner = self.priority == 255;
        let mut track_interfaces = self.track_interfaces(interface.as_deref());
        if owner {
            self.ignore_weights(&mut track_interfaces);
        }
        let (draft, globals) = (&mut *self.draft, self.globals);
        Ok(VrrpInstance {
            name: std::mem::take(&mut draft.name),
            version: self.version,
            ipv6: self.ipv6,
            interface,
            vrid,
            state: self.state,
            priority: self.priority,
            advert_interval,
            down_adverts: if self.strict { 3 } else { draft.down_adverts.unwrap_or(globals.down_adverts) },
            preempt,
            backup_after_stall,
            auth,
            strict: self.strict,
            rfc: self.rfc,
            accept,
            lower_priority_no_advert: self.strict
                || draft.lower_priority_no_advert.unwrap_or(globals.lower_priority_no_advert),
            higher_priority_send_advert: if self.strict {
                Some(false)
            } else {
                draft.higher_priority_send_advert.or(globals.higher_priority_send_advert)
            },
            owner_ignores_adverts: self.strict && owner
                || draft.owner_ignores_adverts.unwrap_or(globals.owner_ignores_adverts),
            v3_checksum_as_v2: draft.v3_checksum_as_v2.unwrap_or(globals.v3_checksum_as_v2),
            old_unicast_checksum: draft.old_unicast_checksum,
            skip_check_adv_addr: draft.skip_check_adv_addr.unwrap_or(globals.skip_check_adv_addr),
            garp,
            source: draft.source,
            track_source: draft.track_source,
            multicast_group: (!unicast).then(|| multicast_group(draft, globals, self.ipv6)),
            unicast_peers: std::mem::take(&mut draft.unicast_peers),
            unicast_fault_no_peer: draft.unicast_fault_no_peer,
            unicast_ttl: draft.unicast_ttl.filter(|_| unicast).map(|(ttl, _)| ttl),
            check_unicast_source: draft.check_unicast_source.unwrap_or(globals.check_unicast_source),
            dont_track_primary: draft.dont_track_primary,
            addresses: without_places(&mut draft.addresses),
            excluded_addresses: without_places(&mut draft.excluded_addresses),
            routes: std::mem::take(&mut draft.routes),
            rules: std::mem::take(&mut draft.rules),
            promote_secondaries: draft.promote_secondaries,
            virtual_links,
            track_interfaces,
            track_scripts: std::mem::take(&mut draft.track_scripts),
            track_files: std::mem::take(&mut draft.track_files),
            track_processes: std::mem::take(&mut draft.track_processes),
            track_bfd: std::mem::take(&mut draft.track_bfd),
            notify: std::mem::take(&mut draft.notify),
            notify_priority_changes: draft.notify_priority_changes.unwrap_or(globals.notify_priority_changes),
            smtp_alert: draft.smtp_alert.or(globals.smtp_alert_vrrp()).unwrap_or(false),
        })
    }

    /// `state` means less than it seems to, and is refused where it contradicts the rest.
    fn settle_state(&mut self, auth: &Auth) {
        let Some((InitialState::Master, span)) = self.draft.state else { return };
        let name = &self.draft.name;
        if self.draft.priority.is_none() {
            let message =
                format!("{name}: `state MASTER` without `priority` means priority 255, the address owner");
            self.report.lint("owner-by-state", span, message);
        } else if self.priority < 255 && (self.strict || matches!(auth, Auth::Ah(_))) {
            let why = if self.strict {
                "in strict mode only the address owner (priority 255) may start as MASTER"
            } else {
                "`auth_type AH` does not allow it"
            };
            let message = format!("{name}: `state MASTER` is taken as BACKUP: {why}");
            self.report.warning("state-refused", span, message);
            self.state = InitialState::Backup;
        } else if self.priority < 255 {
            let message =
                "`state MASTER` has no effect: every router starts in BACKUP and its priority decides";
            self.report.once(Diagnostic::note("state-without-effect", message).at(span).help(
                "all it does is to refuse `nopreempt` and `preempt_delay`; write `state BACKUP` on every \
                         router",
            ));
        }
    }

    /// The uses of `nopreempt` and `preempt_delay` that keepalived refuses.
    fn preempt(&mut self) -> Preempt {
        let name = &self.draft.name;
        let wants_master = self.state == InitialState::Master;
        if let Some(span) = self.draft.no_preempt {
            if wants_master && self.priority < 255 {
                let message = format!("{name}: `nopreempt` is ignored because of `state MASTER`");
                self.report.push(
                    Diagnostic::warning("nopreempt", message)
                        .at(span)
                        .help("`nopreempt` needs `state BACKUP` on every router"),
                );
                self.draft.no_preempt = None;
            } else if self.priority == 255 {
                let message = format!(
                    "{name}: `nopreempt` is ignored: the address owner (priority 255) always preempts"
                );
                self.report.warning("nopreempt", span, message);
                self.draft.no_preempt = None;
            }
        }
        let delay = self.draft.preempt_delay.filter(|(delay, _)| !delay.is_zero());
        let never = self.draft.no_preempt.is_some();
        let Some((delay, span)) = delay else {
            return if never { Preempt::Never } else { Preempt::AtOnce };
        };
        let refusal = if self.strict {
            "strict mode"
        } else if never {
            "`nopreempt`"
        } else if wants_master {
            "`state MASTER`"
        } else {
            return Preempt::After(delay);
        };
        self.report.warning(
            "preempt-delay",
            span,
            format!("{name}: `preempt_delay` is ignored because of {refusal}"),
        );
        if never { Preempt::Never } else { Preempt::AtOnce }
    }

    /// `timer_expired_backup` needs `nopreempt`: else the router preempts the one that took over.
    fn backup_after_stall(&mut self, preempt: Preempt) -> Option<u8> {
        let (rival, span) = self.draft.backup_after_stall?;
        if preempt == Preempt::Never {
            return Some(rival);
        }
        let message = format!("{}: `timer_expired_backup` is ignored without `nopreempt`", self.draft.name);
        self.report.warning("nopreempt", span, message);
        None
    }

    fn auth(&mut self) -> Auth {
        if let Some(hmac) = self.draft.auth_hmac.take() {
            let name = &self.draft.name;
            if let Some(span) = self.draft.auth.span {
                let message = format!("{name}: `authentication` is ignored because of `auth_hmac`");
                self.report.warning("auth-ignored", span, message);
            }
            let interval =
                self.draft.advert_interval.map_or(Duration::from_secs(1), |(interval, _)| interval);
            return hmac.finish(name, self.strict, interval, self.report);
        }
        let auth = &self.draft.auth;
        let (Some(span), name) = (auth.span, &self.draft.name) else { return Auth::None };
        if auth.kind.is_none() && auth.password.is_none() {
            return Auth::None;
        }
        if self.version == 3 || self.strict {
            let why = if self.strict {
                "strict mode has no authentication"
            } else {
                "VRRPv3 has no authentication"
            };
            self.report.warning("auth-ignored", span, format!("{name}: `authentication` is ignored: {why}"));
            return Auth::None;
        }
        match (auth.kind, auth.password) {
            (Some(AuthKind::Pass), Some(password)) => Auth::Password(password),
            (Some(AuthKind::Ah), Some(password)) => Auth::Ah(password),
            (Some(_), None) => {
                let message = format!("{name}: `auth_type` without `auth_pass`; authentication is ignored");
                self.report.warning("auth-ignored", span, message);
                Auth::None
            }
            (None, _) => {
                let message = format!("{name}: `auth_pass` without `auth_type`; authentication is ignored");
                self.report.lint("auth-ignored", span, message);
                Auth::None
            }
        }
    }

    /// Strict mode closes the addresses of a non-owner unless told otherwise; an owner's are open.
    fn accept(&mut self) -> bool {
        if self.priority == 255 {
            return true;
        }
        let accept = self.draft.accept.unwrap_or(!self.strict);
        if self.strict && !accept && self.draft.accept.is_none() && !self.draft.addresses.is_empty() {
            let message = format!(
                "{}: strict mode without `accept`: packets to the virtual addresses are dropped, ping too",
                self.draft.name
            );
            self.report.push(
                Diagnostic::new(Severity::Warning, Class::None, "strict-without-accept", message)
                    .at(self.at)
                    .help("add `accept` if a service listens there, or `no_accept` if that is meant"),
            );
        }
        accept
    }

    fn garp(&self) -> Garp {
        let (own, globals) = (&self.draft.garp, self.globals);
        let few = globals.min_garp;
        let default_delay = globals.garp_delay.unwrap_or(Duration::from_secs(if few { 0 } else { 5 }));
        let default_repeat = globals.garp_repeat.unwrap_or(if few { 1 } else { 5 });
        let lower_delay = own.lower_delay.or(globals.garp_lower_delay).unwrap_or(default_delay);
        let lower_repeat = own.lower_repeat.or(globals.garp_lower_repeat).unwrap_or(default_repeat);
        Garp {
            delay: own.delay.unwrap_or(default_delay),
            repeat: own.repeat.unwrap_or(default_repeat),
            refresh: own.refresh.or(globals.garp_refresh).unwrap_or_default(),
            refresh_repeat: own.refresh_repeat.or(globals.garp_refresh_repeat).unwrap_or(1),
            lower_priority_delay: if self.strict { Duration::ZERO } else { lower_delay },
            lower_priority_repeat: if self.strict { 0 } else { lower_repeat },
            elsewhere: own
                .elsewhere
                .or(globals.garp_elsewhere)
                .filter(|elsewhere| !elsewhere.interval.is_zero()),
        }
    }

    /// Without the instance's own interface, which is watched anyway.
    fn track_interfaces(&mut self, own: Option<&str>) -> Vec<TrackInterface> {
        let mut tracked = std::mem::take(&mut self.draft.track_interfaces);
        tracked.retain(|(interface, at)| {
            let other = Some(&*interface.interface) != own;
            if !other {
                let why = if self.draft.dont_track_primary {
                    "`dont_track_primary` takes it out"
                } else {
                    "it is watched anyway"
                };
                let message = format!(
                    "{}: {} is the instance's own interface: {why}, and this line is ignored",
                    self.draft.name, interface.interface
                );
                self.report.warning("own-interface", *at, message);
            }
            other
        });
        tracked.into_iter().map(|(interface, _)| interface).collect()
    }

    /// The priority of the address owner is fixed, so nothing with a weight can act on it.
    fn ignore_weights(&mut self, interfaces: &mut Vec<TrackInterface>) {
        let draft = &mut *self.draft;
        let all = |draft: &Draft| draft.track_scripts.len() + draft.track_files.len() + draft.track_bfd.len();
        let before = interfaces.len() + all(draft);
        interfaces.retain(|tracked| tracked.weight == 0);
        draft.track_scripts.retain(|tracked| tracked.weight == 0);
        draft.track_bfd.retain(|tracked| tracked.weight == 0);
        for tracked in &mut draft.track_files {
            // The weight of a file that has none; any other meaning would be a failure here.
            if tracked.weight == 1 {
                tracked.weight = 0;
            }
        }
        draft.track_files.retain(|tracked| tracked.weight == 0);
        let ignored = before - interfaces.len() - all(draft);
        if ignored > 0 {
            let trackers = if ignored == 1 { "tracker" } else { "trackers" };
            let message = format!(
                "{}: {ignored} {trackers} with a weight ignored due to address owner (priority 255)",
                self.draft.name
            );
            self.report.push(
                Diagnostic::warning("owner-weight", message)
                    .at(self.at)
                    .help("give the instance a priority below 255, or the trackers no weight"),
            );
        }
    }

    fn unicast_rules(&mut self, unicast: bool) {
        if unicast {
            if let Some((_, span)) = self.draft.multicast_group {
                let message =
                    format!("{}: `mcast_dst_ip` is ignored: adverts go to unicast peers", self.draft.name);
                self.report.warning("multicast-unicast", span, message);
            }
            let own = self
                .draft
                .source
                .filter(|own| self.draft.unicast_peers.iter().any(|peer| peer.address == *own));
            if let Some(own) = own {
                let message = format!(
                    "{}: the unicast peer {own} is this router itself (`unicast_src_ip`)",
                    self.draft.name
                );
                let finding = Diagnostic::new(Severity::Warning, Class::None, "own-peer", message);
                self.report.push(finding.at(self.at).help(
                    "list the other routers only; in a file that is the same on all machines, put the line behind \
                     `@^NAME`, the name of the machine that has the address",
                ));
            }
            return;
        }
        if let Some(span) = self.draft.unicast_keyword.filter(|_| !self.draft.unicast_fault_no_peer) {
            let message = format!(
                "{}: unicast is configured without peers, so adverts go to the multicast group",
                self.draft.name
            );
            self.report.push(
                Diagnostic::warning("no-unicast-peer", message)
                    .at(span)
                    .help("with `unicast_fault_no_peer` the instance would stay in FAULT instead"),
            );
        }
        if let Some((_, span)) = self.draft.unicast_ttl {
            self.report.warning(
                "no-unicast-peer",
                span,
                format!("{}: `unicast_ttl` needs unicast peers; it is ignored", self.draft.name),
            );
        }
    }

    fn identity(&mut self, unicast: bool) -> Result<(u8, Option<String>), InstanceProblem> {
        let name = &self.draft.name;
        let vrid = self.draft.vrid;
        if vrid.is_none() && !self.draft.refused.vrid {
            let message = format!("{name}: `virtual_router_id` is missing; the instance cannot work");
            self.report.error("no-virtual-router-id", self.at, message);
        }
        let interface = self.draft.interface.take();
        let needless = unicast && self.draft.source.is_some();
        if interface.is_none() && !needless && !self.draft.refused.interface {
            let message = format!("{name}: `interface` is missing; the instance cannot work");
            self.report.error("no-interface", self.at, message);
        }
        match (vrid, interface) {
            (None, _) => Err(InstanceProblem::NoVirtualRouterId),
            (Some(_), None) if !needless => Err(InstanceProblem::NoInterface),
            (Some(vrid), interface) => Ok((vrid, interface)),
        }
    }
}

/// keepalived is silent about it, except in strict mode.
fn ipv6_version_2(span: Span, strict: bool, report: &mut Report<'_>) {
    let class = if strict { Class::General } else { Class::None };
    let message = "VRRP over IPv6 is always version 3, but keepalived 2.2 sends version 2 with this line";
    report.push(
        Diagnostic::new(Severity::Warning, class, "ipv6-version", message).at(span).help(
            "remove the line on every router of this VRID; a keepalived peer has to change first, or both sides discard \
             each other's adverts and both become MASTER",
        ),
    );
}

fn multicast_group(draft: &Draft, globals: &Globals, ipv6: bool) -> IpAddr {
    match draft.multicast_group {
        Some((group, _)) => group,
        None if ipv6 => globals.public.multicast_v6.into(),
        None => globals.public.multicast_v4.into(),
    }
}

fn without_places(addresses: &mut Vec<(VirtualAddress, Span)>) -> Vec<VirtualAddress> {
    std::mem::take(addresses).into_iter().map(|(address, _)| address).collect()
}
