//! Verification of a server: one verifier wants a chain or a pinned certificate, another only that the handshake is
//! sound.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Certificate;

/// A verifier that wants a chain to an authority, or one of the authorities' certificates itself: one that is self-signed
/// is its own authority, which the rules for chains do not know. Name and dates count either way.
#[derive(Debug)]
pub(super) struct KnownServer {
    pub(super) chains: Arc<WebPkiServerVerifier>,
    pub(super) pinned: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for KnownServer {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if !self.pinned.contains(end_entity) {
            return self.chains.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                now,
            );
        }
        verify_dates(end_entity, now)?;
        verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
    }
}

/// Whether a certificate is good at this time (RFC 5280 §4.1.2.5).
fn verify_dates(certificate: &CertificateDer<'_>, now: UnixTime) -> Result<(), Error> {
    let certificate = Certificate::parse(certificate).ok_or(CertificateError::BadEncoding)?;
    let unix =
        |at: SystemTime| at.duration_since(SystemTime::UNIX_EPOCH).ok().map(UnixTime::since_unix_epoch);
    // A time before 1970 is none here: such a certificate has begun, or has ended.
    let begin = certificate.not_before.and_then(unix);
    if let Some(not_before) = begin.filter(|&begin| now < begin) {
        return Err(CertificateError::NotValidYetContext { time: now, not_before }.into());
    }
    let not_after = certificate.not_after.and_then(unix).ok_or(CertificateError::Expired)?;
    if not_after < now {
        return Err(CertificateError::ExpiredContext { time: now, not_after }.into());
    }
    Ok(())
}

/// A verifier for rustls that takes every certificate, and checks that the server has its key.
///
/// The key is read from the certificate without judging the rest, so that certificates webpki does not take (version 1,
/// as plain `openssl x509 -req` makes them; critical extensions it does not know) do as well.
///
/// Nothing is said about who the server is: this is for checks that do not need to know, as keepalived's, or have
/// verified it otherwise.
#[derive(Debug)]
pub struct AnyServer(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

impl AnyServer {
    /// With the algorithms that signatures may have.
    pub fn new(algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self(algorithms)
    }

    fn verify(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let certificate = Certificate::parse(certificate).ok_or(CertificateError::BadEncoding)?;
        let candidates = self.0.mapping.iter().filter(|(scheme, _)| *scheme == signature.scheme);
        for algorithm in candidates.flat_map(|(_, algorithms)| algorithms.iter()) {
            if algorithm.public_key_alg_id().as_ref() == certificate.algorithm {
                return match algorithm.verify_signature(certificate.key, message, signature.signature()) {
                    Ok(()) => Ok(HandshakeSignatureValid::assertion()),
                    Err(_) => Err(CertificateError::BadSignature.into()),
                };
            }
        }
        Err(Error::General("no algorithm for the certificate's key".to_owned()))
    }
}
