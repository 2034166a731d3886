//! Data that checks share.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::PrepareError;
use crate::Url;
use crate::http::Criteria;
#[cfg(feature = "regex")]
use crate::{Pattern, http::Compiled};
#[cfg(feature = "tls")]
use crate::{Tls, tls};

/// Data that several checks use, made once: TLS configurations with their certificates, compiled regular expressions,
/// conditions for answers.
///
/// It is needed while checks are [prepared](crate::Prepared) and may be dropped afterwards. A new one reads all files anew.
/// `Shared::default()` knows no files and no time: enough for checks without TLS that is verified.
pub struct Shared {
    criteria: HashMap<Url, Arc<Criteria>>,
    #[cfg(feature = "regex")]
    patterns: HashMap<Pattern, Arc<Compiled>>,
    /// By definition, and whether HTTP/2 is spoken inside.
    #[cfg(feature = "tls")]
    configs: HashMap<(Tls, bool), Arc<rustls::ClientConfig>>,
    #[cfg(feature = "tls")]
    outside: Arc<dyn Outside>,
}

/// Files and the time, for checks of certificates; the program that drives the dialogues implements it.
///
/// Files are read while checks are prepared, never during a dialogue. The time is asked for when a certificate is judged.
///
/// ```
/// use std::{fs, io, path::Path, time::SystemTime};
///
/// #[derive(Debug)]
/// struct System;
///
/// impl lvs_health::Outside for System {
///     fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
///         fs::read(path)
///     }
///     fn wall_clock(&self) -> SystemTime {
///         SystemTime::now()
///     }
/// }
///
/// let shared = lvs_health::Shared::new(System);
/// ```
pub trait Outside: std::fmt::Debug + Send + Sync + 'static {
    /// The contents of a certificate's or key's file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The date and time.
    fn wall_clock(&self) -> SystemTime;

    /// A dialogue's TLS makes this step. Nothing has to be done about it.
    fn watch(&self, _step: AttemptStep<'_>) {}
}

/// A step of an attempt, for a person who watches it. The bytes may hold the login of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AttemptStep<'a> {
    /// A connection is begun: the first one, or that of a redirect.
    Connecting,
    /// It is there; for datagrams: the socket is.
    Connected,
    /// These bytes were given to the socket.
    Sent(&'a [u8]),
    /// These bytes came.
    Received(&'a [u8]),
    /// The peer closed its end.
    Closed,
    /// TLS is established.
    Secured {
        /// Version and cipher suite, as the TLS library names them.
        with: &'a str,
        /// When the server's certificate ends, if that can be told.
        certificate_end: Option<SystemTime>,
    },
    /// These bytes are sent inside TLS.
    SentInside(&'a [u8]),
    /// These bytes came inside TLS.
    ReceivedInside(&'a [u8]),
}

impl Shared {
    /// With files and a clock.
    pub fn new(outside: impl Outside) -> Self {
        #[cfg(not(feature = "tls"))]
        drop(outside);
        Self {
            criteria: HashMap::new(),
            #[cfg(feature = "regex")]
            patterns: HashMap::new(),
            #[cfg(feature = "tls")]
            configs: HashMap::new(),
            #[cfg(feature = "tls")]
            outside: Arc::new(outside),
        }
    }

    /// The conditions for the answers to a request, made once for all checks that have it.
    pub(crate) fn criteria(&mut self, url: &Url) -> Result<Arc<Criteria>, PrepareError> {
        if let Some(criteria) = self.criteria.get(url) {
            return Ok(Arc::clone(criteria));
        }
        let criteria = Arc::new(Criteria::new(url, self)?);
        self.criteria.insert(url.clone(), Arc::clone(&criteria));
        Ok(criteria)
    }

    /// A pattern, compiled once for all checks that have it.
    #[cfg(feature = "regex")]
    pub(crate) fn pattern(&mut self, pattern: &Pattern) -> Result<Arc<Compiled>, PrepareError> {
        if let Some(compiled) = self.patterns.get(pattern) {
            return Ok(Arc::clone(compiled));
        }
        let compiled = Arc::new(Compiled::new(pattern)?);
        self.patterns.insert(pattern.clone(), Arc::clone(&compiled));
        Ok(compiled)
    }

    /// A configuration, made once for all checks that speak TLS this way.
    #[cfg(feature = "tls")]
    pub(crate) fn tls(&mut self, tls: &Tls, h2: bool) -> Result<Arc<rustls::ClientConfig>, PrepareError> {
        let key = (tls.clone(), h2);
        if let Some(config) = self.configs.get(&key) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(tls::config(tls, h2, &self.outside)?);
        self.configs.insert(key, Arc::clone(&config));
        Ok(config)
    }

    /// Files and clock.
    #[cfg(feature = "tls")]
    pub(crate) fn outside(&self) -> Arc<dyn Outside> {
        Arc::clone(&self.outside)
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self::new(Nothing)
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").finish_non_exhaustive()
    }
}

/// No file, and a time at which no certificate is valid.
#[derive(Debug)]
struct Nothing;

impl Outside for Nothing {
    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
}
