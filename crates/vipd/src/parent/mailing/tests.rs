//! The post against mailers that are shell texts.

use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;

use keepalived_conf::model::mail::SmtpServer;
use mio::Poll;

use super::*;
use crate::ipc::LogLevel;
use crate::parent::testing::{TestDirectory, empty_config};
use smtp_submit::DeliveryStatus;

/// Says what is in the file, then listens until it is killed.
const SAYS: &str = "cat \"$0\" >&3; exec cat <&3 >/dev/null";

struct Scene {
    post: Mailing,
    log: Log,
    _poll: Poll,
    _directory: TestDirectory,
}

impl Scene {
    fn new(script: &str, says: &[FromMailer]) -> Self {
        let directory = TestDirectory::new();
        let file = directory.path().join("says");
        std::fs::write(&file, encoded(says)).unwrap();
        let words = ["sh", "-c", script].map(|word| CString::new(word).unwrap());
        let argument = CString::new(file.as_os_str().as_bytes()).unwrap();
        let program = WorkerProgram {
            file: c"/bin/sh".to_owned(),
            arguments: words.into_iter().chain([argument]).collect(),
        };
        let poll = Poll::new().unwrap();
        let mut post = Mailing::new(program, poll.registry().try_clone().unwrap(), Token(7));
        let mut log = Log::silent();
        let mut config = empty_config();
        config.global.mail.recipients = vec!["a@example.org".to_owned()];
        config.global.mail.server = Some(SmtpServer { host: "127.0.0.1".to_owned(), port: 9 });
        post.arrange(Instant::now(), &config, &mut log);
        Self { post, log, _poll: poll, _directory: directory }
    }

    fn mail(&mut self) {
        self.post.instance(Instant::now(), "V1", true, InstanceEvent::Master, &mut self.log);
    }

    fn until(&mut self, holds: impl Fn(&Mailing) -> bool) {
        let limit = Instant::now() + Duration::from_secs(20);
        while !holds(&self.post) {
            assert!(Instant::now() < limit, "it never happens");
            self.post.handle_channel(Instant::now(), &mut self.log);
            self.post.reap(Instant::now(), &mut self.log);
        }
    }

    fn waits(post: &Mailing) -> bool {
        post.mailer.is_none() && post.alerts.poll_timeout().is_some() && post.alerts.is_quiet(Instant::now())
    }
}

fn encoded(messages: &[FromMailer]) -> Vec<u8> {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut channel = Channel::new(near).unwrap();
    for message in messages {
        channel.send(message).unwrap();
    }
    drop(channel);
    let mut octets = Vec::new();
    far.read_to_end(&mut octets).unwrap();
    octets
}

#[test]
fn no_mailer_runs_before_there_is_a_mail() {
    let mut scene = Scene::new(SAYS, &[]);
    assert!(scene.post.mailer.is_none() && scene.post.deadline().is_none());
    scene.post.instance(Instant::now(), "V1", false, InstanceEvent::Master, &mut scene.log);
    scene.post.instance(Instant::now(), "V1", true, InstanceEvent::Stop, &mut scene.log);
    assert!(scene.post.mailer.is_none());
}

#[test]
fn a_mailer_goes_some_time_after_the_last_mail() {
    let mut scene = Scene::new(SAYS, &[FromMailer::Done(1, Ok(vec![DeliveryStatus::Accepted]))]);
    scene.mail();
    scene.until(|post| post.mailer.as_ref().is_some_and(|mailer| mailer.delivers.is_none()));
    assert!(scene.post.is_done(Instant::now()));
    let idle = scene.post.deadline().unwrap();
    scene.post.timeout(idle, &mut scene.log);
    assert!(scene.post.mailer.is_none());
    scene.until(|post| post.ending.is_empty());
}

#[test]
fn a_mailer_that_dies_leaves_the_mail_waiting() {
    for script in ["exit 3", "kill -9 $$", "exec 3>&-; exit 0"] {
        let mut scene = Scene::new(script, &[]);
        scene.mail();
        scene.until(Scene::waits);
    }
}

#[test]
fn a_mailer_that_talks_nonsense_is_killed_and_the_mail_waits() {
    let line = || FromMailer::Log(LogLevel::Info, "hello".to_owned());
    let chatter: Vec<FromMailer> = std::iter::repeat_with(line).take(100).collect();
    let unasked = vec![FromMailer::Done(5, Ok(vec![DeliveryStatus::Accepted]))];
    for says in [chatter, unasked] {
        let mut scene = Scene::new(SAYS, &says);
        scene.mail();
        scene.until(Scene::waits);
    }
}

#[test]
fn the_end_waits_for_a_delivery_only_for_its_grace() {
    let mut scene = Scene::new(SAYS, &[]);
    scene.mail();
    let now = Instant::now();
    assert!(!scene.post.is_done(now));
    assert!(!scene.post.is_done(now + GRACE / 2));
    assert!(scene.post.deadline().unwrap() <= now + GRACE);
    assert!(scene.post.is_done(now + GRACE));
    scene.post.abandon(now, &mut scene.log);
    assert!(scene.post.mailer.is_none());
    scene.until(|post| post.ending.is_empty());
}

#[test]
fn a_certificate_file_that_cannot_be_read_delays_the_mail() {
    let mut scene = Scene::new(SAYS, &[]);
    let mut config = empty_config();
    config.global.mail.recipients = vec!["a@example.org".to_owned()];
    config.global.mail.server = Some(SmtpServer { host: "127.0.0.1".to_owned(), port: 9 });
    config.global.mail.tls = keepalived_conf::model::mail::MailTls::StartTls;
    config.global.mail.ca_file = Some("/nonexistent/ca.pem".into());
    scene.post.arrange(Instant::now(), &config, &mut scene.log);
    scene.mail();
    assert!(Scene::waits(&scene.post));
}
