//! `vipd neighbours`: who else speaks VRRP here, and which VRIDs are free.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use vipd_status::{Neighbour, Status, text};

use super::show;

/// As one line of JSON.
#[derive(Serialize)]
struct Neighbours<'a> {
    v: u32,
    is: &'static str,
    #[serde(rename = "neighbours")]
    heard: &'a [Neighbour],
    /// By interface.
    #[serde(rename = "free-vrids")]
    free_vrids: BTreeMap<&'a str, Vec<u8>>,
}

pub(super) fn text(status: &Status) -> String {
    text::neighbours(status, &show::options(None))
}

pub(super) fn json(status: &Status) -> String {
    let interfaces: BTreeSet<&str> = (status.instances.iter().map(|instance| &*instance.interface))
        .chain(status.neighbours.iter().map(|heard| &*heard.interface))
        .filter(|interface| !interface.is_empty())
        .collect();
    let free_vrids =
        interfaces.into_iter().map(|interface| (interface, status.free_vrids(interface).collect())).collect();
    let all = Neighbours { v: 1, is: "neighbours", heard: &status.neighbours, free_vrids };
    serde_json::to_string(&all).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use vipd_status::Instance;

    use super::*;
    use crate::testing::status;

    #[test]
    fn an_own_vrid_is_not_free() {
        let own = Instance { interface: "eth0".to_owned(), vrid: 2, ..Instance::default() };
        let json = json(&Status { instances: vec![own], ..status() });
        assert!(json.contains(r#""free-vrids":{"eth0":[1,3,4,"#), "{json}");
    }
}
