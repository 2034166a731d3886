//! The mailer process and TLS.

use std::sync::Arc;

use keepalived_conf::model::mail::{MailAuth, MailTls};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use smtp_submit::{DeliveryStatus, Failure, Step};
use vipd::mailer::Delivery;

use crate::process::{deliver, to};
use crate::server::{MailServer, Manners};

const OFFERS: &str = "250-mx\r\n250-STARTTLS\r\n250 AUTH PLAIN";

/// An authority, and what it made.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn server(&self, name: &str) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new([name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        config(certificate.der().clone(), &key)
    }
}

fn config(certificate: rustls::pki_types::CertificateDer<'static>, key: &KeyPair) -> Arc<ServerConfig> {
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap())
}

fn secured(delivery: Delivery, tls: MailTls, ca: Option<&str>) -> Delivery {
    let mut delivery = delivery;
    delivery.server.tls = tls;
    delivery.server.ca = ca.map(|pem| pem.as_bytes().to_vec());
    delivery
}

fn start_tls(tls: Arc<ServerConfig>) -> MailServer {
    MailServer::start(Manners { offers: OFFERS, tls: Some(tls), ..Manners::default() })
}

#[test]
fn a_mail_goes_over_starttls_with_a_login() {
    let authority = Authority::new();
    let server = start_tls(authority.server("127.0.0.1"));
    let mut delivery = secured(to(server.address), MailTls::StartTls, Some(&authority.pem));
    delivery.server.auth = Some(MailAuth { user: "joe".to_owned(), password: "s3cret".to_owned() });
    assert_eq!(deliver(delivery), Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted]));
    let heard = server.heard();
    assert_eq!(
        heard[..6],
        [
            "EHLO lb1.example.org",
            "STARTTLS",
            "TLS",
            "EHLO lb1.example.org",
            "AUTH PLAIN AGpvZQBzM2NyZXQ=",
            "MAIL FROM:<k@example.org>"
        ]
    );
    assert_eq!(heard.last().unwrap(), "QUIT");
}

#[test]
fn a_mail_goes_over_tls_from_the_first_octet_on() {
    let authority = Authority::new();
    let tls = Some(authority.server("localhost"));
    let server = MailServer::start(Manners { tls, implicit: true, ..Manners::default() });
    let mut delivery = secured(to(server.address), MailTls::Implicit, Some(&authority.pem));
    delivery.server.host = "localhost".to_owned();
    assert_eq!(deliver(delivery), Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted]));
    assert_eq!(server.heard()[..2], ["TLS", "HELO lb1.example.org"]);
}

#[test]
fn a_certificate_of_another_name_or_another_authority_gets_no_mail() {
    let (authority, other) = (Authority::new(), Authority::new());
    for (name, ca) in [("mx.example.net", &authority), ("127.0.0.1", &other)] {
        let server = start_tls(authority.server(name));
        let outcome = deliver(secured(to(server.address), MailTls::StartTls, Some(&ca.pem)));
        let Err(Failure::Tls(why)) = outcome else { panic!("{name}: {outcome:?}") };
        assert!(why.contains("certificate"), "{why}");
        assert!(server.heard().iter().all(|line| !line.starts_with("MAIL")));
        // Without smtp_tls_ca_file any will do.
        let outcome = deliver(secured(to(server.address), MailTls::StartTls, None));
        assert_eq!(outcome, Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted]));
    }
}

#[test]
fn a_self_signed_certificate_is_its_own_authority() {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(["mx.example.net".to_owned()]).unwrap();
    // As `openssl req -x509` makes them.
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let certificate = params.self_signed(&key).unwrap();
    let server = start_tls(config(certificate.der().clone(), &key));
    let outcome = deliver(secured(to(server.address), MailTls::StartTls, Some(&certificate.pem())));
    assert_eq!(outcome, Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted]));
}

#[test]
fn a_server_without_starttls_gets_nothing() {
    let server = MailServer::start(Manners { offers: "250-mx\r\n250 AUTH PLAIN", ..Manners::default() });
    assert_eq!(deliver(secured(to(server.address), MailTls::StartTls, None)), Err(Failure::NoStartTls));
    assert_eq!(server.heard(), ["EHLO lb1.example.org", "QUIT"]);
}

#[test]
fn a_handshake_that_is_none_fails() {
    // A plain server where TLS is expected, and one that goes on in the clear.
    let plain = MailServer::start(Manners::default());
    let outcome = deliver(secured(to(plain.address), MailTls::Implicit, None));
    assert!(matches!(outcome, Err(Failure::Tls(_))), "{outcome:?}");
    let answer = |line: &str| (line == "STARTTLS").then_some("220 go\r\n250 injected");
    let liar = MailServer::start(Manners { offers: OFFERS, answer, ..Manners::default() });
    let outcome = deliver(secured(to(liar.address), MailTls::StartTls, None));
    assert!(matches!(outcome, Err(Failure::NotSmtp(Step::StartTls, _) | Failure::Tls(_))), "{outcome:?}");
}

#[test]
fn a_file_without_certificates_is_reported() {
    let server = start_tls(Authority::new().server("127.0.0.1"));
    let outcome = deliver(secured(to(server.address), MailTls::StartTls, Some("nothing\n")));
    assert_eq!(outcome, Err(Failure::Certificates("it holds no certificate".to_owned())));
}
