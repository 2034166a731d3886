//! Acts of operators: from the names of servers to intents of the director.

use std::time::{Duration, Instant};

use lvs_health::director::{Director, Intent, Mode, SteerError};

use super::Worker;
use crate::ipc::{FromLvs, LogLevel, Monotonic, ServerIntent, Steer, SteerRefusal, server_address};

impl Worker {
    /// Does what an operator asks for, and answers at once.
    pub(super) fn steer(&mut self, now: Instant, request: u32, steer: &Steer) {
        let result = perform(&mut self.director, now, Monotonic::now(), steer);
        self.parent.tell(FromLvs::Steered { request, result });
    }

    /// Takes up the wishes that outlive a stop, for servers that have none yet.
    pub(super) fn steer_as_kept(&mut self, now: Instant, kept: &[Steer]) {
        let is_free = |director: &Director, steer: &Steer| {
            let id = server_address(&steer.server).and_then(|at| director.find(&steer.service, at).ok());
            id.is_none_or(|id| director.intent(id).is_none())
        };
        for steer in kept {
            if is_free(&self.director, steer)
                && let Err(SteerRefusal::Name(why) | SteerRefusal::State(why)) =
                    perform(&mut self.director, now, Monotonic::now(), steer)
            {
                let text =
                    format!("the kept wish of {} for {} has no effect: {why}", steer.who, steer.server);
                self.parent.log(LogLevel::Warning, text);
            }
        }
    }
}

/// Gives what is done, in words. `clock` and `now` are the same moment.
fn perform(
    director: &mut Director,
    now: Instant,
    clock: Monotonic,
    steer: &Steer,
) -> Result<String, SteerRefusal> {
    let Steer { service, server, wish, until, who, why } = steer;
    let address = server_address(server).ok_or_else(|| {
        SteerRefusal::Name(format!("{server} is no address with a port, as 10.0.0.1:80 or [10.0.0.1]:tcp:80"))
    })?;
    let after = |until: &Monotonic| now + Duration::from_nanos(until.0.saturating_sub(clock.0));
    let until = until.as_ref().map(after);
    let intent = |mode| Intent { why: why.clone(), until, ..Intent::new(mode, who.as_str()) };
    let intent = match *wish {
        ServerIntent::Ready => None,
        ServerIntent::Drain => Some(intent(Mode::drain())),
        ServerIntent::Maintenance => Some(intent(Mode::Maintenance)),
        ServerIntent::Weight(weight) => Some(intent(Mode::Weight(weight))),
    };
    director.steer_named(now, (service, address), intent).map_err(|error| refusal(&error))?;
    Ok(match wish {
        ServerIntent::Ready => {
            format!("{address} of {service}: its checks and the configuration decide again")
        }
        ServerIntent::Drain => format!("{address} of {service}: it gets no new connections"),
        ServerIntent::Maintenance => format!("{address} of {service}: in maintenance, it is not checked"),
        ServerIntent::Weight(weight) => {
            format!("{address} of {service}: it has weight {weight} while it is up")
        }
    })
}

fn refusal(error: &SteerError) -> SteerRefusal {
    match error {
        SteerError::NoService(_) | SteerError::NoServer(_) => {
            SteerRefusal::Name(format!("{error}; `vipd status` shows the names"))
        }
        _ => SteerRefusal::State(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use lvs_health::director::{ServerId, ServiceId};

    use super::super::testing::{asked, balanced, plan};
    use super::*;

    const SECOND: ServerId = ServerId { service: ServiceId(0), place: 1 };
    const CLOCK: Monotonic = Monotonic(7_000_000_000);

    fn steer(server: &str, wish: ServerIntent) -> Steer {
        let (service, server) = ("[192.0.2.1]:tcp:80".to_owned(), server.to_owned());
        Steer { service, server, wish, until: None, who: "ada".to_owned(), why: "disk".to_owned() }
    }

    #[test]
    fn names_of_the_status_and_of_the_log_are_understood() {
        for text in ["10.0.0.1:82", "[10.0.0.1]:tcp:82"] {
            assert_eq!(server_address(text), Some("10.0.0.1:82".parse().unwrap()), "{text}");
        }
        for text in ["[2001:db8::1]:80", "[2001:db8::1]:udp:80"] {
            assert_eq!(server_address(text), Some("[2001:db8::1]:80".parse().unwrap()), "{text}");
        }
        for text in ["", "10.0.0.1", "[10.0.0.1]", "[10.0.0.1]:tcp", "[x]:tcp:80", "[10.0.0.1]:tcp:65536"] {
            assert_eq!(server_address(text), None, "{text}");
        }
    }

    #[test]
    fn an_intent_outlives_a_reload_and_the_worker_and_ends_on_request() {
        let text = balanced("quorum 1", &[(81, "weight 1"), (82, "weight 3")]);
        let (first, now) = (plan(1, &text), Instant::now());
        let mut director = Director::new(now, first.director());
        asked(&mut director, now);
        let until = Some(Monotonic(CLOCK.0 + 60_000_000_000));
        let wish = Steer { until, ..steer("[10.0.0.1]:tcp:82", ServerIntent::Weight(7)) };
        assert!(perform(&mut director, now, CLOCK, &wish).is_ok());
        let wanted = director.intent(SECOND).cloned().unwrap();
        assert_eq!((wanted.who.as_str(), wanted.why.as_str()), ("ada", "disk"));
        assert_eq!((wanted.mode, wanted.until), (Mode::Weight(7), Some(now + Duration::from_secs(60))));
        // A reload that changes other things.
        let second = plan(2, &text.replace("weight 1", "weight 2")).after(&first);
        director.reload(now, second.director());
        asked(&mut director, now);
        assert_eq!(director.intent(SECOND), Some(&wanted));
        // The worker dies; its successor is told what it had said.
        let mut memory = std::collections::BTreeMap::new();
        while let Some((identity, standing)) = director.poll_memory(now) {
            memory.insert(identity, standing);
        }
        let known = memory.into_iter().filter_map(|(identity, standing)| Some((identity, standing?)));
        let mut successor = Director::resume(now, second.director(), known, now);
        asked(&mut successor, now);
        assert_eq!(successor.intent(SECOND), Some(&wanted));
        assert!(perform(&mut successor, now, CLOCK, &steer("10.0.0.1:82", ServerIntent::Ready)).is_ok());
        assert_eq!(successor.intent(SECOND), None);
    }

    #[test]
    fn a_refusal_says_why() {
        let plan = plan(1, &balanced("quorum 1", &[(81, "weight 1")]));
        let now = Instant::now();
        let mut director = Director::new(now, plan.director());
        let mut ask = |steer: &Steer| perform(&mut director, now, CLOCK, steer).unwrap_err();
        let elsewhere = Steer { service: "x".to_owned(), ..steer("10.0.0.1:81", ServerIntent::Drain) };
        for unknown in
            [elsewhere, steer("10.0.0.9:81", ServerIntent::Drain), steer("web1", ServerIntent::Drain)]
        {
            assert!(matches!(ask(&unknown), SteerRefusal::Name(_)), "{unknown:?}");
        }
        let over = Steer { until: Some(CLOCK), ..steer("10.0.0.1:81", ServerIntent::Maintenance) };
        for refused in [
            over,
            steer("10.0.0.1:81", ServerIntent::Ready),
            steer("10.0.0.1:81", ServerIntent::Weight(70_000)),
        ] {
            assert!(matches!(ask(&refused), SteerRefusal::State(_)), "{refused:?}");
        }
    }
}
