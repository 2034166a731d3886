//! Everything that can be asked of IPVS.
//!
//! ```text
//! 0        4      6       8          12     16        17        18        20
//! | length | type | flags | sequence | port | command | version | 0       | attributes ..
//! ```
//!
//! All in host order; the type is the number that `nlctrl` knows for the family `IPVS`, the version 1.
//!
//! ```text
//! NEW_SERVICE 1  SET_SERVICE 2  DEL_SERVICE 3  GET_SERVICE 4    SERVICE
//! NEW_DEST 5     SET_DEST 6     DEL_DEST 7                      SERVICE, DEST
//! GET_DEST 8                                                    SERVICE (dump)
//! NEW_DAEMON 9   DEL_DAEMON 10                                  DAEMON
//! GET_DAEMON 11  GET_CONFIG 13  GET_INFO 15  FLUSH 17           nothing
//! SET_CONFIG 12                                                 TIMEOUT_*
//! ZERO 16                                                       SERVICE, or nothing for all
//! ```

use netlink_packet_core::{
    Emitable, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
    NetlinkSerializable,
};
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::{GenlCtrl, GenlCtrlCmd};
use netlink_packet_generic::{GenlFamily, GenlMessage};

use super::attribute::Outgoing;
use crate::{Change, Destination, ServiceKey, SyncDaemon, SyncRole, Timeouts};

/// A request to the kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request<'a> {
    /// The number of the IPVS family. Refused with `ENOENT` by a kernel without (loaded) IPVS.
    ResolveFamily,
    /// Version and size.
    Info,
    /// All services: a dump.
    Services,
    /// One service.
    Service(&'a ServiceKey),
    /// The destinations of a service: a dump. It is empty for a service that is not there.
    Destinations(&'a ServiceKey),
    /// A change to the table.
    Change(&'a Change),
    /// Removes every service.
    Flush,
    /// Sets the statistics of a service and its destinations, or of all, to 0.
    Zero(Option<&'a ServiceKey>),
    /// The time-outs.
    Timeouts,
    /// Other time-outs.
    SetTimeouts(&'a Timeouts),
    /// The running sync daemons: a dump.
    Daemons,
    /// Starts a sync daemon.
    StartDaemon(&'a SyncDaemon),
    /// Stops a sync daemon.
    StopDaemon(SyncRole),
}

impl Request<'_> {
    /// Whether the answer is any number of messages and an end.
    pub const fn is_dump(&self) -> bool {
        matches!(self, Self::Services | Self::Destinations(_) | Self::Daemons)
    }

    /// Appends the message to `bytes`, padded so that another can follow. `family_id` is the answer to
    /// [`Request::ResolveFamily`]. With `acknowledge` the kernel answers success too; refusals it always answers, and
    /// it carries out one message of a datagram after the other before sending returns.
    pub fn emit(&self, family_id: u16, sequence: u32, acknowledge: bool, bytes: &mut Vec<u8>) {
        let dump = if self.is_dump() { NLM_F_DUMP } else { 0 };
        let ack = if acknowledge { NLM_F_ACK } else { 0 };
        let flags = NLM_F_REQUEST | dump | ack;
        if matches!(self, Self::ResolveFamily) {
            let name = GenlCtrlAttrs::FamilyName(Ipvs::family_name().to_owned());
            let payload = GenlCtrl { cmd: GenlCtrlCmd::GetFamily, nlas: vec![name] };
            append(GenlMessage::from_payload(payload), flags, sequence, bytes);
        } else {
            let payload = Ipvs { command: self.command(), attributes: self.attributes() };
            let mut message = GenlMessage::from_payload(payload);
            message.set_resolved_family_id(family_id);
            append(message, flags, sequence, bytes);
        }
    }

    const fn command(&self) -> u8 {
        match self {
            Self::Change(Change::AddService(_)) => 1,
            Self::Change(Change::SetService(_)) => 2,
            Self::Change(Change::RemoveService(_)) => 3,
            // The first is not a command of this family and does not come here.
            Self::ResolveFamily | Self::Services | Self::Service(_) => 4,
            Self::Change(Change::AddDestination { .. }) => 5,
            Self::Change(Change::SetDestination { .. }) => 6,
            Self::Change(Change::RemoveDestination { .. }) => 7,
            Self::Destinations(_) => 8,
            Self::StartDaemon(_) => 9,
            Self::StopDaemon(_) => 10,
            Self::Daemons => 11,
            Self::SetTimeouts(_) => 12,
            Self::Timeouts => 13,
            Self::Info => 15,
            Self::Zero(_) => 16,
            Self::Flush => 17,
        }
    }

    fn attributes(&self) -> Vec<Outgoing> {
        match self {
            Self::ResolveFamily
            | Self::Info
            | Self::Services
            | Self::Flush
            | Self::Zero(None)
            | Self::Timeouts
            | Self::Daemons => Vec::new(),
            Self::Service(key) | Self::Destinations(key) | Self::Zero(Some(key)) => vec![service_key(key)],
            Self::Change(change) => change_attributes(change),
            Self::SetTimeouts(timeouts) => timeouts.attributes(),
            Self::StartDaemon(daemon) => vec![Outgoing::nested(DAEMON, daemon.attributes())],
            Self::StopDaemon(role) => vec![Outgoing::nested(DAEMON, role.attributes())],
        }
    }
}

fn change_attributes(change: &Change) -> Vec<Outgoing> {
    match change {
        Change::AddService(service) | Change::SetService(service) => {
            vec![Outgoing::nested(SERVICE, service.attributes())]
        }
        Change::RemoveService(key) => vec![service_key(key)],
        Change::AddDestination { service, destination } | Change::SetDestination { service, destination } => {
            vec![service_key(service), Outgoing::nested(DEST, destination.attributes())]
        }
        Change::RemoveDestination { service, address } => {
            vec![service_key(service), Outgoing::nested(DEST, Destination::key_attributes(*address))]
        }
    }
}

fn service_key(key: &ServiceKey) -> Outgoing {
    Outgoing::nested(SERVICE, key.attributes())
}

/// A message of the IPVS family.
#[derive(Debug)]
struct Ipvs {
    command: u8,
    attributes: Vec<Outgoing>,
}

impl GenlFamily for Ipvs {
    fn family_name() -> &'static str {
        "IPVS"
    }

    fn command(&self) -> u8 {
        self.command
    }

    fn version(&self) -> u8 {
        1
    }
}

impl Emitable for Ipvs {
    fn buffer_len(&self) -> usize {
        self.attributes.as_slice().buffer_len()
    }

    fn emit(&self, buffer: &mut [u8]) {
        self.attributes.as_slice().emit(buffer);
    }
}

fn append<F>(message: GenlMessage<F>, flags: u16, sequence: u32, bytes: &mut Vec<u8>)
where
    F: std::fmt::Debug,
    GenlMessage<F>: NetlinkSerializable,
{
    let mut header = NetlinkHeader::default();
    header.flags = flags;
    header.sequence_number = sequence;
    let mut message = NetlinkMessage::new(header, NetlinkPayload::from(message));
    message.finalize();
    let start = bytes.len();
    let end = start + message.buffer_len();
    bytes.resize(end.next_multiple_of(4), 0);
    message.serialize(&mut bytes[start..end]);
}

// `IPVS_CMD_ATTR_*`
pub(super) const SERVICE: u16 = 1;
pub(super) const DEST: u16 = 2;
pub(super) const DAEMON: u16 = 3;
