//! Checks of real servers on loopback: nginx and HAProxy, driven by the blocking driver.
//!
//! Certificates are made by rcgen, and one of version 1 by openssl. A server that is not installed is skipped, aloud.

#![allow(clippy::panic, clippy::unwrap_used, reason = "tests")]
#![cfg(all(feature = "blocking", feature = "tls"))]

mod support;

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use lvs_health::blocking::{System, attempt};
use lvs_health::{
    Certificates, DigestMd5, Failure, Grpc, Http, HttpMethod, HttpVersion, Network, Note, Outcome, Prepared,
    Protocol, ProxyHeader, Shared, StatusCodes, Target, Tls, TlsVersion, Url,
};
use rcgen::{CertificateParams, Issuer, KeyPair};
use support::{PASS, http, url};

/// A server with its folder; both go away with this.
struct Server {
    child: Child,
    folder: PathBuf,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Runs a server with a configuration file until it listens on `port`.
fn start(name: &str, folder: &Path, arguments: &[&str], port: u16) -> Option<Server> {
    let log = fs::File::create(folder.join("log")).unwrap();
    let started = Command::new(name)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn();
    let Ok(child) = started else {
        println!("SKIPPED {name} is not installed");
        let _ = fs::remove_dir_all(folder);
        return None;
    };
    let mut server = Server { child, folder: folder.to_owned() };
    let give_up = Instant::now() + Duration::from_secs(10);
    while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
        let log = || fs::read_to_string(folder.join("log")).unwrap_or_default();
        assert!(server.child.try_wait().unwrap().is_none(), "{name} ended: {}", log());
        assert!(Instant::now() < give_up, "{name} does not listen: {}", log());
        std::thread::yield_now();
    }
    Some(server)
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("lvs-health-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// Ports that were free a moment ago.
fn ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// An authority, and a certificate for `a.example` that is good, and one that is not any more.
fn write_certificates(folder: &Path) {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    fs::write(folder.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
    let issuer = Issuer::new(params, key);
    for (file, last_year) in [("good", 2999), ("expired", 2021)] {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        fs::write(folder.join(format!("{file}.pem")), params.signed_by(&key, &issuer).unwrap().pem())
            .unwrap();
        fs::write(folder.join(format!("{file}.key")), key.serialize_pem()).unwrap();
        let both =
            [".pem", ".key"].map(|end| fs::read_to_string(folder.join(format!("{file}{end}"))).unwrap());
        fs::write(folder.join(format!("{file}.both")), both.concat()).unwrap();
    }
}

fn run(port: u16, protocol: Protocol) -> (Outcome, Vec<Note>) {
    run_behind_proxy(port, protocol, None)
}

fn run_behind_proxy(
    port: u16,
    protocol: Protocol,
    proxy_header: Option<ProxyHeader>,
) -> (Outcome, Vec<Note>) {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let target = Target { proxy_header, ..Target::new(address, Duration::from_secs(5)) };
    let prepared = Prepared::new(&Network { target, protocol }, &mut Shared::new(System)).unwrap();
    let attempt = attempt(&prepared, 0, 0).unwrap();
    (attempt.outcome, attempt.notes)
}

fn outcome(port: u16, http: Http) -> Outcome {
    run(port, Protocol::Http(http.into())).0
}

fn page(path: &str, digest: Option<&str>) -> Url {
    let digest = digest.map(|hex| DigestMd5(u128::from_str_radix(hex, 16).unwrap().to_be_bytes()));
    Url { path: path.to_owned(), server_name: Some("a.example".to_owned()), digest, ..url() }
}

fn tls(certificates: Certificates) -> Tls {
    Tls { certificates, ..Tls::default() }
}

fn verified(folder: &Path) -> Tls {
    Tls { expiry_warning: Duration::from_secs(86_400), ..Tls::verified(folder.join("ca.pem")) }
}

fn assert_tls_fails(outcome: &Outcome, words: &str) {
    assert!(matches!(outcome, Outcome::Fail(Failure::Tls(text)) if text.contains(words)), "{outcome:?}");
}

/// `md5sum` of 300,000 times `x`.
const LARGE: &str = "d408ed46ebcc326f9e7c6bb9c77af1cd";

/// Pages of nginx that lead to others.
const REDIRECTS: &str = "
                location = /moved { return 302 /ok; }
                location = /there { return 307 http://a.example/moved; }
                location = /port { return 302 http://a.example:81/ok; }
                location = /circle { return 301 /circle?again; }
                location = /away { return 302 https://a.example/ok; }";

/// Follows redirects of nginx at this port.
fn expect_redirects(port: u16) {
    let following = |path: &str, follow_redirects| {
        outcome(port, http(Url { follow_redirects, body: Some(b"ok".to_vec()), ..page(path, None) }))
    };
    assert_eq!(following("/moved", 0), Outcome::Fail(Failure::Status(302)));
    assert_eq!(following("/moved", 1), PASS);
    assert_eq!(following("/there", 2), PASS, "one redirect leads to the other");
    // nginx names itself with its port, which is not in `host`.
    for (path, why) in
        [("/circle", "too many of them"), ("/away", "another scheme"), ("/port", "another host")]
    {
        let outcome = following(path, 2);
        assert!(
            matches!(&outcome, Outcome::Fail(Failure::Redirect { why: it, .. }) if *it == why),
            "{outcome:?}"
        );
    }
}

#[test]
fn nginx_is_healthy() {
    let folder = folder("nginx");
    write_certificates(&folder);
    fs::create_dir_all(folder.join("html")).unwrap();
    fs::write(folder.join("html/ok"), "ok").unwrap();
    fs::write(folder.join("html/large"), "x".repeat(300_000)).unwrap();
    let [plain, good, expired, old, h2c, proxied] = ports();
    let dir = folder.display();
    let config = format!(
        "daemon off; master_process off; error_log stderr; pid {dir}/pid;
        events {{ }}
        http {{
            access_log off; root {dir}/html; server_tokens off;
            client_body_temp_path {dir}/a; proxy_temp_path {dir}/b; fastcgi_temp_path {dir}/c;
            uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;
            server {{
                listen 127.0.0.1:{plain};
                location = /gone {{ return 410; }}
                {REDIRECTS}
                location = /chunked {{ ssi on; ssi_types *; alias {dir}/html/ok; }}
            }}
            server {{ listen 127.0.0.1:{good} ssl http2; ssl_certificate {dir}/good.pem; ssl_certificate_key {dir}/good.key; }}
            server {{ listen 127.0.0.1:{expired} ssl; ssl_certificate {dir}/expired.pem; ssl_certificate_key {dir}/expired.key; }}
            server {{ listen 127.0.0.1:{old} ssl; ssl_protocols TLSv1.2; ssl_certificate {dir}/good.pem; ssl_certificate_key {dir}/good.key; }}
            server {{ listen 127.0.0.1:{h2c} http2; location = /gone {{ return 410; }} }}
            server {{
                listen 127.0.0.1:{proxied} ssl proxy_protocol;
                ssl_certificate {dir}/good.pem; ssl_certificate_key {dir}/good.key;
                location = /posted {{
                    if ($request_method = POST) {{ set $asked \"post $content_length\"; }}
                    if ($request_method = PUT) {{ set $asked \"put $content_length\"; }}
                    if ($asked = \"post 7\") {{ return 207; }}
                    if ($asked = \"put 0\") {{ return 202; }}
                    return 400;
                }}
            }}
        }}"
    );
    fs::write(folder.join("nginx.conf"), config).unwrap();
    let path = folder.join("nginx.conf");
    let Some(_server) =
        start("nginx", &folder, &["-c", path.to_str().unwrap(), "-p", folder.to_str().unwrap()], plain)
    else {
        return;
    };
    let ok = page("/ok", Some("444bcb3a3fcf8389296c49467f27e1d6"));

    for version in [HttpVersion::Http10, HttpVersion::Http10Close, HttpVersion::Http11] {
        assert_eq!(outcome(plain, Http { version, ..http(ok.clone()) }), PASS, "{version:?}");
    }
    let headers = vec![("Connection".to_owned(), "keep-alive".to_owned())];
    assert_eq!(outcome(plain, Http { headers, ..http(ok.clone()) }), PASS, "nginx keeps the connection");
    assert_eq!(outcome(plain, http(page("/large", Some(LARGE)))), PASS);
    assert_eq!(outcome(plain, http(page("/chunked", Some("444bcb3a3fcf8389296c49467f27e1d6")))), PASS);
    assert_eq!(outcome(plain, http(page("/gone", None))), Outcome::Fail(Failure::Status(410)));
    assert_eq!(outcome(plain, http(page("/none", None))), Outcome::Fail(Failure::Status(404)));

    expect_redirects(plain);

    let head = |port: u16, version| {
        let url = Url { method: HttpMethod::Head, ..page("/large", None) };
        outcome(port, Http { version, ..http(url) })
    };
    assert_eq!(head(plain, HttpVersion::Http11), PASS);
    assert_eq!(head(h2c, HttpVersion::Http2), PASS);

    for header in [ProxyHeader::V1, ProxyHeader::V2] {
        let whole = |method, content: Option<&str>, status| {
            let request_body = content.map(|content| content.as_bytes().into());
            let status = StatusCodes::from_ranges([(status, status)]);
            let url = Url { method, request_body, status, ..page("/posted", None) };
            let http = Http { tls: Some(tls(Certificates::Any)), ..http(url) };
            run_behind_proxy(proxied, Protocol::Http(http.into()), Some(header)).0
        };
        assert_eq!(whole(HttpMethod::Post, Some("seven\r\n"), 207), PASS, "{header:?}");
        assert_eq!(whole(HttpMethod::Put, None, 202), PASS, "{header:?}");
        assert_eq!(whole(HttpMethod::Get, None, 400), PASS, "{header:?}");
    }
    let bare = Http { tls: Some(tls(Certificates::Any)), ..http(page("/posted", None)) };
    assert_ne!(outcome(proxied, bare), Outcome::Fail(Failure::Status(400)), "it takes no other connection");

    let with = |tls: Tls| Http { tls: Some(tls), ..http(ok.clone()) };
    assert_eq!(run(good, Protocol::Http(with(verified(&folder)).into())), (PASS, Vec::new()));
    assert_eq!(outcome(old, with(verified(&folder))), PASS, "TLS 1.2");
    assert_eq!(outcome(expired, with(tls(Certificates::Any))), PASS);
    assert_tls_fails(&outcome(expired, with(verified(&folder))), "expired");
    let other_name = Url { server_name: Some("b.example".to_owned()), ..ok.clone() };
    assert_tls_fails(
        &outcome(good, Http { urls: vec![other_name], ..with(verified(&folder)) }),
        "not valid for",
    );
    let newest = Tls { min_version: TlsVersion::Tls13, ..verified(&folder) };
    assert_tls_fails(&outcome(old, with(newest)), "ProtocolVersion");
    assert_tls_fails(&outcome(plain, with(verified(&folder))), "corrupt message");

    let h2 = |path: &str, digest| Http { version: HttpVersion::Http2, ..http(page(path, digest)) };
    let h2s = |http: Http| Http { tls: Some(verified(&folder)), ..http };
    assert_eq!(outcome(good, h2s(h2("/ok", Some("444bcb3a3fcf8389296c49467f27e1d6")))), PASS);
    assert_eq!(outcome(good, h2s(h2("/large", Some(LARGE)))), PASS, "the window is opened again and again");
    assert_eq!(outcome(good, h2s(h2("/none", None))), Outcome::Fail(Failure::Status(404)));
    assert_eq!(outcome(h2c, h2("/ok", None)), PASS);
    assert_eq!(outcome(h2c, h2("/gone", None)), Outcome::Fail(Failure::Status(410)));
    assert_eq!(outcome(plain, h2("/ok", None)), Outcome::Fail(Failure::Malformed("not HTTP/2")));
    assert_tls_fails(&outcome(old, h2s(h2("/ok", None))), "NoApplicationProtocol");
}

#[test]
fn haproxy_is_healthy() {
    let folder = folder("haproxy");
    write_certificates(&folder);
    let [plain, secure, h2c] = ports();
    let dir = folder.display();
    let config = format!(
        "global
            maxconn 100
        defaults
            mode http
            timeout client 5s
            timeout server 5s
            timeout connect 5s
        frontend all
            bind 127.0.0.1:{plain}
            bind 127.0.0.1:{secure} ssl crt {dir}/good.both alpn h2,http/1.1
            bind 127.0.0.1:{h2c} proto h2
            http-request return status 200 content-type text/plain string ok if {{ path /ok }}
            http-request return status 200 content-type application/grpc hdr grpc-status 12 if {{ path_beg /grpc.health }}
            http-request return status 503\n"
    );
    fs::write(folder.join("haproxy.cfg"), config).unwrap();
    let path = folder.join("haproxy.cfg");
    let Some(_server) = start("haproxy", &folder, &["-db", "-f", path.to_str().unwrap()], plain) else {
        return;
    };

    let ok = page("/ok", Some("444bcb3a3fcf8389296c49467f27e1d6"));
    let h2 = Http { version: HttpVersion::Http2, ..http(ok.clone()) };
    assert_eq!(outcome(plain, http(ok.clone())), PASS);
    assert_eq!(outcome(plain, http(page("/", None))), Outcome::Fail(Failure::Status(503)));
    assert_eq!(outcome(secure, Http { tls: Some(verified(&folder)), ..http(ok) }), PASS);
    assert_eq!(outcome(secure, Http { tls: Some(verified(&folder)), ..h2.clone() }), PASS);
    assert_eq!(outcome(h2c, h2), PASS);
    for (port, tls) in [(h2c, None), (secure, Some(verified(&folder)))] {
        let server_name = Some("a.example".to_owned());
        let grpc = Grpc { service: String::new(), authority: "a.example".to_owned(), tls, server_name };
        assert_eq!(run(port, Protocol::Grpc(grpc.into())).0, Outcome::Fail(Failure::GrpcStatus(12)));
    }
}

/// `openssl x509 -req` without an extensions file makes certificates of version 1, which webpki does not read.
#[test]
fn a_certificate_of_version_1_will_do_unless_it_is_verified() {
    let folder = folder("openssl");
    let file = |name: &str| folder.join(name).display().to_string();
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl").args(arguments).stdin(Stdio::null()).output();
        output.is_ok_and(|output| output.status.success())
    };
    let subject = ["-subj", "/CN=a.example"];
    let request = ["req", "-newkey", "rsa:2048", "-nodes", "-keyout", &file("key"), "-out", &file("csr")];
    let sign =
        ["x509", "-req", "-in", &file("csr"), "-signkey", &file("key"), "-days", "9", "-out", &file("pem")];
    if !openssl(&[&request[..], &subject].concat()) || !openssl(&sign) {
        println!("SKIPPED openssl is not installed");
        return;
    }
    for version in ["-tls1_2", "-tls1_3"] {
        let [port] = ports();
        let port_text = port.to_string();
        let arguments =
            ["s_server", "-www", version, "-accept", &port_text, "-cert", &file("pem"), "-key", &file("key")];
        let server = start("openssl", &folder, &arguments, port).unwrap();
        let page = Url { body: Some(b"Ciphers supported".to_vec()), ..page("/", None) };
        assert_eq!(
            outcome(port, Http { tls: Some(tls(Certificates::Any)), ..http(page) }),
            PASS,
            "{version}"
        );
        // The folder is still needed.
        let mut server = std::mem::ManuallyDrop::new(server);
        server.child.kill().unwrap();
        server.child.wait().unwrap();
    }
    fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn nobody_listens() {
    // Bound, so that no server of another test gets it, but never listening.
    let silent = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    silent.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    let port = silent.local_addr().unwrap().as_socket().unwrap().port();
    let refused = Outcome::Fail(Failure::Io(std::io::ErrorKind::ConnectionRefused));
    assert_eq!(run(port, Protocol::Connect).0, refused);
    assert_eq!(outcome(port, http(url())), refused);
}
