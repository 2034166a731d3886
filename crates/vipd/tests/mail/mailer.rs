//! The mailer process against servers of all kinds.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use smtp_submit::{DeliveryStatus, Failure, ServerReply, Step};
use vipd::mailer::{Delivery, Server};

use crate::process::{Mailer, deliver, to};
use crate::server::{MailServer, Manners};

fn patient_for(milliseconds: u64, delivery: Delivery) -> Delivery {
    let timeout = Duration::from_millis(milliseconds);
    Delivery { server: Server { timeout, ..delivery.server.clone() }, ..delivery }
}

/// A server whose every connection is given to `body`.
fn raw(body: fn(std::net::TcpStream)) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || body(stream));
        }
    });
    address
}

fn said(step: Step, reply: &str) -> ServerReply {
    ServerReply::new(step, reply)
}

#[test]
fn a_mail_is_delivered_by_a_process_of_user_nobody() {
    let server = MailServer::start(Manners::default());
    let mut mailer = Mailer::start();
    assert_eq!(
        mailer.deliver(to(server.address)),
        Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted])
    );
    assert_eq!(
        server.heard(),
        [
            "HELO lb1.example.org",
            "MAIL FROM:<k@example.org>",
            "RCPT TO:<a@example.org>",
            "RCPT TO:<b@example.org>",
            "DATA",
            "Subject: news",
            "",
            "..first",
            "last",
            ".",
            "QUIT"
        ]
    );
    assert_eq!(mailer.status("NoNewPrivs"), ["1"]);
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(mailer.status(set), ["0000000000000000"], "{set}");
    }
    // An ordinary user's mailer keeps its user.
    if nix::unistd::geteuid().is_root() {
        assert!(mailer.status("Uid").iter().all(|uid| uid != "0"));
        assert!(mailer.status("Groups").is_empty());
    }
    mailer.dismiss();
}

#[test]
fn one_mailer_delivers_many_mails() {
    let server = MailServer::start(Manners::default());
    let mut mailer = Mailer::start();
    for id in 0..20 {
        assert_eq!(
            mailer.deliver(Delivery { id, ..to(server.address) }),
            Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted])
        );
    }
    assert_eq!(server.heard().iter().filter(|line| *line == "QUIT").count(), 20);
    mailer.dismiss();
}

#[test]
fn a_server_that_is_down_is_named() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = Failure::Connect("127.0.0.1: Connection refused".to_owned());
    assert_eq!(deliver(to(free)), Err(refused));
}

#[test]
fn every_address_of_a_name_is_tried() {
    // `localhost` is ::1 first, where the system knows it.
    let server = MailServer::start(Manners::default());
    let mut delivery = to(server.address);
    delivery.server.host = "localhost".to_owned();
    assert_eq!(deliver(delivery), Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted]));
}

#[test]
fn an_unknown_name_is_reported() {
    let mut delivery = to(([127, 0, 0, 1], 25).into());
    delivery.server.host = "no such name".to_owned();
    assert!(matches!(deliver(delivery), Err(Failure::Lookup(_))));
}

#[test]
fn a_silent_server_costs_one_timeout() {
    let silent = raw(|stream| {
        std::thread::sleep(Duration::from_secs(20));
        drop(stream);
    });
    let start = Instant::now();
    assert_eq!(deliver(patient_for(300, to(silent))), Err(Failure::Silent(Step::Banner)));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_server_that_trickles_costs_one_timeout_too() {
    let trickling = raw(|mut stream| {
        while stream.write_all(b"2").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let start = Instant::now();
    let outcome = deliver(patient_for(300, to(trickling)));
    assert_eq!(outcome, Err(Failure::Silent(Step::Banner)));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn a_whole_delivery_has_a_limit() {
    // Each answer in time, and no end of them.
    let talkative = raw(|mut stream| {
        while stream.write_all(b"220-wait\r\n").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let delivery = Delivery { limit: Duration::from_millis(500), ..to(talkative) };
    let start = Instant::now();
    assert_eq!(deliver(delivery), Err(Failure::Local("the delivery takes too long".to_owned())));
    assert!(start.elapsed() < Duration::from_secs(5));
}

#[test]
fn noise_is_no_server() {
    let endless = raw(|mut stream| while stream.write_all(&[b'x'; 4096]).is_ok() {});
    assert!(matches!(deliver(to(endless)), Err(Failure::NotSmtp(Step::Banner, _))));
    let gone = raw(|mut stream| drop(stream.write_all(b"220 mx\r\n")));
    assert!(matches!(deliver(to(gone)), Err(Failure::Closed(Step::Hello) | Failure::Io(Step::Hello, _))));
}

#[test]
fn a_refusal_is_reported_with_the_server_s_words() {
    let server = MailServer::start(Manners { banner: "554 go away", ..Manners::default() });
    assert_eq!(deliver(to(server.address)), Err(Failure::Refused(said(Step::Banner, "554 go away"))));

    let answer = |line: &str| line.contains("<a@").then_some("450 4.2.0 greylisted");
    let server = MailServer::start(Manners { answer, ..Manners::default() });
    let later = DeliveryStatus::Deferred(said(Step::Recipient, "450 4.2.0 greylisted"));
    assert_eq!(deliver(to(server.address)), Ok(vec![later, DeliveryStatus::Accepted]));
}
