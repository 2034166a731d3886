//! Which scripts may run: they exist, their user can run them, and nobody but root can change what runs as root.
//!
//! The configuration is changed accordingly: a check script that cannot run is taken out of its instances (it
//! never makes one fail), an insecure notify script is forgotten. Everything is said in findings, with what is wrong where.
//! (That scripts are used without `enable_script_security` is found by `keepalived-conf`.)

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use keepalived_conf::model::lvs::{CheckerKind, VirtualServer};
use keepalived_conf::model::{Command, Config, Notify, Run, User, VrrpScript};
use keepalived_conf::{Class, Diagnostic, Diagnostics};

use super::accounts::{Accounts, DEFAULT_USER};
use super::command::{find_program, shell};
use super::path_walk::{self, PathProblem};
use super::shell_text::{self, Named};
use privsep::process::Credentials;

/// Checks every script of a configuration, and disables those that must not run. `idle` are the commands that nothing
/// runs, with their keywords.
pub fn check_scripts(
    config: &mut Config,
    idle: &[(&str, Command)],
    accounts: &Accounts,
    diagnostics: &mut Diagnostics,
) {
    let mut review = Review {
        enforce: config.global.script_security,
        script_user: config.global.script_user.clone(),
        accounts,
        known: HashMap::new(),
        diagnostics,
    };
    let mut any = !config.scripts.is_empty() || !config.checks.is_empty();
    let track_script =
        |script: &VrrpScript| (format!("track script {}", script.name), script.command.clone());
    // Without any instance, nothing tracks them.
    let scripts = config.scripts.iter().filter(|_| !config.instances.is_empty());
    let tracked = review.fit(scripts.map(track_script));
    for instance in &mut config.instances {
        instance.track_scripts.retain(|track| tracked.get(track.script).copied().unwrap_or(false));
        any |= review.check_notify(&instance.name, &mut instance.notify);
    }
    for group in &mut config.sync_groups {
        group.track_scripts.retain(|track| tracked.get(track.script).copied().unwrap_or(false));
        any |= review.check_notify(&group.name, &mut group.notify);
    }
    let check = |command: &Command| (format!("MISC_CHECK script {}", command.text), command.clone());
    let checks: Vec<_> = config.checks.iter().map(check).collect();
    let checks: Vec<_> =
        checks.iter().map(|(what, command)| review.passes(Use::ServerCheck, what, command)).collect();
    for server in &mut config.virtual_servers {
        for real in &mut server.real_servers {
            real.checkers.retain(|checker| match checker.kind {
                CheckerKind::Misc { script, .. } => checks.get(script).copied().unwrap_or(false),
                _ => true,
            });
        }
        any |= review.check_balancer(server);
    }
    for fifo in &mut config.global.fifos {
        let what = format!("script of FIFO {}", fifo.path.display());
        any |= fifo.script.is_some();
        fifo.script.take_if(|command| !review.passes(Use::Notify, &what, command));
    }
    for (keyword, timed) in config.global.daemon.commands_mut() {
        any |= timed.is_some();
        timed.take_if(|timed| !review.passes(Use::Daemon, keyword, &timed.command));
    }
    for (keyword, command) in idle {
        review.passes(Use::Notify, keyword, command);
    }
    let findable =
        review.known.iter().filter(|(_, verdict)| !matches!(verdict, Verdict::NoUser(_) | Verdict::Unfit(_)));
    let findable: Vec<_> = findable.map(|(command, _)| keepalived_finds(command)).collect();
    let is_check = |command: &Command| config.scripts.iter().any(|script| script.command == *command);
    let unfound = review.known.keys().filter(|command| !keepalived_finds(command));
    let unfound_checks = unfound.filter(|command| is_check(command)).count();
    settle_script_security(&findable, unfound_checks > 0, diagnostics);
    if let Some(user) = config.global.script_user.as_ref().filter(|_| !any)
        && let Err(error) = accounts.find(Some(user))
    {
        let text = format!("script_user: {error}; no script is configured that would run as this user");
        diagnostics.push(Diagnostic::error("script-user", text));
    }
    if let Some(error) = accounts.worker_error() {
        let text = format!("worker_user: {error}; workers run as nobody");
        diagnostics.push(Diagnostic::error("worker-user", text).class(Class::General));
    }
    if let Some(error) = accounts.control_group_error() {
        let text = format!("control_group: {error}; only root is answered at the control socket");
        diagnostics.push(Diagnostic::error("control-group", text).class(Class::General));
    }
    if any && accounts.default_is_daemon() && config.global.script_user.is_none() {
        let text = format!(
            "scripts run as the daemon itself: no script_user is set, user '{DEFAULT_USER}' does not exist"
        );
        diagnostics.push(Diagnostic::note("default-script-user", text));
    }
}

/// A script that does not exist cannot run as root, so it needs no script security. keepalived counts shell text only
/// where it begins with a program; it calls other text a script that does not exist, which is an ordinary complaint where
/// it is a check, and none elsewhere.
///
/// `found` tells of each script that exists whether keepalived finds it.
fn settle_script_security(found: &[bool], unfound_checks: bool, diagnostics: &mut Diagnostics) {
    const CODE: &str = "script-security";
    if found.contains(&true) {
        return;
    }
    let finding = diagnostics.iter().find(|finding| finding.code == CODE).cloned();
    diagnostics.withdraw(CODE);
    if let Some(finding) = finding.filter(|_| !found.is_empty()) {
        diagnostics.push(finding.class(if unfound_checks { Class::General } else { Class::None }));
    }
}

/// Whether keepalived, which knows no shell, has a program to run for this command.
fn keepalived_finds(command: &Command) -> bool {
    match command.run {
        Run::Exec(_) => true,
        Run::Shell { .. } => command
            .text
            .split_whitespace()
            .next()
            .is_some_and(|word| find_program(OsStr::new(word)).is_some_and(|program| program.exists())),
        Run::FileReadable(_) => false,
    }
}

struct Review<'a> {
    enforce: bool,
    script_user: Option<User>,
    accounts: &'a Accounts,
    /// One program, one verdict: many instances share a script.
    known: HashMap<Command, Verdict>,
    diagnostics: &'a mut Diagnostics,
}

/// Use of a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// A check of an instance, which runs all the time.
    Check,
    /// A check of a real server.
    ServerCheck,
    /// A notification, which runs when something happens.
    Notify,
    /// A script around the life of the daemon.
    Daemon,
}

#[derive(Clone, Debug)]
enum Verdict {
    Fit,
    /// The user that it is to run as does not exist.
    NoUser(String),
    /// It cannot run at all.
    Unfit(String),
    /// It could run, but others can change it.
    Insecure(String),
    /// The files that it runs as root are known only at run time.
    Unclear(String),
}

impl Review<'_> {
    /// Whether the command may run; says so when it may not, or should not.
    fn passes(&mut self, purpose: Use, what: &str, command: &Command) -> bool {
        let (enforce, accounts) = (self.enforce, self.accounts);
        let verdict = self.known.entry(command.clone()).or_insert_with(|| judge(command, enforce, accounts));
        // keepalived's test complains of track scripts alone.
        let disabled = if purpose == Use::Check { Class::General } else { Class::None };
        let finding = match verdict {
            Verdict::Fit => return true,
            Verdict::Unclear(_) if !enforce => return true,
            // It may be there when it is needed; with script security it must be there now to be judged. keepalived's
            // test is silent about both, and about the checks of real servers.
            Verdict::Unfit(why) if matches!(purpose, Use::Notify | Use::Daemon) && !enforce => {
                let text = format!("{what} cannot be run now: {why}");
                self.diagnostics.push(Diagnostic::warning("script-not-runnable", text).class(Class::None));
                return true;
            }
            Verdict::NoUser(why) => {
                // Words behind a notification are its user: mostly they are arguments that lack their quotes.
                let own_words = purpose == Use::Notify && command.user != self.script_user;
                Diagnostic::error("script-not-runnable", format!("Disabling {what}: {why}"))
                    .class(if own_words { Class::None } else { Class::General })
            }
            Verdict::Unfit(why) if purpose != Use::Check => Diagnostic::error(
                "script-not-runnable",
                format!("Disabling {what} since not found/accessible: {why}"),
            )
            .class(Class::None),
            Verdict::Unfit(why) => Diagnostic::error(
                "script-not-runnable",
                format!("Disabling {what} since not found/accessible: {why}"),
            ),
            Verdict::Insecure(why) if enforce => {
                Diagnostic::error("script-insecure", format!("Disabling {what} due to insecure: {why}"))
                    .class(disabled)
            }
            Verdict::Unclear(why) => {
                let text = format!(
                    "Disabling {what} due to insecure: {why}, so it cannot be checked: move the text to a script file"
                );
                Diagnostic::error("script-insecure", text).class(disabled)
            }
            Verdict::Insecure(why) => {
                Diagnostic::warning("script-insecure", format!("Unsafe permissions found for {what}: {why}"))
                    .class(Class::Security)
            }
        };
        let passes = matches!(verdict, Verdict::Insecure(_)) && !enforce;
        self.diagnostics.push(finding);
        passes
    }

    /// Which of these check scripts may run.
    fn fit(&mut self, scripts: impl Iterator<Item = (String, Command)>) -> Vec<bool> {
        scripts.map(|(what, command)| self.passes(Use::Check, &what, &command)).collect()
    }

    /// Forgets the scripts of a virtual server that must not run; whether there was any.
    fn check_balancer(&mut self, server: &mut VirtualServer) -> bool {
        let name = &server.name;
        let mut any = false;
        let quorum = [("quorum_up", &mut server.quorum_up), ("quorum_down", &mut server.quorum_down)];
        for (keyword, command) in quorum {
            any |= self.check_notification(command, || format!("{keyword} script of virtual server {name}"));
        }
        for real in &mut server.real_servers {
            let address = real.address;
            for (keyword, command) in
                [("notify_up", &mut real.notify_up), ("notify_down", &mut real.notify_down)]
            {
                any |= self.check_notification(command, || {
                    format!("{keyword} script of real server {address} of virtual server {name}")
                });
            }
        }
        any
    }

    /// Forgets the scripts of an instance that must not run; whether there was any script.
    fn check_notify(&mut self, instance: &str, notify: &mut Notify) -> bool {
        let mut any = false;
        let commands = [
            ("notify_master", Some(&mut notify.master)),
            ("notify_backup", Some(&mut notify.backup)),
            ("notify_fault", Some(&mut notify.fault)),
            ("notify_stop", Some(&mut notify.stop)),
            ("notify", Some(&mut notify.any)),
            ("notify_master_rx_lower_pri", Some(&mut notify.master_received_lower_priority)),
            ("notify_deleted", notify.deleted.as_mut()),
        ];
        for (keyword, command) in commands {
            let Some(command) = command else { continue };
            any |= self.check_notification(command, || format!("{keyword} script of instance {instance}"));
        }
        any
    }

    /// Forgets a script that must not run; whether there is one at all. `what` is asked for only then.
    fn check_notification(
        &mut self,
        command: &mut Option<Box<Command>>,
        what: impl FnOnce() -> String,
    ) -> bool {
        let Some(present) = command else { return false };
        if !self.passes(Use::Notify, &what(), present) {
            *command = None;
        }
        true
    }
}

fn judge(command: &Command, enforce: bool, accounts: &Accounts) -> Verdict {
    if enforce && command.user.is_none() && accounts.default_is_daemon() {
        let why = format!("no script_user is set and user '{DEFAULT_USER}' does not exist");
        return Verdict::NoUser(why);
    }
    let credentials = match accounts.find(command.user.as_ref()) {
        Ok(credentials) => credentials,
        Err(error) => return Verdict::NoUser(error.to_string()),
    };
    let program = match program(&command.run) {
        Ok(Some(program)) => program,
        Ok(None) => return Verdict::Fit,
        Err(why) => return Verdict::Unfit(why),
    };
    match judge_program(&program, &credentials) {
        Verdict::Fit => judge_words(command, enforce, &credentials),
        unfit => unfit,
    }
}

fn judge_program(program: &Path, credentials: &Credentials) -> Verdict {
    if program.is_relative() {
        return Verdict::Unfit(format!("{} is not an absolute path", program.display()));
    }
    match path_walk::check(program, credentials) {
        Ok(()) => Verdict::Fit,
        Err(problem @ PathProblem::Weak(..)) => Verdict::Insecure(describe(program, &problem)),
        Err(problem) => Verdict::Unfit(describe(program, &problem)),
    }
}

/// Judges the words of a command besides its program: the commands of shell text, and the arguments that an interpreter
/// or a program such as `env` runs.
///
/// Whether all of it exists matters only where security is demanded: a text may well look for a program first.
fn judge_words(command: &Command, enforce: bool, credentials: &Credentials) -> Verdict {
    let as_root = credentials.uid.is_root() || credentials.gid.as_raw() == 0;
    let named = match &command.run {
        Run::Shell { .. } => shell_text::named_by_text(&command.text),
        Run::Exec(words) => shell_text::named_by_program(words),
        Run::FileReadable(_) => return Verdict::Fit,
    };
    let named = match named {
        Ok(named) => named,
        Err(unclear) if as_root => return Verdict::Unclear(unclear.to_string()),
        Err(_) => return Verdict::Fit,
    };
    let mut missing = Verdict::Fit;
    for named in &named {
        match judge_named(named, credentials, as_root) {
            Verdict::Fit => {}
            Verdict::Unfit(why) => {
                if enforce && matches!(missing, Verdict::Fit) {
                    missing = Verdict::Unfit(why);
                }
            }
            insecure => return insecure,
        }
    }
    missing
}

fn judge_named(named: &Named, credentials: &Credentials, as_root: bool) -> Verdict {
    let changeable = |file: &str| match path_walk::check_changeable(Path::new(file)) {
        Err(problem) if as_root => Verdict::Insecure(describe(Path::new(file), &problem)),
        _ => Verdict::Fit,
    };
    match named {
        Named::Program(name) => match find_program(OsStr::new(name)) {
            Some(program) => match judge_program(&program, credentials) {
                Verdict::Unfit(why) => match changeable(name) {
                    Verdict::Fit => Verdict::Unfit(why),
                    insecure => insecure,
                },
                verdict => verdict,
            },
            None => Verdict::Fit,
        },
        Named::Code(file) => changeable(file),
        Named::Argument(file) if path_walk::is_executable(Path::new(file)) => changeable(file),
        Named::Argument(_) => Verdict::Fit,
    }
}

/// The file that a command makes the kernel run; none for a file check.
fn program(run: &Run) -> Result<Option<PathBuf>, String> {
    match run {
        Run::Exec(words) => {
            let name = words.first().ok_or("the command is empty")?;
            let found = find_program(OsStr::new(name));
            found.map(Some).ok_or_else(|| format!("{name} is in no directory of PATH"))
        }
        Run::Shell { bash } => Ok(Some(shell(*bash))),
        Run::FileReadable(_) => Ok(None),
    }
}

fn describe(program: &Path, problem: &PathProblem) -> String {
    let text = problem.to_string();
    let named = program.to_string_lossy();
    if text.starts_with(named.as_ref()) { text } else { format!("{named}: {text}") }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn scripts_that_do_not_exist_are_no_security_problem() {
        for (program, status) in [("/no/such/script", 0), ("/bin/true", 6)] {
            let text = format!(
                "global_defs {{\nscript_user root\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n\
                 notify_master {program}\nvirtual_ipaddress {{\n192.0.2.1\n}}\n}}\n"
            );
            let mut loaded = keepalived_conf::load_str(&text);
            let accounts = Accounts::of(&loaded.config);
            check_scripts(&mut loaded.config, &[], &accounts, &mut loaded.diagnostics);
            assert_eq!(keepalived_conf::exit_code(&loaded.diagnostics), status, "{program}");
        }
    }

    /// Exit status of a configuration test of a file whose scripts are looked at.
    fn status(text: &str) -> u8 {
        let mut loaded = keepalived_conf::load_str(text);
        let accounts = Accounts::of(&loaded.config);
        check_scripts(&mut loaded.config, &loaded.idle_commands, &accounts, &mut loaded.diagnostics);
        keepalived_conf::exit_code(&loaded.diagnostics)
    }

    #[test]
    fn scripts_that_nothing_runs_count_too() {
        let two = "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n\
                   vrrp_instance B {\ninterface eth0\nvirtual_router_id 2\nvirtual_ipaddress {\n192.0.2.2\n}\n}\n";
        for (program, expected) in [("/no/such/script", 0), ("/bin/true", 6)] {
            let group = format!("vrrp_sync_group G {{\ngroup {{\nA\nB\n}}\nnotify {program}\n}}\n{two}");
            assert_eq!(status(&group), expected, "{program} of a group");
            let fifo = format!(
                "global_defs {{\nvrrp_notify_fifo /run/x\nvrrp_notify_fifo_script {program}\n}}\n{two}"
            );
            assert_eq!(status(&fifo), expected, "{program} of a FIFO");
        }
    }

    #[test]
    fn shell_text_alone_is_an_ordinary_complaint() {
        for (text, expected) in [("[[ -f /no ]] && exit 1", 5), ("test -f /no || exit 1", 6)] {
            let file = format!(
                "vrrp_script s {{\nscript \"{text}\"\n}}\nvrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n\
                 virtual_ipaddress {{\n192.0.2.1\n}}\ntrack_script {{\ns\n}}\n}}\n"
            );
            assert_eq!(status(&file), expected, "{text}");
        }
    }

    #[test]
    fn shell_text_of_a_notification_is_no_complaint() {
        for (text, expected) in
            [("[[ -f /no ]] && exit 1", 0), ("/bin/true; /bin/false", 0), ("/bin/true", 6)]
        {
            let file = format!(
                "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {{\n192.0.2.1\n}}\n\
                 notify_master \"{text}\"\n}}\n"
            );
            assert_eq!(status(&file), expected, "{text}");
        }
    }

    #[test]
    fn scripts_of_an_instance_that_cannot_work_count_too() {
        let file = "vrrp_script s {\nscript /bin/true\n}\nvrrp_instance A {\ninterface eth0\nvirtual_ipaddress {\n\
                    192.0.2.1\n}\nnotify /bin/true\n}\n";
        assert_eq!(status(file), 6, "{file}");
        assert_eq!(status(&file.replace("notify /bin/true\n", "")), 6, "the check alone");
        assert_eq!(status(&file.replace("/bin/true", "/no/such/script")), 5);
    }

    #[test]
    fn a_startup_script_of_nobody_is_an_ordinary_complaint() {
        let file = "global_defs {\nenable_script_security\nscript_user root\nstartup_script /bin/true nosuchuser\n}\n";
        assert_eq!(status(file), 5);
    }

    #[test]
    fn a_user_who_does_not_exist_counts_where_it_was_meant_as_one() {
        let instance = |lines: &str| {
            format!(
                "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {{\n192.0.2.1\n}}\n{lines}\n}}\n"
            )
        };
        let words = instance("notify_master /bin/true master");
        assert_eq!(status(&words), 0, "an argument that lacks its quotes");
        let global = instance("notify_master /bin/true");
        assert_eq!(status(&format!("global_defs {{\nscript_user no-such-user\n}}\n{global}")), 5);
        let own = "vrrp_script s {\nscript /bin/true\nuser no-such-user\n}\n";
        assert_eq!(status(&format!("{own}{}", instance("track_script {\ns\n}"))), 5);
    }

    #[test]
    fn a_missing_check_of_a_real_server_leaves_the_status_alone() {
        let text = "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\n\
                    real_server 192.0.2.2 80 {\nMISC_CHECK {\nmisc_path /no/such/script\n}\n}\n}\n";
        assert_eq!(status(text), 0);
        assert_eq!(
            status(&format!("global_defs {{\nenable_script_security\nscript_user root\n}}\n{text}")),
            0
        );
    }

    fn exec(words: &[&str], user: Option<&str>) -> Command {
        Command {
            text: words.join(" "),
            run: Run::Exec(words.iter().map(|&word| word.to_owned()).collect()),
            user: user.map(|user| User { user: user.to_owned(), group: None }),
        }
    }

    fn with_script(command: Command, enforce: bool) -> Config {
        let instance =
            "vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\nvirtual_ipaddress {\n192.0.2.1\n}\n}\n";
        let mut config = keepalived_conf::load_str(instance).config;
        config.global.script_security = enforce;
        config.scripts.push(VrrpScript {
            name: "chk".to_owned(),
            command,
            interval: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            weight: 0,
            reverse: false,
            rise: 1,
            fall: 1,
            init_fail: false,
            on_shortage: keepalived_conf::model::OnShortage::Keep,
        });
        config
    }

    fn findings(mut config: Config) -> (Vec<(&'static str, String)>, Diagnostics) {
        let mut diagnostics = Diagnostics::new();
        let accounts = Accounts::of(&config);
        check_scripts(&mut config, &[], &accounts, &mut diagnostics);
        let found = diagnostics.iter().filter(|finding| finding.class != Class::None);
        (found.map(|finding| (finding.code, finding.message.clone())).collect(), diagnostics)
    }

    #[test]
    fn a_system_program_of_root_passes_with_script_security() {
        let (found, _) = findings(with_script(exec(&["/bin/sh"], Some("root")), true));
        assert_eq!(found, []);
    }

    #[test]
    fn a_missing_program_is_a_general_finding_that_names_it() {
        let (found, diagnostics) = findings(with_script(exec(&["/no/such/script", "x"], Some("root")), true));
        let text = "Disabling track script chk since not found/accessible: /no/such/script: /no: No such file or \
                    directory";
        assert_eq!(found, [("script-not-runnable", text.to_owned())]);
        assert!(diagnostics.has_class(Class::General) && !diagnostics.has_class(Class::Security));
    }

    #[test]
    fn a_user_who_does_not_exist_disables_the_script() {
        let (found, _) = findings(with_script(exec(&["/bin/sh"], Some("no-such-user")), true));
        assert!(found[0].1.ends_with("user 'no-such-user' does not exist"), "{found:?}");
    }

    fn shell(text: &str, user: &str) -> Command {
        Command { text: text.to_owned(), run: Run::Shell { bash: false }, ..exec(&[], Some(user)) }
    }

    /// The class of the finding about a check script of this shell text.
    fn class(text: &str, user: &str, enforce: bool) -> Option<Class> {
        let (_, diagnostics) = findings(with_script(shell(text, user), enforce));
        diagnostics.iter().map(|finding| finding.class).find(|&class| class != Class::None)
    }

    #[test]
    fn shell_text_of_system_programs_passes_with_script_security() {
        for text in [
            "exit 1",
            "[ -f /run/absent ] && exit 1 || exit 0",
            "grep -q up /tmp/state > /dev/null",
            "kill -0 $(cat /run/absent.pid)",
            "command -v no-such-program-here || exit 0",
        ] {
            assert_eq!(class(text, "root", true), None, "{text}");
        }
    }

    #[test]
    fn every_path_that_shell_text_runs_is_judged() {
        use std::os::unix::fs::PermissionsExt;
        let directory = vipd_testing::TestDirectory::new();
        let open = directory.path().join("open");
        let script = open.join("x.sh");
        std::fs::create_dir(&open).unwrap();
        std::fs::write(&script, "#!/bin/sh\n").unwrap();
        for path in [&open, &script] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o777)).unwrap();
        }
        let (x, missing) = (script.display(), open.join("missing"));
        for text in [
            format!("{x} > /dev/null"),
            format!("true && {x} || exit 1"),
            format!("sh -c '{x}';"),
            format!("kill -0 $({x})"),
            format!("sh {} > /dev/null", missing.display()),
            format!("ip netns exec a {x};"),
            format!(". {x};"),
        ] {
            assert_eq!(class(&text, "root", true), Some(Class::General), "{text}");
            assert_eq!(class(&text, "root", false), Some(Class::Security), "{text}");
        }
        let exec = exec(&["/bin/sh", "-c", &format!("{x}")], Some("root"));
        let (found, _) = findings(with_script(exec, true));
        assert!(found[0].1.starts_with("Disabling track script chk due to insecure: "), "{found:?}");
    }

    #[test]
    fn shell_text_that_cannot_be_judged_is_refused_where_security_is_demanded() {
        for text in ["$X a", "eval x", "cat /etc/passwd | sh", "PATH=/x y", "case a in a) true;; esac"] {
            assert_eq!(class(text, "root", true), Some(Class::General), "{text}");
            assert_eq!(class(text, "root", false), None, "{text}");
        }
        assert_eq!(class("no/x.sh;", "root", true), Some(Class::General), "a relative path");
        assert_eq!(class("/no/such.sh;", "root", true), Some(Class::General));
        assert_eq!(class("/no/such.sh;", "root", false), None);
    }

    #[test]
    fn a_disabled_notify_script_is_forgotten() {
        let mut diagnostics = Diagnostics::new();
        let config = keepalived_conf::load_str("").config;
        let accounts = Accounts::of(&config);
        let mut review = Review {
            enforce: true,
            script_user: None,
            accounts: &accounts,
            known: HashMap::new(),
            diagnostics: &mut diagnostics,
        };
        let mut notify = Notify {
            master: Some(Box::new(exec(&["/no/such"], Some("root")))),
            any: Some(Box::new(exec(&["/bin/sh"], Some("root")))),
            deleted: Some(Some(Box::new(exec(&["/no/such"], Some("root"))))),
            ..Notify::default()
        };
        assert!(review.check_notify("V1", &mut notify));
        assert!(notify.master.is_none() && notify.any.is_some());
        assert_eq!(notify.deleted, Some(None));
        assert_eq!(diagnostics.len(), 2);
    }
}
