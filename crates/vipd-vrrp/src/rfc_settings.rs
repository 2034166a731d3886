//! `rfc9568` and `rfc3768`: kernel settings of the virtual MAC interface of a router that follows an RFC.
//!
//! A Backup forwards nothing that is addressed to the virtual MAC address (RFC 9568 §6.4.2), and nobody is redirected away
//! from a virtual router (§8.1.1). The interface is ours and goes with the router, so that nothing has to be put back.

use std::io::{self, ErrorKind};

use vrrp_election::{RouterId, Standing};
use vrrp_linux::sysctl::{self, Family};

use super::plan::{Plan, RouterPlan};
use super::{Worker, router_id};
use crate::ipc::LogLevel;

/// The virtual MAC interface of a router that follows an RFC over IPv4, and the interface below it. The kernel has no such
/// settings for a single interface in IPv6.
fn interfaces<'a>(plan: &'a Plan, router: &RouterPlan) -> Option<(&'a str, &'a str)> {
    let vmac = router.vmac.as_deref().filter(|_| router.rfc.is_some() && router.is_ipv4())?;
    Some((plan.links.name(vmac.link)?, plan.links.name(router.link?)?))
}

/// Lets the interface forward as the one below it does, or not at all.
fn set(own: &str, base: &str, serves: bool) -> io::Result<()> {
    let forwards = if serves { sysctl::read(Family::V4, base, "forwarding")? } else { 0 };
    sysctl::set(Family::V4, own, "forwarding", forwards)?;
    sysctl::set(Family::V4, own, "send_redirects", 0)?;
    Ok(())
}

impl Worker {
    /// Settings of all such interfaces, which may have been made just now.
    pub(super) fn settle_rfc_settings(&mut self) {
        let ids: Vec<_> = (0..self.plan.routers.len()).map(router_id).collect();
        self.follow_standing(&ids);
    }

    /// These routers may have become Active, or may have ceased to be.
    pub(super) fn follow_standing(&mut self, routers: &[RouterId]) {
        for id in routers {
            let plan = self.plan.routers.get(id.0 as usize);
            let Some((own, base)) = plan.and_then(|router| interfaces(&self.plan, router)) else { continue };
            match set(own, base, self.node.standing(*id) == Some(Standing::Active)) {
                // It is not there yet, or somebody removed it: the settings come with it.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let name = self.plan.name(*id);
                    let text = format!(
                        "({name}) cannot set forwarding and send_redirects of {own}, so that a BACKUP may forward \
                         packets to the virtual MAC address: {error}"
                    );
                    self.parent.log(LogLevel::Warning, text);
                }
                Ok(()) => {}
            }
        }
    }
}
