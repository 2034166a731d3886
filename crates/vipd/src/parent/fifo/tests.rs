//! FIFOs and what their readers are told.

use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::*;
use crate::parent::testing::{TestDirectory, empty_config};
use crate::paths::{Done, perform};

fn quiet() -> Log {
    Log::silent()
}

fn configured(path: &Path) -> Configured {
    Configured { path: path.to_owned(), lines: Lines::Lvs, owner: None, script: None }
}

fn arrange(fifos: &mut Fifos, now: Instant, configured: &[Configured], accounts: &Accounts, log: &mut Log) {
    fifos.arrange(now, configured, accounts, log);
    settle(fifos, accounts, log);
}

/// Does what the path process would do.
fn settle(fifos: &mut Fifos, accounts: &Accounts, log: &mut Log) {
    while let Some((purpose, job)) = fifos.poll_job() {
        if let (Purpose::Fifo(request), Ok(Done::Fifo(found))) = (purpose, perform(&job)) {
            fifos.handle_found(Instant::now(), request, found, accounts, log);
        }
    }
}

#[test]
fn a_fifo_on_a_hanging_file_system_delays_nothing_and_gets_the_states_later() {
    let directory = TestDirectory::new();
    let path = directory.path().join("fifo");
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    fifos.arrange(Instant::now(), &[configured(&path)], &accounts, &mut log);
    assert!(!path.exists(), "the path process makes it");
    fifos.write(Role::Lvs, Some("a"), "a UP", &mut log);
    settle(&mut fifos, &accounts, &mut log);
    let mut reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    let mut bytes = [0; 64];
    let count = reader.read(&mut bytes).unwrap();
    assert_eq!(&bytes[..count], b"a UP\n");
}

#[test]
fn a_fifo_that_is_no_longer_wanted_when_it_was_made_is_removed() {
    let directory = TestDirectory::new();
    let path = directory.path().join("fifo");
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    fifos.arrange(Instant::now(), &[configured(&path)], &accounts, &mut log);
    let (purpose, job) = fifos.poll_job().unwrap();
    let (Purpose::Fifo(request), Ok(Done::Fifo(found))) = (purpose, perform(&job)) else {
        panic!("{purpose:?}")
    };
    assert!(path.exists());
    arrange(&mut fifos, Instant::now(), &[], &accounts, &mut log);
    fifos.handle_found(Instant::now(), request, found, &accounts, &mut log);
    settle(&mut fifos, &accounts, &mut log);
    assert!(fifos.open.is_empty() && !path.exists());
}

#[test]
fn a_fifo_that_was_replaced_is_opened_anew_by_a_reload() {
    let directory = TestDirectory::new();
    let path = directory.path().join("fifo");
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    let wanted = [configured(&path)];
    arrange(&mut fifos, Instant::now(), &wanted, &accounts, &mut log);
    let first = fifos.open[0].id;
    std::fs::rename(&path, directory.path().join("old")).unwrap();
    arrange(&mut fifos, Instant::now(), &wanted, &accounts, &mut log);
    assert!(fifos.open.len() == 1 && fifos.open[0].id != first && path.exists());
}

#[test]
fn lines_reach_a_reader_and_a_fifo_that_was_made_goes_with_the_daemon() {
    let directory = TestDirectory::new();
    let path = directory.path().join("fifo");
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    arrange(&mut fifos, Instant::now(), &[configured(&path)], &accounts, &mut log);
    let mut reader = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(&path).unwrap();
    fifos.write(Role::Lvs, None, "VS [192.0.2.1]:tcp:80 UP", &mut log);
    fifos.write(Role::Vrrp, None, "INSTANCE \"V1\" MASTER 150", &mut log);
    fifos.close(Instant::now());
    settle(&mut fifos, &accounts, &mut log);
    // Not read to its end: a child that another test has just forked may hold the writing end a moment longer.
    let mut bytes = [0; 64];
    let count = reader.read(&mut bytes).unwrap();
    assert_eq!(&bytes[..count], b"VS [192.0.2.1]:tcp:80 UP\n");
    assert!(!path.exists());
}

#[test]
fn a_fifo_without_a_reader_loses_lines_but_never_blocks() {
    let directory = TestDirectory::new();
    let path = directory.path().join("fifo");
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    arrange(&mut fifos, Instant::now(), &[configured(&path)], &accounts, &mut log);
    for _ in 0..10_000 {
        fifos.write(Role::Lvs, None, "RS [10.0.0.1]:tcp:80 [192.0.2.1]:tcp:80 DOWN", &mut log);
    }
    assert!(fifos.open[0].lost > 0);
}

#[test]
fn a_path_that_is_no_fifo_is_left_alone() {
    let directory = TestDirectory::new();
    let path = directory.path().join("file");
    std::fs::write(&path, "mine").unwrap();
    let (mut fifos, accounts) = (Fifos::default(), Accounts::of(&empty_config()));
    arrange(&mut fifos, Instant::now(), &[configured(&path)], &accounts, &mut quiet());
    assert!(fifos.open.is_empty());
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
}

fn script(text: &str, path: &Path) -> Configured {
    use keepalived_conf::model::{Command, Run};
    let command = Command { text: text.to_owned(), run: Run::Shell { bash: false }, user: None };
    Configured { script: Some(command), ..configured(path) }
}

#[test]
fn a_reload_that_changes_nothing_leaves_the_reader_alone() {
    let directory = TestDirectory::new();
    let path = directory.path().join("fifo");
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    let wanted = [script("exec sleep 60 #", &path)];
    let pids: Vec<Vec<u32>> = (0..3)
        .map(|_| {
            arrange(&mut fifos, Instant::now(), &wanted, &accounts, &mut log);
            fifos.pids().collect()
        })
        .collect();
    assert!(pids[0].len() == 1 && pids.iter().all(|pid| *pid == pids[0]), "{pids:?}");
    fifos.close(Instant::now());
    fifos.abandon();
}

#[test]
fn a_reader_that_begins_is_told_the_present_states() {
    let directory = TestDirectory::new();
    let (first, second) = (directory.path().join("first"), directory.path().join("second"));
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    arrange(&mut fifos, Instant::now(), &[configured(&first)], &accounts, &mut log);
    for (subject, line) in
        [(Some("a"), "a UP"), (Some("a"), "a DOWN"), (Some("b"), "b UP"), (None, "c"), (Some("gone"), "x")]
    {
        fifos.write(Role::Lvs, subject, line, &mut log);
    }
    fifos.write(Role::Vrrp, Some("V"), "of somebody else", &mut log);
    fifos.forget(Role::Lvs, |subject| subject == "gone");
    let mut reader = |path: &Path| {
        arrange(&mut fifos, Instant::now(), &[configured(path)], &accounts, &mut log);
        let mut file = File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap();
        let mut bytes = [0; 64];
        let count = file.read(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    assert_eq!(reader(&second), "a DOWN\nb UP\n");
    assert!(!first.exists());
}

#[test]
fn a_reader_that_ignores_sigterm_is_killed() {
    let directory = TestDirectory::new();
    let (path, ready) = (directory.path().join("fifo"), directory.path().join("ready"));
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    let text = format!("trap '' TERM; touch {}; while :; do sleep 60; done #", ready.display());
    arrange(&mut fifos, Instant::now(), &[script(&text, &path)], &accounts, &mut log);
    let limit = Instant::now() + Duration::from_secs(10);
    while !ready.exists() {
        assert!(Instant::now() < limit, "it does not start");
        std::thread::yield_now();
    }
    let now = Instant::now();
    arrange(&mut fifos, now, &[], &accounts, &mut log);
    assert_eq!(fifos.deadline(), Some(now + Duration::from_secs(2)));
    fifos.timeout(now + Duration::from_secs(2), &accounts, &mut log);
    while !fifos.has_ended() {
        assert!(Instant::now() < limit, "it does not end");
        fifos.reap(now, &mut log);
    }
}

#[test]
fn a_reader_that_ended_is_started_again_after_a_moment() {
    let directory = TestDirectory::new();
    let path = directory.path().join("fifo");
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    let now = Instant::now();
    arrange(&mut fifos, now, &[script("exit 0 #", &path)], &accounts, &mut log);
    while fifos.pids().count() == 1 {
        assert!(now.elapsed() < Duration::from_secs(10), "it does not end");
        fifos.reap(now, &mut log);
    }
    assert_eq!(fifos.deadline(), Some(now + RESTART_AFTER));
    fifos.timeout(now + RESTART_AFTER, &accounts, &mut log);
    assert_eq!(fifos.pids().count(), 1);
}

#[test]
fn a_reload_that_asks_for_it_tells_the_states_of_instances_again_and_a_new_fifo_hears_them_once() {
    let directory = TestDirectory::new();
    let (old, new) = (directory.path().join("old"), directory.path().join("new"));
    let fifo = |path: &Path| Configured { lines: Lines::All, ..configured(path) };
    let open = |path: &Path| File::options().read(true).custom_flags(libc::O_NONBLOCK).open(path).unwrap();
    let heard = |reader: &mut File| {
        let mut bytes = [0; 256];
        let count = reader.read(&mut bytes).unwrap_or_default();
        String::from_utf8_lossy(&bytes[..count]).into_owned()
    };
    let (mut fifos, accounts, mut log) = (Fifos::default(), Accounts::of(&empty_config()), quiet());
    let now = Instant::now();
    arrange(&mut fifos, now, &[fifo(&old)], &accounts, &mut log);
    fifos.after_reload(false, &mut log);
    let mut old_reader = open(&old);
    fifos.write(Role::Lvs, Some("VS a"), "VS a UP", &mut log);
    fifos.write(Role::Vrrp, Some("V"), "INSTANCE \"V\" MASTER 100", &mut log);
    fifos.note(Role::Vrrp, "V", "INSTANCE \"V\" MASTER 120".to_owned());
    assert_eq!(heard(&mut old_reader), "VS a UP\nINSTANCE \"V\" MASTER 100\n");

    arrange(&mut fifos, now, &[fifo(&old), fifo(&new)], &accounts, &mut log);
    let mut new_reader = open(&new);
    fifos.after_reload(true, &mut log);
    assert_eq!(heard(&mut old_reader), "INSTANCE \"V\" MASTER 120\n", "with the priority of now");
    assert_eq!(heard(&mut new_reader), "INSTANCE \"V\" MASTER 120\nVS a UP\n", "once");
    fifos.after_reload(false, &mut log);
    assert_eq!(heard(&mut old_reader) + &heard(&mut new_reader), "");
}
