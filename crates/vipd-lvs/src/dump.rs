//! The state of the load balancer as text, for SIGUSR1.

use std::fmt::{self, Write};

use ipvs_netlink::Client;
use lvs_health::director::{Director, ServerId};

use super::plan::Plan;
use super::{Worker, names};
use crate::ipc::FromLvs;

impl Worker {
    pub(super) fn dump(&mut self) {
        let text = text(&self.plan, &self.director, self.tables.client());
        self.parent.tell(FromLvs::Dump(text));
    }
}

/// The whole text of the state file: the wanted tables, the results of the checks, and the kernel's counters.
fn text(plan: &Plan, director: &Director, client: Option<&mut Client>) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = write_services(&mut text, plan, director);
    if let Some(client) = client {
        let _ = write_kernel(&mut text, client);
    }
    text
}

fn write_services(out: &mut String, plan: &Plan, director: &Director) -> fmt::Result {
    writeln!(out, "------< LVS Topology >------")?;
    for service in director.services() {
        let (Some(server), Some(status)) = (plan.virtual_server(service), director.service_status(service))
        else {
            continue;
        };
        writeln!(out, " VIP = {}", server.name)?;
        writeln!(out, "   lvs_sched = {}", server.scheduler)?;
        writeln!(out, "   quorum = {}, hysteresis = {}", server.quorum, server.hysteresis)?;
        writeln!(out, "   state = {}", if status.up { "UP" } else { "DOWN" })?;
        for member in director.members(service) {
            write_server(out, plan, director, member)?;
        }
        for wanted in director.destinations(service) {
            writeln!(out, "   wanted = {:?} weight {}", wanted.who, wanted.weight)?;
        }
    }
    Ok(())
}

fn write_server(out: &mut String, plan: &Plan, director: &Director, id: ServerId) -> fmt::Result {
    let (Some(server), Some(real), Some(status)) =
        (plan.virtual_server(id.service), plan.real_server(id), director.server_status(id))
    else {
        return Ok(());
    };
    writeln!(out, "   RS = {}", names::real_server(server, real))?;
    writeln!(out, "     weight = {} (configured {})", status.weight, real.weight)?;
    writeln!(out, "     state = {}", if status.up { "UP" } else { "DOWN" })?;
    for check in director.checks_of(id) {
        if let Some(status) = director.check_status(check) {
            writeln!(out, "     check = {}", if status.up { "UP" } else { "DOWN" })?;
        }
    }
    Ok(())
}

fn write_kernel(out: &mut String, client: &mut Client) -> fmt::Result {
    writeln!(out, "------< Kernel >------")?;
    match client.snapshot() {
        Err(error) => writeln!(out, " {error}"),
        Ok(snapshot) => {
            for (service, destinations) in &snapshot.services {
                writeln!(out, " {}", service.service)?;
                for destination in destinations {
                    writeln!(
                        out,
                        "   -> {} active {} inactive {}",
                        destination.destination,
                        destination.connections.active,
                        destination.connections.inactive
                    )?;
                }
            }
            Ok(())
        }
    }
}
