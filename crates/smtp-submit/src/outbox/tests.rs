//! The outbox over virtual time.

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);
const DELIVERY_LIMIT: Duration = Duration::from_secs(180);

struct Scene {
    outbox: Outbox,
    now: Instant,
    start: Instant,
}

impl Scene {
    fn new() -> Self {
        let now = Instant::now();
        Self { outbox: Outbox::new("mx:25".to_owned(), DELIVERY_LIMIT), now, start: now }
    }

    fn mail(&mut self, subject: &str) {
        let recipients = vec!["a@x".to_owned(), "b@x".to_owned()];
        let mail = Mail { subject: subject.to_owned(), from: "k@x".to_owned(), recipients, text: Vec::new() };
        self.outbox.handle_mail(self.now, mail);
    }

    fn actions(&mut self) -> Vec<Action> {
        std::iter::from_fn(|| self.outbox.poll_action()).collect()
    }

    /// The mail that is delivered now; reports are ignored.
    fn delivered(&mut self) -> Option<(Id, Mail)> {
        let mut deliveries = self.actions().into_iter().filter_map(|action| match action {
            Action::Deliver(id, mail) => Some((id, mail)),
            Action::Abort(_) | Action::Report(_) => None,
        });
        let first = deliveries.next();
        assert!(deliveries.next().is_none(), "two at a time");
        first
    }

    fn log(&mut self) -> Vec<String> {
        let lines = self.actions().into_iter().filter_map(|action| match action {
            Action::Report(event) => Some(event.to_string()),
            Action::Deliver(..) | Action::Abort(_) => None,
        });
        lines.collect()
    }

    /// Lets time pass until something is due.
    fn wait(&mut self) -> Duration {
        let due = self.outbox.poll_timeout().unwrap();
        let waited = due.saturating_duration_since(self.now);
        self.now = self.now.max(due);
        self.outbox.handle_timeout(self.now);
        waited
    }

    fn outcome(&mut self, id: Id, outcome: Outcome) {
        self.outbox.handle_outcome(self.now, id, outcome);
    }
}

fn said(step: Step, reply: &str) -> ServerReply {
    ServerReply::new(step, reply)
}

#[expect(clippy::unnecessary_wraps, reason = "an outcome like the others")]
fn all_taken() -> Outcome {
    Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Accepted])
}

fn no_connection() -> Outcome {
    Err(Failure::Connect("connection refused".to_owned()))
}

#[test]
fn one_mail_at_a_time_in_the_order_they_came() {
    let mut scene = Scene::new();
    for subject in ["one", "two", "three"] {
        scene.mail(subject);
    }
    for subject in ["one", "two", "three"] {
        let (id, mail) = scene.delivered().unwrap();
        assert_eq!(mail.subject, subject);
        scene.outcome(id, all_taken());
    }
    assert!(scene.outbox.is_empty());
    assert_eq!(scene.outbox.poll_timeout(), None);
}

#[test]
fn a_sent_mail_is_reported_with_recipients_and_server() {
    let mut scene = Scene::new();
    scene.mail("[lb1] news");
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(id, all_taken());
    assert_eq!(scene.log(), ["successfully sent to a@x, b@x through mx:25: [lb1] news"]);
}

#[test]
fn a_server_that_is_down_is_tried_less_and_less_often_with_the_oldest_mail() {
    let mut scene = Scene::new();
    scene.mail("one");
    scene.mail("two");
    let mut waits = Vec::new();
    for _ in 0..10 {
        let (id, mail) = scene.delivered().unwrap();
        assert_eq!(mail.subject, "one");
        scene.outcome(id, no_connection());
        assert!(scene.outbox.is_quiet(scene.now));
        waits.push(scene.wait().as_secs());
    }
    assert_eq!(waits, [5, 10, 20, 40, 80, 160, 320, 600, 600, 600]);
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(id, all_taken());
    assert_eq!(scene.delivered().unwrap().1.subject, "two", "at once");
}

#[test]
fn a_server_that_is_down_is_reported_with_the_number_of_waiting_mails() {
    let mut scene = Scene::new();
    scene.mail("one");
    scene.mail("two");
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(id, no_connection());
    assert_eq!(
        scene.log(),
        ["not sent: server mx:25: no connection: connection refused; 2 waiting, next attempt in 5 seconds"]
    );
}

#[test]
fn all_mails_older_than_four_hours_are_given_up() {
    let mut scene = Scene::new();
    scene.mail("one");
    scene.mail("two");
    loop {
        let (id, _) = scene.delivered().unwrap();
        scene.outcome(id, no_connection());
        if scene.outbox.is_empty() {
            break;
        }
        scene.wait();
    }
    let log = scene.log();
    assert_eq!(
        log[0],
        "lost for a@x, b@x: undelivered for 4 hours, mx:25: no connection: connection refused (one)"
    );
    assert!(log[1].ends_with("(two)"));
    let lived = scene.now - scene.start;
    assert!(lived >= LIFETIME && lived < LIFETIME + MAX_DELAY + SECOND, "{lived:?}");
}

#[test]
fn a_recipient_refused_for_now_delays_nobody_else() {
    let mut scene = Scene::new();
    scene.mail("one");
    scene.mail("two");
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(
        id,
        Ok(vec![DeliveryStatus::Accepted, DeliveryStatus::Deferred(said(Step::Recipient, "451 greylisted"))]),
    );
    let actions = scene.actions();
    assert!(
        matches!(&actions[..], [Action::Report(_), Action::Report(_), Action::Deliver(_, mail)] if mail.subject == "two")
    );
    let Action::Report(postponed) = &actions[1] else { panic!("{actions:?}") };
    assert_eq!(
        postponed.to_string(),
        "postponed for b@x, next attempt in 5 seconds: mx:25: refused at a recipient: 451 greylisted (one)"
    );
    let Action::Deliver(id, _) = &actions[2] else { unreachable!() };
    scene.outcome(*id, all_taken());
    assert_eq!(scene.wait(), 5 * SECOND);
    let (_, mail) = scene.delivered().unwrap();
    assert_eq!((mail.subject.as_str(), mail.recipients.as_slice()), ("one", ["b@x".to_owned()].as_slice()));
}

#[test]
fn a_mail_that_is_refused_for_good_is_reported_as_lost() {
    let mut scene = Scene::new();
    scene.mail("one");
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(
        id,
        Ok(vec![
            DeliveryStatus::Rejected(said(Step::Recipient, "550 no such user")),
            DeliveryStatus::Accepted,
        ]),
    );
    assert_eq!(
        scene.log(),
        [
            "lost for a@x: mx:25 refused it at a recipient: 550 no such user (one)",
            "successfully sent to b@x through mx:25: one",
        ]
    );
    assert!(scene.outbox.is_empty());

    scene.mail("two");
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(id, Err(Failure::Refused(said(Step::Sender, "550 go away"))));
    assert_eq!(scene.log(), ["lost for a@x, b@x: mx:25: refused at the sender: 550 go away (two)"]);
    assert!(scene.outbox.is_empty());
}

#[test]
fn a_refused_login_is_not_repeated_soon() {
    let mut scene = Scene::new();
    scene.mail("one");
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(id, Err(Failure::Refused(said(Step::Login, "535 no"))));
    assert_eq!(scene.wait(), MAX_DELAY);
}

#[test]
fn other_settings_are_tried_at_once() {
    let mut scene = Scene::new();
    scene.mail("one");
    let (id, _) = scene.delivered().unwrap();
    scene.outcome(id, no_connection());
    scene.actions();
    scene.outbox.handle_server(scene.now, "other:25".to_owned(), DELIVERY_LIMIT);
    assert!(scene.delivered().is_some());
}

#[test]
fn a_delivery_that_takes_too_long_is_ended_and_its_late_outcome_ignored() {
    let mut scene = Scene::new();
    scene.mail("one");
    let (id, _) = scene.delivered().unwrap();
    assert_eq!(scene.wait(), DELIVERY_LIMIT);
    assert_eq!(scene.actions()[0], Action::Abort(id));
    scene.outcome(id, all_taken());
    assert_eq!(scene.outbox.len(), 1);
    assert_eq!(scene.wait(), FIRST_DELAY);
    assert_ne!(scene.delivered().unwrap().0, id);
}

#[test]
fn a_full_outbox_drops_the_oldest_mail() {
    let mut scene = Scene::new();
    scene.mail("under way");
    let (id, _) = scene.delivered().unwrap();
    for number in 0..=MAX_WAITING {
        scene.mail(&number.to_string());
    }
    assert_eq!(scene.log(), ["lost for a@x, b@x: 1000 newer ones wait (0)"]);
    scene.outcome(id, all_taken());
    assert_eq!(scene.delivered().unwrap().1.subject, "1");
}

#[test]
fn mails_that_are_abandoned_are_reported() {
    let mut scene = Scene::new();
    for number in 0..12 {
        scene.mail(&number.to_string());
    }
    scene.actions();
    scene.outbox.abandon("the daemon stops");
    let log = scene.log();
    assert_eq!(log.len(), MAX_NAMED_LOSSES + 1);
    assert_eq!(log[0], "lost for a@x, b@x: the daemon stops (0)");
    assert_eq!(log[10], "lost: 2 more (the daemon stops)");
    assert!(scene.outbox.is_empty());
}

proptest! {
    /// One delivery runs at a time, the queue is bounded, and in the end each mail was reported as sent or lost.
    #[test]
    fn no_mail_is_forgotten(story in prop::collection::vec(0_u8..8, 1..200)) {
        let mut scene = Scene::new();
        let (mut queued, mut ended) = (0_usize, 0_usize);
        let mut current: Option<Id> = None;
        let follow = |scene: &mut Scene, current: &mut Option<Id>, ended: &mut usize| {
            for action in scene.actions() {
                match action {
                    Action::Deliver(id, mail) => {
                        assert!(current.replace(id).is_none());
                        assert!(!mail.recipients.is_empty());
                    }
                    Action::Abort(id) => assert_eq!(current.take(), Some(id)),
                    Action::Report(event) => {
                        *ended += usize::from(matches!(event, Event::Lost { .. } | Event::Sent { .. }));
                    }
                }
            }
        };
        for step in story {
            match (step, current) {
                (0..=2, _) => {
                    scene.mail("m");
                    queued += 1;
                }
                (3, _) => {
                    if scene.outbox.poll_timeout().is_some() {
                        scene.wait();
                    }
                }
                (_, None) => {}
                (step, Some(id)) => {
                    current = None;
                    scene.outcome(id, match step {
                        4 => all_taken(),
                        5 => no_connection(),
                        6 => Err(Failure::Closed(Step::Text)),
                        _ => Err(Failure::Refused(said(Step::Sender, "500 no"))),
                    });
                }
            }
            follow(&mut scene, &mut current, &mut ended);
            prop_assert_eq!(queued, ended + scene.outbox.len());
        }
        scene.outbox.abandon("end");
        prop_assert!(scene.outbox.is_empty());
    }
}
