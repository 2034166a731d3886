//! A session with its socket.

use std::io;

use bfd_session::{Instant, Memory, Session, SourcePorts};
use keepalived_conf::model::bfd::BfdInstance;
use serde::{Deserialize, Serialize};
use vrrp_linux::udp::UdpSender;

use super::plan;
use crate::ipc::{self, SessionKey};

/// A session that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) instance: BfdInstance,
    pub(super) session: Session,
    /// The socket that the session sends with; `None` while there is none to be had.
    sender: Option<UdpSender>,
    /// Its source port, which stays the same (RFC 5881 §4).
    port: Option<u16>,
    /// The state that the parent remembers.
    remembered: Option<Kept>,
    /// Packets do not leave; said once.
    troubled: bool,
}

/// The state of a session that a successor is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    memory: Memory,
    port: Option<u16>,
}

impl Running {
    /// A session of this worker; `kept` is what a predecessor knew of it.
    pub(super) fn new(instance: BfdInstance, session: Session, kept: Option<&Kept>) -> Self {
        let port = kept.and_then(|kept| kept.port);
        Self { instance, session, sender: None, port, remembered: None, troubled: false }
    }

    pub(super) fn key(&self) -> SessionKey {
        SessionKey::from(&self.instance)
    }

    /// Goes on with another configuration of the same session.
    pub(super) fn reconfigure(&mut self, now: Instant, instance: BfdInstance) {
        let kind = |instance: &BfdInstance| (plan::destination(instance), instance.ttl);
        if kind(&instance) != kind(&self.instance) {
            self.sender = None;
        }
        self.session.handle_config(now, plan::config(&instance));
        self.instance = instance;
    }

    /// Sends everything that the session has to say; gives a line for the log where that begins to fail, or works again.
    pub(super) fn transmit(&mut self, now: Instant, draw: u32) -> Option<String> {
        let mut outcome = None;
        while let Some(packet) = self.session.poll_transmit(now) {
            outcome = Some(self.send(&packet.emit(), draw));
        }
        match (outcome?, self.troubled) {
            (Err(error), false) => {
                self.troubled = true;
                Some(format!("({}) cannot send to {}: {error}", self.instance.name, self.instance.neighbor))
            }
            (Ok(()), true) => {
                self.troubled = false;
                Some(format!("({}) packets to {} are sent again", self.instance.name, self.instance.neighbor))
            }
            _ => None,
        }
    }

    fn send(&mut self, octets: &[u8], draw: u32) -> io::Result<()> {
        if self.sender.is_none() {
            let instance = &self.instance;
            let ports = self.port.into_iter().chain(SourcePorts::from_draw(draw));
            let destination = plan::destination(instance);
            let (sender, port) = UdpSender::open(destination, instance.source, ports, instance.ttl)?;
            (self.sender, self.port) = (Some(sender), Some(port));
        }
        match &self.sender {
            Some(sender) => match sender.send(octets) {
                // The answer to an earlier packet; this one was not tried.
                Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => sender.send(octets),
                result => result,
            },
            None => Ok(()),
        }
    }

    /// The state that the parent has to remember now, if that is news.
    pub(super) fn news_for_successor(&mut self) -> Option<(String, Vec<u8>)> {
        let kept = Kept { memory: self.session.memory(), port: self.port };
        if self.remembered.replace(kept) == Some(kept) {
            return None;
        }
        Some((memory_key(self.key()), postcard::to_allocvec(&kept).ok()?))
    }
}

/// The state that a predecessor had a session in. Octets that cannot be read are another release's.
pub(super) fn recall(memory: &ipc::Memory, key: SessionKey) -> Option<Kept> {
    postcard::from_bytes(memory.value(&memory_key(key))?).ok()
}

impl Kept {
    pub(super) fn memory(&self) -> &Memory {
        &self.memory
    }
}

/// The name under which the parent remembers a session.
pub(super) fn memory_key(key: SessionKey) -> String {
    match key.source {
        Some(source) => format!("bfd {} {source}", key.neighbor),
        None => format!("bfd {}", key.neighbor),
    }
}
