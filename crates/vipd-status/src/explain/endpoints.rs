//! Virtual servers, real servers and BFD sessions.

use super::{About, Label, List};
use crate::problems::why_down;
use crate::words::{intent, millis};
use crate::{BfdSession, Check, Server, Service, SorryServer};

impl About<'_> {
    pub(super) fn service(self, service: &Service, list: &mut List) {
        let state = if service.up { "up" } else { "down" };
        list.say(
            Label::State,
            format!("virtual server {} is {state}{}.", service.name, self.since(service.since)),
        );
        let quorum = service.quorum;
        let (live, need) = (quorum.live, quorum.need);
        let enough = if service.up { "the quorum of" } else { "less than the quorum of" };
        list.say(Label::Because, format!("weight {live} is up, {enough} {need}"));
        let mut problem =
            |applies: bool, text: &str| list.say_some(Label::Problem, applies.then(|| text.to_owned()));
        problem(service.sorry, "the sorry server serves");
        problem(service.backups, "the other servers give no quorum, so the backup servers are used");
        problem(service.panics, "too few servers are up, so all are used (panic_threshold)");
        problem(service.suspended, "checks wait until the VRRP instance is MASTER (ha_suspend)");
        problem(service.draining > 0, &format!("{} removed servers still drain", service.draining));
        service.servers.iter().for_each(|server| list.say(Label::Server, self.part(server)));
        service.sorry_server.iter().for_each(|sorry| self.sorry_server(sorry, list));
    }

    fn sorry_server(self, sorry: &SorryServer, list: &mut List) {
        let state = if sorry.up { "up" } else { "down" };
        list.say(Label::Server, format!("sorry server {} is {state}", sorry.address));
        sorry.checks.iter().for_each(|check| list.say(Label::Tracks, self.check(check)));
    }

    fn part(self, server: &Server) -> String {
        let state = if server.up { "up" } else { "down" };
        let tier = if server.backup { " (backup)" } else { "" };
        let why = if server.up { None } else { why_down(server) };
        let why = why.map(|why| format!(": {why}")).unwrap_or_default();
        let wanted = server.intent.as_ref().map(|wanted| format!("; {}", intent(wanted, self.status.at)));
        let since = self.since(server.since);
        format!("{}{tier} is {state}{since}{why}{}", server.address, wanted.unwrap_or_default())
    }

    pub(super) fn server(self, service: &Service, server: &Server, list: &mut List) {
        let state = if server.up { "up" } else { "down" };
        let since = self.since(server.since);
        list.say(Label::State, format!("{} of {} is {state}{since}.", server.address, service.name));
        let reason = if server.up { Some(why_up(server).to_owned()) } else { why_down(server) };
        list.say_some(Label::Because, reason);
        list.say_some(Label::Intent, server.intent.as_ref().map(|wanted| intent(wanted, self.status.at)));
        let outlier =
            server.outlier.then_some("its new connections are not completed, while its neighbours' are");
        list.say_some(Label::Problem, outlier.map(str::to_owned));
        list.say(Label::Weight, weights(server));
        server.checks.iter().for_each(|check| list.say(Label::Tracks, self.check(check)));
        if let Some(open) = server.connections {
            let text = format!("{} connections open, {} lingering", open.active, open.inactive);
            list.say(Label::Connections, text);
        }
    }

    fn check(self, check: &Check) -> String {
        let state = if check.up { "up" } else { "down" };
        let target = if check.target.is_empty() { String::new() } else { format!(" of {}", check.target) };
        let mut said = vec![format!("{}{target} is {state}{}", check.kind, self.since(check.since))];
        if let Some(failure) = &check.failure {
            let at = failure.at.map(|at| format!(" at {}", self.clock(at))).unwrap_or_default();
            said.push(format!("it failed{at} ({} in a row): {}", check.failures, failure.text));
        }
        said.extend(check.ms.map(|ms| format!("took {}", millis(ms))));
        said.extend(check.next_ms.map(|ms| format!("next in {}", millis(ms))));
        said.extend(check.certificate_expires.map(|at| format!("certificate until {}", self.clock(at))));
        said.join("; ")
    }

    pub(super) fn bfd(self, session: &BfdSession, list: &mut List) {
        let BfdSession { name, neighbour, state, .. } = session;
        list.say(
            Label::State,
            format!("BFD session {name} with {neighbour} is {state}{}.", self.since(session.since)),
        );
        list.say_some(Label::Because, session.diagnostic.clone());
        let remote =
            session.remote_state.as_ref().map(|state| format!("{neighbour} says that it is {state}"));
        list.say_some(Label::Evidence, remote);
        let ends = session.detection_ms.map(|ms| format!("down after {} of silence", millis(ms)));
        list.say_some(Label::Ends, ends);
    }
}

const fn why_up(server: &Server) -> &'static str {
    if server.checks.is_empty() { "it has no check" } else { "no check of it is down" }
}

fn weights(server: &Server) -> String {
    let weight = server.weight;
    let kernel = match weight.programmed {
        Some(programmed) => format!("weight {programmed} in the kernel"),
        None => "not in the kernel".to_owned(),
    };
    format!("{kernel}; {} from the file, {} with its checks", weight.configured, weight.effective)
}
