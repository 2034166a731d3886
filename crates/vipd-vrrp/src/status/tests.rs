use std::sync::Arc;
use std::time::Duration;

use vipd_status::{Cause, EventKind, Fault, NewMasterReason, Part, State, TrackerKind};
use vrrp_election::{
    Event, Fact, Instant, LinkState, NeighbourKey, Node, NodeAction, NodeConfig, Received, RouterId, RunEnd,
    ScriptId, ScriptReport, ScriptResult, ScriptRun,
};
use vrrp_linux::clock::Clocks;
use vrrp_proto::{AdvertInterval, Centiseconds, Counter, Priority};

use super::*;
use crate::WatchedFact;
use crate::ipc::Generation;
use crate::plan::Observe;

/// Interfaces are up, and everything else is good.
struct AllGood;

impl Observe for AllGood {
    fn link(&self, _: &str) -> LinkState {
        LinkState { up: true, ipv4: Some([192, 0, 2, 1].into()), ipv6: None }
    }

    fn fact(&self, fact: &WatchedFact) -> Fact {
        match fact {
            WatchedFact::File(_) => Fact::Value(0),
            _ => Fact::Up,
        }
    }
}

struct Scene {
    plan: Plan,
    node: Node,
    records: Vec<Record>,
    neighbours: Neighbours,
    told: Vec<EventKind>,
}

const BEGAN: Duration = Duration::from_secs(1_000);

fn at(ms: u64) -> Instant {
    super::super::instant(BEGAN + Duration::from_millis(ms))
}

impl Scene {
    fn new(text: &str) -> Self {
        let plan = Plan::new(Generation::default(), keepalived_conf::load_str(text).config);
        let config: NodeConfig = plan.node_config(&AllGood);
        let node = Node::new(at(0), config);
        let records = vec![Record::default(); plan.routers.len()];
        let mut scene = Self { plan, node, records, neighbours: Neighbours::default(), told: Vec::new() };
        scene.drain();
        scene
    }

    fn drain(&mut self) {
        while let Some(action) = self.node.poll_action() {
            if let NodeAction::Tell(event) = action {
                let event: Event = event;
                self.told.extend(happened(&self.plan, &self.node, &event));
            }
        }
    }

    fn pass(&mut self, ms: u64) {
        while let Some(due) = self.node.poll_timeout().filter(|due| *due <= at(ms)) {
            self.node.handle_timeout(due);
            self.drain();
        }
    }

    fn hear(&mut self, ms: u64, priority: u8) {
        let interval = AdvertInterval::V3(Centiseconds::new(100).unwrap());
        let source = [192, 0, 2, 2].into();
        let advert = Received { source, priority: Priority::new(priority), interval };
        self.node.handle_advert(at(ms), at(ms), RouterId(0), &advert).unwrap();
        self.drain();
    }

    fn fail(&mut self, ms: u64, end: RunEnd, output: &str) {
        let run = ScriptRun { end, took: Duration::from_millis(3), output: output.to_owned(), at: at(ms) };
        let report = ScriptReport { result: ScriptResult::Failed, run: Some(Arc::new(run)) };
        self.node.handle_script(at(ms), ScriptId(0), report);
        self.drain();
    }

    /// With a wall clock that shows 2001-09-09 01:46:40 at the start.
    fn view<T>(&self, ms: u64, look: impl FnOnce(&View<'_>) -> T) -> T {
        let realtime = Duration::from_secs(1_000_000_000) + Duration::from_millis(ms);
        let clocks = Clocks { monotonic: BEGAN + Duration::from_millis(ms), realtime };
        let trackers = Trackers::default();
        let wall = Wall(clocks);
        let Self { plan, node, records, neighbours, .. } = self;
        look(&View {
            plan,
            node,
            trackers: &trackers,
            records,
            neighbours,
            wall,
            is_set: &|_| true,
            exists: &|_| true,
        })
    }

    fn instance(&self, ms: u64) -> vipd_status::Instance {
        self.view(ms, |view| instance::instance(view, RouterId(0)).unwrap())
    }
}

const ONE: &str = "vrrp_script chk {\n script /bin/chk\n interval 1\n}\n\
    vrrp_instance V {\n interface eth0\n version 3\n virtual_router_id 51\n priority 150\n advert_int 1\n \
    virtual_ipaddress {\n 192.0.2.10/24\n }\n virtual_ipaddress_excluded {\n 192.0.2.11/24\n }\n track_script {\n chk WEIGHT\n }\n}\n";

#[test]
fn a_backup_names_its_master_and_when_it_would_take_over() {
    let mut scene = Scene::new(&ONE.replace("WEIGHT", "weight -60"));
    scene.hear(200, 200);
    let instance = scene.instance(450);
    assert_eq!((instance.state, instance.interface.as_str(), instance.vrid), (State::Backup, "eth0", 51));
    assert_eq!(instance.cause, Some(Cause::Startup));
    assert_eq!(instance.since.unwrap().to_string(), "2001-09-09T01:46:40Z");
    let master = instance.master.unwrap();
    assert_eq!((master.address.to_string().as_str(), master.priority), ("192.0.2.2", 200));
    assert_eq!((master.interval_ms, master.last_heard_ms), (1_000, 250));
    assert_eq!(instance.timers.master_down_interval_ms, 3_414);
    assert_eq!(instance.timers.deadline_ms, Some(3_164));
    assert_eq!(instance.new_master_reason, NewMasterReason::NotMaster);
    let addresses: Vec<_> =
        instance.addresses.iter().map(|address| (address.address.as_str(), address.excluded)).collect();
    assert_eq!(addresses, [("192.0.2.10/24", false), ("192.0.2.11/24", true)]);
    assert_eq!(instance.statistics.advertisement_rcvd, 1);
}

#[test]
fn a_takeover_after_silence_says_for_how_long_and_whose() {
    let mut scene = Scene::new(&ONE.replace("WEIGHT", "weight -60"));
    scene.hear(200, 200);
    scene.pass(3_700);
    let instance = scene.instance(4_000);
    assert_eq!(instance.state, State::Master);
    assert_eq!(instance.cause, Some(Cause::Silence { silent_ms: Some(3_414) }));
    let evidence = &instance.history[0].evidence;
    assert_eq!(evidence.last_source, Some([192, 0, 2, 2].into()));
    assert_eq!((evidence.last_priority, evidence.silent_ms), (Some(200), Some(3_414)));
    assert_eq!(instance.new_master_reason, NewMasterReason::NoResponse);
    let states: Vec<_> = instance.history.iter().map(|past| (past.from, past.to)).collect();
    assert_eq!(states, [(State::Backup, State::Master), (State::Init, State::Backup)], "the newest first");
    let Some(EventKind::Transition { instance: name, to, cause, .. }) = scene.told.last() else {
        panic!("{:?}", scene.told)
    };
    assert_eq!((name.as_str(), *to), ("V", State::Master));
    assert_eq!(*cause, Cause::Silence { silent_ms: Some(3_414) });
}

#[test]
fn a_script_that_is_required_is_named_with_the_end_of_its_run() {
    let mut scene = Scene::new(&ONE.replace("WEIGHT", "weight 0"));
    scene.node.handle_timeout(at(0));
    scene.drain();
    scene.fail(10, RunEnd::Exited(7), "disk full");
    let instance = scene.instance(20);
    let reason = Some("exited with status 7: disk full".to_owned());
    let fault = Fault::Tracker { tracker: TrackerKind::Script, name: "chk".to_owned(), reason };
    assert_eq!((instance.state, instance.fault.as_ref()), (State::Fault, Some(&fault)));
    assert_eq!(instance.cause, Some(Cause::Fault(fault)));
    assert_eq!(instance.priority.effective, 0);
    let trackers = scene.view(20, |view| tracker::some(view, 0, 1));
    let last = trackers[0].last.as_ref().unwrap();
    assert_eq!((last.exit, last.output.as_str(), trackers[0].up), (Some(7), "disk full", Some(false)));
    assert!(matches!(
        &scene.told[0],
        EventKind::Tracker { tracker: TrackerKind::Script, up: false, reason: Some(reason), .. }
            if reason == "exited with status 7: disk full"
    ));
}

#[test]
fn a_master_that_yields_for_a_weight_says_what_changed_its_priority() {
    let mut scene = Scene::new(&ONE.replace("WEIGHT", "weight -60"));
    scene.pass(4_000);
    scene.fail(4_100, RunEnd::TimedOut, "");
    scene.hear(4_300, 100);
    let instance = scene.instance(4_400);
    let source = [192, 0, 2, 2].into();
    assert_eq!(instance.cause, Some(Cause::BetterAdvert { source, priority: 100 }));
    assert_eq!((instance.priority.base, instance.priority.effective), (150, 90));
    assert_eq!((instance.priority.terms[0].adds, instance.priority.terms[0].up), (-60, Some(false)));
    assert_eq!(
        instance.history[0].evidence.remark.as_deref(),
        Some("priority changed from 150 to 90 200 ms before (script chk: timed out)")
    );
}

#[test]
fn an_answer_comes_in_pieces_and_the_last_one_says_so() {
    let one = |number: u8| {
        format!(
            "vrrp_instance V{number} {{\n interface eth0\n virtual_router_id {number}\n virtual_ipaddress {{\n \
             192.0.2.{number}\n }}\n}}\n"
        )
    };
    let text: String = (1..=40).map(one).collect();
    let scene = Scene::new(&(text + "vrrp_sync_group G {\n group {\n V1\n V2\n }\n}\n"));
    let mut answers = Answers::default();
    answers.ask(7);
    answers.ask(8);
    let mut pieces = Vec::new();
    while answers.is_due() {
        pieces.extend(scene.view(0, |view| answers.piece(view)));
    }
    let sizes = pieces.iter().map(|piece| match &piece.part {
        Part::Instances(instances) => (piece.request, instances.len(), piece.last),
        Part::Groups(groups) => (piece.request, 1_000 + groups.len(), piece.last),
        Part::Trackers(trackers) => (piece.request, 2_000 + trackers.len(), piece.last),
        Part::Neighbours(neighbours) => (piece.request, 3_000 + neighbours.len(), piece.last),
        other => panic!("{other:?}"),
    });
    let answer = |request| {
        [(32, false), (8, false), (1_001, false), (2_001, false), (3_000, false), (3_000, true)]
            .map(|(what, last)| (request, what, last))
    };
    assert_eq!(sizes.collect::<Vec<_>>(), [answer(7), answer(8)].concat());
}

#[test]
fn others_on_the_link_are_named_with_their_defects() {
    let mut scene = Scene::new(&ONE.replace("WEIGHT", "weight -60"));
    scene.hear(100, 200);
    let message = |vrid: u8| [0x31, vrid, 90, 1, 0, 100, 0, 0, 192, 0, 2, 9];
    let key = |vrid| NeighbourKey { source: [192, 0, 2, 7].into(), vrid };
    let link = scene.plan.routers[0].link.unwrap();
    scene.neighbours.note(at(200), link, key(51), Some(Counter::AddressList), &message(51));
    scene.neighbours.note(at(300), link, key(99), None, &message(99));
    let seen =
        scene.view(400, |view| [neighbour::of_routers(view, 0, 9), neighbour::others(view, 0, 9)].concat());
    let short: Vec<_> = seen
        .iter()
        .map(|seen| (seen.source.to_string(), seen.vrid, seen.priority, seen.instance.as_deref()))
        .collect();
    assert_eq!(
        short,
        [
            ("192.0.2.2".to_owned(), 51, 200, Some("V")),
            ("192.0.2.7".to_owned(), 51, 90, Some("V")),
            ("192.0.2.7".to_owned(), 99, 90, None),
        ]
    );
    let wrong: Vec<_> = seen.iter().map(|seen| (seen.differs, seen.rejected.as_deref())).collect();
    assert_eq!(wrong, [(false, None), (true, Some("address-list")), (false, None)]);
    assert_eq!(seen[2].addresses, [std::net::IpAddr::from([192, 0, 2, 9])]);
    assert_eq!(seen[1].last_heard.to_string(), "2001-09-09T01:46:40.2Z");
}

#[test]
fn no_secret_is_in_an_answer() {
    let text = ONE.replace("WEIGHT", "weight 0").replace(
        " advert_int 1\n",
        " advert_int 1\n authentication {\n auth_type PASS\n auth_pass tops3cr3\n }\n",
    );
    let scene = Scene::new(&text.replace("version 3", "version 2"));
    let json = serde_json::to_string(&scene.instance(0)).unwrap();
    assert!(!json.contains("tops3cr3"), "{json}");
}
