//! `MISC_CHECK`: the script is run as the daemon runs it, by the same user.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use keepalived_conf::model::Config;
use lvs_health::Script;
use lvs_health::script::{ScriptEnd, script_outcome};
use privsep::process::{Child, Ended};
use vipd_scripts::accounts::Accounts;
use vipd_scripts::command;

use crate::report::CheckReport;
use crate::verdict::judged;

/// Runs the script at this place of [`Config::checks`].
pub(super) fn make(config: &Config, place: usize, definition: &Script, report: CheckReport) -> CheckReport {
    let start = Instant::now();
    match run(config, place, definition) {
        Ok((end, output)) => {
            let notes = output.into_iter().map(|line| format!("its last line: {line}")).collect();
            judged(CheckReport { notes, ..report }, &script_outcome(definition, end), start.elapsed())
        }
        Err(reason) => CheckReport { reason, ..report },
    }
}

fn run(config: &Config, place: usize, definition: &Script) -> Result<(ScriptEnd, Option<String>), String> {
    let command = config.checks.get(place).ok_or("its script is not in the configuration")?;
    let credentials =
        Accounts::of(config).find(command.user.as_ref()).map_err(|error| format!("its user: {error}"))?;
    let text = |error: &dyn std::error::Error| format!("it cannot be started here: {error}");
    let mut launch = command::launch(command, &[], credentials).map_err(|error| text(&error))?;
    let (reader, writer) = io::pipe().map_err(|error| text(&error))?;
    launch.output = Some(OwnedFd::from(writer));
    let mut child = launch.start().map_err(|error| text(&error))?;
    // The only ends of the pipe that are left are those of the script.
    drop(launch);
    let tail = read_tail(File::from(OwnedFd::from(reader)));
    let end = wait(&mut child, definition.timeout);
    // A child of the script may hold the pipe open for ever.
    Ok((end, tail.recv_timeout(Duration::from_millis(200)).ok().flatten()))
}

/// Waits as the daemon does: SIGTERM when the time is up, and SIGKILL two seconds later.
fn wait(child: &mut Child, timeout: Duration) -> ScriptEnd {
    let start = Instant::now();
    let mut asked = false;
    loop {
        match child.poll() {
            Some(_) if asked => return ScriptEnd::TimedOut,
            Some(Ended::Exited(status)) => return ScriptEnd::Exited(status),
            Some(Ended::Signalled(signal)) => return ScriptEnd::Signalled(signal),
            Some(Ended::NotStarted(errno)) => return ScriptEnd::NotStarted(errno),
            None => {}
        }
        let late = start.elapsed().saturating_sub(timeout);
        if start.elapsed() >= timeout && !asked {
            asked = true;
            child.terminate();
        }
        if late >= GRACE {
            child.kill();
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Time between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_secs(2);

/// The last line of what comes, when nothing more does.
fn read_tail(mut output: File) -> Receiver<Option<String>> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        let mut tail = Vec::new();
        let mut piece = [0; 4096];
        while let Ok(length @ 1..) = output.read(&mut piece) {
            tail.extend_from_slice(piece.get(..length).unwrap_or_default());
            let surplus = tail.len().saturating_sub(piece.len());
            tail.drain(..surplus);
        }
        let text = String::from_utf8_lossy(&tail);
        let line = text.lines().rev().find(|line| !line.trim().is_empty());
        let _ = sender.send(line.map(str::to_owned));
    });
    receiver
}

#[cfg(test)]
mod tests {
    use lvs_health::script::ScriptEnd;

    use super::*;

    fn made(script: &str, timeout: Duration) -> (ScriptEnd, Option<String>) {
        let text = format!(
            "global_defs {{\nscript_user root\n}}\nvirtual_server 192.0.2.1 80 {{\nlb_algo rr\nlb_kind NAT\nprotocol TCP\n\
             real_server 192.0.2.11 80 {{\nMISC_CHECK {{\nmisc_path \"{script}\"\n}}\n}}\n}}"
        );
        let mut config = keepalived_conf::load_str(&text).config;
        // The user that runs the test.
        let own = nix_user();
        config.checks[0].user = Some(own);
        run(&config, 0, &Script { command: String::new(), timeout, dynamic: false }).unwrap()
    }

    fn nix_user() -> keepalived_conf::model::User {
        let id = std::process::Command::new("id").arg("-un").output().unwrap();
        let user = String::from_utf8(id.stdout).unwrap().trim().to_owned();
        keepalived_conf::model::User { user, group: None }
    }

    #[test]
    fn the_end_of_a_script_and_its_last_line_are_told() {
        let long = Duration::from_secs(60);
        let (end, line) = made("/bin/sh -c 'echo first; echo last; exit 3'", long);
        assert_eq!((end, line.as_deref()), (ScriptEnd::Exited(3), Some("last")));
        assert_eq!(made("/bin/true", long), (ScriptEnd::Exited(0), None));
    }

    #[test]
    fn one_that_does_not_end_is_ended() {
        let (end, _) = made("/bin/sleep 600", Duration::from_millis(50));
        assert_eq!(end, ScriptEnd::TimedOut);
    }
}
