//! Tests of the log lines.

use std::time::Instant;

use lvs_health::{Failure, Outcome, WeightUpdate};

use super::*;
use crate::testing::{asked, balanced, plan};

const TWO: &[(u16, &str)] = &[(80, "TCP_CHECK {\nwarmup 0\n}"), (81, "")];

fn text(lines: &[LogLine]) -> Vec<&str> {
    lines.iter().map(|line| line.text.as_str()).collect()
}

/// Everything that is said of some events.
fn said(plan: &Plan, former: &Former, director: &Director, events: &[Event]) -> (Vec<String>, Vec<String>) {
    let spoken = events.iter().flat_map(|event| lines(plan, director, event)).map(|line| line.text);
    let sent = events.iter().flat_map(|event| messages(plan, former, director, event));
    (spoken.collect(), sent.map(|message| format!("{message:?}")).collect())
}

#[test]
fn a_server_that_fails_and_comes_back_is_told_with_the_reason() {
    let now = Instant::now();
    let plan = plan(4, &balanced("quorum 2", TWO));
    let mut director = Director::new(now, plan.director());
    let (_, attempts) = asked(&mut director, now);
    director.handle_outcome(now, attempts[0], Outcome::Fail(Failure::ConnectTimeout));
    let (events, _) = asked(&mut director, now);
    let (spoken, sent) = said(&plan, &Former::default(), &director, &events);
    assert_eq!(
        spoken,
        [
            "TCP_CHECK on service [10.0.0.1]:tcp:80 failed: timeout while connecting",
            "Removing service [10.0.0.1]:tcp:80 from VS [192.0.2.1]:tcp:80",
            "Lost quorum 2-0=2 > 1 for VS [192.0.2.1]:tcp:80",
        ]
    );
    assert_eq!(
        sent,
        [
            "Server { generation: 4, service: 0, server: 0, up: false, because: \"TCP CHECK failed on service\", resumed: false }",
            "Quorum { generation: 4, service: 0, up: false, because: \"Lost quorum 2-0=2 > 1\", resumed: false }",
        ]
    );

    let later = director.poll_timeout().unwrap();
    let (_, attempts) = asked(&mut director, later);
    director.handle_outcome(later, attempts[0], Outcome::Pass(WeightUpdate::Unchanged));
    let (events, _) = asked(&mut director, later);
    let (spoken, _) = said(&plan, &Former::default(), &director, &events);
    assert_eq!(
        spoken,
        [
            "TCP connection to [10.0.0.1]:tcp:80 success.",
            "Adding service [10.0.0.1]:tcp:80 to VS [192.0.2.1]:tcp:80",
            "Gained quorum 2+0=2 <= 2 for VS [192.0.2.1]:tcp:80",
        ]
    );
}

#[test]
fn a_server_dropped_by_a_reload_is_named_by_its_former_place() {
    let now = Instant::now();
    let before = plan(4, &balanced("", TWO));
    let mut director = Director::new(now, before.director());
    asked(&mut director, now);
    let former = Former::of(&before);
    let after = plan(5, &balanced("", &TWO[..1]));
    director.reload(now, after.director());
    let (events, _) = asked(&mut director, now);
    let (spoken, sent) = said(&after, &former, &director, &events);
    assert!(
        spoken.iter().any(|line| line.starts_with("Removing service 10.0.0.1:81 from VS ")
            || line.starts_with("Removing service 10.0.0.1:81 of VS ")),
        "{spoken:?}"
    );
    assert_eq!(
        sent,
        [
            "Server { generation: 4, service: 0, server: 1, up: false, because: \"No longer configured\", resumed: false }"
        ]
    );
}

#[test]
fn words_about_quorums_cannot_overflow() {
    let quorum = |up, quorum, hysteresis| Event::Quorum {
        service: ServiceId(0),
        up,
        weight: 1,
        quorum,
        hysteresis,
        initial: false,
    };
    assert_eq!(
        quorum_text(&quorum(true, u32::MAX, u32::MAX)),
        "Gained quorum 4294967295+4294967295=8589934590 <= 1"
    );
    assert_eq!(quorum_text(&quorum(false, 1, 2)), "Lost quorum 1-2=0 > 1");
}

/// Levels and fields of the lines of an event.
fn with_fields(lines: Vec<LogLine>) -> Vec<String> {
    let line = |line: LogLine| {
        let about = line.about.unwrap();
        let fields: Vec<_> = about.fields().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{:?} {}: {}", line.level, about.event().name(), fields.join(" "))
    };
    lines.into_iter().map(line).collect()
}

#[test]
fn a_server_that_a_check_takes_out_is_a_warning_with_fields() {
    let now = Instant::now();
    let plan = plan(4, &balanced("quorum 2", TWO));
    let mut director = Director::new(now, plan.director());
    let (_, attempts) = asked(&mut director, now);
    director.handle_outcome(now, attempts[0], Outcome::Fail(Failure::ConnectTimeout));
    let (events, _) = asked(&mut director, now);
    let said = events.iter().flat_map(|event| with_fields(lines(&plan, &director, event)));
    assert_eq!(
        said.collect::<Vec<_>>(),
        [
            "Warning check: service=[192.0.2.1]:tcp:80 server=[10.0.0.1]:tcp:80 reason=timeout while connecting to=down",
            "Warning server: service=[192.0.2.1]:tcp:80 server=[10.0.0.1]:tcp:80 to=down cause=check",
            "Warning quorum: service=[192.0.2.1]:tcp:80 to=down",
        ]
    );
    let server = ServerId { service: ServiceId(0), place: 0 };
    let stopped = Event::Server { server, up: false, cause: Cause::Stop };
    assert_eq!(
        with_fields(lines(&plan, &director, &stopped)),
        ["Info server: service=[192.0.2.1]:tcp:80 server=[10.0.0.1]:tcp:80 to=down cause=stop"]
    );
}

#[test]
fn events_of_places_that_are_no_more_are_no_accident() {
    let plan = plan(0, &balanced("", TWO));
    let director = Director::new(Instant::now(), plan.director());
    let nobody = ServerId { service: ServiceId(7), place: 9 };
    let event = Event::Server { server: nobody, up: false, cause: Cause::Stop };
    assert_eq!(text(&lines(&plan, &director, &event)), ["Removing service ? from VS ?"]);
}
