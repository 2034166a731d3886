//! The state as text, in keepalived's formats, so that exporters and scripts go on working.
//!
//! Secrets are never shown.

mod json;
mod routing;
mod trackers;

use std::fmt::{self, Display, Write};
use std::time::Duration;

use keepalived_conf::model::virtual_link::VirtualLinkKind;
use keepalived_conf::model::{
    Auth, Command, Preempt, TrackInterface, TrackScript, VirtualAddress, VrrpInstance,
};
use serde_json::Value;
use vrrp_election::{
    Counters, Fact, GroupId, Node, RouterId, ScriptId, Standing, TrackTarget, VirtualRouter,
};
use vrrp_proto::{Counter, Version};

use super::judge::Record;
use super::narrate::fault_text;
use super::plan::{Plan, Reach};
use super::trackers::Trackers;
use crate::ipc::DumpKind;

/// The whole text of a state file.
pub(super) fn text(
    kind: DumpKind,
    plan: &Plan,
    node: &Node,
    trackers: &Trackers,
    records: &[Record],
) -> String {
    let instances = plan.instances();
    let groups = plan.groups_of_members();
    let views = instances.iter().enumerate().filter_map(|(index, instance)| {
        let id = RouterId(u32::try_from(index).ok()?);
        let router = node.router(id)?;
        Some(View {
            id,
            instance,
            group: groups.get(index).copied().flatten().map(|group| group.name.as_str()),
            plan,
            node,
            counters: router.counters(),
            record: records.get(index)?,
            standing: node.standing(id)?,
        })
    });
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = match kind {
        DumpKind::Data => data(&mut text, plan, node, views)
            .and_then(|()| trackers::of_all(&mut text, plan, trackers, &instances)),
        DumpKind::Stats | DumpKind::StatsClear => stats(&mut text, views),
        DumpKind::Json => write!(text, "{}", Value::Array(views.map(|view| view.json()).collect())),
    };
    text
}

/// One instance, from all sides.
struct View<'a> {
    id: RouterId,
    instance: &'a VrrpInstance,
    /// The name of its sync group.
    group: Option<&'a str>,
    plan: &'a Plan,
    node: &'a Node,
    counters: Counters,
    record: &'a Record,
    standing: Standing,
}

fn data<'a>(
    out: &mut String,
    plan: &Plan,
    node: &Node,
    views: impl Iterator<Item = View<'a>>,
) -> fmt::Result {
    let global = &plan.config.global;
    writeln!(out, "------< Global definitions >------")?;
    writeln!(out, " Router ID = {}", global.router_id.as_deref().unwrap_or("(host name)"))?;
    writeln!(out, " Dynamic interfaces = {}", global.dynamic_interfaces)?;
    writeln!(out, " VRRP IPv4 mcast group = {}", global.multicast_v4)?;
    writeln!(out, " VRRP IPv6 mcast group = {}", global.multicast_v6)?;
    writeln!(out, " Gratuitous ARP interval = {:.6}", global.garp_interval.as_secs_f64())?;
    writeln!(out, " Gratuitous NA interval = {:.6}", global.gna_interval.as_secs_f64())?;
    let security = if global.script_security { "enabled" } else { "disabled" };
    writeln!(out, " Script security {security}")?;
    let statics = &plan.config.statics;
    let addresses: Vec<_> =
        statics.addresses.iter().map(|line| address_line(&line.object, None, true)).collect();
    routing::statics(out, statics, &addresses)?;
    writeln!(out, "------< VRRP Topology >------")?;
    for view in views {
        view.topology(out)?;
    }
    sync_groups(out, plan, node)?;
    writeln!(out, "------< VRRP Scripts >------")?;
    for (index, script) in plan.config.scripts.iter().enumerate() {
        let status = match node.script_up(ScriptId(u32::try_from(index).unwrap_or(u32::MAX))) {
            Some(true) => "GOOD",
            Some(false) => "BAD",
            None => "INIT",
        };
        writeln!(out, " VRRP Script = {}", script.name)?;
        writeln!(out, "   Command = {}", quoted(&script.command))?;
        writeln!(out, "   Interval = {} sec", Seconds(script.interval))?;
        writeln!(out, "   Timeout = {} sec", Seconds(script.timeout))?;
        writeln!(out, "   Weight = {}", script.weight)?;
        writeln!(out, "   Rise = {}", script.rise)?;
        writeln!(out, "   Fall = {}", script.fall)?;
        writeln!(out, "   Status = {status}")?;
    }
    Ok(())
}

fn sync_groups(out: &mut String, plan: &Plan, node: &Node) -> fmt::Result {
    if plan.config.sync_groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "------< VRRP Sync groups >------")?;
    for (id, group) in (0..).map(GroupId).zip(&plan.config.sync_groups) {
        let state = node.group_standing(id).map_or("INIT", state_word);
        writeln!(out, " VRRP Sync Group = {}, {state}", group.name)?;
        writeln!(out, "   VRRP member instances :")?;
        for member in &group.members {
            writeln!(out, "     {}", plan.name(RouterId(u32::try_from(*member).unwrap_or(u32::MAX))))?;
        }
        if group.tracking_weight {
            writeln!(out, "   sync group tracking weight set")?;
        }
        let mail = if group.smtp_alert { "yes" } else { "no" };
        writeln!(out, "   Using smtp notification = {mail}")?;
        track_lines(out, plan, &group.track_interfaces, &group.track_scripts)?;
        trackers::of_group(out, &plan.config, group)?;
    }
    Ok(())
}

fn track_lines(
    out: &mut String,
    plan: &Plan,
    interfaces: &[TrackInterface],
    scripts: &[TrackScript],
) -> fmt::Result {
    if !interfaces.is_empty() {
        writeln!(out, "   Tracked interfaces :")?;
        for track in interfaces {
            writeln!(out, "     {} weight {}", track.interface, track.weight)?;
        }
    }
    if !scripts.is_empty() {
        writeln!(out, "   Tracked scripts :")?;
        for track in scripts {
            let id = ScriptId(u32::try_from(track.script).unwrap_or(u32::MAX));
            writeln!(out, "     {} weight {}", plan.script_name(id), track.weight)?;
        }
    }
    Ok(())
}

fn stats<'a>(out: &mut String, views: impl Iterator<Item = View<'a>>) -> fmt::Result {
    for view in views {
        let (counters, bad) = (&view.counters, |name| view.rejected(name));
        writeln!(out, "VRRP Instance: {}", view.instance.name)?;
        writeln!(out, "  Advertisements:")?;
        writeln!(out, "    Received: {}", counters.adverts_received)?;
        writeln!(out, "    Sent: {}", counters.adverts_sent)?;
        writeln!(out, "  Became master: {}", counters.became_active)?;
        writeln!(out, "  Released master: {}", counters.released_active)?;
        writeln!(out, "  Packet Errors:")?;
        writeln!(out, "    Length: {}", bad("packet_len_err"))?;
        writeln!(out, "    TTL: {}", bad("ip_ttl_err"))?;
        writeln!(out, "    Invalid Type: {}", bad("invalid_type_rcvd"))?;
        writeln!(out, "    Advertisement Interval: {}", bad("advert_interval_err"))?;
        writeln!(out, "    Address List: {}", bad("addr_list_err"))?;
        writeln!(out, "    Version: {}", view.record.rejected.of(Counter::Version))?;
        writeln!(out, "    Checksum: {}", view.record.rejected.of(Counter::Checksum))?;
        writeln!(out, "  Authentication Errors:")?;
        writeln!(out, "    Invalid Type: {}", bad("invalid_authtype"))?;
        writeln!(out, "    Type Mismatch: {}", bad("authtype_mismatch"))?;
        writeln!(out, "    Failure: {}", bad("auth_failure"))?;
        if let Auth::Hmac(_) = view.instance.auth {
            writeln!(out, "    Extension Missing: {}", bad("auth_ext_missing"))?;
            writeln!(out, "    Extension Malformed: {}", bad("auth_ext_malformed"))?;
            writeln!(out, "    Extension Unknown Key: {}", bad("auth_ext_unknown_key"))?;
            writeln!(out, "    Extension Invalid HMAC: {}", bad("auth_ext_invalid_hmac"))?;
            writeln!(out, "    Extension Stale: {}", bad("auth_ext_stale"))?;
            writeln!(out, "    Extension Replay: {}", bad("auth_ext_replay"))?;
        }
        writeln!(out, "  Priority Zero:")?;
        writeln!(out, "    Received: {}", counters.priority_zero_received)?;
        writeln!(out, "    Sent: {}", counters.priority_zero_sent)?;
    }
    Ok(())
}

impl View<'_> {
    /// Rejected packets that keepalived counts under this name.
    fn rejected(&self, name: &str) -> u64 {
        let same = |counter: &&Counter| counter.keepalived() == Some(name);
        Counter::ALL.iter().filter(same).map(|counter| self.record.rejected.of(*counter)).sum()
    }

    fn topology(&self, out: &mut String) -> fmt::Result {
        let instance = self.instance;
        writeln!(out, " VRRP Instance = {}", instance.name)?;
        writeln!(out, "   VRRP Version = {}", instance.version)?;
        if let Some(group) = self.group {
            writeln!(out, "   Sync group = {group}")?;
        }
        writeln!(out, "   State = {}", state_word(self.standing))?;
        self.master(out)?;
        if let Some(fault) = self.node.fault(self.id) {
            writeln!(out, "   Fault = {}", fault_text(self.plan, fault))?;
        }
        writeln!(out, "   Last transition = {}", Seconds(self.record.last_transition))?;
        if let Some(router) = self.router() {
            writeln!(out, "   Master down timer = {} usecs", router.active_down_interval().as_micros())?;
        }
        self.interface(out)?;
        match self.node.source(self.id) {
            Some(source) => writeln!(out, "   Using src_ip = {source}")?,
            None => writeln!(out, "   Using src_ip = (none)")?,
        }
        match self.plan.routers.get(self.id.0 as usize).map(|router| &router.reach) {
            Some(Reach::Multicast { group }) => writeln!(out, "   Multicast address {group}")?,
            Some(Reach::Unicast { peers, .. }) => {
                writeln!(out, "   Unicast Peer :")?;
                peers.iter().try_for_each(|peer| writeln!(out, "     {}", peer.address))?;
            }
            None => {}
        }
        writeln!(out, "   Gratuitous ARP delay = {}", instance.garp.delay.as_secs())?;
        writeln!(out, "   Gratuitous ARP repeat = {}", instance.garp.repeat)?;
        writeln!(out, "   Gratuitous ARP refresh = {}", instance.garp.refresh.as_secs())?;
        writeln!(out, "   Gratuitous ARP refresh repeat = {}", instance.garp.refresh_repeat)?;
        writeln!(out, "   Down timer adverts = {}", instance.down_adverts)?;
        writeln!(out, "   Virtual Router ID = {}", instance.vrid)?;
        writeln!(out, "   Priority = {}", instance.priority)?;
        writeln!(out, "   Effective priority = {}", self.effective_priority())?;
        writeln!(out, "   Advert interval = {} sec", Seconds(instance.advert_interval))?;
        writeln!(out, "   Accept = {}", if instance.accept { "enabled" } else { "disabled" })?;
        if let Auth::Hmac(hmac) = &instance.auth {
            let keys: Vec<_> = hmac.keys.iter().map(|key| key.id.to_string()).collect();
            let mode = hmac.mode.as_str();
            write!(
                out,
                "   HMAC authentication = mode {mode}, keys {}, active {}",
                keys.join(" "),
                hmac.active
            )?;
            match hmac.window {
                Some(window) => writeln!(out, ", time window {} secs", Seconds(window))?,
                None => writeln!(out, ", anti-replay monotonic")?,
            }
        }
        match instance.preempt {
            Preempt::Never => writeln!(out, "   Preempt = disabled")?,
            Preempt::AtOnce => writeln!(out, "   Preempt = enabled")?,
            Preempt::After(delay) => {
                writeln!(out, "   Preempt = enabled\n   Preempt delay = {} secs", Seconds(delay))?;
            }
        }
        self.lists(out)
    }

    /// The master that a Backup obeys.
    fn master(&self, out: &mut String) -> fmt::Result {
        let Some(master) = self.router().and_then(VirtualRouter::obeys) else { return Ok(()) };
        writeln!(out, "   Master router = {}", master.source)?;
        writeln!(out, "   Master priority = {}", master.priority)?;
        if master.interval.version() == Version::V3 {
            let interval = master.interval.duration().as_secs_f64();
            writeln!(out, "   Master advert int = {interval:.2} sec")?;
        }
        Ok(())
    }

    fn router(&self) -> Option<&VirtualRouter> {
        self.node.router(self.id)
    }

    fn interface(&self, out: &mut String) -> fmt::Result {
        let interface = self.instance.interface.as_deref().unwrap_or("(none)");
        let Some(links) = self.instance.virtual_links.as_deref() else {
            return writeln!(out, "   Interface = {interface}");
        };
        let Some(own) = &links.own else { return writeln!(out, "   Interface = {interface}") };
        let (what, kind) = match own.kind {
            VirtualLinkKind::Macvlan { .. } => ("VMAC", "vmac"),
            VirtualLinkKind::Ipvlan { .. } => ("IPVLAN", "ipvlan"),
        };
        let link = self.plan.links.known(own.name.as_str());
        let (name, base) = (&own.name, links.transmit_on_base);
        let is_up = link.is_some_and(|link| self.node.fact(TrackTarget::Link(link)) == Fact::Up);
        writeln!(out, "   Use {what}, i/f name {name}, is_up = {is_up}, xmit_base = {base}")?;
        let from_base = if base { ", xmit base i/f" } else { "" };
        writeln!(out, "   Interface = {name}, {kind} on {}{from_base}", own.base)
    }

    /// The interface that keepalived calls the instance's.
    fn own_link(&self) -> Option<&str> {
        Some(&self.instance.virtual_links.as_deref()?.own.as_ref()?.name)
    }

    fn lists(&self, out: &mut String) -> fmt::Result {
        let instance = self.instance;
        writeln!(out, "   Virtual IP ({}):", instance.addresses.len())?;
        self.address_lines(&instance.addresses).iter().try_for_each(|line| writeln!(out, "     {line}"))?;
        if !instance.excluded_addresses.is_empty() {
            writeln!(out, "   Virtual IP Excluded :")?;
            let lines = self.address_lines(&instance.excluded_addresses);
            lines.iter().try_for_each(|line| writeln!(out, "     {line}"))?;
        }
        routing::of_instance(out, instance)?;
        track_lines(out, self.plan, &instance.track_interfaces, &instance.track_scripts)?;
        trackers::of_instance(out, self.plan, instance)
    }

    fn effective_priority(&self) -> u8 {
        self.node.router(self.id).map_or(0, |router| router.priority().get())
    }

    fn address_lines(&self, addresses: &[VirtualAddress]) -> Vec<String> {
        let set = self.standing == Standing::Active;
        addresses.iter().map(|address| address_line(address, Some(self.instance), set)).collect()
    }
}

fn address_line(address: &VirtualAddress, instance: Option<&VrrpInstance>, set: bool) -> String {
    let whole = if address.network.is_ipv4() { 32 } else { 128 };
    let mut line = if address.network.prefix() == whole {
        address.network.ip().to_string()
    } else {
        address.network.to_string()
    };
    let own = instance.and_then(|instance| instance.interface.as_deref());
    let device = address.interface.as_deref().or(own).unwrap_or("(none)");
    let base = instance.and_then(|instance| instance.virtual_links.as_deref()).and_then(|links| {
        let mut all = links.own.iter().chain(&links.of_addresses);
        all.find(|link| link.name == device)
    });
    let base = base.map_or_else(String::new, |link| format!("@{}", link.base));
    let _ = write!(line, " dev {device}{base} scope {}", scope_word(address.scope));
    if let Some(label) = &address.label {
        let _ = write!(line, " label {label}");
    }
    if set {
        line += " set";
    }
    line
}

fn scope_word(scope: u8) -> String {
    match scope {
        0 => "global".to_owned(),
        200 => "site".to_owned(),
        253 => "link".to_owned(),
        254 => "host".to_owned(),
        255 => "nowhere".to_owned(),
        other => other.to_string(),
    }
}

/// Each word of a command in single quotes, as keepalived shows it.
fn quoted(command: &Command) -> String {
    match &command.run {
        keepalived_conf::model::Run::Exec(words) => {
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ")
        }
        _ => format!("'{}'", command.text),
    }
}

const fn state_word(standing: Standing) -> &'static str {
    match standing {
        Standing::Waiting => "INIT",
        Standing::Fault => "FAULT",
        Standing::Backup => "BACKUP",
        Standing::Active => "MASTER",
        Standing::Stopped => "STOP",
    }
}

/// A duration as seconds, with a fraction only where there is one.
struct Seconds(Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.subsec_micros() {
            0 => write!(f, "{}", self.0.as_secs()),
            micros => write!(f, "{}.{micros:06}", self.0.as_secs()),
        }
    }
}

#[cfg(test)]
mod tests;
