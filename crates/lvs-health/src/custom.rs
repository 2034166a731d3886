//! A protocol of one's own inside a dialogue.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::dialogue::{Channel, Exchange, PrepareError, Shared, TlsOptions, Transport};
use crate::{Target, Tls};

/// A protocol of one's own: the [`Dialogue`](crate::Dialogue) keeps its deadlines, its output and its outcome, and TLS is
/// put around it if asked for.
///
/// Two are equal if their name, transport and TLS are: a [reload](crate::director::Director::reload) then keeps the check with
/// what is known of it. So everything that the conversation depends on belongs into the name.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use lvs_health::{
///     Custom, Exchange, Failure, Network, Outcome, Prepared, Protocol, Shared, Target, Transport, WeightUpdate,
/// };
///
/// /// memcached: `version` is answered by `VERSION …`.
/// struct Version(Vec<u8>);
///
/// impl Exchange for Version {
///     fn handle_connected(&mut self, out: &mut Vec<u8>) -> Option<Outcome> {
///         out.extend_from_slice(b"version\r\n");
///         None
///     }
///     fn handle_input(&mut self, input: &[u8], _out: &mut Vec<u8>) -> Option<Outcome> {
///         // A stream comes in any cut, and without end if the peer likes: as much as is needed is kept.
///         let missing = 8_usize.saturating_sub(self.0.len()).min(input.len());
///         self.0.extend_from_slice(&input[..missing]);
///         (self.0.len() >= 8).then(|| match self.0.as_slice() {
///             b"VERSION " => Outcome::Pass(WeightUpdate::Unchanged),
///             _ => Outcome::Fail(Failure::Malformed("not memcached")),
///         })
///     }
///     fn handle_end(&mut self) -> Outcome {
///         Outcome::Fail(Failure::Closed(self.awaits()))
///     }
///     fn awaits(&self) -> &'static str {
///         "version"
///     }
/// }
///
/// let version = Custom::new("memcached version", Transport::Stream, |_nonce| Box::new(Version(Vec::new())));
/// let target = Target::new("192.0.2.10:11211".parse()?, Duration::from_secs(3));
/// let prepared = Prepared::new(&Network::new(target, Protocol::Custom(version.into())), &mut Shared::default())?;
/// let now = Instant::now();
/// let mut dialogue = prepared.begin(now, 0, 0);
/// dialogue.handle_connected(now);
/// assert_eq!(dialogue.output(), b"version\r\n");
/// dialogue.handle_input(now, b"VERSION 1.6");
/// assert_eq!(dialogue.outcome(), Some(&Outcome::Pass(WeightUpdate::Unchanged)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Custom {
    name: Arc<str>,
    transport: Transport,
    begin: Arc<Begin>,
    tls: Option<(Tls, Option<String>)>,
}

/// Makes the machine of one attempt.
type Begin = dyn Fn(u32) -> Box<dyn Exchange> + Send + Sync;

impl Custom {
    /// A protocol by its name. `begin` makes the machine of one attempt; its argument is the `nonce` that
    /// [`Prepared::begin`](crate::Prepared::begin) is given.
    pub fn new(
        name: impl Into<Arc<str>>,
        transport: Transport,
        begin: impl Fn(u32) -> Box<dyn Exchange> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), transport, begin: Arc::new(begin), tls: None }
    }

    /// The same inside TLS, with this server name; without one the address is verified and no name is sent.
    ///
    /// Only over [`Transport::Stream`]; on other transports it has no effect.
    #[must_use]
    pub fn with_tls(mut self, tls: Tls, server_name: Option<String>) -> Self {
        self.tls = Some((tls, server_name));
        self
    }

    /// The name that tells it from others.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn transport(&self) -> Transport {
        self.transport
    }

    /// TLS settings, if the check speaks TLS.
    pub(crate) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref().filter(|_| self.transport == Transport::Stream).map(|(tls, _)| tls)
    }

    fn identity(&self) -> (&str, Transport, &Option<(Tls, Option<String>)>) {
        (&self.name, self.transport, &self.tls)
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.identity().hash(state);
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Custom")
            .field("name", &self.name)
            .field("transport", &self.transport)
            .finish_non_exhaustive()
    }
}

/// A protocol of one's own made ready.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    custom: Custom,
    channel: Channel,
}

impl Plan {
    pub(crate) fn new(custom: &Custom, target: &Target, shared: &mut Shared) -> Result<Self, PrepareError> {
        let server_name = custom.tls.as_ref().and_then(|(_, name)| name.as_deref());
        let wishes = TlsOptions { server_name, h2: false, close_notify: true };
        let channel = Channel::new(custom.tls(), target, wishes, shared)?;
        Ok(Self { custom: custom.clone(), channel })
    }

    pub(crate) fn machine(&self, nonce: u32) -> Box<dyn Exchange> {
        self.channel.wrap((self.custom.begin)(nonce))
    }
}
