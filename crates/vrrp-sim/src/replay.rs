//! A recording of one router, played again.

use vrrp_election::{Action, Change, Input, Received, Recorded, Recording, Report, State, VirtualRouter};

/// Hands a router that stands as the recorded one did the same inputs, and gives the changes of state that it comes to:
/// those of the recording, unless the state machine is another one now.
///
/// ```
/// # use core::time::Duration;
/// use vrrp_election::{RouterConfig, RouterId};
/// use vrrp_proto::{Family, RouterInterval, Vrid};
/// use vrrp_sim::{Fault, Host, HostId, Scenario, replay};
///
/// let config = RouterConfig::new(Vrid::new(51)?, Family::Ipv4, RouterInterval::seconds(1)?);
/// let pair = Scenario::new().host(Host::new().router(config.clone())).host(Host::new().router(config));
/// let run = pair.at(Duration::from_secs(10), Fault::PowerOff(HostId(1))).run(1, Duration::from_secs(20))?;
/// let node = run.node(HostId(0)).ok_or("it runs")?;
/// for recording in node.router(RouterId(0)).ok_or("there is one")?.recordings() {
///     assert_eq!(replay(&recording), recording.changes);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn replay(recording: &Recording) -> Vec<Change> {
    let mut router = recording.start.router();
    let mut changes = Vec::new();
    for (place, recorded) in recording.inputs.iter().enumerate() {
        serve_on(&mut router, recorded);
        hand_in(&mut router, recorded);
        while let Some(action) = router.poll_action() {
            if let Action::Report(Report::Transition { to, cause, .. }) = action {
                changes.push(Change { input: place, to, cause });
            }
        }
    }
    changes
}

/// Sends the adverts that are not recorded because an Active sends them again and again.
fn serve_on(router: &mut VirtualRouter, next: &Recorded) {
    for _ in 0..MAX_TIMEOUTS {
        let due = router.poll_timeout().filter(|due| next.due.is_some_and(|next| *due < next));
        let Some(due) = due.filter(|_| router.state() == State::Active && !router.is_yielding()) else {
            return;
        };
        router.handle_timeout(due);
        while router.poll_action().is_some() {}
    }
}

fn hand_in(router: &mut VirtualRouter, &Recorded { at, ref input, .. }: &Recorded) {
    match *input {
        Input::Startup { address } => router.handle_startup(at, address),
        Input::Resume { address } => router.handle_resume(at, address),
        Input::Shutdown => router.handle_shutdown(at),
        Input::Timeout => router.handle_timeout(at),
        // An advert that changes nothing was one then, too.
        Input::Advert { arrived, advert } => _ = router.handle_advert(at, arrived, &advert),
        Input::Adverts => {
            if let Some(heard) = router.observed().obeyed {
                let advert =
                    Received { source: heard.source, priority: heard.priority, interval: heard.interval };
                let _ = router.handle_advert(at, at, &advert);
            }
        }
        Input::PacketsLost => router.handle_packets_lost(at),
        Input::AddressLost => router.handle_address_lost(at),
        Input::Priority { priority } => router.set_priority(priority),
        Input::Address { address } => router.set_address(address),
        Input::Yield { within } => router.handle_yield(at, within),
        Input::Departure { within } => router.handle_departure(at, within),
        Input::StopYielding => router.stop_yielding(at),
        Input::Held { held } => router.set_held(held),
        Input::Synced { synced } => router.set_synced(at, synced),
        Input::Takeover => router.handle_takeover(at),
        Input::StepDown => router.handle_step_down(at),
        Input::Rival { until, extra } => router.handle_rival(until, extra),
        // The router itself is told what follows from it.
        _ => {}
    }
}

/// More than an Active sends in four months at an advert a second: a file need not be one that vipd wrote.
const MAX_TIMEOUTS: u32 = 10_000_000;
