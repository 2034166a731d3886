//! TLS of a check: versions, names, and the verification of certificates.

use std::path::{Path, PathBuf};
use std::time::Duration;

/// TLS settings of a check.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Verification of the server's certificate.
    pub certificates: Certificates,
    /// The client's own, from the `SSL` block.
    pub client: Option<ClientCertificate>,
    /// Oldest version that will do.
    pub min_version: TlsVersion,
    /// Newest version that is offered.
    pub max_version: TlsVersion,
    /// `tls_expiry_warning`: [`Note::CertificateExpires`](crate::Note) when less than this is left of the server's certificate;
    /// zero never warns.
    pub expiry_warning: Duration,
    /// `tls_expiry_weight`: how the end of the server's certificate weighs.
    pub expiry_weight: Option<ExpiryWeight>,
}

/// A server gets less to do before its certificate ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExpiryWeight {
    /// When less than this is left of it …
    pub within: Duration,
    /// … so much of the configured weight, percent. 0 drains the server.
    pub percent: u32,
}

impl Default for Tls {
    /// TLS 1.2 or 1.3, any certificate.
    fn default() -> Self {
        Self {
            certificates: Certificates::Any,
            client: None,
            min_version: TlsVersion::Tls12,
            max_version: TlsVersion::Tls13,
            expiry_warning: Duration::ZERO,
            expiry_weight: None,
        }
    }
}

impl Tls {
    /// With certificates that lead to one of the authorities in this PEM file.
    pub fn verified(ca_file: impl Into<PathBuf>) -> Self {
        let certificates = Certificates::Verified { ca_file: ca_file.into() };
        Self { certificates, ..Self::default() }
    }

    pub(super) fn files(&self) -> impl Iterator<Item = &Path> {
        let authorities = match &self.certificates {
            Certificates::Verified { ca_file } => Some(ca_file),
            Certificates::Any => None,
        };
        let own = self.client.iter().flat_map(|client| [&client.certificate, &client.key]);
        authorities.into_iter().chain(own).map(PathBuf::as_path)
    }
}

/// Verification of a server's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Certificates {
    /// Not at all, as keepalived.
    Any,
    /// It must lead to one of the authorities in `ca_file` (PEM), name the server, and be in date.
    Verified {
        /// PEM file.
        ca_file: PathBuf,
    },
}

/// A certificate of ours for servers that ask for one; PEM files.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClientCertificate {
    /// Certificate chain.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246)
    Tls12,
    /// TLS 1.3 (RFC 8446)
    Tls13,
}
