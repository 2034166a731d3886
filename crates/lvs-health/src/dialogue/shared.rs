//! What checks have in common.

use std::io;
use std::path::Path;
use std::time::SystemTime;

/// What several checks use, made once: TLS configurations with their certificates, compiled regular expressions.
///
/// It is needed while checks are [prepared](crate::Prepared) and may be dropped afterwards. A new one reads all files anew.
/// `Shared::default()` knows no files and no time: enough for checks without TLS that is verified.
pub struct Shared {
    #[cfg(feature = "regex")]
    patterns: std::collections::HashMap<crate::Pattern, std::sync::Arc<crate::http::Compiled>>,
    #[cfg_attr(not(feature = "tls"), expect(dead_code, reason = "only TLS looks outside"))]
    outside: std::sync::Arc<dyn Outside>,
}

/// What checks of certificates need from the world outside; implemented by whoever drives the dialogues.
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
}

impl Shared {
    /// With files and a clock.
    pub fn new(outside: impl Outside) -> Self {
        Self {
            #[cfg(feature = "regex")]
            patterns: std::collections::HashMap::new(),
            outside: std::sync::Arc::new(outside),
        }
    }

    /// A pattern, compiled once for all checks that have it.
    #[cfg(feature = "regex")]
    pub(crate) fn pattern(
        &mut self,
        pattern: &crate::Pattern,
    ) -> Result<std::sync::Arc<crate::http::Compiled>, super::PrepareError> {
        if let Some(compiled) = self.patterns.get(pattern) {
            return Ok(std::sync::Arc::clone(compiled));
        }
        let compiled = std::sync::Arc::new(crate::http::Compiled::new(pattern)?);
        self.patterns.insert(pattern.clone(), std::sync::Arc::clone(&compiled));
        Ok(compiled)
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
