use std::path::PathBuf;

use keepalived_conf::model::Run;

use super::*;
use crate::parent::testing::empty_config;

fn command(text: &str) -> Command {
    Command { text: text.to_owned(), run: Run::FileReadable(PathBuf::from(text)), user: None }
}

fn job(text: &str) -> Job {
    Job { keyword: "notify", command: command(text), arguments: Vec::new(), credentials: Credentials::own() }
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

#[test]
fn scripts_of_one_instance_run_one_after_the_other_in_order() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("backup"), job("any-backup")]);
    queue.handle_event(now, "V1", vec![job("master"), job("any-master")]);
    let mut order = Vec::new();
    loop {
        let new = started(&mut queue);
        assert!(new.len() <= 1, "{new:?} run together");
        let Some((id, text)) = new.into_iter().next() else { break };
        order.push(text);
        queue.handle_ended(now, id, Ended::Exited(0));
    }
    assert_eq!(order, ["backup", "any-backup", "master", "any-master"]);
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
fn why_a_script_could_not_run_is_said() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("/n.sh")]);
    let first = started(&mut queue)[0].0;
    queue.handle_ended(now, first, Ended::NotStarted(libc::ENOENT));
    assert_eq!(logged(&mut queue), ["(V1) notify script /n.sh could not be run: No such file or directory"]);
}

#[test]
fn a_hanging_script_is_terminated_then_killed_and_the_next_runs() {
    let (mut queue, start) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(start, "V1", vec![job("hangs"), job("next")]);
    let hanging = started(&mut queue)[0].0;
    assert_eq!(queue.poll_timeout(), Some(start + SCRIPT_LIMIT));
    queue.handle_timeout(start + SCRIPT_LIMIT.checked_sub(Duration::from_millis(1)).unwrap());
    assert_eq!(queue.poll_action(), None);
    queue.handle_timeout(start + SCRIPT_LIMIT);
    assert!(matches!(queue.poll_action(), Some(Action::Log(LogLevel::Error, _))));
    assert_eq!(queue.poll_action(), Some(Action::Terminate(hanging)));
    let after = start + SCRIPT_LIMIT + GRACE;
    queue.handle_timeout(after);
    assert_eq!(queue.poll_action(), Some(Action::Kill(hanging)));
    queue.handle_timeout(after + KILL_AGAIN);
    assert_eq!(queue.poll_action(), Some(Action::Kill(hanging)));
    queue.handle_ended(after, hanging, Ended::Signalled(9));
    assert_eq!(texts(&started(&mut queue)), ["next"]);
}

#[test]
fn past_the_limit_the_oldest_waiting_event_is_dropped_and_said_so() {
    let (mut queue, now) = (NotifyQueue::default(), Instant::now());
    queue.handle_event(now, "V1", vec![job("running")]);
    let running = started(&mut queue)[0].0;
    for number in 0..=LANE_LIMIT {
        queue.handle_event(now, "V1", vec![job(&number.to_string())]);
    }
    assert_eq!(logged(&mut queue).len(), 1);
    assert_eq!(queue.unfinished(), LANE_LIMIT + 1);
    queue.handle_ended(now, running, Ended::Exited(0));
    assert_eq!(texts(&started(&mut queue)), ["1"]);
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
    jobs(notify, "V1", event, 150, &Accounts::of(&empty_config()))
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
fn a_deletion_without_notify_deleted_is_told_as_a_fault() {
    let silent = Notify { deleted: None, ..full() };
    assert_eq!(called(&silent, InstanceEvent::Deleted), ["f", "any INSTANCE V1 FAULT 150"]);
    let bare = Notify { deleted: Some(None), ..full() };
    assert_eq!(called(&bare, InstanceEvent::Deleted), ["any INSTANCE V1 DELETED 150"]);
}
