//! The state of all sessions as text, for SIGUSR1.

use std::fmt::{self, Write};

use bfd_session::Discriminator;

use super::running::Running;

/// The whole text of the state file.
pub(super) fn text<'a>(sessions: impl Iterator<Item = &'a Running>) -> String {
    let mut text = "------< BFD Topology >------\n".to_owned();
    for running in sessions {
        // Writing to a string cannot fail.
        let _ = write_session(&mut text, running);
    }
    text
}

fn write_session(out: &mut String, running: &Running) -> fmt::Result {
    let (instance, session) = (&running.instance, &running.session);
    let yes = |yes: bool| if yes { "Yes" } else { "No" };
    writeln!(out, " BFD Instance = {}", instance.name)?;
    writeln!(out, "   Neighbor IP = {}", instance.neighbor)?;
    if let Some(source) = instance.source {
        writeln!(out, "   Source IP = {source}")?;
    }
    writeln!(out, "   Required min RX interval = {} us", instance.min_rx.as_micros())?;
    writeln!(out, "   Desired min TX interval = {} us", instance.min_tx.as_micros())?;
    writeln!(out, "   Desired idle TX interval = {} us", instance.idle_tx.as_micros())?;
    writeln!(out, "   Detection multiplier = {}", instance.multiplier)?;
    let ttl = if instance.neighbor.is_ipv4() { "TTL" } else { "hoplimit" };
    writeln!(out, "   {ttl} = {}", instance.ttl)?;
    writeln!(out, "   least {ttl} = {}", instance.least_ttl)?;
    writeln!(out, "   passive = {}", instance.passive)?;
    writeln!(out, "   multihop = {}", instance.multihop)?;
    writeln!(out, "   send event to VRRP process = {}", yes(instance.for_vrrp))?;
    writeln!(out, "   send event to checker process = {}", yes(instance.for_checkers))?;
    writeln!(out, "   local state = {}", session.state())?;
    writeln!(out, "   remote state = {}", session.remote_state())?;
    writeln!(out, "   local discriminator = {}", session.local_discriminator())?;
    let remote = session.remote_discriminator().map_or(0, Discriminator::get);
    writeln!(out, "   remote discriminator = {remote:#010x}")?;
    writeln!(out, "   local diag = {}", session.diagnostic())?;
    writeln!(out, "   tx interval = {} us", session.transmit_interval().as_micros())?;
    writeln!(out, "   detection time = {} us", session.detection_time().as_micros())?;
    writeln!(out, "   counts as up = {}", yes(session.is_up()))
}
