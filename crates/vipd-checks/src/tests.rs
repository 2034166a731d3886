//! Check scripts that are started, taken back, stopped and reaped.

use super::*;

const KEY: ScriptKey = (Owner::Vrrp, 1, 2);

fn command(text: &str, run: Run) -> Command {
    Command { text: text.to_owned(), run, user: None }
}

fn exec(words: &[&str]) -> Command {
    command(&words.join(" "), Run::Exec(words.iter().map(|&word| word.to_owned()).collect()))
}

struct Scene {
    checks: Checks,
    accounts: Accounts,
}

impl Scene {
    fn new() -> Self {
        Self { checks: Checks::default(), accounts: Accounts::of(&keepalived_conf::load_str("").config) }
    }

    /// Asks for a run and starts it.
    fn run(&mut self, command: &Command) -> Vec<(ScriptKey, News)> {
        assert_eq!(self.checks.handle(KEY, ScriptAct::Run), None);
        self.checks.start(Instant::now(), |_| Some((command, &self.accounts)))
    }

    fn outcome(&mut self, command: &Command) -> ScriptOutcome {
        match self.run(command)[..] {
            [(KEY, News::Done(ref run))] => run.outcome,
            ref other => panic!("{other:?}"),
        }
    }

    fn reaped(&mut self) -> ScriptRun {
        let limit = Instant::now() + Duration::from_secs(10);
        loop {
            self.checks.read_outputs();
            if let [(KEY, News::Done(run))] = &self.checks.reap()[..] {
                return run.clone();
            }
            assert!(Instant::now() < limit, "nothing ended");
            std::thread::yield_now();
        }
    }

    fn wait_for_end(&self) {
        let limit = Instant::now() + Duration::from_secs(10);
        while !self.checks.running[&KEY].child.has_ended() {
            assert!(Instant::now() < limit, "it does not end");
            std::thread::yield_now();
        }
    }
}

fn file_check() -> Command {
    command("</x", Run::FileReadable("/x".into()))
}

#[test]
fn a_file_check_is_answered_by_the_path_process() {
    for (result, outcome) in [
        (Ok(()), ScriptOutcome::Exited(0)),
        (Err(libc::ENOENT), ScriptOutcome::Exited(1)),
        (Err(libc::EACCES), ScriptOutcome::NotStarted(libc::EACCES)),
        (Err(libc::EMFILE), ScriptOutcome::Shortage(libc::EMFILE)),
    ] {
        let mut scene = Scene::new();
        assert!(matches!(scene.run(&file_check())[..], [(KEY, News::Started(_))]));
        assert_eq!(scene.checks.take_unasked(), [(KEY, PathBuf::from("/x"))]);
        let Some(News::Done(run)) = scene.checks.handle_file(KEY, result) else { panic!("no answer") };
        assert_eq!(run.outcome, outcome);
    }
}

#[test]
fn a_file_on_a_hanging_file_system_gives_no_value_and_is_read_once() {
    let mut scene = Scene::new();
    scene.run(&file_check());
    assert_eq!(scene.checks.take_unasked().len(), 1);
    let Some(News::Done(run)) = scene.checks.handle(KEY, ScriptAct::Terminate) else { panic!("no answer") };
    assert_eq!(run.outcome, ScriptOutcome::Shortage(libc::ETIMEDOUT));
    assert_eq!(scene.checks.handle(KEY, ScriptAct::Kill), None, "it was answered");
    assert_eq!(scene.outcome(&file_check()), ScriptOutcome::Shortage(libc::ETIMEDOUT));
    assert_eq!(scene.checks.take_unasked(), []);
    assert_eq!(scene.checks.handle_file(KEY, Ok(())), None, "nobody waits any more");
    assert!(matches!(scene.run(&file_check())[..], [(KEY, News::Started(_))]), "it answers again");
}

#[test]
fn shell_text_is_run_by_a_shell_and_its_status_reported() {
    let mut scene = Scene::new();
    let check = command("[ -f /etc/passwd ] && exit 7 || exit 0", Run::Shell { bash: false });
    assert!(matches!(scene.run(&check)[..], [(KEY, News::Started(_))]));
    let run = scene.reaped();
    assert_eq!(run.outcome, ScriptOutcome::Exited(7));
    assert_eq!(run.started, Some(run.ended), "it was never seen running after its start");
}

#[test]
fn a_run_past_its_time_ends_by_the_signal_and_was_seen_to_run() {
    let mut scene = Scene::new();
    scene.run(&exec(&["sleep", "60"]));
    assert_eq!(scene.checks.handle(KEY, ScriptAct::Kill), None);
    let run = scene.reaped();
    assert_eq!(run.outcome, ScriptOutcome::Signalled(libc::SIGKILL));
    assert!(run.ended > run.started.unwrap());
}

#[test]
fn a_run_that_had_ended_before_it_was_to_be_ended_is_reported_as_it_ended() {
    let mut scene = Scene::new();
    scene.run(&exec(&["true"]));
    scene.wait_for_end();
    for act in [ScriptAct::Terminate, ScriptAct::Kill] {
        assert_eq!(scene.checks.handle(KEY, act), None);
    }
    let run = scene.reaped();
    assert_eq!((run.outcome, run.started), (ScriptOutcome::Exited(0), Some(run.ended)));
}

#[test]
fn a_run_that_is_taken_back_before_it_began_never_begins() {
    let mut scene = Scene::new();
    for act in [ScriptAct::Terminate, ScriptAct::Kill] {
        assert_eq!(scene.checks.handle(KEY, ScriptAct::Run), None);
        let Some(News::Done(run)) = scene.checks.handle(KEY, act) else { panic!("no answer") };
        assert_eq!((run.outcome, run.started), (ScriptOutcome::Shortage(libc::ECANCELED), None));
        assert_eq!(scene.checks.start(Instant::now(), |_| panic!("nothing waits")), []);
    }
}

#[test]
fn a_missing_program_is_an_outcome_too() {
    let mut scene = Scene::new();
    scene.run(&exec(&["no-such-program-here"]));
    assert_eq!(scene.reaped().outcome, ScriptOutcome::NotStarted(libc::ENOENT));
}

#[test]
fn a_shortage_is_told_apart_from_a_program_that_cannot_be_run_and_reported_once_a_minute() {
    for errno in [libc::EAGAIN, libc::EMFILE, libc::ENFILE, libc::ENOMEM] {
        assert_eq!(not_started(errno), ScriptOutcome::Shortage(errno));
    }
    for errno in [libc::ENOENT, libc::EACCES, libc::ENOEXEC, libc::EPERM] {
        assert_eq!(not_started(errno), ScriptOutcome::NotStarted(errno));
    }
    let (mut checks, start) = (Checks::default(), Instant::now());
    let mut told =
        |seconds, errno| checks.complaint(start + Duration::from_secs(seconds), &unknown(errno)).is_some();
    assert!(!told(0, libc::ECANCELED), "the worker took it back");
    let told: Vec<_> = [0, 1, 59, 60].into_iter().map(|at| told(at, libc::EMFILE)).collect();
    assert_eq!(told, [true, false, false, true]);
}

#[test]
fn the_last_line_of_output_comes_with_the_end_of_a_run() {
    for (text, expected) in [
        ("echo connecting; echo 'backend says: disk full' >&2; exit 7", "backend says: disk full"),
        ("true", ""),
        ("printf 'a\\000\\377\\033[31mb'", "a \u{fffd} [31mb"),
        ("echo again >/dev/stderr", "again"),
        ("seq 1 300000; echo done", "done"),
        ("head -c 5000000 /dev/zero | tr '\\0' x", "x".repeat(256).as_str()),
    ] {
        let mut scene = Scene::new();
        scene.run(&command(text, Run::Shell { bash: false }));
        assert_eq!(scene.reaped().output, expected, "{text}");
    }
}

#[test]
fn a_flood_ends_with_its_run_and_costs_no_memory() {
    let mut scene = Scene::new();
    scene.run(&exec(&["yes", "disk full"]));
    let limit = Instant::now() + Duration::from_secs(10);
    let mut full = 0;
    while full < 50 {
        full += u32::from(scene.checks.read_outputs());
        assert!(Instant::now() < limit, "it does not write");
    }
    assert_eq!(scene.checks.handle(KEY, ScriptAct::Kill), None);
    let run = scene.reaped();
    assert_eq!(run.outcome, ScriptOutcome::Signalled(libc::SIGKILL));
    // The signal may have cut the last line that it wrote.
    assert!(!run.output.is_empty() && "disk full".starts_with(&run.output), "{:?}", run.output);
}

/// It writes more than a pipe holds, after the check ended, and tells how its writes ended.
#[test]
fn a_program_that_a_check_leaves_running_neither_waits_nor_is_ended_when_it_writes() {
    let file = std::env::temp_dir().join(format!("vipd-left-{}", std::process::id()));
    let _ = std::fs::remove_file(&file);
    let path = file.display();
    let text = format!(
        "(while [ ! -e {path}.go ]; do sleep 0.01; done; for i in 1 2 3; do seq 1 50000; done; \
         echo $? >{path}.new; mv {path}.new {path}; exec sleep 1) & echo started"
    );
    let mut scene = Scene::new();
    scene.run(&command(&text, Run::Shell { bash: false }));
    assert_eq!(scene.reaped().output, "started");
    std::fs::write(format!("{path}.go"), "").unwrap();
    let limit = Instant::now() + Duration::from_secs(10);
    while !file.exists() {
        assert!(Instant::now() < limit, "it waits for somebody to read, or was ended");
        std::thread::yield_now();
    }
    assert!(scene.checks.outputs.is_empty(), "nothing of the run is kept");
    let _ = (std::fs::remove_file(&file), std::fs::remove_file(format!("{path}.go")));
}

#[test]
fn a_thousand_checks_begin_a_few_at_a_time() {
    let accounts = Accounts::of(&keepalived_conf::load_str("").config);
    let (mut checks, slow) = (Checks::default(), exec(&["sleep", "60"]));
    for script in 0..1_000 {
        checks.handle((Owner::Vrrp, 1, script), ScriptAct::Run);
    }
    let now = Instant::now();
    let mut start = |at| checks.start(at, |_| Some((&slow, &accounts))).len();
    assert_eq!(start(now), MAX_YOUNG);
    assert_eq!(start(now), 0, "they are still young");
    assert_eq!(start(now + YOUTH), MAX_YOUNG);
    assert_eq!(checks.deadline(), Some(now + YOUTH * 2));
    checks.abandon(Role::Vrrp);
    assert_eq!(checks.deadline(), None, "a waiting run goes with its worker");
}
