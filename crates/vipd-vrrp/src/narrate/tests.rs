//! Words for the log, and events for scripts.

use std::time::Duration;

use vrrp_election::GroupId;

use super::*;
use crate::ipc::Generation;

const A: RouterId = RouterId(0);

/// Instances A and B, the first of which tracks a script, another interface and its source.
fn plan() -> Plan {
    let text = "vrrp_script S {\nscript \"/bin/true\"\nuser root\n}\nvrrp_instance A {\ninterface eth0\n\
                virtual_router_id 51\nmcast_src_ip 192.0.2.1\ntrack_src_ip\ntrack_script {\nS\n}\n\
                virtual_ipaddress {\n192.0.2.100\n}\n}\nvrrp_instance B {\ninterface eth1\nvirtual_router_id \
                52\nvirtual_ipaddress {\n192.0.2.101\n}\n}";
    Plan::new(Generation::default(), keepalived_conf::load_str(text).config)
}

fn told(event: &Event) -> Vec<String> {
    lines(&plan(), &Reasons::default(), event).into_iter().map(|line| line.text).collect()
}

fn levels_and_texts(lines: Vec<LogLine>) -> Vec<(LogLevel, String)> {
    lines.into_iter().map(|line| (line.level, line.text)).collect()
}

/// Levels of the lines of an event, and the fields of the last.
fn level_and_fields(event: &Event) -> (Vec<LogLevel>, String) {
    let lines = lines(&plan(), &Reasons::default(), event);
    let about = lines.last().unwrap().about.as_ref().unwrap();
    let fields: Vec<_> = about.fields().map(|(name, value)| format!("{name}={value}")).collect();
    let levels = lines.iter().map(|line| line.level).collect();
    (levels, format!("{}: {}", about.event().name(), fields.join(" ")))
}

#[test]
fn a_change_of_state_has_fields_and_a_fault_is_a_warning() {
    use LogLevel::{Info, Warning};
    let moved = |from, to, why| {
        level_and_fields(&Event::Standing { router: A, from, to, why, priority: Priority::new(100) })
    };
    let timeout = TransitionReason::Election(Cause::ActiveDown { silent_for: None });
    let (levels, fields) = moved(Standing::Backup, Standing::Active, timeout);
    assert_eq!(levels, [Info, Info]);
    assert_eq!(
        fields,
        "transition: instance=A vrid=51 from=BACKUP to=MASTER cause=silence reason=Receive advertisement timeout"
    );
    let failed = TransitionReason::Fault(Fault::Tracked(ScriptId(0).into()));
    let (levels, fields) = moved(Standing::Waiting, Standing::Fault, failed);
    assert_eq!(levels, [Warning, Warning]);
    assert_eq!(
        fields,
        "transition: instance=A vrid=51 from=INIT to=FAULT cause=tracked-script reason=tracked script S failed"
    );
    let (levels, fields) = moved(Standing::Active, Standing::Stopped, TransitionReason::Stop);
    assert_eq!(levels, [Info]);
    assert_eq!(
        fields,
        "transition: instance=A vrid=51 from=MASTER to=STOP cause=stop reason=sent 0 priority"
    );
}

#[test]
fn a_script_that_fails_is_a_warning_and_reports_name_the_peer() {
    use LogLevel::{Info, Warning};
    let script = ScriptId(0);
    let of_script = |up| level_and_fields(&Event::Script { script, up });
    assert_eq!(of_script(false), (vec![Warning], "script: script=S to=down".to_owned()));
    assert_eq!(of_script(true), (vec![Info], "script: script=S to=up".to_owned()));
    let of_report = |report| level_and_fields(&Event::Router { router: A, report });
    let (from, to) = (Priority::new(100), Priority::new(80));
    let changed = of_report(Report::PriorityChanged { from, to });
    assert_eq!(changed, (vec![Info], "priority: instance=A vrid=51 from=100 to=80".to_owned()));
    let two = of_report(Report::TwoOwners { source: [192, 0, 2, 2].into() });
    assert_eq!(two, (vec![Warning], "advert: instance=A vrid=51 peer=192.0.2.2".to_owned()));
}

/// The lines about A, which was `from` and is `to`.
fn moved(from: Standing, to: Standing, why: TransitionReason) -> Vec<String> {
    told(&Event::Standing { router: A, from, to, why, priority: Priority::new(100) })
}

/// Monitoring searches the log for these words of keepalived.
#[test]
fn the_log_says_which_state_is_entered_and_why() {
    use Standing::{Active, Backup, Fault, Stopped, Waiting};
    let source = [192, 0, 2, 2].into();
    let elected = TransitionReason::Election;
    let silence = Some(Duration::from_millis(3_609));
    for (from, to, why, expected) in [
        (Waiting, Backup, elected(Cause::Startup), vec!["(A) Entering BACKUP STATE (init)"]),
        (Fault, Backup, elected(Cause::Startup), vec!["(A) Entering BACKUP STATE"]),
        (
            Backup,
            Active,
            elected(Cause::ActiveDown { silent_for: silence }),
            vec![
                "(A) Receive advertisement timeout: no accepted advert for 3.609 s",
                "(A) Entering MASTER STATE",
            ],
        ),
        (
            Backup,
            Active,
            elected(Cause::ActiveDown { silent_for: None }),
            vec!["(A) Receive advertisement timeout", "(A) Entering MASTER STATE"],
        ),
        (
            Backup,
            Active,
            elected(Cause::ActiveLeft),
            vec!["(A) Receive advertisement timeout: the master has left", "(A) Entering MASTER STATE"],
        ),
        (
            Backup,
            Active,
            elected(Cause::Preempted { source, priority: Priority::new(7) }),
            vec![
                "(A) Receive advertisement timeout: preempting 192.0.2.2 with lower priority 7",
                "(A) Entering MASTER STATE",
            ],
        ),
        (
            Active,
            Backup,
            elected(Cause::Better { source, priority: Priority::new(200) }),
            vec![
                "(A) Master received advert from 192.0.2.2 with higher priority 200, ours 100",
                "(A) Entering BACKUP STATE",
            ],
        ),
        (Active, Stopped, TransitionReason::Stop, vec!["(A) sent 0 priority"]),
        (Backup, Stopped, TransitionReason::Stop, vec![]),
        (Backup, Stopped, TransitionReason::Deleted, vec!["(A) is no longer configured"]),
    ] {
        assert_eq!(moved(from, to, why), expected);
    }
}

#[test]
fn a_fault_names_the_missing_thing() {
    let plan = plan();
    let link = |name: &str| plan.links.known(name).unwrap();
    let source = plan.facts.iter().find(|(_, fact)| fact.to_string().starts_with("source")).unwrap().0;
    for (fault, expected) in [
        (Fault::LinkDown(link("eth0")), "interface eth0 is down or missing"),
        (Fault::NoAddress, "no address to send adverts from"),
        (Fault::Tracked(ScriptId(0).into()), "tracked script S failed"),
        (Fault::Tracked(link("eth1").into()), "tracked interface eth1 is down or missing"),
        (Fault::Tracked(source.into()), "tracked source address 192.0.2.1 is down or missing"),
        (
            Fault::Duplicate(RouterId(1)),
            "instance B before it is the same virtual router: give this one a virtual_router_id of its own",
        ),
    ] {
        assert_eq!(fault_text(&plan, fault), expected);
        let lines = moved(Standing::Backup, Standing::Fault, TransitionReason::Fault(fault));
        assert_eq!(lines, [format!("(A) {expected}"), "(A) Entering FAULT STATE".to_owned()]);
    }
}

#[test]
fn a_check_that_failed_says_how() {
    let said = |up, failures: &[(ScriptId, String)]| {
        let event = Event::Script { script: ScriptId(0), up };
        let reasons = Reasons { failures: failures.iter().cloned().collect(), ..Reasons::default() };
        lines(&plan(), &reasons, &event).remove(0).text
    };
    let failures = [(ScriptId(0), "exited with status 3".to_owned())];
    assert_eq!(said(false, &failures), "VRRP_Script(S) exited with status 3");
    assert_eq!(said(false, &[]), "VRRP_Script(S) failed");
    assert_eq!(said(true, &failures), "VRRP_Script(S) succeeded");
}

#[test]
fn reports_that_senders_of_adverts_cause_are_limited_and_ours_are_not() {
    let source = [192, 0, 2, 2].into();
    let two_owners = Report::TwoOwners { source };
    let event = |report| Event::Router { router: A, report };
    assert_eq!(caused_by_others(&event(two_owners)), Some((A, discriminant(&two_owners))));
    assert_eq!(
        told(&event(two_owners)),
        ["(A) 192.0.2.2 claims priority 255 as this router does: only one can own the addresses"]
    );
    let (from, to) = (Priority::new(100), Priority::new(80));
    let changed = event(Report::PriorityChanged { from, to });
    assert_eq!(caused_by_others(&changed), None);
    assert_eq!(told(&changed), ["(A) Changing effective priority from 100 to 80"]);
    assert_eq!(caused_by_others(&Event::Script { script: ScriptId(0), up: true }), None);
}

#[test]
fn scripts_are_told_the_priority_of_the_moment_whatever_becomes_of_the_router() {
    let priority = Priority::new(120);
    let router = RouterId(1);
    let event = |to, why| Event::Standing { router, from: Standing::Active, to, why, priority };
    let gone = |_| None;
    let deleted = event(Standing::Stopped, TransitionReason::Deleted);
    assert_eq!(instance_event(&deleted, gone), Some((InstanceEvent::Deleted, priority)));
    let stopped = event(Standing::Stopped, TransitionReason::Stop);
    assert_eq!(instance_event(&stopped, gone), Some((InstanceEvent::Stop, priority)));
    let another = |_| Some(Priority::new(7));
    assert_eq!(instance_event(&deleted, another), Some((InstanceEvent::Deleted, priority)));
}

#[test]
fn a_lower_priority_is_told_with_ours() {
    let source = std::net::Ipv4Addr::new(192, 0, 2, 2).into();
    let report = Report::LowerPriorityWhileActive { source, priority: Priority::new(7) };
    let event = Event::Router { router: RouterId(1), report };
    let ours = |router| (router == RouterId(1)).then_some(Priority::new(120));
    let expected = (InstanceEvent::MasterReceivedLowerPriority, Priority::new(120));
    assert_eq!(instance_event(&event, ours), Some(expected));
}

#[test]
fn a_check_without_results_is_reported_with_the_reason_and_the_effect() {
    let text = "vrrp_script chk {\nscript /bin/true\non_shortage fail\n}\n";
    let plan = Plan::new(1, keepalived_conf::load_str(text).config);
    let script = ScriptId(0);
    let mut reasons = Reasons::default();
    let mut line = |why, shortage: Option<&'static str>| {
        reasons.shortages.extend(shortage.map(|shortage| (script, shortage)));
        let event = Event::ScriptSilent { script, silent_for: Duration::from_secs(61), why };
        levels_and_texts(lines(&plan, &reasons, &event))
    };
    let warning = |why: &str| {
        let effect = "it counts as failed (on_shortage fail)";
        let text = format!("VRRP_Script(chk) has had no result for 61 s: {why}; {effect}");
        vec![(LogLevel::Warning, text)]
    };
    assert_eq!(line(NoResult::NotBegun, None), warning("its run does not begin"));
    let expected = warning("it cannot be run (Too many open files)");
    assert_eq!(line(NoResult::NotRun, Some("Too many open files")), expected);
    assert_eq!(line(NoResult::NotEnded, None), warning("its run does not end"));
    let again = lines(&plan, &reasons, &Event::ScriptHeard { script });
    let expected = (LogLevel::Info, "VRRP_Script(chk) has results again".to_owned());
    assert_eq!(levels_and_texts(again), [expected]);
}

#[test]
fn a_sync_group_is_reported_in_the_words_of_keepalived() {
    let instance = |name: &str, vrid: u8| {
        format!(
            "vrrp_instance {name} {{\ninterface eth0\nvirtual_router_id {vrid}\nvirtual_ipaddress \
             {{\n192.0.2.{vrid}\n}}\n}}\n"
        )
    };
    let text =
        format!("{}{}vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\n}}\n", instance("A", 1), instance("B", 2));
    let plan = Plan::new(1, keepalived_conf::load_str(&text).config);
    let event = Event::Group { group: GroupId(0), from: Standing::Backup, to: Standing::Active };
    let line = "VRRP_Group(G) Syncing instances to MASTER state".to_owned();
    let said = lines(&plan, &Reasons::default(), &event);
    let about = said[0].about.clone().unwrap();
    let fields: Vec<_> = about.fields().collect();
    assert_eq!(fields, [("group", "G"), ("from", "BACKUP"), ("to", "MASTER")]);
    assert_eq!(levels_and_texts(said), [(LogLevel::Info, line)]);
    assert_eq!(fault_text(&plan, Fault::Member(RouterId(1))), "member B of its sync group is in FAULT");
    assert_eq!(group_event(Standing::Waiting), None);
    assert_eq!(group_event(Standing::Stopped).map(GroupEvent::word), Some("STOP"));
}
