//! The state of everything, in one line, for `systemctl status`.

use std::fmt::Write as _;

use keepalived_conf::model::Config;

use super::supervise::LastReported;
use crate::ipc::InstanceEvent;
use crate::lvs::names;

/// The line: how many instances are in which state, how many real servers are up, and the first problems by name.
pub(super) fn status_line(last: &LastReported, config: &Config, refusal: Option<&str>) -> String {
    let mut problems = Problems::default();
    if let Some(why) = refusal {
        problems.add(|| format!("the last reload was refused ({why})"));
    }
    let mut parts = instance_counts(last, &mut problems);
    parts.extend(server_counts(last, config, &mut problems));
    if parts.is_empty() {
        parts.push("Running".to_owned());
    }
    let mut line = parts.join(", ");
    problems.append_to(&mut line);
    line
}

/// `2 MASTER`, `1 BACKUP` and so on.
fn instance_counts(last: &LastReported, problems: &mut Problems) -> Vec<String> {
    let mut counts = [("MASTER", 0), ("BACKUP", 0), ("FAULT", 0)];
    let [(_, masters), (_, backups), (_, faults)] = &mut counts;
    for (name, state) in last.instances() {
        match state {
            InstanceEvent::Master => *masters += 1,
            InstanceEvent::Backup => *backups += 1,
            InstanceEvent::Fault => {
                *faults += 1;
                problems.add(|| format!("{name} is in FAULT"));
            }
            InstanceEvent::Stop | InstanceEvent::Deleted | InstanceEvent::MasterReceivedLowerPriority => {}
        }
    }
    counts.iter().filter(|(_, count)| *count > 0).map(|(word, count)| format!("{count} {word}")).collect()
}

/// `3 of 4 real servers up`. A server that nobody spoke of yet counts as up.
fn server_counts(last: &LastReported, config: &Config, problems: &mut Problems) -> Option<String> {
    let (mut up, mut all) = (0, 0);
    for service in &config.virtual_servers {
        if last.quorum(service) == Some(false) {
            problems.add(|| format!("{} has no quorum", service.name));
        }
        for real in &service.real_servers {
            all += 1;
            if last.server(service, real) == Some(false) {
                let name = || names::real_server(service, real);
                problems.add(|| format!("{} of {} is down", name(), service.name));
            } else {
                up += 1;
            }
        }
    }
    (all > 0).then(|| format!("{up} of {all} real servers up"))
}

/// Problems: their number, and the first one.
#[derive(Default)]
struct Problems {
    count: usize,
    first: Vec<String>,
}

impl Problems {
    fn add(&mut self, text: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < MAX_NAMED {
            self.first.push(text());
        }
    }

    fn append_to(&self, line: &mut String) {
        if self.count == 0 {
            return;
        }
        let noun = if self.count == 1 { "problem" } else { "problems" };
        let more = match self.count - self.first.len() {
            0 => String::new(),
            more => format!(", and {more} more"),
        };
        // Writing to a string cannot fail.
        let _ = write!(line, "; {} {noun}: {}{more}", self.count, self.first.join(", "));
    }
}

/// Problems that are named.
const MAX_NAMED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ipc::Task;
    use crate::parent::supervise::ReportedState;
    use crate::parent::testing::empty_config;

    fn states(instances: &[(&str, InstanceEvent)]) -> LastReported {
        let mut last = LastReported::default();
        for (name, state) in instances {
            last.note_instance(name, *state, Task::Serve);
        }
        last
    }

    #[test]
    fn states_are_counted_and_faults_are_named() {
        use InstanceEvent::{Backup, Fault, Master};
        let line = |instances: &[_]| status_line(&states(instances), &empty_config(), None);
        assert_eq!(line(&[]), "Running");
        assert_eq!(line(&[("A", Master), ("B", Master), ("C", Backup)]), "2 MASTER, 1 BACKUP");
        assert_eq!(line(&[("A", Backup), ("B", Fault)]), "1 BACKUP, 1 FAULT; 1 problem: B is in FAULT");
        assert_eq!(
            line(&[("A", Fault), ("B", Fault), ("C", Fault), ("D", Fault), ("E", Fault)]),
            "5 FAULT; 5 problems: A is in FAULT, B is in FAULT, C is in FAULT, and 2 more"
        );
    }

    #[test]
    fn servers_that_are_down_and_a_refused_reload_are_problems() {
        let text = "virtual_server 192.0.2.1 80 {\nlvs_sched rr\nlvs_method DR\nprotocol TCP\n\
                    real_server 10.0.0.1 80 {\n}\nreal_server 10.0.0.2 80 {\n}\n}\n";
        let config = keepalived_conf::load_str(text).config;
        let service = &config.virtual_servers[0];
        let mut last = LastReported::default();
        assert_eq!(status_line(&last, &config, None), "2 of 2 real servers up");
        let down = ReportedState { up: false, resumed: false };
        last.note_quorum(service, down);
        last.note_server(service, &service.real_servers[1], down);
        assert_eq!(
            status_line(&last, &config, Some("k.conf:1:1: a brace is missing")),
            "1 of 2 real servers up; 3 problems: the last reload was refused (k.conf:1:1: a brace is missing), \
             [192.0.2.1]:tcp:80 has no quorum, [10.0.0.2]:tcp:80 of [192.0.2.1]:tcp:80 is down"
        );
    }
}
