//! The whole daemon: a virtual router changes its state, and a mail server hears of it.

use std::net::TcpListener;
use std::time::Duration;

use crate::common::conf::{Instance, V3_CALM, text};
use crate::common::hosts::KEEPALIVED;
use crate::common::hosts::Maker::{self, Keepalived, Vipd};
use crate::common::lan::Lan;
use crate::common::{eventually, lab_test};
use crate::server::{Answer, MailServer, Manners};

const SOON: Duration = Duration::from_secs(10);

fn configuration(more: &str) -> String {
    let instance = Instance::new(V3_CALM, 150).with("    smtp_alert");
    let globals = format!(
        "global_defs {{\n    notification_email {{\n        a@example.org\n    }}\n    \
         notification_email_from k@example.org\n    smtp_server 127.0.0.1\n    {more}\n}}\n"
    );
    globals + &text(&[instance])
}

fn lan(maker: Maker) -> Lan {
    Lan::new(V3_CALM, &[maker], &[100])
}

/// A mail server on the router itself.
fn mail_server(lan: &Lan, manners: Manners) -> MailServer {
    let listener = lan.routers[0].host.run(|| TcpListener::bind("127.0.0.1:25")).unwrap().unwrap();
    MailServer::serve(listener, manners)
}

fn mails(server: &MailServer) -> usize {
    server.heard().iter().filter(|line| *line == "QUIT").count()
}

/// Lines that a mail server receives while a router becomes BACKUP and MASTER, without the dates.
fn heard_from(maker: Maker) -> Vec<String> {
    let mut lan = lan(maker);
    let server = mail_server(&lan, Manners::default());
    // By default it is the host's full name, which keepalived looks up.
    lan.routers[0].start(&configuration("smtp_helo_name router.example.org"));
    lan.expect_holder(lan.vip(100), 0, SOON);
    eventually("two mails", SOON, || mails(&server) == 2);
    let heard = server.heard();
    heard.into_iter().map(|line| if line.starts_with("Date: ") { "Date:".to_owned() } else { line }).collect()
}

#[test]
fn becoming_master_is_mailed_in_keepalived_s_octets() {
    lab_test("daemon::becoming_master_is_mailed_in_keepalived_s_octets", &[KEEPALIVED], || {
        let ours = heard_from(Vipd);
        assert_eq!(ours.len(), 2 * 14, "{ours:#?}");
        assert!(ours.contains(&"Subject: [lab] VRRP Instance VI_1 - Entering MASTER state".to_owned()));
        assert_eq!(ours, heard_from(Keepalived));
    });
}

#[test]
fn a_mail_waits_for_a_server_that_is_down() {
    lab_test("daemon::a_mail_waits_for_a_server_that_is_down", &[], || {
        let mut lan = lan(Vipd);
        let router = &mut lan.routers[0];
        router.start(&configuration(""));
        let down = "SMTP alert not sent: server 127.0.0.1:25: no connection: 127.0.0.1: Connection refused";
        router.expect_log(down, SOON);
        lan.expect_holder(lan.vip(100), 0, SOON);
        let server = mail_server(&lan, Manners::default());
        eventually("both mails", SOON, || mails(&server) == 2);
        let states: Vec<_> = server
            .heard()
            .into_iter()
            .filter_map(|line| Some(line.split_once("Entering ")?.1.to_owned()))
            .collect();
        assert_eq!(states, ["BACKUP state", "MASTER state"]);
        lan.routers[0].expect_log("SMTP alert successfully sent to a@example.org through 127.0.0.1:25", SOON);
    });
}

#[test]
fn a_reload_sends_waiting_mails_at_once_through_the_new_server() {
    lab_test("daemon::a_reload_sends_waiting_mails_at_once_through_the_new_server", &[], || {
        let mut lan = lan(Vipd);
        let server = mail_server(&lan, Manners::default());
        let router = &mut lan.routers[0];
        router.start(&configuration("").replace("127.0.0.1", "127.0.0.1 26"));
        router.expect_log("SMTP alert not sent: server 127.0.0.1:26: no connection", SOON);
        router.configure(&configuration(""));
        router.signal(nix::sys::signal::Signal::SIGHUP);
        eventually("the mails", Duration::from_secs(3), || mails(&server) >= 1);
    });
}

#[test]
fn a_mailer_that_is_killed_is_replaced_and_its_mail_stays() {
    lab_test("daemon::a_mailer_that_is_killed_is_replaced_and_its_mail_stays", &[], || {
        let mut lan = lan(Vipd);
        let server = mail_server(&lan, Manners { answer: slow_once(), ..Manners::default() });
        let router = &mut lan.routers[0];
        router.start(&configuration(""));
        eventually("it hangs", SOON, || server.heard().iter().any(|line| line.starts_with("HELO")));
        assert_eq!(router.shell("pkill -9 -x vipd_mail && echo killed"), "killed");
        router.expect_log("the mailer process exited due to signal 9", SOON);
        lan.expect_holder(lan.vip(100), 0, SOON);
        eventually("the mails", SOON, || mails(&server) == 2);
    });
}

#[test]
fn a_stop_does_not_wait_long_for_mail_and_reports_lost_mails() {
    lab_test("daemon::a_stop_does_not_wait_long_for_mail_and_reports_lost_mails", &[], || {
        let mut lan = lan(Vipd);
        // It takes connections, and nobody ever answers.
        let _listener = lan.routers[0].host.run(|| TcpListener::bind("127.0.0.1:25")).unwrap().unwrap();
        lan.routers[0].start(&configuration(""));
        lan.expect_holder(lan.vip(100), 0, SOON);
        let (status, time) = lan.routers[0].stop();
        assert!(status.success() && time < Duration::from_secs(4), "{status} after {time:?}");
        let lost = |state| {
            format!(
                "SMTP alert lost for a@example.org: the daemon stops ([lab] VRRP Instance VI_1 - Entering {state} state)"
            )
        };
        for state in ["BACKUP", "MASTER"] {
            assert_eq!(lan.routers[0].log_count(&lost(state)), 1, "{state}");
        }
        assert_eq!(lan.routers[0].shell("pgrep -x vipd_mail"), "");
    });
}

/// The first greeting is answered after a long time only.
fn slow_once() -> Answer {
    use std::sync::atomic::{AtomicBool, Ordering};
    static SLOW: AtomicBool = AtomicBool::new(true);
    |line| {
        if line.starts_with("HELO") && SLOW.swap(false, Ordering::Relaxed) {
            std::thread::sleep(Duration::from_secs(30));
        }
        None
    }
}
