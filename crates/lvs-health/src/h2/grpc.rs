//! gRPC's health check: `grpc.health.v1.Health/Check` of one service.
//!
//! A gRPC message is a flag (compressed or not), a length of four octets, and a protocol buffer. The request has the name
//! of the service in its field 1, the answer has the health in its field 1: 0 unknown, 1 serving, 2 not serving,
//! 3 unknown service. A status of the call itself follows in the trailer; both must be good.

use std::sync::Arc;

use super::hpack::emit_groups;
use super::request::Head;
use super::{Client, Reply};
use crate::dialogue::{Channel, Exchange, PrepareError, Shared, TlsOptions};
use crate::{Failure, Grpc, Outcome, Target, WeightUpdate};

/// A health message has two octets; nobody needs a thousand.
const MESSAGE_LIMIT: usize = 1024;

/// `ServingStatus::SERVING`
const SERVING: u64 = 1;

/// A check made ready.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    request: Arc<[u8]>,
    channel: Channel,
}

impl Plan {
    pub(crate) fn new(grpc: &Grpc, target: &Target, shared: &mut Shared) -> Result<Self, PrepareError> {
        let wishes = TlsOptions { server_name: grpc.server_name.as_deref(), h2: true, close_notify: true };
        let channel = Channel::new(grpc.tls.as_ref(), target, wishes, shared)?;
        Ok(Self { request: request(grpc)?.into(), channel })
    }

    pub(crate) fn machine(&self) -> Box<dyn Exchange> {
        self.channel.wrap(Box::new(Client::new(Arc::clone(&self.request), Health::default())))
    }
}

fn request(grpc: &Grpc) -> Result<Vec<u8>, PrepareError> {
    crate::http::one_line("authority", &grpc.authority)?;
    let scheme = if grpc.tls.is_some() { "https" } else { "http" };
    let mut head = Head::new("POST", scheme, &grpc.authority, "/grpc.health.v1.Health/Check");
    head.field("te", "trailers");
    head.field("content-type", "application/grpc");
    head.field("user-agent", crate::http::USER_AGENT);
    head.emit(Some(&message(&grpc.service)))
}

/// `HealthCheckRequest`, with its length in front.
fn message(service: &str) -> Vec<u8> {
    let mut text = Vec::new();
    if !service.is_empty() {
        // Field 1, of the kind that says its length.
        text.push(1 << 3 | 2);
        emit_groups(service.len(), &mut text);
        text.extend_from_slice(service.as_bytes());
    }
    let mut message = vec![0];
    message.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_be_bytes());
    message.extend_from_slice(&text);
    message
}

/// The server's report of its health.
#[derive(Debug, Default)]
struct Health {
    /// `grpc-status`: the call's own success.
    status: Option<u32>,
    message: Vec<u8>,
}

impl Reply for Health {
    fn field(&mut self, name: &[u8], value: &[u8]) {
        if name == b"grpc-status" {
            self.status = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
        }
    }

    fn head(&mut self, status: u16) -> Option<Outcome> {
        (status != 200).then_some(Outcome::Fail(Failure::Status(status)))
    }

    fn data(&mut self, piece: &[u8]) -> Option<Outcome> {
        if self.message.len() + piece.len() > MESSAGE_LIMIT {
            return Some(Outcome::Fail(Failure::TooLong { what: "health message", limit: MESSAGE_LIMIT }));
        }
        self.message.extend_from_slice(piece);
        None
    }

    fn end(&mut self) -> Outcome {
        match self.health() {
            Ok(SERVING) => Outcome::Pass(WeightUpdate::Unchanged),
            Ok(other) => Outcome::Fail(Failure::GrpcHealth(u32::try_from(other).unwrap_or(u32::MAX))),
            Err(failure) => Outcome::Fail(failure),
        }
    }
}

impl Health {
    fn health(&self) -> Result<u64, Failure> {
        const BROKEN: Failure = Failure::Malformed("health message");
        match self.status {
            None => return Err(Failure::Malformed("no gRPC status")),
            Some(0) => {}
            Some(status) => return Err(Failure::GrpcStatus(status)),
        }
        let Some((&[compressed, ref length @ ..], message)) = self.message.split_first_chunk::<5>() else {
            return Err(BROKEN);
        };
        let complete =
            usize::try_from(u32::from_be_bytes(*length)).is_ok_and(|length| length == message.len());
        if compressed != 0 || !complete {
            return Err(BROKEN);
        }
        field_1(message).ok_or(BROKEN)
    }
}

/// The last value of field 1, a number; 0 if there is none (protocol buffers leave zeros out).
fn field_1(mut message: &[u8]) -> Option<u64> {
    let mut value = 0;
    while !message.is_empty() {
        let (key, rest) = varint(message)?;
        message = match key & 7 {
            0 => {
                let (number, rest) = varint(rest)?;
                if key >> 3 == 1 {
                    value = number;
                }
                rest
            }
            1 => rest.get(8..)?,
            2 => {
                let (length, rest) = varint(rest)?;
                rest.get(usize::try_from(length).ok()?..)?
            }
            5 => rest.get(4..)?,
            _ => return None,
        };
    }
    Some(value)
}

fn varint(message: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (place, octet) in message.iter().enumerate().take(10) {
        value |= u64::from(octet & 0x7f).checked_shl(u32::try_from(place * 7).ok()?)?;
        if *octet < 0x80 {
            return Some((value, message.get(place + 1..)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_is_in_field_1() {
        assert_eq!(message(""), [0, 0, 0, 0, 0]);
        assert_eq!(message("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(message(&"x".repeat(300)).get(..8), Some([0, 0, 0, 1, 47, 0x0a, 0xac, 2].as_slice()));
    }

    fn verdict(status: Option<&str>, message: &[u8]) -> Outcome {
        let mut health = Health::default();
        if let Some(status) = status {
            health.field(b"grpc-status", status.as_bytes());
        }
        health.data(message).unwrap_or_else(|| health.end())
    }

    #[test]
    fn only_serving_is_good() {
        assert_eq!(verdict(Some("0"), &[0, 0, 0, 0, 2, 8, 1]), Outcome::Pass(WeightUpdate::Unchanged));
        assert_eq!(verdict(Some("0"), &[0, 0, 0, 0, 2, 8, 2]), Outcome::Fail(Failure::GrpcHealth(2)));
        assert_eq!(verdict(Some("0"), &[0, 0, 0, 0, 0]), Outcome::Fail(Failure::GrpcHealth(0)));
        assert_eq!(verdict(Some("12"), &[]), Outcome::Fail(Failure::GrpcStatus(12)));
        assert_eq!(
            verdict(None, &[0, 0, 0, 0, 2, 8, 1]),
            Outcome::Fail(Failure::Malformed("no gRPC status"))
        );
        assert_eq!(verdict(Some("OK"), &[]), Outcome::Fail(Failure::Malformed("no gRPC status")));
    }

    #[test]
    fn fields_of_later_versions_are_passed_over() {
        let message = [
            &[0, 0, 0, 0, 20][..],
            &[0x12, 2, 8, 9],
            &[0x19, 0, 0, 0, 0, 0, 0, 0, 0],
            &[0x25, 0, 0, 0, 0],
            &[8, 1],
        ];
        assert_eq!(verdict(Some("0"), &message.concat()), Outcome::Pass(WeightUpdate::Unchanged));
    }

    #[test]
    fn broken_messages_fail() {
        let broken = Outcome::Fail(Failure::Malformed("health message"));
        for message in [
            &[][..],
            &[0, 0, 0, 0],
            &[1, 0, 0, 0, 2, 8, 1],
            &[0, 0, 0, 0, 3, 8, 1],
            &[0, 0, 0, 0, 1, 8, 1],
            &[0, 0, 0, 0, 1, 8],
            &[0, 0, 0, 0, 2, 8, 0x81],
            &[0, 0, 0, 0, 2, 0x0b, 1],
        ] {
            assert_eq!(verdict(Some("0"), message), broken, "{message:?}");
        }
        let too_long = Outcome::Fail(Failure::TooLong { what: "health message", limit: MESSAGE_LIMIT });
        assert_eq!(verdict(Some("0"), &[0; MESSAGE_LIMIT + 1]), too_long);
    }
}
