use super::*;
use crate::parent::testing::TestDirectory;

const CLOCK: Monotonic = Monotonic(5_000_000_000);
const WALL: Duration = Duration::from_secs(1_000_000);
const CLIENT: ClientId = ClientId(4);

fn steer(server: &str, wish: ServerIntent, seconds: Option<u64>) -> Steer {
    Steer {
        service: "[192.0.2.1]:tcp:80".to_owned(),
        server: server.to_owned(),
        wish,
        until: seconds.map(|seconds| Monotonic(CLOCK.0 + seconds * 1_000_000_000)),
        who: "ada".to_owned(),
        why: "a \"disk\"".to_owned(),
    }
}

/// Asked for and done.
fn keep(kept: &mut KeptIntents, steer: &Steer, persist: bool) -> bool {
    kept.ask(1, steer, persist, (CLOCK, WALL));
    kept.handle_answer(1, true)
}

fn stored(kept: &mut KeptIntents) -> String {
    match kept.poll_job(WALL) {
        Some(Job::Store(_, text)) => text,
        other => panic!("{other:?}"),
    }
}

/// A list that reads this file.
fn reading(text: &str) -> (KeptIntents, Option<String>) {
    let directory = TestDirectory::new();
    let path = directory.path().join("intents.json");
    std::fs::write(&path, text).unwrap();
    let mut kept = KeptIntents::new(path);
    let complaint = kept.read(WALL);
    (kept, complaint)
}

#[test]
fn a_kept_intent_goes_on_in_the_next_daemon_for_the_rest_of_its_time() {
    let mut kept = KeptIntents::new("/state/intents.json".into());
    let wishes = [ServerIntent::Drain, ServerIntent::Maintenance, ServerIntent::Weight(7)];
    for (place, wish) in wishes.into_iter().enumerate() {
        let server = format!("10.0.0.{place}:80");
        assert!(keep(&mut kept, &steer(&server, wish, (place > 0).then_some(60)), true));
    }
    let text = stored(&mut kept);
    let (next, complaint) = reading(&text);
    assert_eq!(complaint, None);
    // Another clock, twenty seconds later.
    let steers = next.steers((Monotonic(1), WALL + Duration::from_secs(20)));
    let told: Vec<_> = steers.iter().map(|it| (it.server.as_str(), it.wish, it.until)).collect();
    let until = Some(Monotonic(40_000_000_001));
    let expected = [
        ("10.0.0.0:80", ServerIntent::Drain, None),
        ("10.0.0.1:80", ServerIntent::Maintenance, until),
        ("10.0.0.2:80", ServerIntent::Weight(7), until),
    ];
    assert_eq!(told, expected);
    assert!(steers.iter().all(|it| it.who == "ada" && it.why == "a \"disk\""), "{steers:?}");
    let (late, _) = reading(&text);
    assert_eq!(late.steers((CLOCK, WALL + Duration::from_secs(60))).len(), 1, "two have ended");
}

#[test]
fn only_a_persistent_wish_that_is_done_is_kept_and_the_last_one_counts() {
    let mut kept = KeptIntents::new("/state/intents.json".into());
    kept.ask(7, &steer("10.0.0.1:80", ServerIntent::Drain, None), true, (CLOCK, WALL));
    assert!(!kept.handle_answer(7, false), "the worker refused");
    assert!(!kept.handle_answer(8, true), "an answer to nothing");
    assert!(!keep(&mut kept, &steer("10.0.0.1:80", ServerIntent::Drain, None), false));
    assert_eq!(kept.poll_job(WALL), None);
    assert!(keep(&mut kept, &steer("10.0.0.1:80", ServerIntent::Drain, None), true));
    // The same server by its other name.
    assert!(keep(&mut kept, &steer("[10.0.0.1]:tcp:80", ServerIntent::Weight(2), None), false));
    assert_eq!(kept.steers((CLOCK, WALL)), []);
    assert!(keep(&mut kept, &steer("10.0.0.1:80", ServerIntent::Drain, None), true));
    assert!(keep(&mut kept, &steer("10.0.0.1:80", ServerIntent::Ready, None), true));
    assert!(stored(&mut kept).contains("\"servers\": []"));
}

#[test]
fn a_file_that_cannot_be_used_is_reported_and_ignored() {
    let good = {
        let mut kept = KeptIntents::new("/state/intents.json".into());
        keep(&mut kept, &steer("10.0.0.1:80", ServerIntent::Drain, None), true);
        stored(&mut kept)
    };
    for length in 0..good.trim_end().len() {
        let (kept, complaint) = reading(&good[..length]);
        assert!(complaint.is_some_and(|text| text.contains("damaged")), "{length} bytes");
        assert_eq!(kept.steers((CLOCK, WALL)), []);
    }
    let newer = good.replace("\"format\": 1", "\"format\": 2");
    assert!(reading(&newer).1.is_some_and(|text| text.contains("another release")));
    let directory = TestDirectory::new();
    let mut missing = KeptIntents::new(directory.path().join("none.json"));
    assert_eq!(missing.read(WALL), None);
    let mut folder = KeptIntents::new(directory.path().to_owned());
    assert!(folder.read(WALL).is_some_and(|text| text.contains("not a regular file")));
}

#[test]
fn an_answer_waits_for_its_own_writing_and_not_for_ever() {
    let (mut kept, now) = (KeptIntents::new("/state/intents.json".into()), Instant::now());
    let done = |client| vec![(client, Answer::done("drained"))];
    let texts = |answers: Vec<Answered>| -> Vec<(ClientId, String)> {
        let text = |(client, answer)| match answer {
            Answer::Done { text, .. } => (client, text),
            other => panic!("{other:?}"),
        };
        answers.into_iter().map(text).collect()
    };
    keep(&mut kept, &steer("10.0.0.1:80", ServerIntent::Drain, None), true);
    assert_eq!(kept.hold(now, done(CLIENT)), []);
    assert!(kept.poll_job(WALL).is_some());
    // A second one while the first is being written.
    keep(&mut kept, &steer("10.0.0.2:80", ServerIntent::Drain, None), true);
    assert_eq!(kept.hold(now, done(ClientId(5))), []);
    assert_eq!(kept.poll_job(WALL), None, "one writing at a time");
    let first = texts(kept.handle_written(&Ok(())));
    assert_eq!(first, [(CLIENT, "drained; it is kept in /state/intents.json".to_owned())]);
    assert!(stored(&mut kept).contains("10.0.0.2:80"));
    let failed = texts(kept.handle_written(&Err("no space".to_owned())));
    assert!(matches!(&failed[..], [(ClientId(5), text)] if text.contains("no space")), "{failed:?}");
    assert_eq!(kept.poll_timeout(), None);
    keep(&mut kept, &steer("10.0.0.3:80", ServerIntent::Drain, None), true);
    kept.hold(now, done(CLIENT));
    let until = kept.poll_timeout().unwrap();
    let late = texts(kept.handle_timeout(until));
    assert!(matches!(&late[..], [(CLIENT, text)] if text.contains("not written yet")), "{late:?}");
}

#[test]
fn each_copy_has_a_file_of_its_own() {
    let shown = |namespace, instance| path(None, namespace, instance).display().to_string();
    assert_eq!(shown(None, None), "/var/lib/vipd/intents.json");
    assert_eq!(shown(Some("blue"), Some("west")), "/var/lib/vipd/blue/intents_west.json");
    assert_eq!(path(Some(Path::new("/s")), None, None), Path::new("/s/intents.json"));
}
