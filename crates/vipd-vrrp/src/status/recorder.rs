//! The inputs of an instance around its last changes of state, on request.

use vipd_control::{Answer, Recorder, Refusal};
use vrrp_election::{Input, Node, Recording, RouterId, TrackTarget};

use super::{Wall, cause};
use crate::plan::Plan;

/// The line that answers. There are at most 24 blocks of 32 inputs, and so it is bounded.
pub(crate) fn line(plan: &Plan, node: &Node, instance: &str) -> Vec<u8> {
    let place = plan.routers.iter().position(|router| &*router.name == instance);
    let id = place.and_then(|place| u32::try_from(place).ok()).map(RouterId);
    let answer = id.and_then(|id| recorder(plan, node, id)).map_or_else(
        || Answer::refused(Refusal::Name, "there is no instance of this name; `vipd status` shows the names"),
        |recorder| Answer::Recorder(Box::new(recorder)),
    );
    answer.line().to_vec()
}

fn recorder(plan: &Plan, node: &Node, id: RouterId) -> Option<Recorder> {
    let wall = Wall::read();
    let router = node.router(id)?;
    let recordings = router.recordings();
    let snapshot = node.snapshot(wall.now()).router(id)?;
    let history = snapshot.history.iter().rev().map(|past| cause::transition(plan, wall, id, past)).collect();
    // Values without maps of odd keys have a JSON.
    let json = |recording: &Recording| serde_json::to_value(recording).unwrap_or_default();
    let targets = targets(&recordings).into_iter();
    let targets =
        targets.map(|target| (serde_json::to_value(target).unwrap_or_default(), plan.target(target)));
    Some(Recorder {
        v: vipd_control::VERSION,
        instance: plan.name(id).to_owned(),
        at: wall.at(wall.now()),
        now_ns: wall.now().as_nanos(),
        history,
        targets: targets.collect(),
        recordings: recordings.iter().map(json).collect(),
    })
}

/// Things that the inputs name by number.
fn targets(recordings: &[Recording]) -> Vec<TrackTarget> {
    let inputs = recordings.iter().flat_map(|recording| &recording.inputs);
    let named = inputs.filter_map(|recorded| match recorded.input {
        Input::Target { target, .. } => Some(target),
        Input::Script { script, .. } => Some(script.into()),
        _ => None,
    });
    named.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}
