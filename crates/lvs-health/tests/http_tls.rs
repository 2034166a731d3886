//! TLS dialogues with a virtual server, without sockets and at any date.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
#![cfg(feature = "tls")]

mod support;

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use lvs_health::{
    Certificates, ClientCertificate, Dialogue, ExpiryWeight, Failure, HttpVersion, Network, Note, Outcome,
    Outside, PrepareError, Prepared, Protocol, Shared, Tls, TlsVersion, Url, WeightUpdate,
};
use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, SupportedProtocolVersion, version};
use support::{PASS, http, target, url};

/// 2030-01-01 00:00:00 UTC: the day of these tests.
const TODAY: Duration = Duration::from_secs(1_893_456_000);
const DAY: Duration = Duration::from_secs(86_400);

/// Files in memory, and a clock that stands still.
#[derive(Clone, Debug, Default)]
struct World(HashMap<PathBuf, Vec<u8>>);

impl World {
    fn with(mut self, path: &str, contents: impl AsRef<[u8]>) -> Self {
        self.0.insert(path.into(), contents.as_ref().to_vec());
        self
    }
}

impl Outside for World {
    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + TODAY
    }
}

/// Somebody who signs certificates.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        Self::named("one")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// A certificate for a name, until the end of the given year.
    fn sign(&self, name: &str, last_year: i32) -> (String, String) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

/// Certificate and settings of the server.
struct Server {
    certificate: (String, String),
    versions: Vec<&'static SupportedProtocolVersion>,
    alpn: Vec<Vec<u8>>,
    clients: Option<String>,
}

impl Server {
    fn new(certificate: (String, String)) -> Self {
        Self {
            certificate,
            versions: vec![&version::TLS13, &version::TLS12],
            alpn: Vec::new(),
            clients: None,
        }
    }

    fn connection(&self) -> ServerConnection {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_protocol_versions(&self.versions)
            .unwrap();
        let builder = match &self.clients {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let (certificate, key) = &self.certificate;
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let mut config = builder.with_single_cert(chain, key).unwrap();
        config.alpn_protocols.clone_from(&self.alpn);
        ServerConnection::new(Arc::new(config)).unwrap()
    }
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\n\r\nalive";

/// Lets them talk until nobody has more to say. The server answers when it was asked; what it sends arrives in pieces.
fn talk(prepared: &Prepared, server: &mut ServerConnection, answer: &[u8], piece: usize) -> Dialogue {
    let now = Instant::now();
    let mut dialogue = prepared.begin(now, 0, 0);
    dialogue.handle_connected(now);
    let mut is_answered = false;
    for _ in 0..20 {
        let sent = dialogue.output().to_vec();
        dialogue.consume(sent.len());
        let mut rest = &sent[..];
        while !rest.is_empty() && server.read_tls(&mut rest).is_ok() {
            let _ = server.process_new_packets();
        }
        let mut request = Vec::new();
        let _ = server.reader().read_to_end(&mut request);
        if !request.is_empty() && !is_answered {
            is_answered = true;
            server.writer().write_all(answer).unwrap();
        }
        let mut said = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut said).unwrap();
        }
        if sent.is_empty() && said.is_empty() {
            break;
        }
        for piece in said.chunks(piece) {
            dialogue.handle_input(now, piece);
        }
    }
    dialogue
}

fn tls(certificates: Certificates) -> Tls {
    Tls { certificates, ..Tls::default() }
}

fn verified() -> Tls {
    Tls::verified("ca.pem")
}

fn named() -> Url {
    Url { server_name: Some("a.example".to_owned()), ..url() }
}

fn try_prepare(world: &World, tls: Tls, url: Url) -> Result<Prepared, PrepareError> {
    let mut http = http(url);
    http.tls = Some(tls);
    let network = Network { target: target(), protocol: Protocol::Http(http.into()) };
    Prepared::new(&network, &mut Shared::new(world.clone()))
}

/// The outcome, with any cut.
fn ends(world: &World, tls: &Tls, server: &Server, url: &Url) -> Option<Outcome> {
    let prepared = try_prepare(world, tls.clone(), url.clone()).unwrap();
    let [whole, cut] = [usize::MAX, 1]
        .map(|piece| talk(&prepared, &mut server.connection(), ANSWER, piece).outcome().cloned());
    assert_eq!(whole, cut, "octet by octet");
    whole
}

fn tls_failure(outcome: Option<Outcome>) -> String {
    match outcome {
        Some(Outcome::Fail(Failure::Tls(text))) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn any_certificate_will_do() {
    let server = Server::new(Authority::new().sign("somebody.else", 2021));
    assert_eq!(ends(&World::default(), &tls(Certificates::Any), &server, &url()), Some(PASS));
    assert_eq!(ends(&World::default(), &tls(Certificates::Any), &server, &named()), Some(PASS));
}

#[test]
fn a_good_certificate_is_verified() {
    let authority = Authority::new();
    let world = World::default().with("ca.pem", &authority.pem);
    for name in ["a.example", "127.0.0.1"] {
        let server = Server::new(authority.sign(name, 2030));
        let url = if name == "a.example" { named() } else { url() };
        assert_eq!(ends(&world, &verified(), &server, &url), Some(PASS), "{name}");
    }
}

#[test]
fn a_bad_certificate_is_refused() {
    let authority = Authority::new();
    let world = World::default().with("ca.pem", &authority.pem);
    let text = |certificate| tls_failure(ends(&world, &verified(), &Server::new(certificate), &named()));
    let expired = text(authority.sign("a.example", 2029));
    assert!(expired.contains("expired"), "{expired}");
    let wrong_name = text(authority.sign("b.example", 2031));
    assert!(wrong_name.contains("not valid for"), "{wrong_name}");
    let unknown = text(Authority::named("another").sign("a.example", 2031));
    assert!(unknown.contains("UnknownIssuer"), "{unknown}");
}

/// A certificate that is its own authority, as `openssl req -x509` makes it, and the outcome.
fn self_signed(name: &str, first_year: i32, last_year: i32, is_ca: bool) -> Option<Outcome> {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(first_year, 1, 1);
    params.not_after = rcgen::date_time_ymd(last_year, 12, 31);
    if is_ca {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    }
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let others = Authority::new().pem;
    let world = World::default().with("ca.pem", [others, pem.clone()].concat());
    ends(&world, &verified(), &Server::new((pem, key.serialize_pem())), &named())
}

#[test]
fn a_certificate_that_is_its_own_authority_is_verified_by_name_and_dates() {
    for is_ca in [true, false] {
        assert_eq!(self_signed("a.example", 2020, 2030, is_ca), Some(PASS));
        let wrong_name = tls_failure(self_signed("b.example", 2020, 2030, is_ca));
        assert!(wrong_name.contains("not valid for"), "{wrong_name}");
        let expired = tls_failure(self_signed("a.example", 2020, 2029, is_ca));
        assert!(expired.contains("expired"), "{expired}");
        let early = tls_failure(self_signed("a.example", 2031, 2033, is_ca));
        assert!(early.contains("not valid yet"), "{early}");
    }
}

#[test]
fn a_server_without_the_key_of_its_pinned_certificate_is_refused() {
    let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
    params.not_before = rcgen::date_time_ymd(2020, 1, 1);
    params.not_after = rcgen::date_time_ymd(2030, 12, 31);
    let pem = params.self_signed(&KeyPair::generate().unwrap()).unwrap().pem();
    let world = World::default().with("ca.pem", &pem);
    let provider = rustls::crypto::ring::default_provider();
    let key = PrivateKeyDer::from_pem_slice(KeyPair::generate().unwrap().serialize_pem().as_bytes()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()];
    let stolen = rustls::sign::CertifiedKey::new(chain, provider.key_provider.load_private_key(key).unwrap());
    let config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(stolen)));
    let mut server = ServerConnection::new(Arc::new(config)).unwrap();
    let prepared = try_prepare(&world, verified(), named()).unwrap();
    let failure = tls_failure(talk(&prepared, &mut server, ANSWER, usize::MAX).outcome().cloned());
    assert!(failure.contains("BadSignature"), "{failure}");
}

#[test]
fn a_certificate_that_ends_soon_is_noted() {
    let authority = Authority::new();
    let world = World::default().with("ca.pem", &authority.pem);
    // It ends on 31 December, 364 days from now.
    let certificate = authority.sign("a.example", 2030);
    let notes = |expiry_warning| {
        let expired = Note::CertificateExpires(SystemTime::UNIX_EPOCH + TODAY + 364 * DAY);
        [verified(), Tls::default()].map(|tls| {
            let prepared = try_prepare(&world, Tls { expiry_warning, ..tls }, named()).unwrap();
            let dialogue = talk(&prepared, &mut Server::new(certificate.clone()).connection(), ANSWER, 99);
            assert_eq!(dialogue.outcome(), Some(&PASS));
            dialogue.notes() == [expired.clone()]
        })
    };
    assert_eq!(notes(363 * DAY), [false, false]);
    assert_eq!(notes(365 * DAY), [true, true], "whether or not it is verified");
}

#[test]
fn a_certificate_that_ends_soon_weighs_until_it_is_renewed() {
    let authority = Authority::new();
    let world = World::default().with("ca.pem", &authority.pem);
    let outcome = |days: u32, percent, answer| {
        let expiry_weight = Some(ExpiryWeight { within: days * DAY, percent });
        let prepared = try_prepare(&world, Tls { expiry_weight, ..verified() }, named()).unwrap();
        let mut server = Server::new(authority.sign("a.example", 2030)).connection();
        talk(&prepared, &mut server, answer, 99).outcome().cloned().unwrap()
    };
    assert_eq!(outcome(365, 25, ANSWER), Outcome::Pass(WeightUpdate::Percent(25)));
    assert_eq!(outcome(363, 25, ANSWER), Outcome::Pass(WeightUpdate::Configured));
    let bad = b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(outcome(365, 25, bad), Outcome::Fail(Failure::Status(500)), "it is down all the same");
}

#[test]
fn both_versions_are_spoken_and_others_refused() {
    let (old, new): ([&'static SupportedProtocolVersion; 1], _) = ([&version::TLS12], [&version::TLS13]);
    for (server_has, min_version, max_version, passes) in [
        (old, TlsVersion::Tls12, TlsVersion::Tls13, true),
        (new, TlsVersion::Tls12, TlsVersion::Tls13, true),
        (old, TlsVersion::Tls13, TlsVersion::Tls13, false),
        (new, TlsVersion::Tls12, TlsVersion::Tls12, false),
    ] {
        let mut server = Server::new(Authority::new().sign("a.example", 2031));
        server.versions = server_has.to_vec();
        let tls = Tls { min_version, max_version, ..tls(Certificates::Any) };
        let outcome = ends(&World::default(), &tls, &server, &url());
        if passes {
            assert_eq!(outcome, Some(PASS));
        } else {
            let text = tls_failure(outcome);
            assert!(text.contains("ProtocolVersion") || text.contains("HandshakeFailure"), "{text}");
        }
    }
}

#[test]
fn no_version_at_all_is_refused_early() {
    let none =
        Tls { min_version: TlsVersion::Tls13, max_version: TlsVersion::Tls12, ..tls(Certificates::Any) };
    assert!(matches!(try_prepare(&World::default(), none, url()), Err(PrepareError::Tls(_))));
}

#[test]
fn a_server_that_speaks_plain_text_fails() {
    let prepared = try_prepare(&World::default(), tls(Certificates::Any), url()).unwrap();
    for text in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"220 mail.example ESMTP\r\n"] {
        tls_failure(support::outcome(&prepared, text, &[]));
    }
}

#[test]
fn a_handshake_that_stops_fails_with_its_name() {
    let prepared = try_prepare(&World::default(), tls(Certificates::Any), url()).unwrap();
    let (mut dialogue, now) = support::connected(&prepared);
    dialogue.handle_timeout(now + Duration::from_secs(5));
    assert_eq!(dialogue.outcome(), Some(&Outcome::Fail(Failure::Silent("TLS handshake"))));
    let closed = support::outcome(&prepared, b"\x16\x03\x03", &[support::Step::Closes]);
    assert_eq!(closed, Some(Outcome::Fail(Failure::Closed("TLS handshake"))));
}

#[test]
fn the_name_is_sent_if_there_is_one() {
    let server = Server::new(Authority::new().sign("a.example", 2031));
    let name = |server_name: Option<&str>| {
        let url = Url { server_name: server_name.map(str::to_owned), ..url() };
        let prepared = try_prepare(&World::default(), tls(Certificates::Any), url).unwrap();
        let mut connection = server.connection();
        assert_eq!(talk(&prepared, &mut connection, ANSWER, 999).outcome(), Some(&PASS));
        connection.server_name().map(str::to_owned)
    };
    assert_eq!(name(Some("a.example")).as_deref(), Some("a.example"));
    assert_eq!(name(Some("a.example:8443")).as_deref(), Some("a.example"), "as written in Host");
    assert_eq!(name(None), None);
    assert_eq!(name(Some("192.0.2.1")), None, "an address is no name");
    let url = Url { server_name: Some("a b".to_owned()), ..url() };
    assert!(try_prepare(&World::default(), tls(Certificates::Any), url).is_err());
}

#[test]
fn a_client_may_have_a_certificate_too() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("client.example", 4000);
    let world =
        World::default().with("client.pem", certificate).with("client.key", key).with("empty.pem", "");
    let mut server = Server::new(authority.sign("a.example", 2031));
    server.clients = Some(authority.pem.clone());
    let with = |certificate: &str, key: &str| {
        let client = ClientCertificate { certificate: certificate.into(), key: key.into() };
        Tls { client: Some(client), ..tls(Certificates::Any) }
    };
    assert_eq!(ends(&world, &with("client.pem", "client.key"), &server, &url()), Some(PASS));
    let text = tls_failure(ends(&world, &tls(Certificates::Any), &server, &url()));
    assert!(text.contains("CertificateRequired"), "{text}");
    for (certificate, key) in
        [("none.pem", "client.key"), ("client.pem", "empty.pem"), ("empty.pem", "client.key")]
    {
        let refused = try_prepare(&world, with(certificate, key), url()).unwrap_err();
        assert!(matches!(refused, PrepareError::File { .. }), "{refused}");
    }
}

#[test]
fn an_encrypted_key_is_reported() {
    for key in [
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n\
         -----END RSA PRIVATE KEY-----\n",
    ] {
        let (certificate, _) = Authority::new().sign("client", 2031);
        let world = World::default().with("client.pem", &certificate).with("client.key", key);
        let client = ClientCertificate { certificate: "client.pem".into(), key: "client.key".into() };
        let tls = Tls { client: Some(client), ..tls(Certificates::Any) };
        let refused = try_prepare(&world, tls, url()).unwrap_err().to_string();
        assert!(refused.starts_with("client.key: the key is encrypted"), "{refused}");
    }
}

#[test]
fn authorities_that_cannot_be_read_are_refused() {
    for world in [
        World::default(),
        World::default().with("ca.pem", ""),
        World::default().with("ca.pem", "-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----\n"),
        World::default().with("ca.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        let refused = try_prepare(&world, verified(), named()).unwrap_err();
        assert!(
            matches!(&refused, PrepareError::File { path, .. } if path == Path::new("ca.pem")),
            "{refused}"
        );
    }
}

#[test]
fn priority_0_is_sent_if_wanted() {
    let server = Server::new(Authority::new().sign("a.example", 2031));
    for tls_compliant in [false, true] {
        let url = Url { tls_compliant, ..url() };
        let prepared = try_prepare(&World::default(), tls(Certificates::Any), url).unwrap();
        let mut connection = server.connection();
        let dialogue = talk(&prepared, &mut connection, ANSWER, 999);
        assert_eq!(dialogue.outcome(), Some(&PASS));
        let state = connection.process_new_packets().unwrap();
        assert_eq!(state.peer_has_closed(), tls_compliant);
    }
}

#[test]
fn a_body_may_end_with_either_kind_of_close() {
    let server = Server::new(Authority::new().sign("a.example", 2031));
    let url = Url { body: Some(b"not here".to_vec()), ..url() };
    let prepared = try_prepare(&World::default(), tls(Certificates::Any), url).unwrap();
    let missing = Outcome::Fail(Failure::Body);

    let mut dialogue = talk(&prepared, &mut server.connection(), ANSWER, 999);
    assert_eq!(dialogue.outcome(), None);
    dialogue.handle_end(Instant::now());
    assert_eq!(dialogue.outcome(), Some(&missing));

    let mut connection = server.connection();
    let mut dialogue = talk(&prepared, &mut connection, ANSWER, 999);
    connection.send_close_notify();
    let mut said = Vec::new();
    connection.write_tls(&mut said).unwrap();
    dialogue.handle_input(Instant::now(), &said);
    assert_eq!(dialogue.outcome(), Some(&missing));
}

#[test]
fn http_2_must_be_agreed_upon() {
    let mut server = Server::new(Authority::new().sign("a.example", 2031));
    let mut http = http(url());
    http.version = HttpVersion::Http2;
    http.tls = Some(tls(Certificates::Any));
    let network = Network { target: target(), protocol: Protocol::Http(http.into()) };
    let prepared = Prepared::new(&network, &mut Shared::default()).unwrap();
    // SETTINGS, then HEADERS with `:status: 200`.
    let answer = b"\0\0\0\x04\0\0\0\0\0\0\0\x01\x01\x05\0\0\0\x01\x88";
    let dialogue = talk(&prepared, &mut server.connection(), answer, 999);
    let text = tls_failure(dialogue.outcome().cloned());
    assert!(text.contains("ALPN"), "{text}");
    server.alpn = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let dialogue = talk(&prepared, &mut server.connection(), answer, 999);
    assert_eq!(dialogue.outcome(), Some(&PASS));
}

#[test]
fn damage_is_noticed_and_does_no_harm() {
    let server = Server::new(Authority::new().sign("a.example", 2031));
    let prepared = try_prepare(&World::default(), tls(Certificates::Any), url()).unwrap();
    for place in (0..600).step_by(13) {
        let now = Instant::now();
        let mut dialogue = prepared.begin(now, 0, 0);
        dialogue.handle_connected(now);
        let mut connection = server.connection();
        let mut rest = dialogue.output();
        while !rest.is_empty() {
            connection.read_tls(&mut rest).unwrap();
        }
        connection.process_new_packets().unwrap();
        let mut said = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut said).unwrap();
        }
        said[place] ^= 0x55;
        dialogue.handle_input(now, &said);
        assert_ne!(dialogue.outcome(), Some(&PASS), "octet {place}");
    }
}
