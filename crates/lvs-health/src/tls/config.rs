//! From the definition of a check to rustls' configuration.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::client::{Resumption, WebPkiServerVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion, version};

use super::verify::{AnyServer, KnownServer};
use crate::dialogue::{Outside, PrepareError, Shared, TlsOptions};
use crate::{Certificates, ExpiryWeight, Target, Tls, TlsVersion};

/// TLS as one check speaks it.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    pub(super) config: Arc<ClientConfig>,
    pub(super) name: ServerName<'static>,
    /// HTTP/2 must have been agreed upon.
    pub(super) h2: bool,
    /// Say goodbye.
    pub(super) close_notify: bool,
    /// Certificates that end within this are noted.
    pub(super) expiry_warning: Duration,
    /// Effect of a near end on the weight.
    pub(super) expiry_weight: Option<ExpiryWeight>,
    pub(super) outside: Arc<dyn Outside>,
}

impl Layer {
    pub(crate) fn new(
        tls: &Tls,
        target: &Target,
        wishes: TlsOptions<'_>,
        shared: &mut Shared,
    ) -> Result<Self, PrepareError> {
        let TlsOptions { server_name, h2, close_notify } = wishes;
        let name = match server_name {
            Some(name) => name_of(name)?,
            // Without a name to send, the address is what a certificate is verified for.
            None => ServerName::from(target.ip()),
        };
        let config = shared.tls(tls, h2)?;
        let Tls { expiry_warning, expiry_weight, .. } = *tls;
        Ok(Self { config, name, h2, close_notify, expiry_warning, expiry_weight, outside: shared.outside() })
    }
}

/// A name as it may stand in `Host`: a port behind it is not part of it.
fn name_of(host: &str) -> Result<ServerName<'static>, PrepareError> {
    let without_port = host.rsplit_once(':').filter(|(name, port)| {
        !name.is_empty() && !name.contains(':') && port.bytes().all(|octet| octet.is_ascii_digit())
    });
    let name = without_port.map_or(host, |(name, _)| name);
    ServerName::try_from(name.to_owned())
        .map_err(|_| PrepareError::Unsendable { part: "TLS server name", text: host.to_owned() })
}

/// Everything that checks with the same definition have in common.
pub(crate) fn config(tls: &Tls, h2: bool, outside: &Arc<dyn Outside>) -> Result<ClientConfig, PrepareError> {
    let provider = Arc::new(ring::default_provider());
    let builder =
        ClientConfig::builder_with_details(Arc::clone(&provider), Arc::new(Clock(Arc::clone(outside))))
            .with_protocol_versions(&versions(tls))
            .map_err(refused)?;
    let builder = match &tls.certificates {
        Certificates::Any => builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyServer::new(
            provider.signature_verification_algorithms,
        ))),
        Certificates::Verified { ca_file } => {
            let verifier = verifier(ca_file, provider, outside.as_ref())?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    let mut config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let chain = certificates(&client.certificate, outside.as_ref())?;
            let key = private_key(&client.key, outside.as_ref())?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| unusable(&client.certificate, &error))?
        }
    };
    config.resumption = Resumption::disabled();
    if h2 {
        config.alpn_protocols = vec![b"h2".to_vec()];
    }
    Ok(config)
}

fn versions(tls: &Tls) -> Vec<&'static SupportedProtocolVersion> {
    let known = [(TlsVersion::Tls12, &version::TLS12), (TlsVersion::Tls13, &version::TLS13)];
    let allowed = known.into_iter().filter(|(name, _)| (tls.min_version..=tls.max_version).contains(name));
    allowed.map(|(_, version)| version).collect()
}

fn verifier(
    ca_file: &Path,
    provider: Arc<CryptoProvider>,
    outside: &dyn Outside,
) -> Result<KnownServer, PrepareError> {
    let mut roots = RootCertStore::empty();
    let pinned = certificates(ca_file, outside)?;
    for certificate in &pinned {
        roots.add(certificate.clone()).map_err(|error| unusable(ca_file, &error))?;
    }
    let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| unusable(ca_file, &error))?;
    Ok(KnownServer { chains, pinned })
}

/// All certificates of a PEM file, at least one.
fn certificates(path: &Path, outside: &dyn Outside) -> Result<Vec<CertificateDer<'static>>, PrepareError> {
    let pem = read(path, outside)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unusable(path, &"no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(path, &error)),
    }
}

fn private_key(path: &Path, outside: &dyn Outside) -> Result<PrivateKeyDer<'static>, PrepareError> {
    let pem = read(path, outside)?;
    if is_encrypted(&pem) {
        let reason =
            "the key is encrypted, and only one without a password can be read (`openssl pkey` makes it one)";
        return Err(unusable(path, &reason));
    }
    PrivateKeyDer::from_pem_slice(&pem).map_err(|error| unusable(path, &error))
}

/// PKCS #8 says so in its label (RFC 7468 §11), the older form of OpenSSL in a header (RFC 1421 §4.6.1.1).
fn is_encrypted(pem: &[u8]) -> bool {
    let says = |line: &[u8]| {
        line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY") || line.starts_with(b"Proc-Type: 4,ENCRYPTED")
    };
    pem.split(|octet| *octet == b'\n').any(says)
}

fn read(path: &Path, outside: &dyn Outside) -> Result<Vec<u8>, PrepareError> {
    outside.read(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, reason: &dyn std::fmt::Display) -> PrepareError {
    PrepareError::File { path: path.to_owned(), reason: reason.to_string() }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: rustls::Error) -> PrepareError {
    PrepareError::Tls(error.to_string())
}

/// The caller's clock, for rustls.
#[derive(Debug)]
struct Clock(Arc<dyn Outside>);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let since = self.0.wall_clock().duration_since(SystemTime::UNIX_EPOCH).ok()?;
        Some(UnixTime::since_unix_epoch(since))
    }
}
