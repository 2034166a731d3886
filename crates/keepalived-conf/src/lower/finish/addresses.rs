//! The virtual addresses that an instance needs, and how many of them an advert lists.

use ipnetwork::IpNetwork;

use crate::diagnostic::Diagnostic;
use crate::lower::load::InstanceProblem;
use crate::lower::value;
use crate::model::RfcMode;

use super::Finish;

impl Finish<'_, '_, '_> {
    /// The addresses left over are held, but not advertised: the count of an advert is one byte, and of IPv6 addresses
    /// no more fit into a packet of 1500 bytes.
    pub(super) fn too_many_addresses(&mut self) {
        let ipv6 = self.draft.addresses.first().is_some_and(|(address, _)| address.network.is_ipv6());
        let (most, family) = if ipv6 { (89, "IPv6") } else { (255, "IPv4") };
        if self.draft.addresses.len() <= most {
            return;
        }
        let surplus = self.draft.addresses.split_off(most);
        if let Some((_, span)) = surplus.first() {
            let message = format!(
                "{}: an advert lists at most {most} {family} addresses; from here on they are not advertised",
                self.draft.name
            );
            self.report.error("too-many-addresses", *span, message);
        }
        self.draft.excluded_addresses.splice(0..0, surplus);
    }

    /// keepalived's strict mode, or that of an RFC.
    const fn is_strict(&self) -> bool {
        self.strict || self.rfc.is_some()
    }

    /// The one that asks for addresses, in words.
    const fn rule(&self) -> &'static str {
        match self.rfc {
            Some(RfcMode::Rfc9568) => "RFC 9568",
            Some(RfcMode::Rfc3768) => "RFC 3768",
            None if self.strict => "strict mode",
            None => "VRRPv3",
        }
    }

    pub(super) fn addresses_required(&mut self) -> Result<(), InstanceProblem> {
        let name = &self.draft.name;
        if let Some((first, span)) = self.draft.addresses.first() {
            if let (true, IpNetwork::V6(network)) = (self.is_strict(), first.network)
                && !value::is_link_local(network.ip())
            {
                let message = format!("{name}: {} wants a link-local address (fe80::/10) first", self.rule());
                self.report.error("strict-link-local", *span, message);
                return Err(InstanceProblem::StrictLinkLocal);
            }
            return Ok(());
        }
        if self.draft.no_addresses && !self.is_strict() {
            return Ok(());
        }
        if self.version == 2 && !self.is_strict() {
            let message = format!("{name}: no virtual address: the router protects nothing");
            self.report.push(
                Diagnostic::warning("no-address", message)
                    .at(self.at)
                    .help("write `no_virtual_ipaddress` if that is meant"),
            );
            return Ok(());
        }
        let what = self.rule();
        self.report.error(
            "no-address",
            self.at,
            format!("{name}: {what} needs at least one virtual address"),
        );
        Err(InstanceProblem::NoAddress)
    }
}
