//! A mail as bytes (RFC 5322): headers and a body of plain text.
//!
//! Every line ends with CR LF and is at most 998 bytes long without it. No text that comes in can begin another
//! header: control characters become spaces. Text that is not ASCII is encoded (RFC 2047 in headers, base64 in the body),
//! so that no server needs 8BITMIME or SMTPUTF8.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::Mailbox;
use crate::encoded::{encoded_words, pieces};

/// A mail of plain text.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// Date, time and zone as RFC 5322 §3.3 has it: `Sun, 22 Nov 2026 11:35:33 +0000`.
    pub date: &'a str,
    /// The sender.
    pub from: &'a Mailbox,
    /// One line.
    pub subject: &'a str,
    /// The recipients; at least one.
    pub to: &'a [Mailbox],
    /// Lines of plain text, separated by `\n`; long ones are cut.
    pub body: &'a str,
    /// Name of the program that writes the mail (header `X-Mailer`), if it is to be there.
    pub mailer: Option<&'a str>,
}

impl Message<'_> {
    /// The bytes of the mail. For the DATA command of SMTP they must be [`dot_stuffed`].
    pub fn emit(&self) -> Vec<u8> {
        let mut out = String::new();
        line(&mut out, &["Date: ", &plain(self.date)]);
        line(&mut out, &["From: ", &self.from.header()]);
        line(&mut out, &["Subject: ", &unstructured(self.subject)]);
        if let Some(mailer) = self.mailer {
            line(&mut out, &["X-Mailer: ", &unstructured(mailer)]);
        }
        let to: Vec<String> = self.to.iter().map(Mailbox::header).collect();
        line(&mut out, &["To: ", &to.join(",\r\n ")]);
        let lines: Vec<String> = self.body.split('\n').map(plain).collect();
        if lines.iter().all(|line| line.is_ascii()) {
            line(&mut out, &[]);
            for text in &lines {
                emit_line(&mut out, text);
            }
        } else {
            line(&mut out, &["MIME-Version: 1.0"]);
            line(&mut out, &["Content-Type: text/plain; charset=utf-8"]);
            line(&mut out, &["Content-Transfer-Encoding: base64"]);
            line(&mut out, &[]);
            for part in pieces(&STANDARD.encode(lines.join("\r\n")), BASE64_LINE) {
                line(&mut out, &[part]);
            }
        }
        out.into_bytes()
    }
}

/// A mail as the DATA command sends it: a dot in front of each line that begins with one, and the line of one dot that
/// ends it (RFC 5321 §4.5.2).
pub fn dot_stuffed(mail: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(mail.len() + 8);
    let mut at_start = true;
    for &byte in mail {
        if at_start && byte == b'.' {
            out.push(b'.');
        }
        out.push(byte);
        at_start = byte == b'\n';
    }
    if !at_start {
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b".\r\n");
    out
}

/// The value of a header that may hold any text (RFC 5322 §2.2.1), cut to a bounded length.
fn unstructured(text: &str) -> String {
    let text = plain(text);
    let text = pieces(&text, MAX_HEADER).next().unwrap_or_default();
    if text.is_ascii() { text.to_owned() } else { encoded_words(text) }
}

/// Without control characters, which could end the line.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') { ' ' } else { c })
        .collect()
}

/// One line of the body, in as many lines as its length takes.
fn emit_line(out: &mut String, text: &str) {
    if text.is_empty() {
        line(out, &[]);
    }
    for part in pieces(text, MAX_LINE) {
        line(out, &[part]);
    }
}

fn line(out: &mut String, parts: &[&str]) {
    out.extend(parts.iter().copied());
    out.push_str("\r\n");
}

/// RFC 5322 §2.1.1: 998 bytes, less the dot that may be put in front.
const MAX_LINE: usize = 990;

/// Bytes of text in a header.
const MAX_HEADER: usize = 900;

/// RFC 2045 §6.8.
const BASE64_LINE: usize = 76;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mailbox(text: &str) -> Mailbox {
        Mailbox::parse(text).unwrap()
    }

    fn emit(subject: &str, body: &str) -> String {
        let (from, to) = (mailbox("k@example.org"), [mailbox("a@example.org")]);
        let date = "Sun, 22 Nov 2026 11:35:33 +0000";
        let mailer = Some("test");
        String::from_utf8(Message { date, from: &from, subject, to: &to, body, mailer }.emit()).unwrap()
    }

    /// As keepalived 2.4.3 sends it.
    #[test]
    fn the_octets_are_keepalived_s() {
        let (from, to) =
            (mailbox("k@example.org"), [mailbox("a@example.org"), mailbox("Bob B <b@example.org>")]);
        let message = Message {
            date: "Sun, 22 Nov 2026 11:35:33 +0000",
            from: &from,
            subject: "[Ra] VRRP Instance V1 - Entering MASTER state",
            to: &to,
            body: "=> VRRP Instance is now owning VRRP VIPs <=\n",
            mailer: Some("Keepalived"),
        };
        let expected = b"Date: Sun, 22 Nov 2026 11:35:33 +0000\r\n\
            From: k@example.org\r\n\
            Subject: [Ra] VRRP Instance V1 - Entering MASTER state\r\n\
            X-Mailer: Keepalived\r\n\
            To: a@example.org,\r\n Bob B <b@example.org>\r\n\
            \r\n\
            => VRRP Instance is now owning VRRP VIPs <=\r\n\
            \r\n.\r\n";
        assert_eq!(dot_stuffed(&message.emit()), expected);
    }

    #[test]
    fn neither_subject_nor_body_can_begin_another_header() {
        let mail = emit("x\r\nBcc: all@example.org\r\n\r\nbody\u{0}", "y\n.\nz");
        assert!(mail.contains("Subject: x  Bcc: all@example.org    body \r\n"), "{mail:?}");
        assert!(mail.ends_with("\r\n\r\ny\r\n.\r\nz\r\n"), "{mail:?}");
    }

    #[test]
    fn text_that_is_not_ascii_is_encoded() {
        let mail = emit("Gerät", "Gerät");
        assert!(mail.contains("Subject: =?UTF-8?B?R2Vyw6R0?=\r\n"), "{mail:?}");
        let body = "\r\nContent-Transfer-Encoding: base64\r\n\r\nR2Vyw6R0\r\n";
        assert!(mail.ends_with(body), "{mail:?}");
    }

    #[test]
    fn a_dot_at_the_start_of_a_line_is_doubled_and_no_other() {
        assert_eq!(dot_stuffed(b".a\r\nb.\r\n..\r\n"), b"..a\r\nb.\r\n...\r\n.\r\n");
        assert_eq!(dot_stuffed(b""), b".\r\n");
        assert_eq!(dot_stuffed(b"no end"), b"no end\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn any_text_makes_lines_of_ascii_that_are_short_enough(
            subject in "(?s).{0,400}", body in "(?s).{0,1200}", name in "(?s).{0,300}",
        ) {
            let (from, to) = (mailbox("k@x.org"), [Mailbox::parse(&format!("{name} <a@x.org>"))]);
            let to: Vec<Mailbox> = to.into_iter().filter_map(Result::ok).collect();
            let message = Message { date: "today", from: &from, subject: &subject, to: &to, body: &body, mailer: Some(&name) };
            let mail = String::from_utf8(dot_stuffed(&message.emit())).unwrap();
            prop_assert!(mail.is_ascii());
            let headers = mail.split("\r\n\r\n").next().unwrap();
            let names: Vec<_> = headers
                .split("\r\n")
                .filter(|line| !line.starts_with(' '))
                .map(|line| line.split(':').next().unwrap())
                .filter(|name| !name.starts_with("MIME-") && !name.starts_with("Content-"))
                .collect();
            prop_assert_eq!(names, ["Date", "From", "Subject", "X-Mailer", "To"]);
            for line in mail.split("\r\n") {
                prop_assert!(line.len() <= 998 && !line.contains(['\r', '\n', '\0']));
            }
            // The only line of one dot is the last one.
            prop_assert_eq!(mail.find("\r\n.\r\n"), Some(mail.len() - 5));
        }
    }
}
