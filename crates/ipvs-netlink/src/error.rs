//! Why a question to the kernel has no answer.

use std::io;

use netlink_frame::Refusal;

use crate::wire::ParseError;

/// Why a question to the kernel has no answer, or a command no effect.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The kernel has no IPVS, or its module is not loaded; [`load_module`](crate::load_module) may help.
    #[error("the kernel has no IPVS (is the module ip_vs loaded?)")]
    NoIpvs,
    /// The kernel looked at the request and said no.
    #[error("{command}: {refusal}")]
    Refused {
        /// The request, in words.
        command: &'static str,
        /// The kernel's answer.
        refusal: Refusal,
    },
    /// The request or its answer did not get through. When a request of several was on its way, some of it may have
    /// been carried out.
    #[error("{command}: netlink socket: {source}")]
    Socket {
        /// The request, in words.
        command: &'static str,
        /// The error; [`io::ErrorKind::TimedOut`] when the kernel did not answer in time.
        source: io::Error,
    },
    /// The kernel's answer makes no sense.
    #[error("{command}: {source}")]
    Answer {
        /// The request, in words.
        command: &'static str,
        /// The defect of the answer.
        source: ParseError,
    },
}

impl Error {
    /// The error number, if there is one.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::NoIpvs => Some(libc::ENOENT),
            Self::Refused { refusal, .. } => Some(refusal.errno),
            Self::Socket { source, .. } => source.raw_os_error(),
            Self::Answer { .. } => None,
        }
    }
}
