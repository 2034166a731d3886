//! Frames (RFC 9113 §4.1, §6).
//!
//! ```text
//! +-----------------------------------------------+
//! |                 Length (24)                   |
//! +---------------+---------------+---------------+
//! |   Type (8)    |   Flags (8)   |
//! +-+-------------+---------------+-------------------------------+
//! |R|                 Stream Identifier (31)                      |
//! +=+=============================================================+
//! |                   Frame Payload (0...)                      ...
//! +---------------------------------------------------------------+
//! ```

/// Octets before a payload.
pub(super) const HEADER: usize = 9;
/// The longest payload that may be sent without being asked, in both directions (`SETTINGS_MAX_FRAME_SIZE`).
pub(crate) const PAYLOAD_LIMIT: usize = 16_384;
/// The only stream there is.
pub(super) const STREAM: u32 = 1;

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PUSH_PROMISE: u8 = 5;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const WINDOW_UPDATE: u8 = 8;
pub(super) const CONTINUATION: u8 = 9;

/// Of DATA and HEADERS.
pub(super) const END_STREAM: u8 = 0x1;
/// Of SETTINGS and PING.
pub(super) const ACK: u8 = 0x1;
/// Of HEADERS and CONTINUATION.
pub(super) const END_HEADERS: u8 = 0x4;
/// Of DATA and HEADERS.
pub(super) const PADDED: u8 = 0x8;
/// Of HEADERS.
const PRIORITY: u8 = 0x20;

/// A header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Octets of payload.
    pub(super) length: usize,
    pub(super) kind: u8,
    pub(super) flags: u8,
    pub(super) stream: u32,
}

impl Header {
    pub(super) fn parse(octets: [u8; HEADER]) -> Self {
        let [a, b, c, kind, flags, stream @ ..] = octets;
        Self {
            length: u32::from_be_bytes([0, a, b, c]) as usize,
            kind,
            flags,
            stream: u32::from_be_bytes(stream) & 0x7fff_ffff,
        }
    }

    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The payload of DATA or HEADERS without padding and priority; `None` if they leave nothing.
    pub(super) fn content(self, payload: &[u8]) -> Option<&[u8]> {
        let mut content = payload;
        if self.has(PADDED) {
            let (&padding, rest) = content.split_first()?;
            content = rest.get(..rest.len().checked_sub(padding.into())?)?;
        }
        if self.kind == HEADERS && self.has(PRIORITY) {
            content = content.get(5..)?;
        }
        Some(content)
    }
}

/// Appends a frame; its payload is no longer than [`PAYLOAD_LIMIT`].
pub(super) fn emit(kind: u8, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let [_, length @ ..] = u32::try_from(payload.len()).unwrap_or(0).to_be_bytes();
    out.extend_from_slice(&length);
    out.extend_from_slice(&[kind, flags]);
    out.extend_from_slice(&stream.to_be_bytes());
    out.extend_from_slice(payload);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_frame_is_read_back() {
        let mut out = Vec::new();
        emit(DATA, END_STREAM, STREAM, b"hello", &mut out);
        let (header, payload) = out.split_first_chunk().unwrap();
        let header = Header::parse(*header);
        assert_eq!(header, Header { length: 5, kind: DATA, flags: END_STREAM, stream: 1 });
        assert_eq!(header.content(payload), Some(b"hello".as_slice()));
    }

    #[test]
    fn padding_and_priority_are_taken_off() {
        let header = |kind, flags| Header { length: 0, kind, flags, stream: 1 };
        assert_eq!(header(DATA, PADDED).content(b"\x02hi\0\0"), Some(b"hi".as_slice()));
        assert_eq!(header(DATA, PADDED).content(b"\x05hi\0\0"), None);
        assert_eq!(header(DATA, PADDED).content(b""), None);
        assert_eq!(
            header(HEADERS, PRIORITY | PADDED).content(b"\x01\0\0\0\0\x10hi\0"),
            Some(b"hi".as_slice())
        );
        assert_eq!(header(HEADERS, PRIORITY).content(b"\0\0\0\0"), None);
    }
}
