//! Netlink attributes, both ways.
//!
//! ```text
//! 0        2                4
//! | length | N O kind (14)  | value, padded to 4 | next attribute ..
//! ```
//!
//! The length counts the header but not the padding. N says that the value is attributes itself, O that it is in
//! network order; the kernel sets neither of them reliably, so neither is looked at. Numbers are in host order
//! unless their own description says otherwise.

use netlink_packet_core::{Emitable, NLA_F_NESTED, Nla, NlasIterator};

/// Why a message of the kernel could not be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// An attribute claims more octets than there are, or fewer than its own header.
    #[error("attribute with a length that does not fit its message")]
    Truncated,
    /// An attribute without which the object has no meaning is not there.
    #[error("no attribute {kind} ({name})")]
    Missing {
        /// Its number.
        kind: u16,
        /// Its name in `linux/ip_vs.h`, without the prefix.
        name: &'static str,
    },
    /// An attribute's value is shorter than its type.
    #[error("attribute {kind} has {actual} octets, {needed} are needed")]
    Length {
        /// Its number.
        kind: u16,
        /// Octets that its type takes.
        needed: usize,
        /// Octets that are there.
        actual: usize,
    },
    /// An attribute's value is none that this crate knows.
    #[error("attribute {kind} has the unknown value {value}")]
    Value {
        /// Its number.
        kind: u16,
        /// Its value; 0 for a text.
        value: u32,
    },
}

/// An attribute that was received.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attribute<'a> {
    pub(crate) kind: u16,
    pub(crate) value: &'a [u8],
}

/// Cuts octets into attributes; the first that does not fit is an error and the end.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'a>(NlasIterator<&'a [u8]>);

impl<'a> Attributes<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(NlasIterator::new(bytes))
    }

    /// The value of the first attribute of this kind.
    pub(crate) fn find(bytes: &'a [u8], kind: u16, name: &'static str) -> Result<Attribute<'a>, ParseError> {
        for attribute in Self::new(bytes) {
            let attribute = attribute?;
            if attribute.kind == kind {
                return Ok(attribute);
            }
        }
        Err(ParseError::Missing { kind, name })
    }
}

impl<'a> Iterator for Attributes<'a> {
    type Item = Result<Attribute<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let attribute = self.0.next()?.map_err(|_| ParseError::Truncated).and_then(|buffer| {
            let (kind, length) = (buffer.kind(), usize::from(buffer.length()));
            let value = buffer.into_inner().get(HEADER_LEN..length).ok_or(ParseError::Truncated)?;
            Ok(Attribute { kind, value })
        });
        Some(attribute)
    }
}

impl<'a> Attribute<'a> {
    pub(crate) fn u8(&self) -> Result<u8, ParseError> {
        self.leading().map(|[octet]| octet)
    }

    pub(crate) fn u16(&self) -> Result<u16, ParseError> {
        self.leading().map(u16::from_ne_bytes)
    }

    /// A number in network order.
    pub(crate) fn u16_be(&self) -> Result<u16, ParseError> {
        self.leading().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&self) -> Result<u32, ParseError> {
        // The statistics have the same attribute with 4 and with 8 octets.
        match self.value.len() {
            4 => self.leading().map(u32::from_ne_bytes),
            actual => Err(ParseError::Length { kind: self.kind, needed: 4, actual }),
        }
    }

    pub(crate) fn u64(&self) -> Result<u64, ParseError> {
        self.leading().map(u64::from_ne_bytes)
    }

    pub(crate) fn leading<const N: usize>(&self) -> Result<[u8; N], ParseError> {
        self.value.first_chunk().copied().ok_or(ParseError::Length {
            kind: self.kind,
            needed: N,
            actual: self.value.len(),
        })
    }

    /// A text, up to its NUL or its end.
    pub(crate) fn text(&self) -> Result<&'a str, ParseError> {
        let end = self.value.iter().position(|octet| *octet == 0).unwrap_or(self.value.len());
        let text = self.value.get(..end).unwrap_or_default();
        str::from_utf8(text).map_err(|_| self.unknown(0))
    }

    /// The error that this attribute's value is none we know.
    pub(crate) fn unknown(&self, value: u32) -> ParseError {
        ParseError::Value { kind: self.kind, value }
    }
}

/// An attribute to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outgoing {
    kind: u16,
    value: Value,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Value {
    U8(u8),
    U16(u16),
    U32(u32),
    Octets([u8; 16]),
    Pair([u32; 2]),
    Text(String),
    Nested(Vec<Outgoing>),
}

impl Outgoing {
    pub(crate) fn u8(kind: u16, value: u8) -> Self {
        Self { kind, value: Value::U8(value) }
    }

    pub(crate) fn u16(kind: u16, value: u16) -> Self {
        Self { kind, value: Value::U16(value) }
    }

    /// A number that goes out in network order.
    pub(crate) fn u16_be(kind: u16, value: u16) -> Self {
        Self { kind, value: Value::U16(value.to_be()) }
    }

    pub(crate) fn u32(kind: u16, value: u32) -> Self {
        Self { kind, value: Value::U32(value) }
    }

    pub(crate) fn octets(kind: u16, value: [u8; 16]) -> Self {
        Self { kind, value: Value::Octets(value) }
    }

    pub(crate) fn pair(kind: u16, first: u32, second: u32) -> Self {
        Self { kind, value: Value::Pair([first, second]) }
    }

    /// A text; the NUL behind it is added here.
    pub(crate) fn text(kind: u16, value: &str) -> Self {
        Self { kind, value: Value::Text(value.to_owned()) }
    }

    pub(crate) fn nested(kind: u16, value: Vec<Self>) -> Self {
        Self { kind: kind | NLA_F_NESTED, value: Value::Nested(value) }
    }
}

impl Nla for Outgoing {
    fn value_len(&self) -> usize {
        match &self.value {
            Value::U8(_) => 1,
            Value::U16(_) => 2,
            Value::U32(_) => 4,
            Value::Pair(_) => 8,
            Value::Octets(octets) => octets.len(),
            Value::Text(text) => text.len() + 1,
            Value::Nested(attributes) => attributes.as_slice().buffer_len(),
        }
    }

    fn kind(&self) -> u16 {
        self.kind
    }

    fn emit_value(&self, buffer: &mut [u8]) {
        match &self.value {
            Value::U8(value) => buffer.copy_from_slice(&[*value]),
            Value::U16(value) => buffer.copy_from_slice(&value.to_ne_bytes()),
            Value::U32(value) => buffer.copy_from_slice(&value.to_ne_bytes()),
            Value::Pair([first, second]) => {
                buffer.copy_from_slice([first.to_ne_bytes(), second.to_ne_bytes()].as_flattened());
            }
            Value::Octets(octets) => buffer.copy_from_slice(octets),
            Value::Text(text) => {
                let (head, nul) = buffer.split_at_mut(text.len());
                head.copy_from_slice(text.as_bytes());
                nul.fill(0);
            }
            Value::Nested(attributes) => attributes.as_slice().emit(buffer),
        }
    }
}

/// Length and kind.
const HEADER_LEN: usize = 4;
