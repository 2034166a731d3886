//! A caller that gives many inputs before it takes what they ask for.

use vrrp_election::{Action, Cause, Report, State};
use vrrp_proto::Priority;

use crate::support::{ALL, Hears, actions, advert, serving, us};

#[test]
fn a_batch_of_adverts_asks_for_a_bounded_number_of_things() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        for n in 0..10_000 {
            let lower = advert(99, speaks.above(), speaks.one_second());
            router.hears(us(4_000_000 + n * 130_000), &lower).unwrap();
        }
        let asked = actions(&mut router);
        assert!(asked.len() <= 20, "{} actions", asked.len());
        assert!(asked.contains(&Action::SendAdvert(Priority::DEFAULT)));
        assert!(asked.contains(&Action::Announce { repeat: 5 }));
    }
}

#[test]
fn the_sum_of_many_transitions_is_where_they_lead() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        for n in 0..100 {
            router.handle_shutdown(us(4_000_000 + n * 10));
            router.handle_resume(us(4_000_005 + n * 10), speaks.ours());
        }
        router.handle_shutdown(us(5_000_000));
        let asked = actions(&mut router);
        assert!(asked.len() <= 20, "{} actions", asked.len());
        let adverts: Vec<_> = asked.iter().filter(|action| matches!(action, Action::SendAdvert(_))).collect();
        assert_eq!(adverts.last(), Some(&&Action::SendAdvert(Priority::STOP)));
        let addresses: Vec<_> = asked
            .iter()
            .filter(|action| matches!(action, Action::AddAddresses | Action::RemoveAddresses))
            .collect();
        assert_eq!(addresses.last(), Some(&&Action::RemoveAddresses));
        let stopped =
            Report::Transition { from: State::Active, to: State::Initialize, cause: Cause::Shutdown };
        assert_eq!(asked.last(), Some(&Action::Report(stopped)));
    }
}
