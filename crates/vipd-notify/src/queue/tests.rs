use std::path::PathBuf;

use keepalived_conf::model::Run;

use super::*;

fn command(text: &str) -> Command {
    Command { text: text.to_owned(), run: Run::FileReadable(PathBuf::from(text)), user: None }
}

fn job(text: &str) -> Job {
    Job {
        keyword: "notify".into(),
        command: command(text),
        arguments: Vec::new(),
        credentials: Credentials::own(),
    }
}

/// The jobs started since the last call.
fn started(queue: &mut NotifyQueue) -> Vec<(RunId, String)> {
    std::iter::from_fn(|| queue.poll_action())
        .filter_map(|action| match action {
            Action::Start(id, job) => Some((id, job.command.text)),
            _ => None,
        })
        .collect()
}

fn texts(started: &[(RunId, String)]) -> Vec<&str> {
    started.iter().map(|(_, text)| text.as_str()).collect()
}

fn logged(queue: &mut NotifyQueue) -> Vec<String> {
    std::iter::from_fn(|| queue.poll_action())
        .filter_map(|action| match action {
            Action::Log(_, text) => Some(text),
            _ => None,
        })
        .collect()
}

/// Ends each script as it starts, until none is left; gives their order.
fn run_all(queue: &mut NotifyQueue, now: Instant) -> Vec<String> {
    let mut order = Vec::new();
    loop {
        let new = started(queue);
        assert!(new.len() <= 1, "{new:?} run together");
        let Some((id, text)) = new.into_iter().next() else { return order };
        order.push(text);
        queue.handle_ended(now, id, Ended::Exited(0));
    }
}

#[test]
fn scripts_of_one_instance_run_one_after_the_other_in_order() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("backup"), job("any-backup")]);
    queue.handle_event(now, "V1", vec![job("master"), job("any-master")]);
    assert_eq!(run_all(&mut queue, now), ["backup", "any-backup", "master", "any-master"]);
    assert!(queue.is_idle());
}

#[test]
fn of_events_that_wait_only_the_last_is_kept_and_the_log_says_so() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    for event in ["backup", "master", "fault", "stop"] {
        queue.handle_event(now, "V1", vec![job(event), job("any")]);
    }
    assert_eq!(queue.unfinished(), 4, "two of the first event, two of the last");
    let actions: Vec<_> = std::iter::from_fn(|| queue.poll_action()).collect();
    let [Action::Start(first, _), Action::Log(LogLevel::Warning, text), Action::Log(..)] = &actions[..]
    else {
        panic!("{actions:?}")
    };
    assert_eq!(
        text,
        "(V1) skipping the waiting notify and notify of an earlier event: only the last one counts"
    );
    queue.handle_ended(now, *first, Ended::Exited(0));
    assert_eq!(run_all(&mut queue, now), ["any", "stop", "any"]);
}

#[test]
fn an_event_that_is_no_state_does_not_take_the_place_of_one() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    for event in ["backup", "master"] {
        queue.handle_event(now, "V1", vec![job(event)]);
    }
    queue.handle_event(now, "V1", vec![Job { keyword: NOT_A_STATE.into(), ..job("lower") }]);
    assert_eq!(run_all(&mut queue, now), ["backup", "master"]);
}

#[test]
fn a_script_may_take_as_long_as_it_likes() {
    let (mut queue, start) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(start, "V1", vec![job("mounts")]);
    started(&mut queue);
    assert_eq!(queue.poll_timeout(), None);
    queue.handle_timeout(start + Duration::from_secs(86_400));
    assert_eq!(queue.poll_action(), None);
}

#[test]
fn a_script_that_hangs_does_not_keep_the_last_state_from_being_told() {
    let (mut queue, start) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(start, "V1", vec![job("hangs"), job("any-backup")]);
    let hanging = started(&mut queue)[0].0;
    let later = start + Duration::from_secs(60);
    queue.handle_event(later, "V1", vec![job("master")]);
    assert_eq!(queue.poll_timeout(), Some(later + OVERTAKE_AFTER));
    queue.handle_timeout(later + OVERTAKE_AFTER);
    assert_eq!(run_all(&mut queue, later), ["master"]);
    assert!(!queue.is_idle(), "the other one still runs");
    queue.handle_ended(later, hanging, Ended::Exited(0));
    assert!(queue.is_idle());
}

#[test]
fn instances_do_not_wait_for_each_other() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("one")]);
    queue.handle_event(now, "V2", vec![job("two")]);
    assert_eq!(texts(&started(&mut queue)), ["one", "two"]);
    assert_eq!(queue.unfinished(), 2);
}

#[test]
fn a_failing_script_is_named_and_does_not_stop_the_next() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("/n.sh"), job("next")]);
    let first = started(&mut queue)[0].0;
    queue.handle_ended(now, first, Ended::Exited(4));
    let actions: Vec<_> = std::iter::from_fn(|| queue.poll_action()).collect();
    let said = "(V1) notify script /n.sh exited with status 4".to_owned();
    assert!(
        matches!(&actions[..], [Action::Log(LogLevel::Warning, text), Action::Start(..)] if *text == said)
    );
}

#[test]
fn the_reason_for_which_a_script_could_not_run_is_reported() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("/n.sh")]);
    let first = started(&mut queue)[0].0;
    queue.handle_ended(now, first, Ended::NotStarted(libc::ENOENT));
    assert_eq!(logged(&mut queue), ["(V1) notify script /n.sh could not be run: No such file or directory"]);
}

#[test]
fn a_script_past_its_notify_timeout_is_terminated_then_killed_and_the_next_runs() {
    let (mut queue, start) = (NotifyQueue::default(), Instant::now());
    let limit = Duration::from_secs(30);
    queue.limit(Some(limit));
    queue.handle_event(start, "V1", vec![job("hangs"), job("next")]);
    let hanging = started(&mut queue)[0].0;
    assert_eq!(queue.poll_timeout(), Some(start + limit));
    queue.handle_timeout(start + limit.checked_sub(Duration::from_millis(1)).unwrap());
    assert_eq!(queue.poll_action(), None);
    queue.handle_timeout(start + limit);
    assert!(matches!(queue.poll_action(), Some(Action::Log(LogLevel::Error, _))));
    assert_eq!(queue.poll_action(), Some(Action::Terminate(hanging)));
    let after = queue.poll_timeout().unwrap();
    assert_eq!(after, start + limit + Duration::from_secs(2));
    queue.handle_timeout(after);
    assert_eq!(queue.poll_action(), Some(Action::Kill(hanging)));
    queue.handle_ended(after, hanging, Ended::Signalled(9));
    assert_eq!(texts(&started(&mut queue)), ["next"]);
}

#[test]
fn an_end_nobody_waits_for_changes_nothing() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("one"), job("two")]);
    let first = started(&mut queue)[0].0;
    queue.handle_ended(now, RunId(77), Ended::Exited(1));
    assert_eq!(queue.poll_action(), None);
    queue.handle_ended(now, first, Ended::Exited(0));
    queue.handle_ended(now, first, Ended::Exited(0));
    assert_eq!(texts(&started(&mut queue)), ["two"]);
}

fn full() -> Notify {
    Notify {
        master: Some(Box::new(command("m"))),
        backup: Some(Box::new(command("b"))),
        fault: Some(Box::new(command("f"))),
        stop: Some(Box::new(command("s"))),
        deleted: Some(Some(Box::new(command("d")))),
        any: Some(Box::new(command("any"))),
        master_received_lower_priority: Some(Box::new(command("l"))),
    }
}

fn called(notify: &Notify, event: InstanceEvent) -> Vec<String> {
    jobs(notify, "V1", event, 150, &Accounts::of(&keepalived_conf::load_str("").config))
        .into_iter()
        .map(|job| [vec![job.command.text], job.arguments].concat().join(" "))
        .collect()
}

#[test]
fn the_specific_script_comes_before_the_generic_one() {
    let table = [
        (InstanceEvent::Master, "m", "MASTER"),
        (InstanceEvent::Backup, "b", "BACKUP"),
        (InstanceEvent::Fault, "f", "FAULT"),
        (InstanceEvent::Stop, "s", "STOP"),
        (InstanceEvent::Deleted, "d", "DELETED"),
    ];
    for (event, specific, word) in table {
        let generic = format!("any INSTANCE V1 {word} 150");
        assert_eq!(called(&full(), event), [specific.to_owned(), generic], "{event:?}");
    }
    assert_eq!(called(&full(), InstanceEvent::MasterReceivedLowerPriority), ["l"]);
}

#[test]
fn scripts_of_a_group_are_told_its_state_and_no_priority() {
    let accounts = Accounts::of(&keepalived_conf::load_str("").config);
    let texts: Vec<_> = group_jobs(&full(), "G", GroupEvent::Master, &accounts)
        .into_iter()
        .map(|job| [vec![job.command.text], job.arguments].concat().join(" "))
        .collect();
    assert_eq!(texts, ["m", "any GROUP G MASTER 0"]);
}

#[test]
fn a_deletion_without_notify_deleted_is_told_as_a_fault() {
    let silent = Notify { deleted: None, ..full() };
    assert_eq!(called(&silent, InstanceEvent::Deleted), ["f", "any INSTANCE V1 FAULT 150"]);
    let bare = Notify { deleted: Some(None), ..full() };
    assert_eq!(called(&bare, InstanceEvent::Deleted), ["any INSTANCE V1 DELETED 150"]);
}
