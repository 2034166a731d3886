//! Mail and FIFOs.

use super::*;

#[test]
fn the_nearest_word_decides_who_is_mailed() {
    let mails = |global: &str, server: &str, real: &str, instance: &str| {
        let loaded = load_str(&format!(
            "global_defs {{\n{global}\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 7\n{instance}\n\
             virtual_ipaddress {{\n192.0.2.1\n}}\n}}\nvirtual_server 192.0.2.1 80 {{\n{SERVICE}{server}\n\
             real_server 192.0.2.11 80 {{\n{real}\n}}\n}}\n"
        ));
        (loaded.config.instances[0].smtp_alert, only(&loaded).smtp_alert, crate::real(&loaded).smtp_alert)
    };
    assert_eq!(mails("", "", "", ""), (false, false, true));
    assert_eq!(mails("smtp_alert", "", "", ""), (true, true, true));
    assert_eq!(mails("smtp_alert\nsmtp_alert_checker off", "", "", ""), (true, false, false));
    assert_eq!(mails("smtp_alert_vrrp", "", "", ""), (true, false, true));
    assert_eq!(mails("smtp_alert off", "smtp_alert", "", "smtp_alert on"), (true, true, false));
    assert_eq!(
        mails("smtp_alert", "smtp_alert off", "smtp_alert off", "smtp_alert off"),
        (false, false, false)
    );
}

#[test]
fn mail_is_told_where_to_go() {
    let mail = |lines: &str| load_str(&format!("global_defs {{\n{lines}\n}}\n")).config.global.mail;
    let plain = mail(
        "notification_email {\na@example.com\nBob B <b@example.com>\na@example.com\n}\nsmtp_server mail.example.com",
    );
    assert_eq!(plain.recipients, ["a@example.com", "Bob B <b@example.com>"]);
    let server = plain.server.expect("a server");
    assert_eq!(
        (&*server.host, server.port, plain.timeout, plain.tls),
        ("mail.example.com", 25, seconds(30), MailTls::Off)
    );
    let port = |lines: &str| mail(lines).server.expect("a server").port;
    assert_eq!(port("smtp_server m 2525\nsmtp_tls on"), 2525);
    assert_eq!(port("smtp_server m\nsmtp_tls on"), 465);
    assert_eq!(port("smtp_server m\nsmtp_tls starttls"), 25);
    assert_eq!(mail("smtp_connect_timeout 0").timeout, seconds(1));
    assert_eq!(mail("smtp_server m 99999").server, None);
}

#[test]
fn a_fifo_and_its_script_may_stand_in_either_order() {
    let lines = "notify_fifo /run/all root\nlvs_notify_fifo_script /bin/r\nlvs_notify_fifo /run/lvs\n\
                 vrrp_notify_fifo /run/vrrp";
    let fifos = load_str(&format!("global_defs {{\n{lines}\n}}\n")).config.global.fifos;
    let found: Vec<_> = fifos.iter().map(|fifo| (fifo.path.to_str().unwrap(), fifo.lines)).collect();
    assert_eq!(found, [("/run/vrrp", Lines::Vrrp), ("/run/lvs", Lines::Lvs), ("/run/all", Lines::All)]);
    assert!(fifos[1].script.is_some() && fifos[2].owner.is_some());
}
