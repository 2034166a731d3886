//! Acts of operators: from names of instances to intents of the election.

use vrrp_election::{
    Instant, Intent, IntentEnd, IntentKind, Node, Progress, RouterId, Standing, VirtualRouter,
};

use crate::ipc::{Act, ActKind, ActOutcome, ActRefusal, ActResult, OutcomeKind, Whom};

/// Does what `act` asks for; `names` are the instances, in the order of the routers of `node`.
pub(super) fn perform(node: &mut Node, names: &[&str], now: Instant, act: &Act) -> ActResult {
    let all: Vec<(RouterId, &str)> = (0..).map(RouterId).zip(names.iter().copied()).collect();
    let concerned: Vec<_> = match &act.whom {
        Whom::All => all,
        Whom::Instance(name) => {
            let found = all.into_iter().filter(|(_, other)| other == name).take(1).collect::<Vec<_>>();
            if found.is_empty() {
                let instances = vec![(name.clone(), Err(ActRefusal::NoSuchInstance))];
                return ActResult { instances, moving: Vec::new() };
            }
            found
        }
    };
    // A member of a sync group takes the others with it.
    let had: Vec<bool> = concerned.iter().map(|(router, _)| node.intent(*router).is_some()).collect();
    let mut done = Vec::new();
    let mut result = ActResult::default();
    for (&(router, name), had) in concerned.iter().zip(had) {
        let accepted = match act.kind {
            ActKind::End => end(node, router, now, had),
            ActKind::Announce if node.standing(router) == Some(Standing::Active) => Ok(()),
            ActKind::Announce => Err(ActRefusal::NotMaster),
            _ if node.intent(router).is_some_and(|intent| done.contains(intent)) => Ok(()),
            _ => begin(node, router, now, act, &mut done),
        };
        result.instances.push((name.to_owned(), accepted));
    }
    let gives = matches!(act.kind, ActKind::Handover | ActKind::Maintenance { .. });
    let is_moving = |router| gives && node.router(router).is_some_and(VirtualRouter::is_yielding);
    let moving = concerned
        .iter()
        .zip(&result.instances)
        .filter(|((router, _), (_, accepted))| accepted.is_ok() && is_moving(*router));
    result.moving = moving.map(|((_, name), _)| (*name).to_owned()).collect();
    result
}

/// The outcome for addresses that are given away; `None` while that goes on.
pub(super) fn outcome(progress: Progress) -> Option<ActOutcome> {
    let kind = match progress {
        Progress::Began => return None,
        Progress::Moved { .. } => OutcomeKind::Moved,
        Progress::NobodyTookOver { .. } => OutcomeKind::NobodyTookOver,
        Progress::Ended(IntentEnd::Replaced) => OutcomeKind::Replaced,
        Progress::Ended(_) => OutcomeKind::Ended,
    };
    Some(ActOutcome { kind, text: progress.to_string() })
}

fn end(node: &mut Node, router: RouterId, now: Instant, had: bool) -> Result<(), ActRefusal> {
    if node.end_intent(now, router) || had { Ok(()) } else { Err(ActRefusal::NothingIntended) }
}

fn begin(
    node: &mut Node,
    router: RouterId,
    now: Instant,
    act: &Act,
    done: &mut Vec<Intent>,
) -> Result<(), ActRefusal> {
    let (kind, until) = match act.kind {
        ActKind::Handover => (IntentKind::Handover, None),
        ActKind::Maintenance { hard, until } => (IntentKind::Maintenance { hard }, until),
        ActKind::End | ActKind::Announce => return Ok(()),
    };
    let until = until.map(|until| Instant::from_nanos(until.0));
    let intent = Intent { who: act.who.clone(), why: act.why.clone(), until, ..Intent::new(kind, now) };
    node.handle_intent(now, router, &intent)?;
    done.push(intent);
    Ok(())
}

#[cfg(test)]
mod tests {
    use vrrp_election::{
        GroupSetup, LinkId, LinkSetup, LinkState, NodeConfig, Refusal, RouterConfig, RouterSetup, Standing,
    };
    use vrrp_proto::{Family, RouterInterval, Vrid};

    use super::*;
    use crate::ipc::Monotonic;

    const NAMES: [&str; 3] = ["VI_1", "VI_2", "VI_3"];
    const NOW: Instant = Instant::from_nanos(5_000_000_000);

    /// Three instances that serve; the last two are a sync group.
    fn serving() -> Node {
        let state = LinkState { up: true, ipv4: Some([192, 0, 2, 1].into()), ipv6: None };
        let routers = [51, 52, 53].map(|vrid| {
            let vrid = Vrid::new(vrid).unwrap();
            RouterSetup::new(
                RouterConfig::new(vrid, Family::Ipv4, RouterInterval::seconds(1).unwrap()),
                LinkId(0),
            )
        });
        let config = NodeConfig {
            routers: routers.to_vec(),
            groups: vec![GroupSetup { name: "G".to_owned(), members: vec![RouterId(1), RouterId(2)] }],
            links: vec![LinkSetup { name: "eth0".to_owned(), state }],
            ..NodeConfig::default()
        };
        let mut node = Node::new(Instant::ZERO, config);
        let at = node.poll_timeout().unwrap();
        node.handle_timeout(at);
        while node.poll_action().is_some() {}
        node
    }

    fn ask(node: &mut Node, whom: Whom, kind: ActKind) -> Vec<(String, Result<(), ActRefusal>)> {
        let act = Act { whom, kind, who: "ada".to_owned(), why: "disk".to_owned() };
        perform(node, &NAMES, NOW, &act).instances
    }

    fn one(name: &str) -> Whom {
        Whom::Instance(name.to_owned())
    }

    fn answers(results: [Result<(), ActRefusal>; 3]) -> Vec<(String, Result<(), ActRefusal>)> {
        NAMES.into_iter().map(str::to_owned).zip(results).collect()
    }

    #[test]
    fn one_instance_is_handed_over_with_the_user_and_the_reason() {
        let mut node = serving();
        assert_eq!(ask(&mut node, one("VI_1"), ActKind::Handover), [("VI_1".to_owned(), Ok(()))]);
        let intent = node.intent(RouterId(0)).unwrap();
        assert_eq!((intent.who.as_str(), intent.why.as_str(), intent.since), ("ada", "disk", NOW));
        assert!(node.router(RouterId(0)).unwrap().is_yielding());
        assert_eq!(node.intent(RouterId(1)), None);
    }

    #[test]
    fn all_instances_go_into_maintenance_and_out_of_it() {
        let mut node = serving();
        let until = Some(Monotonic(9_000_000_000));
        let on = ActKind::Maintenance { hard: false, until };
        assert_eq!(ask(&mut node, Whom::All, on), answers([Ok(()); 3]));
        for router in [0, 1, 2].map(RouterId) {
            assert_eq!(node.intent(router).unwrap().until, Some(Instant::from_nanos(9_000_000_000)));
        }
        let nothing = Err(ActRefusal::NothingIntended);
        let answer = ask(&mut node, Whom::All, ActKind::End);
        assert_eq!(answer, answers([Ok(()); 3]));
        assert_eq!(ask(&mut node, one("VI_1"), ActKind::End), [("VI_1".to_owned(), nothing)]);
    }

    #[test]
    fn those_are_told_that_begin_to_move() {
        let mut node = serving();
        let act = |whom, kind| Act { whom, kind, who: String::new(), why: String::new() };
        let moving = |node: &mut Node, act: &Act| perform(node, &NAMES, NOW, act).moving;
        assert_eq!(moving(&mut node, &act(one("VI_2"), ActKind::Handover)), ["VI_2"]);
        assert_eq!(moving(&mut node, &act(Whom::All, ActKind::Announce)), [""; 0]);
        assert_eq!(moving(&mut node, &act(Whom::All, ActKind::End)), [""; 0]);
        node.handle_link(NOW, LinkId(0), LinkState::default());
        let hard = ActKind::Maintenance { hard: true, until: None };
        assert_eq!(moving(&mut node, &act(Whom::All, hard)), [""; 0]);
    }

    #[test]
    fn only_a_master_announces() {
        let mut node = serving();
        assert_eq!(ask(&mut node, one("VI_1"), ActKind::Announce), [("VI_1".to_owned(), Ok(()))]);
        node.handle_link(NOW, LinkId(0), LinkState::default());
        let refused = Err(ActRefusal::NotMaster);
        assert_eq!(ask(&mut node, one("VI_1"), ActKind::Announce), [("VI_1".to_owned(), refused)]);
    }

    #[test]
    fn a_refusal_says_why() {
        let mut node = serving();
        let unknown = Err(ActRefusal::NoSuchInstance);
        assert_eq!(ask(&mut node, one("VI_9"), ActKind::Handover), [("VI_9".to_owned(), unknown)]);
        node.handle_link(NOW, LinkId(0), LinkState::default());
        let refused = Err(ActRefusal::Election(Refusal::NotServing(Standing::Fault)));
        assert_eq!(ask(&mut node, Whom::All, ActKind::Handover), answers([refused; 3]));
    }
}
