//! The layer between a protocol and the transport: nothing, or TLS.

use super::{Exchange, PrepareError, Shared};
use crate::{Target, Tls};

/// The layer between a protocol and the transport.
#[derive(Clone, Debug)]
pub(crate) enum Channel {
    /// Nothing.
    Plain,
    /// TLS.
    #[cfg(feature = "tls")]
    Tls(Box<crate::tls::Layer>),
}

/// TLS options of a protocol.
#[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "without TLS nothing reads the options"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct TlsOptions<'n> {
    /// The name to send and to verify.
    pub(crate) server_name: Option<&'n str>,
    /// HTTP/2 is spoken inside.
    pub(crate) h2: bool,
    /// TLS is ended as it should be.
    pub(crate) close_notify: bool,
}

impl Channel {
    pub(crate) fn new(
        tls: Option<&Tls>,
        target: &Target,
        wishes: TlsOptions<'_>,
        shared: &mut Shared,
    ) -> Result<Self, PrepareError> {
        match tls {
            None => Ok(Self::Plain),
            #[cfg(feature = "tls")]
            Some(tls) => {
                let layer = crate::tls::Layer::new(tls, target, wishes, shared)?;
                Ok(Self::Tls(Box::new(layer)))
            }
            #[cfg(not(feature = "tls"))]
            Some(_) => {
                let _ = (target, wishes, shared);
                Err(PrepareError::Absent("TLS"))
            }
        }
    }

    /// The same conversation through this channel.
    pub(crate) fn wrap(&self, inner: Box<dyn Exchange>) -> Box<dyn Exchange> {
        match self {
            Self::Plain => inner,
            #[cfg(feature = "tls")]
            Self::Tls(layer) => layer.wrap(inner),
        }
    }
}
