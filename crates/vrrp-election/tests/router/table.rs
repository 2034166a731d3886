//! Every state with every event: the actions and their order, the next state, the armed timers.

use vrrp_election::{Action, Cause, Ignored, Preempt, Report, RouterConfig, State, VirtualRouter};
use vrrp_proto::{Priority, RouterPriority};

use crate::support::{ALL, Hears, Speaks, actions, advert, prio, serving, started, us};

/// An input of the router.
#[derive(Clone, Copy, Debug)]
enum Event {
    Startup,
    Resume,
    Shutdown,
    Timeout,
    /// An advert with this priority.
    Advert(u8, From),
}

#[derive(Clone, Copy, Debug)]
enum From {
    Below,
    Above,
    Ourselves,
}

/// Where the router stands before the event.
#[derive(Clone, Copy, Debug)]
enum Before {
    /// New; the event comes at 1 s.
    Initialize,
    /// Started at 0, so its wait ends at 3.609375 s; the event comes at 1 s.
    Backup,
    /// Active since 3.609375 s, so its advert is due at 4.609375 s; the event comes at 4 s.
    Active,
}

/// One row of the table.
struct Row {
    before: Before,
    event: Event,
    /// Comes at another time, in microseconds.
    at: Option<u64>,
    configure: fn(&mut RouterConfig),
    result: Result<(), Ignored>,
    actions: Vec<Action>,
    state: State,
    /// In microseconds.
    timeout: Option<u64>,
}

fn plain(_: &mut RouterConfig) {}

fn row(before: Before, event: Event, actions: Vec<Action>, state: State, timeout: Option<u64>) -> Row {
    Row { before, event, at: None, configure: plain, result: Ok(()), actions, state, timeout }
}

impl Row {
    fn at(self, micros: u64) -> Self {
        Self { at: Some(micros), ..self }
    }

    fn with(self, configure: fn(&mut RouterConfig)) -> Self {
        Self { configure, ..self }
    }

    fn ignored(self, why: Ignored) -> Self {
        Self { result: Err(why), ..self }
    }

    fn check(&self, speaks: Speaks) {
        let mut config = speaks.config();
        (self.configure)(&mut config);
        let (mut router, usual) = match self.before {
            Before::Initialize => (VirtualRouter::new(config), 1_000_000),
            Before::Backup => (started(speaks, config), 1_000_000),
            Before::Active => (serving(speaks, config), 4_000_000),
        };
        let now = us(self.at.unwrap_or(usual));
        let mut result = Ok(());
        match self.event {
            Event::Startup => router.handle_startup(now, speaks.ours()),
            Event::Resume => router.handle_resume(now, speaks.ours()),
            Event::Shutdown => router.handle_shutdown(now),
            Event::Timeout => router.handle_timeout(now),
            Event::Advert(priority, from) => {
                let source = source(speaks, from);
                result = router.hears(now, &advert(priority, source, speaks.one_second()));
            }
        }
        let name = format!("{speaks:?}: {:?}, {:?} at {now}", self.before, self.event);
        assert_eq!(result, self.result, "{name}");
        assert_eq!(actions(&mut router), self.actions, "{name}");
        assert_eq!(router.state(), self.state, "{name}");
        assert_eq!(router.poll_timeout(), self.timeout.map(us), "{name}");
    }
}

fn source(speaks: Speaks, from: From) -> std::net::IpAddr {
    match from {
        From::Below => speaks.below(),
        From::Above => speaks.above(),
        From::Ourselves => speaks.ours(),
    }
}

fn transition(from: State, to: State, cause: Cause) -> Action {
    Action::Report(Report::Transition { from, to, cause })
}

fn takes_over(priority: u8, from: State, cause: Cause) -> Vec<Action> {
    vec![
        Action::SendAdvert(prio(priority)),
        Action::AddAddresses,
        Action::Announce { repeat: 5 },
        transition(from, State::Active, cause),
    ]
}

fn steps_down(speaks: Speaks, from: From, priority: u8) -> Vec<Action> {
    let cause = Cause::Better { source: source(speaks, from), priority: prio(priority) };
    vec![Action::RemoveAddresses, transition(State::Active, State::Backup, cause)]
}

fn defends(speaks: Speaks, from: From, priority: u8) -> Vec<Action> {
    vec![
        Action::SendAdvert(Priority::DEFAULT),
        Action::Announce { repeat: 5 },
        Action::Report(Report::LowerPriorityWhileActive {
            source: source(speaks, from),
            priority: prio(priority),
        }),
    ]
}

fn check(rows: impl Fn(Speaks) -> Vec<Row>) {
    for speaks in ALL {
        for row in rows(speaks) {
            row.check(speaks);
        }
    }
}

#[test]
fn initialize_leaves_only_by_startup_or_resume() {
    use Before::Initialize as I;
    let owner = |config: &mut RouterConfig| config.priority = RouterPriority::OWNER;
    check(|_| {
        let begins =
            vec![Action::RemoveAddresses, transition(State::Initialize, State::Backup, Cause::Startup)];
        vec![
            row(I, Event::Startup, begins, State::Backup, Some(4_609_375)),
            row(
                I,
                Event::Startup,
                takes_over(255, State::Initialize, Cause::Owner),
                State::Active,
                Some(2_000_000),
            )
            .with(owner),
            row(
                I,
                Event::Resume,
                takes_over(100, State::Initialize, Cause::Resumed),
                State::Active,
                Some(2_000_000),
            ),
            row(I, Event::Shutdown, vec![], State::Initialize, None),
            row(I, Event::Timeout, vec![], State::Initialize, None),
        ]
        .into_iter()
        .chain([0, 99, 100, 255].map(|priority| {
            row(I, Event::Advert(priority, From::Above), vec![], State::Initialize, None)
                .ignored(Ignored::NotRunning)
        }))
        .collect()
    });
}

#[test]
fn an_owner_that_starts_as_backup_waits_the_shortest_time_there_is() {
    for speaks in ALL {
        let mut config = speaks.config();
        config.priority = RouterPriority::OWNER;
        config.owner_starts_active = false;
        let router = started(speaks, config);
        assert_eq!(router.state(), State::Backup);
        assert_eq!(router.poll_timeout(), Some(vrrp_election::Instant::from_nanos(3_003_906_250)));
    }
}

#[test]
fn backup_listens_and_waits() {
    use Before::Backup as B;
    let never = |config: &mut RouterConfig| config.preempt = Preempt::Never;
    check(|speaks| {
        let leaves = Report::ActiveLeaves { source: speaks.above() };
        let lower = Report::LowerPriorityWhileBackup { source: speaks.above(), priority: prio(99) };
        let own = Report::OwnAddressHeard { source: speaks.ours() };
        let down = Cause::ActiveDown { silent_for: None };
        let waits = Some(3_609_375);
        let renewed = Some(4_609_375);
        vec![
            row(B, Event::Startup, vec![], State::Backup, waits),
            row(B, Event::Resume, vec![], State::Backup, waits),
            row(
                B,
                Event::Shutdown,
                vec![transition(State::Backup, State::Initialize, Cause::Shutdown)],
                State::Initialize,
                None,
            ),
            row(B, Event::Timeout, vec![], State::Backup, waits),
            row(B, Event::Timeout, vec![], State::Backup, waits).at(3_609_374),
            row(B, Event::Timeout, takes_over(100, State::Backup, down), State::Active, Some(4_609_375))
                .at(3_609_375),
            row(
                B,
                Event::Advert(0, From::Above),
                vec![Action::Report(leaves)],
                State::Backup,
                Some(1_609_375),
            ),
            row(B, Event::Advert(1, From::Above), vec![], State::Backup, renewed).with(never),
            row(B, Event::Advert(99, From::Above), vec![], State::Backup, renewed).with(never),
            row(B, Event::Advert(99, From::Above), vec![Action::Report(lower)], State::Backup, waits),
            row(B, Event::Advert(100, From::Below), vec![], State::Backup, renewed),
            row(B, Event::Advert(100, From::Above), vec![], State::Backup, renewed),
            row(B, Event::Advert(101, From::Below), vec![], State::Backup, renewed),
            row(B, Event::Advert(255, From::Below), vec![], State::Backup, renewed),
            row(B, Event::Advert(200, From::Ourselves), vec![Action::Report(own)], State::Backup, renewed),
            row(B, Event::Advert(100, From::Ourselves), vec![Action::Report(own)], State::Backup, renewed),
        ]
    });
}

#[test]
fn active_serves_until_a_better_one_comes() {
    use Before::Active as A;
    let never = |config: &mut RouterConfig| config.preempt = Preempt::Never;
    let answers_higher = |config: &mut RouterConfig| config.answer_higher_priority = true;
    let silent = |config: &mut RouterConfig| {
        config.answer_lower_priority = false;
        config.announce.lower_priority_repeat = 0;
    };
    check(|speaks| {
        let serves = Some(4_609_375);
        let listens = Some(7_609_375);
        let own = Report::OwnAddressHeard { source: speaks.ours() };
        let lower = Report::LowerPriorityWhileActive { source: speaks.above(), priority: prio(99) };
        let answered =
            [vec![Action::SendAdvert(Priority::DEFAULT)], steps_down(speaks, From::Below, 101)].concat();
        vec![
            row(A, Event::Startup, vec![], State::Active, serves),
            row(A, Event::Resume, vec![], State::Active, serves),
            row(
                A,
                Event::Shutdown,
                vec![
                    Action::SendAdvert(Priority::STOP),
                    Action::RemoveAddresses,
                    transition(State::Active, State::Initialize, Cause::Shutdown),
                ],
                State::Initialize,
                None,
            ),
            row(A, Event::Timeout, vec![], State::Active, serves),
            row(A, Event::Timeout, vec![Action::SendAdvert(prio(100))], State::Active, Some(5_609_375))
                .at(4_609_375),
            row(
                A,
                Event::Advert(0, From::Above),
                vec![Action::SendAdvert(prio(100))],
                State::Active,
                Some(5_000_000),
            ),
            row(
                A,
                Event::Advert(101, From::Below),
                steps_down(speaks, From::Below, 101),
                State::Backup,
                listens,
            ),
            row(A, Event::Advert(101, From::Below), answered, State::Backup, listens).with(answers_higher),
            row(
                A,
                Event::Advert(255, From::Above),
                steps_down(speaks, From::Above, 255),
                State::Backup,
                listens,
            )
            .with(never),
            row(
                A,
                Event::Advert(100, From::Above),
                steps_down(speaks, From::Above, 100),
                State::Backup,
                listens,
            ),
            row(A, Event::Advert(100, From::Below), defends(speaks, From::Below, 100), State::Active, serves),
            row(A, Event::Advert(99, From::Above), defends(speaks, From::Above, 99), State::Active, serves),
            row(A, Event::Advert(1, From::Above), defends(speaks, From::Above, 1), State::Active, serves)
                .with(never),
            row(A, Event::Advert(99, From::Above), vec![Action::Report(lower)], State::Active, serves)
                .with(silent),
            row(
                A,
                Event::Advert(200, From::Ourselves),
                [vec![Action::Report(own)], steps_down(speaks, From::Ourselves, 200)].concat(),
                State::Backup,
                listens,
            ),
            row(
                A,
                Event::Advert(99, From::Ourselves),
                [vec![Action::Report(own)], defends(speaks, From::Ourselves, 99)].concat(),
                State::Active,
                serves,
            ),
            row(A, Event::Advert(100, From::Ourselves), vec![Action::Report(own)], State::Active, serves)
                .ignored(Ignored::OwnAdvert),
        ]
    });
}

#[test]
fn an_owner_told_to_ignore_others_never_yields() {
    for speaks in ALL {
        let mut config = speaks.config();
        config.priority = RouterPriority::OWNER;
        config.owner_ignores_adverts = true;
        let mut router = started(speaks, config);
        for priority in [0, 100, 255] {
            let heard = advert(priority, speaks.above(), speaks.one_second());
            assert_eq!(router.hears(us(500_000), &heard), Err(Ignored::Owner));
            assert_eq!(actions(&mut router), []);
            assert_eq!(router.poll_timeout(), Some(us(1_000_000)));
        }
    }
}

#[test]
fn a_router_below_255_ignores_no_advert() {
    for speaks in ALL {
        let mut router = started(speaks, RouterConfig { owner_ignores_adverts: true, ..speaks.config() });
        let heard = advert(200, speaks.above(), speaks.one_second());
        assert_eq!(router.hears(us(500_000), &heard), Ok(()));
        assert_eq!(router.poll_timeout(), Some(us(4_109_375)));
    }
}

#[test]
fn the_cause_of_a_takeover_says_how_long_the_active_was_silent() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.hears(us(500_000), &advert(200, speaks.above(), speaks.one_second())).unwrap();
        router.handle_timeout(us(4_109_375));
        let cause = Cause::ActiveDown { silent_for: Some(std::time::Duration::from_micros(3_609_375)) };
        assert_eq!(actions(&mut router), takes_over(100, State::Backup, cause));
    }
}

#[test]
fn a_takeover_after_priority_0_says_so() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.hears(us(500_000), &advert(0, speaks.above(), speaks.one_second())).unwrap();
        actions(&mut router);
        router.handle_timeout(us(1_109_375));
        assert_eq!(actions(&mut router), takes_over(100, State::Backup, Cause::ActiveLeft));
    }
}

#[test]
fn a_second_goodbye_neither_postpones_the_takeover_nor_is_told() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        let goodbye = advert(0, speaks.above(), speaks.one_second());
        router.hears(us(500_000), &goodbye).unwrap();
        actions(&mut router);
        router.hears(us(600_000), &goodbye).unwrap();
        assert_eq!(actions(&mut router), []);
        assert_eq!(router.poll_timeout(), Some(us(1_109_375)));
    }
}
