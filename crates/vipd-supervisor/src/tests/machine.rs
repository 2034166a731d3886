//! A machine of values: the supervisor, workers that do what real ones do a step at a time, and a kernel that is a set.

use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::time::{Duration, Instant};

use keepalived_conf::model::lvs::LvsService;
use privsep::process::Ended;
use vipd_ipc::Predecessor;
use vrrp_election::EndSignal;

use super::super::*;

/// Objects that a configuration gives each worker to put into the kernel.
pub(super) type Things = PerRole<BTreeSet<u32>>;

/// Something that a worker put into the kernel.
pub(super) type Thing = (Role, u32);

/// Reactions of a worker process to messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Character {
    /// It never runs again.
    pub(super) hangs: bool,
    /// It refuses the next configuration.
    pub(super) refuses: bool,
}

/// One step of the work of a worker.
#[derive(Clone, Debug)]
enum Step {
    Remember(u32),
    Put(u32),
    Remove(u32),
    Forget(u32),
    Say(WorkerMessage),
    Exit(u8),
}

/// A worker's message.
#[derive(Clone, Debug)]
pub(super) enum WorkerMessage {
    Running(Generation),
    Refused,
    Stopped,
    Alive,
    Remember(u32, bool),
}

#[derive(Clone, Debug)]
enum Order {
    Config(Generation),
    Stop,
    Probe,
}

/// A worker process.
#[derive(Debug)]
pub(super) struct Process {
    pub(super) role: Role,
    pub(super) task: Task,
    pub(super) character: Character,
    pub(super) predecessor: Option<Box<Predecessor>>,
    orders: VecDeque<Order>,
    steps: VecDeque<Step>,
    /// Said, and not yet heard by the parent.
    said: VecDeque<WorkerMessage>,
    /// The objects that it knows to be in the kernel.
    holds: BTreeSet<u32>,
}

/// The machine.
pub(super) struct Machine {
    pub(super) now: Instant,
    pub(super) supervisor: Supervisor,
    pub(super) processes: BTreeMap<WorkerId, Process>,
    /// Killed by the supervisor, but their end is not told yet.
    pub(super) killed: BTreeSet<WorkerId>,
    pub(super) kernel: BTreeSet<Thing>,
    pub(super) configs: BTreeMap<Generation, Things>,
    /// Content of the file for the next reload; `Err` is a file that cannot be used.
    pub(super) file: Result<Things, String>,
    pub(super) reads: VecDeque<ReadId>,
    pub(super) log: Vec<String>,
    pub(super) told: Vec<Tell>,
    pub(super) actions: Vec<Action>,
    pub(super) exit: Option<u8>,
    pub(super) winds_down: bool,
    /// The script that runs.
    pub(super) script: Option<LifeScript>,
    pub(super) scripts_run: Vec<LifeScript>,
    pub(super) signals: Vec<(LifeScript, EndSignal)>,
    /// Programs that are tried, and what became of upgrades.
    pub(super) trials: Vec<UpgradeId>,
    pub(super) abandoned: Vec<UpgradeId>,
    pub(super) upgrades: Vec<Result<(), String>>,
    /// Times that another program was executed.
    pub(super) executed: u32,
    pub(super) took_over: u32,
    pub(super) went_back: Vec<String>,
    /// So many processes cannot be made from now on.
    pub(super) shortage: u32,
    keep: PerRole<bool>,
}

pub(super) const SETTINGS: Settings = Settings {
    allowed: PerRole { vrrp: true, lvs: true, bfd: false },
    all: false,
    keep: PerRole { vrrp: false, lvs: false, bfd: true },
    respawn: true,
};

/// A configuration with these things for the VRRP worker and these for the LVS worker.
pub(super) fn things(vrrp: &[u32], lvs: &[u32]) -> Things {
    PerRole { vrrp: vrrp.iter().copied().collect(), lvs: lvs.iter().copied().collect(), bfd: BTreeSet::new() }
}

pub(super) fn service(thing: u32) -> LvsService {
    LvsService::Fwmark { mark: thing, ipv6: false }
}

pub(super) fn demand(things: &Things) -> Demand {
    let services: HashSet<LvsService> = things.lvs.iter().map(|&thing| service(thing)).collect();
    Demand {
        work: PerRole { vrrp: !things.vrrp.is_empty(), lvs: !things.lvs.is_empty(), bfd: false },
        services: PerRole { vrrp: HashSet::new(), lvs: services, bfd: HashSet::new() },
        child_wait_time: Duration::from_secs(5),
        stop_handover: Duration::ZERO,
        worker_timeout: Some(Duration::from_secs(5)),
        startup_script: None,
        shutdown_script: None,
    }
}

impl Machine {
    pub(super) fn new(settings: Settings, first: Things) -> Self {
        let demand = demand(&first);
        Self::with_demand(settings, first, demand)
    }

    /// With a demand that asks for more than `first` does.
    pub(super) fn with_demand(settings: Settings, first: Things, demand: Demand) -> Self {
        let now = Instant::now();
        let mut machine = Self {
            now,
            supervisor: Supervisor::new(now, settings, demand),
            processes: BTreeMap::new(),
            killed: BTreeSet::new(),
            kernel: BTreeSet::new(),
            file: Ok(first.clone()),
            configs: BTreeMap::from([(0, first)]),
            reads: VecDeque::new(),
            log: Vec::new(),
            told: Vec::new(),
            actions: Vec::new(),
            exit: None,
            winds_down: false,
            script: None,
            scripts_run: Vec::new(),
            signals: Vec::new(),
            trials: Vec::new(),
            abandoned: Vec::new(),
            upgrades: Vec::new(),
            executed: 0,
            took_over: 0,
            went_back: Vec::new(),
            shortage: 0,
            keep: settings.keep,
        };
        machine.perform();
        machine
    }

    /// Does what the supervisor asks for.
    pub(super) fn perform(&mut self) {
        while let Some(action) = self.supervisor.poll_action() {
            self.actions.push(action.clone());
            match action {
                Action::Start { worker, role, generation, task, predecessor } => {
                    self.start(worker, role, generation, task, predecessor);
                }
                Action::Configure { worker, generation } => self.order(worker, Order::Config(generation)),
                Action::Stop(worker) => self.order(worker, Order::Stop),
                Action::Probe(worker) => self.order(worker, Order::Probe),
                Action::Kill(worker) => {
                    if let Some(process) = self.processes.get_mut(&worker) {
                        process.character.hangs = true;
                        self.killed.insert(worker);
                    }
                }
                Action::Forget { worker, .. } => {
                    if let Some(process) = self.processes.remove(&worker) {
                        assert!(process.character.hangs, "forgotten, but it still runs");
                    }
                }
                Action::Read(id) => self.reads.push_back(id),
                Action::Enforce { generation, .. } => assert!(self.configs.contains_key(&generation)),
                Action::Settled => assert!(self.configs.contains_key(&self.supervisor.current())),
                Action::Drop(generation) => _ = self.configs.remove(&generation).expect("dropped twice"),
                Action::Log(_, text) | Action::Report(_, _, text) => self.log.push(text),
                Action::ReportAs { role, text, .. } => self.log.push(format!("{}: {text}", role.name())),
                Action::Tell(what) => self.told.push(what),
                Action::RunScript(which) => {
                    assert_eq!(self.script.replace(which), None, "two scripts at a time");
                    self.scripts_run.push(which);
                }
                Action::SignalScript(which, signal) => {
                    self.signals.push((which, signal));
                    self.script.take_if(|script| *script == which && signal == EndSignal::Kill);
                }
                Action::TryProgram(id) => self.trials.push(id),
                Action::AbandonTrial(id) => self.abandoned.push(id),
                Action::Execute => {
                    assert!(self.processes.is_empty(), "workers of the program before still run");
                    self.executed += 1;
                }
                Action::UpgradeOver(_, result) => self.upgrades.push(result),
                Action::TookOver => self.took_over += 1,
                Action::GoBack(why) => self.went_back.push(why),
                Action::WindDown => self.winds_down = true,
                Action::Exit(status) => {
                    assert_eq!(self.exit.replace(status), None, "exits twice");
                }
            }
        }
    }

    fn start(
        &mut self,
        id: WorkerId,
        role: Role,
        generation: Generation,
        task: Task,
        predecessor: Option<Box<Predecessor>>,
    ) {
        if self.shortage > 0 {
            self.shortage -= 1;
            return self.supervisor.handle_not_started(self.now, id, "no more processes");
        }
        let runs = |process: &Process| process.role == role && !process.character.hangs;
        assert!(!self.processes.values().any(runs), "two workers at a time in one role");
        let mut holds: BTreeSet<u32> = BTreeSet::new();
        if let Some(predecessor) = &predecessor {
            let keys = predecessor.memory.iter().map(|(key, _)| key.parse::<u32>().unwrap());
            let former = predecessor.former.iter().map(|former| match former {
                LvsService::Fwmark { mark, .. } => *mark,
                LvsService::Address { .. } => unreachable!(),
            });
            holds.extend(keys.chain(former));
            if role == Role::Lvs {
                // It finds in the kernel what it is configured with.
                holds.extend(&self.configs[&generation].lvs);
            }
        }
        let process = Process {
            role,
            task,
            character: Character::default(),
            predecessor,
            orders: VecDeque::from([Order::Config(generation)]),
            steps: VecDeque::new(),
            said: VecDeque::new(),
            holds,
        };
        self.processes.insert(id, process);
        self.supervisor.handle_started(id, u32::try_from(id.0).unwrap());
    }

    fn order(&mut self, worker: WorkerId, order: Order) {
        if let Some(process) = self.processes.get_mut(&worker) {
            process.orders.push_back(order);
        }
    }

    /// The worker in a role, also one that hangs.
    pub(super) fn worker(&self, role: Role) -> Option<WorkerId> {
        self.processes.iter().filter(|(_, process)| process.role == role).map(|(&id, _)| id).next_back()
    }

    pub(super) fn process(&mut self, role: Role) -> &mut Process {
        let id = self.worker(role).expect("no worker");
        self.processes.get_mut(&id).unwrap()
    }

    /// A worker does one step of its work; gives whether there was one.
    pub(super) fn step(&mut self, id: WorkerId) -> bool {
        let Some(process) = self.processes.get_mut(&id).filter(|process| !process.character.hangs) else {
            return false;
        };
        if process.steps.is_empty() {
            let Some(order) = process.orders.pop_front() else { return false };
            process.plan(order, &self.configs, self.keep[process.role]);
        }
        let role = process.role;
        match process.steps.pop_front() {
            Some(Step::Remember(thing)) => process.said.push_back(WorkerMessage::Remember(thing, true)),
            Some(Step::Put(thing)) => {
                process.holds.insert(thing);
                self.kernel.insert((role, thing));
            }
            Some(Step::Remove(thing)) => {
                process.holds.remove(&thing);
                self.kernel.remove(&(role, thing));
            }
            Some(Step::Forget(thing)) => process.said.push_back(WorkerMessage::Remember(thing, false)),
            Some(Step::Say(word)) => process.said.push_back(word),
            Some(Step::Exit(status)) => self.end(id, Ended::Exited(status)),
            None => {}
        }
        true
    }

    /// The parent hears one thing that a worker said; gives whether there was one.
    pub(super) fn hear(&mut self, id: WorkerId) -> bool {
        let Some(word) = self.processes.get_mut(&id).and_then(|process| process.said.pop_front()) else {
            return false;
        };
        self.supervisor.handle_heard(self.now, id);
        match word {
            WorkerMessage::Running(generation) => self.supervisor.handle_running(self.now, id, generation),
            WorkerMessage::Refused => self.supervisor.handle_refused(self.now, id, "cannot run this"),
            WorkerMessage::Stopped => self.supervisor.handle_stopped(self.now, id),
            WorkerMessage::Alive => {}
            WorkerMessage::Remember(thing, kept) => {
                self.supervisor.handle_remember(id, thing.to_string(), kept.then(Vec::new));
            }
        }
        self.perform();
        true
    }

    /// A worker process ends. Its messages are read first, as from a socket.
    pub(super) fn end(&mut self, id: WorkerId, ended: Ended) {
        while self.hear(id) {}
        if self.processes.remove(&id).is_some() {
            self.killed.remove(&id);
            self.supervisor.handle_end(self.now, id, ended);
            self.perform();
        }
    }

    /// Everything goes on as it should until nothing more happens at this moment.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            let ids: Vec<WorkerId> = self.processes.keys().copied().collect();
            let mut moved = false;
            for id in ids {
                moved |= self.step(id) | self.hear(id);
                if self.killed.contains(&id) {
                    self.end(id, Ended::Signalled(9));
                    moved = true;
                }
            }
            moved |= self.read();
            if self.winds_down {
                self.supervisor.handle_quiet(self.now);
                self.perform();
            }
            if !moved {
                return;
            }
        }
        panic!("it never comes to rest: {:#?}", self.supervisor);
    }

    /// The file is read, if that was asked for.
    pub(super) fn read(&mut self) -> bool {
        let Some(id) = self.reads.pop_front() else { return false };
        let read = self.file.as_ref().map(demand).map_err(Clone::clone);
        if let Some(generation) = self.supervisor.handle_config(self.now, id, read) {
            self.configs.insert(generation, self.file.clone().unwrap());
        }
        self.perform();
        true
    }

    pub(super) fn reload(&mut self) {
        self.supervisor.handle_reload(self.now);
        self.perform();
    }

    pub(super) fn reload_to(&mut self, things: Things) {
        self.file = Ok(things);
        self.reload();
        self.read();
    }

    /// The script that runs ends.
    pub(super) fn end_script(&mut self, end: Ended) {
        let which = self.script.take().expect("no script runs");
        self.supervisor.handle_script_ended(self.now, which, end);
        self.perform();
    }

    pub(super) fn stop(&mut self) {
        self.supervisor.handle_stop(self.now, 0);
        self.perform();
    }

    /// Time passes, and the parent looks then: first for what was said, then at the clock.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now += time;
        for id in self.processes.keys().copied().collect::<Vec<_>>() {
            while self.hear(id) {}
        }
        self.supervisor.handle_timeout(self.now);
        self.perform();
    }

    /// Everything goes on as it should for a while, at every moment that the supervisor asks for.
    pub(super) fn run(&mut self, time: Duration) {
        let end = self.now + time;
        self.settle();
        for _ in 0..10_000 {
            let Some(at) = self.supervisor.poll_timeout().filter(|&at| at <= end) else {
                self.now = end;
                return;
            };
            self.pass(at.saturating_duration_since(self.now));
            self.settle();
        }
        panic!("it is never content: {:#?}", self.supervisor);
    }

    pub(super) fn said(&self, part: &str) -> bool {
        self.log.iter().any(|line| line.contains(part))
    }
}

impl Process {
    /// The steps that an order means.
    fn plan(&mut self, order: Order, configs: &BTreeMap<Generation, Things>, keep: bool) {
        match (order, self.task) {
            (Order::Config(_), Task::Serve) if self.character.refuses => {
                self.steps.extend([Step::Say(WorkerMessage::Refused), Step::Exit(0)]);
            }
            (Order::Config(generation), Task::Serve) => {
                let wanted = &configs.get(&generation).expect("this configuration was dropped")[self.role];
                for &thing in wanted {
                    if self.role == Role::Vrrp {
                        self.steps.push_back(Step::Remember(thing));
                    }
                    self.steps.push_back(Step::Put(thing));
                }
                self.remove(self.holds.difference(wanted).copied().collect());
                self.steps.push_back(Step::Say(WorkerMessage::Running(generation)));
            }
            (Order::Config(_), Task::Sweep) | (Order::Stop, _) => {
                if !keep {
                    self.remove(self.holds.clone());
                }
                self.steps.extend([Step::Say(WorkerMessage::Stopped), Step::Exit(0)]);
            }
            (Order::Probe, _) => self.steps.push_back(Step::Say(WorkerMessage::Alive)),
        }
    }

    fn remove(&mut self, things: BTreeSet<u32>) {
        for thing in things {
            self.steps.push_back(Step::Remove(thing));
            if self.role == Role::Vrrp {
                self.steps.push_back(Step::Forget(thing));
            }
        }
    }
}
