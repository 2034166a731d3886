//! Wishes and what was found go in, transactions come out; a small kernel takes them.

use proptest::prelude::*;

use super::*;

const MARK: u8 = 112;

fn blocked(address: &str) -> Blocked {
    Blocked::new(address.parse().unwrap(), 2)
}

fn firewall() -> Firewall<u32> {
    let mut firewall = Firewall::new(MARK, Settings::new("keepalived"));
    firewall.configure(Settings::new("keepalived"), |family| family == Family::Ipv4);
    firewall
}

fn found(name: &str, mark: Option<u8>) -> FoundTable {
    FoundTable { family: Some(Family::Ipv4), name: name.to_owned(), mark }
}

/// Takes everything that is asked for.
fn settle(firewall: &mut Firewall<u32>) -> Vec<String> {
    let mut done = Vec::new();
    for phase in [|firewall: &mut Firewall<u32>| firewall.before(), Firewall::after] {
        for transaction in phase(firewall) {
            firewall.handle_answer(&transaction, None);
            done.push(words(&transaction));
        }
    }
    done
}

fn words(transaction: &Transaction) -> String {
    let list = |entries: &[Blocked]| {
        let entries: Vec<_> = entries.iter().map(|entry| entry.address.to_string()).collect();
        entries.join(" ")
    };
    let what = match &transaction.step {
        Step::Make { replace: false, entries } => {
            format!("make [{}]", list(&entries.iter().copied().collect::<Vec<_>>()))
        }
        Step::Make { replace: true, entries } => {
            format!("replace [{}]", list(&entries.iter().copied().collect::<Vec<_>>()))
        }
        Step::Add(entries) => format!("add [{}]", list(entries)),
        Step::Remove(entries) => format!("remove [{}]", list(entries)),
        Step::Delete => "delete".to_owned(),
    };
    format!("{} {what}", transaction.table)
}

#[test]
fn a_table_is_made_before_the_first_takeover_and_changed_by_it() {
    let mut firewall = firewall();
    assert!(firewall.must_look() && firewall.before().is_empty());
    firewall.handle_tables(&[], &[MARK], true);
    assert_eq!(settle(&mut firewall), ["keepalived make []"]);
    firewall.want(1, [blocked("192.0.2.1"), blocked("192.0.2.2")]);
    firewall.want(2, [blocked("192.0.2.2")]);
    assert_eq!(settle(&mut firewall), ["keepalived add [192.0.2.1 192.0.2.2]"]);
    firewall.release(1);
    assert!(firewall.before().is_empty(), "an address is opened only once it is gone from its interface");
    assert_eq!(settle(&mut firewall), ["keepalived remove [192.0.2.1]"]);
    firewall.release(2);
    firewall.configure(Settings::new("keepalived"), |_| false);
    assert_eq!(settle(&mut firewall), ["keepalived delete"]);
    assert!(firewall.is_idle() && !firewall.has_tasks());
}

#[test]
fn an_owner_that_wants_the_same_again_changes_nothing() {
    let mut firewall = firewall();
    firewall.handle_tables(&[], &[MARK], true);
    firewall.want(1, [blocked("192.0.2.1")]);
    settle(&mut firewall);
    firewall.want(1, [blocked("192.0.2.1"), blocked("192.0.2.1")]);
    assert!(!firewall.has_tasks());
    firewall.rename(|owner| Some(owner + 1));
    firewall.release(1);
    assert!(!firewall.has_tasks());
    firewall.rename(|_| None);
    assert_eq!(settle(&mut firewall), ["keepalived remove [192.0.2.1]"]);
}

#[test]
fn leftovers_of_an_earlier_run_are_replaced_in_one_transaction() {
    let mut firewall = firewall();
    let tables = [found("keepalived", Some(MARK)), found("keepalived_113", Some(113)), found("filter", None)];
    firewall.handle_tables(&tables, &[MARK, 113], true);
    assert!(firewall.has_leftovers());
    firewall.guard([blocked("192.0.2.1"), blocked("192.0.2.9")]);
    firewall.want(1, [blocked("192.0.2.1")]);
    let [replace] = &firewall.before()[..] else { panic!() };
    assert_eq!(words(replace), "keepalived replace [192.0.2.1 192.0.2.9]");
    firewall.handle_answer(replace, None);
    // A guarded address is opened once it is gone from its interface.
    assert_eq!(settle(&mut firewall), ["keepalived remove [192.0.2.9]", "keepalived_113 delete"]);
}

#[test]
fn a_table_of_somebody_else_is_never_touched() {
    for other in [None, Some(113)] {
        let mut firewall = firewall();
        firewall.handle_tables(&[found("keepalived", other)], &[MARK, 114], true);
        assert_eq!(firewall.other_name(Family::Ipv4), Some("keepalived_112"));
        assert_eq!(settle(&mut firewall), ["keepalived_112 make []"]);
    }
    let mut firewall = firewall();
    let tables = [found("keepalived", None), found("keepalived_112", None)];
    firewall.handle_tables(&tables, &[MARK], true);
    assert_eq!(firewall.other_name(Family::Ipv4), Some(""));
    assert_eq!(settle(&mut firewall), [""; 0]);
}

#[test]
fn where_the_kernel_keeps_no_comments_a_table_of_the_same_name_is_ours() {
    let mut firewall = firewall();
    firewall.handle_tables(&[found("keepalived", None), found("filter", None)], &[MARK], false);
    assert_eq!(settle(&mut firewall), ["keepalived replace []"]);
}

#[test]
fn a_table_that_is_gone_or_was_changed_is_made_again() {
    let mut firewall = firewall();
    firewall.handle_tables(&[], &[MARK], true);
    firewall.want(1, [blocked("192.0.2.1")]);
    settle(&mut firewall);
    firewall.distrust();
    assert!(firewall.has_tasks());
    firewall.handle_tables(&[], &[MARK], true);
    assert_eq!(settle(&mut firewall), ["keepalived make [192.0.2.1]"]);
    firewall.distrust();
    firewall.handle_tables(&[found("keepalived", Some(MARK))], &[MARK], true);
    assert_eq!(settle(&mut firewall), ["keepalived replace [192.0.2.1]"]);
}

#[test]
fn a_change_to_a_table_that_is_gone_is_no_refusal() {
    let mut firewall = firewall();
    firewall.handle_tables(&[], &[MARK], true);
    settle(&mut firewall);
    firewall.want(1, [blocked("192.0.2.1")]);
    let [add] = &firewall.before()[..] else { panic!() };
    assert!(add.closes());
    firewall.handle_answer(add, Some(libc::ENOENT));
    assert!(firewall.must_look());
    firewall.handle_tables(&[], &[MARK], true);
    assert_eq!(settle(&mut firewall), ["keepalived make [192.0.2.1]"]);
}

#[test]
fn a_refused_table_is_tried_again_on_a_new_occasion_only() {
    let mut firewall = firewall();
    firewall.handle_tables(&[], &[MARK], true);
    let [make] = &firewall.before()[..] else { panic!() };
    firewall.handle_answer(make, Some(libc::EOPNOTSUPP));
    assert!(!firewall.has_tasks());
    firewall.want(1, [blocked("192.0.2.1")]);
    assert_eq!(settle(&mut firewall), ["keepalived make [192.0.2.1]"]);
}

#[test]
fn another_name_in_a_reload_leaves_no_gap_and_no_table() {
    let mut firewall = firewall();
    firewall.handle_tables(&[], &[MARK], true);
    firewall.want(1, [blocked("192.0.2.1")]);
    settle(&mut firewall);
    firewall.configure(Settings::new("mine"), |family| family == Family::Ipv4);
    assert!(firewall.must_look());
    firewall.handle_tables(&[found("keepalived", Some(MARK))], &[MARK], true);
    assert_eq!(settle(&mut firewall), ["mine make [192.0.2.1]", "keepalived delete"]);
}

#[test]
fn a_link_local_address_is_closed_on_its_interface_only() {
    let local = Blocked::new("fe80::1".parse().unwrap(), 3);
    assert_ne!(local, Blocked::new("fe80::1".parse().unwrap(), 4));
    assert_eq!(Blocked::new("2001:db8::1".parse().unwrap(), 3), blocked("2001:db8::1"));
}

/// By the numbers of nf_tables.h and nfnetlink.h.
#[test]
fn a_transaction_stands_between_begin_and_end() {
    let firewall = firewall();
    let add = Transaction {
        family: Family::Ipv4,
        table: "t".to_owned(),
        step: Step::Add(vec![blocked("192.0.2.1")]),
    };
    let mut bytes = Vec::new();
    assert_eq!(firewall.encode(&add, 7, &mut bytes), 8);
    let number = |value: u32| value.to_ne_bytes();
    let short = |value: u16| value.to_ne_bytes();
    let header = |length: u32, kind: u16, flags: u16, sequence: u32| {
        [&number(length)[..], &short(kind), &short(flags), &number(sequence), &[0; 4]].concat()
    };
    let expected = [
        &header(20, 16, 1, 7)[..],
        &[0, 0, 0, 10],
        // NEWSETELEM of family ip, to be acknowledged.
        &header(60, 0x0a0c, 0x405, 8),
        &[2, 0, 0, 0],
        &[&short(6)[..], &short(1), b"t\0\0\0"].concat(),
        &[&short(9)[..], &short(2), b"vips\0\0\0\0"].concat(),
        &[&short(20)[..], &short(0x8003)].concat(),
        &[&short(16)[..], &short(0x8001)].concat(),
        &[&short(12)[..], &short(0x8001)].concat(),
        &[&short(8)[..], &short(1), &[192, 0, 2, 1]].concat(),
        &header(20, 17, 1, 9),
        &[0, 0, 0, 10],
    ]
    .concat();
    assert_eq!(bytes, expected);
}

proptest! {
    /// Once settled, the kernel has what is wanted, and no address was open that an owner had at the time.
    #[test]
    fn the_kernel_ends_with_the_wanted_objects(steps in proptest::collection::vec((0_u8..6, 0_u32..3, 1_u8..5), 1..40)) {
        let mut firewall = firewall();
        let mut kernel: Option<BTreeSet<Blocked>> = None;
        for (kind, owner, last) in steps {
            match kind {
                0 | 1 => {
                    let entries = (1..=last).map(|last| blocked(&format!("192.0.2.{last}")));
                    firewall.want(owner, entries);
                }
                2 => firewall.release(owner),
                3 => {
                    kernel = None;
                    firewall.distrust();
                }
                4 => firewall.rename(|other| (other != owner).then_some(other)),
                _ => firewall.guard([blocked(&format!("192.0.2.{last}"))]),
            }
            if firewall.must_look() {
                let tables: Vec<_> = kernel.iter().map(|_| found("keepalived", Some(MARK))).collect();
                firewall.handle_tables(&tables, &[MARK], true);
            }
            for transaction in firewall.before() {
                take(&mut kernel, &transaction);
                firewall.handle_answer(&transaction, None);
            }
            let there = kernel.clone().unwrap_or_default();
            prop_assert!(firewall.wanted.keys().all(|entry| there.contains(entry)));
            for _ in 0..2 {
                for transaction in firewall.after() {
                    take(&mut kernel, &transaction);
                    firewall.handle_answer(&transaction, None);
                }
            }
            let wanted: BTreeSet<_> = firewall.wanted.keys().copied().collect();
            prop_assert_eq!(kernel.clone(), Some(wanted));
            prop_assert!(!firewall.has_tasks());
        }
    }
}

fn take(kernel: &mut Option<BTreeSet<Blocked>>, transaction: &Transaction) {
    match &transaction.step {
        Step::Make { replace, entries } => {
            assert_eq!(*replace, kernel.is_some());
            *kernel = Some(entries.clone());
        }
        Step::Add(entries) => kernel.as_mut().unwrap().extend(entries),
        Step::Remove(entries) => kernel.as_mut().unwrap().retain(|entry| !entries.contains(entry)),
        Step::Delete => *kernel = None,
    }
}
