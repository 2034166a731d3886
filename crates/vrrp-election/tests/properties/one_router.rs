//! Any inputs to one router, with any parameters.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{
    Just, ProptestConfig, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};
use vrrp_election::{
    Action, AnnounceConfig, Instant, Preempt, Received, Report, RouterConfig, State, VirtualRouter,
};
use vrrp_proto::{AdvertInterval, Family, RouterPriority};

use crate::support::{actions, centis, config, ip, own_prio, prio, seconds};

#[derive(Clone, Debug)]
enum Input {
    Startup(u8),
    Resume(u8),
    Shutdown,
    Timeout,
    Advert { priority: u8, source: u8, interval: AdvertInterval, age_ms: u64 },
    SetPriority(u8),
    SetAddress(u8),
    Reconfigure(RouterConfig, bool),
    AddressLost,
    ClearCounters,
}

fn interval() -> impl Strategy<Value = AdvertInterval> {
    prop_oneof![any::<u8>().prop_map(seconds), (0_u16..=4095).prop_map(centis), Just(centis(1))]
}

fn own_interval() -> impl Strategy<Value = AdvertInterval> {
    prop_oneof![(1_u8..).prop_map(seconds), (1_u16..=4095).prop_map(centis), Just(centis(1))]
}

fn preempt() -> impl Strategy<Value = Preempt> {
    prop_oneof![
        Just(Preempt::AtOnce),
        Just(Preempt::Never),
        (0_u64..20_000).prop_map(|ms| Preempt::After(Duration::from_millis(ms))),
    ]
}

fn announce() -> impl Strategy<Value = AnnounceConfig> {
    let time = || (0_u64..3_000).prop_map(Duration::from_millis);
    (0_u32..9, time(), time(), 0_u32..9, 0_u32..9, time()).prop_map(
        |(repeat, delay, refresh, refresh_repeat, lower_priority_repeat, lower_priority_delay)| {
            AnnounceConfig {
                repeat,
                delay,
                refresh,
                refresh_repeat,
                lower_priority_repeat,
                lower_priority_delay,
            }
        },
    )
}

fn parameters() -> impl Strategy<Value = RouterConfig> {
    (own_interval(), 1_u8..=255, preempt(), any::<[bool; 4]>(), any::<u8>(), announce()).prop_map(
        |(interval, priority, preempt, [a, b, c, d], down_adverts, announce)| RouterConfig {
            priority: own_prio(priority),
            preempt,
            owner_starts_active: a,
            down_adverts,
            answer_lower_priority: b,
            answer_higher_priority: c,
            owner_ignores_adverts: d,
            announce,
            ..config(Family::Ipv4, interval)
        },
    )
}

fn input() -> impl Strategy<Value = Input> {
    prop_oneof![
        2 => (0_u8..4).prop_map(Input::Startup),
        1 => (0_u8..4).prop_map(Input::Resume),
        1 => Just(Input::Shutdown),
        8 => Just(Input::Timeout),
        8 => (any::<u8>(), 0_u8..4, interval(), 0_u64..5_000).prop_map(
            |(priority, source, interval, age_ms)| Input::Advert { priority, source, interval, age_ms }
        ),
        2 => (1_u8..=254).prop_map(Input::SetPriority),
        1 => (0_u8..4).prop_map(Input::SetAddress),
        1 => (parameters(), any::<bool>()).prop_map(|(config, changed)| Input::Reconfigure(config, changed)),
        1 => Just(Input::AddressLost),
        1 => Just(Input::ClearCounters),
    ]
}

fn address(number: u8) -> std::net::IpAddr {
    ip(["192.0.2.1", "192.0.2.9", "192.0.2.20", "203.0.113.255"][usize::from(number % 4)])
}

fn feed(router: &mut VirtualRouter, now: Instant, input: Input) {
    match input {
        Input::Startup(number) => router.handle_startup(now, address(number)),
        Input::Resume(number) => router.handle_resume(now, address(number)),
        Input::Shutdown => router.handle_shutdown(now),
        Input::Timeout => router.handle_timeout(now),
        Input::Advert { priority, source, interval, age_ms } => {
            let advert = Received { source: address(source), priority: prio(priority), interval };
            let _ = router.handle_advert(now, now - Duration::from_millis(age_ms), &advert);
        }
        Input::SetPriority(priority) => router.set_priority(own_prio(priority)),
        Input::SetAddress(number) => router.set_address(address(number)),
        Input::Reconfigure(config, changed) => router.reconfigure(now, config, changed),
        Input::AddressLost => router.handle_address_lost(now),
        Input::ClearCounters => router.clear_counters(),
    }
}

/// Knowledge of the caller, from the router's actions alone.
#[derive(Debug, Default)]
struct Outside {
    holds_addresses: bool,
    state: Option<State>,
}

impl Outside {
    fn see(&mut self, actions: &[Action]) -> Result<(), String> {
        for action in actions {
            match *action {
                Action::AddAddresses => self.holds_addresses = true,
                Action::RemoveAddresses => self.holds_addresses = false,
                Action::Announce { repeat: 0 } => return Err("an announcement of nothing".into()),
                Action::Announce { .. } if !self.holds_addresses => {
                    return Err("an announcement without addresses".into());
                }
                Action::Report(Report::Transition { from, to, .. }) => {
                    if self.state.replace(to).unwrap_or(State::Initialize) != from || from == to {
                        return Err(format!("{from:?} to {to:?} is no step from {:?}", self.state));
                    }
                }
                Action::Announce { .. } | Action::SendAdvert(_) | Action::Report(_) => {}
            }
        }
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_inputs_keep_the_promises(
        config in parameters(),
        inputs in vec((input(), prop_oneof![Just(0), 0_u64..2_000_000_000, 0_u64..100_000_000_000]), 1..80),
    ) {
        let mut router = VirtualRouter::new(config);
        let mut now = Instant::from_nanos(10_000_000_000);
        let mut outside = Outside::default();
        for (input, pass) in inputs {
            now += Duration::from_nanos(pass);
            let timed = matches!(input, Input::Timeout);
            feed(&mut router, now, input);
            let asked = actions(&mut router);
            prop_assert!(asked.len() <= 10, "{asked:?}");
            outside.see(&asked).map_err(proptest::test_runner::TestCaseError::fail)?;

            let state = router.state();
            prop_assert_eq!(outside.holds_addresses, state == State::Active);
            prop_assert_eq!(outside.state.unwrap_or(State::Initialize), state);
            prop_assert_eq!(router.poll_timeout().is_none(), state == State::Initialize);
            if timed {
                prop_assert!(router.poll_timeout().is_none_or(|at| at > now), "a busy loop");
                let at = router.poll_timeout();
                router.handle_timeout(now);
                prop_assert_eq!(actions(&mut router), []);
                prop_assert_eq!(router.poll_timeout(), at);
            }
        }
    }

    #[test]
    fn a_caller_that_drains_rarely_ends_where_one_that_drains_always_does(
        config in parameters(),
        inputs in vec((input(), prop_oneof![Just(0), 0_u64..2_000_000_000]), 1..80),
        drained_every in 1_usize..40,
    ) {
        let mut router = VirtualRouter::new(config);
        let mut now = Instant::from_nanos(10_000_000_000);
        let mut outside = Outside::default();
        for batch in inputs.chunks(drained_every) {
            for (input, pass) in batch {
                now += Duration::from_nanos(*pass);
                feed(&mut router, now, input.clone());
            }
            let asked = actions(&mut router);
            prop_assert!(asked.len() <= 20, "{asked:?}");
            outside.see(&asked).map_err(proptest::test_runner::TestCaseError::fail)?;
            prop_assert_eq!(outside.holds_addresses, router.state() == State::Active);
            prop_assert_eq!(outside.state.unwrap_or(State::Initialize), router.state());
        }
    }

    #[test]
    fn a_router_that_is_woken_on_time_speaks_every_interval(
        centiseconds in 1_u16..500,
        intervals in 1_u32..60,
    ) {
        let config = RouterConfig { priority: RouterPriority::OWNER, ..config(Family::Ipv4, centis(centiseconds)) };
        let mut router = VirtualRouter::new(config);
        router.handle_startup(Instant::ZERO, address(0));
        let interval = Duration::from_millis(u64::from(centiseconds) * 10);
        let end = Instant::ZERO + interval * intervals;
        while let Some(at) = router.poll_timeout().filter(|at| *at <= end) {
            router.handle_timeout(at);
            actions(&mut router);
        }
        prop_assert_eq!(router.counters().adverts_sent, u64::from(intervals) + 1);
        prop_assert_eq!(router.counters().late_adverts, 0);
    }
}
