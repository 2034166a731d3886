//! Things that are wrong, or that somebody wants to know.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::{RouterId, Span};

/// Something that was found, however often it was seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Finding {
    /// Its kind.
    pub kind: FindingKind,
    /// Its severity.
    pub severity: Severity,
    /// The virtual router, where that could be read.
    #[serde(default)]
    pub router: Option<RouterId>,
    /// The sender.
    #[serde(default)]
    pub source: Option<IpAddr>,
    /// The second of two masters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other: Option<IpAddr>,
    /// Number of times that it was seen.
    pub count: u64,
    /// From the first time to the last.
    pub span: Span,
    /// It in words, with the values of the first time.
    pub text: String,
}

/// Severity of a finding; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Receivers reject it, or clients notice it.
    Error,
    /// It is not as it should be.
    Warning,
    /// Good to know.
    Note,
}

/// Kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum FindingKind {
    /// Two routers sent adverts of one virtual router at the same time.
    TwoMasters,
    /// A TTL or hop limit other than 255.
    Ttl,
    /// A checksum that fits no reading of the RFCs.
    Checksum,
    /// The IP header is wrong.
    IpHeader,
    /// The message is no advert.
    Malformed,
    /// A master was not heard for longer than one and a half intervals, and went on.
    Gap,
    /// No router sent adverts for longer than receivers wait.
    Silence,
    /// Speakers of one virtual router have different versions.
    Version,
    /// Speakers of one virtual router have different intervals.
    Interval,
    /// Speakers of one virtual router have different virtual addresses.
    Addresses,
    /// Speakers of one virtual router have the same priority.
    SamePriority,
    /// A master gave up with priority 0.
    PriorityZero,
}

impl FindingKind {
    /// Its severity.
    pub const fn severity(self) -> Severity {
        match self {
            Self::TwoMasters
            | Self::Ttl
            | Self::Checksum
            | Self::IpHeader
            | Self::Malformed
            | Self::Silence => Severity::Error,
            Self::Gap | Self::Version | Self::Interval | Self::Addresses | Self::SamePriority => {
                Severity::Warning
            }
            Self::PriorityZero => Severity::Note,
        }
    }
}
