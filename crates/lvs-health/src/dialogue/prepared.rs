//! A check made ready: everything that can be refused or computed once, before the first attempt.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::{Dialogue, Exchange, Shared, Transport, protocols};
use crate::{Network, Protocol, Target, custom, dns, h2, http, talk};

/// A network check, ready to be done any number of times.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The definition, shared with its other users.
    network: Arc<Network>,
    plan: Plan,
}

/// Prepared data of each protocol.
#[derive(Clone, Debug)]
enum Plan {
    /// All there is to know is in the definition.
    Plain,
    /// One for each url.
    Http(http::Plan),
    /// The query but for its id.
    Dns(dns::Query),
    /// A request that never changes.
    Grpc(Box<h2::GrpcPlan>),
    /// The steps.
    Talk(Box<talk::Plan>),
    /// A protocol of the caller's own.
    Custom(Box<custom::Plan>),
}

/// Why a check cannot be done as it is configured.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PrepareError {
    /// The program was built without what the check needs.
    #[error("built without {0}")]
    Absent(&'static str),
    /// There is nothing to ask for.
    #[error("no url")]
    NoUrl,
    /// Something would break a request if it were sent: a line end in a path, a colon in a user's name.
    #[error("{part} {text:?} cannot be sent")]
    Unsendable {
        /// Which part.
        part: &'static str,
        /// The part as configured.
        text: String,
    },
    /// A regular expression is none, or is too large.
    #[error("regex {pattern:?}: {reason}")]
    Pattern {
        /// As configured.
        pattern: String,
        /// The regex library's words.
        reason: String,
    },
    /// A certificate or key cannot be used.
    #[error("{path}: {reason}", path = .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The name to ask DNS for is not a domain name.
    #[error("domain name {name:?}: {reason}")]
    DomainName {
        /// As configured.
        name: String,
        /// Why not.
        reason: dns::NameError,
    },
    /// TLS cannot be spoken as configured.
    #[error("TLS: {0}")]
    Tls(String),
}

impl Prepared {
    /// Makes a check ready.
    ///
    /// # Errors
    ///
    /// [`PrepareError`], if the check could never succeed.
    pub fn new(network: &Network, shared: &mut Shared) -> Result<Self, PrepareError> {
        Self::shared(&Arc::new(network.clone()), shared)
    }

    /// The same without a copy of the definition, for many checks.
    ///
    /// # Errors
    ///
    /// As with [`new`](Self::new).
    pub fn shared(network: &Arc<Network>, shared: &mut Shared) -> Result<Self, PrepareError> {
        let plan = match &network.protocol {
            Protocol::Http(http) => Plan::Http(http::Plan::new(http, &network.target, shared)?),
            Protocol::Grpc(grpc) => Plan::Grpc(Box::new(h2::GrpcPlan::new(grpc, &network.target, shared)?)),
            Protocol::Dns(config) => Plan::Dns(
                dns::Query::new(config)
                    .map_err(|reason| PrepareError::DomainName { name: config.name.clone(), reason })?,
            ),
            Protocol::Talk(talk) => Plan::Talk(Box::new(talk::Plan::new(talk, &network.target, shared)?)),
            Protocol::Custom(custom) => {
                Plan::Custom(Box::new(custom::Plan::new(custom, &network.target, shared)?))
            }
            #[cfg(not(feature = "logins"))]
            Protocol::Mysql(_) | Protocol::Postgresql(_) => return Err(PrepareError::Absent("logins")),
            _ => Plan::Plain,
        };
        Ok(Self { network: Arc::clone(network), plan })
    }

    /// The server of the dialogue, and the settings of its socket.
    pub fn target(&self) -> &Target {
        &self.network.target
    }

    /// Which socket a dialogue needs.
    pub fn transport(&self) -> Transport {
        protocols::transport(&self.network.protocol)
    }

    /// A check that is ready as it is, so that this need not be kept; `None` if it has to be [prepared](Self::shared).
    pub fn plain(network: &Arc<Network>) -> Option<Self> {
        let is_plain = matches!(
            network.protocol,
            Protocol::Connect
                | Protocol::Smtp(_)
                | Protocol::Udp(_)
                | Protocol::Ping
                | Protocol::Agent(_)
                | Protocol::Redis(_)
                | Protocol::Ldap(_)
        );
        is_plain.then(|| Self { network: Arc::clone(network), plan: Plan::Plain })
    }

    /// Begins an attempt: the caller starts to connect at the same time.
    ///
    /// `step` is the place of the url, 0 for protocols without; a step that is not there is the first. `nonce` is any number
    /// that late replies to earlier attempts do not carry: the id of a DNS query, the sequence number of a ping.
    pub fn begin(&self, now: Instant, step: usize, nonce: u32) -> Dialogue {
        let exchange: Option<Box<dyn Exchange>> = match &self.plan {
            Plan::Plain => protocols::machine(&self.network.protocol, self.target().ip(), nonce),
            Plan::Http(plan) => Some(plan.machine(step)),
            Plan::Dns(query) => Some(Box::new(dns::Check::new(query.clone(), nonce))),
            Plan::Grpc(plan) => Some(plan.machine()),
            Plan::Talk(plan) => Some(plan.machine()),
            Plan::Custom(plan) => Some(plan.machine(nonce)),
        };
        Dialogue::new(now, self.target(), self.transport(), exchange)
    }
}
