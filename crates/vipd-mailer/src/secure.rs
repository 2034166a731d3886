//! TLS to a mail server.

use std::sync::Arc;

use lvs_health::AnyServer;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme};
use smtp_submit::Failure;

/// A client connection to this host, nothing sent yet. With certificates (PEM), the server's must lead to one of them
/// and have the host's name, or be one of them; without, any is taken.
pub(super) fn connection(host: &str, ca: Option<&[u8]>) -> Result<ClientConnection, Failure> {
    let provider = Arc::new(ring::default_provider());
    let trust = ca.map(|pem| Trust::new(pem, &provider)).transpose()?;
    let handshake = AnyServer::new(provider.signature_verification_algorithms);
    let verifier = Arc::new(Verifier { trust, handshake });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failure)?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::Tls(format!("{host:?} is no name that a certificate could have")))?;
    ClientConnection::new(Arc::new(config), name).map_err(failure)
}

/// The words of the library are clear enough.
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub(super) fn failure(error: rustls::Error) -> Failure {
    Failure::Tls(error.to_string())
}

#[derive(Debug)]
struct Verifier {
    trust: Option<Trust>,
    /// The handshake has to be sound whomever we trust.
    handshake: AnyServer,
}

#[derive(Debug)]
struct Trust {
    chains: Arc<WebPkiServerVerifier>,
    /// A self-signed certificate is its own authority, which the rules for chains do not know.
    pinned: Vec<CertificateDer<'static>>,
}

impl Trust {
    fn new(pem: &[u8], provider: &Arc<CryptoProvider>) -> Result<Self, Failure> {
        let unusable = |error: &dyn std::fmt::Display| Failure::Certificates(error.to_string());
        let pinned: Vec<_> = CertificateDer::pem_slice_iter(pem)
            .collect::<Result<_, _>>()
            .map_err(|error| unusable(&error))?;
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(pinned.iter().cloned());
        if roots.is_empty() {
            return Err(Failure::Certificates("it holds no certificate".to_owned()));
        }
        let chains = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider))
            .build()
            .map_err(|error| unusable(&error))?;
        Ok(Self { chains, pinned })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.trust {
            Some(trust) if !trust.pinned.contains(end_entity) => {
                trust.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
            }
            Some(_) | None => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.handshake.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.handshake.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.handshake.supported_verify_schemes()
    }
}
