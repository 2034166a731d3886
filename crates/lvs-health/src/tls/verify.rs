//! Whoever the server is: a verifier that only wants the handshake to be sound.

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, DigitallySignedStruct, Error, SignatureScheme};

use super::certificate::Certificate;

/// A verifier for rustls that takes every certificate, and checks that the server has its key.
///
/// The key is read from the certificate without judging the rest, so that certificates webpki does not take (version 1,
/// as plain `openssl x509 -req` makes them; critical extensions it does not know) do as well.
///
/// Nothing is said about who the server is: this is for whoever does not want to know, as keepalived's checks, or has
/// found out otherwise.
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
