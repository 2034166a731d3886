//! Reading with real files; one that hangs is a FIFO without a writer.

use std::fs;

use lvs_health::director::Director;
use mio::{Events, Poll};
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;

use super::*;
use crate::testing::{asked, balanced, plan};
use vipd_testing::TestDirectory;

const TOKEN: Token = Token(7);
const SECOND: Duration = Duration::from_secs(1);

struct Scene {
    poll: Poll,
    files: Files,
    attempts: Vec<AttemptId>,
    directory: TestDirectory,
}

impl Scene {
    /// So many attempts that may ask.
    fn new(attempts: u16) -> Self {
        let poll = Poll::new().unwrap();
        let files = Files::new(poll.registry(), TOKEN).unwrap();
        let servers: Vec<(u16, &str)> =
            (1..=attempts).map(|port| (port, "TCP_CHECK {\nwarmup 0\n}")).collect();
        let now = Instant::now();
        let mut director = Director::new(now, plan(0, &balanced("", &servers)).director());
        let attempts = asked(&mut director, now).1;
        Self { poll, files, attempts, directory: TestDirectory::new() }
    }

    fn file(&self, name: &str, content: &str) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Certificates that cannot be read before somebody writes them.
    fn hanging(&self, name: &str) -> Job {
        let path = self.directory.path().join(name);
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        Job::Certificates(path)
    }

    fn ask(&mut self, now: Instant, job: &Job, attempt: usize) {
        self.files.ask(now, job.clone(), self.attempts[attempt], 0, SECOND);
    }

    /// The reads that have ended once one has; the poll is woken by it.
    fn done(&mut self, now: Instant) -> Vec<Done> {
        let mut events = Events::with_capacity(4);
        loop {
            self.poll.poll(&mut events, Some(20 * SECOND)).unwrap();
            assert!(events.iter().any(|event| event.token() == TOKEN), "nothing ends");
            let done = self.files.take_done(now);
            if !done.is_empty() {
                return done;
            }
        }
    }
}

/// Lets a read of a FIFO end.
fn write(job: &Job, content: &str) {
    let Job::Certificates(path) = job else { panic!("not a FIFO") };
    fs::write(path, content).unwrap();
}

fn content(done: &Done) -> &str {
    std::str::from_utf8(done.content.as_ref().unwrap()).unwrap()
}

#[test]
fn a_file_that_hangs_delays_only_the_checks_that_need_it() {
    let (mut scene, now) = (Scene::new(3), Instant::now());
    let hanging = scene.hanging("hangs");
    scene.ask(now, &hanging, 0);
    let number = Job::Number(scene.file("number", "7\n"));
    scene.ask(now, &number, 1);
    let done = scene.done(now);
    assert_eq!((done.len(), content(&done[0]), &done[0].job), (1, "7\n", &number));
    assert_eq!(done[0].waited, [(scene.attempts[1], 0)]);
    assert_eq!(scene.files.poll_timeout(), Some(now + SECOND));
    assert_eq!(scene.files.handle_timeout(now + SECOND), [scene.attempts[0]]);
    assert_eq!(scene.files.poll_timeout(), None);
    // A second request for the file waits for the same read.
    scene.ask(now + SECOND, &hanging, 2);
    assert_eq!((scene.files.pool.threads, scene.files.pool.busy), (2, 1));
    write(&hanging, "at last");
    let done = scene.done(now);
    assert_eq!((content(&done[0]), &*done[0].waited), ("at last", &[(scene.attempts[2], 0)][..]));
    assert_eq!(scene.files.pool.busy, 0);
}

#[test]
fn a_file_is_read_once_for_all_checks_that_wait_for_it() {
    let (mut scene, now) = (Scene::new(3), Instant::now());
    let hanging = scene.hanging("hangs");
    for attempt in 0..3 {
        scene.ask(now, &hanging, attempt);
    }
    scene.files.cancel(scene.attempts[1]);
    write(&hanging, "for two");
    let done = scene.done(now);
    assert_eq!(done[0].waited, [(scene.attempts[0], 0), (scene.attempts[2], 0)]);
    assert_eq!(scene.files.poll_timeout(), None);
}

#[test]
fn reads_that_find_no_thread_wait_and_their_time_does_not_run_meanwhile() {
    let (mut scene, now) = (Scene::new(34), Instant::now());
    let hanging: Vec<Job> = (0..MOST_THREADS).map(|n| scene.hanging(&n.to_string())).collect();
    for (attempt, job) in hanging.iter().enumerate() {
        scene.ask(now, job, attempt);
    }
    let path = scene.file("number", "7");
    scene.ask(now, &Job::Number(path.clone()), 32);
    scene.ask(now, &Job::Number(path.with_file_name("missing")), 33);
    scene.files.cancel(scene.attempts[33]);
    assert_eq!(scene.files.handle_timeout(now + 2 * SECOND).len(), MOST_THREADS);
    write(&hanging[0], "");
    assert_eq!(scene.done(now + 2 * SECOND)[0].waited, [], "it had waited long enough");
    let done = scene.done(now + 2 * SECOND);
    assert_eq!((content(&done[0]), done.len()), ("7", 1));
    assert!(scene.files.reads.len() == MOST_THREADS - 1 && scene.files.queue.is_empty());
    hanging[1..].iter().for_each(|job| write(job, ""));
}

#[test]
fn certificates_that_were_being_read_at_a_reload_are_read_again() {
    let (mut scene, now) = (Scene::new(2), Instant::now());
    let hanging = scene.hanging("hangs");
    scene.ask(now, &hanging, 0);
    scene.files.outdate_certificates();
    write(&hanging, "old");
    let Job::Certificates(path) = &hanging else { unreachable!() };
    // The first reader still has the FIFO.
    let new = scene.file("new", "new");
    fs::rename(new, path).unwrap();
    let done = scene.done(now);
    assert_eq!((content(&done[0]), &done[0].job), ("new", &hanging));
    assert_eq!(done[0].waited, [(scene.attempts[0], 0)]);
}

#[test]
fn an_unreadable_file_is_an_answer_too() {
    let (mut scene, now) = (Scene::new(1), Instant::now());
    let missing = Job::Number(scene.directory.path().join("missing"));
    scene.ask(now, &missing, 0);
    let done = scene.done(now);
    assert_eq!(done[0].content.as_ref().unwrap_err().kind(), io::ErrorKind::NotFound);
    let endless = Job::Certificates("/dev/zero".into());
    scene.ask(now, &endless, 0);
    let done = scene.done(now);
    assert_eq!(done[0].content.as_ref().unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    let fifo = scene.directory.path().join("fifo");
    mkfifo(&fifo, Mode::S_IRWXU).unwrap();
    scene.ask(now, &Job::Number(fifo), 0);
    assert_eq!(content(&scene.done(now)[0]), "", "nobody waits for a number in a FIFO");
}
