//! Faults and their effects.

use vrrp_election::{Intent, LinkId, RunEnd};

use super::{Happening, LANS, Simulation};
use crate::Fault;
use crate::checks::Problem;
use crate::timeline::What;

impl Simulation {
    pub(super) fn strike(&mut self, fault: Fault) -> Result<(), Problem> {
        self.timeline.note(self.now, What::Fault(fault));
        let now = self.now;
        match fault {
            Fault::PowerOff(host) => self.with(host, |machine| {
                machine.power_off();
                Vec::new()
            }),
            Fault::Kill(host) => self.with(host, |machine| {
                machine.kill();
                Vec::new()
            }),
            Fault::Start(host) => {
                if self.node(host).is_none() {
                    self.checks.forget(host);
                }
                self.with(host, |machine| if machine.start(now) { machine.attend(now) } else { Vec::new() })
            }
            Fault::Stop(host) => self.halt(host),
            Fault::Depart(host, within) => {
                self.with(host, |machine| machine.depart(now, within))?;
                self.end_departure(host)
            }
            Fault::Intend(host, router, kind, time) => self.with(host, |machine| {
                let until = time.map(|time| now + time);
                machine.intend(now, router, &Intent { until, ..Intent::new(kind, now) })
            }),
            Fault::EndIntent(host, router) => self.with(host, |machine| machine.end_intent(now, router)),
            Fault::Reload(host) => self
                .with(host, |machine| if machine.is_attentive() { machine.reload(now) } else { Vec::new() }),
            Fault::Reconfigure(host, number) => self.with(host, |machine| {
                // One that stalls would take it later; one that does not run has nobody to tell.
                if machine.is_attentive() && machine.node().is_some() {
                    machine.reconfigure(now, number)
                } else {
                    Vec::new()
                }
            }),
            Fault::ClockSet(host, by) => self.with(host, |machine| {
                machine.set_clock(by);
                Vec::new()
            }),
            Fault::PacketsLost(host) => self.with(host, |machine| {
                machine.lose_packets(now);
                Vec::new()
            }),
            Fault::Stall(host, time) | Fault::Suspend(host, time) => {
                self.plan(now + time, Happening::Wake(host));
                self.with(host, |machine| {
                    machine.stall_until(now + time, matches!(fault, Fault::Suspend(..)));
                    Vec::new()
                })
            }
            Fault::LinkDown(host) => self.with(host, |machine| {
                machine.set_link(None, false);
                Vec::new()
            }),
            Fault::LinkUp(host) => self.with(host, |machine| {
                machine.set_link(None, true);
                Vec::new()
            }),
            Fault::OneLinkUp(host, link) => self.with(host, |machine| {
                machine.set_link(Some(link), true);
                Vec::new()
            }),
            Fault::OneLinkDown(host, link) => self.with(host, |machine| {
                machine.set_link(Some(link), false);
                Vec::new()
            }),
            Fault::AddressesRemoved(host) => self.with(host, |machine| {
                machine.remove_addresses();
                Vec::new()
            }),
            Fault::Script(host, script, success) => self.with(host, |machine| {
                machine.set_outcome(script, RunEnd::Exited(u8::from(!success)));
                Vec::new()
            }),
            Fault::ScriptEnds(host, script, end) => self.with(host, |machine| {
                machine.set_outcome(script, end);
                Vec::new()
            }),
            Fault::Fact(host, id, fact) => self.with(host, |machine| {
                machine.set_fact(id, fact);
                Vec::new()
            }),
            Fault::Block(..)
            | Fault::BlockOn(..)
            | Fault::Unblock(..)
            | Fault::Isolate(_)
            | Fault::Heal
            | Fault::Network(_) => {
                self.rewire(fault);
                Ok(())
            }
        }
    }

    fn rewire(&mut self, fault: Fault) {
        match fault {
            Fault::Block(from, to) => LANS.for_each(|lan| self.partitions.block(LinkId(lan), from, to)),
            Fault::Unblock(from, to) => LANS.for_each(|lan| self.partitions.unblock(LinkId(lan), from, to)),
            Fault::BlockOn(lan, from, to) => self.partitions.block(lan, from, to),
            Fault::Isolate(host) => {
                for other in self.hosts() {
                    for lan in LANS.map(LinkId) {
                        self.partitions.block(lan, host, other);
                        self.partitions.block(lan, other, host);
                    }
                }
            }
            Fault::Heal => self.partitions.heal(),
            Fault::Network(network) => self.network = network,
            _ => {}
        }
    }
}
