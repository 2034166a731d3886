//! Somebody else took a virtual address away.

use vrrp_election::Action;

use crate::support::{ALL, actions, serving, started, us};

#[test]
fn an_active_puts_it_back_and_announces_it_at_once() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        router.handle_address_lost(us(4_000_000));
        assert_eq!(actions(&mut router), [Action::AddAddresses, Action::Announce { repeat: 5 }]);
    }
}

#[test]
fn a_removed_object_is_restored_once_a_second_and_the_last_change_is_ours() {
    for speaks in ALL {
        let mut router = serving(speaks, speaks.config());
        let mut restored = Vec::new();
        for n in 0..=1_000 {
            let now = us(4_000_000 + n * 2_000);
            if n <= 600 {
                router.handle_address_lost(now);
            }
            router.handle_timeout(now);
            if actions(&mut router).contains(&Action::AddAddresses) {
                restored.push(now);
            }
        }
        assert_eq!(restored, [us(4_000_000), us(5_000_000), us(6_000_000)]);
    }
}

#[test]
fn a_backup_has_lost_nothing() {
    for speaks in ALL {
        let mut router = started(speaks, speaks.config());
        router.handle_address_lost(us(1_000_000));
        assert_eq!(actions(&mut router), []);
        assert_eq!(router.poll_timeout(), Some(us(3_609_375)));
    }
}
