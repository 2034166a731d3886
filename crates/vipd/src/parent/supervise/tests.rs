//! The parent against a worker that says what it is told to say, and writes down what it hears.

use std::ffi::CString;
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;

use keepalived_conf::model::lvs::LvsService;

use super::*;
use crate::ipc::{Channel, FromWorker, InstanceEvent};
use crate::log::LogOptions;
use crate::parent::post::Post;
use crate::parent::testing::TestDirectory;
use crate::parent::worker::WorkerProgram;

/// Says what is in the first file, then listens into the second until it is killed.
const LISTENS: &str = "cat \"$0\" >&3; exec cat <&3 >>\"$1\"";

/// Says what is in the first file and ends with status 2.
const FAILS: &str = "cat \"$0\" >&3; exit 2";

struct Scene {
    parent: Parent,
    log: Log,
    directory: TestDirectory,
}

impl Scene {
    /// A parent whose worker is this shell text and says this.
    fn new(script: &str, says: &[FromWorker]) -> Self {
        let directory = TestDirectory::new();
        let path = |name: &str| directory.path().join(name);
        let options = Options { config: path("keepalived.conf"), ..Options::default() };
        write_config(&directory, "V1");
        std::fs::write(path("says"), encoded(says)).unwrap();
        let files =
            [path("says"), path("hears")].map(|path| CString::new(path.as_os_str().as_bytes()).unwrap());
        let words = ["sh", "-c", script].map(|word| CString::new(word).unwrap());
        let program = WorkerProgram {
            file: c"/bin/sh".to_owned(),
            arguments: words.into_iter().chain(files).collect(),
        };
        let reading = super::super::load::read(&options);
        assert_eq!(reading.usable, Ok(()));
        let posts = Posts {
            vrrp: Post::new(program.clone(), path("vrrp-pid")),
            lvs: Post::new(program, path("checkers-pid")),
        };
        let pid_file = PidFile::lock(path("pid")).unwrap();
        let parent =
            Parent::new(options, reading, Signals::none(), pid_file, Starter::none(), posts).unwrap();
        let log = Log::new(LogOptions { console: false, syslog: None, detail: false });
        Self { parent, log, directory }
    }

    /// A parent of two workers, one for each role, that listen.
    fn of_two() -> Self {
        let mut scene = Self::new(LISTENS, &[]);
        write_balanced(&scene.directory, 1, "V1");
        scene.parent.readings.insert(0, super::super::load::read(&scene.parent.options));
        let words = ["sh", "-c", LISTENS].map(|word| CString::new(word).unwrap());
        let files = ["says", "hears-lvs"].map(|name| scene.directory.path().join(name));
        let files = files.map(|path| CString::new(path.as_os_str().as_bytes()).unwrap());
        scene.parent.posts.lvs.program.arguments = words.into_iter().chain(files).collect();
        for role in Role::ALL {
            scene.parent.start_worker(role, Instant::now(), &mut scene.log);
        }
        scene
    }

    /// Both workers run a generation.
    fn all_run(&mut self, generation: Generation) {
        for role in Role::ALL {
            self.runs(role, generation);
        }
    }

    fn runs(&mut self, role: Role, generation: Generation) {
        self.parent.handle_running(role, generation, Instant::now(), &mut self.log);
    }

    fn reload(&mut self) {
        self.parent.handle_reload(Instant::now(), &mut self.log);
    }

    /// A server of the first virtual server changes; gives whether that was news.
    fn server(&mut self, generation: Generation, server: u32, up: bool) -> bool {
        let before = self.jobs();
        let now = Instant::now();
        self.parent.handle_server((generation, 0, server), up, "because", now, &mut self.log);
        self.jobs() > before
    }

    /// Notify scripts that run or wait.
    fn jobs(&self) -> usize {
        self.parent.notifier.unfinished()
    }

    fn kill_all(&mut self) {
        for role in Role::ALL {
            if let Some(worker) = self.parent.posts[role].worker.as_mut() {
                worker.kill();
            }
        }
    }

    fn start(&mut self) {
        self.parent.start_worker(Role::Vrrp, Instant::now(), &mut self.log);
    }

    /// Lets the parent hear its worker until this holds.
    fn until(&mut self, holds: impl Fn(&Self) -> bool) {
        let limit = Instant::now() + Duration::from_secs(20);
        while !holds(self) {
            assert!(Instant::now() < limit, "it never happens");
            self.parent.handle_channel(Role::Vrrp, Instant::now(), &mut self.log);
            self.parent.reap(Instant::now(), &mut self.log);
        }
    }

    /// What the workers have heard until now.
    fn heard(&self) -> Vec<ToWorker> {
        self.heard_by("hears")
    }

    /// What is in this file.
    fn heard_by(&self, file: &str) -> Vec<ToWorker> {
        let (mut written, read) = UnixStream::pair().unwrap();
        written.write_all(&std::fs::read(self.directory.path().join(file)).unwrap_or_default()).unwrap();
        let mut channel = Channel::new(read).unwrap();
        std::iter::from_fn(|| channel.receive().unwrap()).collect()
    }

    fn kill_worker(&mut self) {
        self.parent.posts.vrrp.worker.as_mut().unwrap().kill();
    }

    /// Name of the first instance of the configuration in force.
    fn configured(&self) -> &str {
        &self.parent.readings[&self.parent.current].config.instances[0].name
    }
}

fn write_config(directory: &TestDirectory, instance: &str) {
    let text = format!(
        "vrrp_instance {instance} {{\n interface eth0\n virtual_router_id 7\n virtual_ipaddress {{\n 192.0.2.1\n }}\n}}\n"
    );
    std::fs::write(directory.path().join("keepalived.conf"), text).unwrap();
}

/// An instance, and a virtual server with so many real servers.
fn write_balanced(directory: &TestDirectory, servers: u8, instance: &str) {
    write_config(directory, instance);
    let real = |n| {
        format!(
            " real_server 10.0.0.{n} 80 {{\n TCP_CHECK {{\n }}\n notify_up \"/bin/sleep 5\"\n notify_down \"/bin/sleep 5\"\n }}\n"
        )
    };
    let servers: String = (1..=servers).map(real).collect();
    let path = directory.path().join("keepalived.conf");
    let text = std::fs::read_to_string(&path).unwrap();
    let text = format!(
        "{text}virtual_server 192.0.2.1 80 {{\n lvs_sched rr\n lvs_method NAT\n protocol TCP\n{servers}}}\n"
    );
    std::fs::write(path, text).unwrap();
}

fn encoded(messages: &[FromWorker]) -> Vec<u8> {
    let (near, mut far) = UnixStream::pair().unwrap();
    let mut channel = Channel::new(near).unwrap();
    for message in messages {
        channel.send(message).unwrap();
    }
    drop(channel);
    let mut octets = Vec::new();
    far.read_to_end(&mut octets).unwrap();
    octets
}

fn transition(event: InstanceEvent) -> FromWorker {
    FromWorker::Transition { generation: 0, instance: 0, event, priority: 100 }
}

fn resumes(message: &ToWorker) -> Option<&[String]> {
    match message {
        ToWorker::Config { masters, .. } => Some(masters),
        _ => None,
    }
}

#[test]
fn a_worker_that_dies_is_started_again_and_told_who_was_master() {
    let mut scene = Scene::new(LISTENS, &[transition(InstanceEvent::Master), FromWorker::Running(0)]);
    scene.start();
    scene.until(|scene| scene.parent.states.contains_key("V1") && scene.heard().len() == 1);
    let first = scene.parent.posts.vrrp.worker.as_ref().unwrap().pid();
    scene.kill_worker();
    scene.until(|scene| scene.heard().len() == 2);
    assert_ne!(scene.parent.posts.vrrp.worker.as_ref().unwrap().pid(), first);
    let heard = scene.heard();
    assert_eq!(resumes(&heard[0]), Some([].as_slice()));
    assert_eq!(resumes(&heard[1]), Some(["V1".to_owned()].as_slice()));
    scene.kill_worker();
}

#[test]
fn who_was_not_master_last_is_not_resumed() {
    let events = [InstanceEvent::Master, InstanceEvent::Backup].map(transition);
    let mut scene = Scene::new(LISTENS, &events);
    scene.start();
    scene.until(|scene| {
        scene.parent.states.get("V1") == Some(&InstanceEvent::Backup) && scene.heard().len() == 1
    });
    scene.kill_worker();
    scene.until(|scene| scene.heard().len() == 2);
    assert_eq!(resumes(&scene.heard()[1]), Some([].as_slice()));
    scene.kill_worker();
}

#[test]
fn a_worker_that_dies_again_soon_is_waited_for_and_without_respawn_everything_ends() {
    let mut scene = Scene::new(LISTENS, &[]);
    scene.start();
    scene.kill_worker();
    scene.until(|scene| scene.parent.posts.vrrp.worker.is_some() && scene.heard().len() == 1);
    scene.kill_worker();
    scene.until(|scene| scene.parent.posts.vrrp.worker.is_none());
    assert!(scene.parent.posts.vrrp.respawn_at.is_some());

    let mut scene = Scene::new(LISTENS, &[]);
    scene.parent.options.respawn = false;
    scene.start();
    scene.kill_worker();
    scene.until(|scene| scene.parent.posts.vrrp.worker.is_none());
    assert_eq!(scene.parent.finished(Instant::now(), &mut scene.log), Some(0));
}

#[test]
fn a_configuration_the_worker_cannot_run_ends_the_daemon_with_its_status_and_one_the_machine_cannot_with_1() {
    let refuses = vec![FromWorker::Refused("no".to_owned())];
    for (script, says, status) in [(FAILS, vec![], 2), (LISTENS, refuses, 1)] {
        let mut scene = Scene::new(script, &says);
        scene.start();
        scene.until(|scene| scene.parent.stop.is_some());
        if scene.parent.posts.vrrp.worker.is_some() {
            scene.kill_worker();
        }
        scene.until(|scene| scene.parent.posts.vrrp.worker.is_none());
        assert_eq!(scene.parent.finished(Instant::now(), &mut scene.log), Some(status));
    }
}

#[test]
fn a_reload_waits_for_the_one_before() {
    let mut scene = Scene::new(LISTENS, &[FromWorker::Running(0)]);
    scene.start();
    scene.until(|scene| scene.heard().len() == 1);
    let now = Instant::now();
    scene.parent.handle_running(Role::Vrrp, 0, now, &mut scene.log);
    scene.parent.handle_reload(now, &mut scene.log);
    scene.parent.handle_reload(now, &mut scene.log);
    scene.parent.handle_reload(now, &mut scene.log);
    assert_eq!(scene.parent.current, 1);
    scene.parent.handle_running(Role::Vrrp, 1, now, &mut scene.log);
    assert_eq!(scene.parent.current, 2);
    scene.parent.handle_running(Role::Vrrp, 2, now, &mut scene.log);
    assert_eq!(scene.parent.current, 2);
    // Deletions may still name the generation before.
    assert_eq!(scene.parent.readings.keys().copied().collect::<Vec<_>>(), [1, 2]);
    scene.kill_worker();
}

#[test]
fn a_reload_that_the_worker_refuses_or_dies_of_is_taken_back() {
    let mut scene = Scene::new(LISTENS, &[FromWorker::Running(0)]);
    scene.start();
    scene.until(|scene| scene.heard().len() == 1);
    let now = Instant::now();
    scene.parent.handle_running(Role::Vrrp, 0, now, &mut scene.log);
    write_config(&scene.directory, "V2");
    scene.parent.handle_reload(now, &mut scene.log);
    assert_eq!(scene.configured(), "V2");
    assert!(scene.parent.take_back_reload(Role::Vrrp, now, &mut scene.log));
    assert_eq!(scene.configured(), "V1");
    assert!(!scene.parent.take_back_reload(Role::Vrrp, now, &mut scene.log));

    scene.parent.handle_reload(now, &mut scene.log);
    assert_eq!((scene.configured(), scene.parent.current), ("V2", 2));
    scene.parent.handle_worker_end(Role::Vrrp, Ended::Exited(2), now, &mut scene.log);
    assert_eq!(scene.configured(), "V1");
    assert!(scene.parent.stop.is_none() && scene.parent.posts.vrrp.worker.is_some());
    scene.kill_worker();
}

#[test]
fn one_death_during_a_reload_may_be_an_accident_but_not_two() {
    let mut scene = Scene::new(LISTENS, &[]);
    scene.start();
    let now = Instant::now();
    scene.parent.handle_running(Role::Vrrp, 0, now, &mut scene.log);
    write_config(&scene.directory, "V2");
    scene.parent.handle_reload(now, &mut scene.log);
    scene.parent.handle_worker_end(Role::Vrrp, Ended::Signalled(11), now, &mut scene.log);
    assert_eq!(scene.configured(), "V2");
    scene.parent.handle_worker_end(Role::Vrrp, Ended::Signalled(11), now, &mut scene.log);
    assert_eq!(scene.configured(), "V1");
    scene.kill_worker();
}

#[test]
fn a_worker_that_does_not_stop_is_killed_at_the_deadline() {
    let mut scene = Scene::new(LISTENS, &[FromWorker::Running(0)]);
    scene.start();
    scene.until(|scene| scene.heard().len() == 1);
    let now = Instant::now();
    scene.parent.handle_stop(now, 0, &mut scene.log);
    scene.until(|scene| matches!(scene.heard().last(), Some(ToWorker::Stop)));
    let patience = Duration::from_secs(5);
    assert_eq!(scene.parent.finished(now + patience / 2, &mut scene.log), None);
    assert_eq!(scene.parent.finished(now + patience, &mut scene.log), None);
    scene.until(|scene| scene.parent.posts.vrrp.worker.is_none());
    assert_eq!(scene.parent.finished(now + patience, &mut scene.log), Some(0));
}

#[test]
fn a_second_request_to_stop_shortens_the_wait() {
    let mut scene = Scene::new(LISTENS, &[]);
    scene.start();
    let now = Instant::now();
    scene.parent.handle_stop(now, 0, &mut scene.log);
    let first = scene.parent.stop.as_ref().unwrap().deadline;
    scene.parent.handle_stop(now, 0, &mut scene.log);
    assert!(scene.parent.stop.as_ref().unwrap().deadline < first);
    scene.kill_worker();
}

#[test]
fn a_reload_that_one_worker_refuses_is_taken_back_from_the_other_wherever_that_is() {
    for took_it in [true, false] {
        let mut scene = Scene::of_two();
        scene.all_run(0);
        write_balanced(&scene.directory, 2, "V2");
        scene.reload();
        assert_eq!(scene.parent.posts.vrrp.sent, Some(1));
        if took_it {
            scene.runs(Role::Vrrp, 1);
        }
        scene.parent.handle_message(
            Role::Lvs,
            Instant::now(),
            FromWorker::Refused("no".to_owned()),
            &mut scene.log,
        );
        assert!(scene.parent.stop.is_none());
        assert_eq!(scene.configured(), "V1");
        assert_eq!(scene.parent.posts.vrrp.sent, Some(0), "took it: {took_it}");
        scene.kill_all();
    }
}

#[test]
fn what_a_worker_told_of_a_reload_that_was_taken_back_counts() {
    let mut scene = Scene::of_two();
    scene.all_run(0);
    scene.reload();
    scene.runs(Role::Lvs, 1);
    assert!(scene.parent.take_back_reload(Role::Vrrp, Instant::now(), &mut scene.log));
    assert!(scene.server(1, 0, false), "it was under way");
    scene.all_run(0);
    assert_eq!(scene.parent.readings.keys().copied().collect::<Vec<_>>(), [0]);
    scene.kill_all();
}

#[test]
fn a_worker_that_refused_a_role_nobody_needs_any_more_is_not_started_again() {
    let mut scene = Scene::new(LISTENS, &[]);
    scene.start();
    scene.runs(Role::Vrrp, 0);
    write_balanced(&scene.directory, 1, "V1");
    scene.reload();
    assert!(scene.parent.posts.lvs.worker.is_some());
    let refused = FromWorker::Refused("no IPVS".to_owned());
    scene.parent.handle_message(Role::Lvs, Instant::now(), refused, &mut scene.log);
    scene.parent.handle_worker_end(Role::Lvs, Ended::Exited(0), Instant::now(), &mut scene.log);
    assert!(scene.parent.posts.lvs.worker.is_none() && scene.parent.posts.lvs.respawn_at.is_none());
    assert!(scene.parent.stop.is_none() && scene.parent.posts.vrrp.worker.is_some());
    scene.kill_all();
}

#[test]
fn each_role_restarts_by_itself_and_only_the_first_adopts_nothing() {
    let mut scene = Scene::of_two();
    scene.all_run(0);
    let vrrp = scene.parent.posts.vrrp.worker.as_ref().unwrap().pid();
    let adopts = |scene: &Scene| -> Vec<bool> {
        let adopts = scene.heard_by("hears-lvs").into_iter().filter_map(|message| match message {
            ToWorker::Config { predecessor, .. } => Some(predecessor.is_some()),
            _ => None,
        });
        adopts.collect()
    };
    scene.until(|scene| adopts(scene).len() == 1);
    scene.parent.posts.lvs.worker.as_mut().unwrap().kill();
    scene.until(|scene| adopts(scene).len() == 2);
    assert_eq!(adopts(&scene), [false, true]);
    assert_eq!(scene.parent.posts.vrrp.worker.as_ref().unwrap().pid(), vrrp);
    scene.kill_all();
}

/// The services that each configuration for the load balancer says were left, by port.
fn former(scene: &Scene) -> Vec<Vec<u16>> {
    let heard = scene.heard_by("hears-lvs");
    let former = heard.into_iter().filter_map(|message| match message {
        ToWorker::Config { predecessor, .. } => {
            Some(predecessor.map(|predecessor| predecessor.former).unwrap_or_default())
        }
        _ => None,
    });
    let port = |service| match service {
        LvsService::Address { address, .. } => address.port(),
        LvsService::Fwmark { .. } => 0,
    };
    former.map(|services| services.into_iter().map(port).collect()).collect()
}

/// The virtual server of the configuration gets another port.
fn move_virtual_server(scene: &Scene, port: u16) {
    write_balanced(&scene.directory, 1, "V1");
    let path = scene.directory.path().join("keepalived.conf");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("192.0.2.1 80", &format!("192.0.2.1 {port}"))).unwrap();
}

#[test]
fn who_succeeds_a_worker_that_died_of_a_reload_hears_what_it_may_have_left() {
    let mut scene = Scene::of_two();
    scene.all_run(0);
    move_virtual_server(&scene, 81);
    scene.reload();
    scene.until(|scene| former(scene).len() == 2);
    scene.parent.posts.lvs.worker.as_mut().unwrap().kill();
    scene.until(|scene| former(scene).len() == 3);
    assert_eq!(former(&scene), [vec![], vec![], vec![80]]);
    // Once the successor runs, the service is gone.
    scene.all_run(1);
    scene.parent.posts.lvs.worker.as_mut().unwrap().kill();
    scene.parent.handle_worker_end(Role::Lvs, Ended::Signalled(9), Instant::now(), &mut scene.log);
    scene.parent.handle_post_timers(Role::Lvs, Instant::now() + Duration::from_secs(1), &mut scene.log);
    scene.until(|scene| former(scene).len() == 4);
    assert_eq!(former(&scene)[3], [0; 0]);
    scene.kill_all();
}

#[test]
fn what_a_dead_worker_left_is_removed_though_nothing_is_balanced_any_more() {
    let mut scene = Scene::of_two();
    scene.all_run(0);
    for _ in 0..2 {
        scene.parent.handle_worker_end(Role::Lvs, Ended::Signalled(9), Instant::now(), &mut scene.log);
    }
    assert!(scene.parent.posts.lvs.respawn_at.is_some());
    scene.until(|scene| former(scene).len() == 2);
    write_config(&scene.directory, "V1");
    scene.reload();
    scene.until(|scene| former(scene).len() == 3);
    assert_eq!(former(&scene)[2], [80]);
    scene.all_run(1);
    assert!(scene.parent.posts.lvs.worker.as_ref().is_some_and(|worker| worker.stopping));
    scene.kill_all();
}

#[test]
fn nothing_sweeps_for_a_load_balancer_that_has_to_wait() {
    let mut scene = Scene::of_two();
    scene.all_run(0);
    scene.parent.states.insert("V1".to_owned(), InstanceEvent::Master);
    for role in [Role::Lvs, Role::Lvs, Role::Vrrp, Role::Vrrp] {
        scene.parent.handle_worker_end(role, Ended::Signalled(9), Instant::now(), &mut scene.log);
    }
    let Posts { vrrp, lvs } = &scene.parent.posts;
    assert!(vrrp.respawn_at.is_some() && lvs.respawn_at.is_some());
    assert!(lvs.worker.is_none());
    assert!(vrrp.worker.as_ref().is_some_and(|worker| worker.stopping));
    scene.kill_all();
}

#[test]
fn a_state_that_is_told_twice_runs_one_script() {
    let mut scene = Scene::of_two();
    assert!(scene.server(0, 0, false));
    assert!(!scene.server(0, 0, false));
    assert!(scene.server(0, 0, true));
    assert!(!scene.server(0, 7, true), "there is no such server");
    assert!(!scene.server(9, 0, false), "nor such a generation");
    scene.kill_all();
}

#[test]
fn servers_behind_a_mark_with_one_address_are_told_apart() {
    let mut scene = Scene::of_two();
    let real = |port| {
        format!(" real_server 10.0.0.1 {port} {{\n TCP_CHECK {{\n }}\n notify_down \"/bin/sleep 5\"\n }}\n")
    };
    let path = scene.directory.path().join("keepalived.conf");
    let text =
        format!("virtual_server fwmark 7 {{\n lvs_sched rr\n lvs_method DR\n{}{}}}\n", real(80), real(81));
    std::fs::write(path, text).unwrap();
    scene.parent.readings.insert(0, super::super::load::read(&scene.parent.options));
    assert!(scene.server(0, 0, false));
    assert!(scene.server(0, 1, false), "both are [10.0.0.1]:none:0");
    scene.parent.told.retain(&scene.parent.readings[&0].config);
    assert!(!scene.server(0, 1, false));
    scene.kill_all();
}

#[test]
fn a_server_that_was_dropped_and_came_back_is_told_to_be_down_again() {
    let mut scene = Scene::of_two();
    scene.all_run(0);
    write_balanced(&scene.directory, 2, "V1");
    scene.reload();
    scene.all_run(1);
    write_balanced(&scene.directory, 1, "V1");
    scene.reload();
    assert!(scene.server(1, 1, false), "dropped");
    scene.all_run(2);
    write_balanced(&scene.directory, 2, "V1");
    scene.reload();
    scene.all_run(3);
    assert!(scene.server(3, 1, false), "this time it fails");
    scene.kill_all();
}
