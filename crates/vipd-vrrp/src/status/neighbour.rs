//! Other speakers of VRRP on our links.

use vipd_status::Neighbour;
use vrrp_election::{self as election, Heard, LinkId, RouterId, VirtualRouter};
use vrrp_proto::{Counter, Version};

use super::{View, ms};
use crate::plan::{Plan, RouterPlan};

/// Those that so many of our routers hear, from one on.
pub(super) fn of_routers(view: &View<'_>, first: usize, count: usize) -> Vec<Neighbour> {
    let routers = (0..).map(RouterId).zip(&view.plan.routers).skip(first).take(count);
    routers.flat_map(|(id, router)| of_router(view, id, router)).collect()
}

/// So many of those that nobody obeys, from a place on.
pub(super) fn others(view: &View<'_>, first: usize, count: usize) -> Vec<Neighbour> {
    let others = view.neighbours.iter().skip(first).take(count);
    others.map(|(link, neighbour)| of_link(view, link, neighbour)).collect()
}

/// The Active that a router obeyed last, and the last one that it did not obey.
fn of_router(view: &View<'_>, id: RouterId, plan: &RouterPlan) -> Vec<Neighbour> {
    let Some(observed) = view.node.router(id).map(VirtualRouter::observed) else { return Vec::new() };
    let (obeyed, other) = (observed.obeyed, observed.other);
    // One that was obeyed and is not now is told once.
    let other = other
        .filter(|other| obeyed.is_none_or(|obeyed| obeyed.source != other.source || obeyed.at < other.at));
    let obeyed = obeyed.filter(|obeyed| other.is_none_or(|other| other.source != obeyed.source));
    obeyed.into_iter().chain(other).map(|heard| of_heard(view, plan, &heard)).collect()
}

fn of_heard(view: &View<'_>, router: &RouterPlan, heard: &Heard) -> Neighbour {
    Neighbour {
        interface: router.link.map(|link| interface(view.plan, link)).unwrap_or_default(),
        source: heard.source,
        mac: None,
        vrid: router.config.vrid.get(),
        version: version(heard.interval.version()),
        priority: heard.priority.get(),
        interval_ms: ms(heard.interval.duration()),
        addresses: Vec::new(),
        instance: Some(router.name.to_string()),
        differs: false,
        rejected: None,
        last_heard: view.wall.at(heard.at),
    }
}

fn of_link(view: &View<'_>, link: LinkId, neighbour: &election::Neighbour) -> Neighbour {
    let key = neighbour.key;
    let is_same = |router: &&RouterPlan| {
        let family = router.config.family == vrrp_proto::Family::Ipv4;
        router.link == Some(link) && router.config.vrid.get() == key.vrid && family == key.source.is_ipv4()
    };
    let ours = view.plan.routers.iter().find(is_same).filter(|_| neighbour.rejected.is_some());
    let differs = |router: &RouterPlan| {
        let advertised = router.advertised.borrow();
        let known = |address| advertised.iter().any(|ours| ours == address);
        !neighbour.addresses.iter().copied().all(known)
    };
    Neighbour {
        interface: interface(view.plan, link),
        source: key.source,
        mac: None,
        vrid: key.vrid,
        version: neighbour.version,
        priority: neighbour.priority.get(),
        interval_ms: neighbour.interval.map_or(0, |interval| ms(interval.duration())),
        addresses: neighbour.addresses.clone(),
        instance: ours.map(|router| router.name.to_string()),
        differs: ours.is_some_and(differs),
        rejected: neighbour.rejected.map(Counter::name).map(str::to_owned),
        last_heard: view.wall.at(neighbour.last_heard),
    }
}

fn interface(plan: &Plan, link: LinkId) -> String {
    plan.links.name(link).cloned().unwrap_or_default()
}

const fn version(version: Version) -> u8 {
    match version {
        Version::V2 => 2,
        Version::V3 => 3,
    }
}
